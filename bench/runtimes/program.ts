// The program that every runtime runs: it imports only the package's single-file entry and the inputs of the cases.
import { layerCases } from "../../ts/timing/layer-cases.ts";
import { layerNetwork, randomSpikes } from "../../ts/timing/layers.ts";
import { simulatorContender } from "../../ts/timing/simulators.ts";
import { wasmEngine } from "../../ts/index.ts";

export interface RuntimeReport {
  /** Per case: digest of counts and charges, spikes, synaptic operations, and milliseconds of one run per round. */
  readonly [name: string]: {
    readonly digest: string;
    readonly spikes: number;
    readonly synapticOperations: number;
    readonly times: readonly number[];
  };
}

const names = [
  "dense-1216-a10",
  "dense-1216-a10-phase",
  "dense-1216-a10-rate-ohmic-t32",
  "conv-16x16x128-a05",
  "conv-16x16x128-a05-rate-constant-t32",
];

export async function program(): Promise<RuntimeReport> {
  const report: Record<string, RuntimeReport[string]> = {};
  for (const { name, layer, code } of layerCases([32]).filter(({ name }) => names.includes(name))) {
    const network = layerNetwork(layer, code);
    const contender = await simulatorContender(wasmEngine(), network, [
      { spikes: randomSpikes(network, code.ticks, code.activity) },
    ]);
    const outcome = await contender.outcome();
    await contender.time(30);
    const times: number[] = [];
    for (let round = 0; round < 15; round++) times.push((await contender.time(10)) / 10);
    report[name] = { ...outcome, times };
    await contender.dispose?.();
  }
  return report;
}
