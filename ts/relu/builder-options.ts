// Options of the ReLU network builder.
import type { OptionKeys } from "../check.ts";
import type { Shape, Tensor } from "../tensor.ts";
import type { InputConvention, Padding } from "./network.ts";

/** One number for both axes, or [vertical, horizontal]. */
export type Pair = number | readonly [number, number];

/**
 * Cells on all sides, or per side; `valid`: none; `same`: ceil(extent / stride) windows, with an odd cell at the end.
 */
export type PaddingOption = number | "same" | "valid" | Padding;

export interface ReluNetworkOptions {
  /** Input shape, channels last, without batch; 3 means [3]. */
  readonly input: number | Shape;
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
  /** Additional rows and columns at the end of the output, fewer than max(stride, dilation). */
  readonly outputPadding?: Pair;
}

export interface PoolOptions {
  readonly size: Pair;
  /** Default: the size of the window, so that windows do not overlap. */
  readonly stride?: Pair;
  readonly padding?: PaddingOption;
  readonly dilation?: Pair;
  /** Whether to count a last window that is only partly inside the input. */
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

export const networkKeys: OptionKeys<ReluNetworkOptions> = { input: true, name: true, convention: true, classes: true };
export const convKeys: OptionKeys<Conv2dOptions> = {
  weights: true,
  bias: true,
  stride: true,
  padding: true,
  dilation: true,
  groups: true,
  name: true,
};
export const poolKeys: OptionKeys<PoolOptions> = {
  size: true,
  stride: true,
  padding: true,
  dilation: true,
  ceil: true,
  name: true,
};
export const batchNormKeys: OptionKeys<BatchNormOptions> = {
  gamma: true,
  beta: true,
  mean: true,
  variance: true,
  epsilon: true,
  name: true,
};
/** Options of a layer that has only a name. */
export const nameKeys = { name: true } as const;
