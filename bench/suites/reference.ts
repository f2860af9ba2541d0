import { referenceEngine, wasmEngine } from "../../ts/index.ts";
import { benchCase, type BenchCase } from "../../ts/bench/case.ts";
import { layerCases } from "../../ts/bench/layer-cases.ts";
import { layerNetwork, randomSpikes } from "../../ts/bench/layers.ts";
import { openSimulation } from "../../ts/bench/simulators.ts";
import { modelCases } from "../models.ts";

/** The reference takes seconds for each of these runs; the half as active case has the same ratio. */
const tooLong = (name: string) => name.startsWith("conv") && name.includes("a10") && name.endsWith("t1024");

/** `simulator.run` of both engines: encoding, simulation and reading the result. */
export function referenceSuite(): BenchCase[] {
  const engines = [wasmEngine(), referenceEngine()];
  const layers = layerCases([32, 256, 1024])
    .filter(({ name }) => !tooLong(name))
    .map(({ name, layer, code }) =>
      benchCase("reference", name, () => {
        const network = layerNetwork(layer, code);
        return openSimulation(engines, network, [{ spikes: randomSpikes(network, code.ticks, code.activity) }], code.code === "rate" ? { ticks: code.ticks } : {});
      }),
    );
  const models = modelCases().map(({ name, open }) =>
    benchCase("reference", name, async () => {
      const { network, images, reference } = await open();
      return openSimulation(engines, network, images.slice(0, reference));
    }),
  );
  return [...layers, ...models];
}
