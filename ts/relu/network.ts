// The data type of a trained ReLU network: its nodes and input convention.
import { LlifError } from "../errors.ts";
import { checkArray, checkObject } from "../check.ts";
import { channelsOf, type Shape, type Tensor } from "../tensor.ts";

/**
 * A trained ReLU network: an immutable graph in topological order. Everything is channels last; readers of
 * channels-first data permute weights once, so that no later stage needs to know about layouts.
 */
export interface ReluNetwork {
  readonly name: string;
  /** Topological: each node comes after the nodes it names in `from`. Names are unique. */
  readonly nodes: readonly ReluNode[];
  /** Names of the output nodes, in the model's order. */
  readonly outputs: readonly string[];
  /** How pixels become the values of the input node. */
  readonly convention: InputConvention;
  /** Class names by output index; empty if unknown. */
  readonly classes: readonly string[];
}

/** model input = (pixel · scale − mean[c]) / std[c], pixel in 0…255. */
export interface InputConvention {
  readonly scale: number;
  /** One value for each channel, or one for all. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Order of an image's channels. */
  readonly channelOrder: "RGB" | "BGR" | "gray";
  /** [height, width] to which an image is resized, before `crop`. */
  readonly resize?: readonly [number, number];
  /** [height, width] of the centre crop. */
  readonly crop?: readonly [number, number];
}

/** Used if the model has no description: pixels / 255, RGB. */
export const defaultConvention: InputConvention = { scale: 1 / 255, mean: [0], std: [1], channelOrder: "RGB" };

/** The default convention for an input shape: gray if it has one channel. */
export function conventionFor(input: Shape): InputConvention {
  return channelsOf(input) === 1 ? { ...defaultConvention, channelOrder: "gray" } : defaultConvention;
}

interface NodeBase {
  readonly name: string;
  /** Names of the nodes whose outputs this node reads. */
  readonly from: readonly string[];
  /** Output shape, channels last, without batch. */
  readonly shape: Shape;
}

export interface InputNode extends NodeBase {
  readonly kind: "input";
}

/** y = W·x + b. */
export interface DenseNode extends NodeBase {
  readonly kind: "dense";
  /** Shape [outputs, inputs]. */
  readonly weights: Tensor;
  /** One for each output. */
  readonly bias: Float32Array;
}

/** Padding in cells; padded cells are zero. */
export interface Padding {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** Sizes as [vertical, horizontal]. */
export interface Window2d {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly padding: Padding;
}

/** Convolution in the sense of all frameworks: cross-correlation. */
export interface Conv2dNode extends NodeBase, Window2d {
  readonly kind: "conv2d";
  /**
   * Shape [kernelHeight, kernelWidth, inputChannels / groups, outputChannels]. Output channel o belongs to group
   * floor(o · groups / outputChannels).
   */
  readonly weights: Tensor;
  /** One for each output channel. */
  readonly bias: Float32Array;
  readonly groups: number;
}

/**
 * Transposed convolution: input row y reaches output rows y·stride − padding.top + ky·dilation; columns likewise. The
 * padding is cut off the output; `shape` may have up to max(stride, dilation) − 1 additional rows and columns at the
 * end.
 */
export interface ConvTranspose2dNode extends NodeBase, Window2d {
  readonly kind: "convTranspose2d";
  /** Shape [kernelHeight, kernelWidth, inputChannels / groups, outputChannels], groups as in a convolution. */
  readonly weights: Tensor;
  /** One for each output channel. */
  readonly bias: Float32Array;
  readonly groups: number;
}

/** y = scale[c]·x + shift[c]: batch normalisation in inference, and arithmetic with constants. */
export interface AffineNode extends NodeBase {
  readonly kind: "affine";
  /** One for each channel (last axis). */
  readonly scale: Float32Array;
  readonly shift: Float32Array;
}

/** y = min(x, ceiling) for x ≥ 0, else slope[c]·x. */
export interface ReluActivationNode extends NodeBase {
  readonly kind: "relu";
  /** Infinity for the plain ReLU, 6 for ReLU6. */
  readonly ceiling: number;
  /** Factor on negative values, one for each channel (last axis): LeakyReLU, PReLU. Absent: 0. */
  readonly slope?: Float32Array;
}

/** Windows that are partly outside the input (ceil mode) are clipped to it; `shape` gives the number of windows. */
export interface MaxPoolNode extends NodeBase, Window2d {
  readonly kind: "maxPool";
}

export interface AveragePoolNode extends NodeBase, Window2d {
  readonly kind: "averagePool";
  /** Whether padded cells count in the divisor; cells beyond the padding (ceil mode) never do. */
  readonly countPadding: boolean;
}

/** Zeros around a value [height, width, channels]. */
export interface PadNode extends NodeBase {
  readonly kind: "pad";
  readonly padding: Padding;
}

/** The same elements in the same (channels-last) order under another shape. */
export interface ReshapeNode extends NodeBase {
  readonly kind: "reshape";
}

/** Elementwise sum of two or more nodes of the same shape. */
export interface AddNode extends NodeBase {
  readonly kind: "add";
}

/** Concatenation along the channels. */
export interface ConcatNode extends NodeBase {
  readonly kind: "concat";
}

/** Allowed only at an output: turns logits into probabilities, which changes no decision. */
export interface SoftmaxNode extends NodeBase {
  readonly kind: "softmax";
  /** LogSoftmax: logarithms of the probabilities. */
  readonly logarithm?: true;
}

export type ReluNode =
  | InputNode
  | DenseNode
  | Conv2dNode
  | ConvTranspose2dNode
  | AffineNode
  | ReluActivationNode
  | MaxPoolNode
  | AveragePoolNode
  | PadNode
  | ReshapeNode
  | AddNode
  | ConcatNode
  | SoftmaxNode;

/** The only input node. */
export function inputOf(network: ReluNetwork): InputNode {
  const nodes = checkArray<ReluNode>("network: nodes", checkObject("network", network, "a ReLU network").nodes);
  const input = nodes.find((node) => node?.kind === "input");
  if (input === undefined)
    throw new LlifError("ARGUMENT", `network "${network.name}": expected an input node, got none`);
  return input;
}
