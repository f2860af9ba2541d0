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
  const { weights, delayTicks } = given;
  const same = typeof weights === "number";
  if (!same && !isArrayLike(weights))
    throw new LlifError("ARGUMENT", `${where}: weights: expected numbers, or one for all, got ${describe(weights)}`);
  checkNumbers(`${where}: weights`, same ? [weights] : weights, { length: same ? 1 : length });
  const delays =
    delayTicks === undefined
      ? undefined
      : indicesOf(`${where}: delayTicks`, checkNumbers(`${where}: delayTicks`, delayTicks, { length }));
  const columns = [
    indicesOf(`${where}: to`, given.to),
    same ? new Float32Array(length).fill(weights) : floatsOf(weights),
    ...(delays === undefined ? [] : [delays]),
  ] as const;
  const offsets = offsetsOf(given.from, sources);
  const [targets, sortedWeights, sortedDelays] = isSorted(given.from, given.to)
    ? columns
    : sortedRows(given.from, offsets, columns);
  return {
    kind: "sparse" as const,
    offsets,
    targets: targets as Uint32Array,
    weights: sortedWeights as Float32Array,
    ...(delays === undefined ? {} : { delays: sortedDelays as Uint32Array }),
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

function offsetsOf(from: ArrayLike<number>, sources: number): Uint32Array {
  const offsets = new Uint32Array(sources + 1);
  for (let index = 0; index < from.length; index++) offsets[from[index] + 1]++;
  for (let source = 0; source < sources; source++) offsets[source + 1] += offsets[source];
  return offsets;
}

function isSorted(from: ArrayLike<number>, to: ArrayLike<number>): boolean {
  for (let index = 1; index < from.length; index++) {
    const ascends = from[index] - from[index - 1] || to[index] - to[index - 1];
    if (ascends < 0) return false;
  }
  return true;
}

type Column = Uint32Array | Float32Array;

/** Columns whose first has the targets: a counting sort by source, then each row by target; both are stable. */
function sortedRows(from: ArrayLike<number>, offsets: Uint32Array, columns: readonly Column[]): readonly Column[] {
  const next = offsets.slice();
  const rows = columns.map(emptyLike);
  for (let index = 0; index < from.length; index++) {
    const at = next[from[index]]++;
    for (let column = 0; column < columns.length; column++) rows[column][at] = columns[column][index];
  }
  for (let source = 0; source + 1 < offsets.length; source++) {
    const row = rows.map((column) => column.subarray(offsets[source], offsets[source + 1]));
    if (row[0].length > 1) sortRow(row);
  }
  return rows;
}

function emptyLike(column: Column): Column {
  return new (column.constructor as new (length: number) => Column)(column.length);
}

/** Sorts one row by target; connections to the same target keep their order. */
function sortRow([targets, ...others]: readonly Column[]): void {
  const { length } = targets;
  const keys = new Float64Array(length);
  for (let index = 0; index < length; index++) keys[index] = targets[index] * length + index;
  keys.sort();
  const before = others.map((column) => column.slice());
  for (let index = 0; index < length; index++) {
    const place = keys[index] % length;
    targets[index] = (keys[index] - place) / length;
    for (let column = 0; column < others.length; column++) others[column][index] = before[column][place];
  }
}
