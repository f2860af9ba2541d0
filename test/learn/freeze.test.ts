// A learnt layer frozen, mapped to a ReLU layer and back: formulas, the bound of T3, exact codes against the twin.
import { beforeAll, describe, expect, it } from "vitest";
import "../../ts/entry/node.ts";
import {
  createLearner,
  createSimulator,
  createTwinPass,
  forward,
  freeze,
  inputEncoder,
  labelNeurons,
  toRelu,
  toSpiking,
  trainReadout,
  withReadout,
  type LearnerState,
  type ReluNetwork,
  type SpikingNetwork,
} from "../../ts/index.ts";
import { readOnnx } from "../../ts/formats/onnx/read.ts";
import { writeOnnx } from "../../ts/formats/onnx/write.ts";
import { bars, engines } from "./samples.ts";

const shown = bars(2000, 11);
const imageOf = (index: number) => shown.images.subarray(64 * index, 64 * index + 64);
const [inputs, neurons] = [64, 24];

let learnt: LearnerState;
let frozen: SpikingNetwork;
let features: ReluNetwork;

beforeAll(async () => {
  using learner = await createLearner({ inputs: [8, 8, 1], neurons, seed: 2 });
  learner.learn(shown.images);
  learnt = learner.state();
  frozen = await freeze(learnt, { calibration: shown.images, activeShare: 0.3 });
  features = toRelu(frozen);
});

function activationsOf(pixels: Uint8Array): Float32Array {
  return forward(features, pixels).get(features.outputs[0]) ?? expect.fail();
}

const calibrationImages = () => Array.from({ length: 600 }, (_, index) => imageOf(index));

/** q·x of each neuron, in float64: the weights without the mean over neurons. */
function sums(pixels: Uint8Array): number[] {
  return Array.from({ length: neurons }, (_, neuron) => {
    let sum = 0;
    for (let input = 0; input < inputs; input++) {
      const row = learnt.weights.subarray(input * neurons, (input + 1) * neurons);
      const mean = row.reduce((total, weight) => total + weight, 0) / neurons;
      sum += ((row[neuron] - mean) * pixels[input]) / 255;
    }
    return sum;
  });
}

it("is max(0, q·x − Q) with Q the (1 − p) quantile, up to float32", () => {
  const all = Array.from({ length: 2000 }, (_, index) => sums(imageOf(index)));
  const leak = Array.from({ length: neurons }, (_, neuron) => {
    const sorted = all.map((each) => each[neuron]).sort((a, b) => a - b);
    return sorted[Math.floor(0.7 * 2000)];
  });
  for (let index = 0; index < 100; index++) {
    const activations = activationsOf(imageOf(index));
    for (let neuron = 0; neuron < neurons; neuron++)
      expect(Math.abs(activations[neuron] - Math.max(0, all[index][neuron] - leak[neuron]))).toBeLessThan(2e-5);
  }
  const largest = Math.max(...all.map((each) => Math.max(...each.map((sum, neuron) => sum - leak[neuron]))));
  const [population] = frozen.nodes;
  const { threshold, initialPotential } = population.kind === "population" ? population.neuron : expect.fail();
  expect(threshold[0] / largest).toBeCloseTo(1.25, 4);
  expect(initialPotential[0]).toBe(threshold[0] / 2);
});

describe.each(engines)("engine %s", (engine) => {
  it.each(["constant", "regular"] as const)("keeps the bound of T3 at 256 ticks, %s input", async (encoding) => {
    const { network, encode } = inputEncoder(frozen, { encoding });
    const simulator = await createSimulator(network, { engine });
    const [population] = frozen.nodes;
    const theta = population.kind === "population" ? population.neuron.threshold[0] : expect.fail();
    const [synapse] = frozen.synapses;
    const weights = synapse.kind === "dense" ? Float64Array.from(synapse.weights) : expect.fail();
    for (let index = 0; index < 40; index++) {
      const { counts } = simulator.run(encode(imageOf(index), 256).input, { ticks: 256 });
      const activations = activationsOf(imageOf(index));
      counts[population.name].forEach((count, neuron) => {
        const row = weights.subarray(neuron * inputs, (neuron + 1) * inputs);
        const d = encoding === "constant" ? 0 : row.reduce((sum, weight) => sum + (255 * Math.abs(weight)) / 2, 0);
        const expected = (256 * activations[neuron]) / theta;
        expect(Math.abs(count - expected)).toBeLessThanOrEqual(0.5 + d / theta + 0.01);
      });
    }
    simulator.dispose();
  });

  it("runs in exact codes as its quantised twin does, with a read-out behind it, through ONNX", async () => {
    const readout = await trainReadout(features, shown.images, shown.bars, { seed: 1 });
    const relu = readOnnx(writeOnnx(withReadout(features, readout)));
    const network = await toSpiking(relu, { code: "phase", bits: 8, calibration: calibrationImages() });
    const twin = await createTwinPass(network, { keep: "all" });
    const simulator = await createSimulator(network, { engine });
    let right = 0;
    for (let index = 0; index < 100; index++) {
      const { counts, charges } = simulator.run(imageOf(index));
      const expected = twin.run(imageOf(index), 1);
      expect(Array.from(charges.readout)).toEqual(Array.from(expected.charges.readout));
      for (const [name, values] of Object.entries(counts)) expect(values).toEqual(expected.counts[name]);
      const logits = Array.from(charges.readout);
      if (logits.indexOf(Math.max(...logits)) === shown.bars[index]) right++;
    }
    expect(right).toBeGreaterThan(90);
    simulator.dispose();
    twin.dispose();
  });
});

it("names neurons by the bars they win", async () => {
  using learner = await createLearner({ state: learnt });
  const { winners } = learner.winners(shown.images);
  const names = labelNeurons(winners, shown.bars, { neurons, classes: 16 });
  const right = winners.reduce((sum, winner, image) => sum + Number(names[winner] === shown.bars[image]), 0);
  expect(right).toBeGreaterThan(0.95 * 2000);
  expect(labelNeurons(Uint32Array.of(1, 1, 1, 0), [0, 0, 1, 0], { neurons: 3, classes: 2 })).toEqual(
    Int32Array.of(0, 1, -1),
  );
});

it("trains the same read-out from the same seed, and another from another", async () => {
  const train = (seed: number) =>
    trainReadout(features, shown.images.subarray(0, 64 * 300), shown.bars.subarray(0, 300), { seed });
  expect(await train(0)).toEqual(await train(0));
  expect((await train(1)).weights).not.toEqual((await train(0)).weights);
});
