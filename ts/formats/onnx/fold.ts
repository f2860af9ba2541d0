// Computes operators whose inputs are all constants when the model is read.
import { LlifError } from "../../errors.ts";
import { formatShape, sizeOf } from "../../tensor.ts";
import { Refusal } from "./attributes.ts";
import type { Constant } from "./constants.ts";
import { takeElements, type Call } from "./graph.ts";
import { nodeIndices } from "./layout.ts";

const binaries: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Pow: (a, b) => a ** b,
  Remainder: (a, b) => a % b,
  Mod: (a, b) => a - Math.floor(a / b) * b,
  Max: (a, b) => Math.max(a, b),
  Min: (a, b) => Math.min(a, b),
  Equal: (a, b) => Number(a === b),
  Less: (a, b) => Number(a < b),
  Greater: (a, b) => Number(a > b),
  And: (a, b) => Number(a !== 0 && b !== 0),
  Or: (a, b) => Number(a !== 0 || b !== 0),
};

const truths = new Set(["Equal", "Less", "Greater", "And", "Or"]);

/** Operators of two constants. */
export const foldedBinaries: readonly string[] = ["Pow", "Mod", "Equal", "Less", "Greater", "And", "Or"];

/** Elementwise with NumPy broadcasting; integer quotients are truncated. */
export function binaryConstants(call: Call, a: Constant, b: Constant, operator = call.operator): Constant {
  const integer = a.integer && b.integer;
  const compute = binaries[operator];
  const unknown = (x: number, y: number): boolean => Number.isNaN(x) || Number.isNaN(y);
  const truth = truths.has(operator);
  const operation = (x: number, y: number): number => {
    // A comparison with an unknown batch size is unknown.
    if (truth && unknown(x, y)) return NaN;
    return integer && operator === "Div" ? Math.trunc(x / y) : compute(x, y);
  };
  const folded = broadcast(
    call,
    [a, b],
    operation,
    !(a.data instanceof Float64Array || b.data instanceof Float64Array),
  );
  return { ...folded, integer: integer || truth };
}

const unaries: Readonly<Record<string, (x: number) => number>> = {
  Ceil: Math.ceil,
  Exp: Math.exp,
  Floor: Math.floor,
  Log: Math.log,
  Not: (x) => Number(x === 0),
  Reciprocal: (x) => 1 / x,
  Sign: Math.sign,
  Sqrt: Math.sqrt,
};

export const foldedUnaries: readonly string[] = Object.keys(unaries);

export function unaryConstant(call: Call, value: Constant, operation: (x: number) => number): Constant {
  takeElements(call, value.data.length);
  return { ...value, data: value.data.map(operation) };
}

/** Operators that are supported for constants only. */
export function foldConstants(call: Call): Constant {
  const truncated = call.operator === "Mod" && call.attributes.integer("fmod", 0) !== 0;
  call.attributes.finish();
  const constants = call.inputs.map((value, position) => {
    if (value === undefined) throw new LlifError("FORMAT", `${call.place}: input ${position} is missing`);
    if (value.kind === "flow") throw new Refusal(`operator ${call.operator} is supported for constants only`);
    return value;
  });
  const [a, b, c] = constants;
  if (constants.length === 1 && call.operator in unaries) return unaryConstant(call, a, unaries[call.operator]);
  if (constants.length === 2 && call.operator in binaries)
    return binaryConstants(call, a, b, truncated ? "Remainder" : call.operator);
  if (constants.length === 3 && call.operator === "Where") {
    return {
      ...broadcast(
        call,
        [a, b, c],
        (condition, x, y) => (Number.isNaN(condition) ? (x === y ? x : NaN) : condition !== 0 ? x : y),
        b.data instanceof Float32Array && c.data instanceof Float32Array,
      ),
      integer: b.integer && c.integer,
    };
  }
  throw new LlifError("FORMAT", `${call.place}: got ${constants.length} inputs`);
}

/** @param operation takes one number from each of up to three constants. */
function broadcast(
  call: Call,
  constants: readonly Constant[],
  operation: (a: number, b: number, c: number) => number,
  single: boolean,
): Constant {
  const rank = Math.max(...constants.map(({ dims }) => dims.length));
  const shapes = constants.map(({ dims }) => [...new Array<number>(rank - dims.length).fill(1), ...dims]);
  const dims = shapes.reduce((left, right) => left.map((extent, axis) => (extent === 1 ? right[axis] : extent)));
  if (shapes.some((shape) => shape.some((extent, axis) => extent !== 1 && extent !== dims[axis]))) {
    throw new LlifError(
      "SHAPE",
      `${call.place}: expected constants that broadcast, got ${constants.map((constant) => formatShape(constant.dims)).join(" and ")}`,
    );
  }
  const size = dims.includes(0) ? 0 : sizeOf(dims);
  takeElements(call, size);
  const data = single ? new Float32Array(size) : new Float64Array(size);
  // Stride of each constant along each axis; 0 where it is repeated.
  const steps = shapes.map((shape) => shape.map((extent, axis) => (extent === 1 ? 0 : sizeOf(shape.slice(axis + 1)))));
  const [first, second, third = second] = constants.map((constant) => constant.data);
  const [firstSteps, secondSteps, thirdSteps = secondSteps] = steps;
  const counters = new Array<number>(rank).fill(0);
  let [at, other, last] = [0, 0, 0];
  for (let index = 0; index < size; index++) {
    data[index] = operation(first[at], second[other], third[last]);
    for (let axis = rank - 1; axis >= 0; axis--) {
      at += firstSteps[axis];
      other += secondSteps[axis];
      last += thirdSteps[axis];
      if (++counters[axis] < dims[axis]) break;
      at -= firstSteps[axis] * dims[axis];
      other -= secondSteps[axis] * dims[axis];
      last -= thirdSteps[axis] * dims[axis];
      counters[axis] = 0;
    }
  }
  return { kind: "constant", dims, data, integer: false };
}

export function transposeConstant(call: Call, constant: Constant, permutation: readonly number[]): Constant {
  const { dims, data } = constant;
  takeElements(call, 2 * data.length);
  const moved = nodeIndices({ factors: dims, order: permutation });
  const result = data.slice();
  for (let index = 0; index < data.length; index++) result[moved[index]] = data[index];
  return { ...constant, dims: permutation.map((axis) => dims[axis]), data: result };
}

export function concatConstants(call: Call, constants: readonly Constant[], axis: number): Constant {
  const [first] = constants;
  const positive = axis < 0 ? axis + first.dims.length : axis;
  for (const { dims } of constants) {
    if (
      dims.length !== first.dims.length ||
      positive < 0 ||
      positive >= dims.length ||
      dims.some((extent, at) => at !== positive && extent !== first.dims[at])
    ) {
      throw new LlifError(
        "SHAPE",
        `${call.place}: expected constants that differ only in axis ${axis}, got ${formatShape(first.dims)} and ${formatShape(dims)}`,
      );
    }
  }
  const dims = first.dims.map((extent, at) =>
    at === positive ? constants.reduce((total, other) => total + other.dims[positive], 0) : extent,
  );
  const outer = sizeOf(dims.slice(0, positive));
  // Empty constants cost time too.
  takeElements(call, Math.max(sizeOf(dims), outer * constants.length));
  const data = new Float64Array(sizeOf(dims));
  const inner = sizeOf(dims.slice(positive + 1));
  let start = 0;
  for (let block = 0; block < outer; block++) {
    for (const constant of constants) {
      const length = constant.dims[positive] * inner;
      data.set(constant.data.subarray(block * length, (block + 1) * length), start);
      start += length;
    }
  }
  return { kind: "constant", dims, data, integer: constants.every(({ integer }) => integer) };
}

/** The elements of a constant at the given indices along one axis. */
export function selectConstant(call: Call, constant: Constant, axis: number, indices: readonly number[]): Constant {
  const { dims, data } = constant;
  const outer = sizeOf(dims.slice(0, axis));
  const inner = sizeOf(dims.slice(axis + 1));
  takeElements(call, outer * indices.length * Math.max(1, inner));
  const selected =
    data instanceof Float32Array
      ? new Float32Array(outer * indices.length * inner)
      : new Float64Array(outer * indices.length * inner);
  for (let block = 0; block < outer; block++) {
    indices.forEach((index, position) => {
      const source = (block * dims[axis] + index) * inner;
      selected.set(data.subarray(source, source + inner), (block * indices.length + position) * inner);
    });
  }
  return { ...constant, dims: dims.map((extent, other) => (other === axis ? indices.length : extent)), data: selected };
}

/** Reductions of shapes and other constants. */
export function reduceConstant(
  call: Call,
  value: Constant,
  given: readonly number[] | undefined,
  keep: boolean,
): Constant {
  const rank = value.dims.length;
  const axes = new Set((given ?? value.dims.map((_, axis) => axis)).map((axis) => (axis < 0 ? axis + rank : axis)));
  if ([...axes].some((axis) => !Number.isInteger(axis) || axis < 0 || axis >= rank))
    throw new LlifError("SHAPE", `${call.place}: expected axes below ${rank}, got ${[...axes].join(",")}`);
  const kept = value.dims.map((extent, axis) => (axes.has(axis) ? 1 : extent));
  takeElements(call, sizeOf(kept) + value.data.length);
  const start = { ReduceProd: 1, ReduceMax: -Infinity }[call.operator] ?? 0;
  const data = new Float64Array(sizeOf(kept)).fill(start);
  const count = value.data.length / Math.max(1, data.length);
  value.data.forEach((element, index) => {
    let [rest, target, stride] = [index, 0, 1];
    for (let axis = rank - 1; axis >= 0; axis--) {
      if (!axes.has(axis)) {
        target += (rest % value.dims[axis]) * stride;
        stride *= value.dims[axis];
      }
      rest = Math.floor(rest / value.dims[axis]);
    }
    if (call.operator === "ReduceProd") data[target] *= element;
    else if (call.operator === "ReduceMax") data[target] = Math.max(data[target], element);
    else data[target] += call.operator === "ReduceMean" ? element / count : element;
  });
  return {
    kind: "constant",
    dims: keep ? kept : value.dims.filter((_, axis) => !axes.has(axis)),
    data,
    integer: value.integer,
  };
}
