// Choices of the fuzzer, the same in every run for the same seed.
import { pcg32 } from "../../ts/random.ts";

export class Random {
  readonly #next: () => number;

  /** @param keys together make the seed: each gives another sequence. */
  constructor(...keys: readonly (string | number)[]) {
    let hash = 0x811c9dc5;
    for (const character of keys.join("\0")) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193) >>> 0;
    this.#next = pcg32(hash);
  }

  /** An integer from 0 to `end` − 1; 0 where `end` is 0. */
  below(end: number): number {
    return Math.floor((this.#next() / 2 ** 32) * end);
  }

  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  weighted<T>(pairs: readonly (readonly [weight: number, value: T])[]): T {
    let at = this.below(pairs.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, value] of pairs) if ((at -= weight) < 0) return value;
    return pairs[0][1];
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)));
  }
}
