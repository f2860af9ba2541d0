// A live network as messages of 32-bit words and as groups of connections of one delay, which crates/core/src/live reads.
import { bitsOf } from "../spiking/charges.ts";
import { restTolerances, sumsArrivals } from "../spiking/live.ts";
import { shapeOf, type Population, type SpikingNetwork } from "../spiking/network.ts";
import { synapseRules, type Synapse } from "../spiking/synapses/kinds.ts";
import { connectionsByDelay } from "../spiking/synapses/delays.ts";
import { sizeOf } from "../tensor.ts";
import type { Recording } from "./recording.ts";
import { message } from "./words.ts";

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
export function populationWords(network: SpikingNetwork, population: Population, recording: Recording): Uint32Array {
  const { name, shape, bias, neuron } = population;
  const { leak, constantLeak, floor, reset, refractory, currents = [], adaptation } = neuron;
  const row = (values: Float32Array | undefined): Uint32Array => (values === undefined ? none : bitsOf(values));
  return message(
    recording.counts,
    recording.spikes.includes(name),
    recording.potentials.find((other) => other.population === name)?.neurons ?? none,
    sizeOf(shape),
    neuron.strict === true,
    neuron.delivery === "afterThreshold",
    sumsArrivals(network, name),
    refractory?.input === "discard",
    refractory?.clamp?.includes("v") === true,
    row(bias as Float32Array),
    row(neuron.initialPotential as Float32Array),
    row(neuron.threshold as Float32Array),
    row(restTolerances(network, population)),
    row(leak?.factorPerTick),
    row(constantLeak?.chargePerTick),
    row(constantLeak?.until),
    row(floor),
    row(reset === undefined ? undefined : Float32Array.from(reset.hard)),
    row(reset?.value),
    refractory?.ticks ?? none,
    currents.length,
    ...currents.flatMap((current) => [
      row(current.factorPerTick),
      row(current.gain),
      refractory?.clamp?.includes(current.name) === true,
      reset?.clears?.includes(current.name) === true,
    ]),
    row(adaptation?.chargePerSpike),
    row(adaptation?.factorPerTick),
  );
}

/** A synapse whose weights do not learn, by delay. */
export function groupsOf(network: SpikingNetwork, synapse: Synapse): ConnectionGroup[] {
  const { delayTicks: delay } = synapse;
  const whole = (weights: Float32Array) => weights;
  if (synapse.kind === "dense") return [{ delay, dense: true, offsets: none, targets: none, weights: whole }];
  if (synapse.kind === "sparse" && synapse.delays === undefined)
    return [{ delay, dense: false, offsets: synapse.offsets, targets: synapse.targets, weights: whole }];
  if (synapse.kind === "sparse")
    return connectionsByDelay(synapse).map(({ connections, ...group }) => ({
      ...group,
      dense: false,
      weights: (all) => Float32Array.from(connections, (connection) => all[connection]),
    }));
  return [listedConnections(network, synapse)];
}

/** The connections of any other kind, one by one; their rows are those of the synapse's own array. */
function listedConnections(network: SpikingNetwork, synapse: Synapse): ConnectionGroup {
  const [from, to] = [shapeOf(network, synapse.from), shapeOf(network, synapse.to)];
  const { rowLength, rows, rowsOf } = synapseRules(synapse).rows(synapse, from, to);
  const offsets = new Uint32Array(sizeOf(from) + 1);
  for (let source = 0; source < sizeOf(from); source++)
    offsets[source + 1] = offsets[source] + rowsOf(source) * rowLength;
  const length = offsets[sizeOf(from)];
  const [targets, numbers] = [new Uint32Array(length), new Uint32Array(length)];
  for (let source = 0, index = 0; source < sizeOf(from); source++) {
    const count = rowsOf(source);
    for (let row = 0; row < count; row++) {
      for (let at = 0; at < rowLength; at++, index++) {
        targets[index] = rows[2 * row] + at;
        numbers[index] = rows[2 * row + 1] + at;
      }
    }
  }
  return {
    delay: synapse.delayTicks,
    dense: false,
    offsets,
    targets,
    weights: (all) => Float32Array.from(numbers, (number) => all[number]),
  };
}
