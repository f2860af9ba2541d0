// What reaches a population or an output of a live network in a tick, in the order of summation.
import { shapeOf, type SpikingNetwork } from "../../../spiking/network.ts";
import type { Synapse } from "../../../spiking/synapses/kinds.ts";
import type { SparseSynapse } from "../../../spiking/synapses/sparse.ts";
import { sizeOf } from "../../../tensor.ts";
import { rowSynapse, type RowSynapse } from "../synapses.ts";
import { plasticConnections, PlasticSynapse } from "./plasticity.ts";

/** Connections of one synapse that have the same delay. */
export interface Way extends RowSynapse {
  /** The synapse's place in `network.synapses`. */
  readonly number: number;
  /** 0: the membrane potential; 1 …: a current. */
  readonly into: number;
}

/** A synapse whose weights change in a run. */
export interface PlasticWay {
  readonly number: number;
  readonly from: string;
  readonly into: number;
  readonly synapse: PlasticSynapse;
  /** Longest delay of its connections. */
  readonly longestDelay: number;
}

/**
 * The synapses into a node whose weights do not learn, in the order of the network, longest delays of a synapse first.
 * @param currents names of the node's currents.
 */
export function waysTo(network: SpikingNetwork, name: string, currents: readonly string[]): Way[] {
  return network.synapses.flatMap((synapse, number) => {
    if (synapse.to !== name || synapse.plasticity !== undefined) return [];
    const into = variableOf(synapse, currents);
    return byDelay(network, synapse).map((row) => ({ ...row, number, into }));
  });
}

/** The order where charge is summed first: those from the input, then by emission tick, then as in the network. */
export function inSummedOrder(network: SpikingNetwork, ways: readonly Way[]): Way[] {
  const behindInput = (way: Way) => Number(way.from !== network.input.name);
  // The sort keeps the order of equals.
  return [...ways].sort((a, b) => behindInput(a) - behindInput(b) || b.delayTicks - a.delayTicks);
}

/** The synapses into a node whose weights learn. */
export function plasticWaysTo(network: SpikingNetwork, name: string, currents: readonly string[]): PlasticWay[] {
  return network.synapses.flatMap((synapse, number) => {
    if (synapse.to !== name || synapse.plasticity === undefined) return [];
    const [sources, targets] = [synapse.from, name].map((end) => sizeOf(shapeOf(network, end)));
    const connections = plasticConnections(synapse, sources, targets);
    if (connections === null) return [];
    const longestDelay = connections.delays.reduce((most, delay) => Math.max(most, delay), 0);
    const learning = new PlasticSynapse(connections, synapse.weights as Float32Array, synapse.plasticity);
    return [{ number, from: synapse.from, into: variableOf(synapse, currents), synapse: learning, longestDelay }];
  });
}

function variableOf({ into }: Synapse, currents: readonly string[]): number {
  return into === undefined ? 0 : currents.indexOf(into) + 1;
}

/** One row synapse for each delay, longest first. */
function byDelay(network: SpikingNetwork, synapse: Synapse): RowSynapse[] {
  if (synapse.kind !== "sparse" || synapse.delays === undefined) return [rowSynapse(network, synapse)];
  const { delays, delayTicks } = synapse;
  const longestFirst = [...new Set(delays)].sort((a, b) => b - a);
  return longestFirst.map((delay) =>
    rowSynapse(network, { ...withDelay(synapse, delays, delay), delayTicks: delayTicks + delay }),
  );
}

/** The connections of one delay. */
function withDelay(synapse: SparseSynapse, delays: Uint32Array, delay: number): SparseSynapse {
  const { delays: _, ...rest } = synapse;
  const kept = delays.reduce((count, own) => count + Number(own === delay), 0);
  const [offsets, targets, weights] = [
    new Uint32Array(synapse.offsets.length),
    new Uint32Array(kept),
    new Float32Array(kept),
  ];
  let at = 0;
  for (let source = 0; source + 1 < offsets.length; source++) {
    for (let connection = synapse.offsets[source]; connection < synapse.offsets[source + 1]; connection++) {
      if (delays[connection] !== delay) continue;
      targets[at] = synapse.targets[connection];
      weights[at++] = synapse.weights[connection];
    }
    offsets[source + 1] = at;
  }
  return { ...rest, offsets, targets, weights };
}
