// Damage to bytes of no known structure.
import type { Random } from "./random.ts";

/** Numbers that length, count and offset fields lie with. */
// biome-ignore format: one number a line would hide them
export const lies: readonly number[] = [
  0, 1, 2, 3, 4, 7, 8, 9, 16, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 1_000_003,
  2 ** 24, 2 ** 28, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53,
  -1, -2, -128, -(2 ** 31),
];
export const hugeLies: readonly bigint[] = [2n ** 62n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];

/** Little-endian, in as many bytes, of the two's complement. */
export function little(bytes: number, value: number | bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return buffer.subarray(0, bytes);
}

export function big32(value: number): Buffer {
  return Buffer.from(little(4, value)).reverse();
}

export function join(...parts: readonly (Uint8Array | string)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part)));
}

/** Flips, overwrites, cuts, repeats, inserts and moves, several times over; the first bytes more often than others. */
export function mutateBytes(
  random: Random,
  bytes: Uint8Array,
  donor: Uint8Array = bytes,
  times = 1 + random.below(random.chance(70) ? 3 : 12),
): Buffer {
  let damaged = Buffer.from(bytes);
  for (let round = 0; round < times && damaged.length > 0; round++) {
    const at = random.chance(40) ? random.below(Math.min(damaged.length, 256)) : random.below(damaged.length);
    const span = 1 + random.below(random.chance(80) ? 16 : damaged.length);
    damaged = mutateOnce(random, damaged, Buffer.from(donor), at, Math.min(span, damaged.length - at));
  }
  return damaged;
}

function mutateOnce(
  random: Random,
  bytes: Buffer<ArrayBuffer>,
  donor: Buffer,
  at: number,
  span: number,
): Buffer<ArrayBuffer> {
  const end = at + span;
  const number = (size: number) => little(size, random.chance(10) ? random.pick(hugeLies) : random.pick(lies));
  switch (random.below(11)) {
    case 0:
    case 1:
      bytes[at] ^= 1 << random.below(8);
      return bytes;
    case 2:
      bytes[at] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
      return bytes;
    case 3:
      number(random.pick([2, 4, 8])).copy(bytes, at);
      return bytes;
    case 4:
      Buffer.from(number(random.pick([2, 4])))
        .reverse()
        .copy(bytes, at);
      return bytes;
    case 5:
      return join(bytes.subarray(0, at), bytes.subarray(end)) as Buffer<ArrayBuffer>;
    case 6:
      return join(bytes.subarray(0, end), bytes.subarray(at)) as Buffer<ArrayBuffer>;
    case 7:
      return join(bytes.subarray(0, at), random.bytes(span & 63), bytes.subarray(at)) as Buffer<ArrayBuffer>;
    case 8:
      return random.chance(40) ? bytes.subarray(0, at) : bytes.fill(random.pick([0, 0xff, 0x20, 0x41]), at, end);
    case 9:
      donor.copy(bytes, at, random.below(donor.length));
      return bytes;
    default:
      bytes.copy(bytes, random.below(bytes.length), at, end);
      return bytes;
  }
}

/** Float32 numbers that break what takes numbers for granted. */
const strangeFloats = [
  NaN,
  Infinity,
  -Infinity,
  -0,
  1e-45,
  -1e-45,
  1.1754942e-38,
  3.4e38,
  -3.4e38,
  1e38,
  0,
  1,
  -1,
  16777217,
  2147483647,
];

export function mutateFloats(random: Random, bytes: Uint8Array): Buffer {
  const damaged = Buffer.from(bytes);
  for (let count = 1 + random.below(4); count > 0 && damaged.length >= 4; count--)
    damaged.writeFloatLE(random.pick(strangeFloats), 4 * random.below(damaged.length >> 2));
  return damaged;
}
