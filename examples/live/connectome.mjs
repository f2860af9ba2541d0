// A nervous system of the size of a nematode's, driven live: 302 neurons that are touched at the head and at the tail
// between frames of a page. node examples/live/connectome.mjs [--seed 1] [--svg connectome.svg], after `npm run setup`.
import { writeFile } from "node:fs/promises";
import { createSimulator, randomEdges, spikingNetwork } from "llif";
import { rasterPlot } from "llif/plot";
import { optionsOf } from "./shared.mjs";

const { seed, svg } = optionsOf({ seed: 1 });
const dtSeconds = 1e-3;
/** The first half of each class is for touch at the head and moving back, the second for the tail and moving on. */
const sizes = { sensory: 80, inter: 120, motor: 102 };
const cells = {
  input: "none",
  threshold: 1,
  reset: "hard",
  leak: { kind: "ohmic", timeConstantTicks: 20 },
  currents: { g: { timeConstantTicks: 5 } },
  refractory: { ticks: 4, clamp: ["v"] },
};

/** Random connections that excite within a half and inhibit the other one. */
const connection = (from, to, probability, within, across) => ({
  name: `${from} to ${to}`,
  from,
  to,
  into: "g",
  delayTicks: 2,
  edges: randomEdges({
    from: sizes[from],
    to: sizes[to],
    probability,
    weights: (source, target) => (source < sizes[from] / 2 === target < sizes[to] / 2 ? within : across),
    seed,
  }),
});

const network = Object.entries(sizes)
  .reduce(
    (builder, [name, units]) => builder.population({ ...cells, name, units }),
    spikingNetwork({ inputs: 1, dtSeconds }),
  )
  .connect(connection("sensory", "inter", 0.15, 2, -0.5))
  .connect(connection("inter", "inter", 0.2, 0.3, -1))
  .connect(connection("inter", "motor", 0.2, 1.2, -0.6))
  .build();
const synapses = network.synapses.reduce((sum, { weights }) => sum + weights.length, 0);
console.log(`302 neurons, ${synapses} synapses`);

const simulator = await createSimulator(network, { record: { spikes: Object.keys(sizes) } });
for (const name of Object.keys(sizes)) simulator.background(name, { rateHz: 40, weight: 0.4, seed });

/** What a visitor of the page does, by the number of the frame: 16 ticks, so about 60 frames in a second. */
const frameTicks = 16;
const frames = 120;
const touches = [
  { name: "head", frame: 25, neurons: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] },
  { name: "tail", frame: 75, neurons: [68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79] },
];
/** How long a touch lasts, and how long its answer is counted. */
const [touchFrames, answerFrames] = [4, 15];

const trains = Object.fromEntries(Object.keys(sizes).map((name) => [name, { ticks: [], neurons: [] }]));
/** Spikes of the motor neurons for moving back and on, frame by frame. */
const motor = [];
let milliseconds = 0;
for (let frame = 0; frame < frames; frame++) {
  const start = performance.now();
  for (const { frame: first, neurons } of touches) {
    if (frame >= first && frame < first + touchFrames) simulator.force("sensory", neurons);
  }
  const { spikes, counts } = simulator.run(null, { ticks: frameTicks, keepState: true });
  milliseconds += performance.now() - start;
  for (const [name, { ticks, neurons }] of Object.entries(spikes)) {
    trains[name].ticks.push(...ticks.map((tick) => frame * frameTicks + tick));
    trains[name].neurons.push(...neurons);
  }
  const half = sizes.motor / 2;
  motor.push([counts.motor.subarray(0, half), counts.motor.subarray(half)].map(total));
}
simulator.dispose();

function total(counts) {
  return counts.reduce((sum, count) => sum + count, 0);
}

for (const { name, frame } of touches) {
  const answer = motor.slice(frame, frame + answerFrames);
  const [back, on] = [0, 1].map((way) => answer.reduce((sum, spikes) => sum + spikes[way], 0));
  console.log(`touched at the ${name}: ${back} motor spikes back, ${on} on`);
}
const quiet = motor.slice(0, touches[0].frame).flat();
console.log(
  `before: ${(quiet.reduce((sum, spikes) => sum + spikes, 0) / touches[0].frame).toFixed(1)} motor spikes a frame`,
);
console.log(`${((1000 * milliseconds) / frames).toFixed(0)} µs a frame of 16 ms`);

if (svg !== undefined) {
  const rasters = Object.entries(trains).map(([name, train]) => ({ name, size: sizes[name], ...train }));
  const title = "Touched at the head (0.4 s) and at the tail (1.2 s)";
  await writeFile(svg, await rasterPlot(rasters, { ticks: frames * frameTicks, dtSeconds, title, mostRows: 120 }));
}
