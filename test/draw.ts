// Seeded random choices for tests.
import { pcg32 } from "../ts/random.ts";

/** Seeded draws, so that a failing network shrinks to a small seed. */
export class Draw {
  readonly #next: () => number;
  constructor(seed: number) {
    this.#next = pcg32(seed);
  }
  unit(): number {
    return this.#next() / 2 ** 32;
  }
  integer(from: number, to: number): number {
    return from + (this.#next() % (to - from + 1));
  }
  chance(percent: number): boolean {
    return this.integer(1, 100) <= percent;
  }
  of<T>(...choices: readonly T[]): T {
    return choices[this.integer(0, choices.length - 1)];
  }
  floats(length: number, spread = 1): Float32Array {
    return Float32Array.from({ length }, () => (this.unit() * 2 - 1) * spread);
  }
}
