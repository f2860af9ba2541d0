import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { SkippedCase } from "../ts/bench/case.ts";
import { loadDataset, type DatasetName } from "../ts/cli/data-cache.ts";
import { latencyTicks, loadModel, prepareDataset, readLlif, sample, type ImageDataset, type SpikingNetwork } from "../ts/index.ts";
import { cacheFolder, inRoot } from "./paths.ts";

export interface ModelSpec {
  readonly name: string;
  /** Below models/, without ending. */
  readonly data: DatasetName;
  /** Images in one run of the work, and how many of them the reference engine, much slower, gets. */
  readonly images: number;
  readonly reference: number;
}

export interface OpenModel {
  readonly network: SpikingNetwork;
  /** The ReLU network's file. */
  readonly onnx: Uint8Array;
  readonly images: readonly Uint8Array[];
  readonly labels: readonly number[];
  readonly reference: number;
}

export interface ModelCode {
  /** Appended to the model's name. */
  readonly suffix: string;
  /** Of `llif convert`. */
  readonly flags: readonly string[];
}

export const models: readonly ModelSpec[] = [
  { name: "mnist-mlp", data: "mnist", images: 16, reference: 8 },
  { name: "mnist-cnn", data: "mnist", images: 16, reference: 4 },
  { name: "cifar10-vgg", data: "cifar10", images: 8, reference: 1 },
  { name: "cifar10-resnet20", data: "cifar10", images: 8, reference: 1 },
];

export const phase: ModelCode = { suffix: "", flags: ["--code", "phase", "--bits", "8"] };
export const rate = (ticks: number): ModelCode => ({ suffix: `-rate-t${ticks}`, flags: ["--code", "rate", "--ticks", String(ticks)] });

/** The plain name is 8-bit phase; `-rate-t32` is synchronous f32. */
export function modelCases(codes: readonly ModelCode[] = [phase, rate(32)]): { readonly name: string; open(): Promise<OpenModel> }[] {
  return models.flatMap((spec) => codes.map((code) => ({ name: spec.name + code.suffix, open: () => openModel(spec, code) })));
}

/** Maps the model with the package's own command and takes the first test images. */
export async function openModel(spec: ModelSpec, code: ModelCode): Promise<OpenModel> {
  const file = inRoot("models", `${spec.name}.onnx`);
  if (!existsSync(file)) throw new SkippedCase(`models/${spec.name}.onnx is not there`);
  const onnx = readFileSync(file);
  const network = readLlif(readFileSync(await convert(file, onnx, spec, code)));
  const { images, labels } = await testImages(spec, file);
  return { network, onnx, images, labels, reference: spec.reference };
}

/** `llif convert`, kept by the content of model and package. */
async function convert(file: string, onnx: Uint8Array, spec: ModelSpec, code: ModelCode): Promise<string> {
  const hash = createHash("sha256").update(onnx).update(code.flags.join(" "));
  for (const part of ["cli.js", "llif.wasm"]) hash.update(readFileSync(inRoot("dist", part)));
  mkdirSync(cacheFolder, { recursive: true });
  const output = `${cacheFolder}/${spec.name}-${hash.digest("hex").slice(0, 16)}.llif`;
  if (existsSync(output)) return output;
  const words = ["convert", file, "-o", output, "--calibration", spec.data, ...code.flags];
  const said = await llif(words);
  if (said !== undefined) throw new SkippedCase(`llif ${words.join(" ")}: ${said}`);
  return output;
}

/** @returns undefined, or what went wrong. */
function llif(words: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [inRoot("dist", "cli.js"), ...words], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve(code === 0 ? undefined : said.trim()));
  });
}

const opened = new Map<string, ImageDataset>();

async function testImages(spec: ModelSpec, file: string): Promise<{ images: Uint8Array[]; labels: number[] }> {
  let data = opened.get(spec.name);
  if (data === undefined) {
    const relu = await loadModel(file);
    if (!("convention" in relu)) throw new TypeError(`${file}: expected a ReLU network`);
    const shape = relu.nodes[0].shape;
    data = prepareDataset(await loadDataset(spec.data, "test"), relu.convention, shape.length === 1 ? [28, 28, 1] : shape);
    opened.set(spec.name, data);
  }
  const all = data;
  const indices = Array.from({ length: spec.images }, (_, index) => index);
  return { images: indices.map((index) => sample(all, index).slice()), labels: indices.map((index) => all.labels?.[index] ?? -1) };
}

export function describeLatency(network: SpikingNetwork): string {
  return `${network.windowTicks} ticks a window, ${latencyTicks(network)} to a decision`;
}
