// Rounds weights and thresholds of exact codes to 32-bit integers that cannot overflow.
import { LlifError } from "../errors.ts";
import { channelsOf } from "../tensor.ts";
import type { FoldedLayer, FoldedOutput } from "./fold/graph.ts";
import { bitsFor } from "../spiking/charge-range.ts";
import { forEachWeight } from "../spiking/weights.ts";
import type { Linear } from "./fold/linear.ts";
import type { CountSource } from "./sources.ts";

/** How a code uses the 32 bits of a charge. */
export interface ChargeRoom {
  /** T: largest count of a window. */
  readonly levels: number;
  /** Largest factor on a threshold: 2^(K−1) in a binary phase window, 3^(K−1) in a ternary one, otherwise 1. */
  readonly thresholdFactor: number;
  /** Spikes of both signs: comparing after every tick needs room for another θ·T (T8, T12). */
  readonly signed: boolean;
}

export interface QuantizedLayer {
  /** Weights by synapse. */
  readonly weights: readonly Int32Array[];
  readonly bias: Int32Array;
  /** θ = 2^p per channel. */
  readonly threshold: Int32Array;
}

/** Weights by synapse before rounding, in units of the target's count. */
interface RealLayer {
  readonly linears: readonly Linear[];
  readonly bias: Float64Array;
}

/**
 * Rounds a layer to integers: θ_i = 2^p_i with the largest p_i ≤ ⌈log2 T⌉ + 4 whose charge provably fits 32 bits, and
 * q = round(θ·w·δ_source/δ_target). Weights that read an average of n cells are n times smaller, so p_i may be larger
 * by log2 n.
 * @param bias per channel or neuron, as activation, including the shifts of the sources.
 * @throws {LlifError} PRECISION if no p fits.
 * @see docs/mathematics.md, numerics
 */
export function quantizeLayer(
  layer: FoldedLayer,
  sources: readonly CountSource[],
  bias: Float64Array,
  unit: Float64Array,
  room: ChargeRoom,
): QuantizedLayer {
  const channels = channelsOf(layer.shape);
  const real = inCounts(layer, sources, bias, unit, room.levels);
  const members = Math.max(1, ...sources.map((source) => source.members));
  const most = Math.min(
    precisionOf(room.levels) + Math.ceil(Math.log2(members)),
    Math.ceil(31 - Math.log2(room.thresholdFactor)) - 1,
    30,
  );
  const exponent = firstExponents(layer, real, sources, most, room);
  for (;;) {
    const { upper, lower } = chargeRange(layer, real, sources, exponent);
    let lowered = false;
    for (let channel = 0; channel < channels; channel++) {
      const theta = 2 ** exponent[channel];
      const highest = upper[channel] + theta / 2;
      const lowest = lower[channel] - (room.signed ? theta * room.levels : 0);
      if (highest < 2 ** 31 && lowest > -(2 ** 31)) continue;
      if (exponent[channel] === 1) {
        const bits = bitsFor(Math.max(highest, -lowest));
        throw new LlifError(
          "PRECISION",
          `layer "${layer.name}": the charge of channel ${channel} needs ${bits} bits where exact codes have 32, at ${room.levels} levels and the coarsest weights; take levels ${2 ** (bits - 32)} times fewer`,
          { nodes: [layer.name] },
        );
      }
      exponent[channel]--;
      lowered = true;
    }
    if (!lowered) break;
  }
  const threshold = Int32Array.from(exponent, (power) => 2 ** power);
  return {
    weights: real.linears.map((linear) => {
      const weights = new Int32Array(linear.weights.length);
      forEachWeight(
        linear,
        layer.shape,
        (output, _input, weight, index) => (weights[index] = Math.round(weight * threshold[output % channels])),
      );
      return weights;
    }),
    bias: Int32Array.from(real.bias, (value, index) => Math.round(value * threshold[index % channels])),
    threshold,
  };
}

/** First guess of the exponents: one more than the unrounded charges allow. */
function firstExponents(
  layer: FoldedLayer,
  real: RealLayer,
  sources: readonly CountSource[],
  most: number,
  { levels, signed }: ChargeRoom,
): Int32Array {
  const { upper, lower } = chargeRange(layer, real, sources, null);
  requireFinite(`layer "${layer.name}"`, layer.name, furthest({ upper, lower }));
  return Int32Array.from(upper, (highest, channel) => {
    const reach = Math.max(highest + 0.5, (signed ? levels : 0) - lower[channel]);
    return Math.max(1, Math.min(most, Math.floor(31 - Math.log2(reach)) + 1));
  });
}

/** ⌈log2 T⌉ + 4: enough that the sum of a layer's rounding errors stays below half a count, as measured. */
export function precisionOf(levels: number): number {
  return Math.ceil(Math.log2(levels + 1)) + 4;
}

function inCounts(
  layer: FoldedLayer,
  sources: readonly CountSource[],
  bias: Float64Array,
  unit: Float64Array,
  levels: number,
): RealLayer {
  const channels = channelsOf(layer.shape);
  const linears = layer.synapses.map(({ linear }, number): Linear => {
    const { unit: source } = sources[number];
    const weights = new Float64Array(linear.weights.length);
    forEachWeight(
      linear,
      layer.shape,
      (output, input, weight, index) =>
        (weights[index] = (weight * source[input % source.length]) / unit[output % channels]),
    );
    return { ...linear, weights };
  });
  // With an integer shift, the complement rounds like the value itself.
  const shift = layer.complement ? levels : 0;
  return { linears, bias: bias.map((value, index) => value / unit[index % channels] + shift) };
}

/**
 * Bounds per channel of all partial sums: bias, and all inputs of one sign at full count. Without exponents: in
 * unrounded counts.
 */
function chargeRange(
  layer: FoldedLayer | FoldedOutput,
  real: RealLayer,
  sources: readonly CountSource[],
  exponent: Int32Array | null,
): { readonly upper: Float64Array; readonly lower: Float64Array } {
  const channels = channelsOf(layer.shape);
  const theta = exponent === null ? null : Float64Array.from(exponent, (power) => 2 ** power);
  const rounded =
    theta === null ? (value: number) => value : (value: number, channel: number) => Math.round(value * theta[channel]);
  const upper = new Float64Array(channels);
  const lower = new Float64Array(channels);
  real.linears.forEach((linear, number) => {
    const { smallest, largest } = sources[number];
    const sums = channelRange(linear, layer, channels, rounded, smallest, largest);
    for (let channel = 0; channel < channels; channel++) {
      upper[channel] += sums.upper[channel];
      lower[channel] += sums.lower[channel];
    }
  });
  const highest = new Float64Array(channels);
  const lowest = new Float64Array(channels);
  real.bias.forEach((value, index) => {
    const channel = index % channels;
    const charge = rounded(value, channel);
    highest[channel] = Math.max(highest[channel], charge);
    lowest[channel] = Math.min(lowest[channel], charge);
  });
  return {
    upper: upper.map((sum, channel) => sum + highest[channel]),
    lower: lower.map((sum, channel) => sum + lowest[channel]),
  };
}

/** Sums over a channel's weights; for an identity, whose neurons read one input each, the largest. */
function channelRange(
  linear: Linear,
  { shape }: FoldedLayer | FoldedOutput,
  channels: number,
  charge: (weight: number, channel: number) => number,
  smallest: number,
  largest: number,
) {
  const upper = new Float64Array(channels);
  const lower = new Float64Array(channels);
  const diagonal = linear.kind === "identity";
  forEachWeight(linear, shape, (output, _input, weight) => {
    const channel = output % channels;
    const one = charge(weight, channel);
    const most = Math.max(0, one * largest, one * smallest);
    const least = Math.min(0, one * largest, one * smallest);
    upper[channel] = diagonal ? Math.max(upper[channel], most) : upper[channel] + most;
    lower[channel] = diagonal ? Math.min(lower[channel], least) : lower[channel] + least;
  });
  return { upper, lower };
}

/**
 * Rounds an output with one quantum for all its neurons, so that charges compare like logits. Weights have at most 16
 * bits, and every sum provably fits 32 bits.
 * @throws {LlifError} PRECISION if 32 bits leave no bits for the weights.
 */
export function quantizeOutput(
  output: FoldedOutput,
  sources: readonly CountSource[],
  bias: Float64Array,
): { readonly weights: readonly Int32Array[]; readonly bias: Int32Array; readonly quantum: number } {
  const linears = output.synapses.map(({ linear }, number): Linear => {
    const { unit } = sources[number];
    const weights = new Float64Array(linear.weights.length);
    forEachWeight(
      linear,
      output.shape,
      (_target, input, weight, index) => (weights[index] = weight * unit[input % unit.length]),
    );
    return { ...linear, weights };
  });
  const largestWeight = linears.reduce(
    (most, { weights }) => weights.reduce((sofar, weight) => Math.max(sofar, Math.abs(weight)), most),
    0,
  );
  const reach = furthest(chargeRange(output, { linears, bias }, sources, null));
  requireFinite(`output "${output.name}"`, output.name, reach);
  // A weight's rounding may add half a count to each input.
  let quantum = Math.max(largestWeight / 32767, reach / 2 ** 31) || 1;
  for (;;) {
    const real = {
      linears: linears.map((linear) => ({ ...linear, weights: linear.weights.map((weight) => weight / quantum) })),
      bias: bias.map((value) => value / quantum),
    };
    if (furthest(chargeRange(output, real, sources, new Int32Array(channelsOf(output.shape)))) < 2 ** 31) {
      return {
        weights: real.linears.map(({ weights }) => Int32Array.from(weights, Math.round)),
        bias: Int32Array.from(real.bias, Math.round),
        quantum,
      };
    }
    quantum *= 1.0625;
    if (largestWeight / quantum < 1) {
      throw new LlifError(
        "PRECISION",
        `output "${output.name}": its charge does not fit 32 bits with any weights left; take fewer bits, or average over smaller windows`,
        { nodes: [output.name] },
      );
    }
  }
}

function requireFinite(place: string, node: string, reach: number): void {
  if (!(reach < Infinity))
    throw new LlifError(
      "PRECISION",
      `${place}: expected finite charges, got ${reach}; a weight is no number, or its values overflow`,
      { nodes: [node] },
    );
}

/** Largest magnitude of the bounds; NaN if one of them is. */
function furthest({ upper, lower }: { readonly upper: Float64Array; readonly lower: Float64Array }): number {
  return upper.reduce((most, value, channel) => Math.max(most, value, -lower[channel]), 0);
}
