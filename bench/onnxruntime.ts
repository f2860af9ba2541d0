// onnxruntime as a contender: the ReLU network itself, in WebAssembly or natively.
import type { InferenceSession, Tensor } from "onnxruntime-web/wasm";
import * as web from "onnxruntime-web/wasm";
import type { Contender } from "../ts/timing/case.ts";
import { fetchPackage, requireFrom } from "./npm-packages.ts";

/** Logits, sample by sample. */
export type Logits = readonly (readonly number[])[];

interface Runtime {
  readonly InferenceSession: {
    create(bytes: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: new (type: "float32", data: Float32Array, dims: readonly number[]) => Tensor;
}

const oneThread: InferenceSession.SessionOptions = {
  graphOptimizationLevel: "all",
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 3,
};

/** onnxruntime-web on WebAssembly SIMD with one thread, like our engine. */
export function webContender(onnx: Uint8Array, inputs: readonly Float32Array[]): Promise<Contender<Logits>> {
  web.env.wasm.numThreads = 1;
  web.env.logLevel = "error";
  return contender("onnxruntime-web", web as unknown as Runtime, onnx, inputs, {
    ...oneThread,
    executionProviders: ["wasm"],
  });
}

/** onnxruntime-node: native, full vector width, one thread. @throws {SkippedCase} if it cannot be fetched. */
export function nodeContender(onnx: Uint8Array, inputs: readonly Float32Array[]): Promise<Contender<Logits>> {
  const runtime = requireFrom(fetchPackage("onnxruntime-node"), "onnxruntime-node") as Runtime;
  return contender("onnxruntime-node", runtime, onnx, inputs, { ...oneThread, executionProviders: ["cpu"] });
}

async function contender(
  name: string,
  { InferenceSession, Tensor }: Runtime,
  onnx: Uint8Array,
  inputs: readonly Float32Array[],
  options: InferenceSession.SessionOptions,
): Promise<Contender<Logits>> {
  const session = await InferenceSession.create(onnx, options);
  const [metadata] = session.inputMetadata;
  const dims = metadata.isTensor
    ? metadata.shape.map((extent) => (typeof extent === "number" && extent > 0 ? extent : 1))
    : [];
  const tensors = inputs.map((input) => new Tensor("float32", input, dims));
  const run = async (tensor: Tensor): Promise<Float32Array> =>
    (await session.run({ [session.inputNames[0]]: tensor }))[session.outputNames[0]].data as Float32Array;
  return {
    name,
    async time(repetitions) {
      const start = performance.now();
      for (let repetition = 0; repetition < repetitions; repetition++) {
        for (const tensor of tensors) await run(tensor);
      }
      return performance.now() - start;
    },
    async outcome() {
      const logits: number[][] = [];
      for (const tensor of tensors) logits.push([...(await run(tensor))]);
      return logits;
    },
    dispose: () => session.release(),
  };
}
