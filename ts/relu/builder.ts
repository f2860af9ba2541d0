// Builds a ReLU network layer by layer and infers its shapes.
import { LlifError } from "../errors.ts";
import {
  checkArray,
  checkBoolean,
  checkFinite,
  checkInteger,
  checkName,
  checkNumbers,
  checkObject,
  checkOptions,
  checkStrings,
} from "../check.ts";
import { channelsOf, sizeOf, type Shape, type Tensor } from "../tensor.ts";
import {
  checkConvention,
  checkExtents,
  checkNode,
  checkPadding,
  checkPair,
  checkReluNetwork,
  checkTensor,
} from "./check.ts";
import { conventionFor, type Padding, type ReluNetwork, type ReluNode, type Window2d } from "./network.ts";
import {
  batchNormKeys,
  convKeys,
  nameKeys,
  networkKeys,
  poolKeys,
  type BatchNormOptions,
  type Conv2dOptions,
  type ConvTranspose2dOptions,
  type Pair,
  type PaddingOption,
  type PoolOptions,
  type ReluNetworkOptions,
} from "./builder-options.ts";
import { outputShapeOf, samePadding, transposedExtents, windowedExtents } from "./shapes.ts";

/** Builds a chain of layers. Each call returns a new builder, so that networks can share their first layers. */
export class ReluNetworkBuilder {
  readonly #options: ReluNetworkOptions & { readonly input: Shape };
  readonly #nodes: readonly ReluNode[];

  /**
   * @param nodes the input and the layers after it.
   * @throws {LlifError} ARGUMENT for an unknown option or one out of range.
   */
  constructor(options: ReluNetworkOptions, nodes: readonly ReluNode[]) {
    this.#options = checkedOptions("reluNetwork", options);
    this.#nodes = checkArray<ReluNode>("reluNetwork: nodes", nodes, "an array of layers, first of them the input").map(
      (node) => checkObject("reluNetwork: nodes", node),
    );
    if (checkObject("reluNetwork: nodes: the input", nodes[0]).kind !== "input")
      throw new LlifError("ARGUMENT", "reluNetwork: nodes: expected the input first");
  }

  /** Output shape of the last layer, channels last. */
  get shape(): Shape {
    return this.#last().shape;
  }

  conv2d(options: Conv2dOptions): ReluNetworkBuilder {
    const { name, place } = this.#layer("conv", options);
    checkOptions(place, options, convKeys);
    const window = this.#window(place, kernelOf(place, options.weights), options);
    return this.#append({ kind: "conv2d", ...this.#base(name), ...window, ...weightsOf(place, options) });
  }

  /** Transposed convolution: enlarges an image by its stride. */
  convTranspose2d(options: ConvTranspose2dOptions): ReluNetworkBuilder {
    const { name, place } = this.#layer("convTranspose", options);
    const { outputPadding = 0 } = checkOptions(place, options, { ...convKeys, outputPadding: true });
    const window = this.#window(place, kernelOf(place, options.weights), options);
    const more = checkPair(`${place}: outputPadding`, outputPadding, 0);
    const extents = transposedExtents(place, this.shape, window).map((extent, axis) => {
      const limit = Math.max(window.stride[axis], window.dilation[axis]) - 1;
      return extent + checkInteger(`${place}: outputPadding`, more[axis], 0, limit);
    });
    return this.#append({
      kind: "convTranspose2d",
      ...this.#base(name),
      ...window,
      ...weightsOf(place, options),
      shape: extents,
    });
  }

  /** Adds zeros around an image. */
  pad(options: { padding: Pair | Padding; name?: string }): ReluNetworkBuilder {
    const { name, place } = this.#layer("pad", options);
    checkOptions(place, options, { padding: true, name: true });
    this.#area(place);
    return this.#append({ kind: "pad", ...this.#base(name), padding: paddingOf(`${place}: padding`, options.padding) });
  }

  /** y = scale[c]·x + shift[c]. */
  affine(options: { scale: ArrayLike<number>; shift: ArrayLike<number>; name?: string }): ReluNetworkBuilder {
    const { name, place } = this.#layer("affine", options);
    checkOptions(place, options, { scale: true, shift: true, name: true });
    const scale = Float32Array.from(checkNumbers(`${place}: scale`, options.scale));
    const shift = Float32Array.from(checkNumbers(`${place}: shift`, options.shift));
    return this.#append({ kind: "affine", ...this.#base(name), scale, shift });
  }

  /** Batch normalisation in inference, y = gamma·(x − mean)/√(variance + epsilon) + beta, kept as an affine layer. */
  batchNorm(options: BatchNormOptions): ReluNetworkBuilder {
    const { name, place } = this.#layer("batchNorm", options);
    checkOptions(place, options, batchNormKeys);
    for (const key of ["gamma", "beta", "mean", "variance"] as const) checkNumbers(`${place}: ${key}`, options[key]);
    if (options.epsilon !== undefined) checkFinite(`${place}: epsilon`, options.epsilon);
    return this.affine({ ...batchNormAffine(place, options), name });
  }

  /**
   * `slope`: factor on negative values, one for all or one per channel; default 0. `ceiling`: largest output; default:
   * none.
   */
  relu(options: { ceiling?: number; slope?: number | ArrayLike<number>; name?: string } = {}): ReluNetworkBuilder {
    const { name, place } = this.#layer("relu", options);
    const { slope, ceiling = Infinity } = checkOptions(place, options, { ceiling: true, slope: true, name: true });
    const draft = { kind: "relu", ...this.#base(name), ceiling } as const;
    if (slope === undefined) return this.#append(draft);
    const factors =
      typeof slope === "number"
        ? new Float32Array(channelsOf(this.shape)).fill(slope)
        : Float32Array.from(checkNumbers(`${place}: slope`, slope));
    return this.#append({ ...draft, slope: factors });
  }

  maxPool(options: PoolOptions): ReluNetworkBuilder {
    const { name, place } = this.#layer("maxPool", options);
    checkOptions(place, options, poolKeys);
    return this.#append({ kind: "maxPool", ...this.#base(name), ...this.#pooled(place, options) });
  }

  /** Padded cells count in the divisor only with `countPadding`. */
  averagePool(options: PoolOptions & { countPadding?: boolean }): ReluNetworkBuilder {
    const { name, place } = this.#layer("averagePool", options);
    const { countPadding = false } = checkOptions(place, options, { ...poolKeys, countPadding: true });
    return this.#append({ kind: "averagePool", ...this.#base(name), ...this.#pooled(place, options), countPadding });
  }

  /** One mean per channel: shape [1,1,channels]. */
  globalAveragePool(options: { name?: string } = {}): ReluNetworkBuilder {
    const { name, place } = this.#layer("globalAveragePool", options);
    checkOptions(place, options, nameKeys);
    return this.averagePool({ size: this.#area(place), name });
  }

  flatten(options: { name?: string } = {}): ReluNetworkBuilder {
    const { name, place } = this.#layer("flatten", options);
    checkOptions(place, options, nameKeys);
    return this.reshape({ shape: [sizeOf(this.shape)], name });
  }

  reshape(options: { shape: Shape; name?: string }): ReluNetworkBuilder {
    const { name, place } = this.#layer("reshape", options);
    const { shape } = checkOptions(place, options, { shape: true, name: true });
    return this.#append({ kind: "reshape", ...this.#base(name), shape: checkExtents(`${place}: shape`, shape) });
  }

  /** Weights have shape [outputs, inputs]. An input with more dimensions is flattened first. */
  dense(options: { weights: Tensor; bias?: ArrayLike<number>; name?: string }): ReluNetworkBuilder {
    const { name, place } = this.#layer("dense", options);
    const { weights, bias } = checkOptions(place, options, { weights: true, bias: true, name: true });
    checkTensor(`${place}: weights`, weights);
    if (this.shape.length !== 1) return this.flatten().dense(options);
    return this.#append({
      kind: "dense",
      ...this.#base(name),
      weights,
      bias: vector(`${place}: bias`, bias, weights.shape[0]),
    });
  }

  softmax(options: { name?: string } = {}): ReluNetworkBuilder {
    const { name, place } = this.#layer("softmax", options);
    checkOptions(place, options, nameKeys);
    return this.#append({ kind: "softmax", ...this.#base(name) });
  }

  /** @throws {LlifError} ARGUMENT or SHAPE if the whole network is not valid. */
  build(): ReluNetwork {
    const { name = "network", input, classes = [], convention = conventionFor(input) } = this.#options;
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
      throw new LlifError("ARGUMENT", `layer "${draft.name}": expected a unique name, got it twice`, {
        nodes: [draft.name],
      });
    }
    const node = { ...draft, shape: outputShapeOf(draft, [this.shape]) };
    checkNode(node, [this.shape]);
    return new ReluNetworkBuilder(this.#options, [...this.#nodes, node]);
  }

  /** Name of the next layer: the given one or a new one. */
  #layer(prefix: string, options: { readonly name?: string }): { readonly name: string; readonly place: string } {
    const { name } = checkObject(prefix, options, "an object of options");
    if (name !== undefined) return { name: checkName(`${prefix}: name`, name), place: `layer "${name}"` };
    const names = new Set(this.#nodes.map((node) => node.name));
    let number = 1;
    while (names.has(`${prefix}${number}`)) number++;
    return { name: `${prefix}${number}`, place: `layer "${prefix}${number}"` };
  }

  #area(place: string): [number, number] {
    if (this.shape.length !== 3) {
      throw new LlifError(
        "SHAPE",
        `${place}: input needs 3 dimensions, got ${this.shape.length} ([${this.shape.join(",")}])`,
      );
    }
    return [this.shape[0], this.shape[1]];
  }

  #window(
    place: string,
    kernel: readonly [number, number],
    options: { stride?: Pair; padding?: PaddingOption; dilation?: Pair },
  ): Window2d {
    const { stride = 1, dilation = 1, padding = "valid" } = options;
    this.#area(place);
    const sizes = {
      kernel,
      stride: checkPair(`${place}: stride`, stride, 1),
      dilation: checkPair(`${place}: dilation`, dilation, 1),
    };
    if (padding === "same") return { ...sizes, padding: samePadding(this.shape, sizes) };
    return { ...sizes, padding: paddingOf(`${place}: padding`, padding === "valid" ? 0 : padding) };
  }

  #pooled(place: string, options: PoolOptions): Window2d & { readonly shape: Shape } {
    const { size, stride = size, ceil = false } = options;
    const window = this.#window(place, checkPair(`${place}: size`, size, 1), { ...options, stride });
    return {
      ...window,
      shape: [...windowedExtents(place, this.shape, window, checkBoolean(`${place}: ceil`, ceil)), this.shape[2]],
    };
  }
}

/**
 * @example reluNetwork({ input: [28, 28, 1] }).conv2d({ weights, padding: "same" }).relu().maxPool({ size: 2 }).dense({
 * weights }).build()
 * @throws {LlifError} ARGUMENT or SHAPE at the call whose layer does not fit.
 */
export function reluNetwork(options: ReluNetworkOptions): ReluNetworkBuilder {
  const checked = checkedOptions("reluNetwork", options);
  return new ReluNetworkBuilder(checked, [{ kind: "input", name: "input", from: [], shape: checked.input }]);
}

function checkedOptions(place: string, options: ReluNetworkOptions): ReluNetworkOptions & { readonly input: Shape } {
  const { input, name, convention, classes } = checkOptions(place, options, networkKeys);
  const shape = checkExtents(`${place}: input shape`, typeof input === "number" ? [input] : input);
  if (name !== undefined) checkName(`${place}: name`, name);
  if (convention !== undefined) checkConvention(`${place}: convention`, convention, channelsOf(shape));
  if (classes !== undefined) checkStrings(`${place}: classes`, classes);
  return { ...options, input: shape };
}

/** Scale and shift of a batch normalisation, computed in f64 and rounded once to f32. */
export function batchNormAffine(
  place: string,
  parameters: BatchNormOptions,
): { scale: Float32Array; shift: Float32Array } {
  const { gamma, beta, mean, variance, epsilon = 1e-5 } = parameters;
  const channels = gamma.length;
  for (const [key, values] of Object.entries({ beta, mean, variance })) {
    if (values.length !== channels)
      throw new LlifError(
        "SHAPE",
        `${place}: ${key}: expected ${channels} values, one a channel, got ${values.length}`,
      );
  }
  const scale = new Float32Array(channels);
  const shift = new Float32Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    const gain =
      gamma[channel] /
      Math.sqrt(checkFinite(`${place}: variance + epsilon`, variance[channel] + epsilon, { above: 0 }));
    scale[channel] = gain;
    shift[channel] = beta[channel] - mean[channel] * gain;
  }
  return { scale, shift };
}

/** Padding from one number for all sides, or [above and below, left and right]. */
function paddingOf(place: string, padding: Pair | Padding): Padding {
  if (typeof padding !== "number" && !Array.isArray(padding)) return checkPadding(place, padding as Padding);
  const [vertical, horizontal] = checkPair(place, padding as Pair, 0);
  return { top: vertical, left: horizontal, bottom: vertical, right: horizontal };
}

function kernelOf(place: string, weights: Tensor): [number, number] {
  const { shape } = checkTensor(`${place}: weights`, weights);
  if (shape.length !== 4)
    throw new LlifError("SHAPE", `${place}: kernel needs 4 dimensions, got ${shape.length} ([${shape.join(",")}])`);
  return [shape[0], shape[1]];
}

function weightsOf(
  place: string,
  { weights, bias, groups = 1 }: Conv2dOptions,
): { weights: Tensor; bias: Float32Array; groups: number } {
  return {
    weights,
    bias: vector(`${place}: bias`, bias, weights.shape[3]),
    groups: checkInteger(`${place}: groups`, groups, 1),
  };
}

function vector(place: string, values: ArrayLike<number> | undefined, length: number): Float32Array {
  return values === undefined ? new Float32Array(length) : Float32Array.from(checkNumbers(place, values));
}
