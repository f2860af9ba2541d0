// Writing ONNX, read back and run by onnxruntime-web.
import { describe, expect, it } from "vitest";
import { readOnnx } from "../../ts/formats/onnx/read.ts";
import { writeOnnx } from "../../ts/formats/onnx/write.ts";
import { reluNetwork } from "../../ts/relu/builder.ts";
import { forward } from "../../ts/relu/forward.ts";
import { inputOf, type ReluNetwork } from "../../ts/relu/network.ts";
import { sizeOf } from "../../ts/tensor.ts";
import { randomNetwork } from "./networks.ts";
import { runOrt } from "./ort.ts";
import { largestDifference, pseudoRandom, randomTensor, randomValues, toChannelsFirst } from "./random.ts";

const seeds = Array.from({ length: 100 }, (_, seed) => seed);

function outputOf(network: ReluNetwork, input: Float32Array): Float32Array {
  return forward(network, input).get(network.outputs[0]) ?? new Float32Array();
}

/** Two branches that meet in a sum and in a concatenation. */
function branched(): ReluNetwork {
  const random = pseudoRandom(3);
  const { nodes, ...rest } = reluNetwork({ input: [5, 4, 2] })
    .conv2d({ weights: randomTensor(random, 3, 3, 2, 2), padding: 1, name: "a" })
    .build();
  return {
    ...rest,
    nodes: [
      ...nodes,
      { kind: "add", name: "sum", from: ["a", "input"], shape: [5, 4, 2] },
      { kind: "concat", name: "both", from: ["sum", "a", "input"], shape: [5, 4, 6] },
      { kind: "reshape", name: "flat", from: ["both"], shape: [120] },
      {
        kind: "dense",
        name: "logits",
        from: ["flat"],
        shape: [3],
        weights: randomTensor(random, 3, 120),
        bias: randomValues(random, 3),
      },
    ],
    outputs: ["logits"],
  };
}

describe("writeOnnx", () => {
  it.each(seeds)(
    "random network %i: onnxruntime-web computes the same, and reading back changes nothing",
    async (seed) => {
      const network = randomNetwork(seed);
      const bytes = writeOnnx(network);
      const { shape } = inputOf(network);
      const input = randomValues(pseudoRandom(seed + 1000), sizeOf(shape));
      const expected = outputOf(network, input);
      const ort = await runOrt(bytes, toChannelsFirst(input, shape));
      const scale = Math.max(1, ...Array.from(expected, Math.abs));
      expect(largestDifference(expected, ort.data) / scale).toBeLessThan(1e-5);
      expect(largestDifference(outputOf(readOnnx(bytes), input), expected) / scale).toBeLessThan(2e-6);
    },
  );

  it("writes a dilated average, windows that stick out along one axis, and names that look like its own", async () => {
    const start = reluNetwork({ input: [7, 8, 2] })
      .relu({ name: "a.weight" })
      .conv2d({ weights: randomTensor(pseudoRandom(1), 1, 1, 2, 3), name: "a" });
    const { nodes, ...rest } = start
      .averagePool({ size: [2, 3], stride: 1, dilation: [3, 2], padding: 1, name: "mean" })
      .build();
    const window = {
      kernel: [2, 2],
      stride: [2, 2],
      dilation: [1, 1],
      padding: { top: 0, left: 0, bottom: 0, right: 0 },
    } as const;
    const average = {
      ...window,
      kind: "averagePool",
      name: "half",
      from: ["a"],
      shape: [4, 4, 3],
      countPadding: false,
    } as const;
    for (const network of [
      { nodes, ...rest },
      { ...rest, nodes: [...nodes.slice(0, 3), average], outputs: ["half"] },
    ]) {
      const input = randomValues(pseudoRandom(2), 112);
      const bytes = writeOnnx(network);
      const ort = await runOrt(bytes, toChannelsFirst(input, [7, 8, 2]));
      expect(
        largestDifference(toChannelsFirst(outputOf(network, input), network.nodes.at(-1)?.shape ?? []), ort.data),
      ).toBeLessThan(1e-5);
      expect(outputOf(readOnnx(bytes), input)).toEqual(outputOf(network, input));
    }
  });

  it("writes LogSoftmax", async () => {
    const { nodes, ...rest } = reluNetwork({ input: [5] })
      .dense({ weights: randomTensor(pseudoRandom(1), 4, 5) })
      .build();
    const network: ReluNetwork = {
      ...rest,
      nodes: [...nodes, { kind: "softmax", name: "log", from: ["dense1"], shape: [4], logarithm: true }],
      outputs: ["log"],
    };
    const input = randomValues(pseudoRandom(2), 5);
    const ort = await runOrt(writeOnnx(network), input);
    expect(largestDifference(outputOf(network, input), ort.data)).toBeLessThan(1e-6);
    expect(readOnnx(writeOnnx(network)).nodes.at(-1)).toMatchObject({ kind: "softmax", logarithm: true });
  });

  it("writes sums and concatenations", async () => {
    const network = branched();
    const input = randomValues(pseudoRandom(4), 40);
    const bytes = writeOnnx(network);
    const ort = await runOrt(bytes, toChannelsFirst(input, [5, 4, 2]));
    expect(largestDifference(outputOf(network, input), ort.data)).toBeLessThan(1e-5);
    const back = readOnnx(bytes);
    expect(back.nodes.map((node) => node.kind)).toEqual(expect.arrayContaining(["add", "concat"]));
    expect(largestDifference(outputOf(back, input), ort.data)).toBeLessThan(1e-5);
  });

  it("writes a dynamic batch", async () => {
    const network = reluNetwork({ input: [3] })
      .dense({ weights: randomTensor(pseudoRandom(5), 2, 3) })
      .build();
    const inputs = randomValues(pseudoRandom(6), 12);
    const ort = await runOrt(writeOnnx(network), inputs, [4, 3]);
    const expected = [0, 1, 2, 3].flatMap((sample) => [
      ...outputOf(network, inputs.subarray(sample * 3, sample * 3 + 3)),
    ]);
    expect(ort.dims).toEqual([4, 2]);
    expect(largestDifference(expected, ort.data)).toBeLessThan(1e-6);
  });

  it("keeps an image output channels first", async () => {
    const network = reluNetwork({ input: [4, 3, 2] })
      .conv2d({ weights: randomTensor(pseudoRandom(8), 1, 1, 2, 5) })
      .build();
    const input = randomValues(pseudoRandom(9), 24);
    const bytes = writeOnnx(network);
    const ort = await runOrt(bytes, toChannelsFirst(input, [4, 3, 2]));
    expect(ort.dims).toEqual([1, 5, 4, 3]);
    expect(largestDifference(toChannelsFirst(outputOf(network, input), [4, 3, 5]), ort.data)).toBeLessThan(1e-6);
    expect(outputOf(readOnnx(bytes), input)).toEqual(outputOf(network, input));
  });

  it("keeps the input convention and the classes in the metadata", () => {
    const convention = { scale: 1, mean: [0.5], std: [0.25], channelOrder: "gray", resize: [3, 3] } as const;
    const classes = ["no", "yes"];
    const network = reluNetwork({ input: [3, 3, 1], convention, classes })
      .flatten()
      .dense({ weights: randomTensor(pseudoRandom(5), 2, 9) })
      .build();
    const bytes = writeOnnx(network);
    expect(readOnnx(bytes)).toMatchObject({ convention, classes });
    expect(readOnnx(bytes, { classes: ["a", "b"] })).toMatchObject({ convention, classes: ["a", "b"] });
    const damaged = Buffer.from(bytes);
    damaged.write("scalX", damaged.indexOf("scale"));
    expect(() => readOnnx(damaged)).toThrow(/metadata "llif": .*"scalX"/);
  });
});
