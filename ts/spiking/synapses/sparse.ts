// Sparse synapses: for each neuron of the source a list of targets with weights (compressed sparse rows).
import { checkLength, checkNumbers, checkOptions, describe, isTypedArray } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { sizeOf } from "../../tensor.ts";
import { bitsOf, checkWeights, maximumDelay, type Charges } from "../charges.ts";
import { checkConnectionCount, checkConnections, floatsOf, indicesOf } from "./copies.ts";
import { baseKeys, usual, type SynapseBase, type SynapseRules } from "./rules.ts";

/** Compressed sparse rows by source neuron; neurons are numbered in channels-last order. */
export interface SparseSynapse extends SynapseBase {
  readonly kind: "sparse";
  /** Connections of source neuron n are those from `offsets[n]` up to `offsets[n + 1]`: one more than there are neurons. */
  readonly offsets: Uint32Array;
  /** Target neuron of each connection, ascending for each source; a target may repeat. */
  readonly targets: Uint32Array;
  /** One for each connection. */
  readonly weights: Charges;
  /** Ticks of each connection, in addition to `delayTicks`; absent: none. */
  readonly delays?: Uint32Array;
}

/** The builder's option: the arrays of a `SparseSynapse`, as any lists of numbers. */
export interface SparseRows {
  readonly offsets: ArrayLike<number>;
  readonly targets: ArrayLike<number>;
  readonly weights: ArrayLike<number>;
  readonly delays?: ArrayLike<number>;
}

export const sparse: SynapseRules<SparseSynapse> = {
  ...usual,
  codes: "rate",
  plastic: true,
  keys: { ...baseKeys, offsets: true, targets: true, delays: true },
  check(place, { offsets, targets, weights, delays, delayTicks }, from, to, arithmetic) {
    for (const [name, values] of Object.entries({ offsets, targets })) {
      if (!isTypedArray(values, "Uint32Array"))
        throw new LlifError("ARGUMENT", `${place}: ${name}: expected a Uint32Array, got ${describe(values)}`);
    }
    checkConnectionCount(`${place}: targets`, targets.length);
    const [sources, neurons] = [sizeOf(from), sizeOf(to)];
    checkLength(`${place}: offsets`, offsets, [sources + 1]);
    if (offsets[0] !== 0 || offsets[sources] !== targets.length)
      throw new LlifError(
        "SHAPE",
        `${place}: offsets: expected 0 first and ${targets.length}, the number of targets, last, got ${offsets[0]} and ${offsets[sources]}`,
      );
    for (let source = 0; source < sources; source++) {
      if (offsets[source + 1] >= offsets[source]) continue;
      throw new LlifError(
        "ARGUMENT",
        `${place}: offsets: expected no smaller number after ${offsets[source]}, got ${offsets[source + 1]} at index ${source + 1}`,
      );
    }
    for (let source = 0; source < sources; source++) {
      for (let index = offsets[source], least = 0; index < offsets[source + 1]; least = targets[index++]) {
        if (targets[index] >= least && targets[index] < neurons) continue;
        throw new LlifError(
          "ARGUMENT",
          `${place}: targets of source neuron ${source}: expected ascending numbers below ${neurons}, got ${targets[index]} at index ${index}`,
        );
      }
    }
    checkWeights(place, weights, [targets.length], arithmetic);
    if (delays === undefined) return;
    if (!isTypedArray(delays, "Uint32Array"))
      throw new LlifError("ARGUMENT", `${place}: delays: expected a Uint32Array, got ${describe(delays)}`);
    checkLength(`${place}: delays`, delays, [targets.length]);
    const most = maximumDelay - delayTicks;
    const wrong = delays.findIndex((delay) => delay > most);
    if (wrong >= 0)
      throw new LlifError(
        "ARGUMENT",
        `${place}: delays: expected at most ${maximumDelay} ticks with delayTicks, got ${delayTicks + delays[wrong]} at index ${wrong}`,
      );
  },
  rows({ offsets, targets, weights }) {
    let most = 0;
    for (let source = 1; source < offsets.length; source++)
      most = Math.max(most, offsets[source] - offsets[source - 1]);
    const rows = new Int32Array(2 * most);
    const rowsOf = (neuron: number): number => {
      const first = offsets[neuron];
      const count = offsets[neuron + 1] - first;
      for (let index = 0; index < count; index++) {
        rows[2 * index] = targets[first + index];
        rows[2 * index + 1] = first + index;
      }
      return count;
    };
    return { weights, rowLength: 1, rows, rowsOf };
  },
  walk({ offsets, targets, weights }, _to, visit) {
    for (let source = 0; source + 1 < offsets.length; source++) {
      for (let index = offsets[source]; index < offsets[source + 1]; index++)
        visit(targets[index], source, weights[index], index);
    }
  },
  fanout({ offsets, weights }, from) {
    const [existing, nonzero] = [new Float64Array(sizeOf(from)), new Float64Array(sizeOf(from))];
    for (let source = 0; source < existing.length; source++) {
      existing[source] = offsets[source + 1] - offsets[source];
      for (let index = offsets[source]; index < offsets[source + 1]; index++)
        if (weights[index] !== 0) nonzero[source]++;
    }
    return { existing, nonzero };
  },
  pairs: ({ weights }) => weights.length,
  words: ({ weights }) => [5, weights.length],
  indices: ({ offsets, targets, delays }) => offsets.length + targets.length + (delays?.length ?? 0),
  arrays: ({ offsets, targets, weights }) => [offsets, targets, bitsOf(weights)],
};

export function sparseConnection(place: string, rows: SparseRows) {
  const { offsets, targets, weights, delays } = checkOptions(`${place}: sparse`, rows, {
    offsets: true,
    targets: true,
    weights: true,
    delays: true,
  });
  const indices = (name: string, values: ArrayLike<number>): Uint32Array =>
    indicesOf(`${place}: ${name}`, checkConnections(`${place}: ${name}`, values));
  return {
    kind: "sparse" as const,
    offsets: indices("offsets", offsets),
    targets: indices("targets", targets),
    weights: floatsOf(checkNumbers(`${place}: weights`, weights)),
    ...(delays === undefined ? {} : { delays: indices("delays", delays) }),
  };
}
