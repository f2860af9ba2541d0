// ONNX files of real exporters equal their framework and onnxruntime-web.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readModel } from "../../ts/formats/detect.ts";
import { externalFiles } from "../../ts/formats/onnx/read.ts";
import { writeOnnx } from "../../ts/formats/onnx/write.ts";
import { inputOf, type ReluNetwork } from "../../ts/relu/network.ts";
import { sizeOf, type Shape } from "../../ts/tensor.ts";
import { expectClose, outputOf } from "./compare.ts";
import { runOrt } from "./ort.ts";
import { toChannelsFirst } from "./random.ts";

interface Sample {
  readonly input: { readonly shape: Shape; readonly values: readonly number[] };
  readonly output: { readonly shape: Shape; readonly values: readonly number[] };
}

const folder = new URL("exported/", import.meta.url);
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, folder)));
const files = readdirSync(folder).filter((name) => name.endsWith(".onnx"));

/** Files of one network share the input and output that its framework computed. */
function sampleOf(file: string): Sample {
  const [exporter, network] = file.replace(".onnx", "").split("-");
  const framework = exporter === "torchscript" || exporter === "dynamo" ? "pytorch" : "tensorflow";
  return JSON.parse(new TextDecoder().decode(read(`${framework}-${network}.json`)));
}

const channelsLast = (values: Float32Array, [, channels, ...spatial]: Shape): Float32Array => {
  const positions = sizeOf(spatial);
  return values.map((_, index) => values[(index % channels) * positions + Math.floor(index / channels)]);
};

/** One sample in the order of the network's input. PyTorch puts channels first, TensorFlow last. */
function inputsOf(network: ReluNetwork, { input }: Sample, file: string, sample: number): Float32Array {
  const size = sizeOf(inputOf(network).shape);
  const values = Float32Array.from(input.values.slice(sample * size, (sample + 1) * size));
  return sampleIsChannelsFirst(file) ? channelsLast(values, input.shape) : values;
}

const sampleIsChannelsFirst = (file: string): boolean => file.startsWith("torchscript") || file.startsWith("dynamo");

describe("models of real exporters", () => {
  it("are there, of each exporter", () => {
    for (const exporter of ["torchscript", "dynamo", "tf2onnx", "keras"])
      expect(files.filter((file) => file.startsWith(exporter)).length).toBeGreaterThan(3);
  });

  it.each(files)("%s equals its framework and onnxruntime-web", async (file) => {
    const bytes = read(file);
    const model = await readModel(bytes, file, undefined, async (path) => read(path));
    if (model.kind !== "relu") throw new Error("expected a ReLU network");
    const { network } = model;
    const sample = sampleOf(file);
    const outputs = sample.output.values.length / sample.output.shape[0];
    for (let index = 0; index < 2; index++) {
      const input = inputsOf(network, sample, file, index);
      const fileInput = sampleIsChannelsFirst(file) ? toChannelsFirst(input, inputOf(network).shape) : input;
      const expected = sample.output.values.slice(index * outputs, (index + 1) * outputs);
      const output = network.nodes.find(({ name }) => name === network.outputs[0])?.shape ?? [];
      const first = outputOf(network, input);
      const actual =
        !sampleIsChannelsFirst(file) && output.length === 3
          ? channelsLast(first, [1, output[2], output[0], output[1]])
          : first;
      expectClose(actual, expected, 1e-5);
      if (externalFiles(bytes).length === 0) {
        const ort = await runOrt(bytes, fileInput, [1, ...sample.input.shape.slice(1)]);
        expectClose(actual, ort.data, 1e-5);
      }
      expectClose(first, (await runOrt(writeOnnx(network), toChannelsFirst(input, inputOf(network).shape))).data, 1e-5);
    }
  });
});
