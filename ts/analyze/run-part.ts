// Runs a sample of a synchronous network in parts, whatever its code.
import type { RecordOptions, Result, RunInput, Simulator } from "../engine/engine.ts";
import { rulesOf } from "../spiking/code.ts";

/**
 * The first ticks of a sample, or the next ones where `goesOn`.
 * @param input of these ticks; a frame of refined phase keeps what it began with.
 */
export function runPart<const R extends RecordOptions>(
  simulator: Simulator<R>,
  input: RunInput,
  ticks: number,
  goesOn: boolean,
): Result<R> {
  if (goesOn && rulesOf(simulator.network.code).frames) return simulator.resume({ ticks });
  return simulator.run(input, { ticks, keepState: goesOn });
}

/** The parts of a run as one: counts and statistics added up, charges and logits of the last. */
export function joinedParts(before: Result, next: Result): Result {
  const { spikes, synapticOperations, additions, ticks, windowTicks, latencyTicks, intervalTicks } = before.statistics;
  return {
    ...next,
    counts: added(before.counts, next.counts),
    sent: added(before.sent, next.sent),
    statistics: {
      ...next.statistics,
      ticks: ticks + next.statistics.ticks,
      windowTicks: windowTicks + next.statistics.windowTicks,
      latencyTicks: latencyTicks + next.statistics.latencyTicks,
      intervalTicks: intervalTicks + next.statistics.intervalTicks,
      spikes: spikes + next.statistics.spikes,
      synapticOperations: synapticOperations + next.statistics.synapticOperations,
      additions: additions + next.statistics.additions,
    },
  };
}

/** Arrays of results belong to the caller, so those of the next part take up the sums. */
function added<T extends Uint32Array | Int32Array>(
  before: Readonly<Record<string, T>>,
  next: Readonly<Record<string, T>>,
): Readonly<Record<string, T>> {
  for (const [name, sums] of Object.entries(next)) {
    const earlier = before[name];
    for (let index = 0; index < sums.length; index++) sums[index] += earlier[index];
  }
  return next;
}
