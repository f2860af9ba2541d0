import { LlifError } from "../../errors.ts";
import { sizeOf } from "../../tensor.ts";
import { Refusal } from "./attributes.ts";
import type { Constant } from "./constants.ts";
import { constantInput, flowInput, optionalConstant, shapeError, vectorFlow, type Call, type Operator } from "./graph.ts";
import { formatFlow, nodeIndices, type Flow } from "./layout.ts";

export const matMul: Operator = (call) => {
  call.attributes.finish();
  const [a, b] = call.inputs;
  if (a?.kind === "flow" && b?.kind === "flow") throw new Refusal("both inputs are computed from the model's input; expected constant weights");
  if (a?.kind === "constant" && b?.kind === "flow") {
    if (b.batch || b.dims.length !== 1) throw new Refusal("constant × x is supported only for a vector without batch; use x × constant");
    return dense(call, b, a, true, undefined);
  }
  return dense(call, flowInput(call, 0, "A"), constantInput(call, 1, "B"), false, undefined);
};

export const gemm: Operator = (call) => {
  const { attributes } = call;
  const alpha = attributes.float("alpha", 1);
  const beta = attributes.float("beta", 1);
  const transposedInput = attributes.integer("transA", 0) !== 0;
  const transposedWeights = attributes.integer("transB", 0) !== 0;
  attributes.ignore("broadcast");
  attributes.finish();
  const flow = flowInput(call, 0, "A");
  const weights = constantInput(call, 1, "B");
  const bias = optionalConstant(call, 2, "C");
  if (transposedInput) throw new Refusal("transA=1 multiplies across the batch");
  const scaled = alpha === 1 ? weights : { ...weights, data: weights.data.map((value) => alpha * value) };
  const scaledBias = bias === undefined || beta === 1 ? bias : { ...bias, data: bias.data.map((value) => beta * value) };
  return dense(call, flow, scaled, transposedWeights, scaledBias);
};

/** The inputs of a dense layer come in the node's order, whatever reshapes lie between. */
function dense(call: Call, flow: Flow, weights: Constant, transposed: boolean, bias: Constant | undefined): Flow {
  if (weights.dims.length !== 2) throw shapeError(call, "weights of 2 dimensions", weights.dims);
  const inputs = weights.dims[transposed ? 1 : 0];
  const outputs = weights.dims[transposed ? 0 : 1];
  const size = sizeOf(flow.dims);
  if (flow.dims.at(-1) !== inputs) {
    throw new LlifError("SHAPE", `${call.place}: expected ${inputs} inputs as the weights [${weights.dims.join(",")}] have, got ${formatFlow(flow)}`);
  }
  if (size !== inputs) throw new Refusal(`its input ${formatFlow(flow)} is a matrix for each sample; flatten it, or use a 1×1 convolution`);
  const indices = nodeIndices(flow);
  const data = new Float32Array(inputs * outputs);
  for (let input = 0; input < inputs; input++) {
    const target = indices[input];
    for (let output = 0; output < outputs; output++) {
      data[output * inputs + target] = weights.data[transposed ? output * inputs + input : input * outputs + output];
    }
  }
  const node = call.graph.add({
    kind: "dense",
    name: call.name,
    from: [call.graph.inShape(flow, [size])],
    shape: [],
    weights: { shape: [outputs, inputs], data },
    bias: broadcastBias(call, bias, outputs),
  });
  const vector = vectorFlow(node, flow.batch);
  const dims = [...flow.dims.slice(0, -1), outputs];
  return { ...vector, dims, factors: dims, order: dims.map((_, axis) => axis) };
}

function broadcastBias(call: Call, bias: Constant | undefined, outputs: number): Float32Array {
  if (bias === undefined) return new Float32Array(outputs);
  if (bias.data.length === 1) return new Float32Array(outputs).fill(bias.data[0]);
  if (bias.data.length !== outputs || bias.dims.at(-1) !== outputs) throw shapeError(call, `a bias of ${outputs} values`, bias.dims);
  return Float32Array.from(bias.data);
}
