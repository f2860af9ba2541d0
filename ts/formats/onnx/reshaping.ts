// ONNX operators: Reshape, Transpose, Flatten, Squeeze and Unsqueeze.
import { LlifError } from "../../errors.ts";
import { formatShape, sameShape, sizeOf } from "../../tensor.ts";
import { Refusal } from "./attributes.ts";
import { transposeConstant } from "./fold.ts";
import { type Call, constantInput, listOf, type Operator, optionalConstant, required, shapeError } from "./graph.ts";
import { type Flow, formatFlow, identityOrder, isAligned, reshaped } from "./layout.ts";

export const mostDimensions = 64;

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
