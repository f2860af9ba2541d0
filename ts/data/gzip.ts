// Reads gzip data within a budget.
import { openBudget, type Budget, type ReadBudget } from "../budget.ts";
import { checkBytes } from "../check.ts";
import { LlifError } from "../errors.ts";
import { crc32, inflate } from "../inflate.ts";

const flag = { headerChecksum: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const;
const trailerBytes = 8;

export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Unpacks one gzip member.
 * @throws {LlifError} `FORMAT` if truncated, corrupt, followed by something else, beyond the budget, or if the checksum
 * is wrong.
 */
export function gunzip(place: string, source: Uint8Array, budget?: ReadBudget | Budget): Uint8Array<ArrayBuffer> {
  const bytes = checkBytes(place, source);
  if (!isGzip(bytes) || bytes.length < 18) {
    throw new LlifError("FORMAT", `${place}: expected gzip data, got ${bytes.length} bytes that are not`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.getUint32(bytes.length - 4, true);
  const start = headerLength(place, bytes);
  const packed = bytes.subarray(start);
  if (size <= bytes.length * 1032) openBudget(bytes.length, budget).take("bytes", size, place);
  const { content, consumed } = inflate(packed, size, place);
  if (start + consumed + trailerBytes !== bytes.length) {
    throw new LlifError(
      "FORMAT",
      `${place}: truncated or corrupt gzip data, expected one member of ${start + consumed + trailerBytes} bytes, got ${bytes.length}`,
    );
  }
  const expected = view.getUint32(bytes.length - trailerBytes, true);
  if (crc32(content) !== expected) throw new LlifError("FORMAT", `${place}: corrupt gzip data (wrong checksum)`);
  return content;
}

/** RFC 1952, 2.3. */
function headerLength(place: string, bytes: Uint8Array): number {
  const flags = bytes[3];
  if (bytes[2] !== 8 || (flags & flag.reserved) !== 0)
    throw new LlifError("FORMAT", `${place}: corrupt gzip header (method ${bytes[2]}, flags ${flags})`);
  let offset = 10;
  if (flags & flag.extra) offset += 2 + (bytes[offset] | (bytes[offset + 1] << 8));
  for (const text of [flag.name, flag.comment]) {
    if ((flags & text) === 0) continue;
    const end = bytes.indexOf(0, offset);
    offset = end < 0 ? bytes.length : end + 1;
  }
  if (flags & flag.headerChecksum) {
    const stated = bytes[offset] | (bytes[offset + 1] << 8);
    if ((crc32(bytes.subarray(0, offset)) & 0xffff) !== stated)
      throw new LlifError("FORMAT", `${place}: corrupt gzip header (wrong checksum)`);
    offset += 2;
  }
  if (offset > bytes.length - trailerBytes) throw new LlifError("FORMAT", `${place}: truncated gzip header`);
  return offset;
}
