// Cases of suite `reference` in which all potentials are read after every tick: the time should grow with the neurons.
import { referenceEngine, wasmEngine, type Simulator } from "../../ts/index.ts";
import { benchCase, type BenchCase, type Contender } from "../../ts/timing/case.ts";
import { Digest } from "../../ts/timing/digest.ts";
import { layerNetwork, randomSpikes } from "../../ts/timing/layers.ts";

const checkedTicks = 16;

/** One row is one `simulator.step` that records the potential of every neuron. */
export function stepCases(sizes: readonly number[] = [1000, 4000, 16_000]): BenchCase[] {
  return sizes.map((units) =>
    benchCase("reference", `step-${units}-potentials`, async () => {
      const network = layerNetwork({ kind: "dense", inputs: 16, units }, { code: "rate", ticks: 1, activity: 0.5 });
      const input = { spikes: randomSpikes(network, 1, 0.5) };
      const neurons = Array.from({ length: units }, (_, neuron) => neuron);
      const contenders: Contender<string>[] = [];
      for (const engine of [wasmEngine(), referenceEngine()]) {
        const simulator: Simulator<{ potentials: { layer: number[] } }> = await engine.createSimulator(network, {
          record: { potentials: { layer: neurons } },
        });
        contenders.push({
          name: engine.name,
          time(repetitions) {
            const start = performance.now();
            for (let repetition = 0; repetition < repetitions; repetition++) simulator.step(input);
            return performance.now() - start;
          },
          outcome() {
            simulator.reset();
            const digest = new Digest();
            for (let tick = 0; tick < checkedTicks; tick++) digest.charges(simulator.step(input).potentials.layer);
            return digest.hex();
          },
          dispose: () => simulator.dispose(),
        });
      }
      return { contenders };
    }),
  );
}
