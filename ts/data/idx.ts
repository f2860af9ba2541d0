// Reads and writes IDX files, the format of MNIST.
import type { ReadBudget } from "../budget.ts";
import { checkArray, checkBytes, checkInteger, checkObject, checkString, describe, isTypedArray } from "../check.ts";
import { LlifError } from "../errors.ts";
import { formatShape, sizeOf, type Shape } from "../tensor.ts";
import { gunzip, isGzip } from "./gzip.ts";

/** Unsigned bytes, row-major. */
export interface IdxArray {
  readonly shape: Shape;
  readonly data: Uint8Array;
}

const unsignedByte = 0x08;
const elementTypes: Readonly<Record<number, string>> = {
  0x08: "uint8",
  0x09: "int8",
  0x0b: "int16",
  0x0c: "int32",
  0x0d: "float32",
  0x0e: "float64",
};

/**
 * Reads an IDX file, raw or gzipped: two zero bytes, element type, number of dimensions, big-endian uint32 extents,
 * data.
 * @param place name of the file for messages.
 * @returns a view into `bytes` if they are not gzipped.
 * @throws {LlifError} `FORMAT` if it is no IDX file, truncated, too long, not uint8, or unpacks beyond the budget.
 */
export function readIdx(source: Uint8Array | ArrayBuffer, place = "IDX file", budget?: ReadBudget): IdxArray {
  checkString("place", place);
  const bytes = checkBytes(place, source);
  const raw = isGzip(bytes) ? gunzip(place, bytes, budget) : bytes;
  if (raw.length < 4)
    throw new LlifError("FORMAT", `${place}: truncated, expected at least 4 bytes, got ${raw.length}`);
  const [zero0, zero1, type, dimensions] = raw;
  if (zero0 !== 0 || zero1 !== 0 || !(type in elementTypes) || dimensions === 0) {
    const magic = Array.from(raw.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw new LlifError("FORMAT", `${place}: expected the magic number of an IDX file (00 00 08 01…), got ${magic}`);
  }
  if (type !== unsignedByte)
    throw new LlifError("FORMAT", `${place}: expected uint8 elements, got ${elementTypes[type]}`);
  const header = 4 + 4 * dimensions;
  if (raw.length < header)
    throw new LlifError("FORMAT", `${place}: truncated, expected a header of ${header} bytes, got ${raw.length}`);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const shape = Array.from({ length: dimensions }, (_, axis) => view.getUint32(4 + 4 * axis));
  const elements = shape.includes(0) ? 0 : sizeOf(shape);
  const expected = header + elements;
  if (raw.length !== expected) {
    const kind = raw.length < expected ? "truncated" : "too long";
    throw new LlifError(
      "FORMAT",
      `${place}: ${kind}, expected ${expected} bytes for shape ${formatShape(shape)}, got ${raw.length}`,
    );
  }
  return { shape, data: raw.subarray(header) };
}

/** The bytes of an IDX file of uint8 elements. */
export function writeIdx(array: IdxArray): Uint8Array {
  const { shape, data } = checkObject("IDX file: array", array);
  for (const extent of checkArray<number>("IDX file: shape", shape))
    checkInteger("IDX file: shape", extent, 0, 2 ** 32 - 1);
  if (!isTypedArray(data, "Uint8Array"))
    throw new LlifError("ARGUMENT", `IDX file: data: expected a Uint8Array, got ${describe(data)}`);
  if (shape.length < 1 || shape.length > 255 || sizeOf(shape) !== data.length) {
    throw new LlifError(
      "SHAPE",
      `IDX file: expected ${sizeOf(shape)} values for shape ${formatShape(shape)}, got ${data.length}`,
    );
  }
  const header = 4 + 4 * shape.length;
  const bytes = new Uint8Array(header + data.length);
  const view = new DataView(bytes.buffer);
  bytes[2] = unsignedByte;
  bytes[3] = shape.length;
  shape.forEach((extent, axis) => view.setUint32(4 + 4 * axis, extent));
  bytes.set(data, header);
  return bytes;
}
