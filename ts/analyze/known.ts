import { LlifError } from "../errors.ts";
import { argmax } from "../relu/forward.ts";
import { outputsOf, populationsOf, type SpikingNetwork } from "../spiking/network.ts";
import { sizeOf } from "../tensor.ts";

/** Of the quantised twin, one entry for each sample. */
export interface TwinResults {
  readonly decisions: Uint32Array;
  /** Of all counts and charges: 53 bits, exact in a float64. */
  readonly hashes: Float64Array;
}

/** Results over a whole data set that can be had without computing them again, by position in the set. */
export interface KnownResults {
  readonly relu?: KnownPart<{ readonly decisions: Uint32Array }>;
  readonly twin?: KnownPart<TwinResults>;
}

export interface KnownPart<T> {
  /** `microseconds`: this part's share of the time that computing all of them took. */
  part(first: number, count: number): T & { readonly microseconds: number };
}

/** @param microseconds that all took when they were computed. @param offset position in the set of the first that is held. @throws {LlifError} DATA where a part lies outside. */
export function knownPart<T extends Readonly<Record<string, Uint32Array | Float64Array>>>(
  all: T,
  microseconds: number,
  offset = 0,
): KnownPart<T> {
  const total = Object.values(all)[0].length;
  const until = (index: number) => Math.floor((microseconds * index) / total);
  return {
    part(position, count) {
      const first = position - offset;
      if (first < 0 || first + count > total)
        throw new LlifError("DATA", `known results: expected at least ${first + count} samples, got ${total}`);
      const sliced = Object.fromEntries(
        Object.entries(all).map(([key, values]) => [key, values.slice(first, first + count)]),
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

/** As `twinResults`, where the core has hashed the counts. */
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

function rowOf<T extends Int32Array | Uint32Array>(
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

/** Of one run: what tells its counts from others, and what tells its counts and charges from the twin's. */
export interface RunHashes {
  /** 32 bits over the counts of every population. */
  readonly counts: number;
  /** 53 bits over all counts and charges, exact in a float64. */
  readonly all: number;
}

/**
 * Hashes over the counts of every population and the charges of every output, one word at a time. Each word passes two
 * multiplicative hashes of different constants, so that a change of one number always changes the result, and others go unseen
 * with a chance of 2^−53. The first (FNV-1a), taken before the charges, is the hash of the counts alone.
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

/** The state in local variables of the loop: captured ones took five times as long. */
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
