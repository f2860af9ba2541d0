// Bytes come as views into larger buffers, as Node's Buffers, as whole ArrayBuffers and from other realms: every reader takes them all.
import { gzipSync } from "node:zlib";
import vm from "node:vm";
import { describe, expect, it } from "vitest";
import { cifarImagesFromSheets, cifarLabelsFromJson } from "../../ts/data/cifar.ts";
import { gunzip } from "../../ts/data/gzip.ts";
import { readIdx, writeIdx } from "../../ts/data/idx.ts";
import { decodeImage } from "../../ts/data/images.ts";
import { datasetFromIdx } from "../../ts/data/mnist.ts";
import { readNpy, readNpz, writeNpz } from "../../ts/data/npy.ts";
import { readTar } from "../../ts/data/tar.ts";
import { unzip } from "../../ts/formats/zip.ts";
import { errorOf } from "../errors.ts";
import { pngOf, tarOf, zipOf } from "./containers.ts";
import { jpegColour, npyFloat32, pngAlpha, pngSixteenBits } from "./fixtures.ts";

const data = Uint8Array.from({ length: 24 }, (_, index) => index * 9);
const idx = writeIdx({ shape: [2, 3, 4], data });
const labels = writeIdx({ shape: [2], data: Uint8Array.of(1, 0) });
const digits = { name: "d", split: "test", classes: ["a", "b"] } as const;
const sheet = pngOf({
  width: 1024,
  colourType: 2,
  lines: Uint8Array.from({ length: 3073 }, (_, index) => (index === 0 ? 0 : index & 255)),
});

const readers: Readonly<Record<string, readonly [bytes: Uint8Array, read: (bytes: Uint8Array) => unknown]>> = {
  npy: [npyFloat32, (bytes) => readNpy(bytes)],
  npz: [writeNpz([["a", { shape: [3], data: Float32Array.of(1, 2, 3) }]]), (bytes) => readNpz(bytes)],
  idx: [idx, (bytes) => readIdx(bytes)],
  "idx, gzipped": [new Uint8Array(gzipSync(idx)), (bytes) => readIdx(bytes)],
  "images of a data set": [idx, (bytes) => datasetFromIdx(bytes, labels, digits)],
  "labels of a data set": [labels, (bytes) => datasetFromIdx(idx, bytes, digits)],
  gzip: [new Uint8Array(gzipSync(data)), (bytes) => gunzip("x", bytes)],
  zip: [
    zipOf([
      { name: "a", data },
      { name: "b", data, deflated: true },
    ]),
    (bytes) => unzip(bytes, "x"),
  ],
  tar: [tarOf("a", data), (bytes) => readTar(bytes)],
  "PNG with alpha": [pngAlpha, (bytes) => decodeImage(bytes)],
  "PNG of 16 bits": [pngSixteenBits, (bytes) => decodeImage(bytes)],
  JPEG: [jpegColour, (bytes) => decodeImage(bytes)],
  "CIFAR sheet": [sheet, (bytes) => cifarImagesFromSheets([bytes])],
  "CIFAR labels": [new TextEncoder().encode("[1,2]"), (bytes) => cifarLabelsFromJson(bytes)],
};

function inLargerBuffer(bytes: Uint8Array, start: number): ArrayBuffer {
  const larger = new Uint8Array(bytes.length + start + 7).fill(0x5a);
  larger.set(bytes, start);
  return larger.buffer;
}
const otherRealm = (bytes: Uint8Array): Uint8Array =>
  Object.assign(vm.runInNewContext(`new Uint8Array(${bytes.length})`) as Uint8Array, bytes);

const holders: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  "a Uint8Array from the third byte on": (bytes) => new Uint8Array(inLargerBuffer(bytes, 3), 3, bytes.length),
  "a Buffer from the fifth byte on": (bytes) => Buffer.from(inLargerBuffer(bytes, 5), 5, bytes.length),
  "an ArrayBuffer": (bytes) => bytes.slice().buffer,
  "a DataView": (bytes) => new DataView(inLargerBuffer(bytes, 9), 9, bytes.length),
  "shared memory": (bytes) => {
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    return shared;
  },
  "an array of another realm": otherRealm,
  "a buffer of another realm": (bytes) => otherRealm(bytes).buffer,
};

describe.each(Object.entries(readers))("%s", (_, [bytes, read]) => {
  it.each(Object.entries(holders))("is read from %s", (_, hold) => {
    expect(read(hold(bytes.slice()) as Uint8Array)).toEqual(read(bytes.slice()));
  });

  it("refuses what holds no bytes", () => {
    for (const wrong of [undefined, null, 5, "text", {}, [1, 2], new Float32Array(3)]) {
      expect(errorOf(() => read(wrong as Uint8Array))).toMatchObject({ code: "ARGUMENT" });
    }
  });

  it("gives results that do not change with the bytes' surroundings", () => {
    const larger = new Uint8Array(inLargerBuffer(bytes, 4));
    const result = read(larger.subarray(4, 4 + bytes.length));
    const before = JSON.stringify(result);
    larger.fill(0x11, 0, 4);
    larger.fill(0x11, 4 + bytes.length);
    expect(JSON.stringify(result)).toBe(before);
  });
});
