// Fits images to a model's input: gray or RGB, resize, crop, channel order.
import { checkArray, checkInteger, checkObject, checkOneOf, checkString, describe, isTypedArray } from "../check.ts";
import { LlifError } from "../errors.ts";
import { formatShape, sameShape, type Shape } from "../tensor.ts";
import { imageDataset, requireDataset, sample, type ImageDataset } from "./dataset.ts";
import type { DecodedImage } from "./decoded-image.ts";

type Size = readonly [height: number, width: number];

/** The part of a model's input convention that changes pixels. Scale, mean and std are folded into the first layer. */
export interface PixelConvention {
  readonly channelOrder: "RGB" | "BGR" | "gray";
  /** [height, width], before `crop`. */
  readonly resize?: Size;
  /** [height, width] of the centre crop. */
  readonly crop?: Size;
}

/**
 * Fits an image to a model's input: gray or RGB, resize, centre crop, channel order.
 * @param shape the model's input, [height, width, channels].
 * @throws {LlifError} `SHAPE` if the result has another shape: images are resized only if the convention says so.
 */
export function prepareImage(
  image: DecodedImage,
  convention: PixelConvention,
  shape: Shape,
  place = "image",
): DecodedImage {
  checkString("place", place);
  checkImage(place, image);
  checkPixelConvention(convention);
  for (const extent of checkArray<number>("prepareImage: shape", shape)) checkInteger("prepareImage: shape", extent, 1);
  const channels = convention.channelOrder === "gray" ? 1 : 3;
  let prepared = withChannels(image, channels);
  if (convention.resize !== undefined) prepared = resizeBilinear(prepared, convention.resize);
  if (convention.crop !== undefined) prepared = cropCentre(prepared, convention.crop, place);
  if (!sameShape(prepared.shape, shape)) {
    const steps =
      convention.resize === undefined ? 'the model\'s description has no "resize"' : "after resize and crop";
    throw new LlifError(
      "SHAPE",
      `${place}: expected ${formatShape(shape)} as the model's input, got ${formatShape(prepared.shape)} (${steps})`,
    );
  }
  return convention.channelOrder === "BGR" ? reverseChannels(prepared) : prepared;
}

function checkImage(place: string, image: DecodedImage): void {
  const { shape, data } = checkObject(place, image, "an image");
  for (const extent of checkArray<number>(`${place}: shape`, shape)) checkInteger(`${place}: shape`, extent, 1);
  if (shape.length !== 3 || !isTypedArray(data, "Uint8Array") || data.length !== shape[0] * shape[1] * shape[2])
    throw new LlifError(
      "SHAPE",
      `${place}: expected a Uint8Array of [height, width, channels], got ${describe(data)} for ${formatShape(shape)}`,
    );
}

function checkPixelConvention(convention: PixelConvention): void {
  const { channelOrder, resize, crop } = checkObject("convention", convention, "an input convention");
  checkOneOf("convention: channelOrder", channelOrder, ["RGB", "BGR", "gray"]);
  for (const [key, size] of Object.entries({ resize, crop }))
    if (size !== undefined) checkArray(`convention: ${key}`, size, "[height, width]");
}

/** `prepareImage` for each image. Returns the same data set if nothing changes. Colours must be RGB. */
export function prepareDataset(dataset: ImageDataset, convention: PixelConvention, shape: Shape): ImageDataset {
  requireDataset("prepareDataset: dataset", dataset);
  checkPixelConvention(convention);
  for (const extent of checkArray<number>("prepareDataset: shape", shape))
    checkInteger("prepareDataset: shape", extent, 1);
  const same = convention.channelOrder !== "BGR" && convention.resize === undefined && convention.crop === undefined;
  const channels = convention.channelOrder === "gray" ? 1 : 3;
  if (same && sameShape(dataset.shape, shape) && channels === dataset.shape[2]) return dataset;
  const place = `data set "${dataset.name}"`;
  let images = new Uint8Array(0);
  let preparedShape = dataset.shape;
  for (let index = 0; index < dataset.count; index++) {
    const image = { shape: dataset.shape, data: sample(dataset, index) };
    const prepared = prepareImage(image, convention, shape, `${place}, image ${index}`);
    if (index === 0) {
      images = new Uint8Array(dataset.count * prepared.data.length);
      preparedShape = prepared.shape;
    }
    images.set(prepared.data, index * prepared.data.length);
  }
  return imageDataset({ ...dataset, shape: preparedShape, images });
}

/** Converts to gray (luma of ITU-R BT.601 with Pillow's integer weights) or to RGB (repeats gray). */
export function withChannels(image: DecodedImage, channels: 1 | 3): DecodedImage {
  const [height, width, present] = image.shape;
  if (present === channels) return image;
  const pixels = height * width;
  const data = new Uint8Array(pixels * channels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    if (channels === 3) {
      data.fill(image.data[pixel], 3 * pixel, 3 * pixel + 3);
    } else {
      const [red, green, blue] = [image.data[3 * pixel], image.data[3 * pixel + 1], image.data[3 * pixel + 2]];
      data[pixel] = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
    }
  }
  return { shape: [height, width, channels], data };
}

/** Bilinear resize, antialiased when shrinking; equal to Pillow's `resize` bit for bit. */
export function resizeBilinear(image: DecodedImage, [height, width]: Size): DecodedImage {
  checkInteger("resize height", height, 1);
  checkInteger("resize width", width, 1);
  const [fromHeight, fromWidth, channels] = image.shape;
  const rows = resampleAxis(image.data, fromHeight, fromWidth, width, channels);
  return { shape: [height, width, channels], data: resampleAxis(rows, 1, fromHeight, height, width * channels) };
}

/** Resamples the middle axis of [outer, from, inner] to `to` in fixed point with 22 bits, like Pillow. */
function resampleAxis(data: Uint8Array, outer: number, from: number, to: number, inner: number): Uint8Array {
  if (from === to) return data;
  const scale = from / to;
  const support = Math.max(scale, 1);
  const result = new Uint8Array(outer * to * inner);
  for (let target = 0; target < to; target++) {
    const centre = (target + 0.5) * scale;
    const first = Math.max(Math.trunc(centre - support + 0.5), 0);
    const end = Math.min(Math.trunc(centre + support + 0.5), from);
    const weights = Array.from({ length: end - first }, (_, tap) =>
      Math.max(0, 1 - Math.abs((first + tap - centre + 0.5) / support)),
    );
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const fixed = weights.map((weight) => Math.floor(0.5 + (weight / total) * 2 ** 22));
    for (let block = 0; block < outer; block++) {
      for (let element = 0; element < inner; element++) {
        let sum = 1 << 21;
        for (let tap = 0; tap < fixed.length; tap++)
          sum += fixed[tap] * data[(block * from + first + tap) * inner + element];
        result[(block * to + target) * inner + element] = Math.min(255, sum >> 22);
      }
    }
  }
  return result;
}

/** @throws {LlifError} `SHAPE` if the image is smaller than the crop. */
export function cropCentre(image: DecodedImage, [height, width]: Size, place = "image"): DecodedImage {
  checkInteger("crop height", height, 1);
  checkInteger("crop width", width, 1);
  const [fromHeight, fromWidth] = image.shape;
  if (height > fromHeight || width > fromWidth) {
    throw new LlifError(
      "SHAPE",
      `${place}: expected at least ${height}×${width} pixels to crop, got ${fromHeight}×${fromWidth}`,
    );
  }
  return cropAt(image, [Math.floor((fromHeight - height) / 2), Math.floor((fromWidth - width) / 2)], [height, width]);
}

/** The part of an image that starts at the given upper left corner; it must be inside the image. */
export function cropAt(
  image: DecodedImage,
  [top, left]: readonly [top: number, left: number],
  [height, width]: Size,
): DecodedImage {
  const [fromHeight, fromWidth, channels] = image.shape;
  checkInteger("crop top", top, 0, fromHeight - height);
  checkInteger("crop left", left, 0, fromWidth - width);
  const data = new Uint8Array(height * width * channels);
  for (let row = 0; row < height; row++) {
    const start = ((top + row) * fromWidth + left) * channels;
    data.set(image.data.subarray(start, start + width * channels), row * width * channels);
  }
  return { shape: [height, width, channels], data };
}

/** The image with left and right exchanged. */
export function mirrored(image: DecodedImage): DecodedImage {
  const [height, width, channels] = image.shape;
  const data = new Uint8Array(image.data.length);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = (row * width + width - 1 - column) * channels;
      data.set(image.data.subarray(from, from + channels), (row * width + column) * channels);
    }
  }
  return { shape: image.shape, data };
}

function reverseChannels(image: DecodedImage): DecodedImage {
  const channels = image.shape[2];
  const data = image.data.map((_, index) => image.data[index - (index % channels) + channels - 1 - (index % channels)]);
  return { shape: image.shape, data };
}
