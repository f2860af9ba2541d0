// A first extent that is fixed in the file counts samples where the graph treats all of them alike.
import { describe, expect, it } from "vitest";
import { readOnnx } from "../../ts/formats/onnx/read.ts";
import { inputOf } from "../../ts/relu/network.ts";
import { collectWarnings } from "../../ts/warn.ts";
import { outputOf } from "./compare.ts";
import { floats, integers, model, node, type GraphOptions, type Node } from "./graphs.ts";
import { runOrt } from "./ort.ts";
import { largestDifference, pseudoRandom, randomValues } from "./random.ts";

const random = pseudoRandom(15);
const weights = (name: string, ...dims: number[]) =>
  floats(
    name,
    dims,
    randomValues(
      random,
      dims.reduce((product, extent) => product * extent, 1),
    ),
  );

/** Reads the model as one of samples, and compares each sample with onnxruntime-web's. */
async function compareSamples(
  nodes: readonly Node[],
  options: GraphOptions,
  shape: readonly number[],
  toFile = (sample: Float32Array) => sample,
): Promise<void> {
  const bytes = model(nodes, options);
  const network = readOnnx(bytes);
  expect(inputOf(network).shape).toEqual(shape);
  const [count, ...extents] = options.input as number[];
  const size = extents.reduce((product, extent) => product * extent, 1);
  const samples = Array.from({ length: count }, () => randomValues(random, size));
  const all = new Float32Array(count * size);
  samples.forEach((sample, index) => all.set(toFile(sample), index * size));
  const expected = (await runOrt(bytes, all, options.input as number[])).data;
  const each = expected.length / count;
  samples.forEach((sample, index) =>
    expect(
      largestDifference(outputOf(network, sample), expected.subarray(index * each, (index + 1) * each)),
    ).toBeLessThan(1e-5),
  );
}

/** [length, channels] as the network has it to [channels, length] of the file. */
const transposed =
  (rows: number, columns: number) =>
  (sample: Float32Array): Float32Array =>
    Float32Array.from(sample, (_, index) => sample[(index % rows) * columns + Math.floor(index / rows)]);

describe("a fixed batch", () => {
  const dense = [node("Gemm", ["x", "w", "b"], "h"), node("Relu", ["h"], "y")];

  it("is the first extent of a matrix before Gemm or MatMul", async () => {
    const options = { input: [64, 20], initializers: [weights("w", 20, 3), weights("b", 3)] };
    await compareSamples(dense, options, [20]);
    await compareSamples([node("MatMul", ["x", "w"], "h"), node("Add", ["h", "b"], "y")], options, [20]);
  });

  it("stands in the constants of a Reshape", async () => {
    const options = {
      input: [4, 20],
      initializers: [
        integers("flat", [2], [4, 20]),
        integers("back", [3], [4, 5, 4]),
        weights("w", 20, 3),
        weights("b", 3),
      ],
    };
    await compareSamples(
      [
        node("Reshape", ["x", "back"], "r"),
        node("Relu", ["r"], "s"),
        node("Reshape", ["s", "flat"], "f"),
        node("Gemm", ["f", "w", "b"], "y"),
      ],
      options,
      [20],
    );
  });

  it("is that of images, flattened by Reshape with the batch in it", async () => {
    const options = {
      input: [4, 1, 3, 3],
      initializers: [integers("flat", [2], [4, 9]), weights("w", 9, 3), weights("b", 3)],
    };
    await compareSamples(
      [node("Relu", ["x"], "r"), node("Reshape", ["r", "flat"], "f"), node("Gemm", ["f", "w", "b"], "y")],
      options,
      [3, 3, 1],
    );
  });

  it("is that of images with channels last, as tf2onnx has them", async () => {
    const options = { input: [4, 3, 3, 2], initializers: [weights("k", 5, 2, 2, 2)] };
    await compareSamples(
      [node("Transpose", ["x"], "t", { perm: [0, 3, 1, 2] }), node("Conv", ["t", "k"], "c"), node("Relu", ["c"], "y")],
      options,
      [3, 3, 2],
    );
  });

  it("is that of sequences before a convolution", async () => {
    const options = { input: [4, 2, 6], initializers: [weights("k", 3, 2, 3)] };
    await compareSamples(
      [node("Conv", ["x", "k"], "c"), node("Relu", ["c"], "y")],
      options,
      [1, 6, 2],
      transposed(6, 2),
    );
  });

  it("is none where the graph mixes its elements", async () => {
    const bytes = model([node("Reshape", ["x", "s"], "f"), node("Gemm", ["f", "w", "b"], "y")], {
      input: [4, 5],
      initializers: [integers("s", [2], [1, 20]), weights("w", 20, 3), weights("b", 3)],
    });
    expect(inputOf(readOnnx(bytes)).shape).toEqual([4, 5, 1]);
  });

  it("is told by a warning, which naming it silences", () => {
    const bytes = model(dense, { input: [64, 20], initializers: [weights("w", 20, 3), weights("b", 3)] });
    const warnings: string[] = [];
    const stop = collectWarnings((message) => warnings.push(message));
    readOnnx(bytes);
    expect(warnings).toEqual([
      'input "x": its first extent, 64, is taken to count samples; if it is part of a sample, set batch to false (--batch no)',
    ]);
    for (const batch of [true, false]) readOnnx(bytes, { batch });
    for (const input of [
      [1, 20],
      ["N", 20],
    ])
      readOnnx(model(dense, { input, initializers: [weights("w", 20, 3), weights("b", 3)] }));
    stop();
    expect(warnings).toHaveLength(1);
  });

  it("may be said", () => {
    const bytes = model(dense, { input: [64, 20], initializers: [weights("w", 20, 3), weights("b", 3)] });
    expect(inputOf(readOnnx(bytes, { batch: true })).shape).toEqual([20]);
    expect(inputOf(readOnnx(bytes, { batch: false })).shape).toEqual([64, 20, 1]);
  });
});
