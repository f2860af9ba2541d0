import { absolute, clip, extremum, hardSigmoid, leakyRelu, pRelu, relu, softmax, thresholdedRelu } from "./activation.ts";
import { arithmetic, negate, sum } from "./arithmetic.ts";
import { gemm, matMul } from "./dense.ts";
import { foldConstants, foldedBinaries, foldedUnaries } from "./fold.ts";
import type { Operator } from "./graph.ts";
import { batchNormalization } from "./normalization.ts";
import { reduce } from "./reduce.ts";
import { depthAndSpace, pad, resize } from "./resize.ts";
import { gather, slice, split } from "./selection.ts";
import { cast, concat, constant, constantOfShape, dropout, expand, flatten, identity, range, reshape, shape, squeeze, transpose } from "./shaping.ts";
import { conv, convTranspose, globalPool, pool } from "./windows.ts";

/** Every operator that is read; all others are refused. */
export const operators: ReadonlyMap<string, Operator> = new Map([
  ...[...foldedUnaries, ...foldedBinaries, "Where"].map((name) => [name, foldConstants] as const),
  ["Abs", absolute],
  ["Add", arithmetic],
  ["AveragePool", pool],
  ["BatchNormalization", batchNormalization],
  ["Cast", cast],
  ["Clip", clip],
  ["Concat", concat],
  ["Constant", constant],
  ["ConstantOfShape", constantOfShape],
  ["Conv", conv],
  ["ConvTranspose", convTranspose],
  ["DepthToSpace", depthAndSpace],
  ["Div", arithmetic],
  ["Dropout", dropout],
  ["Expand", expand],
  ["Flatten", flatten],
  ["Gather", gather],
  ["Gemm", gemm],
  ["GlobalAveragePool", globalPool],
  ["GlobalMaxPool", globalPool],
  ["HardSigmoid", hardSigmoid],
  ["Identity", identity],
  ["LeakyRelu", leakyRelu],
  ["LogSoftmax", softmax],
  ["MatMul", matMul],
  ["Max", extremum],
  ["MaxPool", pool],
  ["Mean", sum],
  ["Min", extremum],
  ["Mul", arithmetic],
  ["Neg", negate],
  ["Pad", pad],
  ["PRelu", pRelu],
  ["Range", range],
  ["ReduceMax", reduce],
  ["ReduceMean", reduce],
  ["ReduceProd", reduce],
  ["ReduceSum", reduce],
  ["Relu", relu],
  ["Reshape", reshape],
  ["Resize", resize],
  ["Shape", shape],
  ["Size", shape],
  ["Slice", slice],
  ["Softmax", softmax],
  ["SpaceToDepth", depthAndSpace],
  ["Split", split],
  ["Squeeze", squeeze],
  ["Sub", arithmetic],
  ["Sum", sum],
  ["ThresholdedRelu", thresholdedRelu],
  ["Tile", expand],
  ["Transpose", transpose],
  ["Unsqueeze", squeeze],
  ["Upsample", resize],
]);

/** Operators whose output has the shape of their first input, so that what follows a refused one can still be looked through. */
export const sameShape: ReadonlySet<string> = new Set([
  "Celu", "Clip", "Elu", "Erf", "Exp", "Gelu", "GroupNormalization", "HardSigmoid", "HardSwish", "InstanceNormalization", "LayerNormalization", "Log",
  "LpNormalization", "LRN", "MeanVarianceNormalization", "Mish", "Mul", "PRelu", "Reciprocal", "RMSNormalization", "Selu", "Shrink", "Sigmoid", "Sign", "Sin",
  "Softplus", "Softsign", "Sqrt", "Swish", "Tanh", "ThresholdedRelu", "QuantizeLinear", "DequantizeLinear",
]);

const quantised = "quantised models are not read; export the float model";
const smooth = "use Relu, and train the network again";

/** What to do instead, for operators that are met often. */
export const alternatives: ReadonlyMap<string, string> = new Map([
  ["ArgMax", "end at the logits"],
  ["Attention", "only ReLU networks are read"],
  ["Celu", smooth],
  ["ConvInteger", quantised],
  ["DequantizeLinear", quantised],
  ["DynamicQuantizeLinear", quantised],
  ["Einsum", "use MatMul, Gemm or Conv"],
  ["Elu", smooth],
  ["Erf", smooth],
  ["Gelu", smooth],
  ["GlobalLpPool", "use GlobalAveragePool or GlobalMaxPool"],
  ["GroupNormalization", "use BatchNormalization, which is linear in inference"],
  ["GRU", "recurrent layers are not read"],
  ["HardSwish", "use Relu or HardSigmoid alone"],
  ["If", "export the model for inference, without branches"],
  ["InstanceNormalization", "use BatchNormalization, which is linear in inference"],
  ["LayerNormalization", "use BatchNormalization, which is linear in inference"],
  ["Loop", "export the model for inference, without loops"],
  ["LpPool", "use AveragePool or MaxPool"],
  ["LRN", "use BatchNormalization, or leave it out"],
  ["LSTM", "recurrent layers are not read"],
  ["MatMulInteger", quantised],
  ["MaxRoiPool", "use MaxPool"],
  ["MaxUnpool", "use ConvTranspose"],
  ["Mish", smooth],
  ["NonMaxSuppression", "end at the scores"],
  ["QLinearConv", quantised],
  ["QLinearMatMul", quantised],
  ["QuantizeLinear", quantised],
  ["ReduceMin", "use Neg, ReduceMax and Neg"],
  ["RNN", "recurrent layers are not read"],
  ["Scan", "export the model for inference, without loops"],
  ["Selu", smooth],
  ["Shrink", "use Relu"],
  ["Sigmoid", "use Relu or HardSigmoid; at an output, end at the logits"],
  ["Softplus", smooth],
  ["Softsign", smooth],
  ["Swish", smooth],
  ["Tanh", smooth],
  ["TopK", "end at the logits"],
]);
