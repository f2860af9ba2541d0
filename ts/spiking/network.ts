import { checkInteger, checkObject, checkArray } from "../check.ts";
import type { InputConvention, Window2d } from "../relu/network.ts";
import type { Shape } from "../tensor.ts";
import type { Arithmetic, Charges } from "./charges.ts";
import { rulesOf, type Code } from "./code.ts";
import type { LlifNeuron } from "./neurons/llif.ts";
import type { Neuron } from "./neurons/models.ts";

export type { Arithmetic, Charges, LlifNeuron, Neuron };

/**
 * A network of linear leaky integrate-and-fire neurons: an immutable, serialisable graph.
 * Charge is in the unit of the thresholds; one spike of a source delivers the synapse's weight.
 */
export interface SpikingNetwork {
  readonly name: string;
  readonly code: Code;
  /** As the code has it. */
  readonly arithmetic: Arithmetic;
  /** Ticks of a window (layerwise), or of a run that names no other number (synchronous). */
  readonly windowTicks: number;
  /** Largest count a window carries: T of T7. Equals `windowTicks` for `rate` and for `ttfs` with bits, 2^K − 1 for K-bit `phase`,
   *  (3^K − 1)/2 for K ternary digits; 0 where time is real-valued (`ttfs` in float32, T9: one tick is a whole window). */
  readonly levels: number;
  /** Length of one tick in seconds; 1 where time has no physical unit. */
  readonly dtSeconds: number;
  readonly input: SpikingInput;
  /** Topological: each node comes after all nodes from which a synapse without delay, or a pool, reads. */
  readonly nodes: readonly SpikingNode[];
  /** For each target the order here is the order of summation. */
  readonly synapses: readonly Synapse[];
  readonly convention: InputConvention;
  /** Class names by output index; empty if unknown. */
  readonly classes: readonly string[];
}

/** Input enters as constant current (`values`), or as spikes. */
export interface SpikingInput {
  readonly name: string;
  readonly shape: Shape;
  /**
   * With `counts`, a value x becomes the integer N_0 = round(x / unit). Minimum 0: pixels, and a uint8 image is N_0 itself; below 0: float
   * inputs, clipped to [minimum, maximum]. Null in networks built by hand: values are taken as they are, as float32.
   */
  readonly counts: { readonly unit: number; readonly minimum: number; readonly maximum: number } | null;
}

/** Neurons of one kind. Arrays hold one value for each channel (last axis of `shape`), or one for each neuron. */
export interface Population {
  readonly kind: "population";
  readonly name: string;
  readonly shape: Shape;
  /** Synchronous: charge c added each tick (the leak current enters here). Layerwise: charge B added once a window. */
  readonly bias: Charges;
  readonly neuron: Neuron;
  /** False: a linear neuron, whose count may be negative; balanced-ternary phase alone (T12 without the max). */
  readonly rectified: boolean;
  /**
   * Activation that the count stands for, one for each channel. Layerwise: a = unit · N (δ of mapping.md §3).
   * Synchronous: a = unit · N / ticks (s), or, with signed spikes, unit · N · windowTicks / ticks. Real-valued ttfs: a = unit · (1 − t),
   * t the spike's time in its window. Ones in networks built by hand.
   */
  readonly unit: Float64Array;
  /** Activation at which the model itself saturates (ReLU6), one for each channel; absent where only the scale ends the reach. */
  readonly ceiling?: Float64Array;
  /** Absent in a population that stands for its own value. Engines do not read it; `toRelu` does. */
  readonly negativeOf?: NegativeSide;
}

/** Two populations hold one value that may be negative (LeakyReLU, PReLU, a linear layer): the other one its positive side, this one min(0, value). */
export interface NegativeSide {
  /** The population of the positive side. */
  readonly population: string;
  /** What readers make of the negative side, one factor for each channel: they weigh it so much more than the positive one. */
  readonly slope: Float64Array;
  /** False: a = −min(0, value). True: a = min(0, value) + scale, whose order max pools keep; the scale is the `ceiling`. */
  readonly complement: boolean;
}

/** No neurons: passes spikes on. Sum: every member's spike. Max: as contracts.md §5, so that the largest count results. */
export interface SpikingPool extends Window2d {
  readonly kind: "pool";
  readonly name: string;
  readonly shape: Shape;
  readonly from: string;
  readonly mode: "max" | "sum";
  /** Sum alone: how often a member's spike is passed on, one for each output position (row-major); absent: once (contracts.md §5). */
  readonly multiplicity?: Uint32Array;
}

/** Integrates and never fires. Layerwise: y = unit · charge. Synchronous: y = unit · charge / ticks. */
export interface SpikingOutput {
  readonly kind: "output";
  readonly name: string;
  readonly shape: Shape;
  /** As a population's: a tick (synchronous) or a window (layerwise). */
  readonly bias: Charges;
  /** One for each channel. */
  readonly unit: Float64Array;
  /** Negative outputs read as zero: the model ends in a ReLU. */
  readonly rectified: boolean;
}

export type SpikingNode = Population | SpikingPool | SpikingOutput;

interface SynapseBase {
  readonly from: string;
  readonly to: string;
  /** 0: a spike arrives in the tick in which it is fired. */
  readonly delayTicks: number;
}

export interface DenseSynapse extends SynapseBase {
  readonly kind: "dense";
  /** Shape [outputs, inputs], both in channels-last order. */
  readonly weights: Charges;
}

export interface Conv2dSynapse extends SynapseBase, Window2d {
  readonly kind: "conv2d";
  /** Shape [kernelHeight, kernelWidth, inputChannels / groups, outputChannels]. */
  readonly weights: Charges;
  readonly groups: number;
}

/** Transposed convolution: input (y, x) reaches output y · stride − padding.top + ky · dilation, and so for x. The target's shape has the extents. */
export interface ConvTranspose2dSynapse extends SynapseBase, Window2d {
  readonly kind: "convTranspose2d";
  /** Shape [kernelHeight, kernelWidth, inputChannels / groups, outputChannels]. */
  readonly weights: Charges;
  readonly groups: number;
}

/** One to one; weights hold one value for each channel, or one for each neuron. */
export interface IdentitySynapse extends SynapseBase {
  readonly kind: "identity";
  readonly weights: Charges;
}

export type Synapse = DenseSynapse | Conv2dSynapse | ConvTranspose2dSynapse | IdentitySynapse;

/** All layers tick together; else each waits for the window of the one before. */
export function isSynchronous({ code }: Pick<SpikingNetwork, "code">): boolean {
  return rulesOf(code).flags.schedule === "synchronous";
}

/** May a spike be −1? */
export function hasSignedSpikes({ code }: Pick<SpikingNetwork, "code">): boolean {
  return rulesOf(code).flags.spikes === "signed";
}

/** Signed rate: spikes that were cancelled are in no count (T8). */
export function cancelsSpikes({ code }: Pick<SpikingNetwork, "code">): boolean {
  return rulesOf(code).cancelsSpikes;
}

/** Real-valued `ttfs`: the value is in the time of a spike, not in a count. */
export function hasRealTimes({ code }: Pick<SpikingNetwork, "code">): boolean {
  return rulesOf(code).realTimes;
}

export function populationsOf(network: SpikingNetwork): Population[] {
  return nodesOf(network).filter((node) => node.kind === "population");
}

export function outputsOf(network: SpikingNetwork): SpikingOutput[] {
  return nodesOf(network).filter((node) => node.kind === "output");
}

/** No check of the whole network: these functions serve while it is built, too. */
function nodesOf(network: SpikingNetwork): readonly SpikingNode[] {
  return checkArray<SpikingNode>("network: nodes", checkObject("network", network, "a spiking network").nodes);
}

export function synapsesTo(network: SpikingNetwork, name: string): Synapse[] {
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
 * What counts and charges of the first `ticks` ticks are divided by, beside their unit, to give activations: synchronous rate has its unit a tick, signed (T8)
 * a window, of which a part counts as if the rest were alike; layerwise codes have theirs a window, which is always whole.
 */
export function chargeDivisor({ code, windowTicks }: SpikingNetwork, ticks: number): number {
  return rulesOf(code).divisor(ticks, windowTicks);
}

/** Ticks from the first input to the decision, for one sample alone: T, or (L + 1) windows (contracts.md §6). */
export function latencyTicks(network: SpikingNetwork, ticks: number = nodesOf(network) && network.windowTicks): number {
  nodesOf(network);
  checkInteger("latencyTicks: ticks", ticks, 1);
  if (isSynchronous(network)) return ticks;
  return (Math.max(0, ...depths(network).values()) + 1) * network.windowTicks;
}
