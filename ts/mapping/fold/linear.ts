// Linear maps of one source in float64: the terms that folding combines.
import type { Padding, Window2d } from "../../relu/network.ts";
import { forEachTap } from "../../relu/windows.ts";
import { forEachWeight } from "../../spiking/weights.ts";
import { channelsOf, sizeOf, type Shape } from "../../tensor.ts";

/** A linear map of one source in float64. Weights have the layout of the ReLU network's node of that kind. */
export type Linear =
  | { readonly kind: "dense"; readonly weights: Float64Array }
  | ({ readonly kind: "conv2d"; readonly weights: Float64Array; readonly groups: number } & Window2d)
  | ({ readonly kind: "convTranspose2d"; readonly weights: Float64Array; readonly groups: number } & Window2d)
  /** Elementwise: one weight for all, one per channel of the target, or one per element. */
  | { readonly kind: "identity"; readonly weights: Float64Array };

export type Windowed = Extract<Linear, { kind: "conv2d" | "convTranspose2d" }>;

/** The same map with other weights. */
export function mapWeights(
  linear: Linear,
  shape: Shape,
  change: (weight: number, output: number, input: number) => number,
): Linear {
  const weights = new Float64Array(linear.weights.length);
  forEachWeight(linear, shape, (output, input, weight, index) => (weights[index] = change(weight, output, input)));
  return { ...linear, weights };
}

/** Repeats the weights of an identity to at least one per channel, so that channels can be changed separately. */
export function spreadIdentity(linear: Linear, length: number): Linear {
  if (linear.kind !== "identity" || linear.weights.length >= length) return linear;
  return { kind: "identity", weights: repeated(linear.weights, length) };
}

/** Values repeated to the given length. */
export function repeated(values: Float64Array, length: number): Float64Array {
  if (values.length >= length) return values;
  return Float64Array.from({ length }, (_, index) => values[index % values.length]);
}

/** Applies the map to constants: shifts that become biases, and bounds. */
export function applyLinear(
  linear: Linear,
  values: Float64Array,
  from: Shape,
  to: Shape,
  change: (weight: number) => number = (weight) => weight,
): Float64Array {
  const result = new Float64Array(sizeOf(to));
  const { weights } = linear;
  if (linear.kind === "identity") {
    return result.map((_, index) => change(weights[index % weights.length]) * values[index]);
  }
  if (linear.kind === "dense") {
    forEachWeight(linear, to, (output, input, weight) => (result[output] += change(weight) * values[input]));
    return result;
  }
  const [inputs, outputs] = [channelsOf(from), channelsOf(to)];
  const groupInputs = inputs / linear.groups;
  const groupOutputs = outputs / linear.groups;
  const changed = weights.map(change);
  forEachTap(linear, from, to, linear.kind === "convTranspose2d", (output, input, tap) => {
    for (let group = 0; group < linear.groups; group++) {
      for (let channel = 0; channel < groupInputs; channel++) {
        const value = values[input * inputs + group * groupInputs + channel];
        if (value === 0) continue;
        const row = (tap * groupInputs + channel) * outputs;
        for (let index = group * groupOutputs; index < (group + 1) * groupOutputs; index++)
          result[output * outputs + index] += changed[row + index] * value;
      }
    }
  });
  return result;
}

/** Shortens values to one for all, or one per channel, if they repeat. */
export function compressed(values: Float64Array, channels: number): Float64Array {
  if (values.length <= channels) return values;
  return values.every((value, index) => value === values[index % channels]) ? values.slice(0, channels) : values;
}

/** The same convolution with one group: weights between groups are zero. */
export function ungrouped(linear: Windowed, inputs: number, outputs: number): Windowed {
  if (linear.groups === 1) return linear;
  const taps = linear.kernel[0] * linear.kernel[1];
  const weights = new Float64Array(taps * inputs * outputs);
  const groupInputs = inputs / linear.groups;
  for (let tap = 0; tap < taps; tap++) {
    for (let channel = 0; channel < groupInputs; channel++) {
      for (let output = 0; output < outputs; output++) {
        const input = Math.floor((output * linear.groups) / outputs) * groupInputs + channel;
        weights[(tap * inputs + input) * outputs + output] =
          linear.weights[(tap * groupInputs + channel) * outputs + output];
      }
    }
  }
  return { ...linear, groups: 1, weights };
}

export function addPadding(a: Padding, b: Padding): Padding {
  return { top: a.top + b.top, left: a.left + b.left, bottom: a.bottom + b.bottom, right: a.right + b.right };
}

export const noPadding: Padding = { top: 0, left: 0, bottom: 0, right: 0 };
