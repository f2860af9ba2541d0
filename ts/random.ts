// The seeded random number generator (PCG32): the same numbers on every platform.
import { checkInteger } from "./check.ts";

/** Multiplier and increment of the 64-bit state, as high and low words. */
const [multiplierHigh, multiplierLow] = [0x5851f42d, 0x4c957f2d];
const [incrementHigh, incrementLow] = [0x14057b7e, 0xf767814f];

/**
 * PCG32 (PCG-XSH-RR 64/32, O'Neill 2014). It computes in 32-bit words, because BigInt is a hundred times slower.
 * @param seed any integer from 0 to 2^53 − 1.
 */
export function pcg32(seed: number): () => number {
  checkInteger("pcg32: seed", seed, 0);
  const state = new Uint32Array(2);
  const low = (incrementLow + (seed % 2 ** 32)) >>> 0;
  state[0] = incrementHigh + Math.floor(seed / 2 ** 32) + (low < incrementLow ? 1 : 0);
  state[1] = low;
  nextOf(state, 0);
  return () => nextOf(state, 0);
}

/** The next number of the stream whose state is at `states[at]` (high word) and `states[at + 1]`; advances it. */
export function nextOf(states: Uint32Array, at: number): number {
  const [high, low] = [states[at], states[at + 1]];
  const productLow = Math.imul(low, multiplierLow);
  const productHigh =
    (highProduct(low, multiplierLow) + Math.imul(high, multiplierLow) + Math.imul(low, multiplierHigh)) | 0;
  const nextLow = (productLow + incrementLow) | 0;
  states[at + 1] = nextLow;
  // Adds the carry of the low words.
  states[at] = productHigh + incrementHigh + (nextLow >>> 0 < productLow >>> 0 ? 1 : 0);
  // The low 32 bits of ((old >> 18) ^ old) >> 27.
  const mixedHigh = (high >>> 18) ^ high;
  const mixedLow = ((low >>> 18) | (high << 14)) ^ low;
  const word = (mixedLow >>> 27) | (mixedHigh << 5);
  const rotation = high >>> 27;
  return ((word >>> rotation) | (word << (-rotation & 31))) >>> 0;
}

/** High word of the 64-bit product of two unsigned words. */
function highProduct(a: number, b: number): number {
  const [aHigh, aLow, bHigh, bLow] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  return aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(((middle & 0xffff) + aLow * bHigh) / 65536);
}
