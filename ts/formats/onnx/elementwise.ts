import { LlifError } from "../../errors.ts";
import { sameShape, sizeOf } from "../../tensor.ts";
import { Refusal } from "./attributes.ts";
import type { Constant } from "./constants.ts";
import { broadcastConstants } from "./fold.ts";
import { constantInput, flowInput, inNaturalShape, optionalConstant, type Call, type Operator } from "./graph.ts";
import { formatFlow, isAligned, nodeIndices, nodeShape, normalForm, sameLayout, type Flow } from "./layout.ts";

/** Per-element scale and shift of a flat value, from the file's order into the node's. */
export function permuteAffine(flow: Flow, scale: Float32Array, shift: Float32Array): { scale: Float32Array; shift: Float32Array } {
  const indices = nodeIndices(flow);
  const moved = { scale: new Float32Array(scale.length), shift: new Float32Array(shift.length) };
  indices.forEach((target, source) => {
    moved.scale[target] = scale[source];
    moved.shift[target] = shift[source];
  });
  return moved;
}

const nameless: Record<string, (a: number, b: number) => number> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
};

/** Add, Sub, Mul and Div: folded for two constants, an affine layer for one, a sum for none. */
export const arithmetic: Operator = (call) => {
  call.attributes.finish();
  const [a, b] = call.inputs;
  if (a === undefined || b === undefined || call.inputs.length !== 2) throw new LlifError("FORMAT", `${call.place}: expected two inputs`);
  if (a.kind === "constant" && b.kind === "constant") return broadcastConstants(call, a, b, nameless[call.operator]);
  if (a.kind === "flow" && b.kind === "flow") {
    if (call.operator === "Add") return sum(call);
    throw new Refusal("both inputs are computed from the model's input; only their sum is supported");
  }
  if (a.kind === "constant") {
    if (call.operator === "Sub") throw new Refusal("constant − x is not supported; use Mul by −1, then Add");
    if (call.operator === "Div") throw new Refusal("constant / x is not linear");
    return affine(call, flowInput(call, 1, "B"), a);
  }
  return affine(call, flowInput(call, 0, "A"), constantInput(call, 1, "B"));
};

function affine(call: Call, flow: Flow, constant: Constant): Flow {
  const additive = call.operator === "Add" || call.operator === "Sub";
  const convert = { Add: (x: number) => x, Sub: (x: number) => -x, Mul: (x: number) => x, Div: (x: number) => 1 / x }[call.operator] ?? Number;
  const { values, from } = perChannel(call, flow, constant);
  const converted = Float32Array.from(values, convert);
  const folded = additive ? foldBias(call, flow, from, converted) : undefined;
  if (folded !== undefined) return folded;
  const scale = additive ? new Float32Array(converted.length).fill(1) : converted;
  const shift = additive ? converted : new Float32Array(converted.length);
  const node = call.graph.add({ kind: "affine", name: call.name, from: [from], shape: [], scale, shift });
  return { ...flow, node: node.name };
}

/** A sum right behind a weighted layer without bias is its bias: no rounding changes. */
function foldBias(call: Call, flow: Flow, from: string, bias: Float32Array): Flow | undefined {
  const source = call.graph.node(from);
  if (!call.soleReader || from !== flow.node || source === undefined) return undefined;
  if ((source.kind !== "dense" && source.kind !== "conv2d") || source.bias.some((value) => value !== 0)) return undefined;
  if (source.bias.length !== bias.length) return undefined;
  call.graph.replace({ ...source, bias });
  return flow;
}

/** A constant as one value for each channel of a node that holds `flow`. */
function perChannel(call: Call, flow: Flow, constant: Constant): { values: Float32Array; from: string } {
  const { graph } = call;
  const size = sizeOf(flow.dims);
  const dims = [...constant.dims];
  const rank = flow.dims.length + (flow.batch ? 1 : 0);
  while (dims.length > rank && dims[0] === 1) dims.shift();
  while (dims.length < rank) dims.unshift(1);
  const batch = flow.batch ? (dims.shift() ?? 1) : 1;
  if (dims.length > flow.dims.length || batch !== 1 || dims.some((extent, axis) => extent !== 1 && extent !== flow.dims[axis])) {
    throw new LlifError("SHAPE", `${call.place}: expected a constant that broadcasts to ${formatFlow(flow)}, got [${constant.dims.join(",")}]`);
  }
  const real = dims.flatMap((extent, axis) => (extent === 1 ? [] : [axis]));
  if (real.length === 0) {
    const from = inNaturalShape(graph, flow);
    return { values: new Float32Array(graph.shapeOf(from).at(-1) ?? 1).fill(constant.data[0]), from };
  }
  const vector = flow.dims.every((extent) => extent === 1 || extent === size);
  if (vector) {
    const values = new Float32Array(size);
    nodeIndices(flow).forEach((target, source) => (values[target] = constant.data[source]));
    return { values, from: graph.inShape(flow, [size]) };
  }
  if (isAligned(flow) && real.length === 1 && flow.order.at(-1) === real[0]) {
    return { values: Float32Array.from(constant.data), from: inNaturalShape(graph, flow) };
  }
  throw new Refusal(
    `its constant [${constant.dims.join(",")}] differs from position to position of ${formatFlow(flow)}; only a scalar or one value a channel is supported, or any constant behind a flatten`,
  );
}

/** Sum of two or more computed values. */
export const sum: Operator = (call) => {
  const flows = call.inputs.map((_, position) => flowInput(call, position, `${position}`));
  const [first] = flows;
  for (const flow of flows) {
    if (!sameShape(flow.dims, first.dims) || flow.batch !== first.batch) {
      throw new LlifError("SHAPE", `${call.place}: expected inputs of one shape ${formatFlow(first)}, got ${formatFlow(flow)}`);
    }
    if (!sameLayout(flow, first.factors, first.order)) throw new Refusal("its inputs were reshaped or transposed differently");
  }
  if (flows.length === 1) return first;
  const shape = isAligned(first) ? nodeShape(first) : [sizeOf(first.dims)];
  const from = flows.map((flow) => call.graph.inShape(flow, shape));
  return { ...first, node: call.graph.add({ kind: "add", name: call.name, from, shape: [] }).name };
};

export const relu: Operator = (call) => {
  call.attributes.finish();
  return activation(call, Infinity);
};

/** Clip(x, 0, c): a ReLU with a ceiling. */
export const clip: Operator = (call) => {
  const limits =
    call.opset < 11
      ? { low: call.attributes.float("min", -Infinity), high: call.attributes.float("max", Infinity) }
      : { low: optionalConstant(call, 1, "min")?.data[0] ?? -Infinity, high: optionalConstant(call, 2, "max")?.data[0] ?? Infinity };
  call.attributes.finish();
  if (limits.low !== 0) throw new Refusal(`its minimum is ${limits.low}; only a minimum of 0 (a ReLU with a ceiling) is supported`);
  if (!(limits.high > 0)) throw new LlifError("ARGUMENT", `${call.place}: max: expected a number > 0, got ${limits.high}`);
  return activation(call, limits.high >= 3.4028234e38 ? Infinity : limits.high);
};

function activation(call: Call, ceiling: number): Flow {
  const flow = flowInput(call, 0, "X");
  const node = call.graph.add({ kind: "relu", name: call.name, from: [flow.node], shape: [], ceiling });
  return { ...flow, node: node.name };
}

/** Over all features of one sample, in any number of unit axes. */
export const softmax: Operator = (call) => {
  const flow = flowInput(call, 0, "input");
  const rank = flow.dims.length + (flow.batch ? 1 : 0);
  const axis = call.attributes.integer("axis", call.opset < 13 ? 1 : -1);
  call.attributes.finish();
  const first = axis < 0 ? axis + rank : axis;
  const size = sizeOf(flow.dims);
  const dims = flow.batch ? [1, ...flow.dims] : flow.dims;
  const covered = call.opset < 13 ? sizeOf(dims.slice(first)) : dims[first];
  if (covered !== size) throw new Refusal(`softmax over axis ${axis} of ${formatFlow(flow)} leaves features out; only one over all classes is supported`);
  if (normalForm(flow.factors, flow.order).factors.length > 1) throw new Refusal("its input is an image; flatten it into dense logits first");
  const from = call.graph.inShape(flow, [size]);
  return { ...flow, node: call.graph.add({ kind: "softmax", name: call.name, from: [from], shape: [] }).name };
};
