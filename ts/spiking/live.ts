// Which networks run in the live core, by their parts, and the defaults of these networks.
import { LlifError } from "../errors.ts";
import { sizeOf } from "../tensor.ts";
import { requireSpikingNetwork } from "./check.ts";
import { populationsOf, type Population, type SpikingNetwork } from "./network.ts";
import { liveNeuronParts, resetValueAt } from "./neurons/llif.ts";
import type { Synapse } from "./synapses/kinds.ts";
import { synapsePlace } from "./synapses/rules.ts";

/**
 * Whether a network runs in the live core: synchronous rate, and some part that only live networks have, a sparse
 * synapse, or a population that no synapse reaches. All other networks compute as they would without this distinction.
 * @throws {LlifError} ARGUMENT or SHAPE for an invalid network.
 */
export function isLive(network: SpikingNetwork): boolean {
  return runsLive(requireSpikingNetwork("isLive: network", network));
}

/** `isLive` of a network that is known to be valid. */
export function runsLive(network: SpikingNetwork): boolean {
  if (network.code.kind !== "rate") return false;
  return needsLiveCore(network) || network.synapses.some(({ kind }) => kind === "sparse");
}

/** Whether only the live core runs it: some part beside sparse synapses, or a population that no synapse reaches. */
export function needsLiveCore(network: SpikingNetwork): boolean {
  if (network.code.kind !== "rate") return false;
  return livePart(network) !== undefined || hasFreePopulation(network);
}

function hasFreePopulation(network: SpikingNetwork): boolean {
  const reached = new Set(network.synapses.map(({ to }) => to));
  return populationsOf(network).some(({ name }) => !reached.has(name));
}

/** Whether arrivals of a tick at a node are summed from +0 first, then added once. */
export function sumsArrivals(network: SpikingNetwork, name: string): boolean {
  return network.synapses.some(
    ({ to, kind, into, plasticity }) =>
      to === name && (kind === "sparse" || into !== undefined || plasticity !== undefined),
  );
}

/** What a synapse reaches in its target: 0: the membrane potential; 1 …: a current, in the order of the population's. */
export function targetVariable(network: SpikingNetwork, { to, into }: Synapse): number {
  if (into === undefined) return 0;
  const currents = populationsOf(network).find(({ name }) => name === to)?.neuron.currents ?? [];
  return currents.findIndex(({ name }) => name === into) + 1;
}

/** A part of a network that only live networks have, and where it is. */
export interface LivePart {
  readonly place: string;
  readonly part: string;
  readonly nodes: readonly string[];
}

/** The first such part; undefined for a network that has none, with sparse synapses or without. */
export function livePart(network: SpikingNetwork): LivePart | undefined {
  for (const { name, neuron } of populationsOf(network)) {
    const [part] = liveNeuronParts(neuron);
    if (part !== undefined) return { place: `population "${name}"`, part, nodes: [name] };
  }
  for (const synapse of network.synapses) {
    const [part] = liveSynapseParts(synapse);
    if (part !== undefined) return { place: synapsePlace(synapse), part, nodes: [synapse.from, synapse.to] };
  }
  return undefined;
}

/** The names of the parts that only live networks have, present in this synapse. */
export function liveSynapseParts(synapse: Synapse): string[] {
  return [
    ...(synapse.into === undefined ? [] : [`a target current ("${synapse.into}")`]),
    ...(synapse.plasticity === undefined ? [] : ["plasticity"]),
    ...(synapse.kind === "sparse" && synapse.delays !== undefined ? ["a delay for each connection"] : []),
    ...(synapse.name === undefined ? [] : [`a name ("${synapse.name}")`]),
  ];
}

/**
 * @param purpose what cannot treat live parts, for the message.
 * @throws {LlifError} UNSUPPORTED, naming the part and where it is.
 */
export function refuseLive(purpose: string, network: SpikingNetwork): void {
  const found = livePart(network);
  if (found === undefined) return;
  throw new LlifError(
    "UNSUPPORTED",
    `${purpose}: network "${network.name}": ${found.place} has ${found.part}, which only simulators of live networks know`,
    { nodes: found.nodes },
  );
}

/**
 * Distance from rest within which a neuron is set to rest, for each neuron of a population: `restTolerance`, or, in a
 * live network, fround(2⁻³⁰ · (θ − reset value)). 0 where θ is infinite, and in all other networks: nothing rests.
 */
export function restTolerances(network: SpikingNetwork, { shape, neuron }: Population): Float32Array {
  const { restTolerance, threshold } = neuron;
  const tolerances = new Float32Array(sizeOf(shape));
  if (restTolerance !== undefined) return tolerances.map((_, index) => restTolerance[index % restTolerance.length]);
  if (!runsLive(network)) return tolerances;
  return tolerances.map((_, index) => {
    const range = threshold[index % threshold.length] - resetValueAt(neuron, index);
    return range === Infinity ? 0 : range * 2 ** -30;
  });
}
