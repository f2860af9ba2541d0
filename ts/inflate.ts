// Unpacks DEFLATE data of a known size; checksums of gzip, zip, PNG and zlib.
import { Inflate } from "fflate";
import { LlifError } from "./errors.ts";

/** DEFLATE cannot expand a byte to more than this. */
const largestExpansion = 1032;
/** fflate unpacks a whole step before its size can be checked: at most 16 MiB. */
const stepBytes = 16384;

/**
 * Part of fflate's internal state, needed to find the end of a stream: `f` last block, `l` open block, `p` used bits of
 * `p[0]`.
 */
interface StreamState {
  readonly s: { readonly f?: number; readonly l?: unknown; readonly p?: number };
  readonly p: Uint8Array;
}

/**
 * Unpacks the raw DEFLATE stream at the start of `packed`.
 * @param size bytes of the content, as the container states; the caller has taken them from the budget.
 * @returns the content, and the number of bytes of `packed` that were used.
 * @throws {LlifError} FORMAT if it is truncated, corrupt or of another size. Work and memory are limited by `size`.
 */
export function inflate(
  packed: Uint8Array,
  size: number,
  place: string,
): { content: Uint8Array<ArrayBuffer>; consumed: number } {
  if (size > packed.length * largestExpansion) {
    throw new LlifError("FORMAT", `${place}: truncated or corrupt, ${packed.length} packed bytes cannot hold ${size}`);
  }
  const content = new Uint8Array(size);
  let [pushed, length] = [0, 0];
  const stream = new Inflate((chunk) => {
    if (length + chunk.length > size) throw new RangeError(`more than the stated ${size} bytes`);
    content.set(chunk, length);
    length += chunk.length;
  });
  const state = stream as unknown as StreamState;
  const ended = () => Boolean(state.s.f) && !state.s.l;
  try {
    while (!ended() && pushed < packed.length) {
      const step = packed.subarray(pushed, pushed + stepBytes);
      stream.push(step, false);
      pushed += step.length;
    }
    if (!ended()) throw new RangeError("it ends too early");
    if (length !== size) throw new RangeError(`${length} bytes instead of the stated ${size}`);
  } catch (cause) {
    throw new LlifError(
      "FORMAT",
      `${place}: truncated or corrupt compressed data (${cause instanceof Error ? cause.message : String(cause)})`,
      { cause },
    );
  }
  return { content, consumed: pushed - state.p.length + (state.s.p ? 1 : 0) };
}

const crcTable = /* @__PURE__ */ Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** Checksum of gzip, zip and PNG. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let index = 0; index < bytes.length; index++) crc = (crc >>> 8) ^ crcTable[(crc ^ bytes[index]) & 255];
  return (crc ^ 0xffffffff) >>> 0;
}

/** Checksum of zlib data. */
export function adler32(bytes: Uint8Array): number {
  let [low, high] = [1, 0];
  for (let start = 0; start < bytes.length; start += 3800) {
    const end = Math.min(start + 3800, bytes.length);
    for (let index = start; index < end; index++) high += low += bytes[index];
    low %= 65521;
    high %= 65521;
  }
  return ((high << 16) | low) >>> 0;
}
