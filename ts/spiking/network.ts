// The data type of a spiking network: populations, pools, outputs and synapses.
import { checkInteger, checkObject, checkArray } from "../check.ts";
import type { InputConvention, Window2d } from "../relu/network.ts";
import type { Shape } from "../tensor.ts";
import type { Arithmetic, Charges } from "./charges.ts";
import { rulesOf, type Code } from "./code.ts";
import type { LlifNeuron } from "./neurons/llif.ts";
import type { Neuron } from "./neurons/models.ts";
import type { DenseSynapse } from "./synapses/dense.ts";
import type { IdentitySynapse } from "./synapses/identity.ts";
import type { Synapse } from "./synapses/kinds.ts";
import type { Conv2dSynapse, ConvTranspose2dSynapse } from "./synapses/windowed.ts";

export type {
  Arithmetic,
  Charges,
  Conv2dSynapse,
  ConvTranspose2dSynapse,
  DenseSynapse,
  IdentitySynapse,
  LlifNeuron,
  Neuron,
  Synapse,
};

/**
 * A network of linear leaky integrate-and-fire neurons: an immutable, serialisable graph.
 * Charge is in the unit of the thresholds; one spike of a source delivers the synapse's weight.
 */
export interface SpikingNetwork {
  readonly name: string;
  readonly code: Code;
  /** Determined by the code. */
  readonly arithmetic: Arithmetic;
  /** Ticks of a window (layerwise), or default ticks of a run (synchronous). */
  readonly windowTicks: number;
  /** Largest count a window carries: T of T7. Equals `windowTicks` for `rate` and for `ttfs` with bits, 2^K − 1 for K-bit `phase`,
   * (3^K − 1)/2 for K ternary digits; 0 where time is real-valued (`ttfs` in float32, T9: one tick is a whole window).
   * */
  readonly levels: number;
  /** Length of a tick in seconds; 1 if time has no physical unit. */
  readonly dtSeconds: number;
  readonly input: SpikingInput;
  /** Topological: each node comes after all nodes from which a synapse without delay, or a pool, reads. */
  readonly nodes: readonly SpikingNode[];
  /** The order of summation for each target. */
  readonly synapses: readonly Synapse[];
  readonly convention: InputConvention;
  /** Class names by output index; empty if unknown. */
  readonly classes: readonly string[];
}

/** The input: constant current (`values`), or spikes. */
export interface SpikingInput {
  readonly name: string;
  readonly shape: Shape;
  /**
   * With `counts`, a value x becomes the integer N_0 = round(x / unit). Minimum 0: pixels, where uint8 values are N_0
   * themselves; below 0: float inputs, clipped to [minimum, maximum]. Null in networks built by hand: values are used
   * unchanged, as float32.
   */
  readonly counts: { readonly unit: number; readonly minimum: number; readonly maximum: number } | null;
}

/** Neurons of one kind. Arrays have one value per channel (last axis of `shape`), or one per neuron. */
export interface Population {
  readonly kind: "population";
  readonly name: string;
  readonly shape: Shape;
  /** Synchronous: charge c added each tick (the leak current enters here). Layerwise: charge B added once a window. */
  readonly bias: Charges;
  readonly neuron: Neuron;
  /** False: a linear neuron, whose count may be negative; only in balanced ternary phase (T12 without the max). */
  readonly rectified: boolean;
  /**
   * Activation of one count, per channel. Layerwise: a = unit · N (δ of docs/mathematics.md).
   * Synchronous: a = unit · N / ticks (s), or, with signed spikes, unit · N · windowTicks / ticks. Real-valued ttfs: a
   * = unit · (1 − t), where t is the spike's time in its window. Ones in networks built by hand.
   */
  readonly unit: Float64Array;
  /** Activation at which the model itself saturates (ReLU6), per channel; absent if only the scale limits it. */
  readonly ceiling?: Float64Array;
  /** The value whose negative side this is; absent for other populations. Read by `toRelu`, not by engines. */
  readonly negativeOf?: NegativeSide;
}

/** The negative side min(0, value) of a value that two populations represent (LeakyReLU, PReLU, a linear layer). */
export interface NegativeSide {
  /** The population of the positive side. */
  readonly population: string;
  /** Factor per channel that readers apply to the negative side, relative to the positive side. */
  readonly slope: Float64Array;
  /**
   * False: a = −min(0, value). True: a = min(0, value) + scale, whose order max pools keep; the scale is the `ceiling`.
   */
  readonly complement: boolean;
}

/** Passes spikes on, without neurons. Sum: every member's spike. Max: spikes that give the largest count. */
export interface SpikingPool extends Window2d {
  readonly kind: "pool";
  readonly name: string;
  readonly shape: Shape;
  readonly from: string;
  readonly mode: "max" | "sum";
  /** For sums: how often a member's spike is passed on, per output position (row-major); absent: once. */
  readonly multiplicity?: Uint32Array;
}

/** Integrates and never fires. Layerwise: y = unit · charge. Synchronous: y = unit · charge / ticks. */
export interface SpikingOutput {
  readonly kind: "output";
  readonly name: string;
  readonly shape: Shape;
  /** Charge per tick (synchronous) or per window (layerwise), as for a population. */
  readonly bias: Charges;
  /** One for each channel. */
  readonly unit: Float64Array;
  /** Whether negative outputs read as zero, because the model ends in a ReLU. */
  readonly rectified: boolean;
}

export type SpikingNode = Population | SpikingPool | SpikingOutput;

/** Whether all layers tick together; otherwise each layer waits for the window of the layer before. */
export function isSynchronous({ code }: Pick<SpikingNetwork, "code">): boolean {
  return rulesOf(code).flags.schedule === "synchronous";
}

/** Whether a spike may be −1. */
export function hasSignedSpikes({ code }: Pick<SpikingNetwork, "code">): boolean {
  return rulesOf(code).flags.spikes === "signed";
}

/** Signed rate: negative spikes cancel earlier ones, which are then not counted (T8). */
export function cancelsSpikes({ code }: Pick<SpikingNetwork, "code">): boolean {
  return rulesOf(code).cancelsSpikes;
}

/** Whether the value is in the time of a spike and not in a count: real-valued `ttfs`. */
export function hasRealTimes({ code }: Pick<SpikingNetwork, "code">): boolean {
  return rulesOf(code).realTimes;
}

export function populationsOf(network: SpikingNetwork): Population[] {
  return nodesOf(network).filter((node) => node.kind === "population");
}

export function outputsOf(network: SpikingNetwork): SpikingOutput[] {
  return nodesOf(network).filter((node) => node.kind === "output");
}

/** Checks only the list of nodes, because these functions are also used while a network is built. */
function nodesOf(network: SpikingNetwork): readonly SpikingNode[] {
  return checkArray<SpikingNode>("network: nodes", checkObject("network", network, "a spiking network").nodes);
}

export function synapsesTo<S extends Synapse>(network: { readonly synapses: readonly S[] }, name: string): S[] {
  return network.synapses.filter((synapse) => synapse.to === name);
}

/** Shape of the node or input of that name. */
export function shapeOf(network: SpikingNetwork, name: string): Shape {
  if (name === network.input.name) return network.input.shape;
  const node = network.nodes.find((candidate) => candidate.name === name);
  if (node === undefined) throw new TypeError(`network "${network.name}" has no node "${name}"`);
  return node.shape;
}

/** Populations on the longest path up to and including each node; 0 for the input. Pools add none. */
export function depths(network: SpikingNetwork): Map<string, number> {
  const depth = new Map<string, number>([[network.input.name, 0]]);
  for (const node of network.nodes) {
    const sources = node.kind === "pool" ? [node.from] : synapsesTo(network, node.name).map((synapse) => synapse.from);
    const deepest = Math.max(0, ...sources.map((source) => depth.get(source) ?? 0));
    depth.set(node.name, node.kind === "population" ? deepest + 1 : deepest);
  }
  return depth;
}

/**
 * Divisor of counts and charges of the first `ticks` ticks that gives activations, together with their unit. The unit
 * is per tick in synchronous rate, and per window in signed rate (T8), where part of a window is scaled up, and in
 * layerwise codes.
 */
export function chargeDivisor({ code, windowTicks }: SpikingNetwork, ticks: number): number {
  return rulesOf(code).divisor(ticks, windowTicks);
}

/** Ticks from the first input to the decision, for one sample alone: T, or (L + 1) windows. */
export function latencyTicks(network: SpikingNetwork, ticks: number = nodesOf(network) && network.windowTicks): number {
  nodesOf(network);
  checkInteger("latencyTicks: ticks", ticks, 1);
  if (isSynchronous(network)) return ticks;
  return (Math.max(0, ...depths(network).values()) + 1) * network.windowTicks;
}
