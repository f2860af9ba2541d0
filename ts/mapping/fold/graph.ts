// The result of folding: layers of neurons with their synapses, still with float weights.
import type { Window2d } from "../../relu/network.ts";
import type { Shape } from "../../tensor.ts";
import type { Linear } from "./linear.ts";

/** A synapse of a folded layer. Weights have the layout of the ReLU network's node of that kind, in float64. */
export interface FoldedSynapse {
  readonly from: string;
  readonly linear: Linear;
}

/** The place of a part in a tensor: index i is at floor(i / block) · stride + offset + i mod block. */
export interface Place {
  readonly offset: number;
  readonly block: number;
  readonly stride: number;
}

/** The values of the ReLU network that a layer's counts represent, from which its scale is calibrated. */
export interface Activation {
  readonly node: string;
  /** Place of its elements in that node. */
  readonly place: Place;
  /** Number of elements; fewer than neurons if a max pool follows. */
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
  /** One per channel, or one per neuron. */
  readonly bias: Float64Array;
  readonly ceiling: number;
  /** False: counts of either sign, no ReLU. */
  readonly rectified: boolean;
  /**
   * Whether the count represents value + scale, for values of −scale … 0: a negative side whose order max pools keep.
   */
  readonly complement: boolean;
  /** Null for a population that repeats the input's counts. */
  readonly activation: Activation | null;
  /** The layer whose negative side this is, and the factor that readers apply to it; null if there is none. */
  readonly negativeOf: { readonly layer: string; readonly slope: Float64Array } | null;
}

/** Integrates and never fires. */
export interface FoldedOutput {
  readonly kind: "output";
  readonly name: string;
  readonly shape: Shape;
  readonly synapses: readonly FoldedSynapse[];
  readonly bias: Float64Array;
  /** Whether the model ends in a ReLU. */
  readonly rectified: boolean;
}

export interface FoldedPool extends Window2d {
  readonly kind: "pool";
  readonly name: string;
  readonly shape: Shape;
  readonly from: string;
  readonly mode: "max" | "sum";
  /** How often each window of a sum counts, per output position; null: once. */
  readonly multiplicity: Uint32Array | null;
}

export type FoldedNode = FoldedLayer | FoldedOutput | FoldedPool;

export interface FoldedNetwork {
  readonly input: { readonly name: string; readonly shape: Shape };
  readonly nodes: readonly FoldedNode[];
}
