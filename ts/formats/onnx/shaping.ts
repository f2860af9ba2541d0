import { checkFinite } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { formatShape, sameShape, sizeOf } from "../../tensor.ts";
import { Refusal } from "./attributes.ts";
import { readTensor, type Constant } from "./constants.ts";
import { concatConstants, transposeConstant } from "./fold.ts";
import { axisOf, constantInput, flowInput, optionalConstant, shapeError, type Call, type Operator, type Value } from "./graph.ts";
import { formatFlow, identityOrder, isAligned, nodeShape, reshaped, type Flow } from "./layout.ts";
import { TensorProto_DataType } from "./onnx_pb.ts";

export const constant: Operator = (call) => {
  const { attributes } = call;
  if (attributes.has("value")) {
    const tensor = attributes.tensor("value");
    attributes.finish();
    if (tensor === undefined) throw new LlifError("FORMAT", `${call.place}: attribute value is empty`);
    return readTensor(tensor, call.name);
  }
  if (attributes.has("value_float")) return finished(call, [], [attributes.float("value_float", 0)]);
  if (attributes.has("value_int")) return finished(call, [], [attributes.integer("value_int", 0)]);
  const integers = attributes.integers("value_ints");
  if (integers !== undefined) return finished(call, [integers.length], integers);
  attributes.finish();
  throw new LlifError("FORMAT", `${call.place}: attribute value is missing`);
};

function finished(call: Call, dims: readonly number[], values: readonly number[]): Constant {
  call.attributes.finish();
  return { kind: "constant", dims, data: Float64Array.from(values) };
}

function required(call: Call): Value {
  const value = call.inputs[0];
  if (value === undefined) throw new LlifError("FORMAT", `${call.place}: its input is missing`);
  return value;
}

const largestFilled = 2 ** 27;

export const constantOfShape: Operator = (call) => {
  const dims = [...constantInput(call, 0, "shape").data];
  const tensor = call.attributes.tensor("value");
  call.attributes.finish();
  const valid = dims.every((extent) => Number.isSafeInteger(extent) && extent >= 0) && sizeOf(dims) <= largestFilled;
  if (!valid) throw shapeError(call, `extents of at most ${largestFilled} elements`, dims);
  const [value] = tensor === undefined ? [0] : readTensor(tensor, call.name).data;
  return { kind: "constant", dims, data: new Float32Array(sizeOf(dims)).fill(value ?? 0) };
};

export const identity: Operator = (call) => {
  call.attributes.finish();
  return required(call);
};

export const dropout: Operator = (call) => {
  call.attributes.ignore("ratio", "seed", "is_test");
  call.attributes.finish();
  if (call.used.slice(1).some((name) => name !== "")) throw new Refusal("its mask output is used");
  if ((optionalConstant(call, 2, "training_mode")?.data[0] ?? 0) !== 0) throw new Refusal("it is in training mode; export the model for inference");
  return required(call);
};

export const cast: Operator = (call) => {
  const value = required(call);
  const to = call.attributes.integer("to", TensorProto_DataType.UNDEFINED);
  call.attributes.ignore("saturate", "round_mode");
  call.attributes.finish();
  const type = TensorProto_DataType[to] ?? `${to}`;
  const floating = to === TensorProto_DataType.FLOAT || to === TensorProto_DataType.DOUBLE;
  if (floating) return to === TensorProto_DataType.FLOAT && value.kind === "constant" ? { ...value, data: Float32Array.from(value.data) } : value;
  if (value.kind === "flow") throw new Refusal(`casts a computed value to ${type}; only float is supported`);
  if (to === TensorProto_DataType.INT64 || to === TensorProto_DataType.INT32) {
    return { ...value, data: Float64Array.from(value.data, (number) => Math.trunc(checkFinite(call.place, number))) };
  }
  throw new Refusal(`casts a constant to ${type}; only float, double, int32 and int64 are supported`);
};

export const transpose: Operator = (call) => {
  const value = required(call);
  const rank = value.dims.length + (value.kind === "flow" && value.batch ? 1 : 0);
  const permutation = call.attributes.integers("perm") ?? identityOrder(rank).reverse();
  call.attributes.finish();
  if (!sameShape([...permutation].sort((a, b) => a - b), identityOrder(rank))) throw shapeError(call, `a permutation of ${rank} axes`, permutation);
  if (value.kind === "constant") return transposeConstant(value, permutation);
  if (value.batch && permutation[0] !== 0) throw new Refusal("moves the batch dimension");
  const axes = value.batch ? permutation.slice(1).map((axis) => axis - 1) : permutation;
  const dims = axes.map((axis) => value.dims[axis]);
  const real = axes.filter((axis) => value.dims[axis] !== 1);
  if (real.every((axis, index) => index === 0 || axis > real[index - 1])) return reshaped(value, dims);
  if (!isAligned(value)) throw new Refusal(`transposes ${formatFlow(value)} behind a reshape that mixed its axes`);
  return { ...value, dims, factors: dims, order: value.order.map((axis) => axes.indexOf(axis)) };
};

export const reshape: Operator = (call) => {
  const value = required(call);
  const target = [...constantInput(call, 1, "shape").data];
  const allowZero = call.attributes.integer("allowzero", 0) !== 0;
  call.attributes.finish();
  for (const extent of target) {
    if (!Number.isSafeInteger(extent) || extent < -1) throw new LlifError("SHAPE", `${call.place}: expected extents of -1 or more, got ${formatShape(target)}`);
  }
  if (value.kind === "constant") return { ...value, dims: resolve(call, target, value.dims, sizeOf(value.dims), allowZero) };
  const size = sizeOf(value.dims);
  if (!value.batch) return reshaped(value, resolve(call, target, value.dims, size, allowZero));
  const [first, ...rest] = target;
  const known = sizeOf(rest.map((extent, axis) => (extent === 0 && !allowZero ? value.dims[axis] : extent)));
  if (first === 0 || first === 1 || (first === -1 && known === size)) {
    return reshaped(value, resolve(call, rest, value.dims, size, allowZero));
  }
  if (known === size || (known < 0 && size % -known === 0)) throw new Refusal(`reshapes to a fixed batch of ${first}; export with batch 1 or a dynamic batch`);
  throw new LlifError("SHAPE", `${call.place}: expected a shape of ${size} elements a sample with the batch in front, got ${formatShape(target)}`);
};

/** Fills in 0 (copy) and −1 (infer). */
function resolve(call: Call, target: readonly number[], dims: readonly number[], size: number, allowZero: boolean): number[] {
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
    if (first < 1 || first > rank || leading !== 1) throw new Refusal(`flattens at axis ${axis}, which mixes features into the batch; use axis 1`);
    return reshaped(value, [size]);
  }
  const first = axis < 0 ? axis + value.dims.length : axis;
  if (first < 0 || first > value.dims.length) throw shapeError(call, `an axis of the input for axis ${axis}`, value.dims);
  const dims = [sizeOf(value.dims.slice(0, first)), sizeOf(value.dims.slice(first))];
  return value.kind === "constant" ? { ...value, dims } : reshaped(value, dims);
};

/** Squeeze and Unsqueeze. */
export const squeeze: Operator = (call) => {
  const value = required(call);
  const given = call.opset < 13 ? call.attributes.integers("axes") : optionalConstant(call, 1, "axes")?.data;
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
  const removed = (axes ?? identityOrder(dims.length).filter((axis) => dims[axis] === 1)).map((axis) => (axis < 0 ? axis + dims.length : axis));
  if (removed.some((axis) => dims[axis] === 0)) throw new Refusal("removes the batch dimension");
  if (removed.some((axis) => dims[axis] !== 1)) throw shapeError(call, `unit extents at axes ${removed.join(",")}`, dims);
  return dims.filter((_, axis) => !removed.includes(axis));
}

function unsqueezed(call: Call, dims: readonly number[], axes: readonly number[] | undefined): number[] {
  if (axes === undefined || axes.length > 8) throw new LlifError("FORMAT", `${call.place}: expected up to 8 axes, got ${axes?.length ?? "none"}`);
  const rank = dims.length + axes.length;
  const added = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  if (added.size !== axes.length || [...added].some((axis) => !Number.isInteger(axis) || axis < 0 || axis >= rank)) throw shapeError(call, `axes below ${rank}`, axes);
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
    if (flow.batch !== first.batch || flow.dims.length !== first.dims.length || flow.dims.some((extent, at) => at !== channel && extent !== first.dims[at])) {
      throw new LlifError("SHAPE", `${call.place}: expected inputs that differ only in axis ${axis}, got ${formatFlow(first)} and ${formatFlow(flow)}`);
    }
    if (!isAligned(flow) || !sameShape(flow.order, first.order) || flow.order.at(-1) !== channel) {
      throw new Refusal(`concatenates ${formatFlow(flow)} along axis ${axis}; only the channels of images laid out alike, or plain vectors, are supported`);
    }
  }
  const node = call.graph.add({ kind: "concat", name: call.name, from: flows.map((flow) => call.graph.inShape(flow, nodeShape(flow))), shape: [] });
  const dims = first.dims.map((extent, at) => (at === channel ? flows.reduce((total, flow) => total + flow.dims[at], 0) : extent));
  return { ...first, node: node.name, dims, factors: dims } satisfies Flow;
};
