// Reads a model from a path, a URL, a file of a page, or memory.
import { openBudget, type Budget, type ReadBudget } from "../budget.ts";
import { checkBytes, checkFunction, checkOptions, checkSignal, describe } from "../check.ts";
import { LlifError, throwIfAborted } from "../errors.ts";
import { currentPlatform } from "../platform.ts";
import type { ReluNetwork } from "../relu/network.ts";
import { quoted } from "../text.ts";
import { besidePath, besideUrl, type ReadBeside } from "./beside.ts";
import { parseDescription, type ModelDescription } from "./description.ts";
import { readModel } from "./detect.ts";
import { parseJson } from "./json.ts";

/** A path or URL (also `file:`), a file of a page, a response of fetch, or the bytes. */
export type ModelSource = string | URL | Blob | Response | ArrayBuffer | Uint8Array | DataView;

export interface LoadModelOptions {
  /**
   * Parsed JSON of the model's description. Default: the file `<model>.json` (`model.description.json` for a
   * `model.json`) beside a model that is read by path or URL, if it exists.
   */
  readonly description?: unknown;
  /**
   * Reads a further file of the model by its path relative to the first (weights of a TensorFlow.js model). Default:
   * beside a model that is read by path or URL.
   */
  readonly readBeside?: ReadBeside;
  /**
   * Whether the first extent of an ONNX model's input, if it is fixed and not 1, is the batch. Default: the graph
   * decides, with a warning if it is.
   */
  readonly batch?: boolean;
  /** Limits for reading; see `ReadBudget`. */
  readonly budget?: ReadBudget;
  readonly signal?: AbortSignal;
  readonly onProgress?: (message: string) => void;
}

/**
 * Reads a trained ReLU network; its reader is loaded on demand.
 * @throws {LlifError} FILE if it cannot be read, FORMAT (also for a file beyond the budget), UNSUPPORTED with the names
 * of all unsupported nodes, ABORTED.
 */
export async function loadModel(source: ModelSource, options: LoadModelOptions = {}): Promise<ReluNetwork> {
  checkOptions("loadModel", options, {
    description: true,
    readBeside: true,
    batch: true,
    budget: true,
    signal: true,
    onProgress: true,
  });
  const { signal, onProgress } = options;
  checkSignal("loadModel: signal", signal);
  if (onProgress !== undefined) checkFunction("loadModel: onProgress", onProgress);
  if (options.readBeside !== undefined) checkFunction("loadModel: readBeside", options.readBeside);
  const budget = openBudget(0, options.budget);
  const place = placeOf(source);
  const name = nameOf(source, place);
  onProgress?.(`reading ${name ?? "model"}`);
  const bytes = await budget.waiting(bytesOf(source, place, signal));
  budget.addFile(bytes.length);
  throwIfAborted(signal);
  const description =
    options.description === undefined
      ? await descriptionBeside(place, budget, signal)
      : parseDescription(options.description);
  throwIfAborted(signal);
  const model = await readModel(bytes, name, description, options.readBeside ?? readerBeside(source, place, options), {
    budget,
    batch: options.batch,
  });
  throwIfAborted(signal);
  if (model.kind === "spiking")
    throw new LlifError(
      "ARGUMENT",
      `${quoted(name ?? "model")}: expected a ReLU network, got a spiking one; read it with readModel`,
    );
  return model.network;
}

/**
 * Location of a source: a URL or a local path; `undefined` if it has none. Works for values of any realm, which
 * `instanceof` does not.
 */
function placeOf(source: unknown): URL | string | undefined {
  if (typeof source === "string") return /^(file|https?|blob|data):/i.test(source) ? toUrl(source) : source;
  if (typeof source === "object" && source !== null && "href" in source && typeof source.href === "string")
    return toUrl(source.href);
  return undefined;
}

function toUrl(text: string): URL {
  try {
    return new URL(text);
  } catch (cause) {
    throw new LlifError(
      "FILE",
      `${quoted(text)}: expected a path or URL (${cause instanceof Error ? cause.message : String(cause)})`,
      { cause },
    );
  }
}

async function bytesOf(
  source: unknown,
  place: URL | string | undefined,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  if (place !== undefined) return read(place, signal);
  if (
    typeof source !== "object" ||
    source === null ||
    !("arrayBuffer" in source) ||
    typeof source.arrayBuffer !== "function"
  )
    return checkBytes("loadModel: source", source);
  const shown = quoted(String("url" in source ? source.url : "name" in source ? source.name : "model"));
  if ("ok" in source && source.ok !== true)
    throw new LlifError(
      "FILE",
      `${shown}: expected a model, got HTTP status ${"status" in source ? String(source.status) : "unknown"}`,
    );
  try {
    return checkBytes("model", await (source as Blob).arrayBuffer());
  } catch (cause) {
    throwIfAborted(signal);
    throw new LlifError("FILE", `${shown}: cannot be read (${describeCause(cause)})`, { cause });
  }
}

/** @param model for a file beside a local model: the model; links out of its folder are not followed. */
async function read(
  location: string | URL,
  signal: AbortSignal | undefined,
  model?: string | URL,
): Promise<Uint8Array> {
  const { readFile } = currentPlatform();
  const isFile = typeof location === "string" || location.protocol === "file:";
  try {
    if (isFile && readFile !== undefined) return await readFile(location, model);
    return await bytesOf(await fetch(location, { signal }), undefined, signal);
  } catch (cause) {
    throwIfAborted(signal);
    if (cause instanceof LlifError) throw cause;
    throw new LlifError("FILE", `${quoted(String(location), 500)}: cannot be read (${describeCause(cause)})`, {
      cause,
    });
  }
}

function describeCause(cause: unknown): string {
  return cause instanceof Error ? cause.message : describe(cause);
}

/** `undefined` if a source has no location. */
function readerBeside(
  source: unknown,
  place: URL | string | undefined,
  { signal, onProgress }: LoadModelOptions,
): ReadBeside | undefined {
  const answered =
    typeof source === "object" &&
    source !== null &&
    "url" in source &&
    typeof source.url === "string" &&
    source.url !== ""
      ? toUrl(source.url)
      : undefined;
  const model = place ?? answered;
  if (model === undefined || (typeof model !== "string" && !["file:", "http:", "https:"].includes(model.protocol)))
    return undefined;
  return (path) => {
    const location = typeof model === "string" ? besidePath(model, path) : besideUrl(model, path);
    onProgress?.(`reading ${path}`);
    return read(location, signal, model);
  };
}

async function descriptionBeside(
  place: URL | string | undefined,
  budget: Budget,
  signal: AbortSignal | undefined,
): Promise<ModelDescription | undefined> {
  if (place === undefined || (typeof place !== "string" && /^(blob|data):$/.test(place.protocol))) return undefined;
  const text = String(place);
  const beside = text.replace(/\.[^./\\?#]+(?=([?#].*)?$)/, (ending) =>
    ending === ".json" ? ".description.json" : ".json",
  );
  if (beside === text) return undefined;
  let bytes: Uint8Array;
  try {
    bytes = await budget.waiting(read(typeof place === "string" ? beside : new URL(beside), signal));
  } catch (cause) {
    if (cause instanceof LlifError && cause.code === "FILE") return undefined;
    throw cause;
  }
  try {
    return parseDescription(parseJson(bytes, "the model's description", budget));
  } catch (cause) {
    throw new LlifError(
      cause instanceof LlifError ? cause.code : "FORMAT",
      `${quoted(beside, 500)}: ${describeCause(cause)}`,
      { cause },
    );
  }
}

function nameOf(source: unknown, place: URL | string | undefined): string | undefined {
  if (place !== undefined) return String(place);
  if (typeof source !== "object" || source === null) return undefined;
  const name = "url" in source ? source.url : "name" in source ? source.name : undefined;
  return typeof name === "string" && name !== "" ? name : undefined;
}
