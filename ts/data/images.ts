import { convertIndexedToRgb, decode as decodePngPixels } from "fast-png";
import { decode as decodeJpegPixels } from "jpeg-js";
import { LlifError } from "../errors.ts";

/** Pixels in 0…255, row-major, channels last. */
export interface DecodedImage {
  /** [height, width, channels]: 1 channel for gray, 3 for RGB. */
  readonly shape: readonly [number, number, number];
  readonly data: Uint8Array;
}

const largestPixelCount = 100_000_000;
const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * Decodes a PNG (any colour type and depth) or JPEG file. Alpha is dropped, 16 bits are rounded to 8, EXIF orientation is ignored.
 * @param place the file as the user knows it.
 * @throws {LlifError} `FORMAT` when the file is truncated, corrupt, of another format or above 100 megapixels.
 */
export function decodeImage(bytes: Uint8Array, place = "image"): DecodedImage {
  const decode = pngSignature.every((byte, index) => bytes[index] === byte) ? decodePng
    : bytes[0] === 0xff && bytes[1] === 0xd8 ? decodeJpeg
    : undefined;
  if (decode === undefined) throw new LlifError("FORMAT", `${place}: expected a PNG or JPEG file`);
  try {
    return decode(bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LlifError("FORMAT", `${place}: truncated or corrupt ${decode === decodePng ? "PNG" : "JPEG"} file (${reason})`, { cause });
  }
}

function decodePng(bytes: Uint8Array): DecodedImage {
  if (bytes.length < 33) throw new RangeError("no header");
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pixelCount = header.getUint32(16) * header.getUint32(20);
  if (pixelCount === 0 || pixelCount > largestPixelCount) throw new RangeError(`${pixelCount} pixels`);
  const png = decodePngPixels(bytes, { checkCrc: true });
  const { width, height, depth, data } = png;
  if (bytes[25] === 3) {
    const colours = convertIndexedToRgb(png);
    return { shape: [height, width, 3], data: dropAlpha(colours, colours.length / pixelCount, 3) };
  }
  const channels = png.channels >= 3 ? 3 : 1;
  const samples = data instanceof Uint16Array ? Uint8Array.from(data, (value) => Math.round(value / 257))
    : depth < 8 ? unpackBits(data, width, height, depth)
    : new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  return { shape: [height, width, channels], data: dropAlpha(samples, png.channels, channels) };
}

/** Only gray PNGs have fewer than 8 bits; each row begins at a whole byte. */
function unpackBits(packed: ArrayLike<number>, width: number, height: number, depth: number): Uint8Array {
  const bytesPerRow = Math.ceil((width * depth) / 8);
  const largest = 2 ** depth - 1;
  const samples = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const bit = column * depth;
      const value = (packed[row * bytesPerRow + (bit >> 3)] >> (8 - depth - (bit & 7))) & largest;
      samples[row * width + column] = (value * 255) / largest;
    }
  }
  return samples;
}

function decodeJpeg(bytes: Uint8Array): DecodedImage {
  const components = jpegComponents(bytes);
  const { width, height, data } = decodeJpegPixels(bytes, { useTArray: true, formatAsRGBA: false, tolerantDecoding: false });
  if (width * height === 0) throw new RangeError("no pixels");
  const channels = components === 1 ? 1 : 3;
  return { shape: [height, width, channels], data: dropAlpha(data, 3, channels) };
}

/** Number of components of the first frame header: jpeg-js expands gray to RGB and does not say so. */
function jpegComponents(bytes: Uint8Array): number {
  let offset = 2;
  while (offset + 9 < bytes.length && bytes[offset] === 0xff) {
    const marker = bytes[offset + 1];
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return bytes[offset + 9];
    offset += marker === 0xff ? 1 : 2 + ((bytes[offset + 2] << 8) | bytes[offset + 3]);
  }
  throw new RangeError("no frame header");
}

/** Keeps the first `kept` of `channels` values of each pixel. */
function dropAlpha(data: Uint8Array, channels: number, kept: number): Uint8Array {
  if (channels === kept) return data;
  const result = new Uint8Array((data.length / channels) * kept);
  for (let from = 0, to = 0; from < data.length; from += channels) {
    for (let channel = 0; channel < kept; channel++) result[to++] = data[from + channel];
  }
  return result;
}
