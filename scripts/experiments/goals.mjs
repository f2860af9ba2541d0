// The goals for all 10,000 CIFAR-10 test images, set before the measurements, and whether each is reached.
import { compact, table } from "./tables.mjs";

const fewer = (name, most, words) => ({
  name,
  words: words ?? `at most ${most} decisions differ`,
  judge: ({ disagreements }) => [String(disagreements), disagreements <= most],
});

const goals = [
  {
    name: "whole-phase-8",
    words: "at most 0.1 points below the float network",
    judge: ({ reluAccuracy, spikingAccuracy, samples }) => {
      const below = Math.round((reluAccuracy - spikingAccuracy) * samples);
      return [
        below <= 0
          ? `${((-below / samples) * 100).toFixed(2)} points above`
          : `${((below / samples) * 100).toFixed(2)} points below`,
        below <= samples / 1000,
      ];
    },
  },
  fewer("whole-phase-10", 15),
  {
    name: "whole-phase-12",
    words: "at most 8 decisions differ, each on an image whose float margin is under 0.02",
    judge: ({ disagreements, differences }) => {
      const widest = Math.max(0, ...differences.map(({ floatMargin }) => floatMargin));
      return [
        disagreements === 0 ? "0" : `${disagreements}; largest margin ${widest.toPrecision(2)}`,
        disagreements <= 8 && widest < 0.02,
      ];
    },
  },
  fewer("whole-phase-signed-8", 8),
  fewer("whole-phase-signed-7", 12),
  {
    name: "whole-phase-refined-8",
    words: "no twin mismatch after any tick",
    judge: ({ perTick }) => {
      const mismatches = perTick.map(({ twinMismatches }) => twinMismatches);
      return [mismatches.join(", "), mismatches.every((count) => count === 0)];
    },
  },
  {
    name: "whole-phase-refined-ahead-8",
    words: "at most 45 decisions differ; ResNet-20: at most 130 M operations",
    judge: ({ disagreements, synapticOperationsPerSample }, network) => [
      `${disagreements}; ${compact(synapticOperationsPerSample)}`,
      disagreements <= 45 && (network !== "ResNet-20" || synapticOperationsPerSample <= 130e6),
    ],
  },
  fewer("whole-phase-refined-ahead-10", 15),
  fewer("whole-phase-refined-lazy-10", 15),
  fewer("whole-ttfs-real", 0, "no decision differs beyond float rounding ties"),
];

/** @param measured [words for the network, its jobs, its runs]. */
export function goalsTable(measured) {
  const rows = goals.map(({ name, words, judge }) => {
    const label = measured.flatMap(([, jobs]) => jobs).find((job) => job.name === name)?.label ?? name;
    const cells = measured.map(([network, , runs]) => {
      const report = runs.find((run) => run.name === name)?.manifest?.report;
      if (report === undefined) return "not run";
      const [value, reached] = judge(report, network);
      return `${value}: ${reached ? "reached" : "**not reached**"}`;
    });
    return [label, words, ...cells];
  });
  return table(["code", "goal", ...measured.map(([network]) => network)], rows, 2);
}
