// The result of an evaluation: how parts from different workers are merged, and the report made of them.
import type { CodeName, ScheduleName, SpikeSign } from "../spiking/codes/rules.ts";
import { checkCode, rulesOf } from "../spiking/code.ts";
import { requireSpikingNetwork } from "../spiking/check.ts";
import {
  checkArray,
  checkInteger,
  checkNumbers,
  checkObject,
  checkOneOf,
  checkOptions,
  checkString,
} from "../check.ts";
import type { TopClassesReport } from "./top-classes.ts";
import { LlifError } from "../errors.ts";
import { latencyTicks, type SpikingNetwork, isSynchronous } from "../spiking/network.ts";
import { addActivity, type ActivitySums } from "./activity.ts";

import type { EnergyReport } from "./energy.ts";
import type { TwinResults } from "./known.ts";

import { clopperPearsonInterval, mcnemarExact, wilsonInterval, type Interval } from "./statistics.ts";

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
  /** C1: 1 if the decision is provably the float network's; null if not requested or not available. */
  readonly certified: Uint8Array | null;
  /** C2 or C3; null if not requested or not available. */
  readonly earlyDecisions: EarlyDecisions | null;
  /** Sums of operations; null if not requested. */
  readonly activity: ActivitySums | null;
  /** Whole microseconds. */
  readonly microseconds: { readonly simulation: number; readonly relu: number; readonly twin: number | null };
}

/** JSON of `llif evaluate` (docs: contracts of the result). */
export interface EvaluationReport {
  readonly model: string;
  readonly data: string;
  readonly split: string;
  readonly code: CodeName;
  readonly schedule: ScheduleName;
  readonly spikes: SpikeSign;
  readonly engine: "wasm" | "reference" | "twin";
  /** Where the float decisions come from: the model file, or `toRelu` of a .llif file. */
  readonly comparedWith: "model" | "toRelu";
  readonly samples: number;
  /** Accuracies are null for images without labels; then only disagreements count. */
  readonly reluAccuracy: number | null;
  readonly spikingAccuracy: number | null;
  /** Samples on which the two networks decide differently. */
  readonly disagreements: number;
  /** 95 %: Wilson for the accuracies; Clopper–Pearson for the disagreements, as a number of `samples`. */
  readonly intervals: {
    readonly reluAccuracy: Interval | null;
    readonly spikingAccuracy: Interval | null;
    readonly disagreements: Interval;
  };
  /** Exact p of McNemar's test: are the two accuracies equal? Null without labels. */
  readonly mcnemar: number | null;
  readonly twinMismatches: number | null;
  /** Largest count of a window (T of T7), or ticks of a synchronous run. */
  readonly levels: number;
  readonly windowTicks: number;
  readonly latencyTicks: number;
  readonly intervalTicks: number;
  /** Null if nothing was simulated. */
  readonly spikesPerSample: number | null;
  readonly synapticOperationsPerSample: number | null;
  /** Weights that the engine added for them: fewer in layerwise `rate` (`Statistics.additions`). */
  readonly additionsPerSample: number | null;
  /** Seconds of the simulation alone; null if nothing was simulated. */
  readonly seconds: number | null;
  readonly reluSeconds: number;
  readonly twinSeconds: number | null;
  /** Only with --certify. */
  readonly certificates?: CertificateReport;
  /** Only with --top. */
  readonly topClasses?: TopClassesReport;
  /** Only with --differences. */
  readonly differences?: readonly Difference[];
  /** Only with --energy. */
  readonly energy?: EnergyReport;
  /** Layers that took fewer bits, neurons that are not ReLUs; absent if there are none. */
  readonly warnings?: readonly string[];
}

export interface CertificateReport {
  /**
   * C1, against the float network; null if intervals cannot be propagated. `unlikeFloat`: certified decisions that
   * differ from it, which would refute the proof.
   */
  readonly c1: { readonly certified: number; readonly unlikeFloat: number } | null;
  /** C2, for a synchronous run, with the same fields as C3; null if it does not apply. */
  readonly c2: { readonly ticksSaved: number; readonly changed: number } | null;
  /** C3, inside the last window; null if there is none. `changed`: decisions that a later tick would have changed. */
  readonly c3: { readonly ticksSaved: number; readonly changed: number } | null;
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
 * Merges shards into one evaluation. Grouping and order of the shards do not change any report.
 * @throws {LlifError} ARGUMENT without shards, if two contain the same sample, or if they were evaluated differently.
 */
export function mergeEvaluations(parts: readonly Evaluation[]): Evaluation {
  const merged = concatenateEvaluations(parts);
  const order = Array.from(merged.indices.keys()).sort((a, b) => merged.indices[a] - merged.indices[b]);
  const twice = order.find(
    (at, position) => position > 0 && merged.indices[at] === merged.indices[order[position - 1]],
  );
  if (twice !== undefined)
    throw new LlifError("ARGUMENT", `evaluations: sample ${merged.indices[twice]} is in two shards`);
  const sorted = <T extends Uint8Array | Uint32Array | Float64Array>(values: T) =>
    values.map((_, position) => values[order[position]]) as T;
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
    certified: merged.certified === null ? null : sorted(merged.certified),
    earlyDecisions:
      merged.earlyDecisions === null
        ? null
        : { decisions: sorted(merged.earlyDecisions.decisions), ticks: sorted(merged.earlyDecisions.ticks) },
  };
}

/** Checks an argument that should be a result of `evaluate`. */
function checkEvaluation(place: string, evaluation: Evaluation): void {
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
  const optional = ["labels", "twinMismatches", "twin", "certified", "earlyDecisions", "activity"] as const;
  if (
    parts.some(
      (part) =>
        part.simulated !== first.simulated || optional.some((key) => (part[key] === null) !== (first[key] === null)),
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

export function reportEvaluation(evaluation: Evaluation, context: ReportContext): EvaluationReport {
  checkEvaluation("reportEvaluation: evaluation", evaluation);
  checkOptions("reportEvaluation", context, {
    network: true,
    model: true,
    data: true,
    split: true,
    engine: true,
    comparedWith: true,
    ticks: true,
  });
  requireSpikingNetwork("reportEvaluation: network", context.network);
  for (const key of ["model", "data", "split"] as const) checkString(`reportEvaluation: ${key}`, context[key]);
  checkOneOf("reportEvaluation: engine", context.engine, ["wasm", "reference", "twin"]);
  checkOneOf("reportEvaluation: comparedWith", context.comparedWith, ["model", "toRelu"]);
  if (context.ticks !== undefined) checkInteger("reportEvaluation: ticks", context.ticks, 1);
  const { network, engine } = context;
  const { labels, reluDecisions, spikingDecisions, simulated, microseconds } = evaluation;
  const samples = reluDecisions.length;
  const count = (holds: (index: number) => boolean) =>
    reluDecisions.reduce((total, _, index) => total + (holds(index) ? 1 : 0), 0);
  const reluRight = (index: number) => reluDecisions[index] === labels?.[index];
  const spikingRight = (index: number) => spikingDecisions[index] === labels?.[index];
  const labelled = <T>(value: T): T | null => (labels === null ? null : value);
  const [reluCorrect, spikingCorrect] = [count(reluRight), count(spikingRight)];
  const disagreements = count((index) => reluDecisions[index] !== spikingDecisions[index]);
  const [low, high] = clopperPearsonInterval(disagreements, samples);
  const { flags, frames } = rulesOf(network.code);
  const { code, schedule, spikes } = flags;
  const windowTicks = isSynchronous(network) ? (context.ticks ?? network.windowTicks) : network.windowTicks;
  return {
    model: context.model,
    data: context.data,
    split: context.split,
    code,
    schedule,
    spikes,
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
    mcnemar: labelled(
      mcnemarExact(
        count((index) => reluRight(index) && !spikingRight(index)),
        count((index) => spikingRight(index) && !reluRight(index)),
      ),
    ),
    twinMismatches: evaluation.twinMismatches,
    levels: isSynchronous(network) && !frames ? windowTicks : network.levels,
    windowTicks,
    latencyTicks: latencyTicks(network, windowTicks),
    intervalTicks: windowTicks,
    spikesPerSample: simulated ? sum(evaluation.spikes) / samples : null,
    synapticOperationsPerSample: simulated ? sum(evaluation.synapticOperations) / samples : null,
    additionsPerSample: simulated ? sum(evaluation.additions) / samples : null,
    seconds: simulated ? microseconds.simulation / 1e6 : null,
    reluSeconds: microseconds.relu / 1e6,
    twinSeconds: microseconds.twin === null ? null : microseconds.twin / 1e6,
  };
}

/** Summary of the certificates. @param ticks of the run, or of the window of a layerwise network. */
export function certificateReport(
  evaluation: Evaluation,
  network: Pick<SpikingNetwork, "code">,
  ticks: number,
): CertificateReport {
  checkEvaluation("certificateReport: evaluation", evaluation);
  const { schedule } = checkCode(
    "certificateReport: network: code",
    checkObject("certificateReport: network", network).code,
  ).flags;
  checkInteger("certificateReport: ticks", ticks, 1);
  const { certified, earlyDecisions, reluDecisions, spikingDecisions } = evaluation;
  const count = (length: number, holds: (index: number) => boolean) =>
    Array.from({ length }).reduce((total: number, _, index) => total + (holds(index) ? 1 : 0), 0);
  const early =
    earlyDecisions === null
      ? null
      : {
          ticksSaved: ticks - sum(earlyDecisions.ticks) / earlyDecisions.ticks.length,
          changed: count(
            earlyDecisions.ticks.length,
            (index) => earlyDecisions.decisions[index] !== spikingDecisions[index],
          ),
        };
  return {
    c1:
      certified === null
        ? null
        : {
            certified: sum(certified),
            unlikeFloat: count(
              certified.length,
              (index) => certified[index] === 1 && reluDecisions[index] !== spikingDecisions[index],
            ),
          },
    c2: schedule === "synchronous" ? early : null,
    c3: schedule === "layerwise" ? early : null,
  };
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
  ].flatMap((values) => [...values]);
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

/** One image on which the two networks decide differently; classes by index. */
export interface Difference {
  /** Position in the data set. */
  readonly image: number;
  /** Null without labels. */
  readonly label: number | null;
  readonly relu: number;
  readonly spiking: number;
  /** The float network's largest logit minus its second largest: how close its decision was. */
  readonly floatMargin: number;
}

/** Decisions before the end of a run (C2) or of its last window (C3), one entry per sample. */
export interface EarlyDecisions {
  readonly decisions: Uint32Array;
  /** Ticks of the run, or of the window, after which each decision was final. */
  readonly ticks: Uint32Array;
}
