import { LlifError } from "../errors.ts";
import { averageDivisors } from "../relu/forward.ts";
import { inputOf, type MaxPoolNode, type Padding, type ReluNetwork, type ReluNode, type Window2d } from "../relu/network.ts";
import { channelsOf, formatShape, sizeOf, type Shape } from "../tensor.ts";

/** The weighted step of a layer, in float64; weights as in the ReLU network's node of that kind. */
export type Linear =
  | { readonly kind: "dense"; readonly weights: Float64Array }
  | ({ readonly kind: "conv2d"; readonly weights: Float64Array; readonly groups: number } & Window2d)
  /** Diagonal: one weight for each channel. */
  | { readonly kind: "identity"; readonly weights: Float64Array };

/** One population or output: ReLU(linear(source) + bias), with all affine steps folded in. */
export interface FoldedLayer {
  readonly kind: "layer" | "output";
  readonly name: string;
  readonly shape: Shape;
  readonly from: string;
  readonly linear: Linear;
  /** One for each channel, or one for each neuron. */
  readonly bias: Float64Array;
  readonly ceiling: number;
  /** Node of the ReLU network whose values are this layer's activations. */
  readonly activationNode: string;
}

export interface FoldedPool extends Window2d {
  readonly kind: "pool";
  readonly name: string;
  readonly shape: Shape;
  readonly from: string;
  readonly mode: "max" | "sum";
}

export interface FoldedNetwork {
  readonly inputName: string;
  readonly inputShape: Shape;
  readonly nodes: readonly (FoldedLayer | FoldedPool)[];
}

/** Activations that spikes carry: scale · source + shift, arrays indexed modulo their length (channels last). */
interface SpikeValue {
  readonly form: "spikes";
  readonly source: string;
  readonly shape: Shape;
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** A weighted sum before its ReLU, and the max pools that will follow the ReLU instead. */
interface ChargeValue {
  readonly form: "charge";
  readonly name: string;
  readonly shape: Shape;
  readonly from: string;
  readonly linear: Linear;
  readonly bias: Float64Array;
  readonly layerShape: Shape;
  readonly pools: readonly MaxPoolNode[];
}

type Value = SpikeValue | ChargeValue;

/**
 * Folds normalisation, input convention and average divisors into weights, and puts each max pool behind its ReLU.
 * @throws {LlifError} UNSUPPORTED naming every node that is not mapped.
 * @see docs/mathematics.md, operators
 */
export function foldNetwork(network: ReluNetwork): FoldedNetwork {
  const refusals = new Map<string, string>();
  const nodes: (FoldedLayer | FoldedPool)[] = [];
  const values = new Map<string, Value>();
  const folder = new Folder(network, nodes);
  for (const node of network.nodes) {
    const sources = node.from.map((name) => values.get(name));
    if (sources.some((source) => source === undefined)) continue;
    const result = folder.fold(node, sources as Value[]);
    if (typeof result === "string") refusals.set(node.name, result);
    else values.set(node.name, result);
  }
  if (refusals.size > 0) {
    const list = [...refusals].map(([name, reason]) => `"${name}": ${reason}`).join("; ");
    throw new LlifError("UNSUPPORTED", `network "${network.name}": ${refusals.size} node(s) are not mapped: ${list}`, { nodes: [...refusals.keys()] });
  }
  for (const name of network.outputs) folder.output(name, values.get(name) as Value);
  return { inputName: inputOf(network).name, inputShape: inputOf(network).shape, nodes };
}

class Folder {
  readonly #network: ReluNetwork;
  readonly #nodes: (FoldedLayer | FoldedPool)[];

  constructor(network: ReluNetwork, nodes: (FoldedLayer | FoldedPool)[]) {
    this.#network = network;
    this.#nodes = nodes;
  }

  /** The node's value, or why it is refused. */
  fold(node: ReluNode, [value]: Value[]): Value | string {
    switch (node.kind) {
      case "input":
        return this.#input(node.name, node.shape);
      case "dense":
      case "conv2d":
        if (value.form === "charge") return "a weighted layer right after another, without a ReLU between, is not mapped yet";
        return foldWeighted(node, value);
      case "affine":
        return foldAffine(node.scale, node.shift, value);
      case "relu":
        return this.#relu(node.name, node.ceiling, value);
      case "maxPool":
        return this.#maxPool(node, value);
      case "averagePool": {
        if (value.form === "charge") return "average pooling before the ReLU is not mapped yet";
        if (value.source === this.#inputName) return "pooling of the input itself is not mapped; put a layer before it";
        const divisors = new Set(averageDivisors(node, value.shape));
        if (divisors.size > 1) return "average windows of different sizes (padding or ceil mode) are not mapped yet";
        const padded = Object.values(node.padding).some((cells) => cells > 0);
        if (padded && value.shift.some((shift) => shift !== 0)) return "padding of a shifted activation is not mapped yet";
        this.#nodes.push({ ...windowOf(node), kind: "pool", name: node.name, shape: node.shape, from: value.source, mode: "sum" });
        const [divisor] = divisors;
        return { form: "spikes", source: node.name, shape: node.shape, scale: value.scale.map((scale) => scale / divisor), shift: value.shift };
      }
      case "reshape":
        return { ...value, shape: node.shape };
      case "softmax":
        return value;
      case "add":
      case "concat":
        return `${node.kind === "add" ? "a residual sum" : "a concatenation"} of two branches is not mapped yet`;
    }
  }

  output(name: string, value: Value): void {
    const charge = value.form === "charge" ? value : identity(name, value);
    if (charge.pools.length > 0) {
      throw new LlifError("UNSUPPORTED", `network "${this.#network.name}": output "${name}" ends in a max pool without a ReLU, which is not mapped`, { nodes: [name] });
    }
    const { linear, bias, from, layerShape } = charge;
    const taken = this.#nodes.some((node) => node.name === charge.name);
    this.#nodes.push({ kind: "output", name: taken ? `${charge.name}.output` : charge.name, shape: layerShape, from, linear, bias, ceiling: Infinity, activationNode: name });
  }

  get #inputName(): string {
    return inputOf(this.#network).name;
  }

  #input(name: string, shape: Shape): SpikeValue {
    const { mean, std } = this.#network.convention;
    const channels = channelsOf(shape);
    const at = (values: readonly number[], channel: number) => values[values.length === 1 ? 0 : channel];
    const perChannel = (value: (channel: number) => number) => Float64Array.from({ length: channels }, (_, channel) => value(channel));
    return { form: "spikes", source: name, shape, scale: perChannel((c) => 1 / at(std, c)), shift: perChannel((c) => -at(mean, c) / at(std, c)) };
  }

  #relu(name: string, ceiling: number, value: Value): SpikeValue {
    const charge = value.form === "charge" ? value : identity(name, value);
    const { linear, bias, from, layerShape } = charge;
    this.#nodes.push({ kind: "layer", name: charge.name, shape: layerShape, from, linear, bias, ceiling, activationNode: name });
    let source = charge.name;
    for (const pool of charge.pools) {
      this.#nodes.push({ ...windowOf(pool), kind: "pool", name: pool.name, shape: pool.shape, from: source, mode: "max" });
      source = pool.name;
    }
    return plain(source, charge.shape);
  }

  #maxPool(node: MaxPoolNode, value: Value): Value | string {
    if (value.form === "charge") return { ...value, shape: node.shape, pools: [...value.pools, node] };
    if (value.source === this.#inputName) return "pooling of the input itself is not mapped; put a layer before it";
    if (value.scale.some((scale) => scale < 0)) return "max pooling of an activation with a negative scale is not mapped";
    const pooled = this.#nodes.find(({ name }) => name === value.source);
    if (pooled?.kind === "pool" && pooled.mode === "sum") return "max pooling of an average pool is not mapped yet";
    this.#nodes.push({ ...windowOf(node), kind: "pool", name: node.name, shape: node.shape, from: value.source, mode: "max" });
    return { ...value, source: node.name, shape: node.shape };
  }
}

function plain(source: string, shape: Shape): SpikeValue {
  return { form: "spikes", source, shape, scale: Float64Array.of(1), shift: Float64Array.of(0) };
}

function windowOf({ kernel, stride, dilation, padding }: Window2d): Window2d {
  return { kernel, stride, dilation, padding };
}

function identity(name: string, value: SpikeValue): ChargeValue {
  const channels = channelsOf(value.shape);
  const spread = (values: Float64Array) => Float64Array.from({ length: Math.max(channels, values.length) }, (_, index) => values[index % values.length]);
  const linear: Linear = { kind: "identity", weights: spread(value.scale) };
  return { form: "charge", name, shape: value.shape, layerShape: value.shape, from: value.source, linear, bias: spread(value.shift), pools: [] };
}

function foldWeighted(node: Extract<ReluNode, { kind: "dense" | "conv2d" }>, value: SpikeValue): ChargeValue {
  const common = { form: "charge", name: node.name, shape: node.shape, layerShape: node.shape, from: value.source, pools: [] } as const;
  const { scale, shift } = value;
  if (node.kind === "dense") {
    const inputs = sizeOf(value.shape);
    const weights = Float64Array.from(node.weights.data, (weight, index) => weight * scale[(index % inputs) % scale.length]);
    const bias = Float64Array.from(node.bias, (start, output) => {
      let sum = start;
      for (let input = 0; input < inputs; input++) sum += node.weights.data[output * inputs + input] * shift[input % shift.length];
      return sum;
    });
    return { ...common, linear: { kind: "dense", weights }, bias };
  }
  const outputs = channelsOf(node.shape);
  const groupInputs = node.weights.shape[2];
  const inputChannel = (index: number) => {
    const group = Math.floor(((index % outputs) * node.groups) / outputs);
    return group * groupInputs + (Math.floor(index / outputs) % groupInputs);
  };
  const weights = Float64Array.from(node.weights.data, (weight, index) => weight * scale[inputChannel(index) % scale.length]);
  const linear: Linear = { ...windowOf(node), kind: "conv2d", weights, groups: node.groups };
  if (shift.every((term) => term === 0)) return { ...common, linear, bias: Float64Array.from(node.bias) };
  const tapShift = Float64Array.from(node.weights.data, (weight, index) => weight * shift[inputChannel(index) % shift.length]);
  return { ...common, linear, bias: shiftedBias(node, tapShift, value.shape) };
}

/** Padding is zero after the shift, so only taps inside the image add to the bias of a position. */
function shiftedBias(node: Extract<ReluNode, { kind: "conv2d" }>, tapShift: Float64Array, [height, width]: Shape): Float64Array {
  const [rows, columns, outputs] = node.shape;
  const bias = new Float64Array(sizeOf(node.shape));
  const groupInputs = node.weights.shape[2];
  const { padding } = node;
  for (let position = 0; position < rows * columns; position++) {
    bias.set(node.bias, position * outputs);
    for (let tap = 0; tap < node.kernel[0] * node.kernel[1]; tap++) {
      const y = Math.floor(position / columns) * node.stride[0] - padding.top + Math.floor(tap / node.kernel[1]) * node.dilation[0];
      const x = (position % columns) * node.stride[1] - padding.left + (tap % node.kernel[1]) * node.dilation[1];
      if (y < 0 || y >= height || x < 0 || x >= width) continue;
      for (let index = 0; index < groupInputs * outputs; index++) bias[position * outputs + (index % outputs)] += tapShift[tap * groupInputs * outputs + index];
    }
  }
  return isUnpadded(padding) ? bias.slice(0, outputs) : bias;
}

function isUnpadded(padding: Padding): boolean {
  return padding.top === 0 && padding.left === 0 && padding.bottom === 0 && padding.right === 0;
}

function foldAffine(scale: Float32Array, shift: Float32Array, value: Value): Value | string {
  if (value.form === "spikes") {
    const length = Math.max(scale.length, value.scale.length, value.shift.length);
    const compose = (f: (index: number) => number) => Float64Array.from({ length }, (_, index) => f(index));
    return {
      ...value,
      scale: compose((index) => scale[index % scale.length] * value.scale[index % value.scale.length]),
      shift: compose((index) => scale[index % scale.length] * value.shift[index % value.shift.length] + shift[index % shift.length]),
    };
  }
  if (value.pools.length > 0 && scale.some((factor) => factor < 0)) return "a negative scale behind a max pool is not mapped";
  const outputs = channelsOf(value.layerShape);
  if (scale.length !== 1 && scale.length !== outputs) return `a scale of ${scale.length} channels behind a layer of shape ${formatShape(value.layerShape)} is not mapped`;
  const { linear } = value;
  const perOutput = linear.weights.length / outputs;
  const outputOf = (index: number) => (linear.kind === "dense" ? Math.floor(index / perOutput) : index % outputs);
  const weights = linear.weights.map((weight, index) => weight * scale[outputOf(index) % scale.length]);
  const bias = value.bias.map((term, index) => term * scale[index % scale.length] + shift[index % shift.length]);
  return { ...value, linear: { ...linear, weights }, bias };
}
