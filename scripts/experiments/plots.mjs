// Draws accuracy and disagreement against time and cost, as SVG files beside the results.
import { firstTick } from "./refined.mjs";

const names = {
  phase: "phase",
  "phase-refined-ahead": "phase, all at once",
  "phase-signed": "phase, signed",
  "phase-non-adjacent": "phase, never adjacent",
  ttfs: "first spike, slots",
  "ttfs-real": "first spike, real-valued",
  "rate-layerwise": "rate, layer after layer",
  rate: "rate, all at once",
  "rate-signed": "rate, all at once, signed",
};

const baselineNames = ["quantised, zeros skipped", "float network"];
const order = [...Object.values(names), ...baselineNames];

/** Draws two SVGs and gives them to `keep` with their file names. @returns Markdown that shows them. */
export async function costPlots(name, title, runs, keep) {
  const { sweepPlot } = await import("../../dist/plot.js");
  const known = runs
    .filter(({ code, manifest }) => code in names && manifest !== undefined)
    .map((run) => ({ ...run, report: run.manifest.report }));
  const withTicks = known.filter(({ part, report }) => part !== "energy" && report.levels > 0).flatMap(pointsOf);
  const priced = known.filter(({ report }) => report.energy !== undefined);
  const drawn = [];
  const draw = async (suffix, points, costs, about) => {
    if (points.length === 0) return;
    const file = `${name}-${suffix}.svg`;
    keep(
      file,
      await sweepPlot(
        points.sort((a, b) => order.indexOf(a.series) - order.indexOf(b.series)),
        { title: `${title}: ${about}`, costs },
      ),
    );
    drawn.push(`![${title}: ${about}](results/${file})`);
  };
  await draw(
    "time",
    withTicks,
    ["latencyTicks", "intervalTicks"],
    "accuracy against time (rate: up to 1,000 images, else 10,000)",
  );
  await draw(
    "cost",
    [...priced.flatMap(pointsOf), ...baselines(priced)],
    ["spikes", "synapticOperations", "nanojoules"],
    "accuracy against cost (energy estimated; up to 1,000 images)",
  );
  return drawn;
}

/** Refined phase has a point after each tick that could decide, and estimated energy at the last alone. */
function pointsOf(run) {
  const { report } = run;
  const last = pointOf(run);
  if (report.perTick === undefined) return [last];
  // A finer code continues where a coarser one ends.
  return report.perTick
    .filter(({ tick }) => tick === report.windowTicks || (report.windowTicks === 8 && tick >= firstTick(8)))
    .map(({ tick, accuracy, disagreements, spikesPerSample, synapticOperationsPerSample }) =>
      tick === report.windowTicks
        ? last
        : {
            series: last.series,
            accuracy,
            reluAccuracy: report.reluAccuracy,
            disagreement: disagreements / report.samples,
            latencyTicks: tick,
            intervalTicks: tick,
            spikes: spikesPerSample,
            synapticOperations: synapticOperationsPerSample,
          },
    );
}

function pointOf({ code, report }) {
  return {
    series: names[code],
    accuracy: report.spikingAccuracy,
    reluAccuracy: report.reluAccuracy,
    disagreement: report.disagreements / report.samples,
    latencyTicks: report.latencyTicks,
    intervalTicks: report.intervalTicks,
    spikes: report.spikesPerSample,
    synapticOperations: report.synapticOperationsPerSample,
    ...(report.energy === undefined ? {} : { nanojoules: report.energy.spiking.picojoules.total / 1000 }),
  };
}

/** The two networks without spikes have only an energy, so only the energy panel shows them. */
function baselines(runs) {
  const none = { latencyTicks: 0, spikes: 0, synapticOperations: 0 };
  const phase = runs.filter(({ code }) => code === "phase");
  const [first] = runs;
  if (first === undefined) return [];
  const quantized = phase.map(({ report }) => ({
    ...pointOf({ code: "phase", report }),
    ...none,
    series: baselineNames[0],
    nanojoules: report.energy.quantized.picojoules.total / 1000,
  }));
  const { reluAccuracy, energy } = first.report;
  return [
    ...quantized,
    {
      series: baselineNames[1],
      accuracy: reluAccuracy,
      reluAccuracy,
      disagreement: 0,
      ...none,
      nanojoules: energy.float.picojoules.total / 1000,
    },
  ];
}
