import { type Population, type SpikingNetwork, type SpikingOutput, synapsesTo } from "../spiking/network.ts";
import { channelsOf } from "../tensor.ts";
import { forEachWeight } from "./fold/linear.ts";
import { pooledSource, type CountSource } from "./sources.ts";

/** Bounds on the charge that a layer of an exact network can gather in a window, whatever the input, over all partial sums. */
export interface ChargeRange {
  readonly smallest: number;
  readonly largest: number;
  readonly largestWeight: number;
}

/** Counts that each source can carry in a window: of the input, populations and pools. */
export function countSources(network: SpikingNetwork): Map<string, CountSource> {
  const { name, shape, counts } = network.input;
  const unit = Float64Array.of(1);
  const common = { unit, shift: null, members: 1 };
  const sources = new Map<string, CountSource>([[name, { ...common, shape, smallest: counts?.minimum ?? 0, largest: counts?.maximum ?? 0 }]]);
  for (const node of network.nodes) {
    if (node.kind === "output") continue;
    if (node.kind === "pool") sources.set(node.name, pooledSource(node, node.multiplicity ?? null, sources.get(node.from) as CountSource));
    else sources.set(node.name, { ...common, shape: node.shape, smallest: node.rectified ? 0 : -network.levels, largest: network.levels });
  }
  return sources;
}

/** @see docs/mathematics.md, numerics */
export function chargeRange(network: SpikingNetwork, node: Population | SpikingOutput, sources: ReadonlyMap<string, CountSource>): ChargeRange {
  const channels = channelsOf(node.shape);
  const [upper, lower] = [new Float64Array(channels), new Float64Array(channels)];
  let largestWeight = 0;
  for (const synapse of synapsesTo(network, node.name)) {
    const { smallest, largest } = sources.get(synapse.from) as CountSource;
    const [most, least] = [new Float64Array(channels), new Float64Array(channels)];
    const diagonal = synapse.kind === "identity";
    forEachWeight({ ...synapse, weights: Float64Array.from(synapse.weights) }, node.shape, (output, _input, weight) => {
      const channel = output % channels;
      const a = weight * smallest;
      const b = weight * largest;
      most[channel] = diagonal ? Math.max(most[channel], a, b) : most[channel] + Math.max(0, a, b);
      least[channel] = diagonal ? Math.min(least[channel], a, b) : least[channel] + Math.min(0, a, b);
      largestWeight = Math.max(largestWeight, Math.abs(weight));
    });
    for (let channel = 0; channel < channels; channel++) {
      upper[channel] += most[channel];
      lower[channel] += least[channel];
    }
  }
  const [highest, lowest] = [new Float64Array(channels), new Float64Array(channels)];
  const initial = node.kind === "population" ? node.initialPotential : Float64Array.of(0);
  node.bias.forEach((bias, index) => {
    const charge = bias + initial[index % initial.length];
    highest[index % channels] = Math.max(highest[index % channels], charge);
    lowest[index % channels] = Math.min(lowest[index % channels], charge);
  });
  return {
    smallest: lower.reduce((least, sum, channel) => Math.min(least, sum + lowest[channel]), 0),
    largest: upper.reduce((most, sum, channel) => Math.max(most, sum + highest[channel]), 0),
    largestWeight,
  };
}
