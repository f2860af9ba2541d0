// ONNX models that are refused or damaged: one clear error.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LlifError } from "../../ts/errors.ts";
import { readOnnx } from "../../ts/formats/onnx/read.ts";
import { writeOnnx } from "../../ts/formats/onnx/write.ts";
import { errorOf } from "../errors.ts";
import { floatAttribute, floats, integers, model, node, type GraphOptions, type Node } from "./graphs.ts";
import { randomNetwork } from "./networks.ts";
import { pseudoRandom } from "./random.ts";

const read = (nodes: readonly Node[], options: GraphOptions): LlifError =>
  errorOf(() => readOnnx(model(nodes, options)));
const image = { input: ["N", 2, 4, 4] };
const kernel = floats("w", [2, 2, 3, 3], new Float32Array(36));

describe("refusals", () => {
  it("lists every node that is not supported, with its name, operator and reason", () => {
    const error = read(
      [
        node("Conv", ["x", "w"], "a"),
        node("Elu", ["a"], "b"),
        node("Mul", ["b", "b"], "b2"),
        node("Pad", ["b2", "pads"], "c", { mode: "reflect" }),
        node("GRU", ["c"], "d"),
        node("Sigmoid", ["d"], "e"),
        { ...node("FusedConv", ["e", "w"], "y"), domain: "com.microsoft" } as Node,
      ],
      { ...image, initializers: [kernel, integers("pads", [8], [0, 0, 1, 1, 0, 0, 1, 1])] },
    );
    expect(error.code).toBe("UNSUPPORTED");
    expect(error.nodes).toEqual(["b-node", "b2-node", "c-node", "d-node", "e-node", "y-node"]);
    expect(error.message.split("\n")).toEqual([
      "6 nodes are not supported:",
      '  "b-node" (Elu): operator Elu is not supported; use Relu, and train the network again',
      '  "b2-node" (Mul): both inputs are computed from the model\'s input; only their sum and difference are supported',
      '  "c-node" (Pad): pads by mode reflect; only constant is supported',
      '  "d-node" (GRU): operator GRU is not supported; recurrent layers are not read',
      '  "e-node" (Sigmoid): operator Sigmoid is not supported; use Relu or HardSigmoid; at an output, end at the logits',
      '  "y-node" (com.microsoft.FusedConv): operator com.microsoft.FusedConv is not supported',
    ]);
  });

  it.each<[string, Node[], GraphOptions, string]>([
    [
      "constant / x",
      [node("Div", ["c", "x"], "y")],
      { ...image, initializers: [floats("c", [], [1])] },
      "constant / x is not linear",
    ],
    [
      "a product of computed values",
      [node("Mul", ["x", "x"], "y")],
      image,
      "only their sum and difference are supported",
    ],
    [
      "three-dimensional convolution",
      [node("Conv", ["x", "w"], "y")],
      { ...image, initializers: [floats("w", [2, 2, 1, 1, 1], new Float32Array(4))] },
      "three-dimensional convolution is not supported",
    ],
    [
      "a sum that broadcasts",
      [node("GlobalAveragePool", ["x"], "g"), node("Add", ["x", "g"], "y")],
      image,
      "are of different shapes; only equal ones are supported",
    ],
    [
      "quantised weights",
      [node("DequantizeLinear", ["w", "s"], "d"), node("Conv", ["x", "d"], "y")],
      { ...image, initializers: [floats("w", [1, 2, 1, 1], [1, 2]), floats("s", [], [1])] },
      "quantised models are not read; export the float model",
    ],
    [
      "reflected padding",
      [node("Pad", ["x", "p"], "y", { mode: "reflect" })],
      { ...image, initializers: [integers("p", [8], [0, 0, 1, 1, 0, 0, 1, 1])] },
      "pads by mode reflect",
    ],
    [
      "negative padding",
      [node("Pad", ["x", "p"], "y")],
      { ...image, initializers: [integers("p", [8], [0, 0, -1, 0, 0, 0, 0, 0])] },
      "use Slice",
    ],
    [
      "bilinear interpolation",
      [node("Resize", ["x", "", "s"], "y", { mode: "linear" })],
      { ...image, initializers: [floats("s", [4], [1, 1, 2, 2])] },
      "only nearest neighbours at whole factors",
    ],
    [
      "features moved into the batch",
      [node("Reshape", ["x", "s"], "y")],
      { ...image, initializers: [integers("s", [2], [-1, 16])] },
      "reshapes features into the batch",
    ],
    [
      "the batch moved into the features",
      [
        node("Shape", ["x"], "n"),
        node("Slice", ["n", "a", "b"], "m"),
        node("Concat", ["c", "m"], "s", { axis: 0 }),
        node("Reshape", ["x", "s"], "y"),
      ],
      { ...image, initializers: [integers("a", [1], [0]), integers("b", [1], [1]), integers("c", [1], [32])] },
      "reshapes the batch into the features",
    ],
    [
      "a product of shapes with the batch",
      [
        node("Shape", ["x"], "n"),
        node("Gather", ["n", "i"], "b", { axis: 0 }),
        node("Mul", ["b", "two"], "b2"),
        node("Concat", ["b2", "c"], "s", { axis: 0 }),
        node("Reshape", ["x", "s"], "y"),
      ],
      { ...image, initializers: [integers("i", [1], [0]), integers("two", [1], [2]), integers("c", [1], [16])] },
      "reshapes features into the batch",
    ],
    ["an unknown attribute", [node("Relu", ["x"], "y", { sparkle: 1 })], image, "attribute sparkle is not known"],
    [
      "training mode",
      [node("BatchNormalization", ["x", "a", "a", "a", "a"], "y", { training_mode: 1 })],
      { ...image, opset: 15, initializers: [floats("a", [2], [1, 1])] },
      "training mode",
    ],
    [
      "weights computed from the input",
      [node("MatMul", ["x", "x"], "y")],
      { input: ["N", 3] },
      "expected constant weights",
    ],
    ["softmax over the rows of an image", [node("Softmax", ["x"], "y", { axis: 2 })], image, "leaves features out"],
    [
      "a fixed batch in a reshape",
      [node("Reshape", ["x", "s"], "y")],
      { ...image, initializers: [integers("s", [2], [16, 32])] },
      "reshapes to a fixed batch of 16",
    ],
    [
      "transposing the batch",
      [node("Transpose", ["x"], "y", { perm: [1, 0, 2, 3] })],
      image,
      "moves the batch dimension",
    ],
    [
      "indices of MaxPool",
      [
        { ...node("MaxPool", ["x"], "p", { kernel_shape: [2, 2] }), output: ["p", "i"] } as Node,
        node("Add", ["p", "i"], "y"),
      ],
      image,
      "its second output (indices) is used",
    ],
    [
      "a convolution behind a flatten and a new shape",
      [node("Reshape", ["x", "s"], "r"), node("Conv", ["r", "w"], "y")],
      { ...image, initializers: [integers("s", [4], [-1, 4, 4, 2]), floats("w", [1, 4, 1, 1], [1, 1, 1, 1])] },
      "not an image any more",
    ],
  ])("refuses %s", (_, nodes, options, reason) => {
    const error = read(nodes, options);
    expect(error.message).toContain(reason);
    expect(error.code).toBe("UNSUPPORTED");
    expect(error.nodes).toHaveLength(1);
  });

  it("refuses softmax inside the network", () => {
    const error = read([node("Softmax", ["x"], "s"), node("Relu", ["s"], "y")], { input: ["N", 3] });
    expect(error.message).toContain("expected softmax only at an output");
  });

  it("leaves out what no output needs", () => {
    const network = readOnnx(model([node("Relu", ["x"], "y"), node("Elu", ["x"], "unused")], image));
    expect(network.nodes).toHaveLength(2);
  });
});

describe("bad models", () => {
  it.each<[string, Node[], GraphOptions, string, string]>([
    [
      "NaN weights",
      [node("MatMul", ["x", "w"], "y")],
      { input: ["N", 2], initializers: [floats("w", [2, 1], [1, NaN])] },
      "ARGUMENT",
      'layer "y-node": weights: expected finite numbers, got NaN at index 1',
    ],
    [
      "infinite weights",
      [node("Conv", ["x", "w"], "y")],
      { ...image, initializers: [floats("w", [1, 2, 1, 1], [Infinity, 1])] },
      "ARGUMENT",
      "got Infinity",
    ],
    [
      "a missing initialiser",
      [node("Conv", ["x", "w"], "y")],
      image,
      "FORMAT",
      'node "y-node" (Conv): its input "w" is neither an input, an initialiser nor computed',
    ],
    [
      "a cycle",
      [node("Add", ["x", "b"], "a"), node("Relu", ["a"], "b"), node("Relu", ["b"], "y")],
      image,
      "FORMAT",
      "a cycle, or nodes out of order",
    ],
    ["an output that nothing computes", [node("Relu", ["x"], "a")], image, "FORMAT", 'output "y"'],
    [
      "a value computed twice",
      [node("Relu", ["x"], "y"), node("Relu", ["x"], "y")],
      image,
      "FORMAT",
      'got "y" from two nodes',
    ],
    [
      "channels that do not fit",
      [node("Conv", ["x", "w"], "y")],
      { input: ["N", 3, 4, 4], initializers: [kernel] },
      "SHAPE",
      'layer "y-node": expected input of 2 channels',
    ],
    [
      "inputs that do not fit",
      [node("MatMul", ["x", "w"], "y")],
      { input: ["N", 3], initializers: [floats("w", [2, 1], [1, 1])] },
      "SHAPE",
      "expected 2 inputs as the weights [2,1] have, got [N,3]",
    ],
    [
      "a reshape that does not fit",
      [node("Reshape", ["x", "s"], "y")],
      { ...image, initializers: [integers("s", [2], [0, 31])] },
      "SHAPE",
      "expected a shape of 32 elements",
    ],
    [
      "a kernel larger than the image",
      [node("MaxPool", ["x"], "y", { kernel_shape: [5, 5] })],
      image,
      "SHAPE",
      "does not fit into the padded input",
    ],
    [
      "an empty range",
      [node("Clip", ["x"], "y", {}, [floatAttribute("min", 1), floatAttribute("max", 0)])],
      { ...image, opset: 8 },
      "ARGUMENT",
      "max: expected a number > 1, got 0",
    ],
    [
      "an initialiser twice",
      [node("Add", ["x", "c"], "y")],
      { ...image, initializers: [floats("c", [], [1]), floats("c", [], [2])] },
      "FORMAT",
      'expected each initialiser once, got "c" twice',
    ],
    [
      "a slice of nothing",
      [node("Slice", ["x"], "y", { starts: [3], ends: [3], axes: [2] })],
      { ...image, opset: 9 },
      "SHAPE",
      "leaves nothing of axis 1",
    ],
    [
      "a slope of another length",
      [node("PRelu", ["x", "s"], "y")],
      { ...image, initializers: [floats("s", [3, 1, 1], [1, 2, 3])] },
      "SHAPE",
      "expected a constant that broadcasts to [N,2,4,4], got [3,1,1]",
    ],
    [
      "stride 0",
      [node("MaxPool", ["x"], "y", { kernel_shape: [2, 2], strides: [0, 1] })],
      image,
      "ARGUMENT",
      "strides: expected an integer >= 1, got 0",
    ],
    [
      "an unknown auto_pad",
      [node("MaxPool", ["x"], "y", { kernel_shape: [2, 2], auto_pad: "SOME" })],
      image,
      "FORMAT",
      'auto_pad: expected NOTSET, SAME_UPPER, SAME_LOWER or VALID, got "SOME"',
    ],
    [
      "an attribute of another type",
      [node("MaxPool", ["x"], "y", { kernel_shape: 2 })],
      image,
      "FORMAT",
      "attribute kernel_shape: expected integers, got INT",
    ],
    [
      "a negative variance",
      [node("BatchNormalization", ["x", "a", "a", "a", "v"], "y")],
      { ...image, initializers: [floats("a", [2], [1, 1]), floats("v", [2], [1, -1])] },
      "ARGUMENT",
      "variance + epsilon: expected a finite number > 0, got -0.99999",
    ],
    [
      "an image of unknown size",
      [node("Relu", ["x"], "y")],
      { input: ["N", 3, "H", "W"] },
      "SHAPE",
      "expected fixed extents behind the batch, got [?,3,?,?]",
    ],
    [
      "an old operator set",
      [node("Relu", ["x"], "y")],
      { ...image, opset: 6 },
      "UNSUPPORTED",
      "expected operator set 7 or newer, got 6",
    ],
    ["integers as input", [node("Relu", ["x"], "y")], { ...image, inputType: 7 }, "UNSUPPORTED", "got INT64"],
    [
      "a huge padding",
      [node("MaxPool", ["x"], "y", { kernel_shape: [2, 2], pads: [2 ** 40, 0, 0, 0] })],
      image,
      "SHAPE",
      "expected",
    ],
    [
      "a constant that does not broadcast",
      [node("Add", ["x", "c"], "y")],
      { ...image, initializers: [floats("c", [3, 1, 1], [1, 2, 3])] },
      "SHAPE",
      "expected a constant that broadcasts to [N,2,4,4], got [3,1,1]",
    ],
  ])("%s", (_, nodes, options, code, message) => {
    const error = read(nodes, options);
    expect(error.message).toContain(message);
    expect(error.code).toBe(code);
  });

  it("a file that is not a model", () => {
    for (const bytes of [
      new Uint8Array(),
      new Uint8Array(100),
      new TextEncoder().encode("<!doctype html><html></html>"),
      Uint8Array.of(8, 7),
    ]) {
      expect(errorOf(() => readOnnx(bytes)).code).toBe("FORMAT");
    }
  });
});

const exported = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`exported/${name}.onnx`, import.meta.url)));

describe("damaged files raise only LlifErrors", () => {
  const mnist = new Uint8Array(readFileSync(new URL("../../models/mnist-8.onnx", import.meta.url)));
  const files: [string, Uint8Array, number][] = [
    ["mnist-8", mnist, 3000],
    ["a random network", writeOnnx(randomNetwork(3)), 1500],
    ["another", writeOnnx(randomNetwork(12)), 1500],
    ...["torchscript-branches-17", "torchscript-perceptron-11", "tf2onnx-hourglass-13", "tf2onnx-sequence-9"].map(
      (name): [string, Uint8Array, number] => [name, exported(name), 600],
    ),
  ];

  /** "read" or the error's code; anything else is thrown. */
  function outcome(bytes: Uint8Array): string {
    try {
      return readOnnx(bytes).nodes.length > 0 ? "read" : "empty";
    } catch (error) {
      if (error instanceof LlifError) return error.code;
      throw error;
    }
  }

  it.each(files)("%s cut short", (_, bytes) => {
    const step = Math.max(1, Math.floor(bytes.length / 700));
    const outcomes = new Set<string>();
    for (let length = 0; length < bytes.length; length += step) outcomes.add(outcome(bytes.slice(0, length)));
    expect(outcomes).toContain("FORMAT");
    expect(outcomes).not.toContain("empty");
  });

  it.each(files)("%s with flipped bytes", (_, bytes, rounds) => {
    const random = pseudoRandom(5);
    const outcomes = new Map<string, number>();
    for (let round = 0; round < rounds; round++) {
      const damaged = bytes.slice();
      const flips = 1 + Math.floor(random() * 4);
      for (let flip = 0; flip < flips; flip++) {
        // Small files are mostly weights too; half of the flips hit the first kilobyte, where the structure is.
        const span = random() < 0.5 ? Math.min(1024, damaged.length) : damaged.length;
        damaged[Math.floor(random() * span)] = Math.floor(random() * 256);
      }
      const kind = outcome(damaged);
      outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
    }
    expect(outcomes.get("FORMAT") ?? 0).toBeGreaterThan(0);
    expect(
      [...outcomes.keys()].filter((kind) => !["read", "FORMAT", "SHAPE", "ARGUMENT", "UNSUPPORTED"].includes(kind)),
    ).toEqual([]);
  });
});
