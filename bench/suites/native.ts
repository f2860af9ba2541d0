// Suite `native`: the WebAssembly core against the same sources compiled natively.
import { benchCase, type BenchCase } from "../../ts/timing/case.ts";
import { layerCases } from "../../ts/timing/layer-cases.ts";
import { layerNetwork, randomSpikes } from "../../ts/timing/layers.ts";
import { outcomeOf } from "../../ts/timing/simulators.ts";
import { referenceEngine, type RunInput, type SpikingNetwork } from "../../ts/index.ts";
import { openCore } from "../core.ts";
import { modelCases, phase, rate, ttfs } from "../models.ts";
import type { SuiteOptions } from "../suite.ts";
import { nativeContender, nativeProgram, widths } from "../native.ts";

/** The cases of suite `native`. */
export function nativeSuite({ quick }: SuiteOptions): BenchCase[] {
  const chosen = layerCases([32]).filter(({ name }) => !quick || !name.includes("-rate-ohmic-"));
  const layers = chosen.map(({ name, layer, code }) =>
    benchCase("native", name, () => {
      const network = layerNetwork(layer, code);
      return open(network, [{ spikes: randomSpikes(network, code.ticks, code.activity) }]);
    }),
  );
  const models = modelCases([phase, ttfs, rate(32)]).map(({ name, open: openModel }) =>
    benchCase("native", name, async () => {
      const { network, images } = await openModel();
      return open(network, images.slice(0, 4));
    }),
  );
  return [...layers, ...models];
}

async function open(network: SpikingNetwork, inputs: readonly RunInput[]) {
  widths.forEach(nativeProgram);
  const { wasm, flat } = await openCore(network, inputs);
  const reference = await referenceEngine().createSimulator(network);
  const truth = outcomeOf(
    network,
    inputs.map((input) => reference.run(input)),
  );
  const contenders = [wasm, ...widths.map((width) => nativeContender(width, flat))];
  return { contenders, truth, operations: truth.synapticOperations, samples: inputs.length };
}
