// What a run of refined phase had decided after each of its ticks, sample by sample.
import { countInterval, wilsonInterval, type Interval } from "./statistics.ts";

/** One row a sample, one column a tick. */
export interface TickReads {
  /** Class after each tick, shape [samples, ticks]; so are the next three. */
  readonly decisions: Uint32Array;
  /** Largest logit of the run so far minus the second. */
  readonly leads: Float64Array;
  /** Spikes so far. */
  readonly spikes: Float64Array;
  /** Synaptic operations so far. */
  readonly synapticOperations: Float64Array;
  /** By tick: counts and charges that differ from the twin's of that tick; null where there is none. */
  readonly twinMismatches: readonly (number | null)[];
  /** C1: 1 if the decision after the tick is provably the float network's; null if not requested or not available. */
  readonly certified: Uint8Array | null;
}

/** How good a run of refined phase is after this number of ticks. */
export interface TickReport {
  readonly tick: number;
  /** Null without labels. */
  readonly accuracy: number | null;
  readonly disagreements: number;
  /** Null where no twin was compared: lazy neurons equal one after the last tick alone. */
  readonly twinMismatches: number | null;
  /** Decisions that are provably the float network's (C1); only with --certify. */
  readonly certified?: number;
  /** Spikes up to this tick; null if nothing was simulated, as the next. */
  readonly spikesPerSample: number | null;
  readonly synapticOperationsPerSample: number | null;
  /** As those of the whole evaluation. */
  readonly intervals: { readonly accuracy: Interval | null; readonly disagreements: Interval };
}

/** Largest logit minus the second. @param leader its index. */
export function leadOf(logits: ArrayLike<number>, leader: number): number {
  let second = -Infinity;
  for (let index = 0; index < logits.length; index++)
    if (index !== leader && logits[index] > second) second = logits[index];
  return logits[leader] - second;
}

export function emptyReads(
  samples: number,
  ticks: number,
  certifies: boolean,
): TickReads & { twinMismatches: (number | null)[] } {
  const size = samples * ticks;
  return {
    decisions: new Uint32Array(size),
    leads: new Float64Array(size),
    spikes: new Float64Array(size),
    synapticOperations: new Float64Array(size),
    twinMismatches: new Array<number | null>(ticks).fill(null),
    certified: certifies ? new Uint8Array(size) : null,
  };
}

/** Every list by sample changed by the same function. */
export function changedReads(
  reads: TickReads,
  change: <T extends Uint8Array | Uint32Array | Float64Array>(pick: (reads: TickReads) => T) => T,
): TickReads {
  return {
    decisions: change(({ decisions }) => decisions),
    leads: change(({ leads }) => leads),
    spikes: change(({ spikes }) => spikes),
    synapticOperations: change(({ synapticOperations }) => synapticOperations),
    twinMismatches: reads.twinMismatches,
    certified: reads.certified === null ? null : change(({ certified }) => certified as Uint8Array),
  };
}

/** @param simulated whether spikes were counted. */
export function tickReports(
  { decisions, spikes, synapticOperations, twinMismatches, certified }: TickReads,
  reluDecisions: Uint32Array,
  labels: Uint32Array | null,
  simulated: boolean,
): TickReport[] {
  const samples = reluDecisions.length;
  const ticks = twinMismatches.length;
  return twinMismatches.map((mismatches, tick) => {
    let [right, disagreements, spiked, operations, proven] = [0, 0, 0, 0, 0];
    for (let sample = 0, at = tick; sample < samples; sample++, at += ticks) {
      if (decisions[at] === labels?.[sample]) right++;
      if (decisions[at] !== reluDecisions[sample]) disagreements++;
      spiked += spikes[at];
      operations += synapticOperations[at];
      if (certified?.[at] === 1) proven++;
    }
    return {
      tick: tick + 1,
      accuracy: labels === null ? null : right / samples,
      disagreements,
      twinMismatches: mismatches,
      ...(certified === null ? {} : { certified: proven }),
      spikesPerSample: simulated ? spiked / samples : null,
      synapticOperationsPerSample: simulated ? operations / samples : null,
      intervals: {
        accuracy: labels === null ? null : wilsonInterval(right, samples),
        disagreements: countInterval(disagreements, samples),
      },
    };
  });
}
