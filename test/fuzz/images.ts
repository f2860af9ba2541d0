// Damage to PNG and JPEG files that keeps their chunks and segments.
import { deflateSync, inflateSync } from "node:zlib";
import { crc32 } from "../../ts/inflate.ts";
import { big32, join, lies, mutateBytes } from "./bytes.ts";
import type { Random } from "./random.ts";

interface Chunk {
  type: string;
  data: Buffer;
  crc?: number;
}

const ancillary = [
  "tRNS",
  "PLTE",
  "iCCP",
  "tEXt",
  "zTXt",
  "iTXt",
  "gAMA",
  "acTL",
  "fcTL",
  "fdAT",
  "IDAT",
  "IHDR",
  "pHYs",
  "abCd",
];

export function mutatePng(random: Random, bytes: Uint8Array, donor: Uint8Array): Buffer {
  if (random.chance(25)) return mutateBytes(random, bytes, donor);
  const chunks = chunksOf(bytes);
  for (let round = 1 + random.below(2); round > 0 && chunks.length > 0; round--)
    mutateChunks(random, chunks, chunksOf(donor), bytes);
  return join(
    bytes.subarray(0, 8),
    ...chunks.map(({ type, data, crc }) => {
      const body = join(type, data);
      return join(big32(data.length), body, big32(crc ?? crc32(body)));
    }),
  );
}

function mutateChunks(random: Random, chunks: Chunk[], others: readonly Chunk[], bytes: Uint8Array): void {
  const at = random.below(chunks.length);
  const chunk = chunks[at];
  switch (random.below(9)) {
    case 0: {
      const header = chunks[0];
      if (header.data.length < 13) return;
      if (random.chance(50)) big32(random.pick(lies)).copy(header.data, 4 * random.below(2));
      else header.data[random.between(8, 12)] = random.pick([0, 1, 2, 3, 4, 6, 8, 16, 255]);
      return;
    }
    case 1: {
      const pixels = chunks.find(({ type }) => type === "IDAT");
      try {
        if (pixels !== undefined) pixels.data = deflateSync(mutateBytes(random, inflateSync(pixels.data), bytes));
      } catch {
        // It was damaged in the round before.
      }
      return;
    }
    case 2:
      chunk.data = mutateBytes(random, chunk.data, bytes);
      return;
    case 3:
      chunks.splice(at, 1);
      return;
    case 4:
      chunks.splice(at, 0, { type: random.pick(ancillary), data: random.bytes(random.below(40)) });
      return;
    case 5:
      chunk.crc = random.below(2 ** 32);
      return;
    case 6:
      chunks.push(...chunks.splice(at, 1));
      return;
    case 7:
      chunks.splice(at, 0, { ...random.pick(others) });
      return;
    default:
      chunk.type = random.pick(["IDAT", "PLTE", "tRNS", "IHDR", "zzzz"]);
  }
}

function chunksOf(png: Uint8Array): Chunk[] {
  const bytes = Buffer.from(png);
  const chunks: Chunk[] = [];
  for (let at = 8; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    chunks.push({ type: bytes.toString("latin1", at + 4, at + 8), data: bytes.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  return chunks;
}

export function mutateJpeg(random: Random, bytes: Uint8Array, donor: Uint8Array): Buffer {
  const source = Buffer.from(bytes);
  const segments: Buffer[] = [];
  let at = 2;
  while (at + 4 <= source.length && source[at] === 0xff && source[at + 1] !== 0xda) {
    const end = at + 2 + source.readUInt16BE(at + 2);
    segments.push(source.subarray(at, end));
    at = end;
  }
  if (segments.length === 0 || random.chance(40)) return mutateBytes(random, bytes, donor);
  const tail = source.subarray(at);
  const segment = random.pick(segments);
  const frame = segments.find((one) => one[1] >= 0xc0 && one[1] <= 0xc2 && one.length > 10) ?? segment;
  const scans: Buffer[] = [];
  switch (random.below(7)) {
    case 0:
      for (let count = 0; count < 2; count++)
        segment[random.between(2, segment.length - 1)] = random.pick([
          0,
          1,
          2,
          3,
          4,
          0x11,
          0x22,
          0x44,
          0x7f,
          0xff,
          random.below(256),
        ]);
      break;
    case 1:
      segments.splice(segments.indexOf(segment), 1);
      break;
    case 2:
      segments.push(segment);
      break;
    case 3:
      frame.writeUInt16BE(random.pick([0, 1, 7, 8, 9, 17, 100, 1000, 10000, 65535]), random.pick([5, 7]));
      break;
    case 4:
      frame[1] = random.pick([0xc0, 0xc1, 0xc2, 0xc3, 0xc9]);
      break;
    case 5:
      segments.reverse();
      break;
    default:
      scans.push(
        ...Array.from({ length: random.pick([1, 3, 150]) }, () =>
          Buffer.of(0xff, 0xda, 0, 8, 1, 1, 0, random.below(64), random.below(64), random.below(256)),
        ),
      );
  }
  return join(
    source.subarray(0, 2),
    ...segments,
    ...scans,
    random.chance(30) ? mutateBytes(random, tail, donor) : tail,
  );
}
