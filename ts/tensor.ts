/** Sizes without the batch dimension, channels last: `[height, width, channels]` or `[features]`. */
export type Shape = readonly number[];

/** Dense numbers in row-major order. */
export interface Tensor {
  readonly shape: Shape;
  readonly data: Float32Array;
}

/** Number of elements of a shape; 1 for `[]`. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

/** Channels of a channels-last shape: its last extent, 1 for `[]`. */
export function channelsOf(shape: Shape): number {
  return shape.length === 0 ? 1 : shape[shape.length - 1];
}

/** `[28,28,1]`, as shown in messages. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(",")}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, index) => extent === b[index]);
}
