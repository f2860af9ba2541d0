// ONNX operators: Pad, Resize, DepthToSpace and SpaceToDepth.
import { checkInteger } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import type { ReluNode } from "../../relu/network.ts";
import { Refusal } from "./attributes.ts";
import { affineOver } from "./arithmetic.ts";
import {
  axisOf,
  flowInput,
  listOf,
  optionalConstant,
  shapeError,
  step,
  takeElements,
  type Call,
  type Operator,
} from "./graph.ts";
import { asImage, checkWeights, imageFlow, noPadding, oriented, selectedChannels } from "./image.ts";
import type { Flow } from "./layout.ts";

/** Constant padding, zero or not; padding of channels too. */
export const pad: Operator = (call) => {
  const { attributes, opset } = call;
  const flow = flowInput(call, 0, "data");
  const mode = attributes.text("mode", "constant");
  const pads =
    opset < 11 ? attributes.integers("pads") : (listOf(call, optionalConstant(call, 1, "pads"), "pads") ?? []);
  const value = opset < 11 ? attributes.float("value", 0) : (optionalConstant(call, 2, "constant_value")?.data[0] ?? 0);
  const axes = listOf(call, optionalConstant(call, 3, "axes"), "axes");
  attributes.finish();
  if (mode !== "constant") throw new Refusal(`pads by mode ${mode}; only constant is supported`);
  const rank = flow.dims.length + (flow.batch ? 1 : 0);
  const padded = axes === undefined ? Array.from({ length: rank }, (_, axis) => axis) : [...axes];
  if (pads === undefined || pads.length !== 2 * padded.length)
    throw new LlifError(
      "SHAPE",
      `${call.place}: pads: expected ${2 * padded.length} values, got ${pads?.length ?? "none"}`,
    );
  for (const cells of pads) checkInteger(`${call.place}: pads`, cells, -(2 ** 31));
  if (pads.some((cells) => cells < 0)) throw new Refusal("negative pads are not supported; use Slice");
  if (!Number.isFinite(value)) throw new Refusal(`pads with ${value}; use the pads of MaxPool`);
  const before = new Map<number, readonly [number, number]>();
  padded.forEach((axis, index) => {
    const cells = [pads[index], pads[index + padded.length]] as const;
    if (cells[0] + cells[1] > 0) before.set(axisOf(call, flow, axis), cells);
  });
  if (before.size === 0) return flow;
  if (value === 0) return zeroPadded(call, flow, before);
  const one = Float32Array.of(1);
  const shifted = affineOver(call, flow, "shift", { dims: [], scale: one, shift: Float32Array.of(-value) });
  return affineOver(call, zeroPadded(call, shifted, before), "", {
    dims: [],
    scale: one,
    shift: Float32Array.of(value),
  });
};

function zeroPadded(call: Call, value: Flow, cells: ReadonlyMap<number, readonly [number, number]>): Flow {
  const image = oriented(call, value);
  const { flow } = image;
  const of = (axis: number): readonly [number, number] => cells.get(axis) ?? [0, 0];
  const [top, bottom] = of(image.rows);
  const [left, right] = of(image.columns);
  const [first, last] = of(image.channels);
  const [height, width, channels] = image.shape;
  let from = image.from;
  if (first + last > 0) {
    checkWeights((first + channels + last) * channels);
    takeElements(call, first + channels + last);
    const selection = Array.from({ length: first + channels + last }, (_, index) =>
      index >= first && index < first + channels ? index - first : -1,
    );
    from = selectedChannels(call, from, height * width, channels, selection);
  }
  const dims = flow.dims.map((extent, axis) => extent + of(axis)[0] + of(axis)[1]);
  if (top + bottom + left + right > 0) {
    const shaped = call.graph.inShape(from, [height, width, channels + first + last]);
    from = step(call, "", shaped, { kind: "pad", padding: { top, left, bottom, right } }).name;
  }
  return { ...flow, node: from, dims, factors: dims };
}

/** Nearest-neighbour enlargement by whole factors: a transposed convolution with ones in each channel. */
export const resize: Operator = (call) => {
  const { attributes, opset, operator } = call;
  const flow = flowInput(call, 0, "X");
  const mode = attributes.text("mode", "nearest");
  const transformation = attributes.text(
    "coordinate_transformation_mode",
    opset < 11 || operator === "Upsample" ? "asymmetric" : "half_pixel",
  );
  const nearest = attributes.text(
    "nearest_mode",
    opset < 11 || operator === "Upsample" ? "floor" : "round_prefer_floor",
  );
  const given =
    operator === "Upsample" && opset < 9
      ? attributes.floats("scales")
      : listOf(call, optionalConstant(call, opset < 11 || operator === "Upsample" ? 1 : 2, "scales"), "scales");
  const sizes = listOf(call, optionalConstant(call, 3, "sizes"), "sizes");
  attributes.ignore("cubic_coeff_a", "exclude_outside", "extrapolation_value", "antialias", "keep_aspect_ratio_policy");
  const axes = attributes.integers("axes");
  attributes.finish();
  const image = asImage(call, flow);
  const rank = flow.dims.length + 1;
  const values = sizes !== undefined && sizes.length > 0 ? sizes : given;
  const listed = axes ?? Array.from({ length: rank }, (_, axis) => axis);
  if (values === undefined || values.length !== listed.length)
    throw new LlifError(
      "SHAPE",
      `${call.place}: expected ${listed.length} scales or sizes, got ${values?.length ?? "none"}`,
    );
  const factors = new Array<number>(rank).fill(1);
  listed.forEach((axis, index) => {
    const extent = axis === 0 ? 1 : flow.dims[axis - 1];
    // The batch size may be unknown; it is not resized.
    factors[axis] = values === sizes ? (axis === 0 ? 1 : values[index] / extent) : values[index];
  });
  const [batch, channels, ...spatial] = factors;
  const whole = spatial.every((factor) => Number.isInteger(factor) && factor >= 1) && batch === 1 && channels === 1;
  const exact =
    transformation === "asymmetric"
      ? nearest === "floor"
      : transformation.endsWith("half_pixel") && nearest.startsWith("round_prefer");
  if (mode !== "nearest" || !whole || !exact)
    throw new Refusal("only nearest neighbours at whole factors are supported; use ConvTranspose");
  const kernel = (image.spatial === 1 ? [1, spatial[0]] : spatial) as [number, number];
  return imageFlow(repeatedCells(call, image.from, image.shape[2], kernel), image.spatial);
};

/** Each element along the axis `before` repeated along a unit axis behind it. */
export function enlarged(call: Call, value: Flow, axis: number, before: number, factor: number): Flow {
  checkInteger(`${call.place}: repeats`, factor, 1, 2 ** 20);
  const image = oriented(call, value);
  const { flow } = image;
  const [height, width, channels] = image.shape;
  const dims = flow.dims.map((extent, at) => (at === axis ? factor : extent));
  const order = flow.order
    .filter((other) => other !== axis)
    .flatMap((other) => (other === before ? [before, axis] : [other]));
  if (before === image.channels) {
    checkWeights(channels * channels * factor);
    takeElements(call, channels * factor);
    const selection = Array.from({ length: channels * factor }, (_, index) => Math.floor(index / factor));
    return {
      ...flow,
      node: selectedChannels(call, image.from, height * width, channels, selection),
      dims,
      factors: dims,
      order,
    };
  }
  const kernel = before === image.rows ? ([factor, 1] as const) : ([1, factor] as const);
  return { ...flow, node: repeatedCells(call, image.from, channels, kernel).name, dims, factors: dims, order };
}

function repeatedCells(call: Call, from: string, channels: number, kernel: readonly [number, number]): ReluNode {
  checkWeights(kernel[0] * kernel[1] * channels);
  takeElements(call, kernel[0] * kernel[1] * channels);
  const weights = { shape: [...kernel, 1, channels], data: new Float32Array(kernel[0] * kernel[1] * channels).fill(1) };
  const window = { kernel, stride: kernel, dilation: [1, 1], padding: noPadding } as const;
  return step(call, "", from, {
    kind: "convTranspose2d",
    ...window,
    groups: channels,
    weights,
    bias: new Float32Array(channels),
  });
}

/** DepthToSpace and SpaceToDepth: convolutions with one tap per output. */
export const depthAndSpace: Operator = (call) => {
  const { attributes, operator } = call;
  const block = checkInteger(`${call.place}: blocksize`, attributes.integer("blocksize", 0), 1, 2 ** 10);
  const rowsFirst = attributes.text("mode", "DCR") === "DCR";
  attributes.finish();
  const image = asImage(call, flowInput(call, 0, "input"));
  const [height, width, channels] = image.shape;
  const toSpace = operator === "DepthToSpace";
  const cells = block * block;
  const fits = image.spatial === 2 && (toSpace ? channels % cells === 0 : height % block === 0 && width % block === 0);
  if (!fits) throw shapeError(call, `an image that divides into blocks of ${block}`, image.shape);
  const few = toSpace ? channels / cells : channels;
  const many = few * cells;
  checkWeights(cells * few * many);
  takeElements(call, cells * few * many);
  const data = new Float32Array(cells * few * many);
  for (let cell = 0; cell < cells; cell++) {
    for (let channel = 0; channel < few; channel++) {
      const deep = toSpace && !rowsFirst ? channel * cells + cell : cell * few + channel;
      data[toSpace ? (cell * many + deep) * few + channel : (cell * few + channel) * many + deep] = 1;
    }
  }
  const window = {
    kernel: [block, block],
    stride: [block, block],
    dilation: [1, 1],
    padding: noPadding,
    groups: 1,
  } as const;
  const node = toSpace
    ? step(call, "", image.from, {
        kind: "convTranspose2d",
        ...window,
        weights: { shape: [block, block, many, few], data },
        bias: new Float32Array(few),
      })
    : step(call, "", image.from, {
        kind: "conv2d",
        ...window,
        weights: { shape: [block, block, few, many], data },
        bias: new Float32Array(many),
      });
  return imageFlow(node, 2);
};
