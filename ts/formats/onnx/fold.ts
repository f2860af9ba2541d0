import { LlifError } from "../../errors.ts";
import { formatShape, sizeOf } from "../../tensor.ts";
import type { Constant } from "./constants.ts";
import type { Call } from "./graph.ts";
import { nodeIndices } from "./layout.ts";

const largestFold = 2 ** 26;

/** NumPy broadcasting of two constants. */
export function broadcastConstants(call: Call, a: Constant, b: Constant, operation: (a: number, b: number) => number): Constant {
  const rank = Math.max(a.dims.length, b.dims.length);
  const left = padded(a, rank);
  const right = padded(b, rank);
  const dims = left.map((extent, axis) => (extent === 1 ? right[axis] : extent));
  if (dims.some((extent, axis) => right[axis] !== 1 && right[axis] !== extent) || sizeOf(dims) > largestFold) {
    throw new LlifError("SHAPE", `${call.place}: expected constants that broadcast, got ${formatShape(a.dims)} and ${formatShape(b.dims)}`);
  }
  const exact = a.data instanceof Float64Array || b.data instanceof Float64Array;
  const data = exact ? new Float64Array(sizeOf(dims)) : new Float32Array(sizeOf(dims));
  const counters = new Array<number>(rank).fill(0);
  for (let index = 0; index < data.length; index++) {
    let leftIndex = 0;
    let rightIndex = 0;
    for (let axis = 0; axis < rank; axis++) {
      leftIndex = leftIndex * left[axis] + (left[axis] === 1 ? 0 : counters[axis]);
      rightIndex = rightIndex * right[axis] + (right[axis] === 1 ? 0 : counters[axis]);
    }
    data[index] = operation(a.data[leftIndex], b.data[rightIndex]);
    for (let axis = rank - 1; axis >= 0 && ++counters[axis] === dims[axis]; axis--) counters[axis] = 0;
  }
  return { kind: "constant", dims, data };
}

function padded(constant: Constant, rank: number): number[] {
  return [...new Array<number>(rank - constant.dims.length).fill(1), ...constant.dims];
}

export function transposeConstant(constant: Constant, permutation: readonly number[]): Constant {
  const { dims, data } = constant;
  const moved = nodeIndices({ kind: "flow", node: "", batch: false, dims, factors: dims, order: permutation });
  const result = data instanceof Float32Array ? new Float32Array(data.length) : new Float64Array(data.length);
  for (let index = 0; index < data.length; index++) result[moved[index]] = data[index];
  return { kind: "constant", dims: permutation.map((axis) => dims[axis]), data: result };
}

export function concatConstants(call: Call, constants: readonly Constant[], axis: number): Constant {
  const [first] = constants;
  const positive = axis < 0 ? axis + first.dims.length : axis;
  for (const { dims } of constants) {
    if (dims.length !== first.dims.length || positive < 0 || positive >= dims.length || dims.some((extent, at) => at !== positive && extent !== first.dims[at])) {
      throw new LlifError("SHAPE", `${call.place}: expected constants that differ only in axis ${axis}, got ${formatShape(first.dims)} and ${formatShape(dims)}`);
    }
  }
  const dims = first.dims.map((extent, at) => (at === positive ? constants.reduce((total, other) => total + other.dims[positive], 0) : extent));
  const data = new Float64Array(sizeOf(dims));
  const outer = sizeOf(dims.slice(0, positive));
  const inner = sizeOf(dims.slice(positive + 1));
  let start = 0;
  for (let block = 0; block < outer; block++) {
    for (const constant of constants) {
      const length = constant.dims[positive] * inner;
      data.set(constant.data.subarray(block * length, (block + 1) * length), start);
      start += length;
    }
  }
  return { kind: "constant", dims, data };
}
