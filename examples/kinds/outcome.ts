// What both programs of a kind give, so that run.mjs can compare them.
import type { SpikeTrain } from "llif";

export interface Outcome {
  /** Each spike as tick · neurons + neuron, in any order. */
  readonly spikes: readonly number[];
  /** As they are at the end, where they were learnt. */
  readonly weights?: Float32Array;
  /** What a read-out says. */
  readonly note?: string;
  /** Of the simulation, without building the network. */
  readonly milliseconds: number;
}

/** The spikes of an outcome from the trains of frames of the same length. */
export function spikesOf(trains: readonly SpikeTrain[], frameTicks: number, neurons: number): number[] {
  const spikes: number[] = [];
  trains.forEach((train, frame) => {
    for (let spike = 0; spike < train.length; spike++)
      spikes.push((frame * frameTicks + train.ticks[spike]) * neurons + train.neurons[spike]);
  });
  return spikes;
}

/** First connection of each source, for connections that are sorted by source. */
export function rowsOf(from: Iterable<number>, sources: number): Uint32Array {
  const rows = new Uint32Array(sources + 1);
  for (const source of from) rows[source + 1]++;
  for (let source = 0; source < sources; source++) rows[source + 1] += rows[source];
  return rows;
}
