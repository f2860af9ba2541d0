// The largest counts that reach a layer, from which its integer range follows.
import { largestSum } from "../spiking/charge-range.ts";
import type { SpikingPool } from "../spiking/network.ts";
import { channelsOf, sizeOf, type Shape } from "../tensor.ts";
import { forEachPooled } from "../relu/windows.ts";
import { compressed, repeated } from "./fold/linear.ts";
import type { FoldedPool } from "./fold/graph.ts";

/** The meaning of a node's counts: activation = unit · N + shift. */
export interface CountSource {
  readonly shape: Shape;
  /** One per channel, or one for all. */
  readonly unit: Float64Array;
  /**
   * Null for zero; otherwise per channel or element, for a complement, whose zero count is its largest negative value.
   */
  readonly shift: Float64Array | null;
  /** Smallest and largest N in a window. */
  readonly smallest: number;
  readonly largest: number;
  /** Number of cells that one N adds up; weights of an average are that much smaller. */
  readonly members: number;
}

/** Counts of a pool, from its source's. */
export function pooledSource(
  pool: FoldedPool | SpikingPool,
  multiplicity: ArrayLike<number> | null,
  source: CountSource,
): CountSource {
  const { shape } = pool;
  if (pool.mode === "max") return { ...source, shape };
  const members = largestSum(pool, multiplicity, source.shape);
  return {
    shape,
    unit: source.unit,
    shift: source.shift === null ? null : summedShift(pool, multiplicity, source, source.shift),
    smallest: source.smallest * members,
    largest: source.largest * members,
    members: source.members * members,
  };
}

function summedShift(
  pool: FoldedPool | SpikingPool,
  multiplicity: ArrayLike<number> | null,
  source: CountSource,
  shift: Float64Array,
): Float64Array {
  const channels = channelsOf(pool.shape);
  const inside = repeated(shift, sizeOf(source.shape));
  const sums = new Float64Array(sizeOf(pool.shape));
  forEachPooled(pool, source.shape, pool.shape, (output, input) => (sums[output] += inside[input]));
  return compressed(
    sums.map((sum, index) => sum * (multiplicity?.[Math.floor(index / channels)] ?? 1)),
    channels,
  );
}
