import { LlifError, throwIfAborted } from "../errors.ts";
import { currentPlatform } from "../platform.ts";
import type { ReluNetwork } from "../relu/network.ts";
import type { ReadBeside } from "./beside.ts";
import { parseDescription, type ModelDescription } from "./description.ts";
import { readModel } from "./detect.ts";

/** A path or URL, a file of a page, an answer of fetch, or the bytes. */
export type ModelSource = string | URL | Blob | Response | ArrayBuffer | Uint8Array;

export interface LoadModelOptions {
  /** Parsed JSON of the model's description. Default: the file `<model>.json` (`model.description.json` for a `model.json`) beside a model that is read by path or URL, where there is one. */
  readonly description?: unknown;
  /** Reads a further file of the model by its path relative to the first (weights of a TensorFlow.js model). Default: beside a model that is read by path or URL. */
  readonly readBeside?: ReadBeside;
  readonly signal?: AbortSignal;
  readonly onProgress?: (message: string) => void;
}

/**
 * Reads a trained ReLU network; its reader is loaded on demand.
 * @throws {LlifError} FILE where it cannot be read, FORMAT, UNSUPPORTED with the names of all nodes that are, ABORTED.
 */
export async function loadModel(source: ModelSource, options: LoadModelOptions = {}): Promise<ReluNetwork> {
  const { signal, onProgress } = options;
  const name = nameOf(source);
  onProgress?.(`reading ${name ?? "model"}`);
  const bytes = await bytesOf(source, signal);
  throwIfAborted(signal);
  const description = options.description === undefined ? await descriptionBeside(source, signal) : parseDescription(options.description);
  throwIfAborted(signal);
  const model = await readModel(bytes, name, description, options.readBeside ?? readerBeside(source, options));
  throwIfAborted(signal);
  if (model.kind === "spiking") throw new LlifError("ARGUMENT", `"${name ?? "model"}": expected a ReLU network, got a spiking one; read it with readLlif`);
  return model.network;
}

async function bytesOf(source: ModelSource, signal: AbortSignal | undefined): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (typeof source === "string" || source instanceof URL) return read(source, signal);
  if (source instanceof Response && !source.ok) throw new LlifError("FILE", `"${source.url}": expected a model, got HTTP status ${source.status}`);
  return new Uint8Array(await source.arrayBuffer());
}

async function read(location: string | URL, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const { readFile } = currentPlatform();
  const isFile = location instanceof URL ? location.protocol === "file:" : !/^(https?|blob|data):/.test(location);
  try {
    if (isFile && readFile !== undefined) return await readFile(location);
    return await bytesOf(await fetch(location, { signal }), signal);
  } catch (cause) {
    throwIfAborted(signal);
    if (cause instanceof LlifError) throw cause;
    throw new LlifError("FILE", `"${location}": cannot be read (${cause instanceof Error ? cause.message : String(cause)})`, { cause });
  }
}

/** `undefined` where a source has no place. */
function readerBeside(source: ModelSource, { signal, onProgress }: LoadModelOptions): ReadBeside | undefined {
  const place = source instanceof Response && source.url !== "" ? new URL(source.url) : source;
  if (typeof place !== "string" && !(place instanceof URL)) return undefined;
  return (path) => {
    onProgress?.(`reading ${path}`);
    if (place instanceof URL) return read(new URL(path, place), signal);
    return read(/^(https?|file):/.test(place) ? new URL(path, place) : place.replace(/[^/\\]*$/, path), signal);
  };
}

async function descriptionBeside(source: ModelSource, signal: AbortSignal | undefined): Promise<ModelDescription | undefined> {
  if (typeof source !== "string" && !(source instanceof URL)) return undefined;
  const text = String(source);
  const beside = text.replace(/\.[^./\\?#]+(?=([?#].*)?$)/, (ending) => (ending === ".json" ? ".description.json" : ".json"));
  if (beside === text) return undefined;
  let bytes: Uint8Array;
  try {
    bytes = await read(source instanceof URL ? new URL(beside) : beside, signal);
  } catch (cause) {
    if (cause instanceof LlifError && cause.code === "FILE") return undefined;
    throw cause;
  }
  try {
    return parseDescription(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LlifError(cause instanceof LlifError ? cause.code : "FORMAT", `"${beside}": ${reason}`, { cause });
  }
}

function nameOf(source: ModelSource): string | undefined {
  if (typeof source === "string") return source;
  if (source instanceof URL) return source.href;
  if (source instanceof Response) return source.url === "" ? undefined : source.url;
  return "name" in source && typeof source.name === "string" ? source.name : undefined;
}
