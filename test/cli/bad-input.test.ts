// Bad input on the command line: exit code 1 and one clear line.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encode } from "fast-png";
import { beforeAll, describe, expect, it } from "vitest";
import { readOnnx } from "../../ts/formats/onnx/read.ts";
import { writeOnnx } from "../../ts/formats/onnx/write.ts";
import { writeNpy } from "../../ts/data/npy.ts";
import { reluNetwork } from "../../ts/relu/builder.ts";
import { digits, llif, models, temporaryFolder } from "./cli.ts";

const folder = temporaryFolder();
const file = (name: string) => join(folder, name);
const mnist8 = join(models, "mnist-8.onnx");

function small(weight: number) {
  const weights = { shape: [2, 4], data: Float32Array.of(weight, 1, 1, 1, 1, 1, 1, 1) };
  return reluNetwork({ input: [2, 2, 1] })
    .dense({ weights, name: "hidden" })
    .relu()
    .dense({ weights: { shape: [10, 2], data: new Float32Array(20).fill(1) } })
    .build();
}

beforeAll(() => {
  const bytes = readFileSync(mnist8);
  writeFileSync(file("empty.onnx"), "");
  writeFileSync(file("text.onnx"), "This is no model at all.");
  writeFileSync(file("truncated.onnx"), bytes.subarray(0, bytes.length / 2));
  const clean = writeOnnx(small(0.123));
  const at = Buffer.from(clean.buffer, clean.byteOffset, clean.length).indexOf(
    Buffer.from(Float32Array.of(0.123).buffer),
  );
  const damaged = clean.slice();
  damaged.set(new Uint8Array(Float32Array.of(NaN).buffer), at);
  writeFileSync(file("nan.onnx"), damaged);
  // "Relu" becomes "Rely", an operator that nobody knows.
  const unknown = Buffer.from(clean);
  unknown[unknown.indexOf("Relu") + 3] = "y".charCodeAt(0);
  writeFileSync(file("unknown.onnx"), unknown);
  writeFileSync(file("small.onnx"), clean);
  writeFileSync(file("described.onnx"), clean);
  writeFileSync(file("described.json"), "{ not JSON");
  mkdirSync(file("nothing"));
  writeFileSync(file("broken.png"), readFileSync(mnist8).subarray(0, 100));
  writeFileSync(file("other.json"), "{}");
  writeFileSync(file("large.png"), encode({ width: 2, height: 2, data: new Uint8Array(4), channels: 1 }));
  writeFileSync(file("small.npy"), writeNpy({ shape: [2, 2], data: new Uint8Array(4) }));
  writeFileSync(file("none.npy"), writeNpy({ shape: [0, 28, 28], data: new Uint8Array(0) }));
  writeFileSync(file("nan.npy"), writeNpy({ shape: [28, 28], data: new Float32Array(784).fill(NaN) }));
  expect(readOnnx(clean).nodes.length).toBeGreaterThan(3);
});

describe("bad input: exit code 1, and one clear line", () => {
  it.each<[string, () => string[], RegExp]>([
    ["a missing file", () => ["inspect", file("none.onnx")], /none\.onnx": no such file or folder$/],
    ["a folder as model", () => ["inspect", folder], /expected a file, got a folder$/],
    ["an empty file", () => ["inspect", file("empty.onnx")], /empty\.onnx": .*empty file/],
    ["text", () => ["inspect", file("text.onnx")], /text\.onnx": expected/],
    ["a truncated ONNX file", () => ["inspect", file("truncated.onnx")], /truncated\.onnx": /],
    ["NaN weights", () => ["inspect", file("nan.onnx")], /nan\.onnx": .*(finite|NaN)/],
    ["an unknown operator", () => ["inspect", file("unknown.onnx")], /unknown\.onnx": .*Rely/],
    ["a broken description", () => ["inspect", file("described.onnx")], /described\.json": expected JSON/],
    [
      "an unknown data set",
      () => ["evaluate", mnist8, "--data", "mnisst", "--scales", "analytic"],
      /"mnisst": expected mnist, fashion-mnist/,
    ],
    [
      "an empty image folder",
      () => ["evaluate", mnist8, "--data", file("nothing"), "--scales", "analytic"],
      /nothing"?: .*/,
    ],
    [
      "images of another size",
      () => ["evaluate", file("small.onnx"), "--data", digits, "--scales", "analytic"],
      /expected \[2,2,1\] as the model's input, got \[28,28,1\]/,
    ],
    ["nothing to calibrate on", () => ["evaluate", mnist8, "--data", digits], /expected --calibration <set>/],
    [
      "calibration images that are evaluated",
      () => ["evaluate", mnist8, "--data", digits, "--calibration", digits],
      /500 of 500 evaluated images are also calibration images.*--allow-overlap/,
    ],
    ["no data", () => ["evaluate", mnist8], /required option '--data <set>' not specified/],
    ["an unknown option", () => ["inspect", mnist8, "--frobnicate"], /unknown option '--frobnicate'/],
    [
      "an unknown command",
      () => ["evalute"],
      /"evalute": expected a model file, a published model \(resnet50, efficientnet-lite0\) or one of the commands inspect, convert/,
    ],
    [
      "bits that are none",
      () => ["evaluate", mnist8, "--data", digits, "--bits", "many"],
      /^llif: --bits: expected an integer from 1 to 16, got "many"$/,
    ],
    [
      "an unknown engine",
      () => ["evaluate", mnist8, "--data", digits, "--engine", "gpu"],
      /^llif: --engine: expected one of auto, wasm, reference, twin, got "gpu"$/,
    ],
    [
      "an output that is a folder",
      () => ["convert", mnist8, "-o", folder, "--scales", "analytic"],
      /expected a file, got a folder$/,
    ],
    [
      "an output below a file",
      () => ["run", mnist8, "--input", file("small.npy"), "--save-spikes", file("other.json/spikes.npz")],
      /spikes\.npz": expected a file in a folder, but ".*other\.json" is none$/,
    ],
    [
      "a plot below a file, before any work",
      () => ["curve", "--plot", file("other.json/curve.svg")],
      /expected a file in a folder/,
    ],
    [
      "an image of another size",
      () => ["run", mnist8, "--input", file("large.png")],
      /large\.png": expected \[28,28,1\] as the model's input, got \[2,2,1\]/,
    ],
    [
      "an array of another shape",
      () => ["run", mnist8, "--input", file("small.npy")],
      /small\.npy": expected shape \[28,28,1\], \[1,28,28\] with the channels first, or a batch of them, got \[2,2\]/,
    ],
    [
      "an array without samples",
      () => ["run", mnist8, "--input", file("none.npy")],
      /none\.npy": expected samples of \[28,28,1\], got \[0,28,28\]/,
    ],
    ["an array of NaN", () => ["run", mnist8, "--input", file("nan.npy")], /nan\.npy": expected finite numbers/],
    [
      "a refractory period between ticks",
      () => ["curve", "--refractory", "1.5e-4"],
      /^llif: --refractory: expected a multiple of the tick of 0\.0001 s, got 0\.00015 s$/,
    ],
    [
      "bits and ticks",
      () => ["evaluate", mnist8, "--data", digits, "--bits", "8", "--ticks", "8"],
      /--bits and --ticks: expected one of them, got both/,
    ],
    [
      "synchronous phase",
      () => ["evaluate", mnist8, "--data", digits, "--code", "phase", "--schedule", "synchronous"],
      /--code phase: expected --schedule layerwise/,
    ],
    ["a missing input", () => ["run", mnist8, "--input", file("none.png")], /none\.png": no such file/],
    ["a broken image", () => ["run", mnist8, "--input", file("broken.png")], /broken\.png": expected a PNG or JPEG/],
    ["a manifest that is none", () => ["reproduce", file("other.json")], /other\.json": expected a manifest/],
    ["a ReLU model for to-relu", () => ["to-relu", mnist8, "-o", file("back.onnx")], /expected a \.llif file/],
    ["currents in the wrong order", () => ["curve", "--from", "1e-9", "--to", "0"], /--to: expected more than --from/],
    [
      "a resistance of nothing",
      () => ["curve", "--leak", "ohmic", "--resistance", "0"],
      /--resistance: expected a number above 0, got "0"/,
    ],
    ["a list that is none", () => ["sweep", mnist8, "--data", digits, "--bits", "4,x"], /--bits: expected an integer/],
  ])("%s", async (_, words, message) => {
    const { code, out, err } = await llif(words());
    expect(err.trim()).toMatch(message);
    expect(err.trim().split("\n")).toHaveLength(1);
    expect(err).toMatch(/^llif: /);
    expect(out).toBe("");
    expect(code).toBe(1);
  });
});

it("is cancelled by its signal with exit code 130, and leaves no file behind", async () => {
  const target = file("cancelled.json");
  const { code, err } = await llif(
    ["evaluate", mnist8, "--data", digits, "--scales", "analytic", "--manifest", target],
    AbortSignal.abort(),
  );
  expect(code).toBe(130);
  expect(err.trim()).toBe("llif: cancelled");
  expect(readdirSync(folder).filter((name) => name.startsWith("cancelled"))).toEqual([]);
});
