// Delays of synapses: the longest, and sparse connections by delay.
import type { Synapse } from "./kinds.ts";
import type { SparseSynapse } from "./sparse.ts";

/** Ticks after which the last spike of a tick arrives. */
export function longestDelay(synapse: Synapse): number {
  const own = synapse.kind === "sparse" ? (synapse.delays ?? []) : [];
  let longest = 0;
  for (const delay of own) longest = Math.max(longest, delay);
  return synapse.delayTicks + longest;
}

/** Connections of one delay, as compressed sparse rows. */
export interface DelayGroup {
  /** Ticks. */
  readonly delay: number;
  readonly offsets: Uint32Array;
  readonly targets: Uint32Array;
  /** Their places in the synapse's arrays. */
  readonly connections: Uint32Array;
}

/** The connections of a sparse synapse with own delays, longest delay first, each group in the order of the network. */
export function connectionsByDelay({ delayTicks, offsets, targets, delays }: SparseSynapse): DelayGroup[] {
  const own = delays ?? new Uint32Array(targets.length);
  const longest = own.reduce((most, delay) => Math.max(most, delay), 0);
  const ends = new Uint32Array(longest + 2);
  for (const delay of own) ends[delay + 1]++;
  for (let delay = 0; delay <= longest; delay++) ends[delay + 1] += ends[delay];
  const next = ends.slice();
  const sorted = new Uint32Array(own.length);
  for (let connection = 0; connection < own.length; connection++) sorted[next[own[connection]]++] = connection;
  const groups: DelayGroup[] = [];
  for (let delay = longest; delay >= 0; delay--) {
    const connections = sorted.subarray(ends[delay], ends[delay + 1]);
    if (connections.length === 0) continue;
    const starts = new Uint32Array(offsets.length);
    let at = 0;
    for (let source = 0; source + 1 < offsets.length; source++) {
      while (at < connections.length && connections[at] < offsets[source + 1]) at++;
      starts[source + 1] = at;
    }
    groups.push({
      delay: delayTicks + delay,
      offsets: starts,
      targets: connections.map((connection) => targets[connection]),
      connections,
    });
  }
  return groups;
}
