// ONNX operators that change a value's shape, not its numbers.
import { checkFinite } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { sizeOf } from "../../tensor.ts";
import { Refusal } from "./attributes.ts";
import { type Constant, readTensor } from "./constants.ts";
import { binaryConstants, concatConstants } from "./fold.ts";
import {
  axisOf,
  type Call,
  constantInput,
  flowInput,
  listOf,
  type Operator,
  optionalConstant,
  required,
  shapeError,
  takeElements,
} from "./graph.ts";
import { arranged, imageShape } from "./image.ts";
import { type Flow, formatFlow, identityOrder, isAligned } from "./layout.ts";
import { TensorProto_DataType } from "./onnx_pb.ts";
import { mostDimensions } from "./reshaping.ts";
import { enlarged } from "./resize.ts";

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
