// Shipped models and digits for the mapping tests.
import { readFileSync } from "node:fs";
import { readIdx } from "../../ts/data/idx.ts";
import { parseDescription } from "../../ts/formats/description.ts";
import { readOnnx } from "../../ts/formats/onnx/read.ts";
import type { ReluNetwork } from "../../ts/relu/network.ts";

const images = readIdx(readFileSync(new URL("../../models/mnist-500-images-idx3-ubyte.gz", import.meta.url))).data;

/** MNIST test images, of the 500 that the repository holds. */
export function digits(from: number, to: number): Uint8Array[] {
  return Array.from({ length: to - from }, (_, index) =>
    Uint8Array.from(images.subarray((from + index) * 784, (from + index + 1) * 784)),
  );
}

export function shippedModel(name: string): ReluNetwork {
  const file = (ending: string) => readFileSync(new URL(`../../models/${name}.${ending}`, import.meta.url));
  return readOnnx(new Uint8Array(file("onnx")), parseDescription(JSON.parse(file("json").toString())));
}
