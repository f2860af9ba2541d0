// Copies the results of a run out of the WebAssembly core's memory.
import {
  cancelsSpikes,
  hasRealTimes,
  hasSignedSpikes,
  outputsOf,
  populationsOf,
  type SpikingNetwork,
} from "../spiking/network.ts";
import type { SpikeTrain } from "./engine.ts";
import type { Recording } from "./recording.ts";
import type { CoreRun } from "./simulator.ts";
import type { RunTable } from "./table.ts";

/**
 * Copies a run's results out of the core's memory, which the next call may change or move. What does not depend on the
 * run is found once.
 */
export function collector(
  network: SpikingNetwork,
  recording: Recording,
  numbers: ReadonlyMap<string, number>,
): (table: RunTable) => CoreRun {
  const float = network.arithmetic === "float32";
  const numbered = (name: string) => ({ name, number: numbers.get(name) as number });
  const outputs = outputsOf(network).map(({ name }) => numbered(name));
  const counted = (recording.counts ? populationsOf(network) : []).map(({ name, rectified }) => ({
    ...numbered(name),
    unsigned: rectified && !cancelsSpikes(network),
  }));
  const trains = recording.spikes.map(numbered);
  const traced = recording.potentials.map(({ population }) => numbered(population));
  return (table) => ({
    charges: byName(outputs, ({ number }) =>
      float ? table.doubles(number, "charges") : table.integers(number, "charges"),
    ),
    counts: byName(counted, ({ number, unsigned }) =>
      unsigned ? table.words(number, "counts") : table.integers(number, "counts"),
    ),
    spikes: byName(trains, ({ number }) => trainOf(network, table, number)),
    potentials: byName(traced, ({ number }) =>
      float ? table.floats(number, "traces") : table.integers(number, "traces"),
    ),
    spikeCount: table.spikeCount,
    synapticOperations: table.synapticOperations,
    additions: table.additions,
  });
}

function byName<Node extends { readonly name: string }, T>(
  nodes: readonly Node[],
  read: (node: Node) => T,
): Record<string, T> {
  return Object.fromEntries(nodes.map((node) => [node.name, read(node)]));
}

function trainOf(network: SpikingNetwork, table: RunTable, number: number): SpikeTrain {
  const neurons = table.words(number, "neurons");
  const train = { ticks: table.words(number, "ticks"), neurons, length: neurons.length };
  if (hasRealTimes(network)) {
    // The core stores 1 − t, from which t follows exactly.
    const values = table.floats(number, "values");
    return { ...train, times: Float64Array.from(values, (value, index) => train.ticks[index] + (1 - value)) };
  }
  return hasSignedSpikes(network) ? { ...train, signs: Int8Array.from(table.integers(number, "signs")) } : train;
}
