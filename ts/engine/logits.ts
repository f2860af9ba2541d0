// What a run decides: logits of the first output, and the classes with the largest.
import { chargeDivisor, outputsOf, type SpikingNetwork } from "../spiking/network.ts";
import type { Result } from "./engine.ts";
import { expandCharges } from "../spiking/charges.ts";

/**
 * Logits of the first output, from the charges of a run and the ticks since the last reset; empty where there is none.
 */
export function decoderOf(network: SpikingNetwork): (charges: Result["charges"], ticks: number) => Float64Array {
  const output = outputsOf(network).at(0);
  if (output === undefined) return () => new Float64Array(0);
  const units = expandCharges(output.unit, output.shape);
  return (charges, ticks) => {
    const divisor = chargeDivisor(network, ticks);
    const logits = new Float64Array(units.length);
    for (let index = 0; index < logits.length; index++) {
      const value = (units[index] * charges[output.name][index]) / divisor;
      logits[index] = output.rectified ? Math.max(0, value) : value;
    }
    return logits;
  };
}

/** The classes with the largest logits, at most five; in a tie, the lowest index first. */
export function topClasses(logits: Float64Array, classes: readonly string[]): Result["top"] {
  const best: number[] = [];
  for (let index = 0; index < logits.length; index++) {
    let rank = best.length;
    while (rank > 0 && logits[index] > logits[best[rank - 1]]) rank--;
    if (rank < 5) best.splice(rank, 0, index);
    if (best.length > 5) best.pop();
  }
  return best.map((index) => ({ index, label: classes[index] ?? String(index), logit: logits[index] }));
}
