// The ReLU network builder: shapes, options and errors.
import { describe, expect, it } from "vitest";
import { reluNetwork } from "../../ts/relu/builder.ts";
import { checkReluNetwork } from "../../ts/relu/check.ts";
import type { Conv2dNode, ReluNetwork, ReluNode } from "../../ts/relu/network.ts";
import { sizeOf, type Shape, type Tensor } from "../../ts/tensor.ts";
import { errorOf } from "../errors.ts";

function ones(...shape: number[]): Tensor {
  return { shape, data: new Float32Array(sizeOf(shape)).fill(1) };
}

const shapesOf = (network: ReluNetwork): Shape[] => network.nodes.map((node) => node.shape);

function small(): ReluNetwork {
  return reluNetwork({ input: [6, 6, 2], name: "small" })
    .conv2d({ weights: ones(3, 3, 2, 4), name: "conv" })
    .batchNorm({ gamma: [1, 1, 1, 1], beta: [0, 0, 0, 0], mean: [0, 0, 0, 0], variance: [1, 1, 1, 1], name: "norm" })
    .relu()
    .maxPool({ size: 2, name: "pool" })
    .dense({ weights: ones(3, 16), name: "logits" })
    .softmax({ name: "probabilities" })
    .build();
}

/** The small network with one node changed. */
function changed(name: string, change: Partial<Conv2dNode> | Partial<ReluNode>): ReluNetwork {
  const network = small();
  return {
    ...network,
    nodes: network.nodes.map((node) => (node.name === name ? ({ ...node, ...change } as ReluNode) : node)),
  };
}

describe("builder", () => {
  it("infers shapes", () => {
    expect(shapesOf(small())).toEqual([[6, 6, 2], [4, 4, 4], [4, 4, 4], [4, 4, 4], [2, 2, 4], [16], [3], [3]]);
  });

  it("knows padding, stride, dilation, groups and ceil mode", () => {
    const start = reluNetwork({ input: [7, 5, 4] });
    expect(start.conv2d({ weights: ones(3, 3, 4, 8), padding: "same" }).shape).toEqual([7, 5, 8]);
    expect(start.conv2d({ weights: ones(3, 3, 4, 8), padding: "same", stride: 2 }).shape).toEqual([4, 3, 8]);
    expect(start.conv2d({ weights: ones(3, 2, 4, 8), dilation: [2, 1] }).shape).toEqual([3, 4, 8]);
    expect(start.conv2d({ weights: ones(1, 1, 2, 6), groups: 2 }).shape).toEqual([7, 5, 6]);
    expect(
      start.conv2d({ weights: ones(3, 3, 4, 1), padding: { top: 1, left: 0, bottom: 0, right: 2 } }).shape,
    ).toEqual([6, 5, 1]);
    expect(start.maxPool({ size: 2 }).shape).toEqual([3, 2, 4]);
    expect(start.maxPool({ size: 2, ceil: true }).shape).toEqual([4, 3, 4]);
    expect(start.averagePool({ size: 3, stride: 1, padding: 1 }).shape).toEqual([7, 5, 4]);
    expect(start.globalAveragePool().shape).toEqual([1, 1, 4]);
    expect(start.reshape({ shape: [4, 35] }).shape).toEqual([4, 35]);
  });

  it("knows slopes, zero padding and transposed convolution", () => {
    const start = reluNetwork({ input: [4, 3, 2] });
    const slopes = (network: ReluNetwork) =>
      network.nodes.flatMap((node) => (node.kind === "relu" ? [node.slope] : []));
    expect(
      slopes(
        start
          .relu()
          .relu({ slope: 0.5 })
          .relu({ slope: [1, 2] })
          .build(),
      ),
    ).toEqual([undefined, Float32Array.of(0.5, 0.5), Float32Array.of(1, 2)]);
    expect(start.pad({ padding: 1 }).shape).toEqual([6, 5, 2]);
    expect(start.pad({ padding: [0, 2] }).shape).toEqual([4, 7, 2]);
    expect(start.pad({ padding: { top: 1, left: 0, bottom: 2, right: 3 } }).shape).toEqual([7, 6, 2]);
    const weights = ones(3, 2, 2, 5);
    expect(start.convTranspose2d({ weights }).shape).toEqual([6, 4, 5]);
    expect(start.convTranspose2d({ weights, stride: 2 }).shape).toEqual([9, 6, 5]);
    expect(start.convTranspose2d({ weights, stride: 2, outputPadding: 1 }).shape).toEqual([10, 7, 5]);
    expect(
      start.convTranspose2d({ weights: ones(3, 3, 1, 4), groups: 2, stride: 2, padding: 1, dilation: 2 }).shape,
    ).toEqual([9, 7, 4]);
  });

  it("puts the odd cell of same padding at the end", () => {
    const network = reluNetwork({ input: [4, 4, 1] })
      .conv2d({ weights: ones(2, 2, 1, 1), padding: "same", name: "c" })
      .build();
    expect(network.nodes[1]).toMatchObject({ padding: { top: 0, left: 0, bottom: 1, right: 1 } });
  });

  it("turns batch normalisation into scale and shift", () => {
    const network = reluNetwork({ input: [1] })
      .batchNorm({ gamma: [3], beta: [0.5], mean: [2], variance: [3.75], epsilon: 0.25 })
      .build();
    expect(network.nodes[1]).toMatchObject({
      kind: "affine",
      scale: Float32Array.of(1.5),
      shift: Float32Array.of(-2.5),
    });
  });

  it("shares a prefix between two networks", () => {
    const prefix = reluNetwork({ input: [2] }).dense({ weights: ones(2, 2), name: "shared" });
    expect(prefix.relu().build().nodes).toHaveLength(3);
    expect(prefix.build().nodes).toHaveLength(2);
  });

  it.each([
    [
      "a kernel of 3 dimensions",
      () => reluNetwork({ input: [6, 6, 3] }).conv2d({ weights: ones(3, 3, 16), name: "conv2" }),
      'layer "conv2": kernel needs 4 dimensions, got 3 ([3,3,16])',
    ],
    [
      "channels",
      () => reluNetwork({ input: [6, 6, 3] }).conv2d({ weights: ones(3, 3, 2, 1), name: "c" }),
      'layer "c": expected input of 2 channels (kernel [3,3,2,1]), got [6,6,3]',
    ],
    [
      "a kernel too large",
      () => reluNetwork({ input: [2, 6, 1] }).conv2d({ weights: ones(3, 3, 1, 1), name: "c" }),
      "does not fit into the padded input, 3 > 2 rows",
    ],
    [
      "stride 0",
      () => reluNetwork({ input: [6, 6, 1] }).maxPool({ size: 2, stride: 0, name: "p" }),
      'layer "p": stride: expected an integer >= 1, got 0',
    ],
    [
      "a flat input to a convolution",
      () => reluNetwork({ input: [6] }).conv2d({ weights: ones(3, 3, 1, 1), name: "c" }),
      'layer "c": input needs 3 dimensions, got 1 ([6])',
    ],
    [
      "dense inputs",
      () => reluNetwork({ input: [5] }).dense({ weights: ones(2, 4), name: "d" }),
      'layer "d": expected input of 4 (weights [2,4]), got [5]',
    ],
    [
      "a short bias",
      () => reluNetwork({ input: [5] }).dense({ weights: ones(2, 5), bias: [1], name: "d" }),
      'layer "d": bias: expected 2 values, got 1',
    ],
    ["an input of 0", () => reluNetwork({ input: [0] }), "input shape [0]: expected an integer >= 1, got 0"],
    [
      "a negative variance",
      () => reluNetwork({ input: [1] }).batchNorm({ gamma: [1], beta: [0], mean: [0], variance: [-1], name: "n" }),
      'layer "n": variance + epsilon: expected a finite number > 0',
    ],
    [
      "twice the same name",
      () =>
        reluNetwork({ input: [1] })
          .relu({ name: "r" })
          .relu({ name: "r" }),
      'layer "r": expected a unique name, got it twice',
    ],
    [
      "groups",
      () => reluNetwork({ input: [6, 6, 4] }).conv2d({ weights: ones(1, 1, 2, 3), groups: 2, name: "c" }),
      'layer "c": expected output channels in 2 equal groups, got 3',
    ],
    [
      "slopes",
      () => reluNetwork({ input: [6, 6, 3] }).relu({ slope: [1, 2], name: "r" }),
      'layer "r": expected input of 2 channels, got [6,6,3]',
    ],
    [
      "padding of a flat value",
      () => reluNetwork({ input: [6] }).pad({ padding: 1, name: "p" }),
      'layer "p": input needs 3 dimensions, got 1 ([6])',
    ],
    [
      "negative padding",
      () => reluNetwork({ input: [6, 6, 1] }).pad({ padding: -1, name: "p" }),
      'layer "p": padding: expected an integer >= 0, got -1',
    ],
    [
      "an output padding",
      () =>
        reluNetwork({ input: [6, 6, 1] }).convTranspose2d({
          weights: ones(3, 3, 1, 1),
          stride: 2,
          outputPadding: 2,
          name: "t",
        }),
      'layer "t": outputPadding: expected an integer from 0 to 1, got 2',
    ],
    [
      "a padding that leaves nothing",
      () => reluNetwork({ input: [1, 1, 1] }).convTranspose2d({ weights: ones(3, 3, 1, 1), padding: 2, name: "t" }),
      'layer "t": expected a padding that leaves some output, got 4 cells for 3',
    ],
    [
      "a window in the padding",
      () => reluNetwork({ input: [3, 3, 1] }).maxPool({ size: 2, padding: 2, name: "p" }),
      "to touch the input [3,3,1], but window 0 of axis 0",
    ],
  ])("refuses %s", (_, body, message) => {
    expect(errorOf(body).message).toContain(message);
  });
});

describe("checkReluNetwork", () => {
  it("returns a good network", () => {
    const network = small();
    expect(checkReluNetwork(network)).toBe(network);
  });

  it.each([
    [
      "NaN weights",
      changed("logits", { weights: { shape: [3, 16], data: new Float32Array(48).fill(NaN, 7, 8) } }),
      "ARGUMENT",
      'layer "logits": weights: expected finite numbers, got NaN at index 7',
    ],
    [
      "infinite bias",
      changed("conv", { bias: Float32Array.of(0, 0, Infinity, 0) }),
      "ARGUMENT",
      'layer "conv": bias: expected finite numbers, got Infinity at index 2',
    ],
    [
      "too few weights",
      changed("logits", { weights: { shape: [3, 16], data: new Float32Array(3) } }),
      "SHAPE",
      'layer "logits": weights: expected 48 values for shape [3,16], got 3',
    ],
    [
      "a wrong output shape",
      changed("pool", { shape: [3, 2, 4] }),
      "SHAPE",
      'layer "pool": expected output shape [2,2,4], got [3,2,4]',
    ],
    [
      "an order that is not topological",
      changed("conv", { from: ["pool"] }),
      "ARGUMENT",
      'layer "conv": expected its inputs among the layers before it, got "pool"',
    ],
    ["two inputs", changed("pool", { from: ["conv", "norm"] }), "ARGUMENT", 'layer "pool": expected one input, got 2'],
    [
      "a kernel beside its weights",
      changed("conv", { kernel: [2, 3] }),
      "SHAPE",
      'layer "conv": expected a kernel of [2,3], got weights [3,3,2,4]',
    ],
    [
      "a negative ceiling",
      changed("relu1", { ceiling: -1 }),
      "ARGUMENT",
      'layer "relu1": ceiling: expected a number > 0, got -1',
    ],
  ] as const)("refuses %s", (_, network, code, message) => {
    const error = errorOf(() => checkReluNetwork(network));
    expect(error.message).toBe(message);
    expect(error.code).toBe(code);
    expect(error.nodes).toHaveLength(1);
  });

  it("refuses bad ends", () => {
    const network = small();
    expect(errorOf(() => checkReluNetwork({ ...network, outputs: [] })).message).toContain("at least one output");
    expect(errorOf(() => checkReluNetwork({ ...network, outputs: ["nowhere"] })).message).toContain('got "nowhere"');
    expect(errorOf(() => checkReluNetwork({ ...network, outputs: ["logits"] })).message).toContain(
      "softmax only at an output",
    );
    expect(errorOf(() => checkReluNetwork({ ...network, classes: ["a"] })).message).toContain("expected 3 class names");
    expect(errorOf(() => checkReluNetwork({ ...network, nodes: network.nodes.slice(1) })).message).toContain(
      'got "input"',
    );
    const convention = { ...network.convention, std: [1, 0] };
    expect(errorOf(() => checkReluNetwork({ ...network, convention })).message).toContain(
      "input std: expected a finite number > 0, got 0",
    );
  });
});
