// Runs both programs, compares every spike and prints the speed-up: node examples/drop-in/run.mjs, after `npm run
// setup`.
import { deepStrictEqual } from "node:assert";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL, fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
// The folder is inside the package, so that the import of "llif" finds it.
const folder = await mkdtemp(join(here, "build-"));
try {
  const compile = async (name) => {
    const outfile = join(folder, `${name}.mjs`);
    await build({
      entryPoints: [join(here, `${name}.ts`)],
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      external: ["llif"],
      logLevel: "error",
    });
    return import(pathToFileURL(outfile).href);
  };
  const plain = await (await compile("with-plain")).simulate();
  const llif = await (await compile("with-llif")).simulate();
  deepStrictEqual(llif.counts, plain.counts);
  const spikes = plain.counts
    .flatMap((layers) => Object.values(layers))
    .reduce((sum, counts) => sum + counts.reduce((a, b) => a + b, 0), 0);
  console.log(`${plain.counts.length} inputs, ${spikes} spikes, equal neuron by neuron`);
  console.log(
    `plain TypeScript ${plain.milliseconds.toFixed(1)} ms, llif ${llif.milliseconds.toFixed(1)} ms: ${(plain.milliseconds / llif.milliseconds).toFixed(1)} times as fast`,
  );
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true });
}
