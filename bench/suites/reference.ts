import { referenceEngine, wasmEngine } from "../../ts/index.ts";
import { benchCase, type BenchCase } from "../../ts/bench/case.ts";
import { layerCases } from "../../ts/bench/layer-cases.ts";
import { layerNetwork, randomSpikes } from "../../ts/bench/layers.ts";
import { openSimulation } from "../../ts/bench/simulators.ts";
import { modelCases, phase10, resnet50 } from "../models.ts";
import type { SuiteOptions } from "../suites.ts";

/** The reference takes seconds for each of these runs; the half as active case has the same ratio. */
const tooLong = (name: string) => name.startsWith("conv") && name.includes("a10") && name.endsWith("t1024");
/** A quick run keeps the longest ticks of dense layers only. */
const leftOut = (name: string) => tooLong(name) || name.includes("-rate-ohmic-t32") || (name.startsWith("conv") && /-t(256|1024)$/.test(name) && !name.startsWith("conv-8x8x256-a05-rate-constant-t256"));

/** `simulator.run` of both engines: encoding, simulation and reading the result. */
export function referenceSuite({ quick }: SuiteOptions): BenchCase[] {
  const engines = [wasmEngine(), referenceEngine()];
  const layers = layerCases([32, 256, 1024])
    .filter(({ name }) => !(quick ? leftOut : tooLong)(name))
    .map(({ name, layer, code }) =>
      benchCase("reference", name, () => {
        const network = layerNetwork(layer, code);
        return openSimulation(engines, network, [{ spikes: randomSpikes(network, code.ticks, code.activity) }], code.code === "rate" ? { ticks: code.ticks } : {});
      }),
    );
  const models = [...modelCases(), ...(quick ? [] : modelCases([phase10], [resnet50]))].map(({ name, open }) =>
    benchCase("reference", name, async () => {
      const { network, images, reference } = await open();
      // A whole ResNet-50 takes the reference engine many seconds.
      return { ...(await openSimulation(engines, network, images.slice(0, reference))), ...(name.startsWith(resnet50.name) && { fewestRounds: 1 }) };
    }),
  );
  return [...layers, ...models];
}
