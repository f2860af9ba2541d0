import { matMul, gemm } from "./dense.ts";
import { arithmetic, clip, relu, softmax, sum } from "./elementwise.ts";
import type { Operator } from "./graph.ts";
import { cast, concat, constant, constantOfShape, dropout, flatten, identity, reshape, squeeze, transpose } from "./shaping.ts";
import { batchNormalization, conv, globalPool, pool } from "./windows.ts";

/** Every operator that is read; all others are refused. */
export const operators: ReadonlyMap<string, Operator> = new Map([
  ["Add", arithmetic],
  ["AveragePool", pool],
  ["BatchNormalization", batchNormalization],
  ["Cast", cast],
  ["Clip", clip],
  ["Concat", concat],
  ["Constant", constant],
  ["ConstantOfShape", constantOfShape],
  ["Conv", conv],
  ["Div", arithmetic],
  ["Dropout", dropout],
  ["Flatten", flatten],
  ["Gemm", gemm],
  ["GlobalAveragePool", globalPool],
  ["GlobalMaxPool", globalPool],
  ["Identity", identity],
  ["MatMul", matMul],
  ["MaxPool", pool],
  ["Mul", arithmetic],
  ["Relu", relu],
  ["Reshape", reshape],
  ["Softmax", softmax],
  ["Squeeze", squeeze],
  ["Sub", arithmetic],
  ["Sum", sum],
  ["Transpose", transpose],
  ["Unsqueeze", squeeze],
]);

/** What to do instead, for operators that are met often. */
export const alternatives: ReadonlyMap<string, string> = new Map([
  ["Elu", "use Relu"],
  ["Gelu", "use Relu"],
  ["HardSigmoid", "use Relu or Clip from 0"],
  ["HardSwish", "use Relu or Clip from 0"],
  ["LeakyRelu", "use Relu"],
  ["LogSoftmax", "use Softmax, or end at the logits"],
  ["LRN", "use BatchNormalization"],
  ["Pad", "use the pads of Conv or of a pool"],
  ["PRelu", "use Relu"],
  ["ReduceMean", "use GlobalAveragePool"],
  ["Sigmoid", "use Relu; at an output, end at the logits"],
  ["Tanh", "use Relu"],
  ["ConvTranspose", "use Conv"],
]);
