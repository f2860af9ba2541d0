// Brunel 2000: one sparse network of excitatory and inhibitory neurons in four regimes, set by the relative strength of
// inhibition g and the rate from outside. node examples/live/brunel.mjs [--seconds 1] [--seed 1] [--svg brunel.svg],
// after `npm run setup`.
import { writeFile } from "node:fs/promises";
import { createSimulator, randomEdges, spikingNetwork } from "llif";
import { rasterPlot, ratePlot } from "llif/plot";
import { grid, irregularity, meanOf, neuronsOf, optionsOf, ticksOf } from "./shared.mjs";

const { seconds, seed, svg } = optionsOf({ seconds: 1, seed: 1 });

// A fifth of Brunel's 12,500 neurons, each connected to a tenth of the others. His synapses have 0.1 mV; fewer ones are
// stronger here: with 0.5 mV the mean input would be the same, with 0.4 mV the noise is closer to his.
const [excitatory, inhibitory, connected] = [2000, 500, 0.1];
const units = excitatory + inhibitory;
const [threshold, jump, timeConstantSeconds] = [20, 0.4, 20e-3]; // mV above rest, and seconds.
const [dtSeconds, delayTicks, warmUp] = [1e-4, 15, 2000];
const regimes = [
  { name: "synchronous regular", g: 3, outside: 2 },
  { name: "synchronous irregular, fast", g: 6, outside: 4 },
  { name: "asynchronous irregular", g: 5, outside: 2 },
  { name: "synchronous irregular, slow", g: 4.5, outside: 0.9 },
];

function networkOf(g) {
  const edgesOf = (first, count, weight) => {
    const edges = randomEdges({
      from: count,
      to: units,
      fanIn: connected * count,
      weights: weight,
      seed: seed + first,
    });
    return { ...edges, from: edges.from.map((index) => first + index) };
  };
  const within = { from: "cells", to: "cells", delayTicks };
  return spikingNetwork({ inputs: 1, dtSeconds })
    .population({
      name: "cells",
      units,
      input: "none",
      threshold,
      reset: { kind: "hard", value: 10 },
      leak: { kind: "ohmic", timeConstantSeconds },
      refractory: { seconds: 2e-3, clamp: ["v"] },
    })
    .connect({ ...within, name: "excitation", edges: edgesOf(0, excitatory, jump) })
    .connect({ ...within, name: "inhibition", edges: edgesOf(excitatory, inhibitory, -g * jump) })
    .build();
}

async function simulate({ g, outside }) {
  const simulator = await createSimulator(networkOf(g), { record: { spikes: ["cells"] } });
  // At `outside` = 1 the input from outside alone brings the mean potential to the threshold.
  simulator.background("cells", { rateHz: (outside * threshold) / (jump * timeConstantSeconds), weight: jump, seed });
  const ticks = warmUp + Math.round(seconds / dtSeconds);
  // With `keepState`: a run from the beginning has no background.
  const { spikes } = simulator.run(null, { ticks, keepState: true });
  simulator.dispose();
  return ticksOf(spikes.cells, warmUp);
}

/** Spikes of all neurons in bins of half a millisecond. */
function binned({ ticks }) {
  const bins = new Float64Array(Math.round(seconds / dtSeconds / 5));
  for (const tick of ticks) bins[Math.floor(tick / 5)]++;
  return bins;
}

/**
 * How synchronous the neurons are: standard deviation of the population's rate over its mean, and its rhythm, the
 * highest autocorrelation of up to 20 ms, behind the first lag without correlation.
 */
function synchrony(bins) {
  const mean = meanOf(bins);
  const deviations = bins.map((count) => count - mean);
  const variance = meanOf(deviations.map((deviation) => deviation ** 2));
  const correlations = Array.from({ length: 40 }, (_, index) => {
    const later = deviations.subarray(index + 1);
    return meanOf(later.map((deviation, at) => deviation * deviations[at])) / variance;
  });
  const first = correlations.findIndex((correlation) => correlation <= 0);
  return { deviation: Math.sqrt(variance) / mean, rhythm: Math.max(...correlations.slice(first)) };
}

const pictures = [];
for (const { name, ...regime } of regimes) {
  const train = await simulate(regime);
  const { deviation, rhythm } = synchrony(binned(train));
  const rate = train.ticks.length / units / seconds;
  const measures = [
    `${rate.toFixed(1)} Hz`,
    `CV ${irregularity(train).toFixed(2)}`,
    `deviation ${deviation.toFixed(2)}`,
    `rhythm ${rhythm.toFixed(2)}`,
  ];
  console.log(`${name}: ${measures.join(", ")}`);
  if (svg === undefined) continue;
  const time = { ticks: 1000, dtSeconds, width: 520, title: `${name}: g = ${regime.g}, input ${regime.outside}` };
  const first = ticksOf(train, 0, time.ticks);
  const some = { name: "excitatory", size: 32, ...neuronsOf(first, 0, 32) };
  const all = { name: "all", size: units, ticks: first.ticks };
  pictures.push([
    await rasterPlot([some], time),
    await ratePlot([all], { ...time, binTicks: 5, title: measures.join(", ") }),
  ]);
}
const rows = [0, 0, 2, 2].map((regime, row) => [pictures[regime]?.[row % 2], pictures[regime + 1]?.[row % 2]]);
if (svg !== undefined) await writeFile(svg, grid(rows));
