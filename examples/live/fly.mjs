// A synthetic brain of the size of a fly's, in frames of a page: 138,000 neurons, 15 million synapses, after the model of
// Shiu et al. 2024. node examples/live/fly.mjs [--neurons 138000] [--frames 60] [--seed 1] [--svg fly.svg], after `npm run
// setup`.
import { writeFile } from "node:fs/promises";
import { createSimulator, pcg32, randomEdges, spikingNetwork, summarize } from "llif";
import { rasterPlot } from "llif/plot";
import { neuronsOf, optionsOf } from "./shared.mjs";

const { neurons, frames, seed, svg } = optionsOf({ neurons: 138_000, frames: 60, seed: 1 });
const [dtSeconds, frameTicks] = [1e-4, 166];
/** Each neuron has 109 targets on average; these neurons taste sugar. */
const [meanTargets, tasting] = [109, Math.round(neurons / 100)];

/** Milliseconds since the last call. */
const lap = (() => {
  let last = performance.now();
  return () => performance.now() - last + 0 * (last = performance.now());
})();

const random = pcg32(seed);
// A third of the neurons inhibit, twice as strongly. A synapse has 1 to 32 contacts of 0.275 mV.
const edges = randomEdges({
  from: neurons,
  to: neurons,
  probability: meanTargets / neurons,
  weights: (source) => (source % 3 === 0 ? -2 : 1) * 0.275 * (1 + (random() % 32)),
  seed,
});
console.log(`${neurons} neurons, ${edges.weights.length} synapses drawn in ${(lap() / 1000).toFixed(1)} s`);

const network = spikingNetwork({ inputs: 1, name: "fly", dtSeconds })
  .population({
    name: "brain",
    units: neurons,
    input: "none",
    threshold: 7,
    reset: { kind: "hard", value: 0, clears: ["g"] },
    leak: { kind: "ohmic", timeConstantSeconds: 20e-3 },
    currents: { g: { timeConstantSeconds: 5e-3 } },
    refractory: { seconds: 2.2e-3, clamp: ["v", "g"] },
    restTolerance: 2 ** -10,
  })
  .connect({ name: "connectome", from: "brain", to: "brain", into: "g", delayTicks: 18, edges })
  .build();
const simulator = await createSimulator(network, { record: { counts: false, spikes: ["brain"] } });
const mebibytes = (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`;
console.log(
  `built in ${(lap() / 1000).toFixed(1)} s, ${mebibytes(summarize(network).live.bytes)} in the engine, ${mebibytes(process.memoryUsage().rss)} in the process`,
);

const sugar = Uint32Array.from({ length: tasting }, (_, neuron) => neuron);
const taste = (rateHz) => simulator.background("brain", { rateHz, weight: 60, into: "g", seed, neurons: sugar });
const [firstFrame, lastFrame] = [Math.round(frames / 6), Math.round((4 * frames) / 6)];
const trains = [];
const times = [];
for (let frame = 0; frame < frames; frame++) {
  lap();
  if (frame === firstFrame) taste(150);
  if (frame === lastFrame) taste(0);
  const { brain } = simulator.run(null, { ticks: frameTicks, keepState: true }).spikes;
  times.push(lap());
  trains.push(brain);
}
simulator.dispose();

const awake = new Set(trains.flatMap((train) => Array.from(train.neurons))).size;
const spikesIn = (part) => part.reduce((sum, { length }) => sum + length, 0);
console.log(
  `${spikesIn(trains.slice(0, firstFrame))} spikes before the sugar, ${spikesIn(trains.slice(-Math.ceil(frames / 6)))} in the last sixth`,
);
const spikes = spikesIn(trains);
const seconds = frames * frameTicks * dtSeconds;
const [median, longest] = [times.toSorted((a, b) => a - b)[Math.floor(frames / 2)], Math.max(...times)];
console.log(
  `${(spikes / neurons / seconds).toFixed(2)} Hz, ${((100 * awake) / neurons).toFixed(1)} % of neurons fired`,
);
console.log(`${median.toFixed(1)} ms a frame of ${frameTicks / 10} ms, the longest ${longest.toFixed(1)} ms`);

if (svg !== undefined) {
  const train = {
    ticks: trains.flatMap(({ ticks }, frame) => Array.from(ticks, (tick) => frame * frameTicks + tick)),
    neurons: trains.flatMap(({ neurons }) => Array.from(neurons)),
  };
  const shown = (name, first, size) => ({ name, size, ...neuronsOf(train, first, first + size) });
  const rasters = [shown("taste sugar", 0, 20), shown("others", tasting, 480)];
  const title = "A fly-sized brain tastes sugar, for half of the time";
  await writeFile(svg, await rasterPlot(rasters, { ticks: frames * frameTicks, dtSeconds, title }));
}
