// Numbers and text out of an HDF5 file, within its bytes and the budget of reading.
import type { Budget } from "../../budget.ts";
import { LlifError } from "../../errors.ts";

/** The file that all parts of a reading share. */
export interface Source {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly budget: Budget;
  /** How messages call the file. */
  readonly place: string;
}

export function corrupt(place: string, what: string): LlifError {
  return new LlifError("FORMAT", `${place}: truncated or corrupt HDF5 file: ${what}`);
}

/** Reads on from an address, little-endian, never past `end`. */
export class Cursor {
  at: number;
  readonly #source: Source;
  readonly #end: number;

  constructor(source: Source, at: number, end: number = source.bytes.length) {
    this.#source = source;
    this.#end = Math.min(end, source.bytes.length);
    this.at = at;
  }

  /** Passes over so many bytes, and returns where they begin. */
  skip(length: number): number {
    const { at } = this;
    if (!(at >= 0 && length >= 0 && at + length <= this.#end))
      throw corrupt(this.#source.place, `expected ${length} bytes at ${at}, got the end at ${this.#end}`);
    this.at = at + length;
    return at;
  }

  byte(): number {
    return this.#source.bytes[this.skip(1)];
  }

  uint16(): number {
    return this.#source.view.getUint16(this.skip(2), true);
  }

  uint32(): number {
    return this.#source.view.getUint32(this.skip(4), true);
  }

  /** Past 2^53 not exact, and past the end of every file. */
  uint64(): number {
    return Number(this.#source.view.getBigUint64(this.skip(8), true));
  }

  /** An unsigned integer of up to eight bytes. */
  unsigned(bytes: number): number {
    let value = 0;
    for (let at = this.skip(bytes), scale = 1, index = 0; index < bytes; index++, scale *= 256)
      value += this.#source.bytes[at + index] * scale;
    return value;
  }

  /** Null where no address is stored. */
  address(): number | null {
    const value = this.#source.view.getBigUint64(this.skip(8), true);
    return value === 0xffff_ffff_ffff_ffffn ? null : Number(value);
  }

  /** @throws {LlifError} FORMAT where another signature, or another version, is stored. */
  expect(signature: string, version?: number): void {
    const at = this.skip(signature.length);
    const found = this.#source.bytes.subarray(at, at + signature.length);
    if (!found.every((byte, index) => byte === signature.charCodeAt(index)))
      throw corrupt(this.#source.place, `expected "${signature}" at ${at}`);
    if (version === undefined) return;
    const got = this.byte();
    if (got !== version)
      throw new LlifError(
        "UNSUPPORTED",
        `${this.#source.place}: HDF5 ${signature} at ${at}: expected version ${version}, got ${got}`,
      );
  }

  /** UTF-8 of so many bytes. */
  text(length: number): string {
    const at = this.skip(length);
    this.#source.budget.take("bytes", length, this.#source.place);
    return new TextDecoder().decode(this.#source.bytes.subarray(at, at + length));
  }
}

/** Counts one more part of the file before it is read. */
export function takeNode({ budget, place }: Source): void {
  budget.take("nodes", 1, place);
  budget.checkTime(place);
}
