// Converts Keras layers with a kernel: convolutions and dense layers.
import type { ReluNode } from "../../relu/network.ts";
import { channelsOf, sizeOf, type Tensor } from "../../tensor.ts";
import { shown } from "../json.ts";
import { activated } from "./activations.ts";
import {
  type Call,
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
import { noPadding, Refusal } from "./graph.ts";

export const conv: Convert = (call) => {
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

export const depthwiseConv: Convert = (call) => {
  const [kernel, bias] = kernelAndBias(call, "depthwise_kernel");
  return activated(call, imageOutput(call, depthwise(call, call.name, kernel, bias)));
};

export const separableConv: Convert = (call) => {
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
export const transposedConv: Convert = (call) => {
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
export const dense: Convert = (call) => {
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
