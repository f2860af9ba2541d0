// Valid files that the fuzzer damages: fixtures, and what the package's own writers make.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { encode } from "jpeg-js";
import { writeIdx } from "../../ts/data/idx.ts";
import { writeNpy, writeNpz } from "../../ts/data/npy.ts";
import { writeLlif } from "../../ts/formats/llif.ts";
import { writeSafetensors } from "../../ts/formats/safetensors.ts";
import { toSpiking, type ToSpikingOptions } from "../../ts/mapping/to-spiking.ts";
import { reluNetwork } from "../../ts/relu/builder.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import { stdp } from "../../ts/spiking/plasticity.ts";
import { pngOf } from "../data/containers.ts";
import {
  jpegColour,
  jpegGray,
  npyFloat32,
  npyInt64,
  pngAlpha,
  pngOneBit,
  pngPalette,
  pngSixteenBits,
  safetensorsNumpy,
} from "../data/fixtures.ts";
import { Random } from "./random.ts";

/** The program runs in the checkout's root, bundled elsewhere. */
const fixtures = join("test", "formats", "fixtures");
const exported = join("test", "formats", "exported");

/** Files of a folder by their names. */
export function filesOf(folder: string, pattern: RegExp): Map<string, Uint8Array> {
  const names = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => pattern.test(name))
        .sort()
    : [];
  return new Map(names.map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));
}

export const fixture = (pattern: RegExp): Uint8Array[] => [...filesOf(fixtures, pattern).values()];
export const besideTfjs = (): Map<string, Uint8Array> => filesOf(fixtures, /^tfjs.*\.bin$/);
export const besideOnnx = (): Map<string, Uint8Array> => filesOf(exported, /\.data$/);
export const onnxFiles = (): Uint8Array[] => [...filesOf(exported, /\.onnx$/).values()];

const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50;
export const pytorchZips = (): Uint8Array[] => fixture(/^pytorch-.*\.pth$/).filter(isZip);
export const pytorchLegacy = (): Uint8Array[] => fixture(/^pytorch-.*\.pth$/).filter((bytes) => !isZip(bytes));

export function descriptions(): Uint8Array[] {
  const full = {
    name: "x",
    classes: ["a", "b"],
    accuracy: { value: 0.9, data: "mnist", split: "test", samples: 10, correct: 9 },
    input: { scale: 1, mean: [0.1, 0.2, 0.3], std: [1, 1, 1], channelOrder: "BGR", resize: [3, 4], crop: 5 },
  };
  return [...filesOf("models", /\.json$/).values(), new TextEncoder().encode(JSON.stringify(full))];
}

export function numpyArrays(): Uint8Array[] {
  const arrays = [
    { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    { shape: [2], data: Uint8Array.of(1, 2) },
    { shape: [], data: Float64Array.of(3) },
    { shape: [0, 4], data: new Int32Array(0) },
  ];
  return [...arrays.map(writeNpy), npyFloat32, npyInt64];
}

export function numpyArchives(): Uint8Array[] {
  return [
    writeNpz([
      ["a", { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
      ["b", { shape: [200], data: new Uint8Array(200) }],
    ]),
  ];
}

export function idxFiles(): Uint8Array[] {
  const plain = [
    writeIdx({ shape: [3, 4, 5], data: new Uint8Array(60).fill(7) }),
    writeIdx({ shape: [10], data: new Uint8Array(10) }),
  ];
  return [...plain, ...plain.map((bytes) => new Uint8Array(gzipSync(bytes)))];
}

export function gzipFiles(): Uint8Array[] {
  return [0, 1, 2].map((count) => new Uint8Array(gzipSync(Buffer.alloc(count * 700, "abc"), { level: count * 4 + 1 })));
}

export function pngFiles(): Uint8Array[] {
  const lines = (rows: number, bytesPerRow: number) =>
    Uint8Array.from({ length: rows * (bytesPerRow + 1) }, (_, index) =>
      index % (bytesPerRow + 1) === 0 ? index % 5 : (index * 73) & 255,
    );
  return [
    pngPalette,
    pngOneBit,
    pngSixteenBits,
    pngAlpha,
    pngOf({ width: 12, height: 10, lines: lines(10, 12) }),
    pngOf({ width: 12, height: 10, colourType: 2, lines: lines(10, 36) }),
    pngOf({ width: 2, height: 2, interlacing: 1, lines: Uint8Array.of(0, 1, 0, 2, 0, 3, 4) }),
  ];
}

export function cifarSheets(): Uint8Array[] {
  return [1, 2].map((height) =>
    pngOf({
      width: 1024,
      height,
      colourType: 2,
      lines: Uint8Array.from({ length: height * 3073 }, (_, index) => (index % 3073 === 0 ? 0 : index & 255)),
    }),
  );
}

export function jpegFiles(): Uint8Array[] {
  const data = Uint8Array.from({ length: 12 * 10 * 4 }, (_, index) => (index * 73) & 255);
  return [
    jpegColour,
    jpegGray,
    ...[30, 90].map((quality) => new Uint8Array(encode({ width: 12, height: 10, data }, quality).data)),
  ];
}

export function safetensorsFiles(llif: readonly Uint8Array[]): Uint8Array[] {
  const plain = writeSafetensors(
    [
      ["a", { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
      ["b", { shape: [0], data: new Uint8Array(0) }],
      ["c", { shape: [], data: Int32Array.of(7) }],
    ],
    { x: "y" },
  );
  return [...llif, plain, safetensorsNumpy];
}

const codes: readonly ToSpikingOptions[] = [
  { code: "phase", bits: 4 },
  { code: "phase", bits: 3, spikes: "signed" },
  { code: "phase", bits: 4, spikes: "signed", nonAdjacent: true },
  { code: "rate", schedule: "synchronous", ticks: 12 },
  { code: "rate", schedule: "layerwise", bits: 3 },
  { code: "rate", schedule: "synchronous", spikes: "signed", ticks: 7 },
  { code: "rate", schedule: "synchronous", spikes: "signed", ticks: 7, settles: true },
  { code: "ttfs", bits: 3 },
  { code: "ttfs" },
];

/** A small network in every code, and one by hand with all that neurons can have. */
export async function llifFiles(): Promise<Uint8Array[]> {
  const random = new Random("llif seeds");
  const numbers = (count: number) => Float32Array.from({ length: count }, () => random.between(-8, 8) / 8);
  const relu = reluNetwork({ input: [5, 5, 1] })
    .conv2d({ weights: { shape: [3, 3, 1, 2], data: numbers(18) }, bias: numbers(2), padding: 1 })
    .relu()
    .maxPool({ size: 2 })
    .flatten()
    .dense({ weights: { shape: [4, 8], data: numbers(32) }, bias: numbers(4) })
    .relu()
    .dense({ weights: { shape: [3, 4], data: numbers(12) }, bias: numbers(3) })
    .build();
  const calibration = [Uint8Array.from({ length: 25 }, (_, index) => (index * 31) & 255)];
  const warn = console.warn;
  console.warn = () => {}; // one image is too few to calibrate with, as it says
  const mapped = await Promise.all(codes.map((code) => toSpiking(relu, { ...code, calibration, scales: "max" })));
  console.warn = warn;
  const byHand = spikingNetwork({ inputs: [2], ticks: 9 })
    .dense({
      weights: [
        [1, 0.5],
        [-0.5, 1],
        [0.25, 0.25],
      ],
      name: "a",
      threshold: 1,
      bias: [0.1, 0, 0.2],
      leak: { kind: "ohmic", factorPerTick: 0.9 },
      refractory: { ticks: 2, input: "discard" },
      floor: -2,
      initialPotential: 0.25,
    })
    .dense({ threshold: 1, weights: [[1, 1, -1]], reset: "hard", name: "b" })
    .connect({ from: "b", to: "a", weights: [[0.5], [0.5], [-1]], delayTicks: 3 })
    .connect({ from: "a", to: "a", sparse: { offsets: [0, 2, 2, 3], targets: [1, 2, 0], weights: [1, -1, 0.5] } })
    .output({ weights: [[1], [-1]] })
    .build();
  const live = spikingNetwork({ inputs: 2, dtSeconds: 1e-4 })
    .population({
      name: "cells",
      units: 3,
      input: "none",
      threshold: { value: [-50, -50, Infinity], strict: true },
      leak: { kind: "ohmic", timeConstantTicks: 200 },
      reset: { kind: "hard", value: -75, clears: ["g"] },
      refractory: { ticks: 21, clamp: ["v", "g"] },
      currents: { g: { timeConstantTicks: 50 } },
      adaptation: { chargePerSpike: 1, timeConstantTicks: 1000 },
      delivery: "afterThreshold",
      restTolerance: 1e-6,
    })
    .connect({
      name: "loop",
      from: "cells",
      to: "cells",
      into: "g",
      edges: { from: [0, 1, 2], to: [1, 2, 0], weights: 0.5, delayTicks: [18, 19, 20] },
      plasticity: stdp({
        plus: 1,
        minus: 1,
        timeConstantTicks: [20, 20],
        maximum: 1,
        reward: { timeConstantTicks: 9 },
      }),
    })
    .build();
  return [...mapped, byHand, live].map(writeLlif);
}
