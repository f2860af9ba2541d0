// The plain forward pass of a ReLU network in float32.
import { checkNumbers, checkObject, describe } from "../check.ts";
import { LlifError } from "../errors.ts";
import { plainSample, sampleOf, type SampleValues, type ShapedSamples } from "../samples.ts";
import { channelsOf, sizeOf, type Shape } from "../tensor.ts";
import {
  type AveragePoolNode,
  type Conv2dNode,
  type ConvTranspose2dNode,
  type DenseNode,
  inputOf,
  type MaxPoolNode,
  type PadNode,
  type ReluActivationNode,
  type ReluNetwork,
  type ReluNode,
} from "./network.ts";
import { forEachPooled, forEachTap } from "./windows.ts";

const { fround } = Math;

/**
 * Plain forward pass in float32, which defines the ReLU network's accuracy. The order of arithmetic is fixed, so that
 * the fast pass can equal it bit for bit: a sum starts from the bias and adds inputs in ascending (row, column,
 * channel); each product and each sum is rounded once.
 * @param input shape of the input node, channels last: real values after the input convention, or pixels (bytes) before
 * it. With a shape, in any layout that `samplesOf` accepts.
 * @returns the values of every node by name.
 * @throws {LlifError} SHAPE if `input` does not fit, ARGUMENT if it has neither pixels nor real values.
 */
export function forward(network: ReluNetwork, input: SampleValues | ShapedSamples): Map<string, Float32Array> {
  const { shape } = inputOf(network);
  const sample = sampleOf(`input of "${network.name}"`, input, shape);
  const given = sample instanceof Uint8Array ? inputFromPixels(network, sample) : Float32Array.from(sample);
  const values = new Map<string, Float32Array>();
  const shapes = new Map<string, Shape>();
  for (const node of network.nodes) {
    const sources = node.from.map((name) => values.get(name) as Float32Array);
    values.set(node.name, node.kind === "input" ? given : evaluateNode(node, sources, shapes));
    shapes.set(node.name, node.shape);
  }
  return values;
}

/** Logits: the values of the first output, before a softmax. @param input as for `forward`. */
export function forwardLogits(network: ReluNetwork, input: SampleValues | ShapedSamples): Float32Array {
  return forward(network, input).get(logitsNode(network)) as Float32Array;
}

/** Name of the node with the logits: the first output, or its source if it is a softmax. */
export function logitsNode(network: ReluNetwork): string {
  const output = network.nodes.find((node) => node.name === network.outputs[0]);
  if (output === undefined)
    throw new LlifError("FORMAT", `network "${network.name}" has no output "${network.outputs[0]}"`);
  return output.kind === "softmax" ? output.from[0] : output.name;
}

/**
 * Applies the input convention to pixels: (pixel · scale − mean) / std in float64, rounded once.
 * @param pixels 0…255 of one image or of consecutive images, channels last.
 * @throws {LlifError} ARGUMENT for real values.
 */
export function inputFromPixels(network: ReluNetwork, pixels: Uint8Array | Uint8ClampedArray): Float32Array {
  const bytes = plainSample("inputFromPixels", pixels);
  if (bytes instanceof Float32Array)
    throw new LlifError(
      "ARGUMENT",
      `inputFromPixels: expected pixels as a Uint8Array or Uint8ClampedArray, got ${describe(pixels)}`,
    );
  checkObject(
    "inputFromPixels: network: convention",
    checkObject("inputFromPixels: network", network, "a ReLU network").convention,
  );
  const { scale, mean, std } = network.convention;
  const channels = channelsOf(inputOf(network).shape);
  const values = new Float32Array(bytes.length);
  for (let index = 0; index < bytes.length; index++) {
    const channel = index % channels;
    values[index] =
      (bytes[index] * scale - mean[mean.length === 1 ? 0 : channel]) / std[std.length === 1 ? 0 : channel];
  }
  return values;
}

/** Index of the largest value; the lowest index in a tie. */
export function argmax(values: ArrayLike<number>): number {
  if (!(values instanceof Float32Array) && !(values instanceof Float64Array)) checkNumbers("argmax: values", values);
  let best = 0;
  for (let index = 1; index < values.length; index++) if (values[index] > values[best]) best = index;
  return best;
}

function evaluateNode(
  node: Exclude<ReluNode, { kind: "input" }>,
  sources: Float32Array[],
  shapes: Map<string, Shape>,
): Float32Array {
  const x = sources[0];
  const inputShape = shapes.get(node.from[0]) as Shape;
  switch (node.kind) {
    case "dense":
      return dense(node, x);
    case "conv2d":
    case "convTranspose2d":
      return convolution(node, x, inputShape);
    case "affine":
      return x.map(
        (value, index) => fround(node.scale[index % node.scale.length] * value) + node.shift[index % node.shift.length],
      );
    case "relu":
      return relu(node, x);
    case "maxPool":
      return maxPool(node, x, inputShape);
    case "averagePool":
      return averagePool(node, x, inputShape);
    case "pad":
      return pad(node, x, inputShape);
    case "reshape":
      return x.slice();
    case "add":
      return sources.slice(1).reduce((sum, term) => sum.map((value, index) => value + term[index]), x);
    case "concat":
      return concat(
        sources,
        node.from.map((name) => channelsOf(shapes.get(name) as Shape)),
        sizeOf(node.shape),
      );
    case "softmax":
      return softmax(x, channelsOf(node.shape), node.logarithm ?? false);
  }
}

function dense(node: DenseNode, x: Float32Array): Float32Array {
  const weights = node.weights.data;
  return node.bias.map((bias, output) => {
    let sum = bias;
    const row = output * x.length;
    for (let input = 0; input < x.length; input++) sum = fround(sum + fround(weights[row + input] * x[input]));
    return sum;
  });
}

/**
 * Both kinds of convolution: an input cell reaches an output cell through at most one tap, so the order of additions is
 * the same.
 */
function convolution(node: Conv2dNode | ConvTranspose2dNode, x: Float32Array, inputShape: Shape): Float32Array {
  const inputChannels = inputShape[2];
  const outputChannels = node.shape[2];
  const weights = node.weights.data;
  const { groups } = node;
  const groupInputs = inputChannels / groups;
  const groupOutputs = outputChannels / groups;
  const y = new Float32Array(sizeOf(node.shape));
  for (let target = 0; target < y.length; target += outputChannels) y.set(node.bias, target);
  forEachTap(node, inputShape, node.shape, node.kind === "convTranspose2d", (output, input, tap) => {
    const row = tap * groupInputs * outputChannels;
    const target = output * outputChannels;
    addTap(x, input * inputChannels, weights, row, y, target, groups, groupInputs, groupOutputs);
  });
  return y;
}

/** A separate function, because the loop is faster with parameters than with captured variables. */
function addTap(
  x: Float32Array,
  source: number,
  weights: Float32Array,
  row: number,
  y: Float32Array,
  target: number,
  groups: number,
  groupInputs: number,
  groupOutputs: number,
): void {
  const outputs = groups * groupOutputs;
  for (let group = 0; group < groups; group++) {
    const first = group * groupOutputs;
    for (let channel = 0; channel < groupInputs; channel++) {
      const value = x[source + group * groupInputs + channel];
      const weight = row + channel * outputs;
      for (let output = first; output < first + groupOutputs; output++) {
        y[target + output] = y[target + output] + fround(weights[weight + output] * value);
      }
    }
  }
}

function relu({ ceiling, slope }: ReluActivationNode, x: Float32Array): Float32Array {
  if (slope === undefined) return x.map((value) => Math.min(Math.max(value, 0), ceiling));
  return x.map((value, index) =>
    value < 0 ? slope[index % slope.length] * value : Math.min(Math.max(value, 0), ceiling),
  );
}

function pad({ padding, shape }: PadNode, x: Float32Array, inputShape: Shape): Float32Array {
  const row = inputShape[1] * inputShape[2];
  const y = new Float32Array(sizeOf(shape));
  for (let index = 0; index < inputShape[0]; index++) {
    y.set(x.subarray(index * row, (index + 1) * row), ((padding.top + index) * shape[1] + padding.left) * shape[2]);
  }
  return y;
}

function maxPool(node: MaxPoolNode, x: Float32Array, inputShape: Shape): Float32Array {
  const y = new Float32Array(sizeOf(node.shape)).fill(-Infinity);
  forEachPooled(node, inputShape, node.shape, (output, input) => {
    if (x[input] > y[output]) y[output] = x[input];
  });
  return y;
}

/** Divisor of the average for each output position (row-major). */
export function averageDivisors(node: AveragePoolNode, inputShape: Shape): Uint32Array {
  const [rows, columns] = node.shape;
  const vertical = Array.from({ length: rows }, (_, row) =>
    cellsCounted(node, 0, row, inputShape[0], node.padding.top, node.padding.bottom),
  );
  const horizontal = Array.from({ length: columns }, (_, column) =>
    cellsCounted(node, 1, column, inputShape[1], node.padding.left, node.padding.right),
  );
  return Uint32Array.from(
    { length: rows * columns },
    (_, position) => vertical[Math.floor(position / columns)] * horizontal[position % columns],
  );
}

function cellsCounted(
  node: AveragePoolNode,
  axis: 0 | 1,
  position: number,
  extent: number,
  before: number,
  after: number,
): number {
  const first = node.countPadding ? -before : 0;
  const end = node.countPadding ? extent + after : extent;
  let cells = 0;
  for (let tap = 0; tap < node.kernel[axis]; tap++) {
    const cell = position * node.stride[axis] - before + tap * node.dilation[axis];
    if (cell >= first && cell < end) cells++;
  }
  return cells;
}

function averagePool(node: AveragePoolNode, x: Float32Array, inputShape: Shape): Float32Array {
  const y = new Float32Array(sizeOf(node.shape));
  forEachPooled(node, inputShape, node.shape, (output, input) => {
    y[output] += x[input];
  });
  const divisors = averageDivisors(node, inputShape);
  const channels = channelsOf(node.shape);
  return y.map((sum, index) => sum * fround(1 / divisors[Math.floor(index / channels)]));
}

function concat(sources: Float32Array[], channels: number[], size: number): Float32Array {
  const total = channels.reduce((sum, count) => sum + count, 0);
  const y = new Float32Array(size);
  let offset = 0;
  sources.forEach((source, part) => {
    for (let index = 0; index < source.length; index++) {
      y[Math.floor(index / channels[part]) * total + offset + (index % channels[part])] = source[index];
    }
    offset += channels[part];
  });
  return y;
}

function softmax(x: Float32Array, channels: number, logarithm: boolean): Float32Array {
  const y = new Float32Array(x.length);
  for (let start = 0; start < x.length; start += channels) {
    const row = x.subarray(start, start + channels);
    const largest = Math.max(...row);
    const exponentials = Float64Array.from(row, (value) => Math.exp(value - largest));
    const sum = exponentials.reduce((total, value) => total + value, 0);
    exponentials.forEach(
      (value, index) => (y[start + index] = logarithm ? row[index] - largest - Math.log(sum) : value / sum),
    );
  }
  return y;
}
