import { LlifError } from "../errors.ts";
import { checkFinite, checkInteger } from "../check.ts";
import { channelsOf, sizeOf, type Shape, type Tensor } from "../tensor.ts";
import { checkNode, checkReluNetwork, checkWindow } from "./check.ts";
import { conventionFor, type InputConvention, type Padding, type ReluNetwork, type ReluNode, type Window2d } from "./network.ts";
import { outputShapeOf, samePadding, transposedExtents, windowedExtents } from "./shapes.ts";

/** One number for both axes, or [vertical, horizontal]. */
export type Pair = number | readonly [number, number];

/** Cells on every side, cells side by side, `valid` for none, `same` for ceil(extent / stride) windows with an odd cell at the end. */
export type PaddingOption = number | "same" | "valid" | Padding;

export interface ReluNetworkOptions {
  /** Input shape, channels last, without batch. */
  readonly input: Shape;
  readonly name?: string;
  /** Default: pixels / 255; RGB, or gray for one channel. */
  readonly convention?: InputConvention;
  readonly classes?: readonly string[];
}

export interface Conv2dOptions {
  /** Shape [kernelHeight, kernelWidth, inputChannels / groups, outputChannels]. */
  readonly weights: Tensor;
  readonly bias?: ArrayLike<number>;
  readonly stride?: Pair;
  readonly padding?: PaddingOption;
  readonly dilation?: Pair;
  readonly groups?: number;
  readonly name?: string;
}

export interface ConvTranspose2dOptions extends Conv2dOptions {
  /** Cells cut off each side of the output; not `same`. */
  readonly padding?: Exclude<PaddingOption, "same">;
  /** Rows and columns more at the end of the output, below max(stride, dilation). */
  readonly outputPadding?: Pair;
}

export interface PoolOptions {
  readonly size: Pair;
  /** Default: the size, so that windows tile the input. */
  readonly stride?: Pair;
  readonly padding?: PaddingOption;
  readonly dilation?: Pair;
  /** Count a last window that sticks out of the input. */
  readonly ceil?: boolean;
  readonly name?: string;
}

export interface BatchNormOptions {
  readonly gamma: ArrayLike<number>;
  readonly beta: ArrayLike<number>;
  readonly mean: ArrayLike<number>;
  readonly variance: ArrayLike<number>;
  /** Default 1e-5. */
  readonly epsilon?: number;
  readonly name?: string;
}

/** Builds a chain of layers; each call returns a new builder, so that a prefix can be shared. */
export class ReluNetworkBuilder {
  readonly #options: ReluNetworkOptions;
  readonly #nodes: readonly ReluNode[];

  constructor(options: ReluNetworkOptions, nodes: readonly ReluNode[]) {
    this.#options = options;
    this.#nodes = nodes;
  }

  /** Output shape of the last layer, channels last. */
  get shape(): Shape {
    return this.#last().shape;
  }

  conv2d(options: Conv2dOptions): ReluNetworkBuilder {
    const name = this.#name("conv", options.name);
    const window = this.#window(name, kernelOf(name, options.weights), options.stride ?? 1, options);
    return this.#append({ kind: "conv2d", ...this.#base(name), ...window, ...weightsOf(options) });
  }

  /** The transpose of a convolution: enlarges an image by its stride. */
  convTranspose2d(options: ConvTranspose2dOptions): ReluNetworkBuilder {
    const name = this.#name("convTranspose", options.name);
    const window = this.#window(name, kernelOf(name, options.weights), options.stride ?? 1, options);
    const more = pair(options.outputPadding ?? 0);
    const extents = transposedExtents(`layer "${name}"`, this.shape, window).map((extent, axis) => {
      const limit = Math.max(window.stride[axis], window.dilation[axis]) - 1;
      return extent + checkInteger(`layer "${name}": output padding`, more[axis], 0, limit);
    });
    return this.#append({ kind: "convTranspose2d", ...this.#base(name), ...window, ...weightsOf(options), shape: extents });
  }

  /** Zeros around an image. */
  pad(options: { padding: Pair | Padding; name?: string }): ReluNetworkBuilder {
    const name = this.#name("pad", options.name);
    this.#area(`layer "${name}"`);
    return this.#append({ kind: "pad", ...this.#base(name), padding: paddingOf(options.padding) });
  }

  /** y = scale[c]·x + shift[c]. */
  affine(options: { scale: ArrayLike<number>; shift: ArrayLike<number>; name?: string }): ReluNetworkBuilder {
    const scale = Float32Array.from(options.scale);
    const shift = Float32Array.from(options.shift);
    return this.#append({ kind: "affine", ...this.#base(this.#name("affine", options.name)), scale, shift });
  }

  /** Batch normalisation in inference, y = gamma·(x − mean)/√(variance + epsilon) + beta, kept as an affine layer. */
  batchNorm(options: BatchNormOptions): ReluNetworkBuilder {
    const name = this.#name("batchNorm", options.name);
    return this.affine({ ...batchNormAffine(`layer "${name}"`, options), name });
  }

  /** `slope`: factor on negative values, one for all or one for each channel; absent: 0. */
  relu(options: { ceiling?: number; slope?: number | ArrayLike<number>; name?: string } = {}): ReluNetworkBuilder {
    const { slope } = options;
    const factors = typeof slope === "number" ? new Float32Array(channelsOf(this.shape)).fill(slope) : slope && Float32Array.from(slope);
    const draft = { kind: "relu", ...this.#base(this.#name("relu", options.name)), ceiling: options.ceiling ?? Infinity } as const;
    return this.#append(factors === undefined ? draft : { ...draft, slope: factors });
  }

  maxPool(options: PoolOptions): ReluNetworkBuilder {
    const name = this.#name("maxPool", options.name);
    const window = this.#window(name, pair(options.size), options.stride ?? options.size, options);
    return this.#append({ kind: "maxPool", ...this.#base(name), ...window, shape: this.#pooled(name, window, options) });
  }

  /** Padded cells count in the divisor only with `countPadding`. */
  averagePool(options: PoolOptions & { countPadding?: boolean }): ReluNetworkBuilder {
    const name = this.#name("averagePool", options.name);
    const window = this.#window(name, pair(options.size), options.stride ?? options.size, options);
    const countPadding = options.countPadding ?? false;
    return this.#append({ kind: "averagePool", ...this.#base(name), ...window, countPadding, shape: this.#pooled(name, window, options) });
  }

  /** One mean a channel: shape [1,1,channels]. */
  globalAveragePool(options: { name?: string } = {}): ReluNetworkBuilder {
    const name = this.#name("globalAveragePool", options.name);
    return this.averagePool({ size: this.#area(`layer "${name}"`), name });
  }

  flatten(options: { name?: string } = {}): ReluNetworkBuilder {
    return this.reshape({ shape: [sizeOf(this.shape)], name: this.#name("flatten", options.name) });
  }

  reshape(options: { shape: Shape; name?: string }): ReluNetworkBuilder {
    return this.#append({ kind: "reshape", ...this.#base(this.#name("reshape", options.name)), shape: options.shape });
  }

  /** Weights have the shape [outputs, inputs]. An input of more dimensions is flattened first. */
  dense(options: { weights: Tensor; bias?: ArrayLike<number>; name?: string }): ReluNetworkBuilder {
    if (this.shape.length !== 1) return this.flatten().dense(options);
    const bias = vector(options.bias, options.weights.shape[0]);
    return this.#append({ kind: "dense", ...this.#base(this.#name("dense", options.name)), weights: options.weights, bias });
  }

  softmax(options: { name?: string } = {}): ReluNetworkBuilder {
    return this.#append({ kind: "softmax", ...this.#base(this.#name("softmax", options.name)) });
  }

  /** @throws {LlifError} ARGUMENT or SHAPE where the network as a whole does not hold together. */
  build(): ReluNetwork {
    const { name = "network", input, classes = [] } = this.#options;
    const convention = this.#options.convention ?? conventionFor(input);
    return checkReluNetwork({ name, nodes: this.#nodes, outputs: [this.#last().name], convention, classes });
  }

  #last(): ReluNode {
    return this.#nodes[this.#nodes.length - 1];
  }

  #base(name: string): { name: string; from: readonly string[]; shape: Shape } {
    return { name, from: [this.#last().name], shape: this.shape };
  }

  #append(draft: ReluNode): ReluNetworkBuilder {
    if (this.#nodes.some((node) => node.name === draft.name)) {
      throw new LlifError("ARGUMENT", `layer "${draft.name}": expected a unique name, got it twice`, { nodes: [draft.name] });
    }
    const node = { ...draft, shape: outputShapeOf(draft, [this.shape]) };
    checkNode(node, [this.shape]);
    return new ReluNetworkBuilder(this.#options, [...this.#nodes, node]);
  }

  #name(prefix: string, given: string | undefined): string {
    if (given !== undefined) return given;
    const names = new Set(this.#nodes.map((node) => node.name));
    let number = 1;
    while (names.has(`${prefix}${number}`)) number++;
    return `${prefix}${number}`;
  }

  #area(place: string): [number, number] {
    if (this.shape.length !== 3) {
      throw new LlifError("SHAPE", `${place}: input needs 3 dimensions, got ${this.shape.length} ([${this.shape.join(",")}])`);
    }
    return [this.shape[0], this.shape[1]];
  }

  #window(name: string, kernel: readonly [number, number], stride: Pair, options: { padding?: PaddingOption; dilation?: Pair }): Window2d {
    const place = `layer "${name}"`;
    this.#area(place);
    const window = this.#padded(kernel, stride, options);
    checkWindow(place, window);
    return window;
  }

  #padded(kernel: readonly [number, number], stride: Pair, options: { padding?: PaddingOption; dilation?: Pair }): Window2d {
    const sizes = { kernel, stride: pair(stride), dilation: pair(options.dilation ?? 1) };
    const option = options.padding ?? "valid";
    if (option === "same") return { ...sizes, padding: samePadding(this.shape, sizes) };
    return { ...sizes, padding: paddingOf(option === "valid" ? 0 : option) };
  }

  #pooled(name: string, window: Window2d, options: PoolOptions): Shape {
    return [...windowedExtents(`layer "${name}"`, this.shape, window, options.ceil ?? false), this.shape[2]];
  }
}

/**
 * @example reluNetwork({ input: [28, 28, 1] }).conv2d({ weights, padding: "same" }).relu().maxPool({ size: 2 }).dense({ weights }).build()
 * @throws {LlifError} ARGUMENT or SHAPE at the call whose layer does not fit.
 */
export function reluNetwork(options: ReluNetworkOptions): ReluNetworkBuilder {
  const input: ReluNode = { kind: "input", name: "input", from: [], shape: options.input };
  options.input.forEach((extent) => checkInteger("input shape", extent, 1));
  return new ReluNetworkBuilder(options, [input]);
}

/** Scale and shift of a batch normalisation, in f64, rounded once to f32. */
export function batchNormAffine(place: string, parameters: BatchNormOptions): { scale: Float32Array; shift: Float32Array } {
  const { gamma, beta, mean, variance, epsilon = 1e-5 } = parameters;
  const channels = gamma.length;
  for (const [key, values] of Object.entries({ beta, mean, variance })) {
    if (values.length !== channels) throw new LlifError("SHAPE", `${place}: ${key}: expected ${channels} values, one a channel, got ${values.length}`);
  }
  const scale = new Float32Array(channels);
  const shift = new Float32Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    const gain = gamma[channel] / Math.sqrt(checkFinite(`${place}: variance + epsilon`, variance[channel] + epsilon, { above: 0 }));
    scale[channel] = gain;
    shift[channel] = beta[channel] - mean[channel] * gain;
  }
  return { scale, shift };
}

function pair(value: Pair): readonly [number, number] {
  return typeof value === "number" ? [value, value] : value;
}

/** One number a side, or [above and below, left and right]. */
function paddingOf(padding: Pair | Padding): Padding {
  if (typeof padding === "object" && "top" in padding) return padding;
  const [vertical, horizontal] = pair(padding);
  return { top: vertical, left: horizontal, bottom: vertical, right: horizontal };
}

function kernelOf(name: string, { shape }: Tensor): [number, number] {
  if (shape.length !== 4) throw new LlifError("SHAPE", `layer "${name}": kernel needs 4 dimensions, got ${shape.length} ([${shape.join(",")}])`);
  return [shape[0], shape[1]];
}

function weightsOf({ weights, bias, groups = 1 }: Conv2dOptions): { weights: Tensor; bias: Float32Array; groups: number } {
  return { weights, bias: vector(bias, weights.shape[3]), groups };
}

function vector(values: ArrayLike<number> | undefined, length: number): Float32Array {
  return values === undefined ? new Float32Array(length) : Float32Array.from(values);
}
