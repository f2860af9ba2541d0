// ONNX operators: ReLU and its relatives, softmax.
import { LlifError } from "../../errors.ts";
import { sizeOf } from "../../tensor.ts";
import { affineOver, spreader } from "./arithmetic.ts";
import { Refusal } from "./attributes.ts";
import type { Constant } from "./constants.ts";
import { binaryConstants, unaryConstant } from "./fold.ts";
import {
  axisOf,
  constantInput,
  elementInput,
  flowInput,
  optionalConstant,
  step,
  unmerged,
  type Call,
  type Operator,
} from "./graph.ts";
import { isChannelAxis, withChannels } from "./image.ts";
import { formatFlow, normalForm, type Flow } from "./layout.ts";

const half = 3.4028234e38;

export const relu: Operator = (call) => {
  call.attributes.finish();
  return rectified(call, elementInput(call, 0, "X"), Infinity);
};

function rectified(call: Call, flow: Flow, ceiling: number, suffix = ""): Flow {
  return { ...flow, node: step(call, suffix, flow.node, { kind: "relu", ceiling }).name };
}

/** min(max(x, low), high): a ReLU with a ceiling, between two shifts if low is not 0. */
export const clip: Operator = (call) => {
  const limits =
    call.opset < 11
      ? { low: call.attributes.float("min", -Infinity), high: call.attributes.float("max", Infinity) }
      : {
          low: optionalConstant(call, 1, "min")?.data[0] ?? -Infinity,
          high: optionalConstant(call, 2, "max")?.data[0] ?? Infinity,
        };
  call.attributes.finish();
  const [value] = call.inputs;
  if (value?.kind === "constant")
    return unaryConstant(call, value, (number) => Math.min(Math.max(number, limits.low), limits.high));
  const flow = elementInput(call, 0, "X");
  const low = limits.low <= -half ? -Infinity : limits.low;
  const high = limits.high >= half ? Infinity : limits.high;
  if (!(high > low)) throw new LlifError("ARGUMENT", `${call.place}: max: expected a number > ${low}, got ${high}`);
  if (low === -Infinity)
    return high === Infinity ? flow : atMost(call, flow, { dims: [], values: Float32Array.of(high) });
  if (low === 0) return rectified(call, flow, high);
  return atLeast(call, flow, { dims: [], values: Float32Array.of(low) }, high - low);
};

interface Bound {
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

/** max(x, low) = relu(x − low) + low. */
function atLeast(call: Call, flow: Flow, { dims, values }: Bound, ceiling = Infinity): Flow {
  if (values.every((value) => value === 0)) return rectified(call, flow, ceiling);
  const ones = new Float32Array(values.length).fill(1);
  const shifted = affineOver(call, flow, "shift", { dims, scale: ones, shift: values.map((value) => -value) });
  return affineOver(call, rectified(call, shifted, ceiling, "relu"), "", { dims, scale: ones, shift: values });
}

/** min(x, high) = high − relu(high − x), or a ceiling of a preceding ReLU. */
function atMost(call: Call, flow: Flow, { dims, values }: Bound): Flow {
  const [high] = values;
  const source = call.graph.node(flow.node);
  if (source?.kind === "relu" && high > 0 && values.every((value) => value === high)) {
    if (call.soleReader && (source.slope ?? [0]).every((slope) => slope >= 0)) {
      call.graph.replace({ ...source, ceiling: Math.min(source.ceiling, high) });
      return flow;
    }
    if (source.slope === undefined) return rectified(call, flow, high);
  }
  const negative = new Float32Array(values.length).fill(-1);
  const turned = affineOver(call, flow, "turned", { dims, scale: negative, shift: values });
  return affineOver(call, rectified(call, turned, Infinity, "relu"), "", { dims, scale: negative, shift: values });
}

/** Max and Min of one computed value and constants. */
export const extremum: Operator = (call) => {
  call.attributes.finish();
  const constants = call.inputs.flatMap((value) => (value?.kind === "constant" ? [value] : []));
  const flows = call.inputs.flatMap((value) => (value?.kind === "flow" ? [unmerged(value)] : []));
  const [first, ...others] = constants;
  const bound: Constant | undefined =
    first && others.reduce((total, other) => binaryConstants(call, total, other), first);
  if (flows.length > 1)
    throw new Refusal("compares computed values with each other; only a computed value and constants are supported");
  const [flow] = flows;
  if (flow === undefined && bound === undefined)
    throw new LlifError("FORMAT", `${call.place}: expected inputs, got none`);
  if (flow === undefined) return bound;
  if (bound === undefined) return flow;
  const limit = { dims: bound.dims, values: Float32Array.from(bound.data) };
  return call.operator === "Max" ? atLeast(call, flow, limit) : atMost(call, flow, limit);
};

export const leakyRelu: Operator = (call) => {
  const slope = call.attributes.float("alpha", 0.01);
  call.attributes.finish();
  return sloped(call, elementInput(call, 0, "X"), { dims: [], values: Float32Array.of(slope) });
};

export const pRelu: Operator = (call) => {
  call.attributes.finish();
  const { dims, data } = constantInput(call, 1, "slope");
  return sloped(call, elementInput(call, 0, "X"), { dims, values: Float32Array.from(data) });
};

export const absolute: Operator = (call) => {
  call.attributes.finish();
  const [value] = call.inputs;
  if (value?.kind === "constant") return unaryConstant(call, value, Math.abs);
  return sloped(call, elementInput(call, 0, "X"), { dims: [], values: Float32Array.of(-1) });
};

function sloped(call: Call, flow: Flow, { dims, values }: Bound): Flow {
  const spread = spreader(call, flow, dims);
  return {
    ...flow,
    node: step(call, "", spread.from, { kind: "relu", ceiling: Infinity, slope: spread.values(values) }).name,
  };
}

/** min(max(alpha · x + beta, 0), 1). */
export const hardSigmoid: Operator = (call) => {
  const scale = Float32Array.of(call.attributes.float("alpha", 0.2));
  const shift = Float32Array.of(call.attributes.float("beta", 0.5));
  call.attributes.finish();
  return rectified(call, affineOver(call, flowInput(call, 0, "X"), "linear", { dims: [], scale, shift }), 1);
};

export const thresholdedRelu: Operator = (call) => {
  const alpha = call.attributes.float("alpha", 1);
  call.attributes.finish();
  if (alpha !== 0) throw new Refusal(`it jumps at ${alpha}, which is not piecewise linear; use Relu`);
  return rectified(call, flowInput(call, 0, "X"), Infinity);
};

/** Softmax and LogSoftmax, over all features of one sample or over the channels of each position. */
export const softmax: Operator = (call) => {
  const flow = flowInput(call, 0, "input");
  const axis = axisOf(call, flow, call.attributes.integer("axis", call.opset < 13 ? 1 : -1));
  call.attributes.finish();
  // Before opset 13, all axes from `axis` on count as one.
  const covered = (call.opset < 13 ? flow.dims.map((_, other) => other).slice(axis) : [axis]).filter(
    (other) => flow.dims[other] !== 1,
  );
  const draft =
    call.operator === "LogSoftmax" ? ({ kind: "softmax", logarithm: true } as const) : ({ kind: "softmax" } as const);
  const from = softmaxSource(call, flow, covered);
  if (from === undefined)
    throw new Refusal(
      `${call.operator.toLowerCase()} over axis ${axis} of ${formatFlow(flow)} mixes positions or leaves features out; only one over all classes, or over the channels, is supported`,
    );
  return { ...flow, node: step(call, "", from, draft).name };
};

function softmaxSource(call: Call, flow: Flow, covered: readonly number[]): string | undefined {
  const size = sizeOf(flow.dims);
  const features = covered.reduce((product, axis) => product * flow.dims[axis], 1);
  if (features === size)
    return normalForm(flow.factors, flow.order).factors.length <= 1 ? call.graph.inShape(flow.node, [size]) : undefined;
  if (features === 1) return call.graph.inShape(flow.node, [1, size, 1]);
  return covered.length === 1 && isChannelAxis(flow, covered[0]) ? withChannels(call, flow, covered[0]) : undefined;
}
