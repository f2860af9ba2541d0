import { LlifError } from "../errors.ts";
import type { ReluNetwork } from "../relu/network.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import type { ModelDescription } from "./description.ts";

export type Model = { readonly kind: "relu"; readonly network: ReluNetwork } | { readonly kind: "spiking"; readonly network: SpikingNetwork };

export type ModelFormat = "onnx" | "llif";

/**
 * Tells the format of a model file by its content.
 * @returns `undefined` if it is neither a safetensors container nor plausibly a protocol buffer.
 */
export function detectFormat(bytes: Uint8Array): ModelFormat | undefined {
  if (isSafetensors(bytes)) return "llif";
  return startsLikeOnnx(bytes) ? "onnx" : undefined;
}

/**
 * Reads a model of any known format; the reader is loaded on demand.
 * @param fileName for messages, and for the network's name where the file has none.
 * @throws {LlifError} FORMAT for an unknown or broken file, and whatever the reader finds.
 */
export async function readModel(bytes: Uint8Array, fileName?: string, description?: ModelDescription): Promise<Model> {
  const shown = fileName === undefined ? "model" : `"${fileName}"`;
  switch (detectFormat(bytes)) {
    case "onnx": {
      const { readOnnx } = await import("./onnx/read.ts");
      const name = description?.name ?? fileName?.replace(/^.*[/\\]/, "").replace(/\.onnx$/i, "");
      const options = { name, convention: description?.convention, classes: description?.classes };
      return { kind: "relu", network: placed(shown, () => readOnnx(bytes, options)) };
    }
    case "llif": {
      const { readLlif } = await import("./llif.ts");
      return { kind: "spiking", network: readLlif(bytes, shown) };
    }
    case undefined:
      throw new LlifError("FORMAT", `${shown}: expected an ONNX or .llif file, got ${bytes.length === 0 ? "an empty file" : "bytes of another format"}`);
  }
}

/** A little-endian u64 header length, then a JSON object. */
function isSafetensors(bytes: Uint8Array): boolean {
  if (bytes.length < 10 || bytes[8] !== 0x7b) return false;
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  return length >= 2n && length <= 100_000_000n;
}

/** ONNX has no magic number: a protocol buffer whose first tag is a field of ModelProto with its wire type. */
function startsLikeOnnx(bytes: Uint8Array): boolean {
  if (bytes.length < 2) return false;
  const field = bytes[0] >> 3;
  const wireType = bytes[0] & 7;
  const varints = [1, 5];
  const messages = [2, 3, 4, 6, 7, 8, 14];
  return bytes[0] < 0x80 && ((varints.includes(field) && wireType === 0) || (messages.includes(field) && wireType === 2));
}

/** Puts the file's name in front of the reader's message. */
function placed<T>(shown: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof LlifError)) throw error;
    throw new LlifError(error.code, `${shown}: ${error.message}`, { nodes: error.nodes, cause: error });
  }
}
