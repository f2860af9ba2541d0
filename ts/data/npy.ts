// Reads and writes NumPy's files: one array (.npy) or an archive of arrays (.npz).
import { zipSync, type Zippable } from "fflate";
import type { ReadBudget } from "../budget.ts";
import { checkArray, checkBytes, checkInteger, checkIterable, checkObject, checkString } from "../check.ts";
import { LlifError } from "../errors.ts";
import { unzip } from "../formats/zip.ts";
import { formatShape, sizeOf, type Shape } from "../tensor.ts";
import { printable, quoted } from "../text.ts";
import { parseNpyHeader } from "./npy-header.ts";

export type NpyData = Uint8Array | Int32Array | Uint32Array | Float32Array | Float64Array;

/** Row-major numbers. */
export interface NpyArray {
  readonly shape: Shape;
  readonly data: NpyData;
}

type NpyType =
  | Uint8ArrayConstructor
  | Int32ArrayConstructor
  | Uint32ArrayConstructor
  | Float32ArrayConstructor
  | Float64ArrayConstructor;

const types: readonly (readonly [descr: string, type: NpyType])[] = [
  ["|u1", Uint8Array],
  ["<i4", Int32Array],
  ["<u4", Uint32Array],
  ["<f4", Float32Array],
  ["<f8", Float64Array],
];
const signature = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/**
 * Reads NumPy's `.npy`, versions 1 to 3, C order, of u1, i4, u4, f4 or f8.
 * @param place name of the file for messages.
 * @throws {LlifError} `FORMAT` if truncated, corrupt, in Fortran order or of another type.
 */
export function readNpy(source: Uint8Array | ArrayBuffer, place = "npy file"): NpyArray {
  checkString("place", place);
  const bytes = checkBytes(place, source);
  if (bytes.length < 12 || !signature.every((byte, index) => bytes[index] === byte)) {
    throw new LlifError("FORMAT", `${place}: expected a .npy file, got ${bytes.length} bytes of something else`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6];
  if (version < 1 || version > 3)
    throw new LlifError("FORMAT", `${place}: expected .npy version 1 to 3, got ${version}`);
  const headerStart = version === 1 ? 10 : 12;
  const dataStart = headerStart + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (dataStart > bytes.length)
    throw new LlifError("FORMAT", `${place}: truncated, expected a header of ${dataStart} bytes, got ${bytes.length}`);
  const { descr, isFortran, shape } = parseNpyHeader(
    new TextDecoder().decode(bytes.subarray(headerStart, dataStart)),
    place,
  );
  if (isFortran && shape.length > 1) {
    throw new LlifError(
      "FORMAT",
      `${place}: expected C order, got Fortran order; save it with numpy.ascontiguousarray`,
    );
  }
  const type = types.find(([name]) => name === descr)?.[1];
  if (type === undefined) {
    throw new LlifError(
      "FORMAT",
      `${place}: expected elements ${types.map(([name]) => name).join(", ")}, got ${printable(descr.slice(0, 40))}; convert with .astype`,
    );
  }
  const elements = shape.includes(0) ? 0 : sizeOf(shape);
  const expected = dataStart + elements * type.BYTES_PER_ELEMENT;
  if (bytes.length !== expected) {
    const kind = bytes.length < expected ? "truncated" : "too long";
    throw new LlifError(
      "FORMAT",
      `${place}: ${kind}, expected ${expected} bytes for shape ${formatShape(shape)} of ${descr}, got ${bytes.length}`,
    );
  }
  // Copied, because a typed array must begin at a multiple of its element's size. A Buffer's slice is not a copy.
  return { shape, data: new type(new Uint8Array(bytes.subarray(dataStart)).buffer) };
}

/** The bytes of a `.npy` file, version 1. */
export function writeNpy(array: NpyArray): Uint8Array {
  const { shape, data } = checkObject("npy data", array);
  for (const extent of checkArray<number>("npy data: shape", shape)) checkInteger("npy data: shape", extent, 0);
  const descr = types.find(([, type]) => data instanceof type)?.[0];
  if (descr === undefined)
    throw new LlifError("ARGUMENT", "npy data: expected uint8, int32, uint32, float32 or float64");
  if (sizeOf(shape) !== data.length) {
    throw new LlifError(
      "SHAPE",
      `npy data: expected ${sizeOf(shape)} values for shape ${formatShape(shape)}, got ${data.length}`,
    );
  }
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // The format requires data to begin at a multiple of 64.
  const dataStart = Math.ceil((10 + header.length + 1) / 64) * 64;
  const bytes = new Uint8Array(dataStart + data.byteLength);
  bytes.set(signature);
  bytes[6] = 1;
  new DataView(bytes.buffer).setUint16(8, dataStart - 10, true);
  bytes.set(new TextEncoder().encode(`${header.padEnd(dataStart - 11)}\n`), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), dataStart);
  return bytes;
}

/**
 * Reads NumPy's `.npz`. Array names have no `.npy` ending; the order is the file's.
 * @throws {LlifError} `FORMAT` as `readNpy`, for a damaged archive (checksums are compared), and beyond the budget.
 */
export function readNpz(
  source: Uint8Array | ArrayBuffer,
  place = "npz file",
  budget?: ReadBudget,
): Map<string, NpyArray> {
  checkString("place", place);
  const arrays = new Map<string, NpyArray>();
  for (const [file, content] of unzip(checkBytes(place, source), place, undefined, budget)) {
    const name = file.replace(/\.npy$/, "");
    if (arrays.has(name)) throw new LlifError("FORMAT", `${place}: two arrays ${quoted(name)}`);
    arrays.set(name, readNpy(content, `${place}, array ${quoted(name)}`));
  }
  return arrays;
}

/** The bytes of a `.npz` file for `numpy.load`; equal arrays give equal bytes. */
export function writeNpz(arrays: Iterable<readonly [name: string, array: NpyArray]>): Uint8Array {
  const files: Zippable = {};
  for (const entry of checkIterable("writeNpz: arrays", arrays)) {
    const [name, array] = checkArray("writeNpz: entry", entry, "a name and an array") as typeof entry;
    files[`${checkString("writeNpz: name", name)}.npy`] = writeNpy(array);
  }
  return zipSync(files, { mtime: new Date(1980, 0, 1) });
}
