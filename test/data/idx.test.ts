// IDX files, and data sets made of them.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentHash, imageDataset, sample, slice } from "../../ts/data/dataset.ts";
import { gunzip } from "../../ts/data/gzip.ts";
import { readIdx, writeIdx } from "../../ts/data/idx.ts";
import { datasetFromIdx, fashionMnistClasses, mnistClasses } from "../../ts/data/mnist.ts";
import { sizeOf } from "../../ts/tensor.ts";

const images = writeIdx({ shape: [3, 2, 2], data: Uint8Array.from({ length: 12 }, (_, index) => index) });
const labels = writeIdx({ shape: [3], data: Uint8Array.of(7, 2, 1) });
const options = { name: "digits", split: "test", classes: mnistClasses } as const;

describe("IDX", () => {
  it("returns what was written, raw and gzipped", () => {
    const shapes = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(shapes, fc.boolean(), (shape, zipped) => {
        const data = Uint8Array.from({ length: sizeOf(shape) }, (_, index) => (index * 37) & 255);
        const bytes = writeIdx({ shape, data });
        const read = readIdx(zipped ? new Uint8Array(gzipSync(bytes)) : bytes);
        expect(read.shape).toEqual(shape);
        expect(read.data).toEqual(data);
      }),
    );
  });

  it("refuses every truncation, raw and gzipped", () => {
    const zipped = new Uint8Array(gzipSync(images));
    for (const whole of [images, zipped]) {
      for (let length = 0; length < whole.length; length++) {
        expect(() => readIdx(whole.subarray(0, length), "x.idx")).toThrow(/^x\.idx: /);
      }
    }
  });

  it("refuses every flipped byte of gzipped data that changes the content", () => {
    const random = Uint8Array.from({ length: 300 }, (_, index) => (index * index * 31) & 255);
    const zipped = new Uint8Array(gzipSync(random));
    for (let index = 10; index < zipped.length; index++) {
      const damaged = zipped.slice();
      damaged[index] ^= 0x10;
      let unpacked: Uint8Array | undefined;
      try {
        unpacked = gunzip("x.gz", damaged);
      } catch (error) {
        expect(error).toMatchObject({ code: "FORMAT" });
      }
      if (unpacked !== undefined) expect(unpacked).toEqual(random);
    }
  });

  it.each([
    ["magic", Uint8Array.of(0x50, 0x4b, 3, 4), /magic number.*got 50 4b 03 04/],
    ["element type", Uint8Array.of(0, 0, 0x0d, 1, 0, 0, 0, 0), /expected uint8 elements, got float32/],
    ["too long", Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 5, 6), /too long, expected 9 bytes for shape \[1\], got 10/],
    ["empty file", new Uint8Array(0), /truncated/],
  ])("refuses a wrong %s", (_, bytes, message) => {
    expect(() => readIdx(bytes)).toThrow(message);
  });
});

describe("data sets", () => {
  it("assembles, views and slices without copying", () => {
    const dataset = datasetFromIdx(images, labels, options);
    expect(dataset).toMatchObject({ count: 3, shape: [2, 2, 1] });
    expect([...sample(dataset, 1)]).toEqual([4, 5, 6, 7]);
    const tail = slice(dataset, 1, 10);
    expect(tail.count).toBe(2);
    expect([...tail.labels!]).toEqual([2, 1]);
    expect(sample(tail, 1).buffer).toBe(dataset.images.buffer);
    expect(() => sample(tail, 2)).toThrow(/index: expected an integer from 0 to 1, got 2/);
    expect(() => slice(dataset, 2, 2)).toThrow(/slice to/);
  });

  it("refuses unequal counts, empty files and labels without a class", () => {
    const few = writeIdx({ shape: [2], data: Uint8Array.of(1, 2) });
    expect(() => datasetFromIdx(images, few, options)).toThrow(
      /expected as many labels as images, got 2 labels and 3 images/,
    );
    const none = writeIdx({ shape: [0], data: new Uint8Array(0) });
    const noImages = writeIdx({ shape: [0, 2, 2], data: new Uint8Array(0) });
    expect(() => datasetFromIdx(noImages, none, options)).toThrow(/at least one image/);
    const high = writeIdx({ shape: [3], data: Uint8Array.of(1, 10, 2) });
    expect(() => datasetFromIdx(images, high, options)).toThrow(/labels below 10, got 10 at image 1/);
    expect(() => datasetFromIdx(labels, labels, options)).toThrow(/images: expected 3 or 4 dimensions, got 1/);
  });

  it("hashes content: not names, not the width of labels, but every pixel and label", async () => {
    const dataset = datasetFromIdx(images, labels, options);
    const hash = await contentHash(dataset);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(
      await contentHash(imageDataset({ ...dataset, name: "other", labels: Uint16Array.from(dataset.labels!) })),
    ).toBe(hash);
    const changed = dataset.images.slice();
    changed[5] ^= 1;
    expect(await contentHash({ ...dataset, images: changed })).not.toBe(hash);
    expect(await contentHash({ ...dataset, labels: Uint8Array.of(7, 2, 0) })).not.toBe(hash);
    expect(await contentHash(slice(dataset, 0, 2))).not.toBe(hash);
  });

  it.each([
    ["mnist", mnistClasses, 7],
    ["fashion-mnist", fashionMnistClasses, 9],
  ])("reads the committed images of %s", (name, classes, firstLabel) => {
    const read = (part: string): Uint8Array => new Uint8Array(readFileSync(`models/${name}-500-${part}-ubyte.gz`));
    const dataset = datasetFromIdx(read("images-idx3"), read("labels-idx1"), { name, split: "test", classes });
    expect(dataset).toMatchObject({ count: 500, shape: [28, 28, 1] });
    expect(dataset.labels![0]).toBe(firstLabel);
    expect(new Set(dataset.labels!).size).toBe(10);
  });
});
