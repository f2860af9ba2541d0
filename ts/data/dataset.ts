// The data type of image data sets: images of one size with labels; slices, and hashes of the content.
import {
  checkInteger,
  checkObject,
  checkOneOf,
  checkOptions,
  checkString,
  checkStrings,
  describe,
  isTypedArray,
  type OptionKeys,
} from "../check.ts";
import { LlifError } from "../errors.ts";
import { formatShape, sizeOf } from "../tensor.ts";

export type Split = "train" | "test";

/** Images of one size, as uint8 pixels. */
export interface ImageDataset {
  readonly name: string;
  readonly split: Split;
  /** [height, width, channels]. Colours are RGB, or BGR after `prepareDataset` for a model that takes BGR. */
  readonly shape: readonly [number, number, number];
  /** Shape [count, height, width, channels], row-major, 0…255. */
  readonly images: Uint8Array;
  /** One class index per image, an index into `classes`; null for unlabelled images. */
  readonly labels: Uint8Array | Uint16Array | null;
  readonly classes: readonly string[];
  readonly count: number;
}

/** Options of `imageDataset`. `count` is accepted too, so that a data set can be passed, and computed again. */
const partKeys: OptionKeys<ImageDataset> = {
  name: true,
  split: true,
  shape: true,
  images: true,
  labels: true,
  classes: true,
  count: true,
};

function checkParts(place: string, { name, split, shape, images, labels, classes }: Omit<ImageDataset, "count">): void {
  checkString(`${place}: name`, name);
  checkOneOf(`${place}: split`, split, ["train", "test"]);
  if (!Array.isArray(shape) || shape.length !== 3)
    throw new LlifError("ARGUMENT", `${place}: shape: expected [height, width, channels], got ${describe(shape)}`);
  for (const extent of shape) checkInteger(`${place}: shape`, extent, 0);
  if (!isTypedArray(images, "Uint8Array"))
    throw new LlifError("ARGUMENT", `${place}: images: expected a Uint8Array, got ${describe(images)}`);
  if (labels !== null && !isTypedArray(labels, "Uint8Array") && !isTypedArray(labels, "Uint16Array"))
    throw new LlifError(
      "ARGUMENT",
      `${place}: labels: expected a Uint8Array, a Uint16Array or null, got ${describe(labels)}`,
    );
  checkStrings(`${place}: classes`, classes);
}

/** Checks an argument that should be a data set made by `imageDataset`. */
export function requireDataset(place: string, dataset: ImageDataset): void {
  checkParts(place, checkObject(place, dataset, "an image data set"));
  checkInteger(`${place}: count`, dataset.count, 1);
}

/**
 * Makes a data set: checks that the parts fit together and counts the images.
 * @throws {LlifError} `DATA` if it is empty, mislabelled or has unequal counts.
 */
export function imageDataset(parts: Omit<ImageDataset, "count">): ImageDataset {
  const { name, split, shape, images, labels, classes } = checkOptions("imageDataset", parts, partKeys);
  checkParts("imageDataset", parts);
  const place = `data set "${name}" (${split})`;
  const pixels = sizeOf(shape);
  const count = pixels === 0 ? 0 : (labels?.length ?? images.length / pixels);
  if (count === 0)
    throw new LlifError("DATA", `${place}: expected at least one image, got none of shape ${formatShape(shape)}`);
  if (labels === null) {
    if (!Number.isInteger(count))
      throw new LlifError(
        "DATA",
        `${place}: expected images of shape ${formatShape(shape)}, got ${images.length} bytes`,
      );
    return { name, split, shape, images, labels, classes, count };
  }
  if (images.length !== labels.length * pixels) {
    throw new LlifError(
      "DATA",
      `${place}: expected as many labels as images of shape ${formatShape(shape)}, got ${labels.length} labels and ${images.length / pixels} images`,
    );
  }
  const wrong = labels.findIndex((label) => label >= classes.length);
  if (wrong >= 0) {
    throw new LlifError(
      "DATA",
      `${place}: expected labels below ${classes.length}, got ${labels[wrong]} at image ${wrong}`,
    );
  }
  return { name, split, shape, images, labels, classes, count };
}

/** Pixels of one image, shape `dataset.shape`: a view, not a copy. */
export function sample(dataset: ImageDataset, index: number): Uint8Array {
  requireDataset("sample: dataset", dataset);
  checkInteger(`data set "${dataset.name}": index`, index, 0, dataset.count - 1);
  const pixels = sizeOf(dataset.shape);
  return dataset.images.subarray(index * pixels, (index + 1) * pixels);
}

/** Images `from` to `to` − 1, as views. `to` may exceed the number of images. */
export function slice(dataset: ImageDataset, from: number, to: number = dataset?.count): ImageDataset {
  requireDataset("slice: dataset", dataset);
  const place = `data set "${dataset.name}": slice`;
  checkInteger(`${place} from`, from, 0, dataset.count - 1);
  checkInteger(`${place} to`, to, from + 1);
  const end = Math.min(to, dataset.count);
  const pixels = sizeOf(dataset.shape);
  return {
    ...dataset,
    images: dataset.images.subarray(from * pixels, end * pixels),
    labels: dataset.labels?.subarray(from, end) ?? null,
    count: end - from,
  };
}

/**
 * SHA-256, in hexadecimal, of shape, count, pixels, labels and class names. It does not depend on the data set's name,
 * its split, or the width of its labels.
 */
export async function contentHash(dataset: ImageDataset): Promise<string> {
  requireDataset("contentHash: dataset", dataset);
  const description = JSON.stringify({
    shape: dataset.shape,
    count: dataset.count,
    classes: dataset.classes,
    images: await sha256(dataset.images),
    labels: dataset.labels === null ? null : await sha256(labelBytes(dataset.labels)),
  });
  return sha256(new TextEncoder().encode(description));
}

/** SHA-256 in hexadecimal. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const subtle = globalThis.crypto?.subtle;
  if (subtle === undefined) {
    throw new LlifError(
      "UNSUPPORTED",
      "hashing needs WebCrypto, which browsers offer only to pages from https or localhost",
    );
  }
  const { buffer, byteOffset, byteLength } = bytes;
  const view = buffer instanceof ArrayBuffer ? new Uint8Array(buffer, byteOffset, byteLength) : new Uint8Array(bytes);
  const digest = new Uint8Array(await subtle.digest("SHA-256", view));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function labelBytes(labels: Uint8Array | Uint16Array): Uint8Array {
  const bytes = new Uint8Array(labels.length * 2);
  labels.forEach((label, index) => {
    bytes[2 * index] = label & 255;
    bytes[2 * index + 1] = label >> 8;
  });
  return bytes;
}
