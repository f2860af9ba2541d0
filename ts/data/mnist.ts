// Makes a data set of two IDX files, images and labels, as MNIST has them.
import { checkOneOf, checkOptions, checkString, checkStrings } from "../check.ts";
import { LlifError } from "../errors.ts";
import { formatShape } from "../tensor.ts";
import { imageDataset, type ImageDataset, type Split } from "./dataset.ts";
import { readIdx } from "./idx.ts";

export const mnistClasses: readonly string[] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

export const fashionMnistClasses: readonly string[] = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
];

export interface IdxDatasetOptions {
  readonly name: string;
  readonly split: Split;
  readonly classes: readonly string[];
}

/**
 * Assembles a data set of an image and a label file, both IDX, raw or gzipped.
 * Images have shape [count, height, width] or [count, height, width, channels], labels [count].
 * @throws {LlifError} `FORMAT` for a bad file, `DATA` for empty files, unequal counts or labels without a class.
 */
export function datasetFromIdx(images: Uint8Array, labels: Uint8Array, options: IdxDatasetOptions): ImageDataset {
  checkOptions("datasetFromIdx", options, { name: true, split: true, classes: true });
  checkString("datasetFromIdx: name", options.name);
  checkOneOf("datasetFromIdx: split", options.split, ["train", "test"]);
  checkStrings("datasetFromIdx: classes", options.classes);
  const place = `data set "${options.name}" (${options.split})`;
  const pixels = readIdx(images, `${place}, images`);
  const classIndices = readIdx(labels, `${place}, labels`);
  if (pixels.shape.length !== 3 && pixels.shape.length !== 4) {
    throw new LlifError(
      "FORMAT",
      `${place}, images: expected 3 or 4 dimensions, got ${pixels.shape.length} (${formatShape(pixels.shape)})`,
    );
  }
  if (classIndices.shape.length !== 1) {
    throw new LlifError(
      "FORMAT",
      `${place}, labels: expected 1 dimension, got ${classIndices.shape.length} (${formatShape(classIndices.shape)})`,
    );
  }
  const [count, height, width, channels = 1] = pixels.shape;
  if (count !== classIndices.shape[0]) {
    throw new LlifError(
      "DATA",
      `${place}: expected as many labels as images, got ${classIndices.shape[0]} labels and ${count} images`,
    );
  }
  return imageDataset({ ...options, shape: [height, width, channels], images: pixels.data, labels: classIndices.data });
}
