// Runs a model in onnxruntime-web.
import * as ort from "onnxruntime-web/wasm";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

/** Runs a model with one float input on onnxruntime-web; dynamic extents become 1. */
export async function runOrt(
  bytes: Uint8Array,
  input: Float32Array,
  dims?: readonly number[],
): Promise<{ data: Float32Array; dims: readonly number[] }> {
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "disabled",
    logSeverityLevel: 3,
  });
  try {
    const [metadata] = session.inputMetadata;
    const declared = metadata.isTensor
      ? metadata.shape.map((extent) => (typeof extent === "number" && extent > 0 ? extent : 1))
      : [];
    const outputs = await session.run({
      [session.inputNames[0]]: new ort.Tensor("float32", input, [...(dims ?? declared)]),
    });
    const output = outputs[session.outputNames[0]];
    return { data: Float32Array.from(output.data as Float32Array), dims: output.dims };
  } finally {
    await session.release();
  }
}
