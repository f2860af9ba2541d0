// Writes a network as the messages of 32-bit words that the core reads (crates/core/src/wire.rs).
import { rulesOf, type Code } from "../spiking/code.ts";
import type { RefinedPhase } from "../spiking/codes/refined-phase.ts";
import {
  depths,
  shapeOf,
  synapsesTo,
  type Charges,
  type LlifNeuron,
  type Population,
  type SpikingOutput,
  type SpikingPool,
  type Synapse,
} from "../spiking/network.ts";
import { bitsOf } from "../spiking/charges.ts";
import { payloadsOf } from "../spiking/payloads.ts";
import { neuronWords } from "../spiking/neurons/models.ts";
import { synapseRules } from "../spiking/synapses/kinds.ts";
import { channelsOf, sizeOf, type Shape } from "../tensor.ts";
import type { EventInput } from "./input.ts";
import type { PreparedNetwork } from "./simulator.ts";
import type { Recording } from "./recording.ts";
import { inPieces, message, type MessageField } from "./words.ts";

/** `RawNetwork` of crates/wasm/src/network.rs: numbers name nodes; crates/core/src/wire.rs has the messages. */
export interface RawNetwork {
  /** Adds a node. */
  node(message: Uint32Array): number;
  /** The next weights of a synapse of the last node, as bits of float32 or int32. */
  weights(synapse: number, values: Uint32Array): void;
  free(): void;
  [Symbol.dispose](): void;
}

/** `RawSimulator` of crates/wasm/src/simulator.rs: a run returns the address of its table. */
export interface RawSimulator {
  /** Starts counting the spikes that every node sends. */
  countSent(): void;
  /** Spikes sent in the last run. */
  sent(node: number): Uint32Array;
  reset(): void;
  /** The next run begins after this number of ticks of its frame, in refined phase. */
  resumeAt(tick: number): void;
  runConstant(values: Uint32Array, ticks: number): number;
  /** @param values constant current in addition to the spikes, in synchronous networks; empty: none. */
  runEvents(neurons: Uint32Array, starts: Uint32Array, values: Uint32Array, ticks: number): number;
  runValues(neurons: Uint32Array, values: Uint32Array): number;
  beginPipeline(): void;
  /** Address of the table of the sample that is done, or 0. */
  passConstant(values: Uint32Array): number;
  passEvents(neurons: Uint32Array, starts: Uint32Array): number;
  passValues(neurons: Uint32Array, values: Uint32Array): number;
  passNothing(): number;
  /** Continues the last run without input and bias until a tick is silent. */
  settle(): number;
  /** Number of these ticks. */
  settlingTicks(): number;
  free(): void;
}

/** The exports of the core that simulation needs. */
export interface RawCore {
  readonly RawNetwork: new (message: Uint32Array) => RawNetwork;
  /** Takes ownership of the network. */
  readonly RawSimulator: new (
    network: RawNetwork,
    counts: boolean,
  ) => RawSimulator;
}

/** The network in the core, and the core's numbers of the nodes: 0 is the input. */
export interface CoreNetwork {
  readonly raw: RawSimulator;
  readonly numbers: ReadonlyMap<string, number>;
}

/** Sends a checked network to the core, node by node, as flat typed arrays. */
export function buildCore(core: RawCore, prepared: PreparedNetwork, recording: Recording): CoreNetwork {
  const { network } = prepared;
  const raw = new core.RawNetwork(networkMessage(prepared));
  // Nodes are numbered in advance, because a recurrent synapse may refer to a later one.
  const numbers = new Map([network.input, ...network.nodes].map(({ name }, number) => [name, number]));
  try {
    addNodes(raw, prepared, recording, numbers);
  } catch (error) {
    try {
      raw.free();
    } catch {
      // After a trap this fails too; the first error is thrown.
    }
    throw error;
  }
  const simulator = new core.RawSimulator(raw, recording.counts);
  if (recording.sent) simulator.countSent();
  return { raw: simulator, numbers };
}

function addNodes(
  raw: RawNetwork,
  prepared: PreparedNetwork,
  recording: Recording,
  numbers: ReadonlyMap<string, number>,
): void {
  const { network } = prepared;
  const depth = depths(network);
  const numberOf = (name: string): number => numbers.get(name) as number;
  for (const node of network.nodes) {
    if (node.kind === "pool") {
      raw.node(
        message(
          0,
          ...extents(node.shape),
          numberOf(node.from),
          node.mode === "sum",
          ...windowSizes(node),
          node.multiplicity ?? none,
        ),
      );
      continue;
    }
    const synapses = synapsesTo(network, node.name);
    raw.node(layerMessage(prepared, node, depth.get(node.name) ?? 0, recording, synapses, numberOf));
    synapses.forEach((synapse, index) => {
      for (const words of synapseRules(synapse).arrays(synapse)) {
        inPieces(words, (piece) => raw.weights(index, piece));
      }
    });
  }
}

const none = new Uint32Array(0);
/** Of an output. */
const neverFiring: LlifNeuron = {
  model: "llif",
  threshold: new Float32Array(0),
  initialPotential: new Float32Array(0),
};

type CodeWords = (prepared: PreparedNetwork) => MessageField[];

const windowWords: CodeWords = ({ schedule: { integrationGain, raisedToZero, cappedAt, firing } }) => [
  2,
  integrationGain,
  raisedToZero,
  cappedAt ?? 0,
  Uint32Array.from(firing.flatMap(({ above, below, payload }) => [above, below === null ? 0 : below + 1, payload])),
];

/**
 * The words of a code for `wire.rs`. A spike of `ttfs` carries its value, so the core does not step through the slots
 * of a window.
 */
const codeWords = {
  rate: () => [0],
  signedRate: ({ network }) => [1, network.windowTicks, network.levels, rulesOf(network.code).settles],
  windowRate: windowWords,
  phase: windowWords,
  refinedPhase: ({ network }) => {
    const { quanta, laziness } = network.code as RefinedPhase;
    const payloads = payloadsOf(network);
    const senders = [network.input, ...network.nodes].map(({ name }) => name);
    return [
      4,
      network.levels,
      Uint32Array.from(quanta),
      Uint32Array.from(senders, (name) => quanta.indexOf(payloads(name, 0))),
      ...new Uint32Array(Float64Array.of(laziness).buffer),
    ];
  },
  slots: ({ schedule }) => [3, schedule.firing.length],
  times: () => [3, 0],
} satisfies Record<Code["kind"], CodeWords>;

function networkMessage(prepared: PreparedNetwork): Uint32Array {
  const { network } = prepared;
  return message(...codeWords[network.code.kind](prepared), ...extents(network.input.shape));
}

function layerMessage(
  { network, schedule }: PreparedNetwork,
  node: Population | SpikingOutput,
  depth: number,
  recording: Recording,
  synapses: readonly Synapse[],
  numberOf: (name: string) => number,
): Uint32Array {
  const narrow =
    synapses.every(({ weights }) => isNarrow(weights)) &&
    (schedule.delivery === "weight" || network.windowTicks < 2 ** 15);
  const incoming = synapses.flatMap((synapse) =>
    synapseNumbers(synapse, numberOf(synapse.from), node.shape, shapeOf(network, synapse.from)),
  );
  const [neuron, threshold, initialPotential] =
    node.kind === "output"
      ? [neverFiring, none, none]
      : [node.neuron, bitsOf(node.neuron.threshold), bitsOf(node.neuron.initialPotential)];
  const traced = recording.potentials.find(({ population }) => population === node.name)?.neurons ?? none;
  return message(
    1,
    ...extents(node.shape),
    node.kind === "output" ? 0 : depth,
    node.kind === "output" || node.rectified,
    narrow,
    recording.spikes.includes(node.name),
    ...neuronWords(neuron),
    bitsOf(node.bias),
    threshold,
    initialPotential,
    traced,
    ...incoming,
  );
}

/** Height, width, channels; a flat shape is one position. */
function extents(shape: Shape): Uint32Array {
  return shape.length === 3
    ? Uint32Array.from(shape)
    : shape.length < 2
      ? Uint32Array.of(1, 1, sizeOf(shape))
      : Uint32Array.of(1, sizeOf(shape) / channelsOf(shape), channelsOf(shape));
}

/** Kernel, stride, dilation (vertical, horizontal), padding (top, left). */
function windowSizes({ kernel, stride, dilation, padding }: SpikingPool): number[] {
  return [...kernel, ...stride, ...dilation, padding.top, padding.left];
}

/** Ends and delay, which all kinds have, then the kind's own words. */
function synapseNumbers(synapse: Synapse, source: number, shape: Shape, sourceShape: Shape): number[] {
  return [source, synapse.delayTicks, ...extents(sourceShape), ...synapseRules(synapse).words(synapse, shape)];
}

/** Whether all weights fit 16 bits, so that the core can use 16-bit partial sums. */
function isNarrow(weights: Charges): boolean {
  return weights instanceof Int32Array && weights.every((weight) => weight >= -32767 && weight <= 32767);
}

/**
 * Spikes by plane for the core: a plane is a tick, or, with signed spikes, the spikes +1 of a tick, then its spikes −1.
 */
export function planesOf(
  { neurons, starts, signs }: EventInput,
  signed: boolean,
): { readonly neurons: Uint32Array; readonly starts: Uint32Array } {
  if (!signed) return { neurons, starts };
  const ticks = starts.length - 1;
  const [sorted, planes] = [new Uint32Array(neurons.length), new Uint32Array(2 * ticks + 1)];
  let at = 0;
  for (let tick = 0; tick < ticks; tick++) {
    for (const [plane, sign] of [1, -1].entries()) {
      for (let index = starts[tick]; index < starts[tick + 1]; index++)
        if ((signs?.[index] ?? 1) === sign) sorted[at++] = neurons[index];
      planes[2 * tick + plane + 1] = at;
    }
  }
  return { neurons: sorted, starts: planes };
}

/** The value 1 − time of each real-valued spike, as bits of float32. */
export function remainders({ neurons, times }: EventInput): Uint32Array {
  return bitsOf(Float32Array.from(neurons, (_, index) => 1 - (times?.[index] ?? 0)));
}
