// ONNX operators that change a value's shape, not its numbers.
import { checkFinite } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { formatShape, sameShape, sizeOf } from "../../tensor.ts";
import { Refusal } from "./attributes.ts";
import { readTensor, type Constant } from "./constants.ts";
import { binaryConstants, concatConstants, transposeConstant } from "./fold.ts";
import {
  axisOf,
  constantInput,
  flowInput,
  listOf,
  optionalConstant,
  shapeError,
  takeElements,
  unmerged,
  type Call,
  type Operator,
  type Value,
} from "./graph.ts";
import { arranged, imageShape } from "./image.ts";
import { enlarged } from "./resize.ts";
import { formatFlow, identityOrder, isAligned, reshaped, type Flow } from "./layout.ts";
import { TensorProto_DataType } from "./onnx_pb.ts";

export const constant: Operator = (call) => {
  const { attributes } = call;
  if (attributes.has("value")) {
    const tensor = attributes.tensor("value");
    attributes.finish();
    if (tensor === undefined) throw new LlifError("FORMAT", `${call.place}: attribute value is empty`);
    return readTensor(tensor, call.graph, call.name);
  }
  if (attributes.has("value_float")) return finished(call, [], [attributes.float("value_float", 0)], false);
  if (attributes.has("value_int")) return finished(call, [], [attributes.integer("value_int", 0)], true);
  const integers = attributes.integers("value_ints");
  if (integers !== undefined) return finished(call, [integers.length], integers, true);
  const numbers = attributes.floats("value_floats");
  if (numbers !== undefined) return finished(call, [numbers.length], numbers, false);
  attributes.finish();
  throw new LlifError("FORMAT", `${call.place}: attribute value is missing`);
};

function finished(call: Call, dims: readonly number[], values: readonly number[], integer: boolean): Constant {
  call.attributes.finish();
  return { kind: "constant", dims, data: Float64Array.from(values), integer };
}

/** The first input, constant or not. @param rows whether a sample's rows may be part of the batch. */
function required(call: Call, rows = false): Value {
  const value = call.inputs[0];
  if (value === undefined) throw new LlifError("FORMAT", `${call.place}: its input is missing`);
  return rows ? value : unmerged(value);
}

const mostDimensions = 64;

/** Checks the extents of a new constant. */
function checkExtents(call: Call, dims: readonly number[], minimum: number): void {
  if (dims.length > mostDimensions || !dims.every((extent) => Number.isSafeInteger(extent) && extent >= minimum))
    throw shapeError(call, `at most ${mostDimensions} integer extents >= ${minimum}`, dims.slice(0, mostDimensions));
}

export const constantOfShape: Operator = (call) => {
  const dims = listOf(call, constantInput(call, 0, "shape"), "shape") ?? [];
  const tensor = call.attributes.tensor("value");
  call.attributes.finish();
  checkExtents(call, dims, 0);
  const size = dims.includes(0) ? 0 : sizeOf(dims);
  takeElements(call, size);
  const filling = tensor && readTensor(tensor, call.graph, call.name);
  const data = filling?.integer ? new Float64Array(size) : new Float32Array(size);
  return { kind: "constant", dims, data: data.fill(filling?.data[0] ?? 0), integer: filling?.integer ?? false };
};

/** The shape of a value, whose batch may be dynamic. */
export const shape: Operator = (call) => {
  const value = required(call);
  const dims = value.kind === "flow" && value.batch ? [call.graph.batchSize, ...value.dims] : [...value.dims];
  const start = call.attributes.integer("start", 0);
  const end = call.attributes.integer("end", dims.length);
  call.attributes.finish();
  const extents = dims.slice(start, end);
  if (call.operator === "Size")
    return { kind: "constant", dims: [], data: Float64Array.of(sizeOf(dims)), integer: true };
  return { kind: "constant", dims: [extents.length], data: Float64Array.from(extents), integer: true };
};

/** Expand and Tile, of constants, or where they change nothing. */
export const expand: Operator = (call) => {
  const value = required(call);
  const given = listOf(call, constantInput(call, 1, "shape"), "shape") ?? [];
  call.attributes.finish();
  const own = value.kind === "flow" && value.batch ? [call.graph.batchSize, ...value.dims] : [...value.dims];
  if (call.operator === "Tile") {
    if (given.every((repeats) => repeats === 1)) return value;
    if (value.kind === "flow") return repeated(call, value, given);
    checkExtents(call, given, 0);
    return given.reduce((tiled: Constant, repeats, axis) => {
      if (repeats === 1) return tiled;
      takeElements(call, repeats);
      return concatConstants(call, new Array<Constant>(Math.max(1, repeats)).fill(tiled), axis);
    }, value);
  }
  if (value.kind === "flow") {
    const leading = new Array<number>(Math.max(0, own.length - given.length)).fill(1);
    const target = [...leading, ...given];
    if (target.length !== own.length) throw new Refusal("puts axes in front of a computed value");
    return repeated(
      call,
      value,
      target.map((extent, axis) => (extent === 1 || Object.is(extent, own[axis]) ? 1 : extent / own[axis])),
    );
  }
  checkExtents(call, given, 1);
  takeElements(call, sizeOf(given));
  const ones: Constant = {
    kind: "constant",
    dims: given,
    data: new Float32Array(sizeOf(given)).fill(1),
    integer: value.integer,
  };
  return { ...binaryConstants(call, value, ones, "Mul"), integer: value.integer };
};

/** Repeats unit axes: TensorFlow's form of nearest-neighbour enlargement along the axis before. */
function repeated(call: Call, flow: Flow, repeats: readonly number[]): Flow {
  const [batch, ...factors] = flow.batch ? repeats : [1, ...repeats];
  return factors.reduce((value, factor, axis) => {
    if (factor === 1) return value;
    const before = identityOrder(axis)
      .filter((other) => value.dims[other] !== 1)
      .at(-1);
    if (batch !== 1 || factors.length !== value.dims.length || value.dims[axis] !== 1 || before === undefined)
      throw new Refusal(`repeats a computed value ${formatFlow(flow)}; only unit axes behind others are supported`);
    return enlarged(call, value, axis, before, factor);
  }, flow);
}

export const range: Operator = (call) => {
  const [start, limit, delta] = ["start", "limit", "delta"].map((label, position) =>
    constantInput(call, position, label),
  );
  call.attributes.finish();
  const count = Math.max(0, Math.ceil((limit.data[0] - start.data[0]) / delta.data[0]));
  takeElements(call, count);
  return {
    kind: "constant",
    dims: [count],
    data: Float64Array.from({ length: count }, (_, index) => start.data[0] + index * delta.data[0]),
    integer: start.integer,
  };
};

export const identity: Operator = (call) => {
  call.attributes.finish();
  return required(call, true);
};

export const dropout: Operator = (call) => {
  call.attributes.ignore("ratio", "seed", "is_test");
  call.attributes.finish();
  if (call.used.slice(1).some((name) => name !== "")) throw new Refusal("its mask output is used");
  if ((optionalConstant(call, 2, "training_mode")?.data[0] ?? 0) !== 0)
    throw new Refusal("it is in training mode; export the model for inference");
  return required(call, true);
};

export const cast: Operator = (call) => {
  const value = required(call, true);
  const to = call.attributes.integer("to", TensorProto_DataType.UNDEFINED);
  call.attributes.ignore("saturate", "round_mode");
  call.attributes.finish();
  if (floatTypes.has(to)) {
    if (value.kind === "flow") return value;
    return {
      ...value,
      data: to === TensorProto_DataType.FLOAT ? Float32Array.from(value.data) : value.data,
      integer: false,
    };
  }
  const type = TensorProto_DataType[to] ?? `${to}`;
  if (value.kind === "flow") throw new Refusal(`casts a computed value to ${type}; only float is supported`);
  takeElements(call, value.data.length);
  if (to === TensorProto_DataType.BOOL)
    return { ...value, data: Float64Array.from(value.data, (number) => Number(number !== 0)), integer: true };
  if (!integerTypes.has(to))
    throw new Refusal(`casts a constant to ${type}; only float, integer and bool types are supported`);
  // NaN is the batch size.
  return {
    ...value,
    data: Float64Array.from(value.data, (number) =>
      Number.isNaN(number) ? number : Math.trunc(checkFinite(call.place, number)),
    ),
    integer: true,
  };
};

/** Half precision is computed in float32. */
const floatTypes = new Set([
  TensorProto_DataType.FLOAT,
  TensorProto_DataType.DOUBLE,
  TensorProto_DataType.FLOAT16,
  TensorProto_DataType.BFLOAT16,
]);
const integerTypes = new Set([
  TensorProto_DataType.INT8,
  TensorProto_DataType.INT16,
  TensorProto_DataType.INT32,
  TensorProto_DataType.INT64,
  TensorProto_DataType.UINT8,
  TensorProto_DataType.UINT16,
  TensorProto_DataType.UINT32,
  TensorProto_DataType.UINT64,
]);

export const transpose: Operator = (call) => {
  const value = required(call);
  const rank = value.dims.length + (value.kind === "flow" && value.batch ? 1 : 0);
  const permutation = call.attributes.integers("perm") ?? identityOrder(rank).reverse();
  call.attributes.finish();
  if (
    !sameShape(
      [...permutation].sort((a, b) => a - b),
      identityOrder(rank),
    )
  )
    throw shapeError(call, `a permutation of ${rank} axes`, permutation);
  if (value.kind === "constant") return transposeConstant(call, value, permutation);
  if (value.batch && permutation[0] !== 0) throw new Refusal("moves the batch dimension");
  const axes = value.batch ? permutation.slice(1).map((axis) => axis - 1) : permutation;
  const dims = axes.map((axis) => value.dims[axis]);
  const real = axes.filter((axis) => value.dims[axis] !== 1);
  if (real.every((axis, index) => index === 0 || axis > real[index - 1])) return reshaped(value, dims);
  if (!isAligned(value)) throw new Refusal(`transposes ${formatFlow(value)} behind a reshape that mixed its axes`);
  return { ...value, dims, factors: dims, order: value.order.map((axis) => axes.indexOf(axis)) };
};

export const reshape: Operator = (call) => {
  const value = required(call, true);
  const target = listOf(call, constantInput(call, 1, "shape"), "shape") ?? [];
  if (target.length > mostDimensions)
    throw shapeError(call, `at most ${mostDimensions} extents`, target.slice(0, mostDimensions));
  const allowZero = call.attributes.integer("allowzero", 0) !== 0;
  call.attributes.finish();
  const [first, ...rest] = target;
  const batched = value.kind === "flow" && value.batch;
  for (const extent of batched && Number.isNaN(first) ? rest : target) {
    if (Number.isNaN(extent)) throw new Refusal("reshapes the batch into the features");
    if (!Number.isSafeInteger(extent) || extent < -1)
      throw new LlifError("SHAPE", `${call.place}: expected extents of -1 or more, got ${formatShape(target)}`);
  }
  if (value.kind === "constant")
    return { ...value, dims: resolve(call, target, value.dims, sizeOf(value.dims), allowZero) };
  const size = sizeOf(value.dims);
  if (!batched) return reshaped(value, resolve(call, target, value.dims, size, allowZero));
  if (target.length === 0)
    throw new LlifError("SHAPE", `${call.place}: expected a shape with the batch in front, got []`);
  const known = sizeOf(rest.map((extent, axis) => (extent === 0 && !allowZero ? (value.dims[axis] ?? NaN) : extent)));
  const fits = known === size || (known < 0 && size % known === 0);
  const whole = value.kind === "flow" && Object.is(first, call.graph.batchSize);
  const { merged = 0 } = value.kind === "flow" ? value : {};
  const copies = first === 0 && !allowZero;
  if (
    merged === 0
      ? whole || copies || (first === 1 && !(call.graph.batchSize > 1)) || (first === -1 && known === size)
      : whole || (first === -1 && known === size)
  ) {
    // 0 at the batch axis copies the batch; the other axes follow it.
    if (fits) return { ...reshaped(value, resolve(call, rest, value.dims, size, allowZero)), merged: 0 };
  }
  if (merged > 0 || Number.isNaN(first))
    throw new Refusal(`reshapes features into the batch, ${formatFlow(value)} to ${formatShape(target)}`);
  if (fits) throw new Refusal(`reshapes to a fixed batch of ${first}; export with batch 1 or a dynamic batch`);
  const rows = mergedRows(call, value, rest, first);
  if (rows !== undefined) return { ...value, merged: rows };
  if (first === -1 && size % known === 0)
    throw new Refusal(`reshapes features into the batch, ${formatFlow(value)} to ${formatShape(target)}`);
  throw new LlifError(
    "SHAPE",
    `${call.place}: expected a shape of ${size} elements a sample with the batch in front, got ${formatShape(target)}`,
  );
};

/**
 * Number of extents that a reshape to [−1, …rest] merges into the batch, if the rest is unchanged: rows for a dense
 * layer.
 */
function mergedRows(call: Call, { dims }: Flow, rest: readonly number[], first: number): number | undefined {
  const rows = dims.length - rest.length;
  const all = first === -1 || first === call.graph.batchSize * sizeOf(dims.slice(0, rows));
  return all && rows > 0 && rest.length > 0 && sameShape(dims.slice(rows), rest) ? rows : undefined;
}

/** Fills in 0 (copy) and −1 (infer). */
function resolve(
  call: Call,
  target: readonly number[],
  dims: readonly number[],
  size: number,
  allowZero: boolean,
): number[] {
  const copied = target.map((extent, axis) => (extent === 0 && !allowZero ? (dims[axis] ?? NaN) : extent));
  const unknown = copied.filter((extent) => extent === -1).length;
  const known = sizeOf(copied.filter((extent) => extent !== -1));
  const resolved = copied.map((extent) => (extent === -1 ? size / known : extent));
  if (unknown > 1 || sizeOf(resolved) !== size || !resolved.every(Number.isInteger)) {
    throw new LlifError("SHAPE", `${call.place}: expected a shape of ${size} elements, got ${formatShape(target)}`);
  }
  return resolved;
}

export const flatten: Operator = (call) => {
  const value = required(call);
  const axis = call.attributes.integer("axis", 1);
  call.attributes.finish();
  const size = sizeOf(value.dims);
  if (value.kind === "flow" && value.batch) {
    const rank = value.dims.length + 1;
    const first = axis < 0 ? axis + rank : axis;
    const leading = sizeOf(value.dims.slice(0, Math.max(0, first - 1)));
    if (first < 1 || first > rank || leading !== 1)
      throw new Refusal(`flattens at axis ${axis}, which mixes features into the batch; use axis 1`);
    return reshaped(value, [size]);
  }
  const first = axis < 0 ? axis + value.dims.length : axis;
  if (first < 0 || first > value.dims.length)
    throw shapeError(call, `an axis of the input for axis ${axis}`, value.dims);
  const dims = [sizeOf(value.dims.slice(0, first)), sizeOf(value.dims.slice(first))];
  return value.kind === "constant" ? { ...value, dims } : reshaped(value, dims);
};

/** Squeeze and Unsqueeze. */
export const squeeze: Operator = (call) => {
  const value = required(call);
  const given =
    call.opset < 13 ? call.attributes.integers("axes") : listOf(call, optionalConstant(call, 1, "axes"), "axes");
  call.attributes.finish();
  const batch = value.kind === "flow" && value.batch;
  const dims = batch ? [0, ...value.dims] : [...value.dims];
  const axes = given === undefined ? undefined : [...given];
  const changed = call.operator === "Squeeze" ? squeezed(call, dims, axes) : unsqueezed(call, dims, axes);
  if (value.kind === "constant") return { ...value, dims: changed };
  if (batch && changed[0] !== 0) throw new Refusal("moves the batch dimension");
  return reshaped(value, batch ? changed.slice(1) : changed);
};

function squeezed(call: Call, dims: readonly number[], axes: readonly number[] | undefined): number[] {
  const removed = (axes ?? identityOrder(dims.length).filter((axis) => dims[axis] === 1)).map((axis) =>
    axis < 0 ? axis + dims.length : axis,
  );
  if (removed.some((axis) => dims[axis] === 0)) throw new Refusal("removes the batch dimension");
  if (removed.some((axis) => dims[axis] !== 1))
    throw shapeError(call, `unit extents at axes ${removed.join(",")}`, dims);
  return dims.filter((_, axis) => !removed.includes(axis));
}

function unsqueezed(call: Call, dims: readonly number[], axes: readonly number[] | undefined): number[] {
  if (axes === undefined || axes.length > 8)
    throw new LlifError("FORMAT", `${call.place}: expected up to 8 axes, got ${axes?.length ?? "none"}`);
  const rank = dims.length + axes.length;
  const added = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  if (added.size !== axes.length || [...added].some((axis) => !Number.isInteger(axis) || axis < 0 || axis >= rank))
    throw shapeError(call, `axes below ${rank}`, axes);
  const left = [...dims];
  return identityOrder(rank).map((axis) => (added.has(axis) ? 1 : (left.shift() ?? 1)));
}

/** Concatenation of constants, or of computed values along the channels. */
export const concat: Operator = (call) => {
  const axis = call.attributes.integer("axis", 1);
  call.attributes.finish();
  const constants = call.inputs.flatMap((value) => (value?.kind === "constant" ? [value] : []));
  if (constants.length > 0 && constants.length === call.inputs.length) return concatConstants(call, constants, axis);
  const flows = call.inputs.map((_, position) => flowInput(call, position, `${position}`));
  const [first] = flows;
  if (first === undefined) throw new LlifError("FORMAT", `${call.place}: expected inputs, got none`);
  if (flows.length === 1) return first;
  const channel = axisOf(call, first, axis);
  for (const flow of flows) {
    if (
      flow.batch !== first.batch ||
      flow.dims.length !== first.dims.length ||
      flow.dims.some((extent, at) => at !== channel && extent !== first.dims[at])
    ) {
      throw new LlifError(
        "SHAPE",
        `${call.place}: expected inputs that differ only in axis ${axis}, got ${formatFlow(first)} and ${formatFlow(flow)}`,
      );
    }
  }
  // Uses the order of one of the inputs, with the concatenated axis last.
  const model = flows.find((flow) => isAligned(flow) && flow.dims.length > 0) ?? first;
  const order = [...model.order.filter((other) => other !== channel), channel];
  if (!isAligned(model)) throw new Refusal(`concatenates ${formatFlow(first)} behind a reshape that mixed its axes`);
  const positions = order
    .slice(0, -1)
    .filter((other) => first.dims[other] !== 1)
    .map((other) => first.dims[other]);
  const from = flows.map((flow) => {
    const node = arranged(call, flow, flow.dims, order);
    return call.graph.inShape(
      node,
      positions.length === 0 ? [flow.dims[channel]] : imageShape(positions, flow.dims[channel]),
    );
  });
  const node = call.graph.add({ kind: "concat", name: call.name, from, shape: [] });
  const dims = first.dims.map((extent, at) =>
    at === channel ? flows.reduce((total, flow) => total + flow.dims[at], 0) : extent,
  );
  return { ...first, node: node.name, dims, factors: dims, order } satisfies Flow;
};
