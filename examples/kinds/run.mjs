// Runs both programs of each kind, compares every spike and learnt weight, and prints the speed-up: node
// examples/kinds/run.mjs [kind …] [--small], after `npm run setup`.
import { deepStrictEqual } from "node:assert";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const small = process.argv.includes("--small");
const named = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const all = (await readdir(here)).filter((name) => name.endsWith(".ts") && name !== "outcome.ts");
const kinds = named.length > 0 ? named : all.map((name) => name.slice(0, -3)).sort();

// The folder is inside the package, so that the import of "llif" finds it.
const folder = await mkdtemp(join(here, "build-"));
try {
  for (const kind of kinds) {
    const outfile = join(folder, `${kind}.mjs`);
    await build({
      entryPoints: [join(here, `${kind}.ts`)],
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      external: ["llif"],
      logLevel: "error",
    });
    const { make, plain, withLlif } = await import(pathToFileURL(outfile).href);
    const model = await make(small, new URL("../../", import.meta.url));
    const [one, other] = [await best(() => plain(model)), await best(() => withLlif(model))];
    deepStrictEqual(other.spikes, one.spikes);
    deepStrictEqual(other.weights, one.weights);
    const learnt = one.weights === undefined ? "" : `, ${one.weights.length} learnt weights`;
    console.log(
      `${kind}: ${one.spikes.length} spikes${learnt}, equal; plain TypeScript ${one.milliseconds.toFixed(1)} ms, llif ${other.milliseconds.toFixed(1)} ms: ${(one.milliseconds / other.milliseconds).toFixed(1)} times as fast`,
    );
    if (other.note !== undefined) console.log(`  ${other.note}`);
  }
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true });
}

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
