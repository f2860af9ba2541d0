// Images that a learner takes: pixels of one image or many, in one array.
import { checkNumbers, describe, isTypedArray } from "../check.ts";
import type { ImageDataset } from "../data/dataset.ts";
import { LlifError } from "../errors.ts";

/** Pixels 0…255, shape [images, inputs] or one image; or a data set; or one array an image. */
export type LearnerImages = Uint8Array | Uint8ClampedArray | readonly (Uint8Array | Uint8ClampedArray)[] | ImageDataset;

/**
 * The pixels in one array, shape [images, inputs].
 * @throws {LlifError} ARGUMENT for anything but bytes, SHAPE for another size.
 */
export function pixelsOf(place: string, images: LearnerImages, inputs: number): Uint8Array {
  const given =
    typeof images === "object" && images !== null && "images" in images && !Array.isArray(images)
      ? images.images
      : images;
  if (Array.isArray(given)) {
    if (given.length === 0) throw new LlifError("SHAPE", `${place}: expected at least one image, got an array of 0`);
    const all = new Uint8Array(given.length * inputs);
    given.forEach((image: Uint8Array, index) => {
      const pixels = bytesOf(`${place}: image ${index}`, image);
      if (pixels.length !== inputs)
        throw new LlifError("SHAPE", `${place}: image ${index}: expected ${inputs} pixels, got ${pixels.length}`);
      all.set(pixels, index * inputs);
    });
    return all;
  }
  const pixels = bytesOf(place, given);
  if (pixels.length === 0 || pixels.length % inputs !== 0)
    throw new LlifError("SHAPE", `${place}: expected images of ${inputs} pixels each, got ${pixels.length} bytes`);
  return pixels;
}

function bytesOf(place: string, value: unknown): Uint8Array {
  if (isTypedArray(value, "Uint8Array")) return value as Uint8Array;
  if (value instanceof Uint8ClampedArray) return new Uint8Array(value.buffer, value.byteOffset, value.length);
  throw new LlifError(
    "ARGUMENT",
    `${place}: expected pixels 0…255 as a Uint8Array, got ${describe(value)}; scale real values first: Uint8Array.from(values, (value) => Math.round(255 * value))`,
  );
}

/** Labels of data sets are at most 16 bits wide. */
export const mostClasses = 2 ** 16;

/** Labels, one an image. @throws {LlifError} SHAPE or ARGUMENT */
export function labelsOf(place: string, labels: ArrayLike<number>, images: number, classes?: number): Uint32Array {
  const list = Uint32Array.from(checkNumbers(place, labels));
  if (list.length !== images)
    throw new LlifError("SHAPE", `${place}: expected one label for each of ${images} images, got ${list.length}`);
  const most = classes ?? mostClasses;
  for (let index = 0; index < list.length; index++) {
    if (labels[index] === list[index] && list[index] < most) continue;
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected class numbers from 0 to ${most - 1}, got ${describe(labels[index])} at image ${index}`,
    );
  }
  return list;
}
