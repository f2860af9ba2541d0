// Small ONNX models of each operator that is read.
import {
  floatAttribute,
  floats,
  integers,
  node,
  typed,
  type GraphOptions,
  type Initializer,
  type Node,
} from "./graphs.ts";
import { pseudoRandom, randomValues } from "./random.ts";

/** A small graph that uses one operator; its input "x" is channels first. */
export interface OperatorCase {
  readonly nodes: readonly Node[];
  readonly options: GraphOptions;
}

const random = pseudoRandom(21);
const weights = (name: string, ...dims: number[]): Initializer =>
  floats(
    name,
    dims,
    randomValues(
      random,
      dims.reduce((a, b) => a * b, 1),
    ),
  );
const positive = (name: string, ...dims: number[]): Initializer => {
  const tensor = weights(name, ...dims);
  return { ...tensor, floatData: (tensor.floatData ?? []).map((value) => Math.abs(value) + 0.5) };
};

const image = ["N", 4, 6, 5] as const;
const vector = ["N", 12] as const;
const on = (
  input: readonly (string | number)[],
  nodes: readonly Node[],
  ...initializers: Initializer[]
): OperatorCase => ({ nodes, options: { input, initializers } });

const unary =
  (name: string, attributes = {}, more: Parameters<typeof node>[4] = []) =>
  () => [on(image, [node(name, ["x"], "y", attributes, more)]), on(vector, [node(name, ["x"], "y", attributes, more)])];

/** Of a constant, which is then added to the input. */
const folded =
  (name: string, inputs: readonly Initializer[], isBoolean = false) =>
  (): OperatorCase[] => {
    const nodes = [
      node(
        name,
        inputs.map((input) => input.name ?? ""),
        isBoolean ? "mask" : "result",
      ),
    ];
    if (isBoolean) nodes.push(node("Cast", ["mask"], "result", { to: 1 }));
    return [on(vector, [...nodes, node("Add", ["x", "result"], "y")], ...inputs)];
  };

const arithmetic = (name: string) => (): OperatorCase[] => {
  const constants = [
    positive("c", 4, 1, 1),
    positive("c", 1, 4, 1, 1),
    positive("c"),
    positive("c", 1),
    positive("c", 5),
    positive("c", 6, 1),
    positive("c", 4, 6, 5),
  ];
  const cases = constants.map((constant) => on(image, [node(name, ["x", "c"], "y")], constant));
  cases.push(
    on(vector, [node(name, ["x", "c"], "y")], positive("c", 12)),
    on(vector, [node(name, ["a", "b"], "c"), node("Add", ["x", "c"], "y")], weights("a", 1, 1), positive("b", 12)),
  );
  if (name !== "Div") cases.push(on(image, [node(name, ["c", "x"], "y")], weights("c", 4, 1, 1)));
  if (name === "Add" || name === "Sub") cases.push(on(image, [node("Relu", ["x"], "r"), node(name, ["r", "x"], "y")]));
  return cases;
};

const pool =
  (name: string) =>
  (opset: number): OperatorCase[] => {
    const window = { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1] };
    const cases = [
      window,
      { kernel_shape: [2, 2], auto_pad: "SAME_UPPER", strides: [2, 2] },
      { kernel_shape: [3, 3], auto_pad: "SAME_LOWER", strides: [2, 2] },
    ];
    const more: Record<string, number | string | readonly number[]>[] = [...cases];
    if (name === "AveragePool") more.push({ ...window, count_include_pad: 1 });
    if (opset >= 10) more.push({ ...window, ceil_mode: 1 });
    if (opset >= (name === "MaxPool" ? 10 : 19)) more.push({ ...window, dilations: [2, 1] });
    const sequence = { kernel_shape: [3], strides: [2], pads: [1, 0] };
    return [
      ...more.map((attributes) => on(image, [node(name, ["x"], "y", attributes)])),
      on(["N", 3, 9], [node(name, ["x"], "y", sequence)]),
    ];
  };

const globalPool = (name: string) => (): OperatorCase[] => [
  on(image, [node(name, ["x"], "y")]),
  on(["N", 3, 9], [node(name, ["x"], "y")]),
];

const convolution = (name: string, transposed: boolean) => (): OperatorCase[] => {
  const kernel = (inputs: number, outputs: number, groups: number, ...extents: number[]): Initializer =>
    transposed
      ? weights("w", inputs, outputs / groups, ...extents)
      : weights("w", outputs, inputs / groups, ...extents);
  const cases: [Record<string, number | string | readonly number[]>, Initializer][] = [
    [{ pads: [1, 0, 2, 1], strides: [2, 1] }, kernel(4, 3, 1, 3, 2)],
    [{ group: 2, dilations: [2, 1] }, kernel(4, 6, 2, 2, 3)],
    [{ group: 4, kernel_shape: [3, 3] }, kernel(4, 8, 4, 3, 3)],
    [{ auto_pad: "SAME_UPPER", strides: [2, 2] }, kernel(4, 2, 1, 3, 3)],
    [{ auto_pad: "SAME_LOWER", strides: [2, 3] }, kernel(4, 2, 1, 3, 3)],
    [{ auto_pad: "VALID" }, kernel(4, 2, 1, 2, 2)],
  ];
  if (transposed) {
    cases.push([{ strides: [3, 2], output_padding: [1, 1], pads: [1, 1, 1, 1] }, kernel(4, 2, 1, 3, 3)]);
    cases.push([{ strides: [2, 2], output_shape: [12, 10] }, kernel(4, 2, 1, 3, 3)]);
    cases.push([{ strides: [2, 2], output_shape: [12, 10], auto_pad: "SAME_UPPER" }, kernel(4, 2, 1, 3, 3)]);
  }
  const sequence = on(
    ["N", 4, 9],
    [node(name, ["x", "w", "b"], "y", { strides: [2], pads: [1, 2], dilations: [2] })],
    kernel(4, 6, 1, 3),
    weights("b", 6),
  );
  const images = cases.map(([attributes, w]) => {
    const outputs = Number((w.dims ?? [])[transposed ? 1 : 0]) * (transposed ? Number(attributes.group ?? 1) : 1);
    return on(image, [node(name, ["x", "w", "b"], "y", attributes)], w, weights("b", outputs));
  });
  return [...images, sequence, on(image, [node(name, ["x", "w"], "y")], kernel(4, 3, 1, 2, 2))];
};

const list = (
  opset: number,
  since: number,
  name: string,
  values: readonly number[],
): { input: string[]; attributes: Record<string, readonly number[]>; initializers: Initializer[] } =>
  opset < since
    ? { input: [], attributes: { [name]: values }, initializers: [] }
    : { input: [name], attributes: {}, initializers: [integers(name, [values.length], values)] };

const reduce =
  (name: string, since: number) =>
  (opset: number): OperatorCase[] => {
    const reduced = (axes: readonly number[], keepdims: number, more: readonly Node[] = []): OperatorCase => {
      const given = list(opset, since, "axes", axes);
      return on(
        image,
        [node(name, ["x", ...given.input], more.length === 0 ? "y" : "r", { keepdims, ...given.attributes }), ...more],
        ...given.initializers,
      );
    };
    return [
      reduced([2, 3], 1),
      reduced([2, 3], 0),
      reduced([-1, 2], 0),
      reduced([2], 1),
      reduced([3], 1),
      reduced([1], 1),
      reduced([1, 2, 3], 0),
    ];
  };

const limits = (
  opset: number,
  low: number | undefined,
  high: number | undefined,
): { input: string[]; more: ReturnType<typeof floatAttribute>[]; initializers: Initializer[] } => {
  const given = [
    ...(low === undefined ? [] : [["min", low] as const]),
    ...(high === undefined ? [] : [["max", high] as const]),
  ];
  if (opset < 11)
    return { input: [], more: given.map(([name, value]) => floatAttribute(name, value)), initializers: [] };
  return {
    input: [low === undefined ? "" : "min", ...(high === undefined ? [] : ["max"])],
    more: [],
    initializers: given.map(([name, value]) => floats(name, [], [value])),
  };
};

const clip = (opset: number): OperatorCase[] =>
  (
    [
      [0, 1],
      [0, undefined],
      [-0.5, 1],
      [0.25, undefined],
      [undefined, 0.5],
      [undefined, undefined],
    ] as const
  ).map(([low, high]) => {
    const given = limits(opset, low, high);
    return on(image, [node("Clip", ["x", ...given.input], "y", {}, given.more)], ...given.initializers);
  });

const extremum =
  (name: string) =>
  (opset: number): OperatorCase[] =>
    opset < 8
      ? [on(vector, [node(name, ["x", "c"], "y")], weights("c", 1, 12))]
      : [
          on(image, [node(name, ["x", "c"], "y")], floats("c", [], [name === "Max" ? 0 : 0.3])),
          on(image, [node(name, ["x", "c"], "y")], weights("c", 4, 1, 1)),
          on(image, [node("Relu", ["x"], "r"), node(name, ["r", "c"], "y")], floats("c", [1], [0.75])),
          on(vector, [node(name, ["x", "c", "d"], "y")], weights("c", 12), weights("d", 1, 12)),
        ];

const pad = (opset: number): OperatorCase[] =>
  (
    [
      [[0, 0, 1, 2, 0, 0, 3, 0], 0],
      [[0, 1, 0, 0, 0, 2, 0, 0], 0],
      [[0, 0, 1, 1, 0, 1, 1, 1], 0.5],
    ] as const
  ).map(([pads, value]) => {
    if (opset < 11) return on(image, [node("Pad", ["x"], "y", { pads }, [floatAttribute("value", value)])]);
    return on(
      image,
      [node("Pad", ["x", "pads", "value"], "y")],
      integers("pads", [8], pads),
      floats("value", [], [value]),
    );
  });

const slice = (opset: number): OperatorCase[] =>
  (
    [
      [[1], [3], [1], [1]],
      [
        [0, 0],
        [100, 100],
        [2, 3],
        [2, 2],
      ],
      [
        [1, 2],
        [5, -1],
        [2, 3],
        [2, 1],
      ],
      [[-1], [-100], [1], [-1]],
    ] as const
  ).flatMap(([starts, ends, axes, steps]) => {
    if (opset < 10)
      return steps.every((step) => step === 1) ? [on(image, [node("Slice", ["x"], "y", { starts, ends, axes })])] : [];
    const lists = { starts, ends, axes, steps };
    return [
      on(
        image,
        [node("Slice", ["x", "starts", "ends", "axes", "steps"], "y")],
        ...Object.entries(lists).map(([name, values]) => integers(name, [values.length], values)),
      ),
    ];
  });

const split = (opset: number): OperatorCase[] => {
  const given = list(opset, 13, "split", [1, 3]);
  const parts = {
    ...node("Split", ["x", ...given.input], "a", { axis: 1, ...given.attributes }),
    output: ["a", "b"],
  } as Node;
  const concat = node("Concat", ["b", "a"], "y", { axis: 1 });
  return [on(image, [parts, concat], ...given.initializers)];
};

const resize = (opset: number): OperatorCase[] => {
  const scales = floats("scales", [4], [1, 1, 2, 3]);
  if (opset < 11) return [on(image, [node("Resize", ["x", "scales"], "y")], scales)];
  const asymmetric = { coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
  const sized = node("Resize", ["x", "roi", opset < 13 ? "roi" : "", "sizes"], "y");
  const roi = floats("roi", [0], []);
  return [
    on(image, [node("Resize", ["x", "roi", "scales"], "y", asymmetric)], scales, roi),
    on(image, [sized], integers("sizes", [4], [1, 4, 12, 15]), roi),
  ];
};

const upsample = (opset: number): OperatorCase[] => {
  if (opset < 9)
    return [on(image, [node("Upsample", ["x"], "y", {}, [{ name: "scales", type: 6, floats: [1, 1, 2, 3] }])])];
  return [on(image, [node("Upsample", ["x", "scales"], "y")], floats("scales", [4], [1, 1, 2, 3]))];
};

const squeeze = (opset: number): OperatorCase[] => {
  const given = list(opset, 13, "axes", [2, 3]);
  const attributes = given.attributes;
  return [
    on(
      image,
      [node("GlobalAveragePool", ["x"], "g"), node("Squeeze", ["g", ...given.input], "y", attributes)],
      ...given.initializers,
    ),
  ];
};

const unsqueeze = (opset: number): OperatorCase[] => {
  const given = list(opset, 13, "axes", [2, 3]);
  return [
    on(
      vector,
      [node("Unsqueeze", ["x", ...given.input], "u", given.attributes), node("Conv", ["u", "w"], "y")],
      ...given.initializers,
      weights("w", 3, 12, 1, 1),
    ),
  ];
};

const softmax =
  (name: string) =>
  (opset: number): OperatorCase[] => [
    on(vector, [node(name, ["x"], "y", { axis: 1 })]),
    on(["N", 4, 1, 1], [node(name, ["x"], "y", { axis: 1 })]),
    ...(opset < 13 ? [] : [on(image, [node(name, ["x"], "y", { axis: 1 })])]),
  ];

/** PyTorch's and TensorFlow's ways to say "the batch and the rest". */
const shape = (opset: number): OperatorCase[] => {
  const axes = list(opset, 13, "axes", [0]);
  const start = [
    node("Shape", ["x"], "s"),
    node("Gather", ["s", "zero"], "n", { axis: 0 }),
    node("Unsqueeze", ["n", ...axes.input], "u", axes.attributes),
    node("Concat", ["u", "rest"], "t", { axis: 0 }),
    node("Reshape", ["x", "t"], "f"),
    node("MatMul", ["f", "w"], "y"),
  ];
  return [
    on(
      image,
      start,
      integers("zero", [], [0]),
      integers("rest", [1], [-1]),
      weights("w", 120, 3),
      ...axes.initializers,
    ),
  ];
};

const identityOf =
  (name: string, inputs: readonly Initializer[] = [], attributes = {}) =>
  (): OperatorCase[] => [
    on(
      vector,
      [node(name, ["c", ...inputs.map((input) => input.name ?? "")], "d", attributes), node("Add", ["x", "d"], "y")],
      weights("c", 1, 12),
      ...inputs,
    ),
  ];

const value = { name: "value", type: 4, t: { dims: [1n], dataType: 1, floatData: [0.25] } };

/** Small graphs of every operator that is read, for an operator set. */
export const operatorCases: Readonly<Record<string, (opset: number) => OperatorCase[]>> = {
  Abs: unary("Abs"),
  Add: arithmetic("Add"),
  And: folded("And", [typed("a", 9, [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]), typed("b", 9, [1])], true),
  AveragePool: pool("AveragePool"),
  BatchNormalization: () =>
    [image, vector, ["N", 4, 9]].map((input) => {
      const channels = Number(input[1]);
      const norm = node("BatchNormalization", ["x", "a", "b", "m", "v"], "y", {}, [floatAttribute("epsilon", 0.01)]);
      return on(
        input,
        [norm],
        weights("a", channels),
        weights("b", channels),
        weights("m", channels),
        positive("v", channels),
      );
    }),
  Cast: unary("Cast", { to: 1 }),
  Ceil: folded("Ceil", [weights("a", 12)]),
  Clip: clip,
  Concat: () => [
    on(image, [node("Relu", ["x"], "r"), node("Concat", ["r", "x", "r"], "y", { axis: 1 })]),
    on(vector, [node("Relu", ["x"], "r"), node("Concat", ["r", "x"], "y", { axis: 1 })]),
    on(["N", 3, 7], [node("Relu", ["x"], "r"), node("Concat", ["r", "x"], "y", { axis: 1 })]),
    on(
      vector,
      [node("Concat", ["a", "b"], "c", { axis: 0 }), node("Add", ["x", "c"], "y")],
      weights("a", 5),
      weights("b", 7),
    ),
  ],
  Constant: () => [on(vector, [node("Constant", [], "c", {}, [value]), node("Add", ["x", "c"], "y")])],
  ConstantOfShape: () => [
    on(
      vector,
      [node("ConstantOfShape", ["s"], "c", {}, [value]), node("Add", ["x", "c"], "y")],
      integers("s", [2], [1, 12]),
    ),
  ],
  Conv: convolution("Conv", false),
  ConvTranspose: convolution("ConvTranspose", true),
  DepthToSpace: (opset) =>
    ["DCR", ...(opset < 11 ? [] : ["CRD"])].map((mode) =>
      on(["N", 8, 3, 2], [node("DepthToSpace", ["x"], "y", { blocksize: 2, ...(opset < 11 ? {} : { mode }) })]),
    ),
  Div: arithmetic("Div"),
  Dropout: unary("Dropout"),
  Equal: folded("Equal", [integers("a", [12], [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]), integers("b", [], [1])], true),
  Exp: folded("Exp", [weights("a", 12)]),
  Expand: (opset) =>
    opset < 8
      ? []
      : [
          on(
            vector,
            [node("Expand", ["c", "s"], "d"), node("Add", ["x", "d"], "y")],
            weights("c", 1),
            integers("s", [2], [1, 12]),
          ),
        ],
  Flatten: () => [
    on(image, [node("Flatten", ["x"], "f", { axis: 1 }), node("MatMul", ["f", "w"], "y")], weights("w", 120, 3)),
  ],
  Floor: folded("Floor", [weights("a", 12)]),
  Gather: () => [
    on(
      vector,
      [node("Gather", ["c", "i"], "d", { axis: 1 }), node("Add", ["x", "d"], "y")],
      weights("c", 1, 5),
      integers("i", [12], [0, 4, 1, 2, 3, 1, 1, 0, 4, 2, 3, -1]),
    ),
    on(image, [node("Gather", ["x", "i"], "y", { axis: 1 })], integers("i", [3], [2, 0, 3])),
    on(image, [node("Gather", ["x", "i"], "y", { axis: 2 })], integers("i", [2], [1, 3])),
    on(["N", 4, 6, 1], [node("Gather", ["x", "i"], "y", { axis: 3 })], integers("i", [], [0])),
  ],
  Gemm: () => [
    on(
      vector,
      [node("Gemm", ["x", "w", "b"], "y", { transB: 1 }, [floatAttribute("alpha", 0.5), floatAttribute("beta", 2)])],
      weights("w", 4, 12),
      weights("b", 4),
    ),
    on(vector, [node("Gemm", ["x", "w", "b"], "y")], weights("w", 12, 4), weights("b", 1, 4)),
    ...[0, 1].map((transA) =>
      on(
        [12, 1],
        [node("Gemm", ["w", "x", "b"], "y", { transA })],
        transA === 1 ? weights("w", 12, 4) : weights("w", 4, 12),
        weights("b", 4, 1),
      ),
    ),
  ],
  GlobalAveragePool: globalPool("GlobalAveragePool"),
  GlobalMaxPool: globalPool("GlobalMaxPool"),
  Greater: folded("Greater", [weights("a", 12), weights("b", 12)], true),
  HardSigmoid: unary("HardSigmoid", {}, [floatAttribute("alpha", 0.3), floatAttribute("beta", 0.4)]),
  Identity: unary("Identity"),
  LeakyRelu: unary("LeakyRelu", {}, [floatAttribute("alpha", 0.3)]),
  Less: folded("Less", [weights("a", 12), weights("b", 12)], true),
  Log: folded("Log", [positive("a", 12)]),
  LogSoftmax: softmax("LogSoftmax"),
  MatMul: () => [
    on(vector, [node("MatMul", ["x", "w"], "y")], weights("w", 12, 4)),
    on([12, 1], [node("MatMul", ["w", "x"], "y")], weights("w", 4, 12)),
    on([12], [node("MatMul", ["w", "x"], "y")], weights("w", 4, 12)),
    on(["N", 4, 9], [node("MatMul", ["w", "x"], "y")], weights("w", 3, 4)),
    on(
      image,
      [
        node("Transpose", ["x"], "t", { perm: [0, 2, 3, 1] }),
        node("MatMul", ["t", "w"], "m"),
        node("Transpose", ["m"], "y", { perm: [0, 3, 1, 2] }),
      ],
      weights("w", 4, 3),
    ),
  ],
  Max: extremum("Max"),
  MaxPool: pool("MaxPool"),
  Mean: (opset) =>
    opset < 8
      ? [on(vector, [node("Mean", ["x", "c"], "y")], weights("c", 1, 12))]
      : [
          on(image, [node("Relu", ["x"], "r"), node("Mean", ["r", "x", "c"], "y")], weights("c", 1, 4, 1, 1)),
          on(vector, [node("Relu", ["x"], "r"), node("Mean", ["r", "x"], "y")]),
        ],
  Min: extremum("Min"),
  Mod: () =>
    [0, 1].map((fmod) =>
      on(
        vector,
        [node("Mod", ["a", "b"], "c", { fmod }), node("Cast", ["c"], "d", { to: 1 }), node("Add", ["x", "d"], "y")],
        integers(
          "a",
          [12],
          Array.from({ length: 12 }, (_, index) => index - 5),
        ),
        integers("b", [], [3]),
      ),
    ),
  Mul: arithmetic("Mul"),
  Neg: unary("Neg"),
  Not: folded("Not", [typed("a", 9, [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0])], true),
  Or: folded("Or", [typed("a", 9, [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]), typed("b", 9, [0])], true),
  PRelu: () => [
    on(image, [node("PRelu", ["x", "s"], "y")], weights("s", 4, 1, 1)),
    on(image, [node("PRelu", ["x", "s"], "y")], weights("s", 1)),
    on(image, [node("PRelu", ["x", "s"], "y")], weights("s", 4, 6, 5)),
    on(vector, [node("PRelu", ["x", "s"], "y")], weights("s", 12)),
  ],
  Pad: pad,
  Pow: folded("Pow", [positive("a", 12), weights("b", 12)]),
  Range: (opset) =>
    opset < 11
      ? []
      : [
          on(
            vector,
            [node("Range", ["a", "b", "c"], "r"), node("Add", ["x", "r"], "y")],
            floats("a", [], [1]),
            floats("b", [], [7]),
            floats("c", [], [0.5]),
          ),
        ],
  Reciprocal: folded("Reciprocal", [positive("a", 12)]),
  ReduceMax: reduce("ReduceMax", 18),
  ReduceMean: reduce("ReduceMean", 18),
  ReduceProd: (opset) => {
    const given = list(opset, 18, "axes", [0]);
    return [
      on(
        vector,
        [
          node("ReduceProd", ["c", ...given.input], "r", { keepdims: 0, ...given.attributes }),
          node("Add", ["x", "r"], "y"),
        ],
        weights("c", 3, 12),
        ...given.initializers,
      ),
    ];
  },
  ReduceSum: reduce("ReduceSum", 13),
  Relu: unary("Relu"),
  Reshape: () =>
    [
      [-1, 120],
      [0, -1],
      [1, 120],
      [0, 4, 30],
      [-1, 24, 5],
    ].map((target) =>
      on(
        image,
        [node("Reshape", ["x", "s"], "r"), node("Flatten", ["r"], "f"), node("MatMul", ["f", "w"], "y")],
        integers("s", [target.length], target),
        weights("w", 120, 3),
      ),
    ),
  Resize: resize,
  Shape: shape,
  Sign: (opset) => (opset < 9 ? [] : folded("Sign", [weights("a", 12)])()),
  Size: () => [
    on(
      vector,
      [node("Size", ["c"], "s"), node("Cast", ["s"], "f", { to: 1 }), node("Add", ["x", "f"], "y")],
      weights("c", 3, 5),
    ),
  ],
  Slice: slice,
  Softmax: softmax("Softmax"),
  SpaceToDepth: () => [on(["N", 4, 6, 4], [node("SpaceToDepth", ["x"], "y", { blocksize: 2 })])],
  Split: split,
  Sqrt: folded("Sqrt", [positive("a", 12)]),
  Squeeze: squeeze,
  Sub: arithmetic("Sub"),
  Sum: (opset) => [
    on(
      image,
      [node("Relu", ["x"], "r"), node("Sum", ["r", "x", "r", "c"], "y")],
      opset < 8 ? weights("c", 1, 4, 6, 5) : weights("c", 1, 4, 1, 1),
    ),
    on(vector, [node("Sum", ["x"], "y")]),
  ],
  ThresholdedRelu: (opset) => (opset < 10 ? [] : unary("ThresholdedRelu", {}, [floatAttribute("alpha", 0)])()),
  Tile: identityOf("Tile", [integers("r", [2], [1, 1])]),
  Transpose: () => [
    on(image, [
      node("Transpose", ["x"], "t", { perm: [0, 2, 3, 1] }),
      node("Relu", ["t"], "r"),
      node("Transpose", ["r"], "y", { perm: [0, 3, 1, 2] }),
    ]),
  ],
  Unsqueeze: unsqueeze,
  Upsample: upsample,
  Where: (opset) =>
    opset < 9
      ? []
      : folded("Where", [typed("a", 9, [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]), weights("b", 12), weights("c", 1)])(),
};
