import type { EvaluationReport } from "../analyze/evaluation.ts";
import type { Interval } from "../analyze/statistics.ts";
import { formatCount, formatPairs, formatPercent, formatPercentInterval, formatSeconds } from "./text.ts";

/** The result of an evaluation for people. */
export function formatReport(report: EvaluationReport): string {
  const { samples, disagreements, intervals } = report;
  const pairs: [string, string][] = [
    ["model", `${report.model} on ${report.data} (${report.split}), ${formatCount(samples)} images`],
    ["code", `${report.code}, ${report.schedule}, ${report.levels} levels; engine ${report.engine}`],
    [report.comparedWith === "model" ? "ReLU accuracy" : "toRelu accuracy", accuracyText(report.reluAccuracy, intervals.reluAccuracy)],
    ["spiking accuracy", accuracyText(report.spikingAccuracy, intervals.spikingAccuracy)],
    ["disagreements", `${disagreements} of ${formatCount(samples)}  [${intervals.disagreements.map((bound) => bound.toPrecision(2)).join("–")}]${report.mcnemar === null ? "" : `; McNemar p = ${report.mcnemar.toPrecision(3)}`}`],
    ["twin mismatches", report.twinMismatches === null ? "– (no quantised twin was compared)" : `${report.twinMismatches} of all spike counts and logits`],
    ["latency", `${describeLatency(report)}`],
  ];
  if (report.spikesPerSample !== null && report.synapticOperationsPerSample !== null) {
    pairs.push(["spikes", `${formatCount(report.spikesPerSample)} an image`], ["synaptic operations", `${formatCount(report.synapticOperationsPerSample)} an image`]);
  }
  const times = [
    report.seconds === null ? "no simulation (the twin decided)" : `simulation ${formatSeconds(report.seconds)}`,
    `ReLU network ${formatSeconds(report.reluSeconds)}`,
    ...(report.twinSeconds === null ? [] : [`twin ${formatSeconds(report.twinSeconds)}`]),
  ];
  pairs.push(["time", times.join(", ")]);
  const notes = report.comparedWith === "model" ? [] : ["compared with toRelu(network): a .llif file does not hold the ReLU network it was made from"];
  return [formatPairs(pairs), ...notes.map((note) => `\n${note}`), "Brackets: 95 % confidence."].join("\n");
}

function accuracyText(accuracy: number | null, interval: Interval | null): string {
  return accuracy === null || interval === null ? "– (the images have no labels)" : `${formatPercent(accuracy)}  [${formatPercentInterval(interval)}]`;
}

function describeLatency({ schedule, windowTicks, latencyTicks, intervalTicks }: EvaluationReport): string {
  if (schedule === "synchronous") return `${latencyTicks} ticks to a decision`;
  return `${windowTicks} ticks a window; ${latencyTicks / windowTicks} windows (${latencyTicks} ticks) to a decision; an image every ${intervalTicks} ticks`;
}
