// Writes spikes for NumPy.
import { writeNpz } from "../data/npy.ts";
import type { SpikeTrain } from "../engine/engine.ts";
import { hasRealTimes, hasSignedSpikes, populationsOf, type SpikingNetwork } from "../spiking/network.ts";
import { oneLine } from "./text.ts";

/** Spikes of all populations, one entry each. @param results one a sample. */
export function spikesToNpz(
  network: SpikingNetwork,
  results: readonly { readonly spikes: Readonly<Record<string, SpikeTrain>> }[],
): Uint8Array {
  const names = populationsOf(network).map(({ name }) => name);
  const trains = results.flatMap((result, sample) =>
    names.map((name, layer) => ({ sample, layer, ...result.spikes[name] })),
  );
  const total = trains.reduce((sum, { length }) => sum + length, 0);
  // Signs if spikes have them, times if they are real-valued.
  const signed = hasSignedSpikes(network) ? { sign: new Int32Array(total) } : {};
  const times = hasRealTimes(network) ? { time: new Float64Array(total) } : {};
  const columns = {
    sample: new Uint32Array(total),
    layer: new Uint32Array(total),
    neuron: new Uint32Array(total),
    tick: new Uint32Array(total),
    ...signed,
    ...times,
  };
  let at = 0;
  for (const { sample, layer, neurons, ticks, signs, times, length } of trains) {
    columns.sample.fill(sample, at, at + length);
    columns.layer.fill(layer, at, at + length);
    columns.neuron.set(neurons, at);
    columns.tick.set(ticks, at);
    if (signs !== undefined) columns.sign?.set(signs, at);
    if (times !== undefined) columns.time?.set(times, at);
    at += length;
  }
  const layerNames = new TextEncoder().encode(names.map(oneLine).join("\n"));
  return writeNpz([
    ...Object.entries(columns).map(([name, data]) => [name, { shape: [total], data }] as const),
    ["layer_names", { shape: [layerNames.length], data: layerNames }],
  ]);
}
