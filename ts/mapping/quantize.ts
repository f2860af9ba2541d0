import { LlifError } from "../errors.ts";
import { channelsOf } from "../tensor.ts";
import type { FoldedLayer } from "./fold.ts";
import { forEachWeight } from "./scales.ts";

interface CountSource {
  readonly unit: Float64Array;
  readonly largestCount: number;
}

export interface QuantizedLayer {
  readonly weights: Int32Array;
  readonly bias: Int32Array;
  /** θ = 2^p, one for each channel. */
  readonly threshold: Int32Array;
}

/**
 * θ_i = 2^p_i, p_i the largest ≤ ⌈log2 T⌉ + 4 whose charge provably fits 32 bits, q = round(θ·w·δ_source/δ_target).
 * @param bits K of a phase window, which fires from θ·2^(K−1) down; 0 where no threshold is multiplied.
 * @throws {LlifError} PRECISION where no p fits.
 * @see docs/mathematics.md, numerics
 */
export function quantizeLayer(layer: FoldedLayer, source: CountSource, unit: Float64Array, levels: number, bits: number): QuantizedLayer {
  const channels = channelsOf(layer.shape);
  const real = Float64Array.from(layer.linear.weights);
  forEachWeight(layer, (output, input, weight, index) => (real[index] = (weight * source.unit[input % source.unit.length]) / unit[output]));
  const exponent = new Int32Array(channels).fill(Math.min(Math.ceil(Math.log2(levels + 1)) + 4, bits === 0 ? 30 : 31 - bits));
  for (;;) {
    const bounds = chargeBounds(layer, real, exponent, unit, source.largestCount);
    let lowered = false;
    for (let channel = 0; channel < channels; channel++) {
      if (bounds[channel] + 2 ** (exponent[channel] - 1) < 2 ** 31) continue;
      if (exponent[channel] === 1) {
        throw new LlifError("PRECISION", `layer "${layer.name}": the charge of channel ${channel} does not fit 32 bits at ${levels} levels; take fewer bits`, { nodes: [layer.name] });
      }
      exponent[channel]--;
      lowered = true;
    }
    if (!lowered) break;
  }
  const weights = new Int32Array(real.length);
  forEachWeight(layer, (output, _input, _weight, index) => (weights[index] = Math.round(real[index] * 2 ** exponent[output])));
  const bias = Int32Array.from(layer.bias, (value, index) => Math.round((value / unit[index % channels]) * 2 ** exponent[index % channels]));
  return { weights, bias, threshold: Int32Array.from(exponent, (power) => 2 ** power) };
}

/** Largest magnitude that the charge of a channel can reach: bias and all inputs of one sign at full count. */
function chargeBounds(layer: FoldedLayer, real: Float64Array, exponent: Int32Array, unit: Float64Array, largestCount: number): Float64Array {
  const channels = exponent.length;
  const positive = new Float64Array(channels);
  const negative = new Float64Array(channels);
  const diagonal = layer.linear.kind === "identity";
  forEachWeight(layer, (output, _input, _weight, index) => {
    const charge = Math.round(real[index] * 2 ** exponent[output]) * largestCount;
    const side = charge > 0 ? positive : negative;
    side[output] = diagonal ? Math.max(side[output], Math.abs(charge)) : side[output] + Math.abs(charge);
  });
  const bounds = positive.map((value, channel) => Math.max(value, negative[channel]));
  const bias = new Float64Array(channels);
  layer.bias.forEach((value, index) => {
    const channel = index % channels;
    bias[channel] = Math.max(bias[channel], Math.abs(Math.round((value / unit[channel]) * 2 ** exponent[channel])));
  });
  return bounds.map((value, channel) => value + bias[channel]);
}

/** One quantum for all outputs, so that charges compare as logits do: 16-bit weights, sums below 2^30. */
export function quantizeOutput(layer: FoldedLayer, source: CountSource): { readonly weights: Int32Array; readonly bias: Int32Array; readonly quantum: number } {
  const channels = channelsOf(layer.shape);
  const real = Float64Array.from(layer.linear.weights);
  const total = new Float64Array(channels);
  forEachWeight(layer, (output, input, weight, index) => {
    real[index] = weight * source.unit[input % source.unit.length];
    total[output] += Math.abs(real[index]) * source.largestCount;
  });
  layer.bias.forEach((value, index) => (total[index % channels] += Math.abs(value)));
  const largestWeight = real.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const quantum = Math.max(largestWeight / 32767, total.reduce((most, value) => Math.max(most, value), 0) / 2 ** 29) || 1;
  return { weights: Int32Array.from(real, (value) => Math.round(value / quantum)), bias: Int32Array.from(layer.bias, (value) => Math.round(value / quantum)), quantum };
}
