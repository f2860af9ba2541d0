// Runs both programs, compares every spike and prints the speed-up: node examples/drop-in/run.mjs, after `npm run
// setup`.
import { deepStrictEqual } from "node:assert";
import { withPrograms } from "../programs.mjs";

await withPrograms(new URL(".", import.meta.url), async (compile) => {
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
});
