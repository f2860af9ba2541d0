// Least memory of a simulation of a live network.
import { sizeOf } from "../tensor.ts";
import { populationsOf, shapeOf, type SpikingNetwork } from "./network.ts";
import { synapseRules, type Synapse } from "./synapses/kinds.ts";

/** Bytes for synapses and for neurons, as a core holds them at least. */
export interface LiveBytes {
  readonly synapses: number;
  readonly neurons: number;
}

export function liveBytes(network: SpikingNetwork): LiveBytes {
  return {
    synapses: network.synapses.reduce((sum, synapse) => sum + synapseBytes(network, synapse), 0),
    neurons: populationsOf(network).reduce((sum, { shape, neuron }) => {
      const variables = 1 + (neuron.currents?.length ?? 0) + Number(neuron.adaptation !== undefined);
      return sum + 4 * sizeOf(shape) * (variables + Number(neuron.refractory !== undefined));
    }, 0),
  };
}

/** Plastic synapses have traces, an eligibility of each weight if they have a reward, and an index by target. */
function synapseBytes(network: SpikingNetwork, synapse: Synapse): number {
  const { weights, plasticity } = synapse;
  const fixed = 4 * (weights.length + synapseRules(synapse).indices(synapse));
  if (plasticity === undefined) return fixed;
  const traces = sizeOf(shapeOf(network, synapse.from)) + sizeOf(shapeOf(network, synapse.to));
  return (
    fixed +
    4 * traces +
    4 * weights.length * (Number(plasticity.reward !== undefined) + 2 * Number(synapse.kind === "sparse"))
  );
}
