// The random number generator gives the numbers of PCG32's reference implementation.
import { expect, it } from "vitest";
import { pcg32 } from "../ts/random.ts";

/** As O'Neill gives it, in 64-bit integers. */
function plainPcg32(seed: number): () => number {
  const mask = (1n << 64n) - 1n;
  let state = 0n;
  const step = () => (state = (state * 6364136223846793005n + 1442695040888963407n) & mask);
  state = (1442695040888963407n + BigInt(seed)) & mask;
  step();
  return () => {
    const old = state;
    step();
    const word = Number((((old >> 18n) ^ old) >> 27n) & 0xffffffffn);
    const rotation = Number(old >> 59n);
    return ((word >>> rotation) | (word << (-rotation & 31))) >>> 0;
  };
}

it.each([0, 1, 42, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 0xdeadbeefcafe])(
  "gives PCG32's numbers from seed %i",
  (seed) => {
    const [fast, plain] = [pcg32(seed), plainPcg32(seed)];
    expect(Array.from({ length: 2000 }, fast)).toEqual(Array.from({ length: 2000 }, plain));
  },
);
