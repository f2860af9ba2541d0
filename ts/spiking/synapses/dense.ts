// Dense synapses: each neuron of the source reaches each neuron of the target.
import { sizeOf, type Shape } from "../../tensor.ts";
import { checkWeights, type Charges } from "../charges.ts";
import { denseMatrix, type DenseWeights } from "../dense-weights.ts";
import { baseKeys, usual, type SynapseBase, type SynapseRules } from "./rules.ts";

export interface DenseSynapse extends SynapseBase {
  readonly kind: "dense";
  /** Shape [outputs, inputs], both in channels-last order. */
  readonly weights: Charges;
}

export const dense: SynapseRules<DenseSynapse> = {
  ...usual,
  plastic: true,
  keys: baseKeys,
  check(place, { weights }, from, to, arithmetic) {
    checkWeights(place, weights, [sizeOf(to), sizeOf(from)], arithmetic);
  },
  rows({ weights }, from, to) {
    const rows = new Int32Array(2);
    const rowLength = sizeOf(to);
    const rowsOf = (neuron: number): number => {
      rows[1] = neuron * rowLength;
      return 1;
    };
    return { weights: transpose(weights, rowLength, sizeOf(from)), rowLength, rows, rowsOf };
  },
  walk({ weights }, to, visit) {
    const outputs = sizeOf(to);
    const inputs = weights.length / outputs;
    for (let output = 0, index = 0; output < outputs; output++) {
      for (let input = 0; input < inputs; input++, index++) visit(output, input, weights[index], index);
    }
  },
  fanout({ weights }, from) {
    const inputs = sizeOf(from);
    const [existing, nonzero] = [new Float64Array(inputs).fill(weights.length / inputs), new Float64Array(inputs)];
    for (let index = 0; index < weights.length; index++) if (weights[index] !== 0) nonzero[index % inputs]++;
    return { existing, nonzero };
  },
  pairs: ({ weights }) => weights.length,
  words: () => [0],
};

export function denseConnection(place: string, weights: DenseWeights, from: Shape, to: Shape) {
  return { kind: "dense" as const, weights: denseMatrix(place, weights, sizeOf(from), sizeOf(to)).data };
}

/** [outputs, inputs] to [inputs, outputs]. */
function transpose(weights: Charges, outputs: number, inputs: number): Charges {
  const transposed =
    weights instanceof Float32Array ? new Float32Array(weights.length) : new Int32Array(weights.length);
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++)
      transposed[input * outputs + output] = weights[output * inputs + input];
  }
  return transposed;
}
