// The list of model file formats: how each is detected by content, and its reader, which is loaded on demand.
import type { Budget } from "../budget.ts";
import type { ReluNetwork } from "../relu/network.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import type { ReadBeside } from "./beside.ts";
import type { ModelDescription } from "./description.ts";
import { includesText, isHdf5, isPickle, isSafetensors, isZip, startsLikeJson, startsLikeOnnx } from "./signatures.ts";

export type Model =
  | { readonly kind: "relu"; readonly network: ReluNetwork }
  | { readonly kind: "spiking"; readonly network: SpikingNetwork };

/** A file and its options. */
export interface ModelFile {
  readonly bytes: Uint8Array;
  /** Name of the file for messages. */
  readonly shown: string;
  /** Its name without folders. */
  readonly fileName: string | undefined;
  readonly description: Partial<ModelDescription>;
  /** Reads a further file of the model; its path is checked, its bytes are counted. */
  readonly readBeside: ReadBeside;
  /** As in `LoadModelOptions`. */
  readonly batch: boolean | undefined;
  readonly budget: Budget;
}

/** Makes a network of a file. Its errors need not name the file. */
export type Reader = (file: ModelFile) => Model | Promise<Model>;

export interface Format {
  readonly name: string;
  /** Name of the format in messages and help, with its file names. */
  readonly title: string;
  /** The kind of network in its files. */
  readonly holds: Model["kind"] | "either";
  detects(bytes: Uint8Array): boolean;
  load(): Promise<Reader>;
}

/** In order of certainty: the first that detects a file reads it. */
export const formats = [
  {
    name: "llif",
    title: ".llif",
    holds: "spiking",
    detects: isSafetensors,
    async load() {
      const { readLlif } = await import("./llif.ts");
      return ({ bytes, shown, budget }) => ({ kind: "spiking", network: readLlif(bytes, shown, { budget }) });
    },
  },
  {
    name: "keras",
    title: "Keras (.h5, .keras)",
    holds: "relu",
    detects: (bytes) =>
      isZip(bytes)
        ? // An archive's directory with the names of its files is at its end.
          includesText(bytes.subarray(-65536), "model.weights.h5")
        : isHdf5(bytes) && includesText(bytes, "model_config"),
    async load() {
      const { readKeras } = await import("./keras/hdf5.ts");
      return ({ bytes, fileName, description: { name, convention, classes }, budget }) => {
        const known = name ?? fileName?.replace(/\.(h5|hdf5|keras)$/i, "");
        return { kind: "relu", network: readKeras(bytes, { name: known, convention, classes, budget }) };
      };
    },
  },
  {
    name: "tfjs",
    title: "TensorFlow.js (model.json)",
    holds: "relu",
    detects: startsLikeJson,
    async load() {
      const { readTfjs } = await import("./tfjs.ts");
      return async ({ bytes, readBeside, description: { name, convention, classes }, budget }) => ({
        kind: "relu",
        network: await readTfjs(bytes, readBeside, { name, convention, classes, budget }),
      });
    },
  },
  {
    name: "pytorch",
    title: "PyTorch (EfficientNet-Lite's weights)",
    holds: "relu",
    // Written by torch.save: a zip archive with a pickle first, or the old format, which begins with a pickled number.
    detects: (bytes) => (isZip(bytes) ? includesText(bytes.subarray(0, 256), "/data.pkl") : isPickle(bytes)),
    async load() {
      const { readPytorch } = await import("./pytorch/read.ts");
      return ({ bytes, description, budget }) => ({
        kind: "relu",
        network: readPytorch(bytes, description, budget),
      });
    },
  },
  {
    name: "onnx",
    title: "ONNX",
    holds: "relu",
    detects: startsLikeOnnx,
    async load() {
      const { externalFiles, readOnnx } = await import("./onnx/read.ts");
      return async ({ bytes, fileName, description: { name, convention, classes }, readBeside, batch, budget }) => {
        const files = new Map<string, Uint8Array>();
        for (const path of externalFiles(bytes)) files.set(path, await readBeside(path));
        const known = name ?? fileName?.replace(/\.onnx$/i, "");
        return { kind: "relu", network: readOnnx(bytes, { name: known, convention, classes, files, batch, budget }) };
      };
    },
  },
] as const satisfies readonly Format[];

export type ModelFormat = (typeof formats)[number]["name"];

/** "ONNX, …, Keras (.h5, .keras) or .llif". @param holds leaves out formats with only the other kind of network. */
export function formatTitles(holds?: Model["kind"]): string {
  const chosen: readonly Format[] = formats;
  const titles = chosen
    .filter((format) => holds === undefined || format.holds === "either" || format.holds === holds)
    .map(({ title }) => title)
    .reverse();
  return `${titles.slice(0, -1).join(", ")} or ${titles[titles.length - 1]}`;
}
