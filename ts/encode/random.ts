/**
 * PCG32 (PCG-XSH-RR 64/32, O'Neill 2014): the same numbers in every runtime.
 * @param seed any integer from 0 to 2^53 − 1.
 */
export function pcg32(seed: number): () => number {
  const multiplier = 6364136223846793005n;
  const increment = 1442695040888963407n;
  const mask = (1n << 64n) - 1n;
  let state = (((increment + BigInt(seed)) & mask) * multiplier + increment) & mask;
  return () => {
    const old = state;
    state = (old * multiplier + increment) & mask;
    const word = Number((((old >> 18n) ^ old) >> 27n) & 0xffffffffn);
    const rotation = Number(old >> 59n);
    return ((word >>> rotation) | (word << (-rotation & 31))) >>> 0;
  };
}
