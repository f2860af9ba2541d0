// Decoding images and preparing them for a model.
import { createHash } from "node:crypto";
import { encode } from "fast-png";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cifarImagesFromSheets, cifarLabelsFromJson } from "../../ts/data/cifar.ts";
import { imageDataset } from "../../ts/data/dataset.ts";
import { readIdx } from "../../ts/data/idx.ts";
import { decodeImage } from "../../ts/data/images.ts";
import type { DecodedImage } from "../../ts/data/decoded-image.ts";
import { cropCentre, prepareDataset, prepareImage, resizeBilinear, withChannels } from "../../ts/data/prepare.ts";
import { pngOf } from "./containers.ts";
import {
  jpegColour,
  jpegColourPixels,
  jpegGray,
  jpegGrayPixels,
  pngAlpha,
  pngAlphaPixels,
  pngOneBit,
  pngOneBitPixels,
  pngPalette,
  pngPalettePixels,
  pngSixteenBits,
} from "./fixtures.ts";

/** The picture that Pillow resized for the hashes below. */
const picture: DecodedImage = {
  shape: [9, 11, 3],
  data: Uint8Array.from({ length: 9 * 11 * 3 }, (_, index) => {
    const channel = index % 3;
    const x = Math.floor(index / 3) % 11;
    const y = Math.floor(index / 33);
    return 7 * y * y + 13 * x * (channel + 3) + 40 * channel + x * y;
  }),
};

const hash = (image: DecodedImage): string => createHash("sha256").update(image.data).digest("hex");
const png = (height: number, width: number, channels: number, data: Uint8Array): Uint8Array =>
  encode({ height, width, channels, data });

describe("decodeImage", () => {
  it("returns the pixels of any PNG of 8 bits", () => {
    const sizes = fc.record({
      height: fc.integer({ min: 1, max: 9 }),
      width: fc.integer({ min: 1, max: 9 }),
      gray: fc.boolean(),
    });
    fc.assert(
      fc.property(sizes, ({ height, width, gray }) => {
        const channels = gray ? 1 : 3;
        const data = Uint8Array.from({ length: height * width * channels }, (_, index) => (index * 73) & 255);
        expect(decodeImage(png(height, width, channels, data))).toEqual({ shape: [height, width, channels], data });
      }),
    );
  });

  it.each([
    ["palette", pngPalette, [3, 4, 3], pngPalettePixels],
    ["1-bit gray", pngOneBit, [9, 11, 1], pngOneBitPixels.map((bit) => 255 * bit)],
    ["16-bit gray", pngSixteenBits, [2, 3, 1], [0, 51, 102, 153, 204, 255]],
    ["alpha", pngAlpha, [3, 4, 3], pngAlphaPixels],
  ])("reads a PNG with %s as Pillow does", (_, bytes, shape, pixels) => {
    const image = decodeImage(bytes);
    expect(image.shape).toEqual(shape);
    expect([...image.data]).toEqual(pixels);
  });

  it.each([
    ["colour", jpegColour, [3, 4, 3], jpegColourPixels, 4],
    ["gray", jpegGray, [9, 11, 1], jpegGrayPixels, 1],
  ])("reads a %s JPEG within the rounding of its transform", (_, bytes, shape, pixels, tolerance) => {
    const image = decodeImage(bytes);
    expect(image.shape).toEqual(shape);
    const worst = Math.max(...pixels.map((pixel, index) => Math.abs(pixel - image.data[index])));
    expect(worst).toBeLessThanOrEqual(tolerance);
  });

  it("refuses other formats and every truncation of a PNG", () => {
    expect(() => decodeImage(new TextEncoder().encode("GIF89a"), "a.png")).toThrow(
      "a.png: expected a PNG or JPEG file",
    );
    expect(() => decodeImage(new Uint8Array(0))).toThrow(/expected a PNG or JPEG/);
    const whole = png(4, 4, 3, new Uint8Array(48).fill(9));
    for (let length = 8; length < whole.length; length++) {
      expect(() => decodeImage(whole.subarray(0, length), "a.png")).toThrow(/^a\.png: truncated or corrupt PNG file/);
    }
  });

  it("refuses damaged PNG and JPEG headers, and sizes that would fill memory", () => {
    const damaged = png(4, 4, 3, new Uint8Array(48));
    damaged[45] ^= 0xff;
    expect(() => decodeImage(damaged)).toThrow(/corrupt PNG/);
    expect(() => decodeImage(pngOf({ width: 0x7fffffff }))).toThrow(
      /image of 2147483647×1 pixels: needs at least 4294967295 bytes when unpacked, the budget of reading is 2684/,
    );
    expect(() => decodeImage(jpegColour.subarray(0, 40))).toThrow(/corrupt JPEG/);
    expect(() => decodeImage(Uint8Array.of(0xff, 0xd8, 0xff))).toThrow(/corrupt JPEG file \(no frame header\)/);
  });

  it("refuses a JPEG file of a few bytes per scan that would take long to refine", () => {
    const word = (value: number): number[] => [value >> 8, value & 255];
    const frame = [0xff, 0xc2, ...word(11), 8, ...word(4500), ...word(4500), 1, 1, 0x11, 0];
    const scan = [0xff, 0xda, ...word(8), 1, 1, 0, 1, 63, 0x10];
    const padding = [0xff, 0xfe, ...word(20_000), ...Array.from({ length: 19_998 }, () => 0)];
    const scans = Array.from({ length: 100 }, () => scan).flat();
    expect(() =>
      decodeImage(Uint8Array.from([0xff, 0xd8, ...padding, ...frame, ...scans, 0xff, 0xd9]), "a.jpg"),
    ).toThrow(/^a\.jpg of 4500×4500 pixels in 100 scans: needs more than 10\.0 seconds, the budget of reading is 10; /);
  });
});

describe("preparing", () => {
  it.each([
    [[4, 5], "2ffb601a0a6b308a8ada0429bb73121efecc05dbb61a75ab2a9f5996d22e052f"],
    [[13, 7], "ce1fdf5d90bdbe21476c1b039a2b9b7202d1813f8af98ceb4a6f383f2dbc9f36"],
    [[9, 3], "766ae3706939fcaaa08a727ba8776685f3d279718b2adfb2eee3b4bfafec50c6"],
  ] as const)("resizes to %j as Pillow does, bit for bit", (size, expected) => {
    expect(hash(resizeBilinear(picture, size))).toBe(expected);
  });

  it("makes gray as Pillow does, and RGB of gray by repeating it", () => {
    const gray = withChannels(picture, 1);
    expect(hash(gray)).toBe("a2d72ddb2e1762333b3e6e220b9bc99a879fd78fee072c63d8ab535c57a24736");
    expect(withChannels(withChannels(gray, 3), 1)).toEqual(gray);
  });

  it("crops the centre, and refuses a crop larger than the image", () => {
    const image: DecodedImage = { shape: [3, 4, 1], data: Uint8Array.from({ length: 12 }, (_, index) => index) };
    expect(cropCentre(image, [1, 2])).toEqual({ shape: [1, 2, 1], data: Uint8Array.of(5, 6) });
    expect(() => cropCentre(image, [5, 2], "a.png")).toThrow("a.png: expected at least 5×2 pixels to crop, got 3×4");
  });

  it("follows a convention: resize, crop, BGR; and refuses what does not fit", () => {
    const image: DecodedImage = { shape: [1, 2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
    expect([...prepareImage(image, { channelOrder: "BGR" }, [1, 2, 3]).data]).toEqual([3, 2, 1, 6, 5, 4]);
    const convention = { channelOrder: "RGB", resize: [8, 8], crop: [6, 6] } as const;
    expect(prepareImage(picture, convention, [6, 6, 3])).toEqual(cropCentre(resizeBilinear(picture, [8, 8]), [6, 6]));
    expect(() => prepareImage(image, { channelOrder: "gray" }, [28, 28, 1], "a.png")).toThrow(
      /a\.png: expected \[28,28,1\] as the model's input, got \[1,2,1\] \(the model's description has no "resize"\)/,
    );
  });

  it("prepares a data set image by image, or returns it unchanged", () => {
    const dataset = imageDataset({
      name: "d",
      split: "test",
      shape: [1, 1, 3],
      images: Uint8Array.of(1, 2, 3, 9, 8, 7),
      labels: Uint8Array.of(0, 1),
      classes: ["a", "b"],
    });
    expect(prepareDataset(dataset, { channelOrder: "RGB" }, [1, 1, 3])).toBe(dataset);
    expect([...prepareDataset(dataset, { channelOrder: "BGR" }, [1, 1, 3]).images]).toEqual([3, 2, 1, 7, 8, 9]);
    expect(() => prepareDataset(dataset, { channelOrder: "gray" }, [2, 2, 1])).toThrow(
      /data set "d", image 0: expected \[2,2,1\]/,
    );
  });
});

describe("CIFAR-10", () => {
  it("takes each row of a sheet as one image", () => {
    const rows = Uint8Array.from({ length: 2 * 3072 }, (_, index) => (index * 11) & 255);
    const idx = readIdx(cifarImagesFromSheets([png(2, 1024, 3, rows), png(1, 1024, 3, rows.slice(0, 3072))]));
    expect(idx.shape).toEqual([3, 32, 32, 3]);
    expect(idx.data.subarray(0, 6144)).toEqual(rows);
    expect(() => cifarImagesFromSheets([png(2, 32, 3, rows.slice(0, 192))])).toThrow(
      /expected 1024 RGB pixels in a row, got 32/,
    );
  });

  it("takes labels from a JSON array of digits only", () => {
    const encoder = new TextEncoder();
    expect([...readIdx(cifarLabelsFromJson(encoder.encode("[3,8,0]"))).data]).toEqual([3, 8, 0]);
    for (const bad of ["[3,10]", "{}", "[1", '["1"]']) {
      expect(() => cifarLabelsFromJson(encoder.encode(bad))).toThrow(/CIFAR-10 labels: expected a JSON array/);
    }
  });
});
