// The graphs of well-known ONNX networks, with small weights, are read whole.
import { join } from "node:path";
import { unzipSync } from "fflate";
import { describe, expect, it, type TestContext } from "vitest";
import { cacheFolder } from "../../ts/cli/data-cache.ts";
import { archiveOfPythonPackage } from "../../ts/cli/data-sources.ts";
import { acquireFiles } from "../../ts/cli/verified-files.ts";
import { createFloatPass } from "../../ts/engine/passes/float.ts";
import { LlifError } from "../../ts/errors.ts";
import { readOnnx } from "../../ts/formats/onnx/read.ts";
import { inputOf, type ReluNetwork } from "../../ts/relu/network.ts";
import { sizeOf } from "../../ts/tensor.ts";
import { requireOrSkip } from "../requires.ts";
import { expectClose } from "./compare.ts";
import { runOrt } from "./ort.ts";
import { pseudoRandom, randomValues, toChannelsFirst } from "./random.ts";

/** Graphs of well-known networks with constant weights, in the package onnx. */
const checksums = {
  bvlc_alexnet: "2afa78cef5a88aed9d6e3d63fb92bd330c9177ac150d19189c6b3e7204ba0212",
  densenet121: "49ddb5712797d6164f1d864bedaad927de4f3909ad1b4ba390a92c2f8150e9f6",
  inception_v1: "bb7a0e6c370c709f5615eeef961b43628de13d0009ae4d6f4bfb0d5aea5d8270",
  inception_v2: "224d77d55b26559a959db627c3f417a623fbf3b3000d25f0939327aa935d933f",
  resnet50: "05e77a5c9c9ce0913f549a50d6ebaced5e0ff6817b61e09bae26e4c5bd9055e4",
  shufflenet: "c6f406d62be36d6b4572542c0950a2abd59f56237068793290680bba89fbafe5",
  squeezenet: "770b0f3c8623e18bf58b53754d710051b4c268248422142980a132bbe6dfe908",
  vgg19: "8e547d732b3a3d66eeb8fa64a026adb994d3db552f0bbd52e436d06300d89afe",
  zfnet512: "6444bb58b98c3d14f551a3bdb83eea9e5db7e147790db3115c447e9c9a8338b0",
};
type Name = keyof typeof checksums;

const fileOf = (name: string): string => `light_${name}.onnx`;

async function open(context: TestContext, name: Name): Promise<Uint8Array> {
  const files = Object.entries(checksums).map(([other, sha256]) => ({ name: fileOf(other), sha256 }));
  const obtain = async (work: string): Promise<Map<string, Uint8Array>> => {
    const wheel = await archiveOfPythonPackage("onnx==1.23.2", work);
    const light = unzipSync(wheel, { filter: (file) => /\/light\/light_.*\.onnx$/.test(file.name) });
    return new Map(Object.entries(light).map(([path, bytes]) => [path.replace(/^.*\//, ""), bytes]));
  };
  let reason = "";
  const found = await acquireFiles(join(cacheFolder(), "models"), files, { place: "onnx light models", obtain }).catch(
    (error: unknown) => {
      if (!(error instanceof LlifError) || error.message.includes("checksum")) throw error;
      reason = error.message;
      return undefined;
    },
  );
  return requireOrSkip(context, found, reason)[Object.keys(checksums).indexOf(name)];
}

const multiplyAccumulates = ({ nodes }: ReluNetwork): number =>
  nodes.reduce(
    (sum, node) =>
      sum +
      (node.kind === "dense"
        ? node.weights.data.length
        : node.kind === "conv2d"
          ? node.shape[0] * node.shape[1] * node.weights.data.length
          : 0),
    0,
  );

describe("graphs of well-known networks", () => {
  // Published multiply-accumulates; this ResNet-50 strides in its 3×3 convolutions. ShuffleNet is compared number by number below.
  const read: [Name, number][] = [
    ["densenet121", 2.83e9],
    ["inception_v2", 2.02e9],
    ["resnet50", 4.09e9],
    ["squeezenet", 0.35e9],
    ["vgg19", 19.6e9],
  ];

  it.for(read)("%s is read whole", async ([name, expected], context) => {
    // Their weights are constants that a few bytes make.
    const network = readOnnx(await open(context, name), { budget: { elements: 2 ** 30, seconds: 600 } });
    expect(inputOf(network).shape).toEqual([224, 224, 3]);
    expect(multiplyAccumulates(network) / expected).toBeCloseTo(1, 1);
  });

  it.for<Name>(["shufflenet", "squeezenet"])("%s equals onnxruntime-web", async (name, context) => {
    const bytes = await open(context, name);
    const network = readOnnx(bytes);
    const { shape } = inputOf(network);
    const input = randomValues(pseudoRandom(5), sizeOf(shape));
    const pass = await createFloatPass(network);
    const [output] = Object.values(pass.run(input, 1).outputs);
    pass.dispose();
    const logits =
      network.nodes.find(({ name }) => name === network.outputs[0])?.kind === "softmax"
        ? probabilities(output)
        : output;
    expectClose(logits, (await runOrt(bytes, toChannelsFirst(input, shape))).data, 1e-4);
  });

  it.for<[Name, number]>([
    ["bvlc_alexnet", 2],
    ["inception_v1", 2],
    ["zfnet512", 2],
  ])("%s is refused for each of its LRN", async ([name, count], context) => {
    const bytes = await open(context, name);
    expect(() => readOnnx(bytes)).toThrow(LlifError);
    expect(() => readOnnx(bytes)).toThrow(
      new RegExp(
        `^${count} nodes are not supported:(\\n  ".*" \\(LRN\\): operator LRN is not supported; use BatchNormalization, or leave it out){${count}}$`,
      ),
    );
  });
});

function probabilities(logits: Float32Array): Float32Array {
  const largest = Math.max(...logits);
  const exponentials = logits.map((logit) => Math.exp(logit - largest));
  const sum = exponentials.reduce((a, b) => a + b);
  return exponentials.map((value) => value / sum);
}
