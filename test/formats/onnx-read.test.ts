// Reading ONNX: windows, layouts, reshapes and folding, against onnxruntime-web.
import { describe, expect, it } from "vitest";
import { inputOf } from "../../ts/relu/network.ts";
import { sizeOf } from "../../ts/tensor.ts";
import { compare } from "./compare.ts";
import { floatAttribute, floats, integers, node } from "./graphs.ts";
import { pseudoRandom, randomValues } from "./random.ts";

const random = pseudoRandom(11);
const values = (...dims: number[]): Float32Array => randomValues(random, sizeOf(dims));
const weights = (name: string, ...dims: number[]) => floats(name, dims, values(...dims));

describe("windows", () => {
  const automatic = ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"];
  const cases = automatic.flatMap((auto_pad) => [1, 2, 3].map((stride) => ({ auto_pad, stride })));

  it.each(cases)("Conv $auto_pad stride $stride", async ({ auto_pad, stride }) => {
    const network = await compare([node("Conv", ["x", "w", "b"], "y", { auto_pad, strides: [stride, 1], group: 2 })], {
      input: ["N", 4, 7, 6],
      initializers: [weights("w", 6, 2, 2, 4), weights("b", 6)],
    });
    expect(network.nodes.map(({ kind }) => kind)).toEqual(["input", "conv2d"]);
  });

  it.each(cases)("MaxPool and AveragePool $auto_pad stride $stride", async ({ auto_pad, stride }) => {
    for (const pool of ["MaxPool", "AveragePool"]) {
      const network = await compare(
        [node(pool, ["x"], "y", { auto_pad, strides: [stride, 2], kernel_shape: [3, 2] })],
        { input: [1, 2, 8, 7] },
      );
      expect(network.nodes).toHaveLength(2);
    }
  });

  it("asymmetric pads and dilations", async () => {
    const network = await compare(
      [node("Conv", ["x", "w"], "y", { pads: [0, 1, 2, 0], dilations: [2, 1], strides: [1, 2] })],
      {
        input: [1, 3, 6, 5],
        initializers: [weights("w", 2, 3, 3, 2)],
      },
    );
    expect(network.nodes[1]).toMatchObject({
      padding: { top: 0, left: 1, bottom: 2, right: 0 },
      dilation: [2, 1],
      stride: [1, 2],
    });
  });

  it.each([0, 1])("ceil mode, count_include_pad=%i", async (count_include_pad) => {
    const window = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 0, 1], ceil_mode: 1 };
    const average = await compare([node("AveragePool", ["x"], "y", { ...window, count_include_pad })], {
      input: ["N", 2, 6, 7],
    });
    const maximum = await compare([node("MaxPool", ["x"], "y", window)], { input: ["N", 2, 6, 7] });
    expect(average.nodes[1].shape).toEqual(maximum.nodes[1].shape);
  });

  it.each(["GlobalAveragePool", "GlobalMaxPool"])("%s", async (pool) => {
    const network = await compare(
      [node(pool, ["x"], "p"), node("Flatten", ["p"], "f"), node("MatMul", ["f", "w"], "y")],
      {
        input: ["N", 3, 4, 5],
        initializers: [weights("w", 3, 2)],
      },
    );
    expect(network.nodes.at(-1)?.shape).toEqual([2]);
  });
});

describe("layout", () => {
  it("permutes dense weights behind a flatten", async () => {
    const network = await compare(
      [
        node("MaxPool", ["x"], "p", { kernel_shape: [2, 2], strides: [2, 2] }),
        node("Flatten", ["p"], "f"),
        node("Gemm", ["f", "w"], "y"),
      ],
      {
        input: ["N", 3, 5, 6],
        initializers: [weights("w", 18, 4)],
      },
    );
    expect(inputOf(network).shape).toEqual([5, 6, 3]);
  });

  it.each([[[-1, 18]], [[0, -1]], [[1, 18]], [[0, 9, 2]]])("reshape to %j", async (shape) => {
    const network = await compare(
      [
        node("MaxPool", ["x"], "p", { kernel_shape: [2, 2], strides: [2, 2] }),
        node("Reshape", ["p", "s"], "r"),
        node("Flatten", ["r"], "f"),
        node("MatMul", ["f", "w"], "y"),
      ],
      { input: [1, 3, 5, 6], initializers: [integers("s", [shape.length], shape), weights("w", 18, 4)] },
    );
    expect(network.nodes.at(-1)?.kind).toBe("dense");
  });

  it("biases, scales and batch normalisation between a flatten and a dense layer keep their elements", async () => {
    const network = await compare(
      [
        node("Flatten", ["x"], "f"),
        node("Add", ["f", "a"], "f2"),
        node("Mul", ["m", "f2"], "f3"),
        node("BatchNormalization", ["f3", "gamma", "beta", "mean", "variance"], "f4"),
        node("Relu", ["f4"], "f5"),
        node("MatMul", ["f5", "w"], "y"),
      ],
      {
        input: ["N", 2, 3, 3],
        initializers: [
          weights("a", 18),
          weights("m", 1, 18),
          weights("gamma", 18),
          weights("beta", 18),
          weights("mean", 18),
          floats("variance", [18], values(18).map(Math.abs)),
          weights("w", 18, 4),
        ],
      },
    );
    expect(network.nodes.filter(({ kind }) => kind === "affine")).toHaveLength(3);
  });

  it("channels-last models: Transpose first and last", async () => {
    const network = await compare(
      [
        node("Mul", ["x", "scale"], "s"),
        node("Transpose", ["s"], "t", { perm: [0, 3, 1, 2] }),
        node("Conv", ["t", "w"], "c", { pads: [1, 1, 1, 1] }),
        node("Transpose", ["c"], "l", { perm: [0, 2, 3, 1] }),
        node("Reshape", ["l", "shape"], "f"),
        node("MatMul", ["f", "d"], "y"),
      ],
      {
        input: ["N", 4, 5, 3],
        initializers: [
          weights("scale", 3),
          weights("w", 2, 3, 3, 3),
          integers("shape", [2], [-1, 40]),
          weights("d", 40, 3),
        ],
      },
      false,
    );
    expect(inputOf(network).shape).toEqual([4, 5, 3]);
  });

  it("a flattened channels-last image, a plain matrix and a vector as inputs", async () => {
    const dense = [node("Flatten", ["x"], "f"), node("MatMul", ["f", "w"], "y")];
    const initializers = [weights("w", 30, 2)];
    expect(inputOf(await compare(dense, { input: ["N", 5, 6, 1], initializers }, false)).shape).toEqual([5, 6, 1]);
    expect(inputOf(await compare(dense, { input: ["N", 5, 6], initializers }, false)).shape).toEqual([5, 6, 1]);
    expect(inputOf(await compare(dense, { input: ["N", 30], initializers }, false)).shape).toEqual([30]);
    expect(
      inputOf(await compare([node("MatMul", ["x", "w"], "y")], { input: [30], initializers }, false)).shape,
    ).toEqual([30]);
  });

  it("an image made from a flat gray input", async () => {
    const network = await compare([node("Reshape", ["x", "s"], "r"), node("Conv", ["r", "w"], "y")], {
      input: ["N", 30],
      initializers: [integers("s", [4], [-1, 1, 5, 6]), weights("w", 2, 1, 3, 3)],
    });
    expect(network.nodes.at(-1)?.shape).toEqual([3, 4, 2]);
  });

  it("squeeze and unsqueeze", async () => {
    const network = await compare(
      [
        node("GlobalAveragePool", ["x"], "g"),
        node("Squeeze", ["g", "axes"], "s"),
        node("Relu", ["s"], "r"),
        node("Unsqueeze", ["r", "axes"], "u"),
        node("Conv", ["u", "w"], "y"),
      ],
      { input: ["N", 3, 4, 4], initializers: [integers("axes", [2], [2, 3]), weights("w", 2, 3, 1, 1)] },
    );
    expect(network.nodes.map(({ kind }) => kind)).toEqual(["input", "averagePool", "relu", "conv2d", "reshape"]);
  });
});

describe("arithmetic", () => {
  it.each(["Add", "Sub", "Mul", "Div"])("%s of a constant a channel, and of a scalar", async (operator) => {
    const positive = values(3).map((value) => Math.abs(value) + 0.5);
    for (const constant of [
      floats("c", [3, 1, 1], positive),
      floats("c", [1, 3, 1, 1], positive),
      floats("c", [], [0.7]),
      floats("c", [1], [1.7]),
    ]) {
      const network = await compare([node("Relu", ["x"], "r"), node(operator, ["r", "c"], "y")], {
        input: ["N", 3, 2, 4],
        initializers: [constant],
      });
      expect(network.nodes.at(-1)?.kind).toBe("affine");
    }
  });

  it("takes a sum behind a weighted layer as its bias", async () => {
    const network = await compare([node("Conv", ["x", "w"], "c"), node("Add", ["c", "b"], "y")], {
      input: ["N", 2, 3, 3],
      initializers: [weights("w", 4, 2, 2, 2), weights("b", 4, 1, 1)],
    });
    expect(network.nodes.map(({ kind }) => kind)).toEqual(["input", "conv2d"]);
  });

  it("does not when something else reads the layer", async () => {
    const network = await compare(
      [
        node("Conv", ["x", "w"], "c"),
        node("Add", ["c", "b"], "d"),
        node("Relu", ["c"], "r"),
        node("Add", ["d", "r"], "y"),
      ],
      {
        input: ["N", 2, 3, 3],
        initializers: [weights("w", 4, 2, 2, 2), weights("b", 4, 1, 1)],
      },
    );
    expect(network.nodes.map(({ kind }) => kind)).toEqual(["input", "conv2d", "affine", "relu", "add"]);
  });

  it("Gemm with alpha, beta and transB", async () => {
    for (const bias of [weights("b", 4), weights("b", 1, 4), floats("b", [1], [0.3])]) {
      const scaled = node("Gemm", ["x", "w", "b"], "y", { transB: 1 }, [
        floatAttribute("alpha", 0.5),
        floatAttribute("beta", 2),
      ]);
      const network = await compare([scaled], { input: ["N", 6], initializers: [weights("w", 4, 6), bias] });
      expect(network.nodes).toHaveLength(2);
    }
  });

  it("BatchNormalization with its epsilon", async () => {
    const attributes = [floatAttribute("epsilon", 0.01), floatAttribute("momentum", 0.9)];
    const norm = node("BatchNormalization", ["x", "gamma", "beta", "mean", "variance"], "y", {}, attributes);
    const initializers = [
      weights("gamma", 3),
      weights("beta", 3),
      weights("mean", 3),
      floats("variance", [3], [0.001, 1, 2]),
    ];
    const network = await compare([norm], { input: ["N", 3, 2, 2], initializers });
    expect(network.nodes[1].kind).toBe("affine");
  });

  it("Clip as attributes and as inputs, Sum, Softmax, Dropout, Identity, Cast", async () => {
    const old = node("Clip", ["x"], "y", {}, [floatAttribute("min", 0), floatAttribute("max", 0.5)]);
    const network = await compare([old], { input: ["N", 8], opset: 8 });
    expect(network.nodes[1]).toMatchObject({ kind: "relu", ceiling: 0.5 });
    const chain = [
      node("Identity", ["x"], "a"),
      node("Dropout", ["a"], "b"),
      node("Cast", ["b"], "c", { to: 1 }),
      node("Clip", ["c", "zero", "high"], "d"),
      node("Sum", ["a", "c", "d"], "e"),
      node("Softmax", ["e"], "y", { axis: 1 }),
    ];
    const newer = await compare(chain, {
      input: ["N", 8],
      initializers: [floats("zero", [], [0]), floats("high", [], [0.6])],
    });
    expect(newer.nodes.map(({ kind }) => kind)).toEqual(["input", "relu", "add", "softmax"]);
  });

  it("Concat on channels", async () => {
    const network = await compare(
      [node("Relu", ["x"], "r"), node("Concat", ["r", "x"], "c", { axis: 1 }), node("Conv", ["c", "w"], "y")],
      {
        input: ["N", 2, 3, 3],
        initializers: [weights("w", 2, 4, 2, 2)],
      },
    );
    expect(network.nodes[2]).toMatchObject({ kind: "concat", shape: [3, 3, 4] });
  });
});

describe("constants", () => {
  it("are folded through reshape, transpose, cast, arithmetic, concat and identity", async () => {
    const network = await compare(
      [
        node("Reshape", ["w", "shape"], "w1"),
        node("Transpose", ["w1"], "w2"),
        node("Mul", ["w2", "two"], "w3"),
        node("Concat", ["w3", "more"], "w4", { axis: 0 }),
        node("Identity", ["w4"], "w5"),
        node("Cast", ["w5"], "w6", { to: 1 }),
        node("Unsqueeze", ["b", "axis"], "b1"),
        node("MatMul", ["x", "w6"], "m"),
        node("Add", ["m", "b1"], "y"),
      ],
      {
        input: ["N", 5],
        initializers: [
          weights("w", 2, 6),
          integers("shape", [2], [3, -1]),
          floats("two", [1, 3], [2, 3, 4]),
          weights("more", 1, 3),
          weights("b", 3),
          integers("axis", [1], [0]),
        ],
      },
    );
    expect(network.nodes.map(({ kind }) => kind)).toEqual(["input", "dense"]);
  });

  it("ConstantOfShape fills weights", async () => {
    const value = { name: "value", type: 4, t: { dims: [1n], dataType: 1, floatData: [0.25] } };
    const network = await compare(
      [node("ConstantOfShape", ["shape"], "w", {}, [value]), node("MatMul", ["x", "w"], "y")],
      {
        input: ["N", 5],
        initializers: [integers("shape", [2], [5, 3])],
      },
    );
    expect(network.nodes[1]).toMatchObject({ weights: { shape: [3, 5], data: new Float32Array(15).fill(0.25) } });
  });
});
