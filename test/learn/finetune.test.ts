// A learnt layer goes out as ONNX, is trained by gradient elsewhere, and comes back into spikes.
import { expect, it } from "vitest";
import "../../ts/entry/node.ts";
import { readOnnx } from "../../ts/formats/onnx/read.ts";
import { writeOnnx } from "../../ts/formats/onnx/write.ts";
import {
  createLearner,
  createSimulator,
  createTwinPass,
  forward,
  freeze,
  labelNeurons,
  labelReadout,
  toRelu,
  toSpiking,
  withReadout,
  type ReluNetwork,
} from "../../ts/index.ts";
import { bars } from "./samples.ts";

const shown = bars(1200, 31);
const imageOf = (index: number) => shown.images.subarray(64 * index, 64 * index + 64);

/** Plain stochastic gradient descent on both layers, in the arrays of the network. */
function train(relu: ReluNetwork, images: number, rate: number): void {
  const [hidden, readout] = relu.nodes.filter((node) => node.kind === "dense");
  const [w, v] = [hidden.weights.data as Float32Array, readout.weights.data as Float32Array];
  const [units, classes] = [hidden.bias.length, readout.bias.length];
  for (let index = 0; index < images; index++) {
    const pixels = imageOf(index);
    const a = Array.from({ length: units }, (_, unit) =>
      Math.max(
        0,
        pixels.reduce((sum, pixel, input) => sum + (pixel / 255) * w[unit * 64 + input], hidden.bias[unit]),
      ),
    );
    const logits = Array.from(readout.bias, (bias, label) =>
      a.reduce((sum, value, unit) => sum + value * v[label * units + unit], bias),
    );
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
    const errors = logits.map((logit, label) => Number(label === shown.bars[index]) - Math.exp(logit) / total);
    for (let unit = 0; unit < units; unit++) {
      let slope = 0;
      for (let label = 0; label < classes; label++) {
        slope += errors[label] * v[label * units + unit];
        v[label * units + unit] += rate * errors[label] * a[unit];
      }
      if (a[unit] === 0) continue;
      hidden.bias[unit] += rate * slope;
      pixels.forEach((pixel, input) => (w[unit * 64 + input] += (rate * slope * pixel) / 255));
    }
    errors.forEach((error, label) => (readout.bias[label] += rate * error));
  }
}

function accuracy(relu: ReluNetwork): number {
  let right = 0;
  for (let index = 1000; index < 1200; index++) {
    const logits = Array.from(forward(relu, imageOf(index)).get(relu.outputs[0]) ?? []);
    right += Number(logits.indexOf(Math.max(...logits)) === shown.bars[index]);
  }
  return right / 200;
}

it("keeps what is trained in between: better after it, and exact codes equal their twin", async () => {
  using learner = await createLearner({ inputs: [8, 8, 1], neurons: 12, seed: 5 });
  learner.learn(shown.images.subarray(0, 64 * 1000));
  const { winners } = learner.winners(shown.images);
  const features = toRelu(await freeze(learner.state(), { calibration: shown.images, activeShare: 0.3 }));
  const names = labelNeurons(winners, shown.bars, { neurons: 12, classes: 16 });
  const bytes = writeOnnx(withReadout(features, labelReadout(names, 16)));
  // The names that examples/learn/finetune.py relies on.
  const text = new TextDecoder("latin1").decode(bytes);
  for (const name of ["features.weight", "features.bias", "readout.weight", "readout.bias"])
    expect(text).toContain(name);

  const relu = readOnnx(bytes);
  const before = accuracy(relu);
  for (let epoch = 0; epoch < 8; epoch++) train(relu, 1000, 0.05);
  const tuned = readOnnx(writeOnnx(relu));
  expect(accuracy(tuned)).toBeGreaterThan(before + 0.1);
  expect(accuracy(tuned)).toBeGreaterThan(0.95);

  const calibration = Array.from({ length: 600 }, (_, index) => imageOf(index));
  const network = await toSpiking(tuned, { code: "phase", bits: 8, calibration });
  const [simulator, twin] = [await createSimulator(network), await createTwinPass(network, { keep: "all" })];
  for (let index = 1000; index < 1050; index++) {
    const { counts, charges } = simulator.run(imageOf(index));
    const expected = twin.run(imageOf(index), 1);
    expect(charges.readout).toEqual(expected.charges.readout);
    for (const [name, values] of Object.entries(counts)) expect(values).toEqual(expected.counts[name]);
  }
  simulator.dispose();
  twin.dispose();
});
