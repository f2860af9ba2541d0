// A digit drifts over its canvas: each frame goes on from the last one and costs less than a run of its own, with the
// same logits. node examples/frames/run.mjs, after `npm run setup`.
import { deepStrictEqual } from "node:assert";
import { readFile } from "node:fs/promises";
import { createSimulator, loadModel, readIdx, toSpiking } from "llif";

const root = new URL("../../", import.meta.url);
const relu = await loadModel(new URL("models/mnist-cnn.onnx", root));
const digits = readIdx(await readFile(new URL("models/mnist-500-images-idx3-ubyte.gz", root)));
const images = Array.from({ length: 500 }, (_, index) => digits.data.subarray(784 * index, 784 * (index + 1)));

const network = await toSpiking(relu, {
  code: "phase",
  schedule: "synchronous",
  spikes: "signed",
  calibration: images.slice(300),
});
const going = await createSimulator(network);
const fresh = await createSimulator(network);

const shifted = (image, columns) =>
  image.map((_, index) => {
    const column = (index % 28) - columns;
    return column < 0 || column > 27 ? 0 : image[index - columns];
  });

for (const columns of [-4, -3, -2, -1, 0, 1, 2, 3, 4]) {
  const frame = shifted(images[0], columns);
  const next = going.run(frame, { keepState: true });
  const whole = fresh.run(frame);
  deepStrictEqual(next.logits, whole.logits);
  const millions = ({ statistics }) => (statistics.synapticOperations / 1e6).toFixed(1);
  console.log(`class ${next.top[0].index}: ${millions(next)} M operations, ${millions(whole)} M afresh`);
}
