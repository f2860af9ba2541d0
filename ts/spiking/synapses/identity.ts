// Identity synapses: each neuron reaches the one with the same index.
import { LlifError } from "../../errors.ts";
import { channelsOf, formatShape, sizeOf, type Shape } from "../../tensor.ts";
import { checkCharges, type Charges } from "../charges.ts";
import { perNeuron, type PerNeuron } from "../neurons/rows.ts";
import { baseKeys, usual, type SynapseBase, type SynapseRules } from "./rules.ts";

/** One to one; one weight per channel, or one per neuron. */
export interface IdentitySynapse extends SynapseBase {
  readonly kind: "identity";
  readonly weights: Charges;
}

export const identity: SynapseRules<IdentitySynapse> = {
  ...usual,
  keys: baseKeys,
  outputs: "channels",
  oneToOne: true,
  check(place, { weights }, from, to, arithmetic) {
    if (sizeOf(from) !== sizeOf(to))
      throw new LlifError(
        "SHAPE",
        `${place}: expected as many neurons on both sides, got ${formatShape(from)} and ${formatShape(to)}`,
      );
    checkCharges(`${place}: weights`, weights, to, arithmetic);
  },
  rows({ weights }) {
    const rows = new Int32Array(2);
    const rowsOf = (neuron: number): number => {
      rows[0] = neuron;
      rows[1] = neuron % weights.length;
      return 1;
    };
    return { weights, rowLength: 1, rows, rowsOf };
  },
  walk({ weights }, _to, visit) {
    for (let index = 0; index < weights.length; index++) visit(index, index, weights[index], index);
  },
  fanout({ weights }, from) {
    const inputs = sizeOf(from);
    const nonzero = Float64Array.from({ length: inputs }, (_, index) => Number(weights[index % weights.length] !== 0));
    return { existing: new Float64Array(inputs).fill(1), nonzero };
  },
  pairs: (_, to) => sizeOf(to),
  words({ weights }, to) {
    const perChannel = weights.length === channelsOf(to) && weights.length !== sizeOf(to);
    return [perChannel ? 2 : 3];
  },
};

/** @param weights one for all, one a channel, or one a neuron. */
export function identityConnection(place: string, weights: PerNeuron, _from: Shape, to: Shape) {
  return { kind: "identity" as const, weights: perNeuron(`${place}: identity`, weights, to) };
}
