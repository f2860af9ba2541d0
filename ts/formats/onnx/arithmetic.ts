// ONNX operators: sums of nodes, and arithmetic with constants.
import { LlifError } from "../../errors.ts";
import { sameShape, sizeOf } from "../../tensor.ts";
import { Refusal } from "./attributes.ts";
import type { Constant } from "./constants.ts";
import { binaryConstants, unaryConstant } from "./fold.ts";
import {
  constantInput,
  elementInput,
  flowInput,
  step,
  takeElements,
  unmerged,
  type Call,
  type Operator,
} from "./graph.ts";
import { arranged, isChannelAxis, withChannels } from "./image.ts";
import { formatFlow, isAligned, nodeIndices, nodeShape, rankOf, type Flow } from "./layout.ts";

/** Add, Sub, Mul and Div: two constants are folded, one makes an affine layer, none a sum. */
export const arithmetic: Operator = (call) => {
  call.attributes.finish();
  const [a, b] = call.inputs;
  if (a === undefined || b === undefined || call.inputs.length !== 2)
    throw new LlifError("FORMAT", `${call.place}: expected two inputs`);
  if (a.kind === "constant" && b.kind === "constant") return binaryConstants(call, a, b);
  if (a.kind === "flow" && b.kind === "flow") {
    if (call.operator === "Add") return sumOf(call, [unmerged(a), unmerged(b)]);
    if (call.operator === "Sub") return sumOf(call, [unmerged(a), negated(call, unmerged(b))]);
    throw new Refusal("both inputs are computed from the model's input; only their sum and difference are supported");
  }
  if (a.kind === "constant") {
    const flow = elementInput(call, 1, "B");
    if (call.operator === "Div") throw new Refusal("constant / x is not linear");
    if (call.operator !== "Sub") return withConstant(call, flow, a);
    const shift = Float32Array.from(a.data);
    return affineOver(call, flow, "", { dims: a.dims, scale: new Float32Array(shift.length).fill(-1), shift });
  }
  return withConstant(call, elementInput(call, 0, "A"), constantInput(call, 1, "B"));
};

/** Scale and shift with the file's extents `dims`, which broadcast to the value. */
export interface AffineParameters {
  readonly dims: readonly number[];
  readonly scale: Float32Array;
  readonly shift: Float32Array;
}

export function affineOver(call: Call, flow: Flow, suffix: string, { dims, scale, shift }: AffineParameters): Flow {
  const spread = spreader(call, flow, dims);
  return {
    ...flow,
    node: step(call, suffix, spread.from, { kind: "affine", scale: spread.values(scale), shift: spread.values(shift) })
      .name,
  };
}

function withConstant(call: Call, flow: Flow, constant: Constant): Flow {
  const values = Float32Array.from(constant.data);
  const ones = new Float32Array(values.length).fill(1);
  const zeros = new Float32Array(values.length);
  switch (call.operator) {
    case "Mul":
      return affineOver(call, flow, "", { dims: constant.dims, scale: values, shift: zeros });
    case "Div":
      return affineOver(call, flow, "", {
        dims: constant.dims,
        scale: Float32Array.from(constant.data, (value) => 1 / value),
        shift: zeros,
      });
    default: {
      const shift = call.operator === "Sub" ? values.map((value) => -value) : values;
      return (
        foldBias(call, flow, constant.dims, shift) ??
        affineOver(call, flow, "", { dims: constant.dims, scale: ones, shift })
      );
    }
  }
}

function negated(call: Call, flow: Flow): Flow {
  return affineOver(call, flow, "negated", { dims: [], scale: Float32Array.of(-1), shift: Float32Array.of(0) });
}

/** A constant added right after a layer without bias becomes its bias; rounding stays the same. */
function foldBias(call: Call, flow: Flow, dims: readonly number[], shift: Float32Array): Flow | undefined {
  const source = call.graph.node(flow.node);
  if (!call.soleReader || source === undefined) return undefined;
  if (source.kind !== "dense" && source.kind !== "conv2d" && source.kind !== "convTranspose2d") return undefined;
  const { from, values } = spreader(call, flow, dims);
  const bias = values(shift);
  if (from !== flow.node || bias.length !== source.bias.length || source.bias.some((value) => value !== 0))
    return undefined;
  call.graph.replace({ ...source, bias });
  return flow;
}

interface Spreader {
  /** A node with the flow's elements, whose last extent is the number of values. */
  readonly from: string;
  /** Reorders values from the file's order to one per channel of that node. */
  readonly values: (values: Float32Array) => Float32Array;
}

/** Turns a constant that broadcasts to the flow into one value per channel, or per element of a flat node. */
export function spreader(call: Call, flow: Flow, dims: readonly number[]): Spreader {
  const extents = broadcastExtents(call, flow, dims);
  const filled = (count: number, value: number): Float32Array => {
    takeElements(call, count);
    return new Float32Array(count).fill(value);
  };
  const real = extents.flatMap((extent, axis) => (extent === 1 ? [] : [axis]));
  if (real.length === 0) {
    const channels = call.graph.shapeOf(flow.node).at(-1) ?? 1;
    return { from: flow.node, values: (values) => filled(channels, values[0]) };
  }
  if (real.length === 1 && isChannelAxis(flow, real[0])) {
    const channels = extents[real[0]];
    const from = withChannels(call, flow, real[0]);
    return { from, values: (values) => (values.length === channels ? values : filled(channels, values[0])) };
  }
  const size = sizeOf(flow.dims);
  takeElements(call, size);
  const targets = nodeIndices(flow);
  const strides = extents.map((extent, axis) => (extent === 1 ? 0 : sizeOf(extents.slice(axis + 1))));
  const values = (given: Float32Array): Float32Array => {
    takeElements(call, size);
    const spread = new Float32Array(size);
    for (let index = 0; index < size; index++) {
      let rest = index;
      let source = 0;
      for (let axis = extents.length - 1; axis >= 0; axis--) {
        source += (rest % flow.dims[axis]) * strides[axis];
        rest = Math.floor(rest / flow.dims[axis]);
      }
      spread[targets[index]] = given[source];
    }
    return spread;
  };
  return { from: call.graph.inShape(flow.node, [size]), values };
}

/** Extents of a constant, aligned with the axes after the batch. */
function broadcastExtents(call: Call, flow: Flow, given: readonly number[]): number[] {
  const dims = [...given];
  const rank = rankOf(flow);
  while (dims.length > rank && dims[0] === 1) dims.shift();
  while (dims.length < rank) dims.unshift(1);
  const batch = flow.batch ? (dims.shift() ?? 1) : 1;
  dims.unshift(...new Array<number>(flow.merged ?? 0).fill(1));
  if (
    dims.length > flow.dims.length ||
    batch !== 1 ||
    dims.some((extent, axis) => extent !== 1 && extent !== flow.dims[axis])
  ) {
    throw new LlifError(
      "SHAPE",
      `${call.place}: expected a constant that broadcasts to ${formatFlow(flow)}, got [${given.join(",")}]`,
    );
  }
  return dims;
}

/** Sum and Mean of any number of values and constants. */
export const sum: Operator = (call) => {
  call.attributes.finish();
  const constants = call.inputs.flatMap((value) => (value?.kind === "constant" ? [value] : []));
  const flows = call.inputs.flatMap((value, position) =>
    value?.kind === "constant" ? [] : [flowInput(call, position, `${position}`)],
  );
  const count = call.inputs.length;
  if (count === 0) throw new LlifError("FORMAT", `${call.place}: expected inputs, got none`);
  const [first, ...others] = constants;
  const constant = first && others.reduce((total, other) => binaryConstants(call, total, other, "Add"), first);
  const mean = call.operator === "Mean" && count > 1;
  if (flows.length === 0) return mean ? unaryConstant(call, constant, (value) => value / count) : constant;
  const total = sumOf(call, flows, constant === undefined && !mean ? "" : "sum");
  if (constant === undefined && !mean) return total;
  const share = mean ? 1 / count : 1;
  const shift =
    constant === undefined ? Float32Array.of(0) : Float32Array.from(constant.data, (value) => value * share);
  return affineOver(call, total, "", {
    dims: constant?.dims ?? [],
    scale: new Float32Array(shift.length).fill(share),
    shift,
  });
};

/** Sum of computed values of one shape. */
export function sumOf(call: Call, flows: readonly Flow[], suffix = ""): Flow {
  const [first] = flows;
  for (const flow of flows) {
    if (!sameShape(flow.dims, first.dims) || flow.batch !== first.batch) {
      const size = (other: Flow): number => sizeOf(other.dims);
      const broadcasts =
        flow.batch === first.batch && (size(flow) % size(first) === 0 || size(first) % size(flow) === 0);
      if (broadcasts && size(flow) !== size(first))
        throw new Refusal(
          `its computed inputs ${formatFlow(first)} and ${formatFlow(flow)} are of different shapes; only equal ones are supported`,
        );
      throw new LlifError(
        "SHAPE",
        `${call.place}: expected inputs of one shape ${formatFlow(first)}, got ${formatFlow(flow)}`,
      );
    }
  }
  if (flows.length === 1) return first;
  const nodes = flows.map((flow) => arranged(call, flow, first.factors, first.order));
  const own = call.graph.shapeOf(first.node);
  const alike = nodes.every((node) => sameShape(call.graph.shapeOf(node), own));
  const shape = alike ? own : isAligned(first) ? nodeShape(first) : [sizeOf(first.dims)];
  const from = nodes.map((node) => call.graph.inShape(node, shape));
  const name = suffix === "" ? call.name : call.graph.freeName(`${call.name}.${suffix}`);
  return { ...first, node: call.graph.add({ kind: "add", name, from, shape: [] }).name };
}

export const negate: Operator = (call) => {
  call.attributes.finish();
  const [value] = call.inputs;
  if (value?.kind === "constant") return unaryConstant(call, value, (number) => -number);
  return affineOver(call, flowInput(call, 0, "X"), "", {
    dims: [],
    scale: Float32Array.of(-1),
    shift: Float32Array.of(0),
  });
};
