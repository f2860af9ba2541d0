import { depths, shapeOf, synapsesTo, type Charges, type Conv2dSynapse, type ConvTranspose2dSynapse, type SpikingNetwork, type SpikingPool, type Synapse } from "../spiking/network.ts";
import { channelsOf, sizeOf, type Shape } from "../tensor.ts";
import type { EventInput } from "./input.ts";
import type { PreparedNetwork, Recording } from "./simulator.ts";

/** `RawNetwork` of crates/wasm/src/network.rs: numbers name nodes, charges are bits of float32 or int32. */
export interface RawNetwork {
  takeBack(windowTicks: number, cap: number, once: boolean): void;
  time(slots: number): void;
  layer(shape: Uint32Array, integers: Uint32Array, leakFactor: number, floor: number, narrow: boolean, bias: Uint32Array, threshold: Uint32Array, initial: Uint32Array, incoming: Uint32Array, recordSpikes: boolean, traced: Uint32Array): number;
  weights(synapse: number, values: Uint32Array): void;
  pool(source: number, sum: boolean, shape: Uint32Array, window: Uint32Array, multiplicity: Uint32Array): number;
  free(): void;
  [Symbol.dispose](): void;
}

/** `RawSimulator` of crates/wasm/src/simulator.rs: a run returns the address of its table. */
export interface RawSimulator {
  /** From now on what every node sends is counted. */
  countSent(): void;
  /** Of the last run. */
  sent(node: number): Uint32Array;
  reset(): void;
  runConstant(values: Uint32Array, ticks: number): number;
  /** @param values constant current beside the spikes, in synchronous networks; empty: none. */
  runEvents(neurons: Uint32Array, starts: Uint32Array, values: Uint32Array, ticks: number): number;
  runValues(neurons: Uint32Array, values: Uint32Array): number;
  beginPipeline(): void;
  /** Address of the table of the sample that is done, or 0. */
  passConstant(values: Uint32Array): number;
  passEvents(neurons: Uint32Array, starts: Uint32Array): number;
  passValues(neurons: Uint32Array, values: Uint32Array): number;
  passNothing(): number;
  /** Goes on without input and bias until a tick is silent, as part of the last run. */
  settle(): number;
  /** Ticks that this took. */
  settlingTicks(): number;
  free(): void;
}

/** What the core exports, as far as simulation needs it. */
export interface RawCore {
  readonly RawNetwork: new (input: Uint32Array, interleaved: boolean, gain: number, firing: Uint32Array, raised: boolean, cap: number) => RawNetwork;
  /** Takes the network over. */
  readonly RawSimulator: new (network: RawNetwork, counts: boolean) => RawSimulator;
}

/** The network in the core, and the core's numbers of the nodes: 0 is the input. */
export interface CoreNetwork {
  readonly raw: RawSimulator;
  readonly numbers: ReadonlyMap<string, number>;
}

/** Words of weights that cross at once: a whole copy of a large layer would stay in the core's memory, which never shrinks. */
const pieceLength = 2 ** 15;

/** Hands a checked network over to the core, node by node, as flat typed arrays. */
export function buildCore(core: RawCore, { network, schedule }: PreparedNetwork, recording: Recording): CoreNetwork {
  const { interleaved, integrationGain, raisedToZero, cappedAt } = schedule;
  // A spike of `ttfs` carries what its time stands for: the core does not go through the slots of its window.
  const timed = network.code === "ttfs";
  const firing = timed ? new Uint32Array(0) : Uint32Array.from(schedule.firing.flatMap(({ above, below, payload }) => [above, below === null ? 0 : below + 1, payload]));
  const raw = new core.RawNetwork(extents(network.input.shape), interleaved, integrationGain, firing, raisedToZero, cappedAt ?? 0);
  // Nodes are numbered in order, so that a recurrent synapse may name a later one.
  const numbers = new Map([network.input, ...network.nodes].map(({ name }, number) => [name, number]));
  try {
    if (interleaved && network.spikes === "signed") raw.takeBack(network.windowTicks, network.levels, network.settles === true);
    if (timed) raw.time(schedule.firing.length);
    addNodes(raw, network, recording, numbers);
  } catch (error) {
    try {
      raw.free();
    } catch {
      // After a trap the core refuses this too; the first error tells why.
    }
    throw error;
  }
  const simulator = new core.RawSimulator(raw, recording.counts);
  if (recording.sent) simulator.countSent();
  return { raw: simulator, numbers };
}

function addNodes(raw: RawNetwork, network: SpikingNetwork, recording: Recording, numbers: ReadonlyMap<string, number>): void {
  const depth = depths(network);
  const numberOf = (name: string): number => numbers.get(name) as number;
  const none = new Uint32Array(0);
  for (const node of network.nodes) {
    if (node.kind === "pool") {
      raw.pool(numberOf(node.from), node.mode === "sum", extents(node.shape), Uint32Array.from(windowSizes(node)), node.multiplicity ?? none);
      continue;
    }
    const synapses = synapsesTo(network, node.name);
    const incoming = Uint32Array.from(synapses.flatMap((synapse) => synapseNumbers(synapse, numberOf(synapse.from), node.shape, shapeOf(network, synapse.from))));
    const narrow = synapses.every(({ weights }) => isNarrow(weights)) && (network.code !== "ttfs" || network.windowTicks < 2 ** 15);
    const bias = bitsOf(node.bias);
    if (node.kind === "output") {
      raw.layer(extents(node.shape), Uint32Array.of(0, 0, 1, 0, 0, 1), 1, -Infinity, narrow, bias, none, none, incoming, false, none);
    } else {
      const { refractory } = node;
      const integers = Uint32Array.of(depth.get(node.name) ?? 0, Number(node.reset === "hard"), node.spikesPerTick, refractory.ticks, Number(refractory.input === "discard"), Number(node.rectified));
      const traced = recording.potentials.find(({ population }) => population === node.name)?.neurons ?? none;
      const recorded = recording.spikes.includes(node.name);
      raw.layer(extents(node.shape), integers, node.leakFactor, node.floor, narrow, bias, bitsOf(node.threshold), bitsOf(node.initialPotential), incoming, recorded, traced);
    }
    synapses.forEach(({ weights }, index) => {
      const bits = bitsOf(weights);
      for (let first = 0; first < bits.length; first += pieceLength) raw.weights(index, bits.subarray(first, first + pieceLength));
    });
  }
}

/** Height, width, channels; a shape without positions is one position. */
function extents(shape: Shape): Uint32Array {
  return shape.length === 3 ? Uint32Array.from(shape) : shape.length < 2 ? Uint32Array.of(1, 1, sizeOf(shape)) : Uint32Array.of(1, sizeOf(shape) / channelsOf(shape), channelsOf(shape));
}

/** Kernel, stride, dilation (vertical, horizontal), padding (top, left). */
function windowSizes({ kernel, stride, dilation, padding }: Conv2dSynapse | ConvTranspose2dSynapse | SpikingPool): number[] {
  return [...kernel, ...stride, ...dilation, padding.top, padding.left];
}

function synapseNumbers(synapse: Synapse, source: number, shape: Shape, sourceShape: Shape): number[] {
  const later = [synapse.delayTicks, ...extents(sourceShape)];
  if (synapse.kind === "conv2d") return [source, 1, ...windowSizes(synapse), synapse.groups, ...later];
  if (synapse.kind === "convTranspose2d") return [source, 4, ...windowSizes(synapse), synapse.groups, ...later];
  const channels = channelsOf(shape);
  const kind = synapse.kind === "dense" ? 0 : synapse.weights.length === channels && channels !== sizeOf(shape) ? 2 : 3;
  return [source, kind, ...new Array<number>(9).fill(0), ...later];
}

/** Whether all weights are integers of 16 bits, whose partial sums the core can keep in as many. */
function isNarrow(weights: Charges): boolean {
  return weights instanceof Int32Array && weights.every((weight) => weight >= -32767 && weight <= 32767);
}

/** Spikes by plane, as the core takes them: a plane is a tick, or, in networks of signed spikes, its spikes +1, then its spikes −1. */
export function planesOf({ neurons, starts, signs }: EventInput, signed: boolean): { readonly neurons: Uint32Array; readonly starts: Uint32Array } {
  if (!signed) return { neurons, starts };
  const ticks = starts.length - 1;
  const [sorted, planes] = [new Uint32Array(neurons.length), new Uint32Array(2 * ticks + 1)];
  let at = 0;
  for (let tick = 0; tick < ticks; tick++) {
    for (const [plane, sign] of [1, -1].entries()) {
      for (let index = starts[tick]; index < starts[tick + 1]; index++) if ((signs?.[index] ?? 1) === sign) sorted[at++] = neurons[index];
      planes[2 * tick + plane + 1] = at;
    }
  }
  return { neurons: sorted, starts: planes };
}

/** What each spike of a real-valued window delivers, 1 − its time, as bits of float32. */
export function remainders({ neurons, times }: EventInput): Uint32Array {
  return bitsOf(Float32Array.from(neurons, (_, index) => 1 - (times?.[index] ?? 0)));
}

/** The same memory as 32-bit words. */
export function bitsOf(charges: Charges): Uint32Array {
  return new Uint32Array(charges.buffer, charges.byteOffset, charges.length);
}
