import { depths, synapsesTo, type Charges, type Conv2dSynapse, type SpikingNetwork, type SpikingPool, type Synapse } from "../spiking/network.ts";
import { channelsOf, sizeOf, type Shape } from "../tensor.ts";
import { expandCharges, type PreparedNetwork, type Recording } from "./simulator.ts";

/** `RawSimulator` of crates/wasm/src/simulator.rs: numbers name nodes, charges are bits of float32 or int32. */
export interface RawSimulator {
  synapse(source: number, convolution: Uint32Array, identity: boolean, weights: Uint32Array): void;
  layer(shape: Uint32Array, integers: Uint32Array, leakFactor: number, floor: number, bias: Uint32Array, threshold: Uint32Array, initial: Uint32Array, recordSpikes: boolean, traced: Uint32Array): number;
  pool(source: number, sum: boolean, shape: Uint32Array, window: Uint32Array): number;
  reset(): void;
  runConstant(values: Uint32Array, ticks: number): void;
  runEvents(neurons: Uint32Array, starts: Uint32Array, ticks: number): void;
  charges(node: number): Uint32Array;
  counts(node: number): Uint32Array;
  spikeTicks(node: number): Uint32Array;
  spikeNeurons(node: number): Uint32Array;
  traces(node: number): Uint32Array;
  spikeCount(): number;
  synapticOperations(): number;
  free(): void;
}

export type RawSimulatorClass = new (input: Uint32Array, interleaved: boolean, double: boolean, shifts: Uint32Array, payloads: Uint32Array) => RawSimulator;

/** The network in the core, and the core's numbers of the nodes: 0 is the input. */
export interface CoreNetwork {
  readonly raw: RawSimulator;
  readonly numbers: ReadonlyMap<string, number>;
}

/** Hands a checked network over to the core, node by node, as flat typed arrays. */
export function buildCore(Raw: RawSimulatorClass, { network, schedule }: PreparedNetwork, recording: Recording): CoreNetwork {
  const shifts = Uint32Array.from(schedule.firing, ({ thresholdFactor }) => Math.log2(thresholdFactor));
  const payloads = Uint32Array.from(schedule.firing, ({ payload }) => payload);
  const raw = new Raw(extents(network.input.shape), schedule.interleaved, schedule.integrationGain === 2, shifts, payloads);
  const numbers = new Map([[network.input.name, 0]]);
  try {
    addNodes(raw, network, recording, numbers);
  } catch (error) {
    raw.free();
    throw error;
  }
  return { raw, numbers };
}

function addNodes(raw: RawSimulator, network: SpikingNetwork, recording: Recording, numbers: Map<string, number>): void {
  const depth = depths(network);
  const numberOf = (name: string): number => numbers.get(name) as number;
  for (const node of network.nodes) {
    if (node.kind === "pool") {
      numbers.set(node.name, raw.pool(numberOf(node.from), node.mode === "sum", extents(node.shape), windowSizes(node)));
      continue;
    }
    for (const synapse of synapsesTo(network, node.name)) {
      raw.synapse(numberOf(synapse.from), convolutionSizes(synapse), synapse.kind === "identity", bitsOf(synapse.weights));
    }
    const bias = bitsOf(expandCharges(node.bias, node.shape));
    if (node.kind === "output") {
      numbers.set(node.name, raw.layer(extents(node.shape), Uint32Array.of(0, 0, 1, 0, 0), 1, -Infinity, bias, new Uint32Array(0), new Uint32Array(0), false, new Uint32Array(0)));
      continue;
    }
    const { refractory } = node;
    const integers = Uint32Array.of(depth.get(node.name) ?? 0, Number(node.reset === "hard"), node.spikesPerTick, refractory.ticks, Number(refractory.input === "discard"));
    const threshold = bitsOf(expandCharges(node.threshold, node.shape));
    const initial = bitsOf(expandCharges(node.initialPotential, node.shape));
    const traced = recording.potentials.find(({ population }) => population === node.name)?.neurons ?? new Uint32Array(0);
    numbers.set(node.name, raw.layer(extents(node.shape), integers, node.leakFactor, node.floor, bias, threshold, initial, recording.spikes.includes(node.name), traced));
  }
}

/** Height, width, channels; a shape without positions is one position. */
function extents(shape: Shape): Uint32Array {
  return shape.length === 3 ? Uint32Array.from(shape) : shape.length < 2 ? Uint32Array.of(1, 1, sizeOf(shape)) : Uint32Array.of(1, sizeOf(shape) / channelsOf(shape), channelsOf(shape));
}

/** Kernel, stride, dilation (vertical, horizontal), padding (top, left). */
function windowSizes({ kernel, stride, dilation, padding }: Conv2dSynapse | SpikingPool): Uint32Array {
  return Uint32Array.of(...kernel, ...stride, ...dilation, padding.top, padding.left);
}

function convolutionSizes(synapse: Synapse): Uint32Array {
  return synapse.kind === "conv2d" ? Uint32Array.of(...windowSizes(synapse), synapse.groups) : new Uint32Array(0);
}

/** The same memory as 32-bit words. */
export function bitsOf(charges: Charges): Uint32Array {
  return new Uint32Array(charges.buffer, charges.byteOffset, charges.length);
}
