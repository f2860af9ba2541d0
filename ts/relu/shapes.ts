// Output shapes of layers, from kernel sizes, strides and padding.
import { LlifError } from "../errors.ts";
import { checkDimensions } from "../check.ts";
import { channelsOf, formatShape, sameShape, sizeOf, type Shape } from "../tensor.ts";
import type { Padding, ReluNode, Window2d } from "./network.ts";

/** Most elements of a tensor: one gibibyte of floats. */
export const maximumElements = 2 ** 28;

/**
 * Number of windows along one axis.
 * @param padded extent of the input with both paddings, in cells.
 * @param size cells from the first to the last tap of a window: (kernel − 1) · dilation + 1.
 * @param ceil whether to count a last window that is partly outside, unless it would start in the trailing padding.
 */
export function windowCount(padded: number, size: number, stride: number, ceil: boolean, trailing = 0): number {
  const room = (padded - size) / stride;
  if (!ceil) return Math.floor(room) + 1;
  const count = Math.ceil(room) + 1;
  return (count - 1) * stride >= padded - trailing ? count - 1 : count;
}

/** Cells from the first to the last tap of a window. */
export function windowSize(kernel: number, dilation: number): number {
  return (kernel - 1) * dilation + 1;
}

/** Padding for ceil(extent / stride) windows; an odd cell goes to the end or the start. */
export function samePadding(
  input: Shape,
  window: Omit<Window2d, "padding">,
  oddCell: "end" | "start" = "end",
): Padding {
  const total = [0, 1].map((axis) => {
    const count = Math.ceil(input[axis] / window.stride[axis]);
    const size = windowSize(window.kernel[axis], window.dilation[axis]);
    return Math.max(0, (count - 1) * window.stride[axis] + size - input[axis]);
  });
  const split = oddCell === "end" ? Math.floor : Math.ceil;
  const top = split(total[0] / 2);
  const left = split(total[1] / 2);
  return { top, left, bottom: total[0] - top, right: total[1] - left };
}

/** [height, width] of the output of a window over an input [height, width, channels]. */
export function windowedExtents(place: string, input: Shape, window: Window2d, ceil = false): [number, number] {
  const { padding } = window;
  const leading = [padding.top, padding.left];
  const trailing = [padding.bottom, padding.right];
  const [height, width] = [0, 1].map((axis) => {
    const padded = input[axis] + leading[axis] + trailing[axis];
    const size = windowSize(window.kernel[axis], window.dilation[axis]);
    if (size > padded) {
      throw new LlifError(
        "SHAPE",
        `${place}: kernel ${formatShape(window.kernel)} with dilation ${formatShape(window.dilation)} does not fit into the padded input, ` +
          `${size} > ${padded} ${axis === 0 ? "rows" : "columns"} (input ${formatShape(input)})`,
      );
    }
    return windowCount(padded, size, window.stride[axis], ceil, trailing[axis]);
  });
  return [height, width];
}

/** [height, width] of the output of a transposed convolution, without additional rows and columns. */
export function transposedExtents(place: string, input: Shape, window: Window2d): [number, number] {
  const { padding } = window;
  const cut = [padding.top + padding.bottom, padding.left + padding.right];
  const [height, width] = [0, 1].map((axis) => {
    const extent =
      (input[axis] - 1) * window.stride[axis] + windowSize(window.kernel[axis], window.dilation[axis]) - cut[axis];
    if (extent < 1)
      throw new LlifError(
        "SHAPE",
        `${place}: expected a padding that leaves some output, got ${cut[axis]} cells for ${extent + cut[axis]} (input ${formatShape(input)})`,
      );
    return extent;
  });
  return [height, width];
}

/**
 * Output shape of a node whose inputs have the shapes `inputs`, in the order of `from`. `node.shape` is used only if it
 * is part of the definition (input, reshape, the end of a transposed convolution) or chooses between floor and ceil
 * mode (pools).
 * @throws {LlifError} SHAPE if the inputs do not fit the node.
 */
export function outputShapeOf(node: ReluNode, inputs: readonly Shape[]): Shape {
  const place = `layer "${node.name}"`;
  const input = inputs.length > 0 ? inputs[0] : [];
  switch (node.kind) {
    case "input":
      return node.shape;
    case "dense":
      checkDimensions(`${place}: weights`, node.weights.shape, 2);
      checkDimensions(`${place}: input`, input, 1);
      if (node.weights.shape[1] !== input[0]) {
        throw mismatch(place, `input of ${node.weights.shape[1]} (weights ${formatShape(node.weights.shape)})`, input);
      }
      return [node.weights.shape[0]];
    case "conv2d":
    case "convTranspose2d": {
      checkDimensions(`${place}: kernel`, node.weights.shape, 4);
      checkDimensions(`${place}: input`, input, 3);
      const [, , channels, outputs] = node.weights.shape;
      if (channels * node.groups !== input[2]) {
        const groups = node.groups === 1 ? "" : `, ${node.groups} groups`;
        throw mismatch(
          place,
          `input of ${channels * node.groups} channels (kernel ${formatShape(node.weights.shape)}${groups})`,
          input,
        );
      }
      if (node.kind === "conv2d") return [...windowedExtents(place, input, node), outputs];
      const extents = transposedExtents(place, input, node).map((extent, axis) => {
        const more = node.shape[axis] - extent;
        return more > 0 && more < Math.max(node.stride[axis], node.dilation[axis]) ? node.shape[axis] : extent;
      });
      return [...extents, outputs];
    }
    case "maxPool":
    case "averagePool": {
      checkDimensions(`${place}: input`, input, 3);
      const floor = [...windowedExtents(place, input, node), input[2]];
      const ceil = [...windowedExtents(place, input, node, true), input[2]];
      const chosen = floor.map((extent, axis) => (node.shape[axis] === ceil[axis] ? ceil[axis] : extent));
      if (!(sizeOf(chosen) <= maximumElements))
        throw mismatch(place, `an output of at most ${maximumElements} elements`, chosen);
      checkWindowsTouch(place, input, node, chosen);
      return chosen;
    }
    case "affine":
      if (node.scale.length !== channelsOf(input))
        throw mismatch(place, `input of ${node.scale.length} channels`, input);
      return input;
    case "relu":
      if (node.slope !== undefined && node.slope.length !== channelsOf(input))
        throw mismatch(place, `input of ${node.slope.length} channels`, input);
      return input;
    case "softmax":
      return input;
    case "pad": {
      checkDimensions(`${place}: input`, input, 3);
      const { top, left, bottom, right } = node.padding;
      return [top + input[0] + bottom, left + input[1] + right, input[2]];
    }
    case "reshape":
      if (sizeOf(node.shape) !== sizeOf(input)) {
        throw mismatch(place, `input of ${sizeOf(node.shape)} elements for shape ${formatShape(node.shape)}`, input);
      }
      return node.shape;
    case "add":
      for (const other of inputs) {
        if (!sameShape(other, input)) throw mismatch(place, `inputs of one shape ${formatShape(input)}`, other);
      }
      return input;
    case "concat": {
      const area = input.slice(0, -1);
      for (const other of inputs) {
        if (other.length !== input.length || !sameShape(other.slice(0, -1), area)) {
          throw mismatch(place, `inputs that differ only in channels from ${formatShape(input)}`, other);
        }
      }
      return [...area, inputs.reduce((channels, other) => channels + channelsOf(other), 0)];
    }
  }
}

/** A pooling window inside the padding has neither a maximum nor a mean. */
function checkWindowsTouch(place: string, input: Shape, window: Window2d, output: Shape): void {
  const leading = [window.padding.top, window.padding.left];
  for (const axis of [0, 1]) {
    const dilation = window.dilation[axis];
    for (let index = 0; index < output[axis]; index++) {
      const start = index * window.stride[axis] - leading[axis];
      const tap = Math.max(0, Math.ceil(-start / dilation));
      if (tap >= window.kernel[axis] || start + tap * dilation >= input[axis]) {
        throw new LlifError(
          "SHAPE",
          `${place}: expected every pooling window to touch the input ${formatShape(input)}, but window ${index} of axis ${axis} lies in the padding`,
        );
      }
    }
  }
}

function mismatch(place: string, expected: string, got: Shape): LlifError {
  return new LlifError("SHAPE", `${place}: expected ${expected}, got ${formatShape(got)}`);
}
