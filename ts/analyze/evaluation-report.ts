// The report of an evaluation: accuracies, disagreements, intervals, cost.
import { checkInteger, checkObject, checkOneOf, checkOptions, checkString } from "../check.ts";
import { checkCode, rulesOf } from "../spiking/code.ts";
import { requireSpikingNetwork } from "../spiking/check.ts";
import type { CodeName, ScheduleName, SpikeSign } from "../spiking/codes/rules.ts";
import { isSynchronous, latencyTicks, type SpikingNetwork } from "../spiking/network.ts";
import type { EnergyReport } from "./energy.ts";
import { checkEvaluation, sum, type Evaluation } from "./evaluation.ts";
import { tickReports, type TickReport } from "./per-tick.ts";
import { countInterval, mcnemarExact, wilsonInterval, type Interval } from "./statistics.ts";
import type { UntilDecidedReport } from "./until-decided.ts";
import type { TopClassesReport } from "./top-classes.ts";

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
  /** Only of refined phase, evaluated with one number of ticks. */
  readonly perTick?: readonly TickReport[];
  /** Only with --until-decided. */
  readonly untilDecided?: UntilDecidedReport;
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
  const { labels, reluDecisions, spikingDecisions, simulated, microseconds, perTick } = evaluation;
  const samples = reluDecisions.length;
  const count = (holds: (index: number) => boolean) =>
    reluDecisions.reduce((total, _, index) => total + (holds(index) ? 1 : 0), 0);
  const reluRight = (index: number) => reluDecisions[index] === labels?.[index];
  const spikingRight = (index: number) => spikingDecisions[index] === labels?.[index];
  const labelled = <T>(value: T): T | null => (labels === null ? null : value);
  const [reluCorrect, spikingCorrect] = [count(reluRight), count(spikingRight)];
  const disagreements = count((index) => reluDecisions[index] !== spikingDecisions[index]);
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
      disagreements: countInterval(disagreements, samples),
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
    ...(perTick === null ? {} : { perTick: tickReports(perTick, reluDecisions, labels, simulated) }),
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
