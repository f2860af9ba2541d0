// Samples of any type and layout, brought to a network's own.
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { readNpy, writeNpy } from "../ts/data/npy.ts";
import { sampleOf, samplesOf, type ShapedSamples } from "../ts/samples.ts";
import { sizeOf, type Shape } from "../ts/tensor.ts";
import { errorOf } from "./errors.ts";

const counted = (shape: Shape): ShapedSamples => ({
  shape,
  data: Uint8Array.from({ length: sizeOf(shape) }, (_, index) => index),
});
const taken = (shape: Shape, layout: Shape) => samplesOf("x", counted(shape), layout).map((sample) => [...sample]);
const upTo = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index);

describe("a shape", () => {
  it("as the network's own is taken as it is, alone and as a batch", () => {
    expect(taken([2, 3, 4], [2, 3, 4])).toEqual([upTo(24)]);
    expect(taken([2, 2, 3, 2], [2, 3, 2])).toEqual([upTo(12), upTo(12, 12)]);
    expect(taken([0, 2, 3, 2], [2, 3, 2])).toEqual([]);
    expect(taken([7], [7])).toEqual([upTo(7)]);
    expect(taken([3, 7], [7])).toEqual([upTo(7), upTo(7, 7), upTo(7, 14)]);
    expect(taken([3], [1])).toEqual([[0], [1], [2]]);
  });

  it.each([[[2, 3, 4]], [[5, 2]], [[28, 28, 3]]])("with the channels first is transposed: %j", (layout) => {
    const channels = layout[layout.length - 1];
    const positions = sizeOf(layout) / channels;
    const first = [channels, ...layout.slice(0, -1)];
    const expected = (from: number) =>
      Array.from(
        { length: sizeOf(layout) },
        (_, index) => (from + (index % channels) * positions + Math.floor(index / channels)) % 256,
      );
    expect(taken(first, layout)).toEqual([expected(0)]);
    expect(taken([1, ...first], layout)).toEqual([expected(0)]);
    expect(taken([2, ...first], layout)).toEqual([expected(0), expected(sizeOf(layout))]);
  });

  it("that could be either is the network's own", () => {
    expect(taken([3, 3, 3], [3, 3, 3])).toEqual([upTo(27)]);
  });

  it.each([
    [
      [28, 28, 1],
      [28, 28],
    ],
    [
      [28, 28, 1],
      [1, 28, 28],
    ],
    [
      [28, 28, 1],
      [1, 1, 28, 28],
    ],
    [[28, 28, 1], [784]],
    [[784], [28, 28]],
    [[784], [28, 28, 1]],
    [[784], [1, 28, 28]],
    [[784], [1, 784]],
    [
      [64, 20],
      [1, 64, 20],
    ],
  ])("of input %j with one channel may be %j", (layout, shape) => {
    const expected = Array.from({ length: sizeOf(layout) }, (_, index) => index % 256);
    expect(taken(shape, layout)).toEqual([expected]);
    expect(taken([3, ...shape], layout)).toHaveLength(3);
  });

  it.each([
    [
      [28, 28, 3],
      [28, 3, 28],
    ],
    [[28, 28, 3], [2352]],
    [
      [28, 28, 3],
      [5, 2352],
    ],
    [
      [28, 28, 3],
      [28, 28, 4],
    ],
    [
      [28, 28, 3],
      [2, 2, 28, 28, 3],
    ],
    [
      [2, 3, 4],
      [3, 2, 4],
    ],
    [[24], [2, 3, 4]],
    [[12], [13]],
    [[12], []],
  ])("of input %j is not %j", (layout, shape) => {
    const { code, message } = errorOf(() => taken(shape, layout));
    expect(code).toBe("SHAPE");
    expect(message).toContain(`[${layout.join(",")}]`);
    expect(message).toContain(`got [${shape.join(",")}]`);
  });

  it("must be one, and hold as many values as it says", () => {
    expect(errorOf(() => samplesOf("x.npy", { shape: [2, 2], data: new Uint8Array(3) }, [4])).message).toBe(
      "x.npy: expected 4 values for shape [2,2], got 3",
    );
    for (const shape of [undefined, null, "2,2", [2, -1], [1.5], [NaN], 4]) {
      expect(errorOf(() => samplesOf("x", { shape: shape as never, data: new Uint8Array(4) }, [4])).code).toBe(
        "ARGUMENT",
      );
    }
  });

  it("is read from .npy", () => {
    const array = readNpy(writeNpy({ shape: [1, 2, 1, 3], data: Float64Array.of(0, 1, 2, 3, 4, 5) }));
    expect(samplesOf("x", array, [1, 3, 2])).toEqual([Float32Array.of(0, 3, 1, 4, 2, 5)]);
    expect(
      errorOf(() => samplesOf("x", readNpy(writeNpy({ shape: [4], data: Int32Array.of(0, 1, 2, 3) })), [4])).message,
    ).toMatch(/got an? Int32Array/);
  });
});

describe("one sample", () => {
  it("is pixels or real values by its type alone", () => {
    expect(sampleOf("x", Uint8ClampedArray.of(1, 300), [2])).toEqual(Uint8Array.of(1, 255));
    expect(sampleOf("x", [0.1, 2], [2])).toEqual(Float32Array.of(0.1, 2));
    expect(sampleOf("x", Float64Array.of(0.1, 2), [2])).toEqual(Float32Array.of(0.1, 2));
    const same = Uint8Array.of(1, 2);
    expect(sampleOf("x", same, [2])).toBe(same);
    expect(sampleOf("x", Buffer.from([7, 1, 2]).subarray(1), [2])).toEqual(Buffer.from([1, 2]));
  });

  it("of another realm is taken by its name", () => {
    expect(sampleOf("x", runInNewContext("Uint8Array.of(9, 1, 2).subarray(1)") as Uint8Array, [2])).toEqual(
      Uint8Array.of(1, 2),
    );
    expect(sampleOf("x", runInNewContext("new Float32Array([9, 1, 2]).subarray(1)") as Float32Array, [2])).toEqual(
      Float32Array.of(1, 2),
    );
    expect(sampleOf("x", runInNewContext("[1, 2]") as number[], [2])).toEqual(Float32Array.of(1, 2));
  });

  it.each([Int8Array, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array])("is refused as %o", (type) => {
    const { code, message } = errorOf(() => sampleOf("x", new type(2) as never, [2]));
    expect([code, message]).toEqual([
      "ARGUMENT",
      expect.stringMatching(new RegExp(`pixels as a Uint8Array .* got an? ${type.name}`)),
    ]);
  });

  it.each([
    [null],
    [undefined],
    ["12"],
    [12],
    [{}],
    [new Map()],
    [new DataView(new ArrayBuffer(2))],
    [() => 1],
    [new ArrayBuffer(2)],
    [["1", "2"]],
    // biome-ignore lint/suspicious/noSparseArray: what is refused.
    [[1, , 2]],
    [[1n, 2n]],
  ])("is refused: %o", (input) => {
    expect(errorOf(() => sampleOf("x", input as never, [2])).code).toBe("ARGUMENT");
  });

  it("is one: a batch is refused with its size", () => {
    expect(errorOf(() => sampleOf("x", counted([2, 3]), [3])).message).toBe(
      "x: expected one sample of shape [3], got a batch of 2 ([2,3])",
    );
    expect(errorOf(() => sampleOf("x", [1, 2, 3], [2])).message).toBe("x: expected 2 values for shape [2], got 3");
  });
});
