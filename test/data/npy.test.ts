// npy and npz files: round trips, NumPy's own bytes, damage.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readNpy, readNpz, writeNpy, writeNpz, type NpyData } from "../../ts/data/npy.ts";
import { sizeOf } from "../../ts/tensor.ts";
import { npyFloat32, npyFortran, npyInt64 } from "./fixtures.ts";

const types = [Uint8Array, Int32Array, Uint32Array, Float32Array, Float64Array] as const;
const anyArray = fc
  .tuple(
    fc.constantFrom(...types),
    fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 }),
    fc.integer({ min: 1, max: 1000 }),
  )
  .map(([type, shape, seed]) => {
    const data: NpyData = new type(sizeOf(shape));
    for (let index = 0; index < data.length; index++)
      data[index] = ((index * seed) % 251) / (type.name.startsWith("F") ? 7 : 1);
    return { shape, data };
  });

describe("npy and npz", () => {
  it("return what was written, even from an odd offset", () => {
    fc.assert(
      fc.property(anyArray, (array) => {
        const bytes = writeNpy(array);
        const shifted = new Uint8Array(bytes.length + 1);
        shifted.set(bytes, 1);
        expect(readNpy(shifted.subarray(1))).toEqual(array);
      }),
    );
    fc.assert(
      fc.property(anyArray, anyArray, (a, b) => {
        const arrays = [
          ["layer", a],
          ["neuron/1", b],
        ] as const;
        expect(readNpz(writeNpz(arrays))).toEqual(new Map(arrays));
        expect(writeNpz(arrays)).toEqual(writeNpz(arrays));
      }),
    );
  });

  it("writes the very bytes of NumPy", () => {
    const array = readNpy(npyFloat32);
    expect(array).toEqual({ shape: [2, 3], data: Float32Array.of(0, 0.25, 0.5, 0.75, 1, 1.25) });
    expect(writeNpy(array)).toEqual(npyFloat32);
  });

  it.each([
    ["int64", npyInt64, /expected elements \|u1, <i4, <u4, <f4, <f8, got <i8; convert with \.astype/],
    ["Fortran order", npyFortran, /expected C order/],
    ["another format", new TextEncoder().encode("not a numpy file"), /expected a \.npy file/],
    [
      "a longer file",
      new Uint8Array([...npyFloat32, 0]),
      /too long, expected 152 bytes for shape \[2,3\] of <f4, got 153/,
    ],
    ["a corrupt header", npyFloat32.map((byte, index) => (index === 11 ? 0x21 : byte)), /corrupt \.npy header/],
  ])("refuse %s", (_, bytes, message) => {
    expect(() => readNpy(bytes, "a.npy")).toThrow(message);
  });

  it("take any spelling of the header that Python reads, and nothing else", () => {
    const withHeader = (header: string, version = 2) => {
      const text = new TextEncoder().encode(header);
      const bytes = new Uint8Array(12 + text.length + 24);
      bytes.set([...npyFloat32.subarray(0, 6), version, 0]);
      new DataView(bytes.buffer).setUint32(8, text.length, true);
      bytes.set(text, 12);
      return bytes;
    };
    for (const header of [
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}",
      '{"shape":(2,3,),"descr":"<f4","fortran_order":False,}\n',
      " {  'fortran_order' :False , 'shape' : ( 2 , 3 ) , 'descr' : '<f4' } \n",
      "{'descr': '<f4', 'fortran_order': True, 'shape': (6,), }",
    ]) {
      expect(sizeOf(readNpy(withHeader(header)).shape)).toBe(6);
      expect(readNpy(withHeader(header, 3)).data).toEqual(new Float32Array(6));
    }
    for (const header of [
      "",
      "{}",
      `{${" ".repeat(65_000)}`,
      "{'descr': '<f4', 'fortran_order': False}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, -3)}",
      "{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3)}",
      "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'x': 1}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} x",
      "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2.5, 3)}",
      `{'descr': '<f4', 'fortran_order': False, 'shape': (0, ${"9".repeat(30)})}`,
      "{'descr': '<f4', 'fortran_order': False, 'shape': 6}",
      `{'descr': '<f4', 'fortran_order': False, 'shape': (${"1,".repeat(65)})}`,
      "{'descr': '<f4' 'fortran_order': False, 'shape': (2, 3)}",
      "{'descr': '<f4',, 'fortran_order': False, 'shape': (2, 3)}",
    ])
      expect(() => readNpy(withHeader(header), "a.npy"), header.slice(0, 80)).toThrow(
        /^a\.npy: corrupt \.npy header "/,
      );
  });

  it("refuse every truncation", () => {
    for (let length = 0; length < npyFloat32.length; length++) {
      expect(() => readNpy(npyFloat32.subarray(0, length), "a.npy")).toThrow(/^a\.npy: /);
    }
    const npz = writeNpz([["a", { shape: [2], data: Int32Array.of(1, 2) }]]);
    for (let length = 0; length < npz.length; length++) {
      expect(() => readNpz(npz.subarray(0, length), "a.npz")).toThrow(/^a\.npz/);
    }
  });

  it("refuse a damaged directory: billions of files, or one file again and again", () => {
    const npz = writeNpz([["a", { shape: [200_000], data: new Uint8Array(200_000) }]]);
    const end = npz.length - 22;
    const view = new DataView(npz.buffer);
    const [from, length] = [view.getUint32(end + 16, true), view.getUint32(end + 12, true)];
    const entry = npz.subarray(from, from + length);
    const repeats = 300;
    const repeated = new Uint8Array([
      ...npz.subarray(0, from),
      ...Array.from({ length: repeats }, () => [...entry]).flat(),
      ...npz.subarray(end),
    ]);
    const numbers = new DataView(repeated.buffer, repeated.length - 22);
    numbers.setUint16(8, repeats, true);
    expect(() => readNpz(repeated, "a.npz")).toThrow(
      /^a\.npz: truncated or corrupt archive \(it is one part of a split archive\)/,
    );
    numbers.setUint16(10, repeats, true);
    expect(() => readNpz(repeated, "a.npz")).toThrow(
      /^a\.npz: truncated or corrupt archive \(more files than bytes for them\)/,
    );
    numbers.setUint32(12, repeats * length, true);
    expect(() => readNpz(repeated, "a.npz")).toThrow(/^a\.npz: truncated or corrupt archive \(two files "a\.npy"\)/);
    // Zip64: a record with 64-bit numbers, and the pointer to it, before the end.
    const wide = new DataView(new ArrayBuffer(56 + 20));
    wide.setUint32(0, 0x6064b50, true);
    wide.setUint32(32, 2 ** 32 - 1, true);
    wide.setUint32(48, from, true);
    wide.setUint32(56, 0x7064b50, true);
    wide.setUint32(64, end, true);
    const claimed = new Uint8Array([...npz.subarray(0, end), ...new Uint8Array(wide.buffer), ...npz.subarray(end)]);
    expect(() => readNpz(claimed, "a.npz")).toThrow(
      /^a\.npz: truncated or corrupt archive \(more files than bytes for them\)/,
    );
  });

  it("refuse to write a shape that does not fit", () => {
    expect(() => writeNpy({ shape: [2, 2], data: new Uint8Array(3) })).toThrow(
      /expected 4 values for shape \[2,2\], got 3/,
    );
  });
});
