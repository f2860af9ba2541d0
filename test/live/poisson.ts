// The definition of background (docs/live.md): streams of pseudorandom numbers and Poisson counts, in integers of any size.
import type { Counts } from "./naive.ts";

const word = (value: bigint): bigint => BigInt.asUintN(32, value);

/** MurmurHash3's finaliser. */
function mixed(value: bigint): bigint {
  let bits = word(value);
  bits = word((bits ^ (bits >> 16n)) * 0x85ebca6bn);
  bits = word((bits ^ (bits >> 13n)) * 0xc2b2ae35n);
  return bits ^ (bits >> 16n);
}

/** Numbers from 0 to 2^32 − 1 of one neuron: PCG-XSH-RR 64/32 of O'Neill 2014. */
function stream(seed: number, neuron: number): () => number {
  const low = mixed(BigInt(seed) + 0x9e3779b9n * BigInt(neuron + 1));
  const high = mixed(low + mixed(BigInt(neuron) + 0x7f4a7c15n));
  let state = (high << 32n) | low;
  return () => {
    const shifted = word(((state >> 18n) ^ state) >> 27n);
    const turn = state >> 59n;
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    return Number(word((shifted >> turn) | (shifted << (32n - turn))));
  };
}

/** Least k ≤ 1000 with draw / 2^32 < P(count ≤ k). */
function poisson(mean: number, draw: number): number {
  let probability = Math.exp(-mean);
  let [count, sum] = [0, probability];
  while (draw / 2 ** 32 >= sum && count < 1000) {
    count++;
    probability = (probability * mean) / count;
    sum += probability;
  }
  return count;
}

/** Counts of these neurons, one draw a neuron and tick from tick `first` on; 0 for all others. */
export function backgroundCounts(mean: number, seed: number, neurons: Iterable<number>, first: number): Counts {
  const streams = new Map(
    Array.from(neurons, (neuron) => [neuron, { next: stream(seed, neuron), counts: [] as number[] }]),
  );
  return (tick, neuron) => {
    const found = streams.get(neuron);
    if (found === undefined) return 0;
    while (found.counts.length <= tick - first) found.counts.push(poisson(mean, found.next()));
    return found.counts[tick - first];
  };
}
