// What stopping at a margin or a certificate would have saved and changed on the runs of an evaluation.
import { LlifError } from "../errors.ts";
import type { Evaluation } from "./evaluation.ts";
import type { DecisionMargins } from "./margins.ts";
import { countInterval, type Interval } from "./statistics.ts";

/** Only with --until-decided. */
export interface UntilDecidedReport {
  readonly margins: DecisionMargins;
  /** The margin alone; with --certify also certificate C1 alone, and whichever comes first. */
  readonly rules: readonly StopReport[];
}

export type StopRule = "margin" | "certificate" | "either";

/** Results of the runs, each as after the tick at which it stopped. */
export interface StopReport {
  readonly rule: StopRule;
  readonly meanTicks: number;
  /** Share of runs that stop after each tick; the last includes those that nothing stopped. */
  readonly stoppedAfter: readonly number[];
  /** Runs by what stopped them: the certificate where both did. */
  readonly decidedBy: { readonly certificate: number; readonly margin: number; readonly end: number };
  /** Decisions that the rest of the run changes, and their 95 % interval (Clopper–Pearson), as a number of samples. */
  readonly changed: number;
  readonly changedInterval: Interval;
  /** Null without labels. */
  readonly accuracy: number | null;
  /** Decisions unlike the float network's. */
  readonly disagreements: number;
  readonly spikesPerSample: number;
  readonly synapticOperationsPerSample: number;
}

/**
 * @param evaluation of whole runs, read after every tick.
 * @throws {LlifError} ARGUMENT if it was not, or for margins of other ticks.
 */
export function untilDecidedReport(evaluation: Evaluation, margins: DecisionMargins): UntilDecidedReport {
  const { perTick, simulated } = evaluation;
  if (perTick === null || !simulated || margins.ticks.length !== perTick.twinMismatches.length)
    throw new LlifError(
      "ARGUMENT",
      `until decided: expected simulations read after each of ${margins.ticks.length} ticks, got ${perTick === null || !simulated ? "none" : perTick.twinMismatches.length}`,
    );
  const rules: StopRule[] = perTick.certified === null ? ["margin"] : ["margin", "certificate", "either"];
  return { margins, rules: rules.map((rule) => stopReport(evaluation, perTick, margins, rule)) };
}

function stopReport(
  { labels, reluDecisions }: Evaluation,
  { decisions, leads, spikes, synapticOperations, certified }: NonNullable<Evaluation["perTick"]>,
  { ticks, margins }: DecisionMargins,
  rule: StopRule,
): StopReport {
  const [samples, width] = [reluDecisions.length, ticks.length];
  const stopped = new Array<number>(width).fill(0);
  const decidedBy = { certificate: 0, margin: 0, end: 0 };
  let [ticksRun, changed, right, disagreements, spiked, operations] = [0, 0, 0, 0, 0, 0];
  for (let sample = 0; sample < samples; sample++) {
    const row = sample * width;
    const by = (column: number): keyof typeof decidedBy | null => {
      if (rule !== "margin" && certified?.[row + column] === 1) return "certificate";
      if (column === width - 1) return "end";
      return rule !== "certificate" && leads[row + column] > margins[column] ? "margin" : null;
    };
    let column = 0;
    let reason = by(column);
    while (reason === null) reason = by(++column);
    const at = row + column;
    decidedBy[reason]++;
    stopped[column]++;
    ticksRun += ticks[column];
    if (decisions[at] !== decisions[row + width - 1]) changed++;
    if (decisions[at] === labels?.[sample]) right++;
    if (decisions[at] !== reluDecisions[sample]) disagreements++;
    spiked += spikes[at];
    operations += synapticOperations[at];
  }
  return {
    rule,
    meanTicks: ticksRun / samples,
    stoppedAfter: stopped.map((runs) => runs / samples),
    decidedBy,
    changed,
    changedInterval: countInterval(changed, samples),
    accuracy: labels === null ? null : right / samples,
    disagreements,
    spikesPerSample: spiked / samples,
    synapticOperationsPerSample: operations / samples,
  };
}
