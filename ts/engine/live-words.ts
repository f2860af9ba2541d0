// A live network as messages of 32-bit words and as groups of connections of one delay, which crates/core/src/live reads.
import { bitsOf } from "../spiking/charges.ts";
import { restTolerances } from "../spiking/live.ts";
import { shapeOf, type Population, type SpikingNetwork } from "../spiking/network.ts";
import { synapseRules, type Synapse } from "../spiking/synapses/kinds.ts";
import { sizeOf } from "../tensor.ts";
import type { Recording } from "./recording.ts";
import { joined, listed } from "./words.ts";

/** Connections of one synapse with one delay. */
export interface ConnectionGroup {
  readonly delay: number;
  /** Dense: weights [targets][sources]. */
  readonly dense: boolean;
  /** Of a sparse group, by source; empty for a dense one. */
  readonly offsets: Uint32Array;
  readonly targets: Uint32Array;
  /** In the order of the targets, from the synapse's weights. */
  weights(all: Float32Array): Float32Array;
}

const none = new Uint32Array(0);

/** What is kept of a run, then what `Population::read` reads. */
export function populationWords(
  network: SpikingNetwork,
  population: Population,
  summed: boolean,
  recording: Recording,
): Uint32Array {
  const { name, shape, bias, neuron } = population;
  const { leak, constantLeak, floor, reset, refractory, currents = [], adaptation } = neuron;
  const row = (values: Float32Array | undefined): Uint32Array[] => listed(values === undefined ? none : bitsOf(values));
  const flags = [
    neuron.strict === true,
    neuron.delivery === "afterThreshold",
    summed,
    refractory?.input === "discard",
    refractory?.clamp?.includes("v") === true,
  ];
  const traced = recording.potentials.find((other) => other.population === name)?.neurons ?? none;
  return joined([
    Uint32Array.of(Number(recording.counts), Number(recording.spikes.includes(name))),
    ...listed(traced),
    Uint32Array.of(sizeOf(shape), ...flags.map(Number)),
    ...row(bias as Float32Array),
    ...row(neuron.initialPotential as Float32Array),
    ...row(neuron.threshold as Float32Array),
    ...row(restTolerances(network, population)),
    ...row(leak?.factorPerTick),
    ...row(constantLeak?.chargePerTick),
    ...row(constantLeak?.until),
    ...row(floor),
    ...row(reset === undefined ? undefined : Float32Array.from(reset.hard)),
    ...row(reset?.value),
    ...listed(refractory?.ticks ?? none),
    Uint32Array.of(currents.length),
    ...currents.flatMap((current) => [
      ...row(current.factorPerTick),
      ...row(current.gain),
      Uint32Array.of(
        Number(refractory?.clamp?.includes(current.name) === true),
        Number(reset?.clears?.includes(current.name) === true),
      ),
    ]),
    ...row(adaptation?.chargePerSpike),
    ...row(adaptation?.factorPerTick),
  ]);
}

/** A synapse whose weights do not learn, by delay. */
export function groupsOf(network: SpikingNetwork, synapse: Synapse): ConnectionGroup[] {
  const { delayTicks: delay } = synapse;
  const whole = (weights: Float32Array) => weights;
  if (synapse.kind === "dense") return [{ delay, dense: true, offsets: none, targets: none, weights: whole }];
  if (synapse.kind === "sparse" && synapse.delays === undefined)
    return [{ delay, dense: false, offsets: synapse.offsets, targets: synapse.targets, weights: whole }];
  if (synapse.kind === "sparse") return byDelay(synapse.offsets, synapse.targets, synapse.delays as Uint32Array, delay);
  return [listedConnections(network, synapse)];
}

/** Groups of connections that have the same delay, each in the order of the network: a counting sort by delay. */
function byDelay(offsets: Uint32Array, targets: Uint32Array, delays: Uint32Array, common: number): ConnectionGroup[] {
  const longest = delays.reduce((most, delay) => Math.max(most, delay), 0);
  const ends = new Uint32Array(longest + 2);
  for (const delay of delays) ends[delay + 1]++;
  for (let delay = 0; delay <= longest; delay++) ends[delay + 1] += ends[delay];
  const next = ends.slice();
  const sorted = new Uint32Array(delays.length);
  for (let connection = 0; connection < delays.length; connection++) sorted[next[delays[connection]]++] = connection;
  const groups: ConnectionGroup[] = [];
  for (let delay = 0; delay <= longest; delay++) {
    const connections = sorted.subarray(ends[delay], ends[delay + 1]);
    if (connections.length === 0) continue;
    const starts = new Uint32Array(offsets.length);
    let at = 0;
    for (let source = 0; source + 1 < offsets.length; source++) {
      while (at < connections.length && connections[at] < offsets[source + 1]) at++;
      starts[source + 1] = at;
    }
    groups.push({
      delay: delay + common,
      dense: false,
      offsets: starts,
      targets: connections.map((connection) => targets[connection]),
      weights: (all) => Float32Array.from(connections, (connection) => all[connection]),
    });
  }
  return groups;
}

/** The connections of any other kind, one by one; their rows are those of the synapse's own array. */
function listedConnections(network: SpikingNetwork, synapse: Synapse): ConnectionGroup {
  const [from, to] = [shapeOf(network, synapse.from), shapeOf(network, synapse.to)];
  const { rowLength, rows, rowsOf } = synapseRules(synapse).rows(synapse, from, to);
  const [targets, numbers]: [number[], number[]] = [[], []];
  const offsets = new Uint32Array(sizeOf(from) + 1);
  for (let source = 0; source < sizeOf(from); source++) {
    const count = rowsOf(source);
    for (let row = 0; row < count; row++) {
      for (let at = 0; at < rowLength; at++) {
        targets.push(rows[2 * row] + at);
        numbers.push(rows[2 * row + 1] + at);
      }
    }
    offsets[source + 1] = targets.length;
  }
  return {
    delay: synapse.delayTicks,
    dense: false,
    offsets,
    targets: Uint32Array.from(targets),
    weights: (all) => Float32Array.from(numbers, (number) => all[number]),
  };
}
