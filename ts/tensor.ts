// Shapes and tensors.
import { LlifError } from "./errors.ts";

/** Sizes without the batch dimension, channels last: `[height, width, channels]` or `[features]`. */
export type Shape = readonly number[];

/** Dense numbers in row-major order. */
export interface Tensor {
  readonly shape: Shape;
  readonly data: Float32Array;
}

/** Number of elements of a shape; 1 for `[]`. */
export function sizeOf(shape: Shape): number {
  checkIsShape(shape);
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

/** Channels of a channels-last shape: its last extent, 1 for `[]`. */
export function channelsOf(shape: Shape): number {
  return shape.length === 0 ? 1 : shape[shape.length - 1];
}

/** A shape for messages: `[28,28,1]`. */
export function formatShape(shape: Shape): string {
  checkIsShape(shape);
  return `[${shape.join(",")}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, index) => extent === b[index]);
}

/** A cheap check that avoids raw errors; the checks of networks check the sizes. */
function checkIsShape(shape: Shape): void {
  const fits =
    (Array.isArray(shape) || ArrayBuffer.isView(shape)) &&
    !(shape as readonly unknown[]).some?.((extent) => typeof extent !== "number");
  if (!fits) throw new LlifError("ARGUMENT", "shape: expected an array of sizes");
}
