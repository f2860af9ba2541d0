// Converts each class of Keras layers to nodes of a ReLU network.
import { checkInteger } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { batchNormAffine } from "../../relu/builder.ts";
import type { Padding, ReluNode, Window2d } from "../../relu/network.ts";
import { samePadding, windowedExtents } from "../../relu/shapes.ts";
import { channelsOf, formatShape, sameShape, sizeOf, type Shape, type Tensor } from "../../tensor.ts";
import { quoted } from "../../text.ts";
import { shown } from "../json.ts";
import { addPadding, expectImage, type Graph, isPadded, noPadding, Refusal, type Value } from "./graph.ts";
import type { Config } from "./topology.ts";

/** The arguments of a layer's conversion. */
export interface Call {
  /** Unique name for the layer's node. */
  readonly name: string;
  readonly className: string;
  readonly config: Config;
  readonly inputs: readonly Value[];
  readonly graph: Graph;
  /**
   * The layer's weights with these names, in Keras's order of creation.
   * @throws {LlifError} FORMAT if one is missing.
   */
  weights(...names: readonly string[]): readonly Tensor[];
}

type Convert = (call: Call) => Value;

function refuse(reason: string): Convert {
  return () => {
    throw new Refusal(reason);
  };
}

const identity: Convert = ({ inputs }) => inputs[0];

const first = ({ graph, inputs }: Call): string => graph.padded(inputs[0]);

/** Refuses a setting that does not have one of the allowed values. */
function expectSetting(call: Call, key: string, ...allowed: readonly unknown[]): void {
  const value = call.config[key];
  if (value !== undefined && value !== null && !allowed.includes(value))
    throw new Refusal(`its ${key} is ${shown(value)}; only ${allowed.map(shown).join(" or ")} is supported`);
}

function flag(call: Call, key: string, otherwise: boolean): boolean {
  const value = call.config[key] ?? otherwise;
  if (typeof value !== "boolean")
    throw new LlifError("FORMAT", `layer ${quoted(call.name)}: ${key}: expected true or false, got ${shown(value)}`);
  return value;
}

function number(call: Call, keys: readonly string[], otherwise: number): number {
  for (const key of keys) {
    const value = call.config[key];
    if (value === undefined || value === null) continue;
    if (typeof value !== "number")
      throw new LlifError("FORMAT", `layer ${quoted(call.name)}: ${key}: expected a number, got ${shown(value)}`);
    return value;
  }
  return otherwise;
}

/** One integer for both axes, or one per axis; in a one-dimensional layer, a list of one is the horizontal axis. */
function pair(call: Call, key: string, otherwise: number | readonly number[], minimum = 1): readonly [number, number] {
  const value = call.config[key] ?? otherwise;
  const values =
    typeof value === "number"
      ? [value, value]
      : Array.isArray(value) && value.length === 1
        ? [1, ...(value as number[])]
        : value;
  if (!Array.isArray(values) || values.length !== 2)
    throw new LlifError("FORMAT", `layer ${quoted(call.name)}: ${key}: expected two integers, got ${shown(value)}`);
  for (const one of values) checkInteger(`layer ${quoted(call.name)}: ${key}`, one, minimum);
  return [values[0] as number, values[1] as number];
}

const oneDimensional = /1D(Transpose)?$/;

/** The input as an image, with the padding not added yet; a sequence [steps, channels] is an image of one row. */
function imageInput(call: Call, value: Value = call.inputs[0]): { from: string; shape: Shape; before: Padding } {
  expectSetting(call, "data_format", "channels_last");
  const { graph } = call;
  const shape = graph.shapeOf(value.node);
  if (!oneDimensional.test(call.className)) {
    expectImage(shape);
    return { from: value.node, shape, before: value.padding ?? noPadding };
  }
  if (shape.length !== 2) throw new Refusal(`expected a sequence [steps,channels], got ${formatShape(shape)}`);
  const row = [1, ...shape];
  return { from: graph.reshaped(value.node, row), shape: row, before: value.padding ?? noPadding };
}

/** Turns the result of a one-dimensional layer into a sequence again. */
function imageOutput(call: Call, node: ReluNode): Value {
  if (!oneDimensional.test(call.className)) return { node: node.name };
  return { node: call.graph.reshaped(node.name, [node.shape[0] * node.shape[1], channelsOf(node.shape)]) };
}

function windowOf(
  call: Call,
  input: Shape,
  before: Padding,
  kernel: readonly [number, number],
  stride: readonly [number, number],
  dilation: readonly [number, number],
): Window2d {
  const rows = oneDimensional.test(call.className);
  const flat = ([vertical, horizontal]: readonly [number, number]): readonly [number, number] => [
    rows ? 1 : vertical,
    horizontal,
  ];
  const sizes = { kernel: flat(kernel), stride: flat(stride), dilation: flat(dilation) };
  const padded = [input[0] + before.top + before.bottom, input[1] + before.left + before.right, input[2]];
  const mode = call.config.padding ?? "valid";
  if (mode === "valid") return { ...sizes, padding: before };
  if (mode === "same") return { ...sizes, padding: addPadding(before, samePadding(padded, sizes)) };
  if (mode === "causal" && rows)
    return { ...sizes, padding: addPadding(before, { ...noPadding, left: (sizes.kernel[1] - 1) * sizes.dilation[1] }) };
  throw new Refusal(`its padding is ${shown(mode)}; only "valid" and "same" are supported`);
}

/** Adds the activation given in the layer's settings. */
function activated(call: Call, value: Value): Value {
  const { activation } = call.config;
  if (activation === undefined || activation === null || activation === "linear") return value;
  const name = typeof activation === "string" ? activation : ((activation as Config).class_name ?? shown(activation));
  return activate({ ...call, name: `${call.name}_${String(name)}` }, String(name), value);
}

function activate(call: Call, activation: string, value: Value): Value {
  switch (activation) {
    case "linear":
      return value;
    case "relu":
      return relu(call, value, Infinity);
    case "relu6":
      return relu(call, value, 6);
    case "softmax":
      return softmax(call, value);
    case "leaky_relu":
      return relu(call, value, Infinity, [0.2]);
    default:
      throw new Refusal(
        `activation "${activation}" is not supported; ReLU, ReLU6, LeakyReLU, PReLU and a softmax at the end are`,
      );
  }
}

/**
 * Zeros stay zeros, so padding can be added later.
 * @param slopes factors on negative values, one per channel or one for all.
 */
function relu(call: Call, value: Value, ceiling: number, slopes: ArrayLike<number> = [0]): Value {
  const leaky = Array.from(slopes).some((factor) => factor !== 0)
    ? { slope: perChannel(call, value.node, slopes) }
    : {};
  const node = call.graph.add({ kind: "relu", name: call.name, from: [value.node], shape: [], ceiling, ...leaky });
  return { ...value, node: node.name };
}

/** One value per channel, from as many values or from one. */
function perChannel(call: Call, node: string, values: ArrayLike<number>): Float32Array {
  const channels = channelsOf(call.graph.shapeOf(node));
  call.graph.budget.take("elements", channels, `layer ${quoted(call.name)}`);
  return values.length === 1 ? new Float32Array(channels).fill(values[0]) : Float32Array.from(values);
}

function softmax(call: Call, value: Value): Value {
  const node = call.graph.padded(value);
  const shape = call.graph.shapeOf(node);
  if (channelsOf(shape) !== sizeOf(shape))
    throw new Refusal(
      `softmax over the channels of ${formatShape(shape)}; only one over all classes, at the end, is supported`,
    );
  return { node: call.graph.add({ kind: "softmax", name: call.name, from: [node], shape: [] }).name };
}

const conv: Convert = (call) => {
  const image = imageInput(call);
  const [kernel, bias] = kernelAndBias(call, "kernel");
  const shape = oneDimensional.test(call.className) ? [1, ...kernel.shape] : kernel.shape;
  const window = windowOf(
    call,
    image.shape,
    image.before,
    [shape[0], shape[1]],
    pair(call, "strides", 1),
    pair(call, "dilation_rate", 1),
  );
  const groups = number(call, ["groups"], 1);
  const node = call.graph.add({
    kind: "conv2d",
    name: call.name,
    from: [image.from],
    shape: [],
    ...window,
    weights: { shape, data: kernel.data },
    bias,
    groups,
  });
  return activated(call, imageOutput(call, node));
};

/**
 * The kernel [height, width, channels, multiplier] equals a grouped kernel [height, width, 1, channels · multiplier].
 */
function depthwise(call: Call, name: string, kernel: Tensor, bias: Float32Array | undefined): ReluNode {
  const image = imageInput(call);
  const [height, width, channels, multiplier] = oneDimensional.test(call.className)
    ? [1, ...kernel.shape]
    : kernel.shape;
  const window = windowOf(
    call,
    image.shape,
    image.before,
    [height, width],
    pair(call, "strides", 1),
    pair(call, "dilation_rate", 1),
  );
  const weights = { shape: [height, width, 1, channels * multiplier], data: kernel.data };
  return call.graph.add({
    kind: "conv2d",
    name,
    from: [image.from],
    shape: [],
    ...window,
    weights,
    bias: bias ?? new Float32Array(channels * multiplier),
    groups: channels,
  });
}

const depthwiseConv: Convert = (call) => {
  const [kernel, bias] = kernelAndBias(call, "depthwise_kernel");
  return activated(call, imageOutput(call, depthwise(call, call.name, kernel, bias)));
};

const separableConv: Convert = (call) => {
  const withBias = flag(call, "use_bias", true);
  const [depth, point, bias] = call.weights("depthwise_kernel", "pointwise_kernel", ...(withBias ? ["bias"] : []));
  const filtered = depthwise(call, `${call.name}_depthwise`, depth, undefined);
  const shape = oneDimensional.test(call.className) ? [1, ...point.shape] : point.shape;
  const node = call.graph.add({
    kind: "conv2d",
    name: call.name,
    from: [filtered.name],
    shape: [],
    kernel: [1, 1],
    stride: [1, 1],
    dilation: [1, 1],
    padding: noPadding,
    weights: { shape, data: point.data },
    bias: bias?.data ?? new Float32Array(channelsOf(shape)),
    groups: 1,
  });
  return activated(call, imageOutput(call, node));
};

function kernelAndBias(call: Call, kernelName: string): [Tensor, Float32Array] {
  const withBias = flag(call, "use_bias", true);
  const [kernel, bias] = call.weights(kernelName, ...(withBias ? ["bias"] : []));
  const depthwise = kernelName === "depthwise_kernel";
  const outputs = depthwise ? sizeOf(kernel.shape.slice(-2)) : channelsOf(kernel.shape);
  return [kernel, bias?.data ?? new Float32Array(outputs)];
}

/** The kernel is [height, width, outputs, inputs]; "same" cuts the output to input · stride, an odd cell at the end. */
const transposedConv: Convert = (call) => {
  expectSetting(call, "output_padding");
  expectSetting(call, "groups", 1);
  const image = imageInput(call, { node: first(call) });
  const flat = oneDimensional.test(call.className);
  const [kernel, stored] = call.weights("kernel", ...(flag(call, "use_bias", true) ? ["bias"] : []));
  const [height, width, outputs, inputs] = flat ? [1, ...kernel.shape] : kernel.shape;
  const bias = stored?.data ?? new Float32Array(outputs);
  const data = new Float32Array(kernel.data.length);
  for (let cell = 0, index = 0; cell < height * width; cell++) {
    for (let output = 0; output < outputs; output++) {
      for (let input = 0; input < inputs; input++)
        data[(cell * inputs + input) * outputs + output] = kernel.data[index++];
    }
  }
  const sizes = windowOf(
    { ...call, config: { ...call.config, padding: "valid" } },
    image.shape,
    noPadding,
    [height, width],
    pair(call, "strides", 1),
    pair(call, "dilation_rate", 1),
  );
  const size = [0, 1].map((axis) => (sizes.kernel[axis] - 1) * sizes.dilation[axis] + 1);
  const mode = call.config.padding ?? "valid";
  if (mode !== "valid" && mode !== "same")
    throw new Refusal(`its padding is ${shown(mode)}; only "valid" and "same" are supported`);
  const cut = size.map((extent, axis) => (mode === "same" ? Math.max(0, extent - sizes.stride[axis]) : 0));
  const [top, left] = cut.map((cells) => Math.floor(cells / 2));
  const padding = { top, left, bottom: cut[0] - top, right: cut[1] - left };
  const extents = size.map(
    (extent, axis) =>
      image.shape[axis] * sizes.stride[axis] + (mode === "same" ? 0 : Math.max(0, extent - sizes.stride[axis])),
  );
  const weights = { shape: [height, width, inputs, outputs], data };
  const node = call.graph.add({
    kind: "convTranspose2d",
    name: call.name,
    from: [image.from],
    shape: [...extents, outputs],
    ...sizes,
    padding,
    weights,
    bias,
    groups: 1,
  });
  return activated(call, imageOutput(call, node));
};

/** Works on the last axis, as in Keras: after an image it is a 1×1 convolution. */
const dense: Convert = (call) => {
  const [kernel, bias] = kernelAndBias(call, "kernel");
  const from = first(call);
  const shape = call.graph.shapeOf(from);
  const [inputs, outputs] = kernel.shape;
  if (shape.length === 1) {
    const data = new Float32Array(kernel.data.length);
    for (let input = 0, index = 0; input < inputs; input++) {
      for (let output = 0; output < outputs; output++) data[output * inputs + input] = kernel.data[index++];
    }
    const node = call.graph.add({
      kind: "dense",
      name: call.name,
      from: [from],
      shape: [],
      weights: { shape: [outputs, inputs], data },
      bias,
    });
    return activated(call, { node: node.name });
  }
  const rows = call.graph.reshaped(
    from,
    shape.length === 3 ? shape : [1, sizeOf(shape.slice(0, -1)), channelsOf(shape)],
  );
  const weights = { shape: [1, 1, inputs, outputs], data: kernel.data };
  const node = call.graph.add({
    kind: "conv2d",
    name: call.name,
    from: [rows],
    shape: [],
    kernel: [1, 1],
    stride: [1, 1],
    dilation: [1, 1],
    padding: noPadding,
    weights,
    bias,
    groups: 1,
  });
  return activated(call, { node: call.graph.reshaped(node.name, [...shape.slice(0, -1), outputs]) });
};

const batchNormalization: Convert = (call) => {
  const from = first(call);
  const shape = call.graph.shapeOf(from);
  const axis = [call.config.axis ?? -1].flat();
  // Axis 0 is the batch.
  if (axis.length !== 1 || (axis[0] !== -1 && axis[0] !== shape.length))
    throw new Refusal(`its axis is ${shown(call.config.axis)}; only the last one, the channels, is supported`);
  const [withGamma, withBeta] = [flag(call, "scale", true), flag(call, "center", true)];
  const found = call
    .weights(...(withGamma ? ["gamma"] : []), ...(withBeta ? ["beta"] : []), "moving_mean", "moving_variance")
    .map(({ data }) => data);
  const [mean, variance] = found.slice(-2);
  const gamma = withGamma ? found[0] : new Float32Array(mean.length).fill(1);
  const beta = withBeta ? found[withGamma ? 1 : 0] : new Float32Array(mean.length);
  const affine = batchNormAffine(`layer ${quoted(call.name)}`, {
    gamma,
    beta,
    mean,
    variance,
    epsilon: number(call, ["epsilon"], 1e-3),
  });
  return { node: call.graph.add({ kind: "affine", name: call.name, from: [from], shape: [], ...affine }).name };
};

const rescaling: Convert = (call) => {
  const from = first(call);
  const channels = channelsOf(call.graph.shapeOf(from));
  const vector = (key: string, otherwise: number): Float32Array => {
    const value = call.config[key] ?? otherwise;
    const values = Array.isArray(value) ? (value as number[]) : [value as number];
    if (values.length !== 1 && values.length !== channels)
      throw new LlifError(
        "SHAPE",
        `layer ${quoted(call.name)}: ${key}: expected one number or ${channels}, one a channel, got ${values.length}`,
      );
    return perChannel(call, from, values);
  };
  return {
    node: call.graph.add({
      kind: "affine",
      name: call.name,
      from: [from],
      shape: [],
      scale: vector("scale", 1),
      shift: vector("offset", 0),
    }).name,
  };
};

const reluLayer: Convert = (call) => {
  expectSetting(call, "threshold", 0);
  const ceiling = number(call, ["max_value"], Infinity);
  return relu(call, call.inputs[0], ceiling, [number(call, ["negative_slope", "alpha"], 0)]);
};

/** Keras has a slope per position, except along shared axes; a network has one per channel. */
const prelu: Convert = (call) => {
  const channels = channelsOf(call.graph.shapeOf(call.inputs[0].node));
  const [{ data }] = call.weights("alpha");
  if (data.length % channels !== 0)
    throw new LlifError(
      "SHAPE",
      `layer ${quoted(call.name)}: alpha: expected a slope for each of ${channels} channels, got ${data.length} in all`,
    );
  if (data.some((slope, index) => slope !== data[index % channels]))
    throw new Refusal(
      "its slopes differ from position to position; share them along height and width (shared_axes=[1, 2])",
    );
  return relu(call, call.inputs[0], Infinity, data.subarray(0, channels));
};

const pool: Convert = (call) => {
  const { graph } = call;
  const [value] = call.inputs;
  const kernel = pair(call, "pool_size", oneDimensional.test(call.className) ? [2] : 2);
  const max = call.className.startsWith("Max");
  // A maximum ignores padded cells, a mean counts either all or none.
  const takesPadding = max ? graph.isNonNegative(value.node) : call.config.padding !== "same";
  const image = imageInput(call, takesPadding ? value : { node: graph.padded(value) });
  const window = windowOf(call, image.shape, image.before, kernel, pair(call, "strides", kernel), [1, 1]);
  const shape = [...windowedExtents(`layer ${quoted(call.name)}`, image.shape, window), image.shape[2]];
  const base = { name: call.name, from: [image.from], shape, ...window };
  return imageOutput(
    call,
    graph.add(
      max ? { kind: "maxPool", ...base } : { kind: "averagePool", ...base, countPadding: isPadded(image.before) },
    ),
  );
};

const globalPool: Convert = (call) => {
  const { from, shape } = imageInput(call, { node: first(call) });
  const [height, width, channels] = shape;
  const base = {
    name: call.name,
    from: [from],
    shape: [1, 1, channels],
    kernel: [height, width] as const,
    stride: [1, 1] as const,
    dilation: [1, 1] as const,
    padding: noPadding,
  };
  const node = call.graph.add(
    call.className.startsWith("GlobalMax")
      ? { kind: "maxPool", ...base }
      : { kind: "averagePool", ...base, countPadding: false },
  );
  const kept = oneDimensional.test(call.className) ? [1, channels] : [1, 1, channels];
  return { node: call.graph.reshaped(node.name, flag(call, "keepdims", false) ? kept : [channels]) };
};

const zeroPadding: Convert = (call) => {
  expectSetting(call, "data_format", "channels_last");
  const value = call.inputs[0];
  const sides = (json: unknown): readonly [number, number] => {
    const both = typeof json === "number" ? [json, json] : (json as number[]);
    for (const cells of [both?.[0], both?.[1]]) checkInteger(`layer ${quoted(call.name)}: padding`, cells, 0);
    return [both[0], both[1]];
  };
  const padding = call.config.padding ?? 1;
  const flat = oneDimensional.test(call.className);
  const [[top, bottom], [left, right]] = flat
    ? [[0, 0], sides(padding)]
    : Array.isArray(padding)
      ? [sides(padding[0]), sides(padding[1])]
      : [sides(padding), sides(padding)];
  return { node: value.node, padding: addPadding(value.padding ?? noPadding, { top, left, bottom, right }) };
};

const add: Convert = (call) => {
  const from = call.inputs.map((value) => call.graph.padded(value));
  const shapes = from.map((name) => call.graph.shapeOf(name));
  if (shapes.some((shape) => !sameShape(shape, shapes[0])))
    throw new Refusal(
      `its inputs have the shapes ${shapes.map(formatShape).join(" and ")}; only sums of one shape are supported`,
    );
  if (from.length === 1) return { node: from[0] };
  return { node: call.graph.add({ kind: "add", name: call.name, from, shape: [] }).name };
};

const concatenate: Convert = (call) => {
  const from = call.inputs.map((value) => call.graph.padded(value));
  const axis = number(call, ["axis"], -1);
  if (axis !== -1 && axis !== call.graph.shapeOf(from[0]).length)
    throw new Refusal(`its axis is ${axis}; only the last one, the channels, is supported`);
  if (from.length === 1) return { node: from[0] };
  return { node: call.graph.add({ kind: "concat", name: call.name, from, shape: [] }).name };
};

const flatten: Convert = (call) => {
  expectSetting(call, "data_format", "channels_last");
  const from = first(call);
  return { node: call.graph.reshaped(from, [sizeOf(call.graph.shapeOf(from))], call.name) };
};

const reshape: Convert = (call) => {
  const from = first(call);
  const size = sizeOf(call.graph.shapeOf(from));
  const target = call.config.target_shape;
  if (!Array.isArray(target))
    throw new LlifError("FORMAT", `layer ${quoted(call.name)}: target_shape: expected an array, got ${shown(target)}`);
  const extents = (target as unknown[]).map((extent) =>
    checkInteger(`layer ${quoted(call.name)}: target_shape`, extent, -1),
  );
  const known = sizeOf(extents.filter((extent) => extent !== -1));
  return {
    node: call.graph.reshaped(
      from,
      extents.map((extent) => (extent === -1 ? size / known : extent)),
      call.name,
    ),
  };
};

const softmaxLayer: Convert = (call) => {
  const axis = [call.config.axis ?? -1].flat();
  if (axis.length !== 1 || (axis[0] !== -1 && axis[0] !== call.graph.shapeOf(call.inputs[0].node).length))
    throw new Refusal(`its axis is ${shown(call.config.axis)}; only the last one is supported`);
  return softmax(call, call.inputs[0]);
};

/** The conversions by class name, without a custom package's prefix. */
export const converters: ReadonlyMap<string, Convert> = new Map<string, Convert>([
  ...(["Conv2D", "Convolution2D", "Conv1D", "Convolution1D"] as const).map((name) => [name, conv] as const),
  ["DepthwiseConv2D", depthwiseConv],
  ["DepthwiseConv1D", depthwiseConv],
  ["SeparableConv2D", separableConv],
  ["SeparableConv1D", separableConv],
  ["SeparableConvolution2D", separableConv],
  ["Conv2DTranspose", transposedConv],
  ["Conv1DTranspose", transposedConv],
  ["Dense", dense],
  ["BatchNormalization", batchNormalization],
  ["BatchNormalizationV1", batchNormalization],
  ["Rescaling", rescaling],
  ["Activation", (call) => activated(call, call.inputs[0])],
  ["ReLU", reluLayer],
  ["LeakyReLU", (call) => relu(call, call.inputs[0], Infinity, [number(call, ["negative_slope", "alpha"], 0.3)])],
  ["PReLU", prelu],
  ["Softmax", softmaxLayer],
  ...(["MaxPooling2D", "MaxPooling1D", "AveragePooling2D", "AveragePooling1D"] as const).map(
    (name) => [name, pool] as const,
  ),
  ...(["GlobalAveragePooling2D", "GlobalAveragePooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling1D"] as const).map(
    (name) => [name, globalPool] as const,
  ),
  ["ZeroPadding2D", zeroPadding],
  ["ZeroPadding1D", zeroPadding],
  ["Add", add],
  ["Concatenate", concatenate],
  ["Flatten", flatten],
  ["Reshape", reshape],
  ...(
    [
      "Dropout",
      "SpatialDropout1D",
      "SpatialDropout2D",
      "AlphaDropout",
      "GaussianDropout",
      "GaussianNoise",
      "ActivityRegularization",
    ] as const
  ).map((name) => [name, identity] as const),
  ["LSTM", refuse("recurrent layers are not supported")],
  ["GRU", refuse("recurrent layers are not supported")],
  ["Lambda", refuse("it holds code, which is not run")],
]);
