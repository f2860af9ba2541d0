// Writes RGB pixels as a PNG, for pictures inside plots.
import { zlibSync } from "fflate";
import { crc32 } from "../inflate.ts";

const signature = [137, 80, 78, 71, 13, 10, 26, 10];

/** @param pixels shape [height, width, 3], 0…255. */
export function pngOf(pixels: Uint8Array, width: number, height: number): Uint8Array {
  const lines = new Uint8Array(height * (1 + 3 * width));
  // Each line begins with its filter: 0, none.
  for (let line = 0; line < height; line++)
    lines.set(pixels.subarray(3 * width * line, 3 * width * (line + 1)), line * (1 + 3 * width) + 1);
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  // 8 bits a sample, RGB.
  header.setUint16(8, 0x0802);
  const chunks = [
    chunk("IHDR", new Uint8Array(header.buffer)),
    chunk("IDAT", zlibSync(lines, { level: 9 })),
    chunk("IEND", new Uint8Array(0)),
  ];
  return Uint8Array.from([signature, ...chunks].flatMap((part) => Array.from(part)));
}

function chunk(name: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(name), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}
