// Damage to zip, gzip and tar files that keeps their checksums right, or not.
import { gunzipSync, gzipSync } from "node:zlib";
import { unzipSync } from "fflate";
import { zipOf, type ZipPart } from "../data/containers.ts";
import { join, lies, little, mutateBytes } from "./bytes.ts";
import type { Random } from "./random.ts";

const names = [
  "__proto__",
  "../../x",
  "/etc/passwd",
  "",
  "config.json",
  "archive/data.pkl",
  "\u0000",
  "C:\\x",
  "a.npy",
];
const unsigned = lies.filter((number) => number >= 0);

/** @param mutateFile damages one file of the archive, by its name. */
export function mutateZip(
  random: Random,
  bytes: Uint8Array,
  mutateFile: (random: Random, name: string, data: Buffer) => Uint8Array,
): Buffer {
  if (random.chance(30)) return mutateBytes(random, bytes);
  const parts: ZipPart[] = Object.entries(unzipSync(bytes)).map(([name, data]) => ({
    name,
    data,
    deflated: random.chance(30),
    wide: random.chance(10),
  }));
  const at = random.below(parts.length);
  const part = parts[at];
  const change = (changes: Partial<ZipPart>) => void (parts[at] = { ...part, ...changes });
  switch (random.below(14)) {
    case 0:
      change({ size: random.pick(unsigned) });
      break;
    case 1:
      change({ packedBytes: random.pick(unsigned) });
      break;
    case 2:
      change({ crc: random.below(2 ** 32) });
      break;
    case 3:
      change({ offset: random.pick(unsigned) });
      break;
    case 4:
      change({ method: random.pick([0, 8, 9, 12, 14, 99]) });
      break;
    case 5:
      change({ name: random.pick([...names, `${part.name}\0`]) });
      break;
    case 6:
      change({ localName: random.pick(names) });
      break;
    case 7:
      parts.splice(at, 1);
      break;
    case 8:
      parts.push({ ...part, data: mutateBytes(random, part.data) });
      break;
    case 9:
      change({ flags: random.pick([1, 8, 0x800, 0xffff]) });
      break;
    default:
      change({ data: new Uint8Array(mutateFile(random, part.name, Buffer.from(part.data))) });
  }
  return Buffer.from(zipOf(parts));
}

export function mutateGzip(random: Random, bytes: Uint8Array, donor: Uint8Array): Buffer {
  if (random.chance(40)) return mutateBytes(random, bytes, donor);
  const damaged = gzipSync(mutateBytes(random, gunzipSync(bytes), donor), { level: random.below(10) });
  if (random.chance(30)) little(4, random.pick(lies)).copy(damaged, damaged.length - random.pick([4, 8]));
  if (random.chance(30)) damaged[3] = random.below(64);
  return random.chance(20) ? join(damaged, random.chance(50) ? damaged : random.bytes(5)) : damaged;
}

interface TarPart {
  name: string;
  data: Uint8Array;
  size?: string;
  type?: string;
  magic?: string;
  prefix?: string;
  sumError?: number;
}

export const tarParts: readonly TarPart[] = [
  { name: "package/a", data: Buffer.from("hello") },
  { name: "package/b", data: Buffer.alloc(700, "x") },
  { name: "link", data: Buffer.alloc(0), type: "2" },
];

export function writeTar(parts: readonly TarPart[]): Buffer {
  return join(
    ...parts.map(({ name, data, size, type = "0", magic = "ustar\u000000", prefix = "", sumError = 0 }) => {
      const header = Buffer.alloc(512);
      header.write(name, 0, 100);
      header.write(size ?? `${data.length.toString(8).padStart(11, "0")}\0`, 124, 12, "latin1");
      header.write(`        ${type}`, 148, 9, "latin1");
      header.write(magic, 257, 8, "latin1");
      header.write(prefix, 345, 155);
      header.write(`${(header.reduce((sum, byte) => sum + byte, 0) + sumError).toString(8).padStart(6, "0")}\0 `, 148);
      return join(header, data, Buffer.alloc((512 - (data.length % 512)) % 512));
    }),
    Buffer.alloc(1024),
  );
}

const sizes = [
  "-0000001000\0",
  "77777777777\0",
  "\0",
  "            ",
  "00000000x0\0",
  "0x10\0",
  "\x80\0\0\0\0\0\0\0\0\0\0\x05",
  "1e3\0",
  "-1\0",
  "9999\0",
  "       1000\0",
];

export function mutateTar(random: Random, bytes: Uint8Array): Buffer {
  if (random.chance(30)) return mutateBytes(random, bytes);
  const parts = tarParts.map((part) => ({ ...part }));
  for (let round = 1 + random.below(2); round > 0; round--) {
    const part = random.pick(parts);
    switch (random.below(8)) {
      case 0:
      case 1:
        part.size = random.pick(sizes);
        break;
      case 2:
        part.name = random.pick(["", "../../x", "/abs", "__proto__", "a".repeat(100), "./"]);
        break;
      case 3:
        part.type = random.pick(["0", "\0", "1", "5", "x", "g", "L", "7", "S"]);
        break;
      case 4:
        part.magic = random.pick(["ustar  \0", "\0".repeat(8), "ustar\u000099"]);
        break;
      case 5:
        part.prefix = random.pick(["..", "a/b", "x".repeat(155)]);
        break;
      case 6:
        part.sumError = random.pick([1, -1]);
        break;
      default:
        part.data = part.data.subarray(0, random.below(part.data.length + 1));
    }
  }
  return writeTar(parts);
}
