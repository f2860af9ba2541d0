// Prints an evaluation as text.
import type { EnergyReport, NetworkActivity } from "../analyze/energy.ts";
import type { Difference, EvaluationReport } from "../analyze/evaluation-report.ts";
import type { StopRule, UntilDecidedReport } from "../analyze/until-decided.ts";
import type { TickReport } from "../analyze/per-tick.ts";
import type { Interval } from "../analyze/statistics.ts";
import {
  formatCount,
  formatEnergy,
  formatOperations,
  formatPairs,
  formatPercent,
  formatPercentInterval,
  formatSeconds,
  formatTable,
} from "./text.ts";

/** The text of an evaluation. */
export function formatReport(report: EvaluationReport): string {
  const { samples, disagreements, intervals } = report;
  const pairs: [string, string][] = [
    ["model", `${report.model} on ${report.data} (${report.split}), ${formatCount(samples)} images`],
    [
      "code",
      `${report.code}, ${report.schedule}${report.spikes === "signed" ? ", signed spikes" : ""}, ${report.levels === 0 ? "real-valued times" : `${report.levels} levels`}; engine ${report.engine}`,
    ],
    [
      report.comparedWith === "model" ? "ReLU accuracy" : "toRelu accuracy",
      accuracyText(report.reluAccuracy, intervals.reluAccuracy),
    ],
    ["spiking accuracy", accuracyText(report.spikingAccuracy, intervals.spikingAccuracy)],
    [
      "disagreements",
      `${disagreements} of ${formatCount(samples)}  [${boundsText(intervals.disagreements)}]${report.mcnemar === null ? "" : `; McNemar p = ${report.mcnemar.toPrecision(3)}`}`,
    ],
    ...(report.differences === undefined || disagreements === 0
      ? []
      : [["on images", differencesText(report.differences)] as [string, string]]),
    [
      "twin mismatches",
      report.twinMismatches === null
        ? "– (no quantised twin was compared)"
        : `${report.twinMismatches} of all spike counts and logits`,
    ],
    ["latency", `${describeLatency(report)}`],
  ];
  if (report.spikesPerSample !== null && report.synapticOperationsPerSample !== null) {
    pairs.push(
      ["spikes", `${formatCount(report.spikesPerSample)} an image`],
      [
        "synaptic operations",
        `${formatOperations(report.synapticOperationsPerSample, report.additionsPerSample)} an image`,
      ],
    );
  }
  const { certificates, energy } = report;
  if (certificates !== undefined) {
    const { c1, c2, c3 } = certificates;
    pairs.push([
      "certified (C1)",
      c1 === null
        ? "– (interval bounds do not support this model)"
        : `${c1.certified} of ${formatCount(samples)} decisions are provably the float network's${c1.certified === 0 ? ": the bounds grow with depth and with coarse counts" : ""}`,
    ]);
    const early = (found: { ticksSaved: number; changed: number }) =>
      `decides ${found.ticksSaved.toFixed(2)} of its ${report.windowTicks} ticks early, on average; ${found.changed} decisions changed`;
    if (report.schedule === "synchronous" && report.perTick === undefined)
      pairs.push(["early exit (C2)", c2 === null ? "– (only constant input, plain neurons and float32)" : early(c2)]);
    else if (report.schedule === "layerwise")
      pairs.push(["last window (C3)", c3 === null ? "– (this code has no last window to cut short)" : early(c3)]);
  }
  if (report.topClasses !== undefined) {
    const { classes, sameOrder, sameSet } = report.topClasses;
    pairs.push([
      `first ${classes} classes`,
      `the same on ${sameSet} of ${formatCount(samples)} images, in the same order on ${sameOrder}`,
    ]);
  }
  const times = [
    report.seconds === null ? "no simulation (the twin decided)" : `simulation ${formatSeconds(report.seconds)}`,
    `ReLU network ${formatSeconds(report.reluSeconds)}`,
    ...(report.twinSeconds === null ? [] : [`twin ${formatSeconds(report.twinSeconds)}`]),
  ];
  pairs.push(["time", times.join(", ")]);
  const notes =
    report.comparedWith === "model"
      ? []
      : ["compared with toRelu(network): a .llif file does not hold the ReLU network it was made from"];
  return [
    formatPairs(pairs),
    ...notes.map((note) => `\n${note}`),
    "Brackets: 95 % confidence.",
    ...(report.perTick === undefined ? [] : ["", formatTicks(report.perTick)]),
    ...(report.untilDecided === undefined ? [] : ["", formatStops(report.untilDecided, report.samples)]),
    ...(energy === undefined ? [] : ["", formatEnergyReport(energy)]),
  ].join("\n");
}

/** One row a tick; spikes and operations are those up to it. */
function formatTicks(ticks: readonly TickReport[]): string {
  const simulated = ticks.every(({ spikesPerSample }) => spikesPerSample !== null);
  const labelled = ticks.every(({ accuracy }) => accuracy !== null);
  const proven = ticks.every(({ certified }) => certified !== undefined);
  const header = [
    "after tick",
    ...(labelled ? ["accuracy"] : []),
    "disagreements",
    "twin mismatches",
    ...(proven ? ["certified (C1)"] : []),
    ...(simulated ? ["spikes", "synaptic operations"] : []),
  ];
  const rows = ticks.map(({ tick, accuracy, disagreements, intervals, ...counted }) => [
    String(tick),
    ...(labelled ? [accuracyText(accuracy, intervals.accuracy)] : []),
    `${disagreements}  [${boundsText(intervals.disagreements)}]`,
    counted.twinMismatches === null ? "–" : String(counted.twinMismatches),
    ...(proven ? [String(counted.certified)] : []),
    ...(simulated
      ? [counted.spikesPerSample, counted.synapticOperationsPerSample].map((each) => formatCount(each ?? 0))
      : []),
  ]);
  return formatTable([header, ...rows], 0);
}

const ruleNames: Readonly<Record<StopRule, string>> = {
  margin: "margin",
  certificate: "certificate C1",
  either: "either",
};

function formatStops({ margins, rules }: UntilDecidedReport, samples: number): string {
  const labelled = rules.every(({ accuracy }) => accuracy !== null);
  const header = [
    "until decided by",
    "ticks, mean",
    ...margins.ticks.map((tick, at) => (at === margins.margins.length ? `${tick} (end)` : String(tick))),
    "changed",
    ...(labelled ? ["accuracy"] : []),
    "disagreements",
    "spikes",
    "synaptic operations",
  ];
  const rows = rules.map((stop) => [
    ruleNames[stop.rule],
    stop.meanTicks.toFixed(2),
    ...stop.stoppedAfter.map((share) => (share === 0 ? "–" : `${(100 * share).toFixed(1)} %`)),
    `${stop.changed}  [${boundsText(stop.changedInterval)}]`,
    ...(labelled ? [formatPercent(stop.accuracy)] : []),
    String(stop.disagreements),
    formatCount(stop.spikesPerSample),
    formatCount(stop.synapticOperationsPerSample),
  ]);
  const both = rules.find(({ rule }) => rule === "either")?.decidedBy;
  return [
    formatTable([header, ...rows], 1),
    `Margins for at most ${Number((100 * margins.errorRate).toPrecision(3))} % changed decisions (95 % confidence), from ${formatCount(margins.samples)} other images: ${margins.margins.map((margin) => Number(margin.toPrecision(2))).join(", ")}.`,
    `Changed: decisions of ${formatCount(samples)} that the rest of the run changes; below each tick, the share of runs that stop after it.`,
    ...(both === undefined
      ? []
      : [
          `Either: the certificate stopped ${formatCount(both.certificate)} runs, a margin ${formatCount(both.margin)}, the end ${formatCount(both.end)}.`,
        ]),
  ].join("\n");
}

/** Operations per image, and the energy estimated from them. */
function formatEnergyReport({ float, quantized, spiking, preset, sources, notIncluded }: EnergyReport): string {
  const row = (name: string, activity: NetworkActivity) => [
    name,
    ...[activity.Dense, activity.Effective_MACs, activity.Effective_ACs].map(formatCount),
    formatPercent(activity.ActivationSparsity),
    ...[activity.MembraneUpdates, activity.PhaseShifts, activity.Footprint].map(formatCount),
    ...[activity.picojoules.compute, activity.picojoules.memory, activity.picojoules.total].map(formatEnergy),
  ];
  const header = [
    "an image",
    "Dense",
    "Effective_MACs",
    "Effective_ACs",
    "ActivationSparsity",
    "MembraneUpdates",
    "phase shifts",
    "Footprint, B",
    "compute",
    "memory",
    "total",
  ];
  const rows = [
    row("float network", float),
    ...(quantized === null ? [] : [row("quantised, zeros skipped", quantized)]),
    row("spiking network", spiking),
  ];
  return [
    `Energy, an ESTIMATE from counted operations (${preset}):`,
    formatTable([header, ...rows]),
    ...(quantized === null
      ? ["No quantised baseline: this network has no integer twin; compare with a layerwise code."]
      : []),
    ...sources,
    `not included: ${notIncluded}`,
  ].join("\n");
}

function boundsText(bounds: Interval): string {
  return bounds.map((bound) => (bound < 99.5 ? bound.toPrecision(2) : formatCount(bound))).join("–");
}

function accuracyText(accuracy: number | null, interval: Interval | null): string {
  return accuracy === null || interval === null
    ? "– (the images have no labels)"
    : `${formatPercent(accuracy)}  [${formatPercentInterval(interval)}]`;
}

/** The smallest margins first. */
function differencesText(differences: readonly Difference[]): string {
  const closest = [...differences].sort((a, b) => a.floatMargin - b.floatMargin);
  const listed = closest
    .slice(0, 8)
    .map(
      ({ image, relu, spiking, floatMargin }) =>
        `${image} (class ${relu} → ${spiking}, float margin ${floatMargin.toPrecision(2)})`,
    );
  return [
    ...listed,
    ...(closest.length > listed.length
      ? [
          `and ${closest.length - listed.length} more, margins up to ${closest[closest.length - 1].floatMargin.toPrecision(2)}`,
        ]
      : []),
  ].join(", ");
}

function describeLatency(report: EvaluationReport): string {
  const { schedule, windowTicks, latencyTicks, intervalTicks } = report;
  if (report.levels === 0)
    return `each layer waits for the window of the one before; ${latencyTicks} windows to a decision; an image every window`;
  if (schedule === "synchronous") return `${latencyTicks} ticks to a decision`;
  return `${windowTicks} ticks a window; ${latencyTicks / windowTicks} windows (${latencyTicks} ticks) to a decision; an image every ${intervalTicks} ticks`;
}
