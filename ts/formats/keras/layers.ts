// Converts each class of Keras layers to nodes of a ReLU network.
import { checkInteger } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { batchNormAffine } from "../../relu/builder.ts";
import { windowedExtents } from "../../relu/shapes.ts";
import { channelsOf, formatShape, sameShape, sizeOf } from "../../tensor.ts";
import { quoted } from "../../text.ts";
import { shown } from "../json.ts";
import { activated, perChannel, prelu, relu, reluLayer, softmaxLayer } from "./activations.ts";
import {
  type Convert,
  expectSetting,
  first,
  flag,
  imageInput,
  imageOutput,
  number,
  oneDimensional,
  pair,
  windowOf,
} from "./call.ts";
import { addPadding, isPadded, noPadding, Refusal } from "./graph.ts";
import { conv, dense, depthwiseConv, separableConv, transposedConv } from "./weighted.ts";

function refuse(reason: string): Convert {
  return () => {
    throw new Refusal(reason);
  };
}

const identity: Convert = ({ inputs }) => inputs[0];

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
