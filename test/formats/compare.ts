// Compares a model read here with onnxruntime-web.
import { expect } from "vitest";
import { readOnnx } from "../../ts/formats/onnx/read.ts";
import { forward } from "../../ts/relu/forward.ts";
import { inputOf, type ReluNetwork } from "../../ts/relu/network.ts";
import { sizeOf } from "../../ts/tensor.ts";
import { model, type GraphOptions, type Node } from "./graphs.ts";
import { runOrt } from "./ort.ts";
import { largestDifference, pseudoRandom, randomValues, toChannelsFirst } from "./random.ts";

const random = pseudoRandom(11);

/** Reads the model and compares with onnxruntime-web; `imageInput` says whether the file's input is channels first. */
export async function compare(nodes: readonly Node[], options: GraphOptions, imageInput = true): Promise<ReluNetwork> {
  return compareBytes(
    model(nodes, options),
    options.input.map((extent) => (typeof extent === "string" ? 1 : extent)),
    imageInput,
  );
}

export async function compareBytes(
  bytes: Uint8Array,
  dims: readonly number[] | undefined,
  imageInput = true,
): Promise<ReluNetwork> {
  const network = readOnnx(bytes);
  const { shape } = inputOf(network);
  for (let sample = 0; sample < 2; sample++) {
    const input = randomValues(random, sizeOf(shape)).map((value) => value * 2);
    const expected = await runOrt(bytes, imageInput ? toChannelsFirst(input, shape) : input, dims);
    expectClose(outputOf(network, input), expected.data, 1e-5);
  }
  return network;
}

/** Values of the first output, an image in the order of an ONNX file: channels first. */
export function outputOf(network: ReluNetwork, input: Float32Array): Float32Array {
  const output = network.nodes.find(({ name }) => name === network.outputs[0]);
  return toChannelsFirst(forward(network, input).get(network.outputs[0]) ?? new Float32Array(), output?.shape ?? []);
}

/** Differences beside the largest value. */
export function expectClose(actual: Float32Array, expected: ArrayLike<number>, tolerance: number): void {
  const scale = Math.max(1, ...Array.from(expected, Math.abs));
  expect(largestDifference(actual, expected) / scale).toBeLessThan(tolerance);
}
