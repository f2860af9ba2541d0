// The committed ONNX models against onnxruntime-web.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readOnnx } from "../../ts/formats/onnx/read.ts";
import { forward, forwardLogits } from "../../ts/relu/forward.ts";
import { inputOf } from "../../ts/relu/network.ts";
import { runOrt } from "./ort.ts";
import { largestDifference, pseudoRandom, toChannelsFirst } from "./random.ts";

const folder = new URL("../../models/", import.meta.url);
const models = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".onnx")) : [];

describe("committed models against onnxruntime-web", () => {
  it("finds the models", () => {
    expect(models).toContain("mnist-8.onnx");
  });

  it.each(models)("%s", async (file) => {
    const bytes = new Uint8Array(readFileSync(new URL(file, folder)));
    const network = readOnnx(bytes, { name: file });
    const { shape } = inputOf(network);
    const random = pseudoRandom(7);
    for (let sample = 0; sample < 3; sample++) {
      const range = file === "mnist-8.onnx" ? 255 : 1;
      const input = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random() * range);
      const expected = await runOrt(bytes, toChannelsFirst(input, shape));
      const output = forward(network, input).get(network.outputs[0]) ?? forwardLogits(network, input);
      const scale = Math.max(1, ...Array.from(expected.data, Math.abs));
      expect(largestDifference(output, expected.data) / scale).toBeLessThan(1e-5);
    }
  });
});
