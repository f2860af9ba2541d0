import type { Window2d } from "../../relu/network.ts";
import type { Shape } from "../../tensor.ts";
import type { Linear } from "./linear.ts";

/** One synapse of a folded layer: weights as in the ReLU network's node of that kind, in float64. */
export interface FoldedSynapse {
  readonly from: string;
  readonly linear: Linear;
}

/** Where the elements of a part lie in a tensor: index i at floor(i / block) · stride + offset + i mod block. */
export interface Place {
  readonly offset: number;
  readonly block: number;
  readonly stride: number;
}

/** Which values of the ReLU network a layer's counts stand for, so that its scale can be calibrated. */
export interface Activation {
  readonly node: string;
  /** Where its elements lie in that node. */
  readonly place: Place;
  /** How many there are: fewer than neurons where a max pool follows. */
  readonly size: number;
  /** Positive part, negative part, or both. */
  readonly side: "positive" | "negative" | "both";
}

/** One population: clip(Σ linear(source) + bias, 0, ceiling). */
export interface FoldedLayer {
  readonly kind: "layer";
  readonly name: string;
  readonly shape: Shape;
  readonly synapses: readonly FoldedSynapse[];
  /** One for each channel, or one for each neuron. */
  readonly bias: Float64Array;
  readonly ceiling: number;
  /** False: counts of either sign, no ReLU. */
  readonly rectified: boolean;
  /** The count stands for the value plus the scale: values of −scale … 0 (the negative side, in an order that max pools keep). */
  readonly complement: boolean;
  /** Null: repeats the input's counts. */
  readonly activation: Activation | null;
  /** Holds the negative side of another layer's value, which readers weigh by the slope; null for a value of its own, or where slopes are not by channel. */
  readonly negativeOf: { readonly layer: string; readonly slope: Float64Array } | null;
}

/** Integrates and never fires. */
export interface FoldedOutput {
  readonly kind: "output";
  readonly name: string;
  readonly shape: Shape;
  readonly synapses: readonly FoldedSynapse[];
  readonly bias: Float64Array;
  /** The model ends in a ReLU. */
  readonly rectified: boolean;
}

export interface FoldedPool extends Window2d {
  readonly kind: "pool";
  readonly name: string;
  readonly shape: Shape;
  readonly from: string;
  readonly mode: "max" | "sum";
  /** How often each window of a sum counts, one for each output position; null: once. */
  readonly multiplicity: Uint32Array | null;
}

export type FoldedNode = FoldedLayer | FoldedOutput | FoldedPool;

export interface FoldedNetwork {
  readonly input: { readonly name: string; readonly shape: Shape };
  readonly nodes: readonly FoldedNode[];
}
