// A seeded random order, the same on every platform.
import { pcg32 } from "../random.ts";

/** The numbers from 0 to `count` − 1, each once (Fisher and Yates), from pcg32(seed). */
export function shuffled(count: number, seed: number): Uint32Array {
  const random = pcg32(seed);
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor((random() / 2 ** 32) * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}
