// The fast float pass equals the plain forward pass bit for bit.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { datasetFromIdx, fashionMnistClasses, mnistClasses } from "../../ts/data/mnist.ts";
import { createFloatPass } from "../../ts/engine/passes/float.ts";
import { readOnnx } from "../../ts/formats/onnx/read.ts";
import { forward, forwardLogits, inputFromPixels } from "../../ts/relu/forward.ts";
import { inputOf, type ReluNetwork } from "../../ts/relu/network.ts";
import { channelsOf, sizeOf } from "../../ts/tensor.ts";
import { pseudoRandom } from "../formats/random.ts";
import { floats, randomReluNetwork } from "./random.ts";

/** Bits, so that +0 and −0 differ. */
const bits = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length);
const names = (network: ReluNetwork) => network.nodes.map((node) => node.name);

describe("float pass", () => {
  it("equals the plain pass bit for bit in every node of random networks", async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const network = randomReluNetwork(seed);
      const inputs = sizeOf(inputOf(network).shape);
      const samples = (seed % 19) + 1;
      const batch = floats(pseudoRandom(seed + 1000), samples * inputs);
      const pass = await createFloatPass(network, { keep: names(network) });
      const { kept, outputs } = pass.run(batch, samples);
      pass.dispose();
      for (let sample = 0; sample < samples; sample++) {
        const plain = forward(network, batch.subarray(sample * inputs, (sample + 1) * inputs));
        for (const node of network.nodes) {
          const expected = plain.get(node.kind === "softmax" ? node.from[0] : node.name) as Float32Array;
          const got = kept[node.name].subarray(sample * expected.length, (sample + 1) * expected.length);
          expect(bits(got), `seed ${seed}, sample ${sample}, ${node.name}`).toEqual(bits(expected));
        }
      }
      expect(outputs.softmax).toEqual(kept.dense);
      expect(outputs.averagePool).toEqual(kept.averagePool);
    }
  });

  it("applies the input convention to pixels", async () => {
    for (const seed of [3, 4, 5, 6]) {
      const network = randomReluNetwork(seed);
      const inputs = sizeOf(inputOf(network).shape);
      const random = pseudoRandom(seed);
      const pixels = Uint8Array.from({ length: 5 * inputs }, () => random() * 256);
      const pass = await createFloatPass(network, { keep: ["input"] });
      const { kept, outputs } = pass.run(pixels, 5);
      pass.dispose();
      expect(bits(kept.input)).toEqual(bits(inputFromPixels(network, pixels)));
      const last = inputFromPixels(network, pixels.subarray(4 * inputs));
      const logits = forwardLogits(network, last);
      expect(outputs.softmax.subarray(4 * logits.length)).toEqual(logits);
    }
  });

  it("follows the maxima of each channel over all runs, without the padding of a batch", async () => {
    const network = randomReluNetwork(7);
    const inputs = sizeOf(inputOf(network).shape);
    const batch = floats(pseudoRandom(7), 21 * inputs);
    const followed = names(network);
    const pass = await createFloatPass(network, { maxima: followed });
    pass.run(batch.subarray(0, 10 * inputs), 10);
    pass.run(batch.subarray(10 * inputs), 11);
    const maxima = pass.maxima();
    pass.dispose();
    for (const node of network.nodes.filter(({ kind }) => kind !== "softmax")) {
      const channels = channelsOf(node.shape);
      const expected = new Float32Array(channels).fill(-Infinity);
      for (let sample = 0; sample < 21; sample++) {
        const values = forward(network, batch.subarray(sample * inputs, (sample + 1) * inputs)).get(
          node.name,
        ) as Float32Array;
        values.forEach((value, index) => (expected[index % channels] = Math.max(expected[index % channels], value)));
      }
      expect(maxima[node.name], node.name).toEqual(expected);
    }
  });

  it("refuses what does not fit, and use after dispose", async () => {
    const network = randomReluNetwork(8);
    const pass = await createFloatPass(network);
    expect(() => pass.run(new Float32Array(5), 1)).toThrow(/batch: expected \d+ values for 1 samples/);
    expect(pass.run(new Float32Array(0), 0).outputs.softmax).toHaveLength(0);
    pass.dispose();
    pass.dispose();
    expect(() => pass.run(new Float32Array(0), 0)).toThrow(expect.objectContaining({ code: "DISPOSED" }));
    await expect(createFloatPass(network, { keep: ["nowhere"] })).rejects.toMatchObject({
      code: "ARGUMENT",
      nodes: ["nowhere"],
    });
  });
});

describe("float pass of the shipped models", () => {
  const folder = new URL("../../models/", import.meta.url);
  const read = (name: string) => new Uint8Array(readFileSync(new URL(name, folder)));
  const models = readdirSync(folder).filter((name) => name.endsWith(".onnx"));

  it("finds the models", () => {
    expect(models).toContain("mnist-8.onnx");
  });

  it.each(models)("%s equals the plain pass on test images", async (model) => {
    const set = model.startsWith("fashion") ? "fashion-mnist" : "mnist";
    const description = new URL(model.replace(".onnx", ".json"), folder);
    const { input = undefined } = existsSync(description) ? JSON.parse(readFileSync(description, "utf8")) : {};
    const plain = readOnnx(read(model), { name: model });
    const network = input === undefined ? plain : { ...plain, convention: input };
    const options = {
      name: set,
      split: "test",
      classes: set === "mnist" ? mnistClasses : fashionMnistClasses,
    } as const;
    const { images } = datasetFromIdx(
      read(`${set}-500-images-idx3-ubyte.gz`),
      read(`${set}-500-labels-idx1-ubyte.gz`),
      options,
    );
    const inputs = sizeOf(inputOf(network).shape);
    const samples = 20;
    const pass = await createFloatPass(network);
    const logits = pass.run(images.slice(0, samples * inputs), samples).outputs[network.outputs[0]];
    pass.dispose();
    const expected = Array.from({ length: samples }, (_, sample) => [
      ...forwardLogits(network, inputFromPixels(network, images.subarray(sample * inputs, (sample + 1) * inputs))),
    ]);
    expect(logits).toEqual(Float32Array.from(expected.flat()));
  });
});
