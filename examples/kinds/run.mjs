// Runs both programs of each kind, compares every spike and learnt weight, and prints the speed-up: node
// examples/kinds/run.mjs [kind …] [--small], after `npm run setup`.
import { deepStrictEqual } from "node:assert";
import { readdir } from "node:fs/promises";
import { withPrograms } from "../programs.mjs";

const here = new URL(".", import.meta.url);
const small = process.argv.includes("--small");
const named = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const all = (await readdir(here)).filter((name) => name.endsWith(".ts") && name !== "outcome.ts");
const kinds = named.length > 0 ? named : all.map((name) => name.slice(0, -3)).sort();

await withPrograms(here, async (compile) => {
  for (const kind of kinds) {
    const { make, plain, withLlif } = await compile(kind);
    const model = await make(small, new URL("../../", here));
    const [one, other] = [await best(() => plain(model)), await best(() => withLlif(model))];
    deepStrictEqual(other.spikes, one.spikes);
    deepStrictEqual(other.weights, one.weights);
    const learnt = one.weights === undefined ? "" : `, ${one.weights.length} learnt weights`;
    console.log(
      `${kind}: ${one.spikes.length} spikes${learnt}, equal; plain TypeScript ${one.milliseconds.toFixed(1)} ms, llif ${other.milliseconds.toFixed(1)} ms: ${(one.milliseconds / other.milliseconds).toFixed(1)} times as fast`,
    );
    if (other.note !== undefined) console.log(`  ${other.note}`);
  }
});

/** The outcome with the best time of three, so that compilers have warmed up; all three must be the same. */
async function best(program) {
  let outcome;
  for (let pass = 0; pass < 3; pass++) {
    const { spikes, ...rest } = await program();
    const next = { ...rest, spikes: Float64Array.from(spikes).sort() };
    if (outcome !== undefined) deepStrictEqual(next.spikes, outcome.spikes);
    if (outcome === undefined || next.milliseconds < outcome.milliseconds) outcome = next;
  }
  return outcome;
}
