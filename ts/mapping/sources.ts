import { largestSum } from "../spiking/charge-range.ts";
import type { SpikingPool } from "../spiking/network.ts";
import { channelsOf, sizeOf, type Shape } from "../tensor.ts";
import { forEachPooled } from "../relu/windows.ts";
import { compressed, repeated } from "./fold/linear.ts";
import type { FoldedPool } from "./fold/graph.ts";

/** What one node's spikes stand for: activation = unit · N + shift. */
export interface CountSource {
  readonly shape: Shape;
  /** One for each channel, or one for all. */
  readonly unit: Float64Array;
  /** Null for zero, else one for each channel or element: of a complement, whose silence is its largest negative value. */
  readonly shift: Float64Array | null;
  /** Smallest and largest N of a window. */
  readonly smallest: number;
  readonly largest: number;
  /** Cells that one N may add up, by which weights of an average are smaller than others. */
  readonly members: number;
}

/** Counts of a pool, from those it reads. */
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
