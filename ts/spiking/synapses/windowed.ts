// Convolutions, plain and transposed: a kernel of weights that every position of the target shares.
import { checkDimensions, checkInteger, type OptionKeys } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { checkWindow, windowKeys } from "../../relu/check.ts";
import type { Window2d } from "../../relu/network.ts";
import { windowedExtents, windowSize } from "../../relu/shapes.ts";
import { forEachTap } from "../../relu/windows.ts";
import { channelsOf, formatShape, sameShape, sizeOf, type Shape } from "../../tensor.ts";
import { checkWeights, type Charges } from "../charges.ts";
import { baseKeys, usual, type SynapseBase, type SynapseRules } from "./rules.ts";

export interface Conv2dSynapse extends SynapseBase, Window2d {
  readonly kind: "conv2d";
  /** Shape [kernelHeight, kernelWidth, inputChannels / groups, outputChannels]. */
  readonly weights: Charges;
  readonly groups: number;
}

/**
 * Transposed convolution: input row y reaches output rows y · stride − padding.top + ky · dilation; columns likewise.
 * The target gives the extents.
 */
export interface ConvTranspose2dSynapse extends SynapseBase, Window2d {
  readonly kind: "convTranspose2d";
  /** Shape [kernelHeight, kernelWidth, inputChannels / groups, outputChannels]. */
  readonly weights: Charges;
  readonly groups: number;
}

const keys: OptionKeys<Conv2dSynapse> = { ...baseKeys, ...windowKeys, groups: true };

interface Kind {
  /** In the core. */
  readonly number: number;
  readonly transposed: boolean;
  checkTarget(place: string, from: Shape, to: Shape, window: Window2d): void;
  /** The row or column of the target that a tap reaches, if it is an integer inside the target. */
  reached(at: number, tap: number, stride: number, dilation: number, before: number): number;
}

export const conv2d: SynapseRules<Conv2dSynapse> = windowed<Conv2dSynapse>({
  number: 1,
  transposed: false,
  checkTarget(place, from, to, window) {
    const shape = [...windowedExtents(place, from, window), to[2]];
    if (!sameShape(shape, to))
      throw new LlifError("SHAPE", `${place}: expected target shape ${formatShape(shape)}, got ${formatShape(to)}`);
  },
  reached: (at, tap, stride, dilation, before) => (at + before - tap * dilation) / stride,
});

export const convTranspose2d: SynapseRules<ConvTranspose2dSynapse> = windowed<ConvTranspose2dSynapse>({
  number: 4,
  transposed: true,
  /** The target's extents are those without output padding, plus at most stride − 1. */
  checkTarget(place, from, to, { kernel, stride, dilation, padding }) {
    const around = [padding.top + padding.bottom, padding.left + padding.right];
    for (const axis of [0, 1]) {
      const least = (from[axis] - 1) * stride[axis] + windowSize(kernel[axis], dilation[axis]) - around[axis];
      const most = least + Math.max(stride[axis], dilation[axis]) - 1;
      if (to[axis] < least || to[axis] > most) {
        throw new LlifError(
          "SHAPE",
          `${place}: expected a target of ${least} to ${most} ${axis === 0 ? "rows" : "columns"}, got shape ${formatShape(to)}`,
        );
      }
    }
  },
  reached: (at, tap, stride, dilation, before) => at * stride - before + tap * dilation,
});

function windowed<S extends Conv2dSynapse | ConvTranspose2dSynapse>({
  number,
  transposed,
  checkTarget,
  reached,
}: Kind): SynapseRules<S, Omit<S, keyof SynapseBase> & { readonly weights: ArrayLike<number> }> {
  return {
    ...usual,
    keys: keys as SynapseRules<S>["keys"],
    sharesWeights: true,
    outputs: "channels",
    check(place, synapse, from, to, arithmetic) {
      checkDimensions(`${place}: input`, from, 3);
      checkDimensions(`${place}: target`, to, 3);
      checkWindow(place, synapse);
      const groups = checkInteger(`${place}: groups`, synapse.groups, 1);
      if (from[2] % groups !== 0 || to[2] % groups !== 0) {
        throw new LlifError(
          "SHAPE",
          `${place}: expected channels in ${groups} equal groups, got ${from[2]} to ${to[2]}`,
        );
      }
      checkTarget(place, from, to, synapse);
      checkWeights(place, synapse.weights, [...synapse.kernel, from[2] / groups, to[2]], arithmetic);
    },
    /** One row for each tap of the kernel that reaches an output. */
    rows({ weights, kernel, stride, dilation, padding, groups }, from, to) {
      const [, inputWidth, inputChannels] = from;
      const [outputHeight, outputWidth, outputChannels] = to;
      const groupInputs = inputChannels / groups;
      const groupOutputs = outputChannels / groups;
      const rows = new Int32Array(2 * kernel[0] * kernel[1]);
      const rowsOf = (neuron: number): number => {
        const channel = neuron % inputChannels;
        const position = (neuron - channel) / inputChannels;
        const group = Math.floor(channel / groupInputs);
        let count = 0;
        for (let ky = 0; ky < kernel[0]; ky++) {
          const outputY = reached(Math.floor(position / inputWidth), ky, stride[0], dilation[0], padding.top);
          if (!(outputY >= 0 && outputY < outputHeight && Number.isInteger(outputY))) continue;
          for (let kx = 0; kx < kernel[1]; kx++) {
            const outputX = reached(position % inputWidth, kx, stride[1], dilation[1], padding.left);
            if (!(outputX >= 0 && outputX < outputWidth && Number.isInteger(outputX))) continue;
            rows[2 * count] = (outputY * outputWidth + outputX) * outputChannels + group * groupOutputs;
            rows[2 * count + 1] =
              ((ky * kernel[1] + kx) * groupInputs + (channel % groupInputs)) * outputChannels + group * groupOutputs;
            count++;
          }
        }
        return count;
      };
      return { weights, rowLength: groupOutputs, rows, rowsOf };
    },
    walk({ weights, kernel, groups }, to, visit) {
      const outputs = channelsOf(to);
      const groupInputs = weights.length / (kernel[0] * kernel[1] * outputs);
      for (let index = 0, tap = 0; index < weights.length; tap++) {
        for (let output = 0; output < outputs; output++, index++) {
          const input = Math.floor((output * groups) / outputs) * groupInputs + (tap % groupInputs);
          visit(output, input, weights[index], index);
        }
      }
    },
    fanout(connection, from, to) {
      const { weights, kernel, groups } = connection;
      const [existing, nonzero] = [new Float64Array(sizeOf(from)), new Float64Array(sizeOf(from))];
      const channels = channelsOf(from);
      const outputs = channelsOf(to);
      const groupInputs = channels / groups;
      // Nonzero weights per tap and input channel, over the outputs of its group.
      const counted = new Float64Array(kernel[0] * kernel[1] * channels);
      for (let index = 0; index < weights.length; index++) {
        if (weights[index] === 0) continue;
        const group = Math.floor(((index % outputs) * groups) / outputs);
        const row = Math.floor(index / outputs);
        counted[Math.floor(row / groupInputs) * channels + group * groupInputs + (row % groupInputs)]++;
      }
      forEachTap(connection, from, to, transposed, (_, input, tap) => {
        const source = input * channels;
        for (let channel = 0; channel < channels; channel++) {
          existing[source + channel] += outputs / groups;
          nonzero[source + channel] += counted[tap * channels + channel];
        }
      });
      return { existing, nonzero };
    },
    pairs: ({ weights }, to) => (weights.length * sizeOf(to)) / channelsOf(to),
    words: ({ kernel, stride, dilation, padding, groups }) => [
      number,
      ...kernel,
      ...stride,
      ...dilation,
      padding.top,
      padding.left,
      groups,
    ],
  };
}
