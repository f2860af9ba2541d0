// What reaches a population or an output of a live network in a tick, in the order of summation.
import { targetVariable } from "../../../spiking/live.ts";
import { shapeOf, type SpikingNetwork } from "../../../spiking/network.ts";
import { connectionsByDelay } from "../../../spiking/synapses/delays.ts";
import type { Synapse } from "../../../spiking/synapses/kinds.ts";
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
}

/** The synapses into a node whose weights do not learn, in the order of the network, longest delays of a synapse first. */
export function waysTo(network: SpikingNetwork, name: string): Way[] {
  return network.synapses.flatMap((synapse, number) => {
    if (synapse.to !== name || synapse.plasticity !== undefined) return [];
    const into = targetVariable(network, synapse);
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
export function plasticWaysTo(network: SpikingNetwork, name: string): PlasticWay[] {
  return network.synapses.flatMap((synapse, number) => {
    if (synapse.to !== name || synapse.plasticity === undefined) return [];
    const [sources, targets] = [synapse.from, name].map((end) => sizeOf(shapeOf(network, end)));
    const connections = plasticConnections(synapse, sources, targets);
    if (connections === null) return [];
    const learning = new PlasticSynapse(connections, synapse.weights as Float32Array, synapse.plasticity);
    return [{ number, from: synapse.from, into: targetVariable(network, synapse), synapse: learning }];
  });
}

/** One row synapse for each delay, longest first. */
function byDelay(network: SpikingNetwork, synapse: Synapse): RowSynapse[] {
  if (synapse.kind !== "sparse" || synapse.delays === undefined) return [rowSynapse(network, synapse)];
  const { delays: _, ...rest } = synapse;
  return connectionsByDelay(synapse).map(({ delay, offsets, targets, connections }) => {
    const weights = Float32Array.from(connections, (connection) => synapse.weights[connection]);
    return rowSynapse(network, { ...rest, offsets, targets, weights, delayTicks: delay });
  });
}
