import { unzipSync } from "fflate";
import { LlifError } from "../errors.ts";

/** Each file takes at least so much of an archive's directory. */
const smallestEntryBytes = 46;
/** DEFLATE cannot expand a byte to more than this. */
const largestExpansion = 1032;

/**
 * Files of a zip archive by their names.
 * @param wanted chooses by name; the others are not unpacked.
 * @throws {LlifError} FORMAT when it is truncated or corrupt.
 */
export function unzip(bytes: Uint8Array, place: string, wanted: (name: string) => boolean = () => true): Record<string, Uint8Array> {
  let entries = 0;
  let [packed, unpacked] = [0, 0];
  try {
    return unzipSync(bytes, {
      filter: ({ name, size, originalSize }) => {
        // A damaged directory may claim billions of files, or of bytes, or the same bytes again and again, which fflate would take its time for.
        if (++entries > bytes.length / smallestEntryBytes) throw new RangeError("more files than bytes for them");
        packed += size;
        unpacked += originalSize;
        if (packed > bytes.length) throw new RangeError(`${packed} packed bytes`);
        if (unpacked > bytes.length * largestExpansion + 1024) throw new RangeError(`${unpacked} bytes of content`);
        return wanted(name);
      },
    });
  } catch (cause) {
    throw new LlifError("FORMAT", `${place}: truncated or corrupt archive (${cause instanceof Error ? cause.message : String(cause)})`, { cause });
  }
}
