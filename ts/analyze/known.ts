// Results of an earlier evaluation that need not be computed again: float decisions and twin hashes.
import { LlifError } from "../errors.ts";
import { argmax } from "../relu/forward.ts";
import { outputsOf, populationsOf, type SpikingNetwork } from "../spiking/network.ts";
import { sizeOf } from "../tensor.ts";

/** Results of the quantised twin, shape [samples, ticks that have a twin]: one, but in refined phase (`twinTicks`). */
export interface TwinResults {
  readonly decisions: Uint32Array;
  /** 53-bit hashes of all counts and charges, exact in a float64. */
  readonly hashes: Float64Array;
}

/** Results for a whole data set that need not be computed again, by position in the set. */
export interface KnownResults {
  readonly relu?: KnownPart<{ readonly decisions: Uint32Array }>;
  readonly twin?: KnownPart<TwinResults>;
}

export interface KnownPart<T> {
  /** Results of a part, with its share of the original computing time. */
  part(first: number, count: number): T & { readonly microseconds: number };
}

/**
 * @param microseconds original computing time of all results.
 * @param offset position of the first result in the set.
 * @param width results of each sample.
 * @throws {LlifError} DATA for a part outside.
 */
export function knownPart<T extends Readonly<Record<string, Uint32Array | Float64Array>>>(
  all: T,
  microseconds: number,
  offset = 0,
  width = 1,
): KnownPart<T> {
  const total = Object.values(all)[0].length / width;
  const until = (index: number) => Math.floor((microseconds * index) / total);
  return {
    part(position, count) {
      const first = position - offset;
      if (first < 0 || first + count > total)
        throw new LlifError("DATA", `known results: expected at least ${first + count} samples, got ${total}`);
      const sliced = Object.fromEntries(
        Object.entries(all).map(([key, values]) => [key, values.slice(first * width, (first + count) * width)]),
      ) as unknown as T;
      return { ...sliced, microseconds: until(first + count) - until(first) };
    },
  };
}

/** Decisions and hashes of a batch. @param result by node, shape [samples, neurons]. */
export function twinResults(
  network: SpikingNetwork,
  result: {
    readonly charges: Readonly<Record<string, Int32Array>>;
    readonly counts: Readonly<Record<string, Uint32Array | Int32Array>>;
  },
  samples: number,
): TwinResults {
  return resultsOf(
    network,
    result.charges,
    samples,
    (index, charges) => runHashes(network, rowOf(result.counts, index, samples), charges).all,
  );
}

/** Like `twinResults`, with counts hashed by the core. */
export function digestedResults(
  network: SpikingNetwork,
  { charges, hashes }: { readonly charges: Readonly<Record<string, Int32Array>>; readonly hashes: Uint32Array },
  samples: number,
): TwinResults {
  return resultsOf(network, charges, samples, (index, row) =>
    withCharges(network, [hashes[2 * index], hashes[2 * index + 1]], row),
  );
}

function resultsOf(
  network: SpikingNetwork,
  charges: Readonly<Record<string, Int32Array>>,
  samples: number,
  hash: (index: number, charges: Readonly<Record<string, Int32Array>>) => number,
): TwinResults {
  const decisions = new Uint32Array(samples);
  const hashes = new Float64Array(samples);
  for (let index = 0; index < samples; index++) {
    const row = rowOf(charges, index, samples);
    decisions[index] = decisionOf(network, row);
    hashes[index] = hash(index, row);
  }
  return { decisions, hashes };
}

/** The values of one sample of a batch, by node name. */
export function rowOf<T extends Int32Array | Uint32Array | Float32Array>(
  values: Readonly<Record<string, T>>,
  index: number,
  samples: number,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(values).map(([name, all]) => [
      name,
      all.subarray((index * all.length) / samples, ((index + 1) * all.length) / samples),
    ]),
  ) as Record<string, T>;
}

function decisionOf(network: SpikingNetwork, charges: Readonly<Record<string, ArrayLike<number>>>): number {
  const output = outputsOf(network)[0];
  const logits = Float64Array.from(
    { length: sizeOf(output.shape) },
    (_, k) => charges[output.name][k] * output.unit[k % output.unit.length],
  );
  return argmax(output.rectified ? logits.map((logit) => Math.max(0, logit)) : logits);
}

/** Hashes of one run: of its counts, and of its counts and charges. */
export interface RunHashes {
  /** 32 bits over the counts of every population. */
  readonly counts: number;
  /** 53 bits over all counts and charges, exact in a float64. */
  readonly all: number;
}

/**
 * Hashes over the counts of every population and the charges of every output, word by word. Two multiplicative hashes
 * with different constants are used: a change of one number always changes the result, other changes are missed with
 * probability 2^−53. The first hash (FNV-1a), read before the charges, is the hash of the counts alone.
 */
export function runHashes(
  network: SpikingNetwork,
  counts: Readonly<Record<string, ArrayLike<number>>>,
  charges: Readonly<Record<string, ArrayLike<number>>>,
): RunHashes {
  let state: HashState = [0x811c9dc5, 0x2545f491];
  for (const { name } of populationsOf(network)) state = hashed(state, counts[name] ?? []);
  return { counts: state[0] >>> 0, all: withCharges(network, state, charges) };
}

type HashState = readonly [number, number];

function withCharges(
  network: SpikingNetwork,
  state: HashState,
  charges: Readonly<Record<string, ArrayLike<number>>>,
): number {
  let after = state;
  for (const { name } of outputsOf(network)) after = hashed(after, charges[name] ?? []);
  return (after[0] >>> 0) * 2 ** 21 + (after[1] >>> 11);
}

/** Keeps the state in local variables: captured variables took five times as long. */
function hashed([before, beforeSecond]: HashState, values: ArrayLike<number>): HashState {
  let first = before;
  let second = beforeSecond;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    first = Math.imul(first ^ value, 0x01000193);
    second = Math.imul((second ^ value) + (second >>> 15), 0x85ebca6b);
  }
  return [first, second];
}
