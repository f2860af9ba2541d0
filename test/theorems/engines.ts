// Both engines, and one simulation on either.
import type { Engine, Result, RunInput } from "../../ts/engine/engine.ts";
import { referenceEngine } from "../../ts/engine/reference.ts";
import { wasmEngine } from "../../ts/engine/wasm.ts";
import type { SpikingNetwork } from "../../ts/spiking/network.ts";

/** Both engines; the theorems must hold on each. */
export const engines: readonly Engine[] = [referenceEngine(), wasmEngine()];

export async function simulate(
  engine: Engine,
  network: SpikingNetwork,
  input: RunInput,
  ticks?: number,
): Promise<Result> {
  const simulator = await engine.createSimulator(network);
  try {
    return simulator.run(input, { ticks });
  } finally {
    simulator.dispose();
  }
}

/** Counts of one population after every tick: [tick][neuron]. */
export async function countsOverTime(
  engine: Engine,
  network: SpikingNetwork,
  population: string,
  input: RunInput,
  ticks: number,
): Promise<number[][]> {
  const simulator = await engine.createSimulator(network, { record: { spikes: [population] } });
  try {
    const result = simulator.run(input, { ticks });
    const train = (result.spikes as Record<string, { ticks: Uint32Array; neurons: Uint32Array }>)[population];
    const size = result.counts[population].length;
    const counts = new Array<number>(size).fill(0);
    let next = 0;
    return Array.from({ length: ticks }, (_, tick) => {
      for (; next < train.ticks.length && train.ticks[next] === tick; next++) counts[train.neurons[next]]++;
      return [...counts];
    });
  } finally {
    simulator.dispose();
  }
}
