// The trained networks of the benchmarks: converts each one in a given code and loads its test images.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { SkippedCase } from "../ts/timing/case.ts";
import { loadDataset, type DatasetName } from "../ts/cli/data-cache.ts";
import { loadImagenet } from "../ts/cli/imagenet.ts";
import { openPublishedModel } from "../ts/cli/published-models.ts";
import { writeOnnx } from "../ts/formats/onnx/write.ts";
import {
  latencyTicks,
  loadModel,
  parseDescription,
  prepareDataset,
  readLlif,
  readModel,
  sample,
  type ImageDataset,
  type ReluNetwork,
  type SpikingNetwork,
  type Split,
} from "../ts/index.ts";
import { cacheFolder, inRoot } from "./paths.ts";

export interface ModelSpec {
  /** File name in models/, without extension. */
  readonly name: string;
  readonly data: DatasetName | "imagenet-sample";
  /** Calibration set; default: the training images of `data`. */
  readonly calibration?: string;
  /** Fetched by name, not in models/. */
  readonly published?: true;
  /** Images per run, and how many of them the reference engine and the Python simulators get, which are much slower. */
  readonly images: number;
  readonly reference: number;
  readonly peers: number;
}

export interface OpenModel {
  readonly network: SpikingNetwork;
  readonly relu: ReluNetwork;
  /** Bytes of the ReLU network's file. */
  readonly onnx: Uint8Array;
  readonly images: readonly Uint8Array[];
  readonly labels: readonly number[];
  readonly reference: number;
}

export interface ModelCode {
  /** Appended to the model's name. */
  readonly suffix: string;
  /** Options of `llif convert`. */
  readonly flags: readonly string[];
  /** Leak factor of every neuron, with the same weights and thresholds; default: as mapped, 1. */
  readonly leakFactor?: number;
}

export const models: readonly ModelSpec[] = [
  { name: "mnist-mlp", data: "mnist", images: 16, reference: 8, peers: 16 },
  { name: "mnist-cnn", data: "mnist", images: 16, reference: 4, peers: 16 },
  { name: "cifar10-vgg", data: "cifar10", images: 8, reference: 1, peers: 4 },
  { name: "cifar10-resnet20", data: "cifar10", images: 8, reference: 1, peers: 4 },
];

/** Slow contenders take minutes, so only some suites use it. */
export const resnet50: ModelSpec = {
  name: "resnet50",
  data: "imagenet-sample",
  calibration: "imagenet-views",
  published: true,
  images: 1,
  reference: 1,
  peers: 1,
};

export const phase: ModelCode = { suffix: "", flags: ["--code", "phase", "--bits", "8"] };
/** The same decisions as `phase` with the same bits, with one spike per neuron. */
export const ttfs: ModelCode = { suffix: "-ttfs", flags: ["--code", "ttfs", "--bits", "8"] };
/** Fifty layers need more bits than ten. */
export const phase10: ModelCode = { suffix: "", flags: ["--code", "phase", "--bits", "10"] };
export const ttfs10: ModelCode = { suffix: "-ttfs", flags: ["--code", "ttfs", "--bits", "10"] };
export const rate = (ticks: number, leakFactor?: number): ModelCode => ({
  suffix: leakFactor === undefined ? `-rate-t${ticks}` : `-rate-ohmic-t${ticks}`,
  flags: ["--code", "rate", "--ticks", String(ticks)],
  ...(leakFactor === undefined ? {} : { leakFactor }),
});

/** Exact rate in integers: a neuron fires after its window. */
export const layerwise = (ticks: number): ModelCode => ({
  suffix: `-layerwise-t${ticks}`,
  flags: ["--code", "rate", "--schedule", "layerwise", "--ticks", String(ticks)],
});

/** Cases by name: the plain name is 8-bit phase, `-ttfs` is 8-bit ttfs, `-rate-t32` is synchronous f32. */
export function modelCases(
  codes: readonly ModelCode[] = [phase, rate(32)],
  specs: readonly ModelSpec[] = models,
): { readonly name: string; open(): Promise<OpenModel> }[] {
  return specs.flatMap((spec) =>
    codes.map((code) => ({ name: spec.name + code.suffix, open: () => openModel(spec, code) })),
  );
}

/** Maps the model with the package's own command and takes the first test images. */
export async function openModel(spec: ModelSpec, code: ModelCode): Promise<OpenModel> {
  const file = inRoot("models", `${spec.name}.onnx`);
  if (spec.published !== true && !existsSync(file)) throw new SkippedCase(`models/${spec.name}.onnx is not there`);
  const relu = spec.published === true ? await published("resnet50") : ((await loadModel(file)) as ReluNetwork);
  const onnx = spec.published === true ? writeOnnx(withoutSoftmax(relu)) : readFileSync(file);
  const mapped = readLlif(readFileSync(await convert(spec.published === true ? spec.name : file, onnx, spec, code)));
  const { leakFactor } = code;
  const network =
    leakFactor === undefined
      ? mapped
      : {
          ...mapped,
          nodes: mapped.nodes.map((node) =>
            node.kind === "population"
              ? {
                  ...node,
                  neuron: {
                    ...node.neuron,
                    leak: { factorPerTick: Float32Array.from(node.neuron.threshold, () => leakFactor) },
                  },
                }
              : node,
          ),
        };
  const { images, labels } = await testImages(spec, relu);
  return { network, relu, onnx, images, labels, reference: spec.reference };
}

/** Outputs are compared as logits. */
function withoutSoftmax(relu: ReluNetwork): ReluNetwork {
  const logitsOf = new Map(relu.nodes.flatMap((node) => (node.kind === "softmax" ? [[node.name, node.from[0]]] : [])));
  return {
    ...relu,
    nodes: relu.nodes.filter(({ name }) => !logitsOf.has(name)),
    outputs: relu.outputs.map((name) => logitsOf.get(name) ?? name),
  };
}

async function published(name: "resnet50"): Promise<ReluNetwork> {
  const { main, files, description } = await openPublishedModel(name);
  const at = (path: string) => files.get(path) as Uint8Array;
  const model = await readModel(at(main), main, parseDescription(description), (beside) =>
    Promise.resolve(at(posix.join(posix.dirname(main), beside))),
  );
  return model.network as ReluNetwork;
}

/** Runs `llif convert`, or takes its earlier output if model, options and every file of the package are the same. */
async function convert(model: string, onnx: Uint8Array, spec: ModelSpec, code: ModelCode): Promise<string> {
  const options = ["--calibration", spec.calibration ?? spec.data, ...code.flags];
  const hash = createHash("sha256").update(onnx).update(options.join(" "));
  for (const part of readdirSync(inRoot("dist"))
    .sort()
    .filter((name) => /\.(js|wasm)$/.test(name)))
    hash.update(part).update(readFileSync(inRoot("dist", part)));
  mkdirSync(cacheFolder, { recursive: true });
  const output = `${cacheFolder}/${spec.name}-${hash.digest("hex").slice(0, 16)}.llif`;
  if (existsSync(output)) return output;
  const words = ["convert", model, "-o", output, ...options];
  const said = await llif(words);
  if (said !== undefined) throw new SkippedCase(`llif ${words.join(" ")}: ${said}`);
  return output;
}

/** @returns undefined, or the error text. */
function llif(words: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [inRoot("dist", "cli.js"), ...words], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve(code === 0 ? undefined : said.trim()));
  });
}

const opened = new Map<string, ImageDataset>();

async function testImages(spec: ModelSpec, relu: ReluNetwork): Promise<{ images: Uint8Array[]; labels: number[] }> {
  const all = opened.get(spec.name) ?? (await loadImages(spec, relu, "test"));
  opened.set(spec.name, all);
  const indices = Array.from({ length: spec.images }, (_, index) => index);
  return {
    images: indices.map((index) => new Uint8Array(sample(all, index))),
    labels: indices.map((index) => all.labels?.[index] ?? -1),
  };
}

/** Loads images in the form that the model takes. */
export async function loadImages(
  { name, data }: ModelSpec,
  { convention, classes, nodes }: ReluNetwork,
  split: Split,
): Promise<ImageDataset> {
  if (!("channelOrder" in convention)) throw new TypeError(`${name}: expected a model of images`);
  const shape = nodes[0].shape.length === 1 ? [28, 28, 1] : nodes[0].shape;
  return data === "imagenet-sample"
    ? loadImagenet(data, split, { convention, shape, classes, outputs: 1000 })
    : prepareDataset(await loadDataset(data, split), convention, shape);
}

export function describeLatency(network: SpikingNetwork): string {
  return `${network.windowTicks} ticks a window, ${latencyTicks(network)} to a decision`;
}
