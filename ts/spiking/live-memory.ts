// Least memory of a simulation of a live network.
import { sizeOf } from "../tensor.ts";
import { populationsOf, shapeOf, type SpikingNetwork } from "./network.ts";
import { synapseRules, type Synapse } from "./synapses/kinds.ts";
import type { SparseSynapse } from "./synapses/sparse.ts";

/** Bytes for synapses and for neurons, as a core holds them at least. */
export interface LiveBytes {
  readonly synapses: number;
  readonly neurons: number;
}

export function liveBytes(network: SpikingNetwork): LiveBytes {
  return {
    synapses: network.synapses.reduce((sum, synapse) => sum + liveSynapseBytes(network, synapse).all, 0),
    neurons: populationsOf(network).reduce((sum, { shape, neuron }) => {
      const variables = 1 + (neuron.currents?.length ?? 0) + Number(neuron.adaptation !== undefined);
      return sum + 4 * sizeOf(shape) * (variables + Number(neuron.refractory !== undefined));
    }, 0),
  };
}

/** What a synapse takes. */
export interface LiveSynapseBytes {
  readonly connections: number;
  readonly all: number;
  /** Of its largest array. */
  readonly largest: number;
}

/** Dense weights lie in rows of whole vectors; all other connections are listed one by one, convolutions too. */
export function liveSynapseBytes(network: SpikingNetwork, synapse: Synapse): LiveSynapseBytes {
  const { weights, plasticity, kind } = synapse;
  const [sources, targets] = [synapse.from, synapse.to].map((end) => sizeOf(shapeOf(network, end)));
  const offsets = 4 * (sources + 1);
  const connections = connectionsOf(network, synapse);
  const dense = 4 * sources * 4 * Math.ceil(targets / 4);
  if (plasticity !== undefined) {
    // The weights as they were at first, and a trace with its tick for each source, or for each delay of one.
    const others = 4 * weights.length + 12 * sources + 4 * targets;
    const copies = 1 + Number(plasticity.reward !== undefined);
    if (kind === "dense") return { connections, all: dense * copies + others, largest: dense };
    // A target, a weight, and the place of both by target; numbers of connections that are sorted by delay.
    const words = 3 + copies + Number(kind === "sparse" && synapse.delays !== undefined);
    return { connections, all: 4 * connections * words + others + offsets, largest: 4 * connections };
  }
  if (kind === "dense") return { connections, all: dense, largest: dense };
  const groups = kind === "sparse" ? groupsOf(synapse) : [{ size: connections, equal: areEqual(weights) }];
  return {
    connections,
    // Weights that are all equal are one.
    all: groups.reduce((sum, { size, equal }) => sum + offsets + size * (equal ? 4 : 8), 0),
    largest: groups.reduce((most, { size }) => Math.max(most, 4 * size), 0),
  };
}

function connectionsOf(network: SpikingNetwork, synapse: Synapse): number {
  const { sharesWeights, oneToOne, fanout } = synapseRules(synapse);
  const [from, to] = [shapeOf(network, synapse.from), shapeOf(network, synapse.to)];
  if (oneToOne) return sizeOf(to);
  if (!sharesWeights) return synapse.weights.length;
  return fanout(synapse, from, to).existing.reduce((sum, count) => sum + count, 0);
}

interface Group {
  size: number;
  /** Whether all have one weight. */
  equal: boolean;
}

/** Connections of each delay. */
function groupsOf({ delays, weights }: SparseSynapse): readonly Group[] {
  if (delays === undefined) return [{ size: weights.length, equal: areEqual(weights) }];
  const groups = new Map<number, Group & { readonly weight: number }>();
  for (let index = 0; index < delays.length; index++) {
    const weight = weights[index];
    const found = groups.get(delays[index]);
    if (found === undefined) {
      groups.set(delays[index], { size: 1, equal: true, weight });
      continue;
    }
    found.size++;
    if (weight !== found.weight) found.equal = false;
  }
  return [...groups.values()];
}

function areEqual(weights: ArrayLike<number>): boolean {
  for (let index = 1; index < weights.length; index++) if (weights[index] !== weights[0]) return false;
  return true;
}
