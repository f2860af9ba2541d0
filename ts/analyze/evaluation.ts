import { LlifError } from "../errors.ts";
import { latencyTicks, type Code, type ScheduleName, type SpikeSign, type SpikingNetwork } from "../spiking/network.ts";
import { clopperPearsonInterval, mcnemarExact, wilsonInterval, type Interval } from "./statistics.ts";

/** What was seen of a shard of samples. Everything reported is computed from it; one entry for each sample. */
export interface Evaluation {
  /** Positions in the whole data set. */
  readonly indices: Uint32Array;
  /** Null for images without labels. */
  readonly labels: Uint32Array | null;
  readonly reluDecisions: Uint32Array;
  readonly spikingDecisions: Uint32Array;
  readonly spikes: Float64Array;
  readonly synapticOperations: Float64Array;
  /** Hash of the spike counts of all neurons. */
  readonly fingerprints: Uint32Array;
  /** Hidden counts and output charges that differ from the twin's; null where none were compared. */
  readonly twinMismatches: number | null;
  /** False where the twin itself decided. */
  readonly simulated: boolean;
  /** Whole microseconds. */
  readonly microseconds: { readonly simulation: number; readonly relu: number; readonly twin: number | null };
}

/** JSON of `llif evaluate` (docs: contracts of the result). */
export interface EvaluationReport {
  readonly model: string;
  readonly data: string;
  readonly split: string;
  readonly code: Code;
  readonly schedule: ScheduleName;
  readonly spikes: SpikeSign;
  readonly engine: "wasm" | "reference" | "twin";
  /** Where the float decisions come from: the model file, or `toRelu` of a .llif file. */
  readonly comparedWith: "model" | "toRelu";
  readonly samples: number;
  /** Both null where the images have no labels; then only the disagreements count. */
  readonly reluAccuracy: number | null;
  readonly spikingAccuracy: number | null;
  /** Samples on which the two networks decide differently. */
  readonly disagreements: number;
  /** 95 %: Wilson for the accuracies; Clopper–Pearson for the disagreements, as a number of `samples`. */
  readonly intervals: { readonly reluAccuracy: Interval | null; readonly spikingAccuracy: Interval | null; readonly disagreements: Interval };
  /** Exact p of McNemar's test: are the two accuracies equal? Null without labels. */
  readonly mcnemar: number | null;
  readonly twinMismatches: number | null;
  /** Largest count of a window (T of T7), or ticks of a synchronous run. */
  readonly levels: number;
  readonly windowTicks: number;
  readonly latencyTicks: number;
  readonly intervalTicks: number;
  /** Null where nothing was simulated. */
  readonly spikesPerSample: number | null;
  readonly synapticOperationsPerSample: number | null;
  /** Of the simulation alone; null where nothing was simulated. */
  readonly seconds: number | null;
  readonly reluSeconds: number;
  readonly twinSeconds: number | null;
}

export interface ReportContext {
  readonly network: SpikingNetwork;
  readonly model: string;
  readonly data: string;
  readonly split: string;
  readonly engine: EvaluationReport["engine"];
  readonly comparedWith: EvaluationReport["comparedWith"];
  /** Synchronous networks: ticks of the run; default the network's. */
  readonly ticks?: number;
}

/**
 * One evaluation of several shards; associative, and the order of the shards does not matter to any report.
 * @throws {LlifError} ARGUMENT without shards, if two hold the same sample, or if they were not evaluated alike.
 */
export function mergeEvaluations(parts: readonly Evaluation[]): Evaluation {
  const merged = concatenateEvaluations(parts);
  const order = Array.from(merged.indices.keys()).sort((a, b) => merged.indices[a] - merged.indices[b]);
  const twice = order.find((at, position) => position > 0 && merged.indices[at] === merged.indices[order[position - 1]]);
  if (twice !== undefined) throw new LlifError("ARGUMENT", `evaluations: sample ${merged.indices[twice]} is in two shards`);
  const sorted = <T extends Uint32Array | Float64Array>(values: T) => values.map((_, position) => values[order[position]]) as T;
  return {
    ...merged,
    indices: sorted(merged.indices),
    labels: merged.labels === null ? null : sorted(merged.labels),
    reluDecisions: sorted(merged.reluDecisions),
    spikingDecisions: sorted(merged.spikingDecisions),
    spikes: sorted(merged.spikes),
    synapticOperations: sorted(merged.synapticOperations),
    fingerprints: sorted(merged.fingerprints),
  };
}

/** As `mergeEvaluations`, for shards that are already in order. */
export function concatenateEvaluations(parts: readonly Evaluation[]): Evaluation {
  if (parts.length === 0) throw new LlifError("ARGUMENT", "evaluations: expected at least one shard, got none");
  const [first] = parts;
  const alike = (part: Evaluation) =>
    part.simulated === first.simulated && (part.twinMismatches === null) === (first.twinMismatches === null) && (part.labels === null) === (first.labels === null);
  if (!parts.every(alike)) {
    throw new LlifError("ARGUMENT", "evaluations: expected shards that were evaluated alike, got some without labels, a simulation or a twin");
  }
  const words = (key: "indices" | "labels" | "reluDecisions" | "spikingDecisions" | "fingerprints") => Uint32Array.from(parts.flatMap((part) => [...(part[key] ?? [])]));
  const numbers = (key: "spikes" | "synapticOperations") => Float64Array.from(parts.flatMap((part) => [...part[key]]));
  const addedOrNull = (value: (part: Evaluation) => number | null) =>
    parts.map(value).reduce((sum, term) => (sum === null || term === null ? null : sum + term), 0);
  return {
    indices: words("indices"),
    labels: first.labels === null ? null : words("labels"),
    reluDecisions: words("reluDecisions"),
    spikingDecisions: words("spikingDecisions"),
    spikes: numbers("spikes"),
    synapticOperations: numbers("synapticOperations"),
    fingerprints: words("fingerprints"),
    twinMismatches: addedOrNull((part) => part.twinMismatches),
    simulated: first.simulated,
    microseconds: {
      simulation: sum(parts.map((part) => part.microseconds.simulation)),
      relu: sum(parts.map((part) => part.microseconds.relu)),
      twin: addedOrNull((part) => part.microseconds.twin),
    },
  };
}

export function reportEvaluation(evaluation: Evaluation, context: ReportContext): EvaluationReport {
  const { network, engine } = context;
  const { labels, reluDecisions, spikingDecisions, simulated, microseconds } = evaluation;
  const samples = reluDecisions.length;
  const count = (holds: (index: number) => boolean) => reluDecisions.reduce((total, _, index) => total + (holds(index) ? 1 : 0), 0);
  const reluRight = (index: number) => reluDecisions[index] === labels?.[index];
  const spikingRight = (index: number) => spikingDecisions[index] === labels?.[index];
  const labelled = <T>(value: T): T | null => (labels === null ? null : value);
  const [reluCorrect, spikingCorrect] = [count(reluRight), count(spikingRight)];
  const disagreements = count((index) => reluDecisions[index] !== spikingDecisions[index]);
  const [low, high] = clopperPearsonInterval(disagreements, samples);
  const windowTicks = network.schedule === "synchronous" ? (context.ticks ?? network.windowTicks) : network.windowTicks;
  return {
    model: context.model,
    data: context.data,
    split: context.split,
    code: network.code,
    schedule: network.schedule,
    spikes: network.spikes,
    engine,
    comparedWith: context.comparedWith,
    samples,
    reluAccuracy: labelled(reluCorrect / samples),
    spikingAccuracy: labelled(spikingCorrect / samples),
    disagreements,
    intervals: {
      reluAccuracy: labelled(wilsonInterval(reluCorrect, samples)),
      spikingAccuracy: labelled(wilsonInterval(spikingCorrect, samples)),
      disagreements: [low * samples, high * samples],
    },
    mcnemar: labelled(mcnemarExact(
      count((index) => reluRight(index) && !spikingRight(index)),
      count((index) => spikingRight(index) && !reluRight(index)),
    )),
    twinMismatches: evaluation.twinMismatches,
    levels: network.schedule === "synchronous" ? windowTicks : network.levels,
    windowTicks,
    latencyTicks: latencyTicks(network, windowTicks),
    intervalTicks: windowTicks,
    spikesPerSample: simulated ? sum(evaluation.spikes) / samples : null,
    synapticOperationsPerSample: simulated ? sum(evaluation.synapticOperations) / samples : null,
    seconds: simulated ? microseconds.simulation / 1e6 : null,
    reluSeconds: microseconds.relu / 1e6,
    twinSeconds: microseconds.twin === null ? null : microseconds.twin / 1e6,
  };
}

/** Bytes that are equal if and only if all decisions and spike counts are (up to a 32-bit hash a sample); little-endian. */
export function digestBytes(evaluation: Evaluation): Uint8Array {
  const words = [evaluation.indices, evaluation.reluDecisions, evaluation.spikingDecisions, evaluation.fingerprints].flatMap((values) => [...values]);
  const numbers = [...evaluation.spikes, ...evaluation.synapticOperations];
  const view = new DataView(new ArrayBuffer(4 * words.length + 8 * numbers.length));
  words.forEach((word, index) => view.setUint32(4 * index, word, true));
  numbers.forEach((number, index) => view.setFloat64(4 * words.length + 8 * index, number, true));
  return new Uint8Array(view.buffer);
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let index = 0; index < values.length; index++) total += values[index];
  return total;
}
