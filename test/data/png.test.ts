// PNG files of every kind that the standard allows, those it does not, and small files that claim much; JPEG headers that do.
import { randomBytes } from "node:crypto";
import { encode } from "jpeg-js";
import { describe, expect, it } from "vitest";
import { decodeImage } from "../../ts/data/images.ts";
import { errorOf } from "../errors.ts";
import { pngOf } from "./containers.ts";
import { jpegColour } from "./fixtures.ts";

const kinds: readonly (readonly [colourType: number, depth: number, samples: number])[] = [
  ...[1, 2, 4, 8, 16].map((depth) => [0, depth, 1] as const),
  [2, 8, 3],
  [2, 16, 3],
  ...[1, 2, 4, 8].map((depth) => [3, depth, 1] as const),
  [4, 8, 2],
  [4, 16, 2],
  [6, 8, 4],
  [6, 16, 4],
];
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];
const colours = Uint8Array.from({ length: 768 }, (_, index) => (index * 89 + 7) & 255);

/** Samples of one row as bits, behind filter 0. */
function packRow(samples: readonly number[], depth: number): number[] {
  const bits = samples.map((sample) => sample.toString(2).padStart(depth, "0")).join("");
  return [
    0,
    ...Array.from({ length: Math.ceil(bits.length / 8) }, (_, index) =>
      Number.parseInt(bits.slice(8 * index, 8 * index + 8).padEnd(8, "0"), 2),
    ),
  ];
}

describe("PNG", () => {
  it.each(
    kinds.flatMap((kind) =>
      [
        [7, 5],
        [1, 1],
        [9, 17],
        [3, 1],
      ].map((size) => [...kind, ...size] as const),
    ),
  )(
    "colour type %i of %i bits with %i samples, %i×%i, plain and interlaced, gives its pixels",
    (colourType, depth, samples, width, height) => {
      const value = (x: number, y: number, sample: number) =>
        (x * 7919 + y * 104_729 + sample * 31 + x * y * 13) % 2 ** depth;
      const pixel = (x: number, y: number) => Array.from({ length: samples }, (_, sample) => value(x, y, sample));
      const rows = (startX: number, startY: number, stepX: number, stepY: number): number[] => {
        const lines: number[] = [];
        for (let y = startY; y < height; y += stepY) {
          const line: number[] = [];
          for (let x = startX; x < width; x += stepX) line.push(...pixel(x, y));
          if (line.length > 0) lines.push(...packRow(line, depth));
        }
        return lines;
      };
      const expected: number[] = [];
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const [first] = pixel(x, y);
          if (colourType === 3) expected.push(...colours.subarray(3 * first, 3 * first + 3));
          else
            expected.push(
              ...pixel(x, y)
                .slice(0, samples < 3 ? 1 : 3)
                .map((sample) => Math.round((sample * 255) / (2 ** depth - 1))),
            );
        }
      }
      const chunks = colourType === 3 ? [["PLTE", colours.subarray(0, 3 * 2 ** depth)] as const] : [];
      const parts = { width, height, depth, colourType, chunks };
      for (const bytes of [
        pngOf({ ...parts, lines: Uint8Array.from(rows(0, 0, 1, 1)) }),
        pngOf({
          ...parts,
          interlacing: 1,
          lines: Uint8Array.from(adam7.flatMap(([x, y, stepX, stepY]) => rows(x, y, stepX, stepY))),
        }),
      ]) {
        const { shape, data } = decodeImage(bytes);
        expect(shape).toEqual([height, width, colourType === 0 || colourType === 4 ? 1 : 3]);
        expect([...data]).toEqual(expected);
      }
    },
  );

  it("undoes every filter", () => {
    const row = [10, 250, 3, 99, 7, 200];
    const [none, sub, up, average, paeth] = [0, 1, 2, 3, 4].map((filter) => {
      const { data } = decodeImage(pngOf({ width: 6, height: 2, lines: Uint8Array.from([0, ...row, filter, ...row]) }));
      return [...data.subarray(6)];
    });
    expect(none).toEqual(row);
    expect(sub).toEqual([10, 4, 7, 106, 113, 57]);
    expect(up).toEqual([20, 244, 6, 198, 14, 144]);
    expect(average).toEqual([15, 126, 67, 182, 101, 94]);
    expect(paeth).toEqual([20, 244, 6, 198, 106, 144]);
  });

  it.each<[string, Parameters<typeof pngOf>[0], RegExp]>([
    ["no width", { width: 0 }, /\(0×1 pixels\)/],
    ["no height", { height: 0 }, /\(1×0 pixels\)/],
    ["a depth of 3", { depth: 3 }, /\(colour type 0 with 3 bits\)/],
    ["a palette of 16 bits", { colourType: 3, depth: 16 }, /\(colour type 3 with 16 bits\)/],
    ["an unknown colour type", { colourType: 5 }, /\(colour type 5 with 8 bits\)/],
    ["an unknown interlacing", { interlacing: 2 }, /interlacing 2/],
    ["no palette", { colourType: 3 }, /\(a palette of 0 bytes\)/],
    ["half a colour", { colourType: 3, chunks: [["PLTE", new Uint8Array(4)]] }, /\(a palette of 4 bytes\)/],
    [
      "a colour beyond the palette",
      { colourType: 3, lines: Uint8Array.of(0, 2), chunks: [["PLTE", new Uint8Array(6)]] },
      /\(colour 2 of a palette of 2\)/,
    ],
    ["an unknown filter", { lines: Uint8Array.of(5, 0) }, /\(filter 5\)/],
    ["too few pixels", { height: 3 }, /2 bytes instead of the stated 6/],
    ["too many pixels", { lines: new Uint8Array(10_000_000) }, /more than the stated 2 bytes/],
    ["a second header", { chunks: [["IHDR", new Uint8Array(13)]] }, /\(two headers\)/],
    [
      "a critical chunk that nobody knows",
      { chunks: [["CgBI", new Uint8Array(4)]] },
      /\(a chunk of unknown type at byte 33\)/,
    ],
  ])("refuses %s", (_, parts, message) => {
    const error = errorOf(() => decodeImage(pngOf(parts), "a.png"));
    expect(error.code).toBe("FORMAT");
    expect(error.message).toMatch(/^a\.png: truncated or corrupt PNG file/);
    expect(error.message).toMatch(message);
  });

  it("does not unpack colour profiles and texts", () => {
    const chunks = [
      ["iCCP", randomBytes(50)],
      ["zTXt", randomBytes(50)],
      ["tRNS", new Uint8Array(3)],
    ] as const;
    expect(decodeImage(pngOf({ chunks, lines: Uint8Array.of(0, 77) }))).toEqual({
      shape: [1, 1, 1],
      data: Uint8Array.of(77),
    });
  });

  it("decodes nothing beyond the budget, which can be raised", () => {
    expect(() => decodeImage(pngOf({ width: 65_535, height: 65_535 }), "a.png")).toThrow(
      /^a\.png of 65535×65535 pixels: needs at least \d+ bytes when unpacked/,
    );
    const picture = pngOf({ width: 100, height: 100, lines: new Uint8Array(10_100) });
    expect(() => decodeImage(picture, "a.png", { bytes: 20_000 })).toThrow(
      "needs at least 20100 bytes when unpacked, the budget of reading is 20000",
    );
    expect(decodeImage(picture, "a.png", { bytes: 20_100 }).shape).toEqual([100, 100, 1]);
  });
});

describe("JPEG", () => {
  const frame = jpegColour.findIndex((byte, index) => byte === 0xff && jpegColour[index + 1] === 0xc0);
  const changed = (changes: readonly (readonly [at: number, value: number])[]) => {
    const bytes = jpegColour.slice();
    for (const [at, value] of changes) bytes[frame + at] = value;
    return bytes;
  };

  it.each([
    [
      "no width",
      [
        [7, 0],
        [8, 0],
      ],
      "(0×3 pixels)",
    ],
    [
      "no height",
      [
        [5, 0],
        [6, 0],
      ],
      "(4×0 pixels)",
    ],
    ["12 bits", [[4, 12]], "(12 bits a sample, expected 8)"],
    ["2 components", [[9, 2]], "(2 components, expected 1, 3 or 4)"],
    ["a sampling factor of 15", [[11, 0xf1]], "(a sampling factor beyond 1 to 4)"],
    [
      "more pixels than bytes for them",
      [
        [5, 255],
        [7, 255],
      ],
      "bytes cannot hold 65284×65283 pixels)",
    ],
  ] as const)("refuses %s from the header", (_, changes, message) => {
    const error = errorOf(() => decodeImage(changed(changes), "a.jpg"));
    expect(error.code).toBe("FORMAT");
    expect(error.message).toContain("a.jpg: truncated or corrupt JPEG file");
    expect(error.message).toContain(message);
  });

  it("refuses more scans than any encoder writes, and more pixels than the budget", () => {
    const scan = Uint8Array.of(0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0);
    const end = jpegColour.length - 2;
    const scans = Buffer.concat([
      jpegColour.subarray(0, end),
      ...Array.from({ length: 100 }, () => scan),
      jpegColour.subarray(end),
    ]);
    expect(() => decodeImage(scans, "a.jpg")).toThrow("a.jpg: truncated or corrupt JPEG file (more than 100 scans)");
    const noise = encode({ width: 64, height: 64, data: randomBytes(64 * 64 * 4) }, 50).data;
    expect(decodeImage(noise).shape).toEqual([64, 64, 3]);
    expect(() => decodeImage(noise, "a.jpg", { bytes: 50_000 })).toThrow(
      /^a\.jpg of 64×64 pixels: needs at least \d+ bytes when unpacked, the budget of reading is 50000/,
    );
  });
});
