// ONNX operators: convolutions and pools.
import { checkInteger } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import type { Shape } from "../../tensor.ts";
import type { Padding, ReluNode, Window2d } from "../../relu/network.ts";
import { samePadding, transposedExtents, windowedExtents } from "../../relu/shapes.ts";
import { Refusal } from "./attributes.ts";
import {
  constantInput,
  flowInput,
  optionalConstant,
  shapeError,
  takeElements,
  type Call,
  type Operator,
} from "./graph.ts";
import { asImage, imageFlow, noPadding, type Image } from "./image.ts";
import type { Constant } from "./constants.ts";

type Sizes = Omit<Window2d, "padding">;

function readSizes(call: Call, spatial: number, kernel: readonly number[]): Sizes {
  const { attributes } = call;
  return {
    kernel: pair(call, spatial, "kernel_shape", kernel),
    stride: pair(call, spatial, "strides", attributes.integers("strides") ?? [1, 1].slice(0, spatial)),
    dilation: pair(call, spatial, "dilations", attributes.integers("dilations") ?? [1, 1].slice(0, spatial)),
  };
}

/** [vertical, horizontal]; a length runs horizontally. */
function pair(call: Call, spatial: number, name: string, values: readonly number[], minimum = 1): [number, number] {
  if (values.length !== spatial)
    throw new LlifError("SHAPE", `${call.place}: ${name}: expected ${spatial} values, got ${values.length}`);
  for (const value of values) checkInteger(`${call.place}: ${name}`, value, minimum);
  return spatial === 1 ? [minimum, values[0]] : [values[0], values[1]];
}

/** Reads the attribute pads: all starts, then all ends. */
function readPads(call: Call, spatial: number): Padding {
  const pads = call.attributes.integers("pads") ?? new Array<number>(2 * spatial).fill(0);
  if (pads.length !== 2 * spatial)
    throw new LlifError("SHAPE", `${call.place}: pads: expected ${2 * spatial} values, got ${pads.length}`);
  for (const cells of pads) checkInteger(`${call.place}: pads`, cells, 0);
  const [top, left, bottom, right] = spatial === 1 ? [0, pads[0], 0, pads[1]] : pads;
  return { top, left, bottom, right };
}

function readAutomatic(call: Call): string {
  const automatic = call.attributes.text("auto_pad", "NOTSET");
  if (!["NOTSET", "", "SAME_UPPER", "SAME_LOWER", "VALID"].includes(automatic)) {
    throw new LlifError(
      "FORMAT",
      `${call.place}: auto_pad: expected NOTSET, SAME_UPPER, SAME_LOWER or VALID, got ${JSON.stringify(automatic)}`,
    );
  }
  return automatic === "" ? "NOTSET" : automatic;
}

/** Reads strides, dilations, pads and auto_pad, the same for convolutions and pools. */
function readWindow(call: Call, { shape, spatial }: Image, kernel: readonly number[]): Window2d {
  const sizes = readSizes(call, spatial, kernel);
  const automatic = readAutomatic(call);
  const padding = readPads(call, spatial);
  if (automatic === "NOTSET") return { ...sizes, padding };
  return {
    ...sizes,
    padding:
      automatic === "VALID" ? noPadding : samePadding(shape, sizes, automatic === "SAME_UPPER" ? "end" : "start"),
  };
}

interface Kernel {
  readonly image: Image;
  readonly kernel: Constant;
  readonly bias: Constant | undefined;
  /** Extents of the kernel in the file. */
  readonly extents: readonly number[];
  readonly groups: number;
}

function readKernel(call: Call): Kernel {
  const kernel = constantInput(call, 1, "W");
  const bias = optionalConstant(call, 2, "B");
  if (kernel.dims.length === 5) throw new Refusal("three-dimensional convolution is not supported");
  if (kernel.dims.length < 3 || kernel.dims.length > 5)
    throw shapeError(call, "a kernel of 3 or 4 dimensions", kernel.dims);
  const image = asImage(call, flowInput(call, 0, "X"));
  const extents = kernel.dims.slice(2);
  if (extents.length !== image.spatial)
    throw shapeError(call, `a kernel of ${image.spatial + 2} dimensions`, kernel.dims);
  const declared = call.attributes.integers("kernel_shape");
  if (
    declared !== undefined &&
    (declared.length !== extents.length || declared.some((extent, axis) => extent !== extents[axis]))
  ) {
    throw shapeError(call, `kernel_shape [${extents.join(",")}] as the weights have`, declared);
  }
  const groups = checkInteger(`${call.place}: group`, call.attributes.integer("group", 1), 1);
  return { image, kernel, bias, extents, groups };
}

export const conv: Operator = (call) => {
  const { image, kernel, bias, extents, groups } = readKernel(call);
  const window = readWindow(call, image, extents);
  call.attributes.finish();
  const [outputs, channels] = kernel.dims;
  const cells = window.kernel[0] * window.kernel[1];
  takeElements(call, kernel.data.length);
  const data = new Float32Array(kernel.data.length);
  for (let output = 0, index = 0; output < outputs; output++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let cell = 0; cell < cells; cell++)
        data[(cell * channels + channel) * outputs + output] = kernel.data[index++];
    }
  }
  const node = call.graph.add({
    kind: "conv2d",
    name: call.name,
    from: [image.from],
    shape: [],
    ...window,
    groups,
    weights: { shape: [...window.kernel, channels, outputs], data },
    bias: bias === undefined ? new Float32Array(outputs) : Float32Array.from(bias.data),
  });
  return imageFlow(node, image.spatial);
};

/** In the file, the kernel is [input channels, output channels / groups, …extents]. */
export const convTranspose: Operator = (call) => {
  const { image, kernel, bias, extents, groups } = readKernel(call);
  const sizes = readSizes(call, image.spatial, extents);
  const [inputs, groupOutputs] = kernel.dims;
  if (inputs % groups !== 0) throw shapeError(call, `input channels in ${groups} equal groups`, kernel.dims);
  const {
    padding,
    extents: [height, width],
  } = readTransposedPadding(call, image, sizes);
  call.attributes.finish();
  const outputs = groupOutputs * groups;
  const depth = inputs / groups;
  const cells = sizes.kernel[0] * sizes.kernel[1];
  takeElements(call, kernel.data.length);
  const data = new Float32Array(kernel.data.length);
  for (let input = 0, index = 0; input < inputs; input++) {
    const group = Math.floor(input / depth);
    for (let output = 0; output < groupOutputs; output++) {
      const target = (input % depth) * outputs + group * groupOutputs + output;
      for (let cell = 0; cell < cells; cell++) data[cell * depth * outputs + target] = kernel.data[index++];
    }
  }
  const node = call.graph.add({
    kind: "convTranspose2d",
    name: call.name,
    from: [image.from],
    shape: [height, width, outputs],
    ...sizes,
    padding,
    groups,
    weights: { shape: [...sizes.kernel, depth, outputs], data },
    bias: bias === undefined ? new Float32Array(outputs) : Float32Array.from(bias.data),
  });
  if (node.shape[0] !== height || node.shape[1] !== width) {
    throw new Refusal(
      `its output ${height}×${width} is larger than its windows reach; use an output_padding below max(stride, dilation)`,
    );
  }
  return imageFlow(node, image.spatial);
};

/** Padding and output extents, given by pads and output_padding, by auto_pad, or by output_shape. */
function readTransposedPadding(
  call: Call,
  { shape, spatial }: Image,
  sizes: Sizes,
): { padding: Padding; extents: [number, number] } {
  const { attributes } = call;
  const automatic = readAutomatic(call);
  const more = pair(
    call,
    spatial,
    "output_padding",
    attributes.integers("output_padding") ?? [0, 0].slice(0, spatial),
    0,
  );
  const pads = readPads(call, spatial);
  const wanted = attributes.integers("output_shape")?.slice(-spatial);
  const whole = transposedExtents(call.place, shape, { ...sizes, padding: noPadding });
  const same = automatic.startsWith("SAME") ? [0, 1].map((axis) => shape[axis] * sizes.stride[axis]) : undefined;
  const target = wanted === undefined ? same : pair(call, spatial, "output_shape", wanted);
  if (target === undefined) {
    const padding = automatic === "VALID" ? noPadding : pads;
    const [height, width] = transposedExtents(call.place, shape, { ...sizes, padding });
    return { padding, extents: [height + more[0], width + more[1]] };
  }
  const total = [0, 1].map((axis) => Math.max(0, whole[axis] + more[axis] - target[axis]));
  // The odd cell goes to the end for SAME_UPPER only.
  const [top, left] = total.map((cells) => (automatic === "SAME_UPPER" ? Math.floor(cells / 2) : Math.ceil(cells / 2)));
  const padding = { top, left, bottom: total[0] - top, right: total[1] - left };
  return { padding, extents: [target[0], target[1]] };
}

export const pool: Operator = (call) => {
  const { attributes } = call;
  const image = asImage(call, flowInput(call, 0, "X"));
  const kernel = attributes.integers("kernel_shape");
  if (kernel === undefined) throw new LlifError("FORMAT", `${call.place}: attribute kernel_shape is missing`);
  const automatic = attributes.has("auto_pad") && !attributes.has("pads");
  const window = readWindow(call, image, kernel);
  const ceil = attributes.integer("ceil_mode", 0) !== 0 && !automatic;
  const shape = [...windowedExtents(call.place, image.shape, window, ceil), image.shape[2]];
  const base = { name: call.name, from: [image.from], shape, ...window };
  if (call.operator === "MaxPool") {
    attributes.ignore("storage_order");
    attributes.finish();
    if (call.used.length > 1 && call.used[1] !== "") throw new Refusal("its second output (indices) is used");
    return imageFlow(call.graph.add({ kind: "maxPool", ...base }), image.spatial);
  }
  const countPadding = attributes.integer("count_include_pad", 0) !== 0;
  attributes.finish();
  return imageFlow(call.graph.add({ kind: "averagePool", ...base, countPadding }), image.spatial);
};

/** A pool over whole rows, columns or both. */
export function wholePool(
  kind: "maxPool" | "averagePool",
  name: string,
  from: string,
  input: Shape,
  kernel: readonly [number, number],
): ReluNode {
  const shape = [input[0] / kernel[0], input[1] / kernel[1], input[2]];
  const base = { name, from: [from], shape, kernel, stride: kernel, dilation: [1, 1] as const, padding: noPadding };
  return kind === "maxPool" ? { kind, ...base } : { kind, ...base, countPadding: false };
}

export const globalPool: Operator = (call) => {
  call.attributes.finish();
  const { from, shape, spatial } = asImage(call, flowInput(call, 0, "X"));
  const kind = call.operator === "GlobalMaxPool" ? "maxPool" : "averagePool";
  return imageFlow(call.graph.add(wholePool(kind, call.name, from, shape, [shape[0], shape[1]])), spatial);
};
