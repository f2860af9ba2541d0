// Records the calls that fill the live core, for the native program: crates/native/src/live.rs lists them.
import type { Spikes } from "./models.ts";

/** Numbers of the calls. */
const calls = {
  inputs: 0,
  population: 1,
  group: 2,
  targets: 3,
  weights: 4,
  plastic: 5,
  complete: 6,
  background: 7,
  run: 8,
  plasticList: 9,
} as const;

type Words = Uint32Array;

/** A file of 32-bit words, in parts: one array for all would have to be copied once more. */
export class FlatLive {
  readonly parts: Uint8Array[] = [];
  #groups = 0;
  #learning = 0;

  constructor() {
    this.parts.push(new TextEncoder().encode("LLIFLIVE"));
  }

  /** A class with the calls of `RawLive` that fill a network. */
  recorder(): new (inputs: number) => object {
    const record = (...call: Parameters<FlatLive["record"]>) => this.record(...call);
    const nextGroup = () => this.#groups++;
    const nextLearning = () => this.#learning++;
    return class {
      constructor(inputs: number) {
        record(calls.inputs, [inputs]);
      }
      population(words: Words): void {
        record(calls.population, [], words);
      }
      group(words: Words): number {
        record(calls.group, [], words);
        return nextGroup();
      }
      targets(group: number, targets: Words): void {
        record(calls.targets, [group], targets);
      }
      weights(group: number, bits: Words): void {
        record(calls.weights, [group], bits);
      }
      plastic(words: Words): number {
        record(calls.plastic, [], words);
        return nextLearning();
      }
      plasticList(number: number, list: number, words: Words): void {
        record(calls.plasticList, [number, list], words);
      }
      complete(longest: Words): void {
        record(calls.complete, [], longest);
      }
      background(
        node: number,
        into: number,
        mean: number,
        zero: number,
        weight: number,
        neurons: Words,
        states: Words,
      ): void {
        const numbers = new Uint32Array(Float64Array.of(mean, zero, weight).buffer);
        record(calls.background, [node, into, ...numbers], neurons, states);
      }
      free(): void {}
    };
  }

  /** The input of the run. */
  input({ ticks, neurons }: Spikes, length: number): void {
    const starts = new Uint32Array(length + 1);
    for (const tick of ticks) starts[tick + 1]++;
    for (let tick = 0; tick < length; tick++) starts[tick + 1] += starts[tick];
    this.record(calls.run, [length], neurons, starts);
  }

  /** Numbers come before arrays, each of which follows its length. */
  record(call: number, numbers: readonly number[], ...arrays: readonly Words[]): void {
    this.#push(Uint32Array.of(call, ...numbers));
    for (const array of arrays) {
      this.#push(Uint32Array.of(array.length));
      // The caller may use its array again.
      this.#push(array.slice());
    }
  }

  #push(words: Words): void {
    this.parts.push(new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
  }
}
