// What the library asks of a kind of synapse. Other files use these rules; none asks which kind it is.
import type { OptionKeys } from "../../check.ts";
import type { Shape } from "../../tensor.ts";
import { bitsOf, type Arithmetic, type Charges } from "../charges.ts";
import type { Plasticity } from "../plasticity.ts";

/** What every synapse has. */
export interface SynapseBase {
  /** Tells synapses between the same two nodes apart, and names one at run time; unique in a network. */
  readonly name?: string;
  readonly from: string;
  readonly to: string;
  /** 0: a spike arrives in the tick in which it fires. */
  readonly delayTicks: number;
  readonly weights: Charges;
  /** Name of the current of the target that spikes reach; absent: the membrane potential. */
  readonly into?: string;
  /** How the weights change in a run; absent: they do not. */
  readonly plasticity?: Plasticity;
}

/** Where a synapse is, for messages. */
export function synapsePlace({ name, from, to }: Pick<SynapseBase, "name" | "from" | "to">): string {
  return name === undefined ? `synapse "${from}" to "${to}"` : `synapse "${name}"`;
}

/** A synapse without its ends, with weights of any type of number. */
export type Connection<S> = S extends SynapseBase
  ? Omit<S, keyof SynapseBase> & { readonly weights: ArrayLike<number> }
  : never;

/** Makes a synapse, but for its ends, of an option of the builder. @throws {LlifError} ARGUMENT or SHAPE */
export type Connector<S = { readonly weights: Charges }> = (
  place: string,
  option: never,
  from: Shape,
  to: Shape,
) => S extends unknown ? Omit<S, "from" | "to" | "delayTicks"> : never;

/**
 * Weights arranged so that a spike adds contiguous rows. `rowsOf(neuron)` writes the pairs (first target, first weight)
 * of the neuron's rows into `rows` and returns their number.
 */
export interface Rows {
  readonly weights: Charges;
  readonly rowLength: number;
  readonly rows: Int32Array;
  readonly rowsOf: (neuron: number) => number;
}

/** Number of targets of each source element: all, and those with nonzero weights. */
export interface Fanout {
  readonly existing: Float64Array;
  readonly nonzero: Float64Array;
}

/**
 * Called with a weight, its index, and its output and input: flat indices, or channels where positions share weights;
 * an element index (modulo weights) for identity.
 */
export type VisitWeight = (output: number, input: number, weight: number, index: number) => void;

/** The rules of a kind of synapse; one file per kind. */
export interface SynapseRules<S extends SynapseBase, C = Connection<S>> {
  readonly keys: OptionKeys<S>;
  /** "rate": only networks whose neurons need not be plain may have it. */
  readonly codes: "any" | "rate";
  /** Whether one weight serves every position of the target. */
  readonly sharesWeights: boolean;
  /** Whether its weights may change in a run. */
  readonly plastic: boolean;
  /** What the outputs of `walk` are: neurons of the target, or its channels. */
  readonly outputs: "neurons" | "channels";
  /** Whether a target has one of the weights with its output, rather than all of them. */
  readonly oneToOne: boolean;
  /** Checks the geometry and the arrays. @throws {LlifError} ARGUMENT or SHAPE, naming the field. */
  check(place: string, synapse: S, from: Shape, to: Shape, arithmetic: Arithmetic): void;
  /** The definition, as the reference engine delivers spikes. */
  rows(synapse: S, from: Shape, to: Shape): Rows;
  /** Visits each weight in the order of the array. */
  walk(connection: C, to: Shape, visit: VisitWeight): void;
  fanout(connection: C, from: Shape, to: Shape): Fanout;
  /** Pairs of a source and a target, roughly: as if nothing were padded. */
  pairs(connection: C, to: Shape): number;
  /** The kind's number and its own words, in the order of crates/core/src/synapse/spec.rs. */
  words(synapse: S, to: Shape): readonly number[];
  /** Number of indices that it has beside its weights. */
  indices(synapse: S): number;
  /** The arrays that follow, which the core takes in pieces. */
  arrays(synapse: S): readonly Uint32Array[];
}

export const baseKeys = {
  kind: true,
  name: true,
  from: true,
  to: true,
  delayTicks: true,
  weights: true,
  into: true,
  plasticity: true,
} as const;

/** The rules of most kinds. */
export const usual = {
  codes: "any",
  sharesWeights: false,
  plastic: false,
  outputs: "neurons",
  oneToOne: false,
  indices: () => 0,
  arrays: ({ weights }: SynapseBase) => [bitsOf(weights)],
} as const;
