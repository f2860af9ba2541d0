// safetensors containers: round trips, the Python package's bytes, damage.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  readSafetensors,
  writeSafetensors,
  type SafetensorsData,
  type SafetensorsTensor,
} from "../../ts/formats/safetensors.ts";
import { sizeOf } from "../../ts/tensor.ts";
import { safetensorsNumpy } from "../data/fixtures.ts";

const anyTensor = fc
  .tuple(
    fc.constantFrom(Float32Array, Float64Array, Int32Array, Int16Array, Uint8Array),
    fc.array(fc.nat(4), { maxLength: 4 }),
    fc.nat(999),
  )
  .map(([type, shape, seed]): SafetensorsTensor => {
    const data: SafetensorsData = new type(sizeOf(shape));
    for (let index = 0; index < data.length; index++) data[index] = (index * seed) % 119;
    return { shape, data };
  });
const anyName = fc
  .oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "0", "ü∂"))
  .filter((name) => name !== "__metadata__");

/** A container with this header, and `length` bytes of data. */
function container(header: unknown, length: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const u8 = (begin: number, end: number): object => ({ dtype: "U8", shape: [end - begin], data_offsets: [begin, end] });

describe("safetensors", () => {
  it("returns what was written, every tensor aligned", () => {
    const names = fc.uniqueArray(anyName, { maxLength: 5 });
    fc.assert(
      fc.property(
        names,
        fc.array(anyTensor, { minLength: 5, maxLength: 5 }),
        fc.dictionary(fc.string(), fc.string()),
        (keys, values, metadata) => {
          const tensors = keys.map((key, index) => [key, values[index]] as const);
          const bytes = writeSafetensors(tensors, metadata);
          expect((8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))) % 8).toBe(0);
          const read = readSafetensors(bytes);
          expect(new Map(read.tensors)).toEqual(new Map(tensors));
          expect(Object.entries(read.metadata).sort()).toEqual(Object.entries(metadata).sort());
        },
      ),
    );
  });

  it("reads a Node Buffer, which slices without copying", () => {
    const bytes = writeSafetensors(
      [
        ["a", { shape: [2], data: Float32Array.of(1, 2) }],
        ["b", { shape: [1], data: Int32Array.of(7) }],
      ],
      {},
    );
    const { tensors } = readSafetensors(Buffer.concat([Buffer.alloc(8), bytes]).subarray(8));
    expect([...tensors.values()].map(({ data }) => [...data])).toEqual([[1, 2], [7]]);
  });

  it("reads what the Python package wrote, and writes the same bytes", () => {
    const { tensors, metadata } = readSafetensors(safetensorsNumpy);
    expect(metadata).toEqual({ format: "np" });
    expect(tensors.get("w")).toEqual({ shape: [1, 2], data: Float32Array.of(1.5, -2) });
    expect(tensors.get("k")).toEqual({ shape: [3], data: Uint8Array.of(3, 4, 5) });
    expect(tensors.get("d")).toEqual({ shape: [1], data: Float64Array.of(0.1) });
    expect(writeSafetensors(tensors, metadata)).toEqual(safetensorsNumpy);
  });

  it("refuses every truncation", () => {
    for (let length = 0; length < safetensorsNumpy.length; length++) {
      expect(() => readSafetensors(safetensorsNumpy.subarray(0, length), "a.llif")).toThrow(/^a\.llif/);
    }
  });

  it("answers any damage with a FORMAT error or a valid container", () => {
    fc.assert(
      fc.property(fc.nat(safetensorsNumpy.length - 1), fc.integer({ min: 1, max: 255 }), (index, change) => {
        const damaged = safetensorsNumpy.slice();
        damaged[index] ^= change;
        let code = "FORMAT";
        try {
          readSafetensors(damaged);
        } catch (error) {
          code = (error as { code: string }).code;
        }
        expect(code).toBe("FORMAT");
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    [
      "overlaps",
      { a: u8(0, 4), b: u8(2, 6) },
      6,
      /tensor "b": overlaps the tensor before it, expected it to begin at byte 4, got 2/,
    ],
    ["equal ranges", { a: u8(0, 4), b: u8(0, 4) }, 4, /overlaps/],
    ["holes", { a: u8(0, 2), b: u8(4, 6) }, 6, /tensor "b": leaves a hole/],
    ["data nobody names", { a: u8(0, 2) }, 3, /expected 2 bytes of data, got 3/],
    ["offsets beyond the end", { a: u8(0, 9) }, 3, /truncated, expected 9 bytes of data, got 3/],
    [
      "offsets backwards",
      { a: { dtype: "U8", shape: [0], data_offsets: [2, 1] } },
      2,
      /expected 0 bytes for shape \[0\] of U8, got -1/,
    ],
    [
      "a size that differs from the shape",
      { a: { dtype: "F32", shape: [2], data_offsets: [0, 4] } },
      4,
      /expected 8 bytes for shape \[2\] of F32, got 4/,
    ],
    [
      "negative extents",
      { a: { dtype: "U8", shape: [-1, -4], data_offsets: [0, 4] } },
      4,
      /expected a shape of integers >= 0/,
    ],
    ["an unknown type", { a: { dtype: "BF16", shape: [2], data_offsets: [0, 4] } }, 4, /got "BF16"/],
    ["metadata of numbers", { __metadata__: { a: 1 } }, 0, /expected a string as metadata "a"/],
    ["an array as header", [], 0, /expected a JSON object/],
    ["a broken header", '{"a":', 0, /header: expected JSON/],
    ["null as tensor", { a: null }, 0, /expected an object with dtype/],
  ])("refuses %s", (_, header, length, message) => {
    expect(() => readSafetensors(container(header, length))).toThrow(message);
  });

  it("refuses to write wrong shapes and names used twice", () => {
    const tensor = { shape: [2], data: Uint8Array.of(1, 2) };
    expect(() =>
      writeSafetensors([
        ["a", tensor],
        ["a", tensor],
      ]),
    ).toThrow(/tensor "a": expected a name of its own/);
    expect(() => writeSafetensors([["a", { ...tensor, shape: [3] }]])).toThrow(
      /expected 3 values for shape \[3\], got 2/,
    );
  });
});
