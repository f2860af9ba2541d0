// Simulates every input and keeps the best time. with-llif.ts and with-plain.ts differ in one import.
import { createSimulator } from "./plain.ts";
import { makeInputs, makeNetwork, ticks } from "./network.ts";

/** Spike counts of every neuron for every input, and the best time of three passes over all inputs. */
export async function simulate() {
  const simulator = await createSimulator(makeNetwork());
  const inputs = makeInputs();
  const counts: Record<string, ArrayLike<number>>[] = [];
  let milliseconds = Infinity;
  for (let pass = 0; pass < 3; pass++) {
    counts.length = 0;
    const start = performance.now();
    for (const spikes of inputs) counts.push(simulator.run({ spikes }, { ticks }).counts);
    milliseconds = Math.min(milliseconds, performance.now() - start);
  }
  simulator.dispose();
  return { counts, milliseconds };
}
