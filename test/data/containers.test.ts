// Containers of compressed content: what they state is checked, and nothing unpacks beyond the budget.
import { deflateRawSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gunzip } from "../../ts/data/gzip.ts";
import { readIdx } from "../../ts/data/idx.ts";
import { readNpz } from "../../ts/data/npy.ts";
import { readTar } from "../../ts/data/tar.ts";
import { readStateDict } from "../../ts/formats/pytorch/state-dict.ts";
import { unzip } from "../../ts/formats/zip.ts";
import { adler32, crc32, inflate } from "../../ts/inflate.ts";
import { errorOf } from "../errors.ts";
import { tarOf, zipOf, type ZipPart } from "./containers.ts";

const text = (value: string) => new TextEncoder().encode(value);
const hello = text("hello ".repeat(100));

describe("DEFLATE", () => {
  it("gives back what was packed, and where it ends", () => {
    const bytes = fc.tuple(
      fc.uint8Array({ maxLength: 40_000, size: "max" }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 0, max: 9 }),
    );
    fc.assert(
      fc.property(bytes, fc.uint8Array({ maxLength: 9 }), ([part, times, level], behind) => {
        const content = Buffer.concat(Array.from({ length: times }, () => part));
        const packed = deflateRawSync(content, { level });
        const unpacked = inflate(Buffer.concat([packed, behind]), content.length, "x");
        expect(Buffer.compare(unpacked.content, content)).toBe(0);
        expect(unpacked.consumed).toBe(packed.length);
      }),
      { numRuns: 60 },
    );
  });

  it("ends at the stated size", () => {
    const packed = deflateRawSync(new Uint8Array(20_000_000));
    expect(() => inflate(packed, 1000, "x")).toThrow(
      "x: truncated or corrupt compressed data (more than the stated 1000 bytes)",
    );
    expect(() => inflate(packed, 20_000_001, "x")).toThrow(/truncated or corrupt/);
    expect(() => inflate(packed.subarray(0, -1), 20_000_000, "x")).toThrow(/it ends too early/);
    expect(() => inflate(packed, 2 ** 40, "x")).toThrow(/1\d{4} packed bytes cannot hold 1099511627776/);
  });

  it("has the checksums of the standards", () => {
    expect(crc32(text("123456789"))).toBe(0xcbf43926);
    expect(adler32(text("Wikipedia"))).toBe(0x11e60398);
    expect(adler32(new Uint8Array(1_000_000).fill(255))).toBe(0x3843e1be);
  });
});

describe("zip", () => {
  const parts: readonly ZipPart[] = [
    { name: "a", data: hello },
    { name: "b/é", data: hello, deflated: true, flags: 0x800 },
    { name: "c", data: hello, wide: true },
  ];

  it("reads stored, deflated and zip64 entries, and only those that are wanted", () => {
    expect([...unzip(zipOf(parts), "x.zip")]).toEqual(parts.map(({ name }) => [name, hello]));
    expect([...unzip(zipOf(parts), "x.zip", (name) => name === "c").keys()]).toEqual(["c"]);
  });

  it.each<[string, readonly Partial<ZipPart>[], string]>([
    ["a wrong checksum", [{ crc: 1 }], 'the checksum of "f0" is wrong'],
    ["a wrong checksum of deflated content", [{ deflated: true, crc: 1 }], 'the checksum of "f0" is wrong'],
    ["a smaller size than it has", [{ deflated: true, size: 3 }], "more than the stated 3 bytes"],
    ["a larger size than it has", [{ deflated: true, size: 601 }], "600 bytes instead of the stated 601"],
    ["another size than it stores", [{ size: 3 }], "which is not compressed, has 600 bytes instead of the stated 3"],
    ["more packed bytes than it takes", [{ deflated: true, packedBytes: 40 }, {}], "overlap"],
    ["two files of one name", [{ name: "x" }, { name: "x" }], 'two files "x"'],
    ["two files in one place", [{ name: "x" }, { name: "x2", offset: 0 }], '"x2" is called "x" where it stands'],
    [
      "files that overlap",
      [
        { name: "x", data: zipOf([{ name: "y", data: hello }]) },
        { name: "y", offset: 31, localName: "y" },
      ],
      '"x" and "y" overlap',
    ],
    ["a place behind its directory", [{ offset: 100_000 }], '"f0" with 600 packed bytes'],
    ["a place without a file", [{}, { offset: 7 }], 'no file at byte 7 for "f1"'],
    ["another name where it stands", [{ localName: "g" }], '"f0" is called "g" where it stands'],
  ])("refuses %s", (_, damage, message) => {
    const bytes = zipOf(damage.map((part, index) => ({ name: `f${index}`, data: hello, ...part })));
    const error = errorOf(() => unzip(bytes, "x.zip"));
    expect(error.code).toBe("FORMAT");
    expect(error.message).toContain("x.zip");
    expect(error.message).toContain(message);
  });

  it.each([
    ["encrypted", { flags: 1 }, 'x.zip, "f": expected plain content, got an encrypted one'],
    ["compressed in another way", { method: 14 }, 'x.zip, "f": expected stored or deflated content, got method 14'],
  ])("names an entry that is %s", (_, part, message) => {
    const bytes = zipOf([{ name: "f", data: hello, ...part }]);
    expect(errorOf(() => unzip(bytes, "x.zip"))).toMatchObject({ code: "UNSUPPORTED", message });
    expect(unzip(bytes, "x.zip", () => false).size).toBe(0);
  });

  it("refuses more than the budget before it unpacks it", () => {
    const bytes = zipOf([{ name: "f", data: new Uint8Array(3_000_000), deflated: true }]);
    expect(unzip(bytes, "x.zip").get("f")).toHaveLength(3_000_000);
    expect(() => unzip(bytes, "x.zip", undefined, { bytes: 2_000_000 })).toThrow(
      /^x\.zip, "f": needs at least 3000000 bytes when unpacked, the budget of reading is 2000000/,
    );
    const bomb = zipOf([{ name: "f", data: new Uint8Array(3e8), deflated: true, crc: 0 }]);
    expect(() => unzip(bomb, "x.zip")).toThrow(/bytes when unpacked, the budget of reading is 2\d+/);
  });

  it("refuses damaged weights in every format that comes in it", () => {
    const npy = Buffer.from(`93${Buffer.from("NUMPY").toString("hex")}`, "hex");
    expect(() => readNpz(zipOf([{ name: "a.npy", data: npy, crc: 5 }]), "a.npz")).toThrow(
      'a.npz: truncated or corrupt archive (the checksum of "a.npy" is wrong)',
    );
    expect(() =>
      readStateDict(zipOf([{ name: "archive/data.pkl", data: Uint8Array.of(0x80, 2, 0x7d, 0x2e), crc: 5 }])),
    ).toThrow(/the checksum of "archive\/data\.pkl" is wrong/);
  });

  it("reads a name that objects have for themselves", () => {
    expect([...unzip(zipOf([{ name: "__proto__", data: hello }]), "x.zip")]).toEqual([["__proto__", hello]]);
  });
});

describe("gzip", () => {
  it("reads every optional part of the header", () => {
    const plain = gzipSync(hello);
    const header = Buffer.concat([
      Buffer.from([0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 3, 2, 0, 7, 7]),
      text("name\0comment\0"),
    ]);
    const checksum = crc32(header) & 0xffff;
    const whole = Buffer.concat([header, Buffer.from([checksum & 255, checksum >> 8]), plain.subarray(10)]);
    expect(gunzip("x.gz", whole)).toEqual(hello);
    whole[12] ^= 1;
    expect(() => gunzip("x.gz", whole)).toThrow("x.gz: corrupt gzip header (wrong checksum)");
  });

  it("refuses a wrong checksum, something behind it, a second member, and a bomb", () => {
    const plain = gzipSync(hello);
    const wrong = Buffer.from(plain);
    wrong[wrong.length - 8] ^= 1;
    expect(() => gunzip("x.gz", wrong)).toThrow("x.gz: corrupt gzip data (wrong checksum)");
    expect(() => gunzip("x.gz", Buffer.concat([plain, plain]))).toThrow(
      /x\.gz: truncated or corrupt gzip data, expected one member of \d+ bytes, got \d+/,
    );
    expect(() => gunzip("x.gz", Buffer.concat([plain.subarray(0, -8), Buffer.of(1, 2), plain.subarray(-8)]))).toThrow(
      /expected one member/,
    );
    const bomb = gzipSync(new Uint8Array(3e8));
    expect(() => gunzip("x.gz", bomb)).toThrow(
      /^x\.gz: needs at least 300000000 bytes when unpacked, the budget of reading is 2\d+/,
    );
    expect(() => readIdx(gzipSync(hello), "x.idx", { bytes: 100 })).toThrow(
      /^x\.idx: needs at least 600 bytes when unpacked, the budget of reading is 100/,
    );
    // The trailer's own size is a lie.
    const lie = Buffer.from(bomb);
    lie.writeUInt32LE(5, lie.length - 4);
    expect(() => gunzip("x.gz", lie)).toThrow(
      "x.gz: truncated or corrupt compressed data (more than the stated 5 bytes)",
    );
  });
});

describe("tar", () => {
  it.each([
    ["negative", "-0000001000\0"],
    ["negative and short", "-1\0"],
    ["empty", "\0"],
    ["of spaces", "            "],
    ["not octal", "00000000x0\0"],
    ["decimal", "9999\0"],
    ["with an exponent", "1e3\0"],
    ["hexadecimal", "0x10\0"],
    ["of 64 bits", "\x80\0\0\0\0\0\0\0\0\0\0\x05"],
  ])("refuses a size that is %s", (_, size) => {
    expect(() => readTar(tarOf("a", hello, size), "x.tar")).toThrow(
      /^x\.tar: corrupt header at byte 0, expected an octal size, got "/,
    );
  });

  it("reads sizes with spaces and zeros around them", () => {
    for (const size of ["00000001130\0", "       1130\0", "1130 \0", "1130"])
      expect(readTar(tarOf("a", hello, size)).get("a")).toEqual(hello);
    expect(() => readTar(tarOf("a", hello, "77777777777\0"), "x.tar")).toThrow(/^x\.tar: truncated/);
  });
});
