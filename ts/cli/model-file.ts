// Opens the model that a command names: a path, or the name of a published model.
import { dirname, join } from "node:path";
import { LlifError } from "../errors.ts";
import { sha256 } from "../data/dataset.ts";
import type { ReadBeside } from "../formats/beside.ts";
import { parseDescription, type ModelDescription } from "../formats/description.ts";
import { detectFormat, readModel } from "../formats/detect.ts";
import type { ModelFormat } from "../formats/registry.ts";
import { toRelu } from "../mapping/to-relu.ts";
import type { ReluNetwork } from "../relu/network.ts";
import { outputsOf, type SpikingNetwork } from "../spiking/network.ts";
import { currentPlatform } from "../platform.ts";
import { descriptionPathOf } from "./description-path.ts";
import { exists, fileError, readInput, type Io } from "./io.ts";
import type { ReadingFlags } from "./options.ts";
import { isPublishedModel, openPublishedModel, type PublishedModelName } from "./published-models.ts";

export interface OpenModel {
  readonly path: string;
  readonly name: string;
  readonly format: ModelFormat;
  /** The network of the file, or `toRelu` of a .llif file; only its input if that is impossible (`noRelu`). */
  readonly relu: ReluNetwork;
  /** Why a .llif file has no ReLU network; null if it has one. */
  readonly noRelu: string | null;
  /** The network of a .llif file. */
  readonly spiking?: SpikingNetwork;
  /** SHA-256 of the file, or of the hashes of all its files, including the description beside it. */
  readonly hash: string;
  readonly descriptionHash: string | null;
  /** Value of `--batch`, if given. */
  readonly batch?: boolean;
  readonly bytes: number;
  /** Paths of every file that was read; empty for a published model, whose files are in the cache. */
  readonly files: readonly string[];
}

/**
 * Reads a model file and the description beside it, if there is one: `mnist-cnn.json` for `mnist-cnn.onnx`,
 * `model.description.json` for `model.json`. A published model is fetched by name, unless a file has that name.
 * @throws {LlifError} naming the file; ARGUMENT for `--batch` with another format than ONNX.
 */
export async function openModel(
  path: string,
  io?: Pick<Io, "progress" | "signal">,
  { budget, batch: said }: ReadingFlags = {},
): Promise<OpenModel> {
  const published = isPublishedModel(path) && !(await exists(path));
  const source = published ? await openPublished(path, io) : await openFile(path);
  const { bytes, described, description } = source;
  // The hash of a model with more than one file covers all of them.
  const contents = [bytes];
  const readBeside = async (name: string) => {
    const content = await source.readBeside(name);
    contents.push(content);
    return content;
  };
  const format = detectFormat(bytes);
  if (said !== undefined && format !== undefined && format !== "onnx")
    throw new LlifError(
      "ARGUMENT",
      `--batch: expected an ONNX model, whose input may have a first extent that counts samples, got "${path}" (${format})`,
    );
  const batch = said === undefined ? undefined : said === "yes";
  const model = await named(path, () => readModel(bytes, path, description, readBeside, { budget, batch }));
  const { relu, noRelu } = model.kind === "relu" ? { relu: model.network, noRelu: null } : reluOf(model.network);
  return {
    path,
    name: model.network.name,
    format: model.format,
    relu,
    noRelu,
    ...(model.kind === "spiking" ? { spiking: model.network } : {}),
    hash: contents.length === 1 ? await sha256(bytes) : await hashOfAll(contents),
    descriptionHash: described === undefined ? null : await sha256(described),
    ...(batch === undefined ? {} : { batch }),
    bytes: contents.reduce((total, content) => total + content.length, 0),
    files: source.files,
  };
}

/** @throws {LlifError} UNSUPPORTED if the network has no ReLU network to compare with, or no output. */
export function requireRelu({ path, relu, noRelu }: OpenModel): void {
  if (noRelu !== null)
    throw new LlifError("UNSUPPORTED", `"${path}": expected a network that stands for a ReLU network: ${noRelu}`);
  if (relu.outputs.length === 0)
    throw new LlifError(
      "UNSUPPORTED",
      `"${path}": expected a network with an output to decide by, got none; llif run simulates it all the same`,
    );
}

/** Networks built by hand may have no ReLU network, for example recurrent ones. */
function reluOf(network: SpikingNetwork): Pick<OpenModel, "relu" | "noRelu"> {
  try {
    const relu = toRelu(network);
    // Without an output, the last activations decide nothing.
    return { relu: outputsOf(network).length === 0 ? { ...relu, outputs: [] } : relu, noRelu: null };
  } catch (error) {
    if (!(error instanceof LlifError)) throw error;
    const {
      name,
      input: { name: input, shape },
      convention,
      classes,
    } = network;
    return {
      relu: { name, nodes: [{ kind: "input", name: input, from: [], shape }], outputs: [], convention, classes },
      noRelu: error.message,
    };
  }
}

interface ModelSource {
  readonly bytes: Uint8Array;
  readonly readBeside: ReadBeside;
  /** Bytes of the description, if there is one. */
  readonly described: Uint8Array | undefined;
  readonly description: ModelDescription | undefined;
  /** Paths of the files read so far. */
  readonly files: string[];
}

async function openFile(path: string): Promise<ModelSource> {
  const beside = descriptionPathOf(path);
  const described = beside !== path && (await exists(beside)) ? await readInput(beside) : undefined;
  const files = described === undefined ? [path] : [path, beside];
  return {
    files,
    bytes: await readInput(path),
    async readBeside(name) {
      const file = join(dirname(path), name);
      files.push(file);
      const { readFile } = currentPlatform();
      if (readFile === undefined) return readInput(file);
      try {
        return await readFile(file, path);
      } catch (cause) {
        throw fileError(file, cause, "read");
      }
    },
    described,
    description: described === undefined ? undefined : parseJson(beside, described),
  };
}

async function openPublished(
  name: PublishedModelName,
  io: Pick<Io, "progress" | "signal"> | undefined,
): Promise<ModelSource> {
  const { main, files, description } = await openPublishedModel(name, {
    onProgress: io?.progress.bind(io),
    signal: io?.signal,
  });
  const at = (path: string): Uint8Array => {
    const bytes = files.get(path);
    if (bytes === undefined) throw new LlifError("DATA", `model "${name}": "${path}" is missing from its package`);
    return bytes;
  };
  return {
    files: [],
    bytes: at(main),
    readBeside: async (path) => at(join(dirname(main), path).replaceAll("\\", "/")),
    described: new TextEncoder().encode(JSON.stringify(description)),
    description: parseDescription(description),
  };
}

async function hashOfAll(contents: readonly Uint8Array[]): Promise<string> {
  const hashes = await Promise.all(contents.map(sha256));
  return sha256(new TextEncoder().encode(hashes.join("\n")));
}

function parseJson(path: string, bytes: Uint8Array): ModelDescription {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new LlifError(
      "FORMAT",
      `"${path}": expected JSON, the description of the model beside it (${(cause as Error).message})`,
      { cause },
    );
  }
  try {
    return parseDescription(json);
  } catch (cause) {
    if (cause instanceof LlifError) throw new LlifError(cause.code, `"${path}": ${cause.message}`, { cause });
    throw cause;
  }
}

/** Adds the file's name to messages without it, and names options as the command line does. */
async function named<T>(path: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (cause) {
    if (!(cause instanceof LlifError)) throw cause;
    const message = cause.message
      .replace(/the option budget: \{ (\w+): … \}/g, "--budget $1=…")
      .replaceAll("(option batch)", "(--batch)");
    if (message === cause.message && message.includes(path)) throw cause;
    throw new LlifError(cause.code, message.includes(path) ? message : `"${path}": ${message}`, {
      nodes: cause.nodes,
      cause,
    });
  }
}
