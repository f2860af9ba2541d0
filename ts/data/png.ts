// Decodes PNG files (ISO/IEC 15948) of any colour type, depth and interlacing.
import type { Budget } from "../budget.ts";
import { LlifError } from "../errors.ts";
import { adler32, crc32, inflate } from "../inflate.ts";
import type { DecodedImage } from "./decoded-image.ts";

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** By colour type: samples per pixel, and the depths that the standard allows. */
const colourTypes: Readonly<Record<number, { readonly samples: number; readonly depths: readonly number[] }>> = {
  0: { samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { samples: 3, depths: [8, 16] },
  3: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
};
const palette = 3;

/** First column and row, and steps, of the seven passes of an interlaced image. */
const interlaced = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;
const whole = [[0, 0, 1, 1]] as const;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colourType: number;
  readonly samples: number;
  readonly passes: typeof interlaced | typeof whole;
}

export function isPng(bytes: Uint8Array): boolean {
  return signature.every((byte, index) => bytes[index] === byte);
}

/**
 * Decodes a PNG file. Alpha is dropped, 16 bits are rounded to 8, and only header, palette and pixels are read.
 * @throws {LlifError} `FORMAT` if it is truncated, corrupt, beyond the budget, or if a checksum is wrong.
 */
export function decodePng(bytes: Uint8Array, place: string, budget: Budget): DecodedImage {
  const { header, colours, packed } = readChunks(bytes, place);
  const { width, height, depth, samples, colourType } = header;
  const rowBytes = (columns: number) => Math.ceil((columns * samples * depth) / 8);
  const passes = header.passes
    .map(([x, y, stepX, stepY]) => ({
      x,
      y,
      stepX,
      stepY,
      columns: Math.ceil((width - x) / stepX),
      rows: Math.ceil((height - y) / stepY),
    }))
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
  const channels = colourType === 0 || colourType === 4 ? 1 : 3;
  const size = passes.reduce((sum, { columns, rows }) => sum + rows * (1 + rowBytes(columns)), 0);
  budget.take("bytes", size + width * height * channels, `${place} of ${width}×${height} pixels`);
  const lines = unpack(packed, size, place);

  const data = new Uint8Array(width * height * channels);
  const put = pixelWriter(header, colours, data, place);
  let at = 0;
  for (const { x, y, stepX, stepY, columns, rows } of passes) {
    const bytesPerRow = rowBytes(columns);
    let above: Uint8Array = new Uint8Array(bytesPerRow);
    for (let row = 0; row < rows; row++) {
      const line = lines.subarray(at + 1, at + 1 + bytesPerRow);
      unfilter(lines[at], line, above, Math.max(1, (samples * depth) >> 3), place);
      for (let column = 0; column < columns; column++)
        put(line, column, ((y + row * stepY) * width + x + column * stepX) * channels);
      above = line;
      at += 1 + bytesPerRow;
    }
  }
  return { shape: [height, width, channels], data };
}

/** Reads header, palette and packed pixels, and compares every checksum up to the end chunk. */
function readChunks(bytes: Uint8Array, place: string): { header: Header; colours: Uint8Array; packed: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: Header | undefined;
  let colours = new Uint8Array(0);
  const parts: Uint8Array[] = [];
  for (let at = signature.length; ; ) {
    if (at + 12 > bytes.length) throw corrupt(place, "no end chunk");
    const length = view.getUint32(at);
    const next = at + 12 + length;
    if (next > bytes.length) throw corrupt(place, `a chunk of ${length} bytes`);
    if (crc32(bytes.subarray(at + 4, next - 4)) !== view.getUint32(next - 4))
      throw corrupt(place, `a wrong checksum at byte ${at}`);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const content = bytes.subarray(at + 8, next - 4);
    if ((type === "IHDR") !== (header === undefined))
      throw corrupt(place, header === undefined ? "no header" : "two headers");
    if (type === "IHDR") header = readHeader(content, place);
    else if (type === "PLTE") colours = new Uint8Array(content);
    else if (type === "IDAT") parts.push(content);
    else if (type === "IEND") break;
    else if (/^[A-Z]/.test(type)) throw corrupt(place, `a chunk of unknown type at byte ${at}`);
    at = next;
  }
  if (header === undefined || parts.length === 0) throw corrupt(place, "no pixels");
  if (header.colourType === palette && (colours.length === 0 || colours.length % 3 !== 0))
    throw corrupt(place, `a palette of ${colours.length} bytes`);
  const packed = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    packed.set(part, offset);
    offset += part.length;
  }
  return { header, colours, packed };
}

function readHeader(content: Uint8Array, place: string): Header {
  if (content.length !== 13) throw corrupt(place, `a header of ${content.length} bytes`);
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colourType, compression, filter, interlacing] = content.subarray(8);
  if (width === 0 || height === 0) throw corrupt(place, `${width}×${height} pixels`);
  const { samples, depths } = colourTypes[colourType] ?? { samples: 0, depths: [] };
  if (!depths.includes(depth)) throw corrupt(place, `colour type ${colourType} with ${depth} bits`);
  if (compression !== 0 || filter !== 0 || interlacing > 1)
    throw corrupt(place, `compression ${compression}, filter ${filter}, interlacing ${interlacing}`);
  return { width, height, depth, colourType, samples, passes: interlacing === 1 ? interlaced : whole };
}

/** Unpacks zlib data (RFC 1950). */
function unpack(packed: Uint8Array, size: number, place: string): Uint8Array {
  const isZlib =
    packed.length >= 6 &&
    (packed[0] & 15) === 8 &&
    packed[0] >> 4 <= 7 &&
    ((packed[0] << 8) | packed[1]) % 31 === 0 &&
    (packed[1] & 32) === 0;
  if (!isZlib) throw corrupt(place, "its pixels are no zlib data");
  const { content, consumed } = inflate(packed.subarray(2), size, `${place}: truncated or corrupt PNG file`);
  const end = 2 + consumed + 4;
  if (end > packed.length) throw corrupt(place, "no checksum of its pixels");
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  if (adler32(content) !== view.getUint32(end - 4)) throw corrupt(place, "a wrong checksum of its pixels");
  return content;
}

/** Undoes a line's filter in place: adds to each byte the prediction from its left, upper and upper left neighbours. */
function unfilter(filter: number, line: Uint8Array, above: Uint8Array, step: number, place: string): void {
  if (filter > 4) throw corrupt(place, `filter ${filter}`);
  if (filter === 0) return;
  for (let index = 0; index < line.length; index++) {
    const left = index < step ? 0 : line[index - step];
    const up = above[index];
    if (filter === 1) line[index] += left;
    else if (filter === 2) line[index] += up;
    else if (filter === 3) line[index] += (left + up) >> 1;
    else line[index] += paeth(left, up, index < step ? 0 : above[index - step]);
  }
}

function paeth(left: number, up: number, upLeft: number): number {
  const estimate = left + up - upLeft;
  const [toLeft, toUp, toUpLeft] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - upLeft)];
  if (toLeft <= toUp && toLeft <= toUpLeft) return left;
  return toUp <= toUpLeft ? up : upLeft;
}

/** Writes one pixel of a line without its alpha. */
function pixelWriter(
  { depth, colourType, samples }: Header,
  colours: Uint8Array,
  data: Uint8Array,
  place: string,
): (line: Uint8Array, column: number, to: number) => void {
  if (depth < 8) {
    const largest = 2 ** depth - 1;
    return (line, column, to) => {
      const bit = column * depth;
      const value = (line[bit >> 3] >> (8 - depth - (bit & 7))) & largest;
      if (colourType === palette) putColour(value, to);
      else data[to] = (value * 255) / largest;
    };
  }
  if (colourType === palette) return (line, column, to) => putColour(line[column], to);
  const kept = samples < 3 ? 1 : 3;
  if (depth === 8) {
    return (line, column, to) => {
      for (let sample = 0; sample < kept; sample++) data[to + sample] = line[column * samples + sample];
    };
  }
  return (line, column, to) => {
    for (let sample = 0; sample < kept; sample++) {
      const from = 2 * (column * samples + sample);
      data[to + sample] = Math.round(((line[from] << 8) | line[from + 1]) / 257);
    }
  };

  function putColour(index: number, to: number): void {
    if (3 * index >= colours.length) throw corrupt(place, `colour ${index} of a palette of ${colours.length / 3}`);
    data[to] = colours[3 * index];
    data[to + 1] = colours[3 * index + 1];
    data[to + 2] = colours[3 * index + 2];
  }
}

function corrupt(place: string, reason: string): LlifError {
  return new LlifError("FORMAT", `${place}: truncated or corrupt PNG file (${reason})`);
}
