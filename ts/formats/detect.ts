// Which format a model file has, and the reader for it.
import { openBudget, type Budget, type ReadBudget } from "../budget.ts";
import { checkBoolean, checkBytes, checkFunction, checkObject, checkOptions, checkString } from "../check.ts";
import { LlifError } from "../errors.ts";
import type { ReluNetwork } from "../relu/network.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { quoted } from "../text.ts";
import { checkBeside, type ReadBeside } from "./beside.ts";
import type { ModelDescription } from "./description.ts";

export type Model =
  | { readonly kind: "relu"; readonly network: ReluNetwork }
  | { readonly kind: "spiking"; readonly network: SpikingNetwork };

export interface ReadModelOptions {
  /** As in `LoadModelOptions`. */
  readonly batch?: boolean;
  readonly budget?: ReadBudget | Budget;
}

export type ModelFormat = "onnx" | "llif" | "tfjs" | "keras" | "pytorch";

/**
 * Tells the format of a model file by its content.
 * @returns `undefined` if it is none of a safetensors container, HDF5, JSON, a pickle, and plausibly a protocol buffer.
 */
export function detectFormat(source: Uint8Array | ArrayBuffer | DataView): ModelFormat | undefined {
  const bytes = checkBytes("model", source);
  if (isSafetensors(bytes)) return "llif";
  if (isKeras(bytes)) return "keras";
  if (startsLikeJson(bytes)) return "tfjs";
  if (isPickled(bytes)) return "pytorch";
  return startsLikeOnnx(bytes) ? "onnx" : undefined;
}

/**
 * Reads a model of any known format; the reader is loaded on demand.
 * @param fileName for messages, and for the network's name where the file has none.
 * @param readBeside reads the model's further files, where it has some.
 * @throws {LlifError} FORMAT for an unknown or broken file or one beyond the budget, and whatever the reader finds.
 */
export async function readModel(
  source: Uint8Array | ArrayBuffer | DataView,
  fileName?: string,
  description?: ModelDescription,
  readBeside?: ReadBeside,
  options: ReadModelOptions = {},
): Promise<Model> {
  const bytes = checkBytes("model", source);
  if (fileName !== undefined) checkString("model: file name", fileName);
  if (description !== undefined) checkObject("model: description", description, "what parseDescription returns");
  if (readBeside !== undefined) checkFunction("model: readBeside", readBeside);
  checkOptions("readModel", options, { batch: true, budget: true });
  const { batch } = options;
  if (batch !== undefined) checkBoolean("model: batch", batch);
  const shown = fileName === undefined ? "model" : quoted(fileName, 500);
  const budget = openBudget(bytes.length, options.budget);
  const named = (endings: RegExp): string | undefined =>
    description?.name ?? fileName?.replace(/^.*[/\\]/, "").replace(endings, "");
  const described = { convention: description?.convention, classes: description?.classes, budget };
  switch (detectFormat(bytes)) {
    case "onnx": {
      const { externalFiles, readOnnx } = await budget.waiting(import("./onnx/read.ts"));
      const read = besideOf(shown, readBeside, budget);
      const files = new Map<string, Uint8Array>();
      for (const path of placed(shown, () => externalFiles(bytes))) files.set(path, await read(path));
      return {
        kind: "relu",
        network: placed(shown, () => readOnnx(bytes, { ...described, name: named(/\.onnx$/i), files, batch })),
      };
    }
    case "llif": {
      const { readLlif } = await import("./llif.ts");
      return { kind: "spiking", network: readLlif(bytes, shown, { budget }) };
    }
    case "tfjs": {
      const { readTfjs } = await budget.waiting(import("./tfjs.ts"));
      const options = { ...described, name: description?.name };
      return {
        kind: "relu",
        network: await placedAsync(shown, () => readTfjs(bytes, besideOf(shown, readBeside, budget), options)),
      };
    }
    case "pytorch": {
      const { readStateDict } = await budget.waiting(import("./pytorch/state-dict.ts"));
      const { efficientNetLite, isEfficientNetLite } = await budget.waiting(import("./pytorch/efficientnet-lite.ts"));
      const weights = placed(shown, () => readStateDict(bytes, undefined, { budget }));
      if (!isEfficientNetLite(weights)) {
        throw new LlifError(
          "UNSUPPORTED",
          `${shown}: a PyTorch state dict has weights (${weights.size} tensors) but no graph; export the model with torch.onnx.export, or build it of readStateDict's weights`,
        );
      }
      const options = { name: description?.name, convention: description?.convention, classes: description?.classes };
      return { kind: "relu", network: placed(shown, () => efficientNetLite(weights, options)) };
    }
    case "keras": {
      const { readKeras } = await budget.waiting(import("./keras/hdf5.ts"));
      return {
        kind: "relu",
        network: await placedAsync(shown, async () =>
          readKeras(bytes, { ...described, name: named(/\.(h5|hdf5|keras)$/i) }),
        ),
      };
    }
    case undefined:
      throw new LlifError(
        "FORMAT",
        `${shown}: expected an ONNX, Keras (HDF5), TensorFlow.js (model.json) or .llif file, got ${bytes.length === 0 ? "an empty file" : "bytes of another format"}`,
      );
  }
}

/** The signature, of the file itself or of a zip archive, as Keras 3 makes it. */
function isKeras(bytes: Uint8Array): boolean {
  return isHdf5(bytes) || (isZip(bytes) && includesText(bytes, "model.weights.h5"));
}

/** As torch.save writes it: its old format, which begins with a pickled magic number, or a zip archive with a pickle first. */
function isPickled(bytes: Uint8Array): boolean {
  if (isZip(bytes)) return new TextDecoder("latin1").decode(bytes.subarray(0, 256)).includes("/data.pkl");
  return bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5;
}

function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/** The names of a zip archive's files stand in its directory, at its end. */
function includesText(bytes: Uint8Array, text: string): boolean {
  return new TextDecoder("latin1").decode(bytes.subarray(-65536)).includes(text);
}

function isHdf5(bytes: Uint8Array): boolean {
  return [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a].every((byte, index) => bytes[index] === byte);
}

/** An opening brace behind white space. */
function startsLikeJson(bytes: Uint8Array): boolean {
  const start = bytes.subarray(0, 64).findIndex((byte) => ![0x20, 0x09, 0x0a, 0x0d].includes(byte));
  return start >= 0 && bytes[start] === 0x7b && (bytes[start + 1] <= 0x20 || bytes[start + 1] === 0x22);
}

function besideOf(shown: string, readBeside: ReadBeside | undefined, budget: Budget): ReadBeside {
  return async (path) => {
    checkBeside(path);
    if (readBeside === undefined)
      throw new LlifError(
        "ARGUMENT",
        `${shown}: its weights are in ${quoted(path)} beside it; load it by path or URL, or give readBeside`,
      );
    const bytes = checkBytes(
      `${shown}: what readBeside gave for ${quoted(path)}`,
      await budget.waiting(readBeside(path)),
    );
    budget.addFile(bytes.length);
    return bytes;
  };
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
  return (
    bytes[0] < 0x80 && ((varints.includes(field) && wireType === 0) || (messages.includes(field) && wireType === 2))
  );
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

async function placedAsync<T>(shown: string, read: () => Promise<T>): Promise<T> {
  const outcome = await read().then(
    (value) => () => value,
    (error: unknown) => () => {
      throw error;
    },
  );
  return placed(shown, outcome);
}
