// Decodes JPEG files. The cost is estimated from the header before jpeg-js starts.
import { decode } from "jpeg-js";
import type { Budget } from "../budget.ts";
import { LlifError } from "../errors.ts";
import type { DecodedImage } from "./decoded-image.ts";

/** Memory that jpeg-js takes per sample: a coefficient of 4 bytes, and as much again for the objects around it. */
const bytesPerSample = 8;
const bytesPerPixel = 4;
/**
 * A block of 8×8 samples takes at least a bit; with sampling factors 4 × 1 and 1 × 4 there is a block per 32 × 8
 * pixels.
 */
const mostPixelsPerByte = 8 * 32 * 8;
/** Progressive files have about ten scans; each costs a pass over all blocks, even if it is short. */
const mostScans = 100;
/** Time of one scan per sample: twice what jpeg-js takes to refine coefficients, on a slow machine. */
const secondsPerSample = 1e-8;

const marker = {
  first: 0xc0,
  last: 0xcf,
  huffman: 0xc4,
  reserved: 0xc8,
  arithmetic: 0xcc,
  end: 0xd9,
  scan: 0xda,
} as const;

export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8;
}

/**
 * Decodes a JPEG file, baseline or progressive. EXIF orientation is ignored.
 * @throws {LlifError} `FORMAT` if it is truncated, corrupt, or beyond the budget.
 */
export function decodeJpeg(bytes: Uint8Array, place: string, budget: Budget): DecodedImage {
  const { width, height, components, samples, scans } = readHeader(bytes, place);
  const shown = `${place} of ${width}×${height} pixels`;
  budget.take("bytes", samples * bytesPerSample + width * height * bytesPerPixel, shown);
  budget.checkTime(`${shown} in ${scans} scans`, samples * scans * secondsPerSample);
  let decoded: { readonly width: number; readonly height: number; readonly data: Uint8Array };
  try {
    decoded = decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxResolutionInMP: Infinity,
      maxMemoryUsageInMB: Infinity,
    });
  } catch (cause) {
    throw corrupt(place, cause instanceof Error ? cause.message : String(cause), cause);
  }
  const data = new Uint8Array(decoded.data);
  if (decoded.width !== width || decoded.height !== height || data.length !== width * height * 3) {
    throw corrupt(place, `${decoded.width}×${decoded.height} pixels instead of the header's ${width}×${height}`);
  }
  return components === 1
    ? { shape: [height, width, 1], data: data.filter((_, index) => index % 3 === 0) }
    : { shape: [height, width, 3], data };
}

function readHeader(
  bytes: Uint8Array,
  place: string,
): { width: number; height: number; components: number; samples: number; scans: number } {
  const short = (at: number) => (bytes[at] << 8) | bytes[at + 1];
  let frame: number | undefined;
  let scans = 0;
  for (let at = 2; at + 4 <= bytes.length && bytes[at + 1] !== marker.end; ) {
    const type = bytes[at + 1];
    if (bytes[at] !== 0xff || type < marker.first || (type >= 0xd0 && type < marker.end) || type === 0xff) {
      at++; // pixels, or bytes that fill
      continue;
    }
    if (type <= marker.last && type !== marker.huffman && type !== marker.reserved && type !== marker.arithmetic) {
      if (frame !== undefined) throw corrupt(place, "two frame headers");
      frame = at;
    }
    if (type === marker.scan && ++scans > mostScans) throw corrupt(place, `more than ${mostScans} scans`);
    at += 2 + Math.max(2, short(at + 2));
  }
  if (frame === undefined || frame + 10 > bytes.length) throw corrupt(place, "no frame header");
  const [precision, height, width, components] = [
    bytes[frame + 4],
    short(frame + 5),
    short(frame + 7),
    bytes[frame + 9],
  ];
  if (precision !== 8) throw corrupt(place, `${precision} bits a sample, expected 8`);
  if (width === 0 || height === 0) throw corrupt(place, `${width}×${height} pixels`);
  if (![1, 3, 4].includes(components)) throw corrupt(place, `${components} components, expected 1, 3 or 4`);
  if (frame + 10 + 3 * components > bytes.length) throw corrupt(place, "no frame header");
  if (width * height > bytes.length * mostPixelsPerByte)
    throw corrupt(place, `${bytes.length} bytes cannot hold ${width}×${height} pixels`);
  const factors = Array.from(
    { length: components },
    (_, index) => [bytes[frame + 11 + 3 * index] >> 4, bytes[frame + 11 + 3 * index] & 15] as const,
  );
  if (factors.some((pair) => pair.some((factor) => factor < 1 || factor > 4)))
    throw corrupt(place, "a sampling factor beyond 1 to 4");
  const [mostH, mostV] = [0, 1].map((axis) => Math.max(...factors.map((pair) => pair[axis])));
  const units = Math.ceil(width / (8 * mostH)) * Math.ceil(height / (8 * mostV));
  const samples = factors.reduce((sum, [h, v]) => sum + units * h * v * 64, 0);
  return { width, height, components, samples, scans };
}

function corrupt(place: string, reason: string, cause?: unknown): LlifError {
  return new LlifError("FORMAT", `${place}: truncated or corrupt JPEG file (${reason})`, { cause });
}
