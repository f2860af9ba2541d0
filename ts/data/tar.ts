// Reads tar archives.
import { checkBytes } from "../check.ts";
import { LlifError } from "../errors.ts";
import { quoted } from "../text.ts";

const blockBytes = 512;
const regularFiles = new Set(["0", "\0", ""]);

/**
 * Regular files of a tar archive (ustar, GNU or pax) by path. Links and folders are skipped; names longer than ustar's
 * 255 bytes are not supported.
 * @returns views into `bytes`.
 * @throws {LlifError} `FORMAT` if truncated or corrupt.
 */
export function readTar(source: Uint8Array, place = "tar archive"): Map<string, Uint8Array> {
  const bytes = checkBytes(place, source);
  const files = new Map<string, Uint8Array>();
  let offset = 0;
  while (offset + blockBytes <= bytes.length) {
    const header = bytes.subarray(offset, offset + blockBytes);
    if (header.every((byte) => byte === 0)) return files;
    if (checksum(header) !== octal(header, 148, 8))
      throw new LlifError("FORMAT", `${place}: corrupt header at byte ${offset}`);
    const size = octal(header, 124, 12);
    if (Number.isNaN(size))
      throw new LlifError(
        "FORMAT",
        `${place}: corrupt header at byte ${offset}, expected an octal size, got ${quoted(text(header, 124, 12))}`,
      );
    const start = offset + blockBytes;
    if (start + size > bytes.length) {
      throw new LlifError("FORMAT", `${place}: truncated, expected ${start + size} bytes, got ${bytes.length}`);
    }
    if (regularFiles.has(String.fromCharCode(header[156]))) {
      // Only POSIX archives have a prefix there; GNU's magic is "ustar " and its field means something else.
      const prefix = text(header, 257, 8).startsWith("ustar ") ? "" : text(header, 345, 155);
      const name = prefix === "" ? text(header, 0, 100) : `${prefix}/${text(header, 0, 100)}`;
      files.set(name.replace(/^\.\//, ""), bytes.subarray(start, start + size));
    }
    offset = start + Math.ceil(size / blockBytes) * blockBytes;
  }
  throw new LlifError("FORMAT", `${place}: truncated, expected an empty block at its end`);
}

function text(header: Uint8Array, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

/** NaN unless the field is an octal number >= 0; no checksum equals NaN. */
function octal(header: Uint8Array, start: number, length: number): number {
  const digits = text(header, start, length).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

/** Sum of the header's bytes, with the checksum field counted as spaces. */
function checksum(header: Uint8Array): number {
  return header.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 32 : byte), 0);
}
