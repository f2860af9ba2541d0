// ONNX operators: MatMul and Gemm.
import { LlifError } from "../../errors.ts";
import { sizeOf } from "../../tensor.ts";
import { Refusal } from "./attributes.ts";
import type { Constant } from "./constants.ts";
import {
  constantInput,
  elementInput,
  flowInput,
  optionalConstant,
  shapeError,
  step,
  takeElements,
  type Call,
  type Operator,
} from "./graph.ts";
import { imageShape, isChannelAxis, noPadding } from "./image.ts";
import { formatFlow, nodeIndices, rankOf, type Flow } from "./layout.ts";

export const matMul: Operator = (call) => {
  call.attributes.finish();
  const [a, b] = call.inputs;
  if (a?.kind === "flow" && b?.kind === "flow")
    throw new Refusal("both inputs are computed from the model's input; expected constant weights");
  if (a?.kind === "constant") return dense(call, flowInput(call, 1, "B"), squareOf(call, a), true, undefined, -2);
  return dense(call, elementInput(call, 0, "A"), squareOf(call, constantInput(call, 1, "B")), false, undefined, -1);
};

export const gemm: Operator = (call) => {
  const { attributes } = call;
  const alpha = attributes.float("alpha", 1);
  const beta = attributes.float("beta", 1);
  const transposedA = attributes.integer("transA", 0) !== 0;
  const transposedB = attributes.integer("transB", 0) !== 0;
  attributes.ignore("broadcast");
  attributes.finish();
  const left = call.inputs[0]?.kind === "constant";
  const flow = left ? flowInput(call, 1, "B") : elementInput(call, 0, "A");
  const weights = left ? constantInput(call, 0, "A") : constantInput(call, 1, "B");
  const bias = optionalConstant(call, 2, "C");
  if (left ? transposedB : transposedA) throw new Refusal(`trans${left ? "B" : "A"}=1 multiplies across the batch`);
  const scaled = alpha === 1 ? weights : { ...weights, data: weights.data.map((value) => alpha * value) };
  const scaledBias =
    bias === undefined || beta === 1 ? bias : { ...bias, data: bias.data.map((value) => beta * value) };
  // The weights of constant × x are the transpose of those of x × constant.
  return dense(call, flow, scaled, left ? !transposedA : transposedB, scaledBias, left ? -2 : -1);
};

/** The constant as a matrix; leading extents must be 1. */
function squareOf(call: Call, weights: Constant): Constant {
  const [height, width] = weights.dims.slice(-2);
  if (weights.dims.length > 2 && height * width === sizeOf(weights.dims)) return { ...weights, dims: [height, width] };
  if (weights.dims.length > 2)
    throw new Refusal(`its constant [${weights.dims.join(",")}] is a matrix for each position`);
  if (weights.dims.length === 1) throw new Refusal("its constant is a vector; give it as a matrix of one column");
  if (weights.dims.length !== 2) throw shapeError(call, "weights of 2 dimensions", weights.dims);
  return weights;
}

/**
 * @param transposed whether weights are [outputs, inputs].
 * @param contracted axis of the flow that is summed over, from the end.
 */
function dense(
  call: Call,
  flow: Flow,
  weights: Constant,
  transposed: boolean,
  bias: Constant | undefined,
  contracted: number,
): Flow {
  if (weights.dims.length !== 2) throw shapeError(call, "weights of 2 dimensions", weights.dims);
  const inputs = weights.dims[transposed ? 1 : 0];
  const outputs = weights.dims[transposed ? 0 : 1];
  const size = sizeOf(flow.dims);
  // A vector counts as a column.
  const column = contracted === -2 && rankOf(flow) === 1;
  const axis = flow.dims.length + (column ? -1 : contracted);
  if (axis < 0) throw new Refusal(`constant × ${formatFlow(flow)} multiplies across the batch; use x × constant`);
  if (flow.dims[axis] !== inputs) {
    throw new LlifError(
      "SHAPE",
      `${call.place}: expected ${inputs} inputs as the weights [${weights.dims.join(",")}] have, got ${formatFlow(flow)}`,
    );
  }
  takeElements(call, inputs * outputs + (size === inputs ? size : 0));
  const weight = (output: number, input: number): number =>
    weights.data[transposed ? output * inputs + input : input * outputs + output];
  const dims = flow.dims.map((extent, at) => (at === axis ? outputs : extent));
  if (size === inputs) {
    // Weights are reordered to the node's order, so reshapes between do not matter.
    const indices = nodeIndices(flow);
    const data = new Float32Array(inputs * outputs);
    for (let input = 0; input < inputs; input++) {
      for (let output = 0; output < outputs; output++) data[output * inputs + indices[input]] = weight(output, input);
    }
    const from = call.graph.inShape(flow.node, [size]);
    const node = step(call, "", from, {
      kind: "dense",
      weights: { shape: [outputs, inputs], data },
      bias: biasOf(call, bias, outputs, contracted),
    });
    return { ...flow, node: node.name, dims, factors: dims, order: dims.map((_, at) => at) };
  }
  if (!isChannelAxis(flow, axis))
    throw new Refusal(
      `its input ${formatFlow(flow)} is a matrix for each sample, whose positions lie side by side; use a 1×1 convolution`,
    );
  const positions = flow.order
    .filter((other) => other !== axis && flow.dims[other] !== 1)
    .map((other) => flow.dims[other]);
  const data = Float32Array.from({ length: inputs * outputs }, (_, index) =>
    weight(index % outputs, Math.floor(index / outputs)),
  );
  const node = step(call, "", call.graph.inShape(flow.node, imageShape(positions, inputs)), {
    kind: "conv2d",
    kernel: [1, 1],
    stride: [1, 1],
    dilation: [1, 1],
    padding: noPadding,
    groups: 1,
    weights: { shape: [1, 1, inputs, outputs], data },
    bias: biasOf(call, bias, outputs, contracted),
  });
  return { ...flow, node: node.name, dims, factors: dims };
}

function biasOf(call: Call, bias: Constant | undefined, outputs: number, contracted: number): Float32Array {
  if (bias === undefined) return new Float32Array(outputs);
  if (bias.data.length === 1) return new Float32Array(outputs).fill(bias.data[0]);
  const own = bias.dims.length + contracted;
  if (bias.data.length !== outputs || bias.dims[Math.max(0, own)] !== outputs)
    throw shapeError(call, `a bias of ${outputs} values`, bias.dims);
  return Float32Array.from(bias.data);
}
