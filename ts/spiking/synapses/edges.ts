// Lists of connections in any order, sorted into sparse rows.
import { checkNumbers, checkOptions, describe, isArrayLike } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { formatShape, sizeOf, type Shape } from "../../tensor.ts";
import { checkConnections, floatsOf, indicesOf } from "./copies.ts";

/** Connections in any order; the same pair may occur more than once. */
export interface Edges {
  /** Source neuron of each connection; neurons are numbered in channels-last order. */
  readonly from: ArrayLike<number>;
  /** Target neuron of each connection. */
  readonly to: ArrayLike<number>;
  /** One for each connection, or one for all. */
  readonly weights: ArrayLike<number> | number;
  /** Ticks of each connection, in addition to `delayTicks` of the synapse. Default: none. */
  readonly delayTicks?: ArrayLike<number>;
}

/** A sparse synapse, but for its ends, with connections sorted by source, then target, then as given. */
export function edgesConnection(place: string, edges: Edges, fromShape: Shape, toShape: Shape) {
  const given = checkOptions(`${place}: edges`, edges, { from: true, to: true, weights: true, delayTicks: true });
  const where = `${place}: edges`;
  const [sources, neurons] = [sizeOf(fromShape), sizeOf(toShape)];
  checkConnections(`${where}: from`, given.from);
  const { length } = given.from;
  checkNumbers(`${where}: to`, given.to, { length });
  checkEnds(`${where}: from`, given.from, sources, fromShape);
  checkEnds(`${where}: to`, given.to, neurons, toShape);
  const order = orderOf(given.from, given.to, sources, neurons);
  const offsets = new Uint32Array(sources + 1);
  for (let index = 0; index < length; index++) offsets[given.from[index] + 1]++;
  for (let source = 0; source < sources; source++) offsets[source + 1] += offsets[source];
  const { weights, delayTicks } = given;
  const same = typeof weights === "number";
  if (!same && !isArrayLike(weights))
    throw new LlifError("ARGUMENT", `${where}: weights: expected numbers, or one for all, got ${describe(weights)}`);
  if (!same) checkNumbers(`${where}: weights`, weights, { length });
  return {
    kind: "sparse" as const,
    offsets,
    targets: sorted(indicesOf(`${where}: to`, given.to), order),
    weights: same
      ? new Float32Array(length).fill(checkNumbers(`${where}: weights`, [weights])[0])
      : sorted(floatsOf(weights), order),
    ...(delayTicks === undefined
      ? {}
      : {
          delays: sorted(
            indicesOf(`${where}: delayTicks`, checkNumbers(`${where}: delayTicks`, delayTicks, { length })),
            order,
          ),
        }),
  };
}

function checkEnds(place: string, ends: ArrayLike<number>, size: number, shape: Shape): void {
  for (let index = 0; index < ends.length; index++) {
    const neuron = ends[index];
    if (neuron >= 0 && neuron < size && Number.isInteger(neuron)) continue;
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected integers from 0 to ${size - 1} (shape ${formatShape(shape)}), got ${neuron} at index ${index}`,
    );
  }
}

/** Indices of the connections in order, by two stable counting sorts; null if they are in order. */
function orderOf(from: ArrayLike<number>, to: ArrayLike<number>, sources: number, neurons: number): Uint32Array | null {
  let index = 1;
  while (
    index < from.length &&
    (from[index - 1] < from[index] || (from[index - 1] === from[index] && to[index - 1] <= to[index]))
  )
    index++;
  if (index >= from.length) return null;
  return counted(from, sources, counted(to, neurons, null));
}

/** Stable order by key of the connections in the order given. */
function counted(keys: ArrayLike<number>, size: number, order: Uint32Array | null): Uint32Array {
  const next = new Uint32Array(size + 1);
  for (let index = 0; index < keys.length; index++) next[keys[index] + 1]++;
  for (let key = 0; key < size; key++) next[key + 1] += next[key];
  const result = new Uint32Array(keys.length);
  for (let index = 0; index < keys.length; index++) {
    const connection = order === null ? index : order[index];
    result[next[keys[connection]]++] = connection;
  }
  return result;
}

function sorted<T extends Float32Array | Uint32Array>(values: T, order: Uint32Array | null): T {
  if (order === null) return values;
  const result = new (values.constructor as new (length: number) => T)(values.length);
  for (let index = 0; index < order.length; index++) result[index] = values[order[index]];
  return result;
}
