// Keras models in HDF5 files, and in the archives of Keras 3 that hold one.
import { Dataset, File, type Group } from "jsfive";
import { openBudget, type Budget } from "../../budget.ts";
import { checkBytes } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import type { ReluNetwork } from "../../relu/network.ts";
import { sizeOf, type Tensor } from "../../tensor.ts";
import { quoted } from "../../text.ts";
import { parseJson } from "../json.ts";
import { unzip } from "../zip.ts";
import { kerasNetwork, type ReadKerasOptions, type WeightSource } from "./read.ts";
import type { LayerCall } from "./topology.ts";

/**
 * Reads a Keras model: HDF5 with its configuration (`.h5`, `.hdf5`), or the archive of Keras 3 (`.keras`).
 * @throws {LlifError} as `kerasNetwork`; FORMAT for a file that is none of these, truncated, or holds weights alone.
 */
export function readKeras(source: Uint8Array, options: ReadKerasOptions = {}): ReluNetwork {
  const bytes = checkBytes("Keras file", source);
  const budget = openBudget(bytes.length, options.budget);
  const opened = { ...options, budget };
  if (bytes[0] === 0x50) return readArchive(bytes, opened, budget);
  const file = openHdf5(bytes, "HDF5 file");
  const configuration = attribute(file, "model_config");
  if (typeof configuration !== "string") {
    throw new LlifError("FORMAT", "HDF5 file: expected a whole Keras model, with its configuration; got weights alone or another kind of file (save it with model.save)");
  }
  const root = file.keys.includes("model_weights") ? group(file, "model_weights") : file;
  return kerasNetwork(parseJson(configuration, "model_config", budget), new NamedWeights(root, budget), opened);
}

function readArchive(bytes: Uint8Array, options: ReadKerasOptions, budget: Budget): ReluNetwork {
  // All of it, so that damage anywhere is noticed.
  const files = unzip(bytes, "Keras archive", undefined, budget);
  const [configuration, weights] = [files.get("config.json"), files.get("model.weights.h5")];
  if (configuration === undefined || weights === undefined) throw new LlifError("FORMAT", "Keras archive: expected config.json and model.weights.h5 in it");
  return kerasNetwork(parseJson(configuration, "config.json", budget), new NumberedWeights(openHdf5(weights, "model.weights.h5"), budget), options);
}

/** A group for each layer, whose attribute lists the paths of its weights. */
class NamedWeights implements WeightSource {
  readonly #root: Group;
  readonly #budget: Budget;
  readonly #keys: ReadonlySet<string>;
  readonly #groups = new Map<string, LayerWeights>();

  constructor(root: Group, budget: Budget) {
    this.#root = root;
    this.#budget = budget;
    this.#keys = new Set(root.keys);
  }

  weightsOf(layer: LayerCall, names: readonly string[]): Tensor[] {
    const [outer] = layer.path;
    const stored = this.#groups.get(outer) ?? this.#open(layer, outer);
    return names.map((name) => {
      const path = findPath(stored, layer, name) ?? (name === "depthwise_kernel" ? findPath(stored, layer, "kernel") : undefined);
      if (path === undefined) throw new LlifError("FORMAT", `layer ${quoted(layer.name)}: expected a weight ${quoted(name)} in the HDF5 file, got ${stored.paths.slice(0, 8).map((one) => quoted(one)).join(", ") || "none"}`);
      return tensor(stored.group, path, `layer ${quoted(layer.name)}: ${name}`, this.#budget);
    });
  }

  #open(layer: LayerCall, outer: string): LayerWeights {
    if (!this.#keys.has(outer)) throw new LlifError("FORMAT", `layer ${quoted(layer.name)}: expected weights in the HDF5 file, got none for ${quoted(outer)}`);
    const opened = group(this.#root, outer);
    const listed = attribute(opened, "weight_names");
    const paths = (Array.isArray(listed) ? listed : []).map((path) => String(path).replace(/\0+$/, ""));
    this.#budget.take("nodes", paths.length, `HDF5 group ${quoted(outer)}`);
    const byPart = new Map<string, string[]>();
    for (const path of paths) {
      const parts = path.split("/");
      const name = (parts.at(-1) ?? "").replace(/:\d+$/, "");
      for (const part of new Set(["", ...parts])) {
        const key = partKey(part, name);
        const alike = byPart.get(key);
        if (alike === undefined) byPart.set(key, [path]);
        else alike.push(path);
      }
    }
    const weights = { group: opened, paths, byPart };
    this.#groups.set(outer, weights);
    return weights;
  }
}

/** Weights of a layer, or of a nested model, which lists those of all its layers together. */
interface LayerWeights {
  readonly group: Group;
  readonly paths: readonly string[];
  /** Paths by their last part, together with each of their parts or "". */
  readonly byPart: ReadonlyMap<string, readonly string[]>;
}

function partKey(part: string, name: string): string {
  return `${part}\0${name}`;
}

function findPath({ byPart }: LayerWeights, { path: layers }: LayerCall, name: string): string | undefined {
  const matches = byPart.get(partKey(layers.length === 1 ? "" : layers[layers.length - 1], name)) ?? [];
  return matches.length === 1 ? matches[0] : undefined;
}

/** Keras 3: `layers/<class>_<n>/vars/<i>`, counted among the layers of one class, in the order in which they are made. */
class NumberedWeights implements WeightSource {
  readonly #file: Group;
  readonly #budget: Budget;

  constructor(file: Group, budget: Budget) {
    this.#file = file;
    this.#budget = budget;
  }

  weightsOf(layer: LayerCall, names: readonly string[]): Tensor[] {
    let stored = this.#file;
    for (const key of layer.keys) {
      const layers = member(stored, ["layers", "_layer_checkpoint_dependencies"]);
      if (layers === undefined || !layers.keys.includes(key)) throw new LlifError("FORMAT", `layer ${quoted(layer.name)}: expected weights in model.weights.h5 under ${quoted(`layers/${key}`)}, got none`);
      stored = group(layers, key);
    }
    const variables = member(stored, ["vars"]);
    return names.map((name, index) => {
      if (variables === undefined || !variables.keys.includes(String(index))) throw new LlifError("FORMAT", `layer ${quoted(layer.name)}: expected a weight ${quoted(name)} in model.weights.h5, got ${variables?.keys.length ?? 0} weights`);
      return tensor(variables, String(index), `layer ${quoted(layer.name)}: ${name}`, this.#budget);
    });
  }
}

function member(parent: Group, names: readonly string[]): Group | undefined {
  const name = names.find((one) => parent.keys.includes(one));
  return name === undefined ? undefined : group(parent, name);
}

function openHdf5(bytes: Uint8Array, place: string): Group {
  const expected = storedLength(bytes);
  if (bytes.length < expected) throw new LlifError("FORMAT", `${place}: truncated, expected ${expected} bytes, got ${bytes.length}`);
  const { buffer, byteOffset, byteLength } = bytes;
  const whole = buffer instanceof ArrayBuffer && byteOffset === 0 && byteLength === buffer.byteLength ? buffer : new Uint8Array(bytes).buffer;
  return attempt(`${place}: truncated or corrupt`, () => new File(whole as ArrayBuffer, ""));
}

/** The end of the file as its superblock gives it; jsfive reads past it without noticing. */
function storedLength(bytes: Uint8Array): number {
  if (bytes.length < 48) return 48;
  const version = bytes[8];
  const offset = version < 2 ? (version === 0 ? 40 : 44) : 28;
  const offsetBytes = version < 2 ? bytes[13] : bytes[9];
  return offsetBytes === 8 ? Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(offset, true)) : 0;
}

function group(parent: Group, name: string): Group {
  const found = attempt(`HDF5 group ${quoted(name)}: truncated or corrupt`, () => parent.get(name));
  if (found === null || found instanceof Dataset) throw new LlifError("FORMAT", `HDF5 file: expected a group ${quoted(name)}, got ${found === null ? "nothing" : "a data set"}`);
  return found;
}

function attribute(holder: Group, name: string): unknown {
  return attempt(`HDF5 attribute "${name}": truncated or corrupt`, () => holder.attrs[name]);
}

function tensor(parent: Group, path: string, place: string, budget: Budget): Tensor {
  const found = attempt(`${place}: truncated or corrupt`, () => parent.get(path));
  if (!(found instanceof Dataset)) throw new LlifError("FORMAT", `${place}: expected a data set ${quoted(path)} in the HDF5 file, got none`);
  const shape = attempt(`${place}: truncated or corrupt`, () => found.shape);
  const count = sizeOf(shape);
  // jsfive makes room for all numbers before it reads the first, and walks all of each chunk.
  budget.take("elements", count, place);
  budget.take("elements", sizeOf(attempt(`${place}: truncated or corrupt`, () => found._dataobjects.chunks) ?? []), place);
  budget.checkTime(place);
  const values = attempt(`${place}: truncated or corrupt`, () => found.value) as ArrayLike<unknown> | null | undefined;
  if (values?.length !== count) throw new LlifError("FORMAT", `${place}: expected ${count} numbers, got ${values?.length ?? "none"}`);
  const data = new Float32Array(count);
  for (let index = 0; index < count; index++) {
    const value = values[index];
    if (typeof value !== "number") throw new LlifError("UNSUPPORTED", `${place}: expected numbers, got elements of type ${String(found.dtype)}`);
    data[index] = value;
  }
  return { shape, data };
}

/** jsfive throws plain errors, RangeErrors from DataView among them, on a damaged file. */
function attempt<T>(message: string, body: () => T): T {
  try {
    return body();
  } catch (cause) {
    throw new LlifError("FORMAT", `${message} (${cause instanceof Error ? cause.message : String(cause)})`, { cause });
  }
}
