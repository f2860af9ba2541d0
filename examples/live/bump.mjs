// A working memory for a place: neurons on a ring excite their neighbours and, through inhibitory ones, quieten all.
// A cue of 200 ms leaves a bump of activity that stays where the cue was. node examples/live/bump.mjs
// [--excitation 0.12] [--seconds 2] [--seed 1] [--svg bump.svg], after `npm run setup`.
import { writeFile } from "node:fs/promises";
import { createSimulator, spikingNetwork } from "llif";
import { rasterPlot } from "llif/plot";
import { grid, optionsOf, ticksOf } from "./shared.mjs";

// `excitation`: weight between next neighbours, mV. With half of it nothing stays.
const { excitation, seconds, seed, svg } = optionsOf({ excitation: 0.12, seconds: 2, seed: 1 });

const [excitatory, inhibitory, widthDegrees] = [512, 128, 20];
const [dtSeconds, membraneSeconds] = [5e-4, 20e-3];
const ticksIn = (duration) => Math.round(duration / dtSeconds);
const degreesOf = (neuron) => (360 * neuron) / excitatory;
/** The way around the ring that is shorter, from −180° to 180°. */
const turn = (from, to) => ((to - from + 540) % 360) - 180;

/** Weights by target, then source. */
const matrix = (targets, sources, weight) =>
  Array.from({ length: targets }, (_, to) => Float32Array.from({ length: sources }, (_, from) => weight(to, from)));
const neighbours = matrix(excitatory, excitatory, (to, from) => {
  const distance = turn(degreesOf(from), degreesOf(to));
  return to === from ? 0 : excitation * Math.exp(-((distance / widthDegrees) ** 2) / 2);
});

const neuron = {
  input: "none",
  threshold: 20, // mV above rest.
  reset: { kind: "hard", value: 10 },
  leak: { kind: "ohmic", timeConstantSeconds: membraneSeconds },
  refractory: { seconds: 2e-3, clamp: ["v"] },
  // Slow as NMDA receptors, so that the bump bridges the time from spike to spike; fast as GABA receptors.
  currents: { slow: { timeConstantSeconds: 0.1 }, fast: { timeConstantSeconds: 0.01 } },
};
const network = spikingNetwork({ inputs: 1, dtSeconds })
  .population({ name: "ring", units: excitatory, ...neuron })
  .population({ name: "inhibition", units: inhibitory, ...neuron })
  .connect({ from: "ring", to: "ring", into: "slow", weights: neighbours })
  .connect({ from: "ring", to: "inhibition", into: "slow", weights: matrix(inhibitory, excitatory, () => 0.0625) })
  .connect({ from: "inhibition", to: "ring", into: "fast", weights: matrix(excitatory, inhibitory, () => -0.35) })
  .build();

const simulator = await createSimulator(network, { record: { spikes: ["ring"] } });

/** Runs on: the spikes of the ring, counted from the beginning of this part. */
function run(duration) {
  return simulator.run(null, { ticks: ticksIn(duration), keepState: true }).spikes.ring;
}

/** Half a second without a cue, the cue, and some seconds without it. */
function remember(cue) {
  simulator.reset();
  simulator.background("ring", { rateHz: 1500, weight: 0.45, seed: 1000 * seed + cue });
  simulator.background("inhibition", { rateHz: 1000, weight: 0.45, seed: 1000 * seed + cue + 1 });
  const before = run(0.5);
  // 10 mV more for neurons near the cue: as charge a tick, what the leak takes from 10 mV.
  const charge = 10 * -Math.expm1(-dtSeconds / membraneSeconds);
  const near = (_, index) => (Math.abs(turn(degreesOf(index), cue)) < widthDegrees ? charge : 0);
  simulator.drive("ring", Float32Array.from({ length: excitatory }, near));
  const during = run(0.2);
  simulator.drive("ring", null);
  return { before, during, after: run(seconds) };
}

/** Population vector: the mean direction of the spikes, and how far they agree, from 0 to 1. */
function direction({ neurons }) {
  const angles = Array.from(neurons, (index) => (degreesOf(index) * Math.PI) / 180);
  const x = angles.reduce((sum, angle) => sum + Math.cos(angle), 0);
  const y = angles.reduce((sum, angle) => sum + Math.sin(angle), 0);
  return { degrees: (Math.atan2(y, x) * 180) / Math.PI, length: Math.hypot(x, y) / Math.max(1, neurons.length) };
}

const hertz = ({ neurons }, duration) => (neurons.length / excitatory / duration).toFixed(1);
const rasters = [];
for (const cue of [0, 90, 225]) {
  const { before, during, after } = remember(cue);
  const late = ticksOf(after, ticksIn(seconds - 0.5));
  const { degrees, length } = direction(late);
  const rates = `${hertz(before, 0.5)} Hz before, ${hertz(during, 0.2)} Hz during, ${hertz(late, 0.5)} Hz at the end`;
  const place = `${turn(cue, degrees).toFixed(1)}° from the cue, agreement ${length.toFixed(2)}`;
  console.log(`cue at ${cue}°: ${rates}, ${place}`);
  if (svg === undefined) continue;
  // Every eighth neuron, so that the picture stays small.
  const starts = [0, ticksIn(0.5), ticksIn(0.7)];
  const shown = [before, during, after].flatMap(({ ticks, neurons }, part) =>
    Array.from(ticks, (tick, index) => ({ tick: starts[part] + tick, neuron: neurons[index] / 8 })),
  );
  const some = shown.filter(({ neuron }) => Number.isInteger(neuron));
  const ticks = some.map(({ tick }) => tick);
  const train = { name: "every eighth", size: excitatory / 8, ticks, neurons: some.map(({ neuron }) => neuron) };
  const title = `Cue at ${cue}°, from 500 to 700 ms`;
  rasters.push([await rasterPlot([train], { title, ticks: ticksIn(0.7 + seconds), dtSeconds })]);
}
simulator.dispose();
if (svg !== undefined) await writeFile(svg, grid(rasters));
