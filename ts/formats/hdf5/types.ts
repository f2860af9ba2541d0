// Reads HDF5 datatypes (numbers, text) and dataspaces (shapes).
import { LlifError } from "../../errors.ts";
import type { Shape } from "../../tensor.ts";
import { float16 } from "../half.ts";
import { corrupt, type Cursor, type Source } from "./cursor.ts";

export type ReadNumber = (view: DataView, at: number) => number;

export interface Datatype {
  /** Bytes of an element. */
  readonly size: number;
  readonly kind: "number" | "text" | "reference to text" | "other";
  /** Name for messages: `float 32`. */
  readonly name: string;
  /** Reads one element; present for numbers. */
  readonly read?: ReadNumber;
}

const classNames = [
  "integer",
  "float",
  "time",
  "text",
  "bits",
  "opaque",
  "compound",
  "reference",
  "enumeration",
  "variable length",
  "array",
];
/** Position and number of exponent and mantissa bits of the IEEE formats. */
const floatLayouts: Readonly<
  Record<number, readonly [exponentAt: number, exponentBits: number, mantissaBits: number, bias: number]>
> = { 2: [10, 5, 10, 15], 4: [23, 8, 23, 127], 8: [52, 11, 52, 1023] };

export function readDatatype(source: Source, cursor: Cursor): Datatype {
  const kind = cursor.byte() & 15;
  const bits = [cursor.byte(), cursor.byte(), cursor.byte()];
  const size = cursor.uint32();
  if (size === 0) throw corrupt(source.place, "an element takes no bytes");
  const name = `${classNames[kind] ?? `class ${kind}`} ${size * 8}`;
  const other: Datatype = { size, kind: "other", name };
  if (kind === 3) return { size, kind: "text", name };
  if (kind === 9) return (bits[0] & 15) === 1 && size === 16 ? { size, kind: "reference to text", name } : other;
  // An enumeration, such as booleans, is read as its numbers.
  if (kind === 8) return { ...readDatatype(source, cursor), name };
  const little = (bits[0] & 1) === 0;
  const [offset, precision] = kind === 0 || kind === 1 ? [cursor.uint16(), cursor.uint16()] : [0, 0];
  if (offset !== 0 || precision !== size * 8) return other;
  if (kind === 0) {
    const read = integerReader(size, (bits[0] & 8) !== 0, little);
    return read === undefined ? other : { size, kind: "number", name, read };
  }
  const [exponentAt, exponentBits, mantissaAt, mantissaBits] = [
    cursor.byte(),
    cursor.byte(),
    cursor.byte(),
    cursor.byte(),
  ];
  const layout = floatLayouts[size];
  const ieee =
    layout !== undefined &&
    exponentAt === layout[0] &&
    exponentBits === layout[1] &&
    mantissaAt === 0 &&
    mantissaBits === layout[2] &&
    cursor.uint32() === layout[3] &&
    (bits[0] & 0x40) === 0;
  if (!ieee) return other;
  const read: ReadNumber =
    size === 2
      ? (view, at) => float16(view.getUint16(at, little))
      : size === 4
        ? (view, at) => view.getFloat32(at, little)
        : (view, at) => view.getFloat64(at, little);
  return { size, kind: "number", name, read };
}

function integerReader(size: number, signed: boolean, little: boolean): ReadNumber | undefined {
  switch (size) {
    case 1:
      return signed ? (view, at) => view.getInt8(at) : (view, at) => view.getUint8(at);
    case 2:
      return signed ? (view, at) => view.getInt16(at, little) : (view, at) => view.getUint16(at, little);
    case 4:
      return signed ? (view, at) => view.getInt32(at, little) : (view, at) => view.getUint32(at, little);
    case 8:
      return signed
        ? (view, at) => Number(view.getBigInt64(at, little))
        : (view, at) => Number(view.getBigUint64(at, little));
    default:
      return undefined;
  }
}

/** Reads a shape; null for an empty dataspace. */
export function readDataspace(source: Source, cursor: Cursor): Shape | null {
  const version = cursor.byte();
  if (version !== 1 && version !== 2)
    throw new LlifError("UNSUPPORTED", `${source.place}: HDF5 dataspace: expected version 1 or 2, got ${version}`);
  const rank = cursor.byte();
  cursor.skip(1);
  const type = cursor.byte();
  if (version === 2 && type === 2) return null;
  if (version === 1) cursor.skip(4);
  if (rank > 32) throw corrupt(source.place, `expected at most 32 dimensions, got ${rank}`);
  return Array.from({ length: rank }, () => cursor.uint64());
}
