// Song, Miller and Abbott 2000: 1,000 inputs fire at random, and additive STDP makes each of them either weak or strong.
// A second cell with the same inputs shows that multiplicative STDP does not. node examples/live/humps.mjs
// [--seconds 800] [--step 0.005] [--seed 1] [--svg humps.svg], after `npm run setup`.
import { writeFile } from "node:fs/promises";
import { createSimulator, pcg32, spikingNetwork, stdp } from "llif";
import { grid, optionsOf } from "./shared.mjs";

// `step`: A₊ as a share of the largest weight. Smaller steps make narrower humps and take longer.
const { seconds, step, seed, svg } = optionsOf({ seconds: 800, step: 0.005, seed: 1 });

const [inputs, maximum, dtSeconds] = [1000, 0.08, 1e-3]; // The weights are mV.
const random = pcg32(seed);
const weights = [Float32Array.from({ length: inputs }, () => (maximum * random()) / 2 ** 32)];

// `afterThreshold` below: an input causes a spike in the next tick at the earliest. So pairs within one tick are chance,
// and `coincident: "none"` leaves them out: counted as potentiation they would outweigh the 5 % of additional depression.
const rule = { maximum, timeConstantTicks: [20, 20], coincident: "none" };
const additive = stdp({ ...rule, plus: step * maximum, minus: 1.05 * step * maximum });
// Each change is multiplied by `maximum` − weight, or by the weight, so `step` is a share already.
const multiplicative = stdp({ ...rule, plus: step, minus: 1.05 * step, weightDependence: "multiplicative" });

const cell = {
  units: 1,
  input: "none",
  threshold: 16,
  reset: { kind: "hard", value: 10 },
  leak: { kind: "ohmic", timeConstantSeconds: 20e-3 },
  delivery: "afterThreshold",
};
const network = spikingNetwork({ inputs: 1, dtSeconds })
  // Each background spike makes its neuron fire: Poisson trains without a list of spikes.
  .population({ name: "inputs", units: inputs, input: "none", threshold: 1, reset: "hard" })
  .population({ name: "additive", ...cell })
  .population({ name: "multiplicative", ...cell })
  .connect({ name: "additive", from: "inputs", to: "additive", weights, plasticity: additive })
  .connect({ name: "multiplicative", from: "inputs", to: "multiplicative", weights, plasticity: multiplicative })
  .build();

const simulator = await createSimulator(network);
simulator.background("inputs", { rateHz: 20, weight: 1, seed });
const ticks = Math.round(seconds / dtSeconds / 10);
let last;
for (let part = 0; part < 10; part++) last = simulator.run(null, { ticks, keepState: true });
const learnt = {
  "before learning": weights[0],
  "after additive STDP": simulator.weights("additive"),
  "after multiplicative STDP": simulator.weights("multiplicative"),
};
simulator.dispose();

for (const [name, values] of Object.entries(learnt)) {
  const between = (low, high) =>
    values.filter((value) => value >= low * maximum && value < high * maximum).length / values.length;
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  console.log(
    `${name}: ${percent(between(0, 0.2))} weak, ${percent(between(0.4, 0.6))} in the middle, ${percent(between(0.8, 2))} strong`,
  );
}
const rateOf = (name) => (last.counts[name][0] / ticks / dtSeconds).toFixed(1);
console.log(`the cells fire at ${rateOf("additive")} Hz and ${rateOf("multiplicative")} Hz`);

/** A histogram in `bins` columns from 0 to the largest weight, as SVG. */
function histogram(title, values, bins = 25) {
  const counts = new Array(bins).fill(0);
  for (const value of values) counts[Math.min(bins - 1, Math.floor((bins * value) / maximum))]++;
  const [left, bottom, width, height] = [52, 200, 250, 140];
  const most = Math.max(100, Math.ceil(Math.max(...counts) / 100) * 100);
  const text = (x, y, words, more = "") => `<text x="${x}" y="${y}" ${more}>${words}</text>`;
  const bars = counts.map((count, bin) => {
    const high = (height * count) / most;
    const x = left + (width * bin) / bins;
    return `<rect x="${x}" y="${bottom - high}" width="${width / bins - 1}" height="${high}" fill="#0072b2"/>`;
  });
  return [
    `<svg width="320" height="245" font-family="system-ui, 'Helvetica Neue', Arial, sans-serif" font-size="12" fill="#222222">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    text(16, 24, title, 'font-size="16" font-weight="600"'),
    text(16, 46, "inputs", 'fill="#555555"'),
    ...bars,
    `<path d="M${left} ${bottom}h${width}" stroke="#999999"/>`,
    ...[0, most / 2, most].map((count) =>
      text(left - 8, bottom + 4 - (height * count) / most, count, 'text-anchor="end"'),
    ),
    ...[0, 0.5, 1].map((share) =>
      text(left + width * share, bottom + 18, (maximum * share).toFixed(2), 'text-anchor="middle"'),
    ),
    text(left + width, bottom + 36, "weight (mV)", 'text-anchor="end"'),
    "</svg>",
  ].join("\n");
}

if (svg !== undefined)
  await writeFile(svg, grid([Object.entries(learnt).map(([title, values]) => histogram(title, values))]));
