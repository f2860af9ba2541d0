// CUBA, the benchmark of Brette et al. 2007 with current-based synapses: 4,000 neurons fire irregularly with no input
// from outside. node examples/live/cuba.mjs [--seconds 1] [--seed 1] [--svg cuba.svg], after `npm run setup`.
import { writeFile } from "node:fs/promises";
import { biologicalNeuron, createSimulator, pcg32, randomEdges, spikingNetwork, synapticCurrent } from "llif";
import { rasterPlot, ratePlot } from "llif/plot";
import { grid, irregularity, neuronsOf, optionsOf } from "./shared.mjs";

const { seconds, seed, svg } = optionsOf({ seconds: 1, seed: 1 });
const [excitatory, inhibitory, dtSeconds] = [3200, 800, 1e-4];
const units = excitatory + inhibitory;
const neuron = {
  capacitanceFarad: 200e-12,
  resistanceOhm: 100e6, // With the capacitance: 20 ms.
  restVolt: -49e-3, // Above the threshold: each neuron would fire on its own.
  thresholdVolt: -50e-3,
  resetVolt: -60e-3,
  refractorySeconds: 5e-3,
  refractoryClamp: ["v"],
  currents: { excitation: { timeConstantSeconds: 5e-3 }, inhibition: { timeConstantSeconds: 10e-3 } },
  dtSeconds,
};
const charges = biologicalNeuron(neuron);
const random = pcg32(seed);

// A spike moves the level to which the membrane leaks by 1.62 mV up or 9 mV down: these volts over the resistance.
const weightOf = (volt) => synapticCurrent(volt / neuron.resistanceOhm, neuron);
const within = { from: "cells", to: "cells", delayTicks: 1 };
const edgesFrom = (first, count, volt) => {
  const edges = randomEdges({ from: count, to: units, probability: 0.02, weights: weightOf(volt), seed: seed + first });
  return { ...edges, from: edges.from.map((index) => first + index) };
};

const network = spikingNetwork({ inputs: 1, name: "CUBA", dtSeconds })
  .population({
    name: "cells",
    units,
    input: "none",
    ...charges,
    reset: "hard",
    // Between reset and threshold.
    initialPotential: Float32Array.from({ length: units }, () => (charges.threshold * random()) / 2 ** 32),
  })
  .connect({ ...within, name: "excitatory", into: "excitation", edges: edgesFrom(0, excitatory, 1.62e-3) })
  .connect({ ...within, name: "inhibitory", into: "inhibition", edges: edgesFrom(excitatory, inhibitory, -9e-3) })
  .build();

const simulator = await createSimulator(network, { record: { spikes: ["cells"] } });
const ticks = Math.round(seconds / dtSeconds);
const start = performance.now();
const { spikes } = simulator.run(null, { ticks });
const elapsed = (performance.now() - start) / 1000;
simulator.dispose();

const train = spikes.cells;
const synapses = network.synapses.reduce((sum, { weights }) => sum + weights.length, 0);
console.log(`${units} neurons, ${synapses} synapses`);
console.log(`${(train.length / units / seconds).toFixed(2)} Hz, CV of intervals ${irregularity(train).toFixed(2)}`);
console.log(`${(seconds / elapsed).toFixed(1)} times real time`);

if (svg !== undefined) {
  const time = { ticks, dtSeconds };
  const some = {
    name: "160 excitatory and 40 inhibitory",
    size: 200,
    ...neuronsOf(train, excitatory - 160, excitatory + 40),
  };
  const raster = await rasterPlot([some], { ...time, title: "CUBA: spikes of 200 neurons", mostRows: 200 });
  const all = { name: "all", size: units, ticks: train.ticks };
  const rate = await ratePlot([all], { ...time, title: "CUBA: rate of the population", binTicks: 50 });
  await writeFile(svg, grid([[raster], [rate]]));
}
