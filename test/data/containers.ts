// Containers as tests damage them: zip archives, PNG files and tar archives of given parts, right or wrong.
import { deflateRawSync, deflateSync } from "node:zlib";
import { crc32 } from "../../ts/inflate.ts";

export interface ZipPart {
  readonly name: string;
  readonly data: Uint8Array;
  readonly deflated?: boolean;
  readonly crc?: number;
  /** Stated; the right ones where absent. */
  readonly size?: number;
  readonly packedBytes?: number;
  readonly method?: number;
  readonly flags?: number;
  readonly offset?: number;
  /** What the local header calls it. */
  readonly localName?: string;
  /** Numbers in a zip64 field. */
  readonly wide?: boolean;
}

const concat = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const little = (bytes: number, value: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, index) => Math.floor(value / 256 ** index) & 255);
const big = (value: number): Uint8Array => little(4, value).reverse();
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** A zip archive whose headers say what the parts say. */
export function zipOf(parts: readonly ZipPart[]): Uint8Array {
  const locals: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let at = 0;
  for (const part of parts) {
    const packed = part.deflated ? new Uint8Array(deflateRawSync(part.data)) : part.data;
    const [size, packedBytes, offset] = [
      part.size ?? part.data.length,
      part.packedBytes ?? packed.length,
      part.offset ?? at,
    ];
    const extra = part.wide
      ? concat(little(2, 1), little(2, 24), little(8, size), little(8, packedBytes), little(8, offset))
      : new Uint8Array(0);
    const stated = (value: number) => little(4, part.wide ? 0xffffffff : value);
    const header = (name: string, extraBytes: number) =>
      concat(
        little(2, part.flags ?? 0),
        little(2, part.method ?? (part.deflated ? 8 : 0)),
        little(4, 0),
        little(4, part.crc ?? crc32(part.data)),
        stated(packedBytes),
        stated(size),
        little(2, text(name).length),
        little(2, extraBytes),
      );
    const localName = part.localName ?? part.name;
    locals.push(concat(little(4, 0x04034b50), little(2, 20), header(localName, 0), text(localName), packed));
    central.push(
      concat(
        little(4, 0x02014b50),
        little(2, 20),
        little(2, 20),
        header(part.name, extra.length),
        new Uint8Array(10),
        stated(offset),
        text(part.name),
        extra,
      ),
    );
    at += locals.at(-1)!.length;
  }
  const directory = concat(...central);
  return concat(
    ...locals,
    directory,
    little(4, 0x06054b50),
    new Uint8Array(4),
    little(2, parts.length),
    little(2, parts.length),
    little(4, directory.length),
    little(4, at),
    new Uint8Array(2),
  );
}

export interface PngParts {
  readonly width?: number;
  readonly height?: number;
  readonly depth?: number;
  readonly colourType?: number;
  readonly interlacing?: number;
  /** Lines with their filters, not yet packed. */
  readonly lines?: Uint8Array;
  /** Chunks in front of the pixels. */
  readonly chunks?: readonly (readonly [type: string, content: Uint8Array])[];
}

/** A PNG file, one gray pixel where nothing else is said; its checksums are right. */
export function pngOf({
  width = 1,
  height = 1,
  depth = 8,
  colourType = 0,
  interlacing = 0,
  lines = new Uint8Array(2),
  chunks = [],
}: PngParts): Uint8Array {
  const chunk = (type: string, content: Uint8Array) => {
    const body = concat(text(type), content);
    return concat(big(content.length), body, big(crc32(body)));
  };
  return concat(
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10),
    chunk("IHDR", concat(big(width), big(height), Uint8Array.of(depth, colourType, 0, 0, interlacing))),
    ...chunks.map(([type, content]) => chunk(type, content)),
    chunk("IDAT", new Uint8Array(deflateSync(lines))),
    chunk("IEND", new Uint8Array(0)),
  );
}

/** A tar archive of one file, whose size field holds `size`. */
export function tarOf(
  name: string,
  data: Uint8Array,
  size = `${data.length.toString(8).padStart(11, "0")}\0`,
): Uint8Array {
  const header = Buffer.alloc(512);
  header.write(name);
  header.write(size, 124, 12, "latin1");
  header.write("        0ustar\u000000", 148, "latin1");
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  return concat(header, data, new Uint8Array(((512 - (data.length % 512)) % 512) + 1024));
}
