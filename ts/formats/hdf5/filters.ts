// Undoes the filters of HDF5 chunks: gzip, shuffle and the Fletcher checksum.
import { LlifError } from "../../errors.ts";
import { adler32, inflate } from "../../inflate.ts";
import { corrupt, type Cursor, type Source } from "./cursor.ts";

export interface Filter {
  readonly id: number;
  readonly parameters: readonly number[];
}

const [deflate, shuffle, fletcher] = [1, 2, 3];

/** Reads the list of filters, in the order in which they were applied. */
export function readFilters(source: Source, cursor: Cursor): Filter[] {
  const version = cursor.byte();
  if (version !== 1 && version !== 2)
    throw new LlifError("UNSUPPORTED", `${source.place}: HDF5 filters: expected version 1 or 2, got ${version}`);
  const count = cursor.byte();
  if (version === 1) cursor.skip(6);
  return Array.from({ length: count }, () => {
    const id = cursor.uint16();
    const nameBytes = version === 1 || id > 255 ? cursor.uint16() : 0;
    cursor.skip(2);
    const values = cursor.uint16();
    cursor.skip(version === 1 ? Math.ceil(nameBytes / 8) * 8 : nameBytes);
    const parameters = Array.from({ length: values }, () => cursor.uint32());
    if (version === 1 && values % 2 === 1) cursor.skip(4);
    return { id, parameters };
  });
}

/**
 * Undoes the filters of one chunk.
 * @param mask a bit for each filter that was skipped. @param size bytes of the chunk. @param itemBytes bytes of an
 * element.
 * @throws {LlifError} FORMAT for another size or a wrong checksum, UNSUPPORTED for another filter. Work and memory are
 * limited by `size`.
 */
export function unfilter(
  source: Source,
  stored: Uint8Array,
  filters: readonly Filter[],
  mask: number,
  size: number,
  itemBytes: number,
  place: string,
): Uint8Array {
  const applied = filters.filter((_, index) => (mask & (1 << index)) === 0);
  // Bytes before each filter; unknown after a compressing filter.
  const sizes: (number | undefined)[] = [size];
  for (const { id } of applied) {
    const before = sizes[sizes.length - 1];
    sizes.push(id === deflate || before === undefined ? undefined : before + (id === fletcher ? 4 : 0));
  }
  let content = stored;
  for (let index = applied.length - 1; index >= 0; index--) {
    const { id, parameters } = applied[index];
    if (id === deflate) {
      const unpacked = sizes[index];
      if (unpacked === undefined)
        throw new LlifError("UNSUPPORTED", `${place}: expected chunks that are compressed once`);
      source.budget.take("bytes", unpacked, place);
      content = unpackZlib(content, unpacked, place);
    } else if (id === fletcher) content = checked(content, place);
    else if (id === shuffle) {
      const step = parameters[0] ?? itemBytes;
      if (step !== itemBytes)
        throw new LlifError(
          "UNSUPPORTED",
          `${place}: expected bytes shuffled by elements of ${itemBytes} bytes, got ${step}`,
        );
      content = unshuffle(content, step);
    } else
      throw new LlifError(
        "UNSUPPORTED",
        `${place}: expected chunks compressed by gzip, perhaps shuffled and with a checksum, got HDF5 filter ${id}`,
      );
  }
  if (content.length !== size) throw corrupt(place, `expected a chunk of ${size} bytes, got ${content.length}`);
  return content;
}

function unpackZlib(packed: Uint8Array, size: number, place: string): Uint8Array {
  const [method = 0, flags = 0] = packed;
  if ((method & 15) !== 8 || ((method << 8) | flags) % 31 !== 0 || flags & 0x20)
    throw corrupt(place, "expected a chunk of zlib data");
  const { content, consumed } = inflate(packed.subarray(2), size, place);
  const end = 2 + consumed;
  if (end + 4 > packed.length) throw corrupt(place, "a chunk lacks its checksum");
  const stored = new DataView(packed.buffer, packed.byteOffset + end).getUint32(0);
  if (adler32(content) !== stored) throw corrupt(place, "the checksum of a chunk is wrong");
  return content;
}

function unshuffle(content: Uint8Array, step: number): Uint8Array {
  const count = Math.floor(content.length / step);
  const whole = content.slice();
  for (let byte = 0; byte < step; byte++) {
    for (let index = 0; index < count; index++) whole[index * step + byte] = content[byte * count + index];
  }
  return whole;
}

/** Checks the Fletcher checksum: sums of big-endian 16-bit words, modulo 65535. */
function checked(content: Uint8Array, place: string): Uint8Array {
  const length = content.length - 4;
  if (length < 0) throw corrupt(place, "a chunk lacks its checksum");
  let [low, high] = [0, 0];
  for (let index = 0; index < length; index += 2) {
    low = (low + content[index] * 256 + (index + 1 < length ? content[index + 1] : 0)) % 65535;
    high = (high + low) % 65535;
  }
  const stored = new DataView(content.buffer, content.byteOffset + length, 4);
  if (stored.getUint16(0, true) % 65535 !== low || stored.getUint16(2, true) % 65535 !== high)
    throw corrupt(place, "the checksum of a chunk is wrong");
  return content.subarray(0, length);
}
