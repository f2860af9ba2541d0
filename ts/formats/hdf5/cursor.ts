// Reads numbers and text from an HDF5 file, within its bytes and the reading budget.
import type { Budget } from "../../budget.ts";
import { LlifError } from "../../errors.ts";

/** The file and its budget. */
export interface Source {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly budget: Budget;
  /** Name of the file for messages. */
  readonly place: string;
}

export function corrupt(place: string, what: string): LlifError {
  return new LlifError("FORMAT", `${place}: truncated or corrupt HDF5 file: ${what}`);
}

/** Reads forward from an address, little-endian, never beyond `end`. */
export class Cursor {
  at: number;
  readonly #source: Source;
  readonly #end: number;

  constructor(source: Source, at: number, end: number = source.bytes.length) {
    this.#source = source;
    this.#end = Math.min(end, source.bytes.length);
    this.at = at;
  }

  /** Skips `length` bytes and returns where they begin. */
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

  /** Not exact above 2^53, which no file reaches. */
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

  /** Null if no address is stored. */
  address(): number | null {
    const value = this.#source.view.getBigUint64(this.skip(8), true);
    return value === 0xffff_ffff_ffff_ffffn ? null : Number(value);
  }

  /** @throws {LlifError} FORMAT for another signature or version. */
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

  /** UTF-8 text of `length` bytes. */
  text(length: number): string {
    const at = this.skip(length);
    this.#source.budget.take("bytes", length, this.#source.place);
    return new TextDecoder().decode(this.#source.bytes.subarray(at, at + length));
  }
}

/** Takes one part of the file from the budget before it is read. */
export function takeNode({ budget, place }: Source): void {
  budget.take("nodes", 1, place);
  budget.checkTime(place);
}
