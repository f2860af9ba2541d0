// The networks of suite `live`, as numbers that every contender builds its own network from.
import { pcg32, randomEdges, type RandomEdges } from "../../ts/index.ts";

/** Connections that share a delay and a target variable. */
export interface Connections {
  readonly name: string;
  readonly from: "input" | "cells";
  /** A current; absent: the membrane potential. */
  readonly into?: string;
  readonly delayTicks: number;
  /** Sorted by source. */
  readonly edges: RandomEdges;
  /** Every source reaches every target: `edges` lists all pairs, source by source. */
  readonly dense?: true;
  /** The weights learn. */
  readonly stdp?: Stdp;
}

/** Additive: A₊ and A₋ as changes of a weight, the time constants of both traces, and the largest weight; the least is 0. */
export interface Stdp {
  readonly plus: number;
  readonly minus: number;
  readonly timeConstantTicks: number;
  readonly maximum: number;
}

export interface Spikes {
  readonly ticks: Uint32Array;
  readonly neurons: Uint32Array;
}

/** One population `cells` of equal neurons, potentials in mV above rest; a tick is 0.1 ms. */
export interface LiveModel {
  readonly neurons: number;
  /** Simulated in one run. */
  readonly ticks: number;
  readonly timeConstantTicks: number;
  readonly threshold: number;
  readonly resetValue: number;
  /** Ticks after a spike in which `clamp` keeps its value. */
  readonly refractoryTicks: number;
  readonly clamp: readonly string[];
  /** Currents that a spike sets to 0. */
  readonly clears: readonly string[];
  readonly currents: Readonly<Record<string, number>>;
  /** Level that the potential tends to without input: of each neuron, or the same for all. */
  readonly level: number | Float32Array;
  readonly initial: Float32Array;
  readonly connections: readonly Connections[];
  readonly input?: { readonly size: number; readonly spikes: Spikes };
  readonly background?: { readonly rateHz: number; readonly weight: number };
}

export const ticksPerSecond = 10_000;

const uniform = (length: number, value: number): Float32Array => new Float32Array(length).fill(value);

/** The same connections from sources that begin at a later neuron. */
const shifted = (edges: RandomEdges, by: number): RandomEdges => ({
  ...edges,
  from: edges.from.map((from) => from + by),
});

/** The CUBA benchmark of Brette et al. 2007: four of five neurons excite; 80 connections reach each neuron; 1 s. */
export function cuba(neurons: number): LiveModel {
  const exciting = 0.8 * neurons;
  const edges = (from: number, fanIn: number, weights: number, seed: number) =>
    randomEdges({ from, to: neurons, fanIn, weights, seed });
  const shared = { from: "cells", delayTicks: 1 } as const;
  return {
    neurons,
    ticks: ticksPerSecond,
    timeConstantTicks: 200,
    threshold: 10,
    resetValue: 0,
    refractoryTicks: 49,
    clamp: ["v"],
    clears: [],
    currents: { ge: 50, gi: 100 },
    level: 11,
    initial: Float32Array.from({ length: neurons }, (_, neuron) => ((neuron * 7919) % 1000) / 100),
    connections: [
      { ...shared, name: "exciting", into: "ge", edges: edges(exciting, 64, 1.62, 1) },
      { ...shared, name: "inhibiting", into: "gi", edges: shifted(edges(neurons - exciting, 16, -9, 2), exciting) },
    ],
  };
}

/**
 * Brunel 2000: each neuron gets delta synapses from a tenth of 10,000 that excite and of 2,500 that inhibit; g = 5, twice the
 * threshold rate from outside; 0.2 s. With fewer neurons the weights are larger.
 */
export function brunel(neurons = 12_500): LiveModel {
  const [exciting, inhibiting, weight] = [0.8 * neurons, 0.2 * neurons, 1250 / neurons];
  const edges = (from: number, weights: number, seed: number) =>
    randomEdges({ from, to: neurons, fanIn: from / 10, weights, seed });
  const shared = { from: "cells", delayTicks: 15 } as const;
  return {
    neurons,
    ticks: 0.2 * ticksPerSecond,
    timeConstantTicks: 200,
    threshold: 20,
    resetValue: 10,
    refractoryTicks: 19,
    clamp: ["v"],
    clears: [],
    currents: {},
    level: 0,
    initial: uniform(neurons, 10),
    connections: [
      { ...shared, name: "exciting", edges: edges(exciting, weight, 3) },
      { ...shared, name: "inhibiting", edges: shifted(edges(inhibiting, -5 * weight, 4), exciting) },
    ],
    background: { rateHz: 1.6 * neurons, weight },
  };
}

/** Spikes of sources that fire at this mean rate, each tick by chance. */
function poissonSpikes(sources: number, rateHz: number, ticks: number, seed: number): Spikes {
  const random = pcg32(seed);
  const limit = Math.round((rateHz / ticksPerSecond) * 2 ** 32);
  const [at, neurons]: [number[], number[]] = [[], []];
  for (let tick = 0; tick < ticks; tick++) {
    for (let source = 0; source < sources; source++) {
      if (random() >= limit) continue;
      at.push(tick);
      neurons.push(source);
    }
  }
  return { ticks: Uint32Array.from(at), neurons: Uint32Array.from(neurons) };
}

/** The neuron of Shiu et al. 2024: one current of 5 ms, refractory 2.2 ms, delay 1.8 ms. */
const flyNeuron = {
  timeConstantTicks: 200,
  threshold: 7,
  resetValue: 0,
  refractoryTicks: 21,
  clamp: ["v", "g"],
  clears: ["g"],
  currents: { g: 50 },
  level: 0,
} as const;

export interface FlyOptions {
  readonly neurons: number;
  /** Targets of a neuron. */
  readonly fanOut: number;
  /** Mean strength of a connection, in contacts of 0.275 mV; seven of ten neurons excite. */
  readonly contacts: number;
  /** Mean over all neurons, nearly: some neurons, spread evenly, get strong spikes from outside, and fire with them. */
  readonly rateHz: number;
  readonly ticks: number;
}

/** As large as the brain of a fly, with random connections. */
export function fly({ neurons, fanOut, contacts, rateHz, ticks }: FlyOptions): LiveModel {
  const random = pcg32(5);
  const edges = randomEdges({
    from: neurons,
    to: neurons,
    fanOut,
    // From 1 to twice the mean.
    weights: (from) => (from % 10 < 7 ? 0.275 : -0.275) * (1 + Math.floor((random() / 2 ** 32) * (2 * contacts - 1))),
    seed: 6,
    self: false,
  });
  // Spikes at 150 Hz, some of which the refractory period loses.
  const [drivenHz, firingHz] = [150, 107];
  const driven = Math.round((neurons * rateHz) / firingHz);
  const sources = Uint32Array.from({ length: driven }, (_, source) => source);
  const to = sources.map((source) => Math.floor((source * neurons) / driven));
  return {
    neurons,
    ticks,
    ...flyNeuron,
    initial: new Float32Array(neurons),
    connections: [
      {
        name: "senses",
        from: "input",
        into: "g",
        delayTicks: 0,
        edges: { from: sources, to, weights: uniform(driven, 300) },
      },
      { name: "connectome", from: "cells", into: "g", delayTicks: 18, edges },
    ],
    input: { size: driven, spikes: poissonSpikes(driven, drivenHz, ticks, 7) },
  };
}

/** All pairs, source by source. */
function allPairs(sources: number, targets: number, weight: (source: number, target: number) => number): RandomEdges {
  return randomEdges({ from: sources, to: targets, fanOut: targets, weights: weight, seed: 0 });
}

/** 20 ms, 10 mV, refractory 2 ms; charges arrive at the potential. */
const deltaNeuron = {
  timeConstantTicks: 200,
  threshold: 10,
  resetValue: 0,
  refractoryTicks: 19,
  clamp: ["v"],
  clears: [],
  currents: {},
} as const;

/** Every neuron reaches every other through weights of both signs; delta synapses, delay 1 ms; 1 s. */
export function denseRecurrent(neurons = 2000): LiveModel {
  const random = pcg32(8);
  const level = Float32Array.from({ length: neurons }, () => 11 + (4 * random()) / 2 ** 32);
  const unit = () => random() / 2 ** 31 - 1;
  return {
    neurons,
    ticks: ticksPerSecond,
    ...deltaNeuron,
    level,
    initial: Float32Array.from({ length: neurons }, () => (10 * random()) / 2 ** 32),
    connections: [
      {
        name: "all",
        from: "cells",
        delayTicks: 10,
        dense: true,
        edges: allPairs(neurons, neurons, () => 0.4 * unit() - 0.02),
      },
    ],
  };
}

/** 1,000 Poisson sources at 15 Hz reach 1,000 neurons, all to all; the weights learn (Song, Miller and Abbott 2000); 1 s. */
export function learning(size = 1000): LiveModel {
  const random = pcg32(9);
  const maximum = 70 / size;
  const change = 0.005 * maximum;
  return {
    neurons: size,
    ticks: ticksPerSecond,
    ...deltaNeuron,
    level: 0,
    initial: new Float32Array(size),
    connections: [
      {
        name: "learnt",
        from: "input",
        delayTicks: 1,
        dense: true,
        edges: allPairs(size, size, () => (maximum * random()) / 2 ** 32),
        stdp: { plus: change, minus: 1.05 * change, timeConstantTicks: 200, maximum },
      },
    ],
    input: { size, spikes: poissonSpikes(size, 15, ticksPerSecond, 10) },
  };
}
