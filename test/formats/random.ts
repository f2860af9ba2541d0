// Seeded random tensors.
import { sizeOf, type Shape, type Tensor } from "../../ts/tensor.ts";

/** Uniform in [0, 1), from a seed (mulberry32). */
export function pseudoRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Values in [−1, 1). */
export function randomValues(random: () => number, length: number): Float32Array {
  return Float32Array.from({ length }, () => random() * 2 - 1);
}

export function randomTensor(random: () => number, ...shape: number[]): Tensor {
  return { shape, data: randomValues(random, sizeOf(shape)) };
}

/** [height, width, channels] → [channels, height, width]; other shapes as they are. */
export function toChannelsFirst(values: Float32Array, shape: Shape): Float32Array {
  if (shape.length !== 3) return values;
  const [height, width, channels] = shape;
  const moved = new Float32Array(values.length);
  values.forEach((value, index) => {
    moved[(index % channels) * height * width + Math.floor(index / channels)] = value;
  });
  return moved;
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (let index = 0; index < a.length; index++) largest = Math.max(largest, Math.abs(a[index] - b[index]));
  return Number.isNaN(largest) ? Infinity : largest;
}
