// ONNX operators: Slice, Gather, Split.
import { checkInteger } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { Refusal } from "./attributes.ts";
import { selectConstant } from "./fold.ts";
import {
  axisOf,
  constantInput,
  listOf,
  optionalConstant,
  shapeError,
  step,
  takeElements,
  unmerged,
  type Call,
  type Operator,
  type Value,
} from "./graph.ts";
import { noPadding, oriented, selectedChannels } from "./image.ts";
import { formatFlow, reshaped, type Flow } from "./layout.ts";

/** Elements first, first + step, … along one axis. */
interface Range {
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

const indicesOf = ({ first, step: stride, count }: Range): number[] =>
  Array.from({ length: count }, (_, index) => first + index * stride);

/** Slice of a constant, or of the rows, columns or channels of a computed value. */
export const slice: Operator = (call) => {
  const value = required(call);
  const { attributes, opset } = call;
  const read = (name: string, position: number): number[] | undefined => {
    if (opset < 10) return name === "steps" ? undefined : attributes.integers(name);
    return listOf(call, optionalConstant(call, position, name), name);
  };
  const starts = read("starts", 1);
  const ends = read("ends", 2);
  if (starts === undefined || ends === undefined || starts.length !== ends.length)
    throw new LlifError("FORMAT", `${call.place}: expected as many starts as ends`);
  const axes = read("axes", 3) ?? starts.map((_, axis) => axis);
  const steps = read("steps", 4) ?? starts.map(() => 1);
  attributes.finish();
  return axes.reduce((result: Value, axis, index) => {
    const at = fileAxis(call, result, axis);
    if (at === undefined) return result;
    return selected(call, result, at, sliceRange(call, result.dims[at], starts[index], ends[index], steps[index]));
  }, value);
};

function required(call: Call): Value {
  const [value] = call.inputs;
  if (value === undefined) throw new LlifError("FORMAT", `${call.place}: its input is missing`);
  return unmerged(value);
}

/** Axis of `dims`; `undefined` for the batch, which is not sliced. */
function fileAxis(call: Call, value: Value, axis: number): number | undefined {
  if (value.kind === "flow") return value.batch && axis === 0 ? undefined : axisOf(call, value, axis);
  const positive = axis < 0 ? axis + value.dims.length : axis;
  if (!(positive >= 0 && positive < value.dims.length))
    throw shapeError(call, `an axis of the input for axis ${axis}`, value.dims);
  return positive;
}

function sliceRange(call: Call, extent: number, start: number, end: number, stride: number): Range {
  if (!Number.isInteger(stride) || stride === 0 || Number.isNaN(start) || Number.isNaN(end))
    throw new LlifError(
      "ARGUMENT",
      `${call.place}: expected starts, ends and steps other than 0, got ${start}, ${end}, ${stride}`,
    );
  const from = (bound: number): number => (bound < 0 ? bound + extent : bound);
  const clamp = (bound: number, low: number, high: number): number => Math.min(Math.max(bound, low), high);
  const first = stride > 0 ? clamp(from(start), 0, extent) : clamp(from(start), -1, extent - 1);
  const last = stride > 0 ? clamp(from(end), 0, extent) : clamp(end < -extent ? -1 : from(end), -1, extent - 1);
  return { first, step: stride, count: Math.max(0, Math.ceil((last - first) / stride)) };
}

function selected(call: Call, value: Value, axis: number, range: Range): Value {
  const extent = value.dims[axis];
  if (range.first === 0 && range.step === 1 && range.count === extent) return value;
  takeElements(call, range.count);
  if (value.kind === "constant") return selectConstant(call, value, axis, indicesOf(range));
  if (range.count === 0)
    throw new LlifError("SHAPE", `${call.place}: leaves nothing of axis ${axis} of ${formatFlow(value)}`);
  const image = oriented(call, value);
  const dims = value.dims.map((other, at) => (at === axis ? range.count : other));
  const result = (node: string): Flow => ({ ...image.flow, node, dims, factors: dims });
  const [height, width, channels] = image.shape;
  if (axis === image.channels)
    return result(selectedChannels(call, image.from, height * width, channels, indicesOf(range)));
  if (range.step < 0)
    throw new Refusal(`reverses axis ${axis} of ${formatFlow(value)}; only positive steps are supported`);
  const vertical = axis === image.rows;
  const along = (size: number): readonly [number, number] => (vertical ? [size, 1] : [1, size]);
  const window = { stride: along(range.step), dilation: [1, 1], padding: noPadding } as const;
  const shape = vertical ? [range.count, width, channels] : [height, range.count, channels];
  if (range.first === 0 && range.count === Math.ceil(extent / range.step)) {
    return result(step(call, "rows", image.from, { kind: "maxPool", kernel: [1, 1], ...window, shape }).name);
  }
  // A depthwise convolution with one tap: a window that starts with the first element and ends with the last.
  const size = extent - (range.count - 1) * range.step;
  takeElements(call, size * channels);
  const weights = {
    shape: [...along(size), 1, channels],
    data: new Float32Array(size * channels).fill(1, range.first * channels, (range.first + 1) * channels),
  };
  return result(
    step(call, "rows", image.from, {
      kind: "conv2d",
      kernel: along(size),
      ...window,
      groups: channels,
      weights,
      bias: new Float32Array(channels),
    }).name,
  );
}

/** Gather along one axis; a scalar index removes it. */
export const gather: Operator = (call) => {
  const value = required(call);
  const indices = constantInput(call, 1, "indices");
  const given = call.attributes.integer("axis", 0);
  call.attributes.finish();
  const axis = fileAxis(call, value, given);
  if (axis === undefined) throw new Refusal("gathers along the batch dimension");
  const extent = value.dims[axis];
  takeElements(call, indices.data.length);
  const list = [...indices.data].map((index) => (index < 0 ? index + extent : index));
  for (const index of list) checkInteger(`${call.place}: indices`, index, 0, extent - 1);
  if (value.kind === "constant") {
    const chosen = selectConstant(call, value, axis, list);
    return { ...chosen, dims: [...value.dims.slice(0, axis), ...indices.dims, ...value.dims.slice(axis + 1)] };
  }
  if (indices.dims.length > 1 || list.length === 0)
    throw new Refusal("gathers a computed value by a matrix of indices");
  const stride = list.length > 1 ? list[1] - list[0] : 1;
  const image = oriented(call, value);
  const even = stride !== 0 && list.every((index, position) => index === list[0] + position * stride);
  if (!even && axis !== image.channels) throw new Refusal(`gathers rows of ${formatFlow(value)} at uneven distances`);
  const dims = value.dims.map((other, at) => (at === axis ? list.length : other));
  const chosen = even
    ? (selected(call, value, axis, { first: list[0], step: stride, count: list.length }) as Flow)
    : {
        ...image.flow,
        node: selectedChannels(call, image.from, image.shape[0] * image.shape[1], image.shape[2], list),
        dims,
        factors: dims,
      };
  return indices.dims.length === 1
    ? chosen
    : reshaped(
        chosen,
        chosen.dims.filter((_, at) => at !== axis),
      );
};

/** Splits one axis, one part per output. */
export const split: Operator = (call) => {
  const value = required(call);
  const { attributes, opset } = call;
  const axis = fileAxis(call, value, attributes.integer("axis", 0));
  const given = opset < 13 ? attributes.integers("split") : listOf(call, optionalConstant(call, 1, "split"), "split");
  const parts = attributes.integer("num_outputs", call.used.length);
  attributes.finish();
  if (axis === undefined) throw new Refusal("splits the batch dimension");
  const extent = value.dims[axis];
  if (parts !== call.used.length) throw shapeError(call, `${call.used.length} parts, one an output`, [parts]);
  const even = Math.ceil(extent / parts);
  const sizes =
    given === undefined ? Array.from({ length: parts }, (_, part) => Math.min(even, extent - part * even)) : [...given];
  sizes.forEach((size) => checkInteger(`${call.place}: split`, size, 1, extent));
  if (sizes.reduce((sum, size) => sum + size, 0) !== extent || sizes.length !== call.used.length)
    throw shapeError(call, `${call.used.length} parts of ${extent}`, sizes);
  let first = 0;
  return sizes.map((count) => {
    const part = selected(call, value, axis, { first, step: 1, count });
    first += count;
    return part;
  });
};
