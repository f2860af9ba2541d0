import { checkAllFinite, checkInteger } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { sizeOf, type Shape } from "../../tensor.ts";
import type { Window2d } from "../../relu/network.ts";
import { samePadding, windowedExtents } from "../../relu/shapes.ts";
import { Refusal } from "./attributes.ts";
import { permuteAffine } from "./elementwise.ts";
import { asImage, constantInput, flowInput, imageFlow, optionalConstant, shapeError, type Call, type Operator } from "./graph.ts";

/** Reads strides, dilations, pads and auto_pad, the same for convolutions and pools. */
function readWindow(call: Call, input: Shape, kernel: readonly number[]): Window2d {
  const { attributes, place } = call;
  const sizes = {
    kernel: pair(call, "kernel_shape", kernel),
    stride: pair(call, "strides", attributes.integers("strides") ?? [1, 1]),
    dilation: pair(call, "dilations", attributes.integers("dilations") ?? [1, 1]),
  };
  const automatic = attributes.text("auto_pad", "NOTSET");
  const pads = attributes.integers("pads");
  switch (automatic) {
    case "SAME_UPPER":
      return { ...sizes, padding: samePadding(input, sizes, "end") };
    case "SAME_LOWER":
      return { ...sizes, padding: samePadding(input, sizes, "start") };
    case "VALID":
      return { ...sizes, padding: { top: 0, left: 0, bottom: 0, right: 0 } };
    case "NOTSET":
    case "": {
      const [top, left, bottom, right, ...rest] = pads ?? [0, 0, 0, 0];
      if (right === undefined || rest.length > 0) throw new LlifError("SHAPE", `${place}: pads: expected 4 values, got ${pads?.length}`);
      for (const cells of [top, left, bottom, right]) checkInteger(`${place}: pads`, cells, 0);
      return { ...sizes, padding: { top, left, bottom, right } };
    }
    default:
      throw new LlifError("FORMAT", `${place}: auto_pad: expected NOTSET, SAME_UPPER, SAME_LOWER or VALID, got ${JSON.stringify(automatic)}`);
  }
}

function pair(call: Call, name: string, values: readonly number[]): readonly [number, number] {
  if (values.length !== 2) {
    if (values.length === 1) throw new Refusal("one-dimensional windows are not supported; insert a unit axis");
    if (values.length === 3) throw new Refusal("three-dimensional windows are not supported");
    throw new LlifError("SHAPE", `${call.place}: ${name}: expected 2 values, got ${values.length}`);
  }
  for (const value of values) checkInteger(`${call.place}: ${name}`, value, 1);
  return [values[0], values[1]];
}

export const conv: Operator = (call) => {
  const kernel = constantInput(call, 1, "W");
  const bias = optionalConstant(call, 2, "B");
  if (kernel.dims.length === 3) throw new Refusal("one-dimensional convolution is not supported; insert a unit axis");
  if (kernel.dims.length === 5) throw new Refusal("three-dimensional convolution is not supported");
  if (kernel.dims.length !== 4) throw shapeError(call, "a kernel of 4 dimensions", kernel.dims);
  const image = asImage(call, flowInput(call, 0, "X"));
  const [outputs, channels, height, width] = kernel.dims;
  const window = readWindow(call, image.shape, [height, width]);
  const declared = call.attributes.integers("kernel_shape");
  if (declared !== undefined && (declared[0] !== height || declared[1] !== width)) {
    throw shapeError(call, `kernel_shape [${height},${width}] as the weights have`, declared);
  }
  const groups = call.attributes.integer("group", 1);
  call.attributes.finish();
  checkInteger(`${call.place}: group`, groups, 1);
  const data = new Float32Array(kernel.data.length);
  for (let output = 0, index = 0; output < outputs; output++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let cell = 0; cell < height * width; cell++) data[(cell * channels + channel) * outputs + output] = kernel.data[index++];
    }
  }
  const node = call.graph.add({
    kind: "conv2d",
    name: call.name,
    from: [image.from],
    shape: [],
    ...window,
    weights: { shape: [height, width, channels, outputs], data },
    bias: bias === undefined ? new Float32Array(outputs) : Float32Array.from(bias.data),
    groups,
  });
  return imageFlow(node);
};

export const pool: Operator = (call) => {
  const { attributes } = call;
  const image = asImage(call, flowInput(call, 0, "X"));
  const kernel = attributes.integers("kernel_shape");
  if (kernel === undefined) throw new LlifError("FORMAT", `${call.place}: attribute kernel_shape is missing`);
  const automatic = attributes.has("auto_pad") && attributes.has("pads") === false;
  const window = readWindow(call, image.shape, kernel);
  const ceil = attributes.integer("ceil_mode", 0) !== 0 && !automatic;
  const shape = [...windowedExtents(call.place, image.shape, window, ceil), image.shape[2]];
  const base = { name: call.name, from: [image.from], shape, ...window };
  if (call.operator === "MaxPool") {
    attributes.ignore("storage_order");
    attributes.finish();
    if (call.used.length > 1 && call.used[1] !== "") throw new Refusal("its second output (indices) is used");
    return imageFlow(call.graph.add({ kind: "maxPool", ...base }));
  }
  const countPadding = attributes.integer("count_include_pad", 0) !== 0;
  attributes.finish();
  return imageFlow(call.graph.add({ kind: "averagePool", ...base, countPadding }));
};

export const globalPool: Operator = (call) => {
  call.attributes.finish();
  const image = asImage(call, flowInput(call, 0, "X"));
  const window = {
    kernel: [image.shape[0], image.shape[1]] as const,
    stride: [1, 1] as const,
    dilation: [1, 1] as const,
    padding: { top: 0, left: 0, bottom: 0, right: 0 },
  };
  const base = { name: call.name, from: [image.from], shape: [1, 1, image.shape[2]], ...window };
  if (call.operator === "GlobalMaxPool") return imageFlow(call.graph.add({ kind: "maxPool", ...base }));
  return imageFlow(call.graph.add({ kind: "averagePool", ...base, countPadding: false }));
};

/** Batch normalisation in inference: an affine layer, computed in f64 and rounded once. */
export const batchNormalization: Operator = (call) => {
  const { attributes, graph } = call;
  const flow = flowInput(call, 0, "X");
  const [gamma, beta, mean, variance] = ["scale", "B", "mean", "var"].map((label, index) => constantInput(call, index + 1, label).data);
  const epsilon = attributes.float("epsilon", 1e-5);
  if (attributes.integer("training_mode", 0) !== 0) throw new Refusal("it is in training mode; export the model for inference");
  if (attributes.integer("spatial", 1) !== 1) throw new Refusal("spatial=0 is not supported");
  attributes.ignore("momentum", "consumed_inputs", "is_test");
  attributes.finish();
  if (call.used.slice(1).some((name) => name !== "")) throw new Refusal("its training outputs are used");
  const image = flow.dims.length === 3 ? asImage(call, flow) : undefined;
  if (image === undefined && flow.dims.length !== 1) throw new Refusal(`expected [N,channels,height,width] or [N,features], got ${flow.dims.length + 1} dimensions`);
  const from = image?.from ?? graph.inShape(flow, [sizeOf(flow.dims)]);
  const channels = flow.dims[0];
  for (const values of [gamma, beta, mean, variance]) {
    if (values.length !== channels) throw shapeError(call, `${channels} values a parameter, one a channel`, [values.length]);
    checkAllFinite(`${call.place}: parameters`, values);
  }
  const scale = new Float32Array(channels);
  const shift = new Float32Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    const denominator = variance[channel] + epsilon;
    if (!(denominator > 0)) throw new LlifError("ARGUMENT", `${call.place}: expected variance + epsilon > 0, got ${denominator} in channel ${channel}`);
    const gain = gamma[channel] / Math.sqrt(denominator);
    scale[channel] = gain;
    shift[channel] = beta[channel] - mean[channel] * gain;
  }
  if (image === undefined) {
    const permuted = permuteAffine(flow, scale, shift);
    const node = graph.add({ kind: "affine", name: call.name, from: [from], shape: [], ...permuted });
    return { ...flow, node: node.name };
  }
  return imageFlow(graph.add({ kind: "affine", name: call.name, from: [from], shape: [], scale, shift }));
};
