// The result of an evaluation, sample by sample, and how parts from different workers are merged.
import { checkArray, checkNumbers, checkObject } from "../check.ts";
import { LlifError } from "../errors.ts";
import { addActivity, type ActivitySums } from "./activity.ts";
import type { TwinResults } from "./known.ts";
import { changedReads, type TickReads } from "./per-tick.ts";

/** The results of a shard, one entry per sample. All reports are computed from it. */
export interface Evaluation {
  /** Positions in the whole data set. */
  readonly indices: Uint32Array;
  /** Null for images without labels. */
  readonly labels: Uint32Array | null;
  readonly reluDecisions: Uint32Array;
  readonly spikingDecisions: Uint32Array;
  readonly spikes: Float64Array;
  readonly synapticOperations: Float64Array;
  /** Weights that the engine added for them. */
  readonly additions: Float64Array;
  /** Hash of the spike counts of all neurons. */
  readonly fingerprints: Uint32Array;
  /** Number of hidden counts and output charges that differ from the twin's; null if none were compared. */
  readonly twinMismatches: number | null;
  /** Null without a twin. */
  readonly twin: TwinResults | null;
  /** False if the twin decided. */
  readonly simulated: boolean;
  /** Refined phase with one number of ticks: what was read after each; otherwise null. */
  readonly perTick: TickReads | null;
  /** C1: 1 if the decision is provably the float network's; null if not requested or not available. */
  readonly certified: Uint8Array | null;
  /** C2 or C3; null if not requested or not available. */
  readonly earlyDecisions: EarlyDecisions | null;
  /** Sums of operations; null if not requested. */
  readonly activity: ActivitySums | null;
  /** Whole microseconds. */
  readonly microseconds: { readonly simulation: number; readonly relu: number; readonly twin: number | null };
}

/** Decisions before the end of a run (C2) or of its last window (C3), one entry per sample. */
export interface EarlyDecisions {
  readonly decisions: Uint32Array;
  /** Ticks of the run, or of the window, after which each decision was final. */
  readonly ticks: Uint32Array;
}

/**
 * Merges shards into one evaluation. Grouping and order of the shards do not change any report.
 * @throws {LlifError} ARGUMENT without shards, if two contain the same sample, or if they were evaluated differently.
 */
export function mergeEvaluations(parts: readonly Evaluation[]): Evaluation {
  const merged = concatenateEvaluations(parts);
  const { perTick: reads } = merged;
  const order = Array.from(merged.indices.keys()).sort((a, b) => merged.indices[a] - merged.indices[b]);
  const twice = order.find(
    (at, position) => position > 0 && merged.indices[at] === merged.indices[order[position - 1]],
  );
  if (twice !== undefined)
    throw new LlifError("ARGUMENT", `evaluations: sample ${merged.indices[twice]} is in two shards`);
  /** By sample, of which each has as many values. */
  const sorted = <T extends Uint8Array | Uint32Array | Float64Array>(values: T) => {
    const width = values.length / order.length;
    return values.map((_, at) => values[order[Math.floor(at / width)] * width + (at % width)]) as T;
  };
  return {
    ...merged,
    indices: sorted(merged.indices),
    labels: merged.labels === null ? null : sorted(merged.labels),
    reluDecisions: sorted(merged.reluDecisions),
    spikingDecisions: sorted(merged.spikingDecisions),
    spikes: sorted(merged.spikes),
    synapticOperations: sorted(merged.synapticOperations),
    additions: sorted(merged.additions),
    fingerprints: sorted(merged.fingerprints),
    twin:
      merged.twin === null ? null : { decisions: sorted(merged.twin.decisions), hashes: sorted(merged.twin.hashes) },
    perTick: reads === null ? null : changedReads(reads, (pick) => sorted(pick(reads))),
    certified: merged.certified === null ? null : sorted(merged.certified),
    earlyDecisions:
      merged.earlyDecisions === null
        ? null
        : { decisions: sorted(merged.earlyDecisions.decisions), ticks: sorted(merged.earlyDecisions.ticks) },
  };
}

/** Checks an argument that should be a result of `evaluate`. */
export function checkEvaluation(place: string, evaluation: Evaluation): void {
  checkObject(place, evaluation, "an evaluation");
  for (const key of [
    "indices",
    "reluDecisions",
    "spikingDecisions",
    "spikes",
    "synapticOperations",
    "additions",
    "fingerprints",
  ] as const)
    checkNumbers(`${place}: ${key}`, evaluation[key]);
  checkObject(`${place}: microseconds`, evaluation.microseconds);
}

/** Like `mergeEvaluations`, for shards that are already in order. */
export function concatenateEvaluations(parts: readonly Evaluation[]): Evaluation {
  checkArray<Evaluation>("evaluations", parts, "an array of shards").forEach((part) =>
    checkEvaluation("evaluations: shard", part),
  );
  if (parts.length === 0) throw new LlifError("ARGUMENT", "evaluations: expected at least one shard, got none");
  const [first] = parts;
  const optional = ["labels", "twinMismatches", "twin", "perTick", "certified", "earlyDecisions", "activity"] as const;
  if (
    parts.some(
      (part) =>
        part.simulated !== first.simulated ||
        part.perTick?.twinMismatches.length !== first.perTick?.twinMismatches.length ||
        (part.perTick?.certified === null) !== (first.perTick?.certified === null) ||
        optional.some((key) => (part[key] === null) !== (first[key] === null)),
    )
  ) {
    throw new LlifError(
      "ARGUMENT",
      "evaluations: expected shards that were evaluated alike, got some without labels, a simulation, a twin or a certificate",
    );
  }
  /** Null if the shards have none. */
  const joined = <T extends Uint8Array | Uint32Array | Float64Array>(
    pick: (part: Evaluation) => T | undefined,
  ): T | null => {
    const arrays = parts.map(pick);
    return arrays.some((array) => array === undefined) ? null : concatenated(arrays as T[]);
  };
  const all = <T extends Uint8Array | Uint32Array | Float64Array>(pick: (part: Evaluation) => T): T =>
    concatenated(parts.map(pick));
  const addedOrNull = (value: (part: Evaluation) => number | null) =>
    parts.map(value).reduce((sum, term) => (sum === null || term === null ? null : sum + term), 0);
  const [twinDecisions, twinHashes] = [joined(({ twin }) => twin?.decisions), joined(({ twin }) => twin?.hashes)];
  const [earlyDecisions, earlyTicks] = [
    joined((part) => part.earlyDecisions?.decisions),
    joined((part) => part.earlyDecisions?.ticks),
  ];
  const reads = parts.flatMap(({ perTick }) => (perTick === null ? [] : [perTick]));
  const activities = parts.flatMap(({ activity }) => (activity === null ? [] : [activity]));
  return {
    indices: all((part) => part.indices),
    labels: joined((part) => part.labels ?? undefined),
    reluDecisions: all((part) => part.reluDecisions),
    spikingDecisions: all((part) => part.spikingDecisions),
    spikes: all((part) => part.spikes),
    synapticOperations: all((part) => part.synapticOperations),
    additions: all((part) => part.additions),
    fingerprints: all((part) => part.fingerprints),
    twinMismatches: addedOrNull((part) => part.twinMismatches),
    twin: twinDecisions === null || twinHashes === null ? null : { decisions: twinDecisions, hashes: twinHashes },
    simulated: first.simulated,
    perTick: reads.length === 0 ? null : joinedReads(reads),
    certified: joined((part) => part.certified ?? undefined),
    earlyDecisions:
      earlyDecisions === null || earlyTicks === null ? null : { decisions: earlyDecisions, ticks: earlyTicks },
    activity: activities.length === 0 ? null : addActivity(activities),
    microseconds: {
      simulation: sum(parts.map((part) => part.microseconds.simulation)),
      relu: sum(parts.map((part) => part.microseconds.relu)),
      twin: addedOrNull((part) => part.microseconds.twin),
    },
  };
}

function joinedReads(parts: readonly TickReads[]): TickReads {
  return {
    ...changedReads(parts[0], (pick) => concatenated(parts.map(pick))),
    twinMismatches: parts[0].twinMismatches.map((_, tick) =>
      parts
        .map(({ twinMismatches }) => twinMismatches[tick])
        .reduce((sum, term) => (sum === null || term === null ? null : sum + term), 0),
    ),
  };
}

function concatenated<T extends Uint8Array | Uint32Array | Float64Array>(arrays: readonly T[]): T {
  const joined = new (arrays[0].constructor as new (length: number) => T)(
    arrays.reduce((length, array) => length + array.length, 0),
  );
  let at = 0;
  for (const array of arrays) {
    joined.set(array, at);
    at += array.length;
  }
  return joined;
}

/**
 * Little-endian bytes that are equal if and only if all decisions and spike counts are (up to a 32-bit hash per
 * sample).
 */
export function digestBytes(evaluation: Evaluation): Uint8Array {
  const words = [
    evaluation.indices,
    evaluation.reluDecisions,
    evaluation.spikingDecisions,
    evaluation.fingerprints,
    evaluation.perTick?.decisions ?? [],
  ].flatMap((values) => [...values]);
  const numbers = [...evaluation.spikes, ...evaluation.synapticOperations];
  const view = new DataView(new ArrayBuffer(4 * words.length + 8 * numbers.length));
  words.forEach((word, index) => view.setUint32(4 * index, word, true));
  numbers.forEach((number, index) => view.setFloat64(4 * words.length + 8 * index, number, true));
  return new Uint8Array(view.buffer);
}

export function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let index = 0; index < values.length; index++) total += values[index];
  return total;
}
