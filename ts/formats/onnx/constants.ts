// Reads constant tensors of an ONNX file: initialisers, Constant nodes, external data.
import type { Budget } from "../../budget.ts";
import { LlifError } from "../../errors.ts";
import { float16 } from "../half.ts";
import { formatShape, sizeOf } from "../../tensor.ts";
import { quoted } from "../../text.ts";
import { checkBeside } from "../beside.ts";
import { TensorProto_DataLocation, TensorProto_DataType, type TensorProto } from "./onnx_pb.ts";

/** A constant tensor. 64-bit integers above 2^53 lose their last bits. */
export interface Constant {
  readonly kind: "constant";
  /** Extents as in the file, including the batch. */
  readonly dims: readonly number[];
  /** In a computed shape, NaN is the dynamic batch size. */
  readonly data: Float32Array | Float64Array;
  /** Whether the type is integer or boolean, so that quotients are truncated. */
  readonly integer: boolean;
}

/** Files beside the model with tensors, by the path that the model gives. */
export type ExternalFiles = ReadonlyMap<string, Uint8Array>;

const largestTensor = 2 ** 28;
const mostDimensions = 64;

/**
 * Reads an initialiser or the value of a Constant node: raw, typed, or from a file beside the model.
 * @throws {LlifError} FORMAT or SHAPE for bad data, UNSUPPORTED for an unsupported type, FILE for a file that is not in
 * `files`.
 */
export function readTensor(
  tensor: TensorProto,
  { files, budget }: { readonly files: ExternalFiles; readonly budget: Budget },
  name = tensor.name,
): Constant {
  const place = `tensor ${quoted(name)}`;
  if (tensor.dims.length > mostDimensions)
    throw new LlifError("SHAPE", `${place}: expected at most ${mostDimensions} dimensions, got ${tensor.dims.length}`);
  if (tensor.segment !== undefined)
    throw new LlifError("UNSUPPORTED", `${place}: segmented data is not read`, { nodes: [name] });
  const dims = tensor.dims.map((extent) => readExtent(place, extent));
  const count = sizeOf(dims);
  if (count > largestTensor)
    throw new LlifError(
      "SHAPE",
      `${place}: expected at most ${largestTensor} elements, got shape ${formatShape(dims)}`,
    );
  // Many tensors may refer to the same data.
  budget.take("elements", count, place);
  budget.checkTime(place);
  const external = isExternal(tensor);
  const raw = external ? externalData(place, tensor, files) : tensor.rawData;
  const data = external || raw.length > 0 ? readRaw(place, tensor, raw, count) : readTyped(place, tensor);
  if (data.length !== count) {
    throw new LlifError(
      "FORMAT",
      `${place}: expected ${count} values for shape ${formatShape(dims)}, got ${data.length}`,
    );
  }
  return { kind: "constant", dims, data, integer: !floating.has(tensor.dataType) };
}

const floating = new Set([
  TensorProto_DataType.FLOAT,
  TensorProto_DataType.DOUBLE,
  TensorProto_DataType.FLOAT16,
  TensorProto_DataType.BFLOAT16,
]);

export function isExternal(tensor: TensorProto): boolean {
  return tensor.dataLocation === TensorProto_DataLocation.EXTERNAL || tensor.externalData.length > 0;
}

/**
 * Path of the file with a tensor's data, relative to the model.
 * @throws {LlifError} FORMAT if the path is missing or leaves the model's folder.
 */
export function externalLocation(tensor: TensorProto): string {
  const location = tensor.externalData.find(({ key }) => key === "location")?.value ?? "";
  if (location === "")
    throw new LlifError(
      "FORMAT",
      `tensor ${quoted(tensor.name)}: expected the location of its external data, got none`,
      { nodes: [tensor.name] },
    );
  return checkBeside(location);
}

function externalData(place: string, tensor: TensorProto, files: ExternalFiles): Uint8Array {
  const location = externalLocation(tensor);
  const file = files.get(location);
  if (file === undefined) {
    throw new LlifError(
      "FILE",
      `${place}: its data is in ${quoted(location)} beside the model; load the model by path or URL, or give its files`,
      { nodes: [tensor.name] },
    );
  }
  const number = (key: string, fallback: number): number => {
    const text = tensor.externalData.find((entry) => entry.key === key)?.value;
    const value = text === undefined ? fallback : Number(text);
    if (!Number.isSafeInteger(value) || value < 0)
      throw new LlifError(
        "FORMAT",
        `${place}: ${key} of its external data: expected an integer >= 0, got ${quoted(String(text))}`,
      );
    return value;
  };
  const offset = number("offset", 0);
  const length = number("length", Math.max(0, file.length - offset));
  if (offset + length > file.length) {
    throw new LlifError(
      "FORMAT",
      `${place}: expected ${length} bytes at ${offset} of ${quoted(location)}, got a file of ${file.length} bytes`,
    );
  }
  return file.subarray(offset, offset + length);
}

function readExtent(place: string, extent: bigint): number {
  if (extent < 0n || extent > BigInt(largestTensor)) {
    throw new LlifError("SHAPE", `${place}: expected extents from 0 to ${largestTensor}, got ${extent}`);
  }
  return Number(extent);
}

type Reader = { readonly bytes: number; readonly read: (view: DataView, offset: number) => number };

/** Little-endian elements of raw data. */
const rawReaders = new Map<number, Reader>([
  [TensorProto_DataType.FLOAT, { bytes: 4, read: (view, offset) => view.getFloat32(offset, true) }],
  [TensorProto_DataType.DOUBLE, { bytes: 8, read: (view, offset) => view.getFloat64(offset, true) }],
  [TensorProto_DataType.FLOAT16, { bytes: 2, read: (view, offset) => float16(view.getUint16(offset, true)) }],
  [TensorProto_DataType.BFLOAT16, { bytes: 2, read: (view, offset) => bfloat16(view.getUint16(offset, true)) }],
  [TensorProto_DataType.INT8, { bytes: 1, read: (view, offset) => view.getInt8(offset) }],
  [TensorProto_DataType.UINT8, { bytes: 1, read: (view, offset) => view.getUint8(offset) }],
  [TensorProto_DataType.BOOL, { bytes: 1, read: (view, offset) => view.getUint8(offset) }],
  [TensorProto_DataType.INT16, { bytes: 2, read: (view, offset) => view.getInt16(offset, true) }],
  [TensorProto_DataType.UINT16, { bytes: 2, read: (view, offset) => view.getUint16(offset, true) }],
  [TensorProto_DataType.INT32, { bytes: 4, read: (view, offset) => view.getInt32(offset, true) }],
  [TensorProto_DataType.UINT32, { bytes: 4, read: (view, offset) => view.getUint32(offset, true) }],
  [TensorProto_DataType.INT64, { bytes: 8, read: (view, offset) => Number(view.getBigInt64(offset, true)) }],
  [TensorProto_DataType.UINT64, { bytes: 8, read: (view, offset) => Number(view.getBigUint64(offset, true)) }],
]);

function readRaw(place: string, tensor: TensorProto, raw: Uint8Array, count: number): Constant["data"] {
  const reader = rawReaders.get(tensor.dataType);
  if (reader === undefined) throw unreadable(place, tensor);
  if (raw.length !== count * reader.bytes) {
    throw new LlifError("FORMAT", `${place}: expected ${count * reader.bytes} bytes of raw data, got ${raw.length}`);
  }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  const data = tensor.dataType === TensorProto_DataType.FLOAT ? new Float32Array(count) : new Float64Array(count);
  for (let index = 0; index < count; index++) data[index] = reader.read(view, index * reader.bytes);
  return data;
}

function readTyped(place: string, tensor: TensorProto): Constant["data"] {
  switch (tensor.dataType) {
    case TensorProto_DataType.FLOAT:
      return Float32Array.from(tensor.floatData);
    case TensorProto_DataType.DOUBLE:
      return Float64Array.from(tensor.doubleData);
    case TensorProto_DataType.INT64:
      return Float64Array.from(tensor.int64Data, Number);
    case TensorProto_DataType.UINT32:
    case TensorProto_DataType.UINT64:
      return Float64Array.from(tensor.uint64Data, Number);
    case TensorProto_DataType.FLOAT16:
      return Float64Array.from(tensor.int32Data, (bits) => float16(bits & 0xffff));
    case TensorProto_DataType.BFLOAT16:
      return Float64Array.from(tensor.int32Data, (bits) => bfloat16(bits & 0xffff));
    case TensorProto_DataType.BOOL:
    case TensorProto_DataType.INT8:
    case TensorProto_DataType.UINT8:
    case TensorProto_DataType.INT16:
    case TensorProto_DataType.UINT16:
    case TensorProto_DataType.INT32:
      return Float64Array.from(tensor.int32Data);
    default:
      throw unreadable(place, tensor);
  }
}

function unreadable(place: string, tensor: TensorProto): LlifError {
  const type = TensorProto_DataType[tensor.dataType] ?? `${tensor.dataType}`;
  return new LlifError(
    "UNSUPPORTED",
    `${place}: element type ${type} is not read; use float, float16 or an integer type`,
    { nodes: [tensor.name] },
  );
}

function bfloat16(bits: number): number {
  return new Float32Array(Uint32Array.of(bits << 16).buffer)[0];
}
