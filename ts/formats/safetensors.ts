// Reads and writes safetensors containers.
import { openBudget, type Budget, type ReadBudget } from "../budget.ts";
import { checkBytes } from "../check.ts";
import { LlifError } from "../errors.ts";
import { formatShape, sizeOf, type Shape } from "../tensor.ts";
import { quoted } from "../text.ts";
import { parseJson, shown } from "./json.ts";

export type SafetensorsData = Float32Array | Float64Array | Int32Array | Uint32Array | Int16Array | Uint8Array;

/** Row-major numbers. */
export interface SafetensorsTensor {
  readonly shape: Shape;
  readonly data: SafetensorsData;
}

export interface Safetensors {
  /** Tensors in the order of the header. */
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

type SafetensorsType =
  | Float32ArrayConstructor
  | Float64ArrayConstructor
  | Int32ArrayConstructor
  | Uint32ArrayConstructor
  | Int16ArrayConstructor
  | Uint8ArrayConstructor;

const types: readonly (readonly [dtype: string, type: SafetensorsType])[] = [
  ["F64", Float64Array],
  ["F32", Float32Array],
  ["I32", Int32Array],
  ["U32", Uint32Array],
  ["I16", Int16Array],
  ["U8", Uint8Array],
];
/** The limit of the format's reference implementation. */
const largestHeaderBytes = 100_000_000;

/**
 * Reads a safetensors container: uint64 header length, JSON header, then the tensors, little-endian, without holes or
 * overlaps.
 * @param place name of the file for messages.
 * @returns copies of the tensors.
 * @throws {LlifError} `FORMAT` if truncated, corrupt, or of an element type other than F64, F32, I32, U32, I16 and U8.
 */
export function readSafetensors(
  source: Uint8Array,
  place = "safetensors file",
  options: { readonly budget?: ReadBudget | Budget } = {},
): Safetensors {
  const bytes = checkBytes(place, source);
  const budget = openBudget(bytes.length, options.budget);
  const { header, payload } = splitHeader(bytes, place, budget);
  const tensors = new Map<string, SafetensorsTensor>();
  const ranges: { name: string; begin: number; end: number }[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const tensorPlace = `${place}, tensor ${quoted(name)}`;
    budget.take("nodes", 1, tensorPlace);
    const { type, shape, begin, end } = readEntry(entry, tensorPlace);
    if (end > payload.length) {
      throw new LlifError("FORMAT", `${tensorPlace}: truncated, expected ${end} bytes of data, got ${payload.length}`);
    }
    ranges.push({ name, begin, end });
    tensors.set(name, { shape, data: new type(new Uint8Array(payload.subarray(begin, end)).buffer) });
  }
  checkCover(ranges, payload.length, place);
  return { tensors, metadata: readMetadata(header["__metadata__"], place) };
}

function splitHeader(
  bytes: Uint8Array,
  place: string,
  budget: Budget,
): { header: Record<string, unknown>; payload: Uint8Array } {
  if (bytes.length < 8)
    throw new LlifError("FORMAT", `${place}: truncated, expected at least 8 bytes, got ${bytes.length}`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(largestHeaderBytes)) {
    throw new LlifError(
      "FORMAT",
      `${place}: expected a header of at most ${largestHeaderBytes} bytes, got ${length}; not a safetensors file?`,
    );
  }
  const end = 8 + Number(length);
  if (end > bytes.length)
    throw new LlifError("FORMAT", `${place}: truncated, expected a header of ${end} bytes, got ${bytes.length}`);
  const header = parseJson(bytes.subarray(8, end), `${place}: header`, budget);
  if (!isRecord(header)) throw new LlifError("FORMAT", `${place}: corrupt header, expected a JSON object`);
  return { header, payload: bytes.subarray(end) };
}

function readEntry(entry: unknown, place: string): { type: SafetensorsType; shape: Shape; begin: number; end: number } {
  if (!isRecord(entry))
    throw new LlifError("FORMAT", `${place}: expected an object with dtype, shape and data_offsets`);
  const { dtype, shape, data_offsets: offsets } = entry;
  const type = types.find(([name]) => name === dtype)?.[1];
  if (type === undefined) {
    throw new LlifError(
      "FORMAT",
      `${place}: expected a dtype of ${types.map(([name]) => name).join(", ")}, got ${shown(dtype)}`,
    );
  }
  if (!isSizes(shape))
    throw new LlifError("FORMAT", `${place}: expected a shape of integers >= 0, got ${shown(shape)}`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw new LlifError("FORMAT", `${place}: expected two data_offsets, got ${shown(offsets)}`);
  }
  const [begin, end] = offsets;
  const expected = sizeOf(shape) * type.BYTES_PER_ELEMENT;
  if (end - begin !== expected) {
    throw new LlifError(
      "FORMAT",
      `${place}: expected ${expected} bytes for shape ${formatShape(shape)} of ${String(dtype)}, got ${end - begin}`,
    );
  }
  return { type, shape, begin, end };
}

/** Checks that the tensors cover all data without overlaps or holes, which could hide data and are forbidden. */
function checkCover(ranges: { name: string; begin: number; end: number }[], length: number, place: string): void {
  let covered = 0;
  for (const { name, begin, end } of ranges.sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered) {
      const kind = begin < covered ? "overlaps the tensor before it" : "leaves a hole before it";
      throw new LlifError(
        "FORMAT",
        `${place}, tensor ${quoted(name)}: ${kind}, expected it to begin at byte ${covered}, got ${begin}`,
      );
    }
    covered = end;
  }
  if (covered !== length) throw new LlifError("FORMAT", `${place}: expected ${covered} bytes of data, got ${length}`);
}

function readMetadata(metadata: unknown, place: string): Readonly<Record<string, string>> {
  if (metadata === undefined) return {};
  if (!isRecord(metadata)) throw new LlifError("FORMAT", `${place}: expected __metadata__ to be an object`);
  return Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => {
      if (typeof value !== "string")
        throw new LlifError("FORMAT", `${place}: expected a string as metadata ${quoted(key)}`);
      return [key, value];
    }),
  );
}

/**
 * The bytes of a safetensors container. Wide elements come first, so that every tensor is aligned to its element's
 * size.
 * @throws {LlifError} `SHAPE` if a shape does not fit its data, `ARGUMENT` for a duplicate name or an unknown element
 * type.
 */
export function writeSafetensors(
  tensors: Iterable<readonly [name: string, tensor: SafetensorsTensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const ordered = [...tensors].sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  const entries: [string, unknown][] = Object.keys(metadata).length === 0 ? [] : [["__metadata__", metadata]];
  const names = new Set(["__metadata__"]);
  let length = 0;
  for (const [name, { shape, data }] of ordered) {
    const place = `tensor ${quoted(name)}`;
    const dtype = types.find(([, type]) => data instanceof type)?.[0];
    if (names.has(name)) throw new LlifError("ARGUMENT", `${place}: expected a name of its own`);
    if (dtype === undefined)
      throw new LlifError("ARGUMENT", `${place}: expected float64, float32, int32, int16 or uint8`);
    if (sizeOf(shape) !== data.length) {
      throw new LlifError(
        "SHAPE",
        `${place}: expected ${sizeOf(shape)} values for shape ${formatShape(shape)}, got ${data.length}`,
      );
    }
    names.add(name);
    entries.push([name, { dtype, shape, data_offsets: [length, length + data.byteLength] }]);
    length += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const payloadStart = Math.ceil((8 + json.length) / 8) * 8;
  const bytes = new Uint8Array(payloadStart + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(payloadStart - 8), true);
  bytes.fill(0x20, 8, payloadStart).set(json, 8);
  let offset = payloadStart;
  for (const [, { data }] of ordered) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
