import { gunzipSync } from "fflate";
import { LlifError } from "../errors.ts";

/** DEFLATE cannot expand a byte to more than this. */
const largestExpansion = 1032;

export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Unpacks one gzip member. fflate checks neither length nor CRC, so both are checked here.
 * @throws {LlifError} `FORMAT` when truncated or corrupt.
 */
export function gunzip(place: string, bytes: Uint8Array): Uint8Array {
  if (!isGzip(bytes) || bytes.length < 18) {
    throw new LlifError("FORMAT", `${place}: expected gzip data, got ${bytes.length} bytes that are not`);
  }
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8, 8);
  const expectedCrc = trailer.getUint32(0, true);
  const expectedLength = trailer.getUint32(4, true);
  // fflate allocates what the trailer says, so a corrupt trailer must be refused first.
  if (expectedLength > bytes.length * largestExpansion) {
    throw new LlifError("FORMAT", `${place}: truncated or corrupt gzip data (${bytes.length} bytes cannot hold ${expectedLength})`);
  }
  let unpacked: Uint8Array;
  try {
    unpacked = gunzipSync(bytes);
  } catch (cause) {
    throw new LlifError("FORMAT", `${place}: truncated or corrupt gzip data`, { cause });
  }
  if (unpacked.length !== expectedLength || crc32(unpacked) !== expectedCrc) {
    throw new LlifError("FORMAT", `${place}: truncated or corrupt gzip data (wrong length or checksum)`);
  }
  return unpacked;
}

const crcTable = /* @__PURE__ */ Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let index = 0; index < bytes.length; index++) crc = (crc >>> 8) ^ crcTable[(crc ^ bytes[index]) & 255];
  return (crc ^ 0xffffffff) >>> 0;
}
