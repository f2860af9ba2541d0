// Suite `drop-in`: llif against the hand-written simulator in examples/drop-in.
import { makeInputs, makeNetwork, ticks } from "../../examples/drop-in/network.ts";
import { createSimulator as createPlain } from "../../examples/drop-in/plain.ts";
import { benchCase, type BenchCase, type Contender } from "../../ts/timing/case.ts";
import { Digest } from "../../ts/timing/digest.ts";
import { createSimulator } from "../../ts/index.ts";

interface DropIn {
  run(
    input: { spikes: ReturnType<typeof makeInputs>[number] },
    options: { ticks: number },
  ): { readonly counts: Readonly<Record<string, Uint32Array | Int32Array>> };
  dispose(): void;
}

/** The case of suite `drop-in`. */
export function dropInSuite(): BenchCase[] {
  return [
    benchCase("drop-in", "example-784-1200-1200-10", async () => {
      const network = makeNetwork();
      const inputs = makeInputs();
      const contender = (name: string, simulator: DropIn): Contender<string> => ({
        name,
        time(repetitions) {
          const start = performance.now();
          for (let repetition = 0; repetition < repetitions; repetition++)
            for (const spikes of inputs) simulator.run({ spikes }, { ticks });
          return performance.now() - start;
        },
        outcome() {
          const digest = new Digest();
          for (const spikes of inputs)
            for (const counts of Object.values(simulator.run({ spikes }, { ticks }).counts)) digest.words(counts);
          return digest.hex();
        },
        dispose: () => simulator.dispose(),
      });
      const ours = await createSimulator(network);
      const operations = inputs.reduce(
        (sum, spikes) => sum + ours.run({ spikes }, { ticks }).statistics.synapticOperations,
        0,
      );
      return {
        contenders: [contender("wasm", ours), contender("plain TypeScript", await createPlain(network))],
        operations,
        samples: inputs.length,
      };
    }),
  ];
}
