import { strFromU8 } from "fflate";
import { Dataset, File, type Group } from "jsfive";
import { LlifError } from "../../errors.ts";
import type { ReluNetwork } from "../../relu/network.ts";
import { sizeOf, type Tensor } from "../../tensor.ts";
import { unzip } from "../zip.ts";
import { kerasNetwork, type ReadKerasOptions, type WeightSource } from "./read.ts";
import type { LayerCall } from "./topology.ts";

/**
 * Reads a Keras model: HDF5 with its configuration (`.h5`, `.hdf5`), or the archive of Keras 3 (`.keras`).
 * @throws {LlifError} as `kerasNetwork`; FORMAT for a file that is none of these, truncated, or holds weights alone.
 */
export function readKeras(bytes: Uint8Array, options: ReadKerasOptions = {}): ReluNetwork {
  if (bytes[0] === 0x50) return readArchive(bytes, options);
  const file = openHdf5(bytes, "HDF5 file");
  const configuration = attribute(file, "model_config");
  if (typeof configuration !== "string") {
    throw new LlifError("FORMAT", "HDF5 file: expected a whole Keras model, with its configuration; got weights alone or another kind of file (save it with model.save)");
  }
  const root = file.keys.includes("model_weights") ? group(file, "model_weights") : file;
  return kerasNetwork(parseJson("model_config", configuration), new NamedWeights(root), options);
}

function readArchive(bytes: Uint8Array, options: ReadKerasOptions): ReluNetwork {
  const files = unzip(bytes, "Keras archive", (name) => name === "config.json" || name === "model.weights.h5");
  const [configuration, weights] = [files.get("config.json"), files.get("model.weights.h5")];
  if (configuration === undefined || weights === undefined) throw new LlifError("FORMAT", "Keras archive: expected config.json and model.weights.h5 in it");
  return kerasNetwork(parseJson("config.json", strFromU8(configuration)), new NumberedWeights(openHdf5(weights, "model.weights.h5")), options);
}

/** A group for each layer, whose attribute lists the paths of its weights. */
class NamedWeights implements WeightSource {
  readonly #root: Group;

  constructor(root: Group) {
    this.#root = root;
  }

  weightsOf(layer: LayerCall, names: readonly string[]): Tensor[] {
    const [outer] = layer.path;
    if (!this.#root.keys.includes(outer)) throw new LlifError("FORMAT", `layer "${layer.name}": expected weights in the HDF5 file, got none for "${outer}"`);
    const stored = group(this.#root, outer);
    const listed = attribute(stored, "weight_names");
    const paths = (Array.isArray(listed) ? listed : []).map((path) => String(path).replace(/\0+$/, ""));
    return names.map((name) => {
      const path = findPath(paths, layer, name) ?? (name === "depthwise_kernel" ? findPath(paths, layer, "kernel") : undefined);
      if (path === undefined) throw new LlifError("FORMAT", `layer "${layer.name}": expected a weight "${name}" in the HDF5 file, got ${paths.join(", ") || "none"}`);
      return tensor(stored, path, `layer "${layer.name}": ${name}`);
    });
  }
}

/** Of a nested model all weights are listed together. */
function findPath(paths: readonly string[], { path: layers }: LayerCall, name: string): string | undefined {
  const named = paths.filter((path) => path.replace(/:\d+$/, "").split("/").at(-1) === name);
  const inner = layers[layers.length - 1];
  const matches = layers.length === 1 ? named : named.filter((path) => path.split("/").includes(inner));
  return matches.length === 1 ? matches[0] : undefined;
}

/** Keras 3: `layers/<class>_<n>/vars/<i>`, counted among the layers of one class, in the order in which they are made. */
class NumberedWeights implements WeightSource {
  readonly #file: Group;

  constructor(file: Group) {
    this.#file = file;
  }

  weightsOf(layer: LayerCall, names: readonly string[]): Tensor[] {
    let stored = this.#file;
    for (const siblings of layer.classes) {
      const own = snakeCase(siblings[siblings.length - 1]);
      const before = siblings.filter((name) => snakeCase(name) === own).length - 1;
      const key = before === 0 ? own : `${own}_${before}`;
      const layers = member(stored, ["layers", "_layer_checkpoint_dependencies"]);
      if (layers === undefined || !layers.keys.includes(key)) throw new LlifError("FORMAT", `layer "${layer.name}": expected weights in model.weights.h5 under "layers/${key}", got none`);
      stored = group(layers, key);
    }
    const variables = member(stored, ["vars"]);
    return names.map((name, index) => {
      if (variables === undefined || !variables.keys.includes(String(index))) throw new LlifError("FORMAT", `layer "${layer.name}": expected a weight "${name}" in model.weights.h5, got ${variables?.keys.length ?? 0} weights`);
      return tensor(variables, String(index), `layer "${layer.name}": ${name}`);
    });
  }
}

function member(parent: Group, names: readonly string[]): Group | undefined {
  const name = names.find((one) => parent.keys.includes(one));
  return name === undefined ? undefined : group(parent, name);
}

/** As Keras names a class: `SeparableConv2D` is `separable_conv2d`. */
function snakeCase(name: string): string {
  return name.replaceAll(/\W+/g, "").replaceAll(/(.)([A-Z][a-z]+)/g, "$1_$2").replaceAll(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();
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
  const found = attempt(`HDF5 group "${name}": truncated or corrupt`, () => parent.get(name));
  if (found === null || found instanceof Dataset) throw new LlifError("FORMAT", `HDF5 file: expected a group "${name}", got ${found === null ? "nothing" : "a data set"}`);
  return found;
}

function attribute(holder: Group, name: string): unknown {
  return attempt(`HDF5 attribute "${name}": truncated or corrupt`, () => holder.attrs[name]);
}

function tensor(parent: Group, path: string, place: string): Tensor {
  const found = attempt(`${place}: truncated or corrupt`, () => parent.get(path));
  if (!(found instanceof Dataset)) throw new LlifError("FORMAT", `${place}: expected a data set "${path}" in the HDF5 file, got none`);
  const shape = attempt(`${place}: truncated or corrupt`, () => found.shape);
  const values = attempt(`${place}: truncated or corrupt`, () => found.value) as ArrayLike<unknown>;
  if (values === null || values.length !== sizeOf(shape)) throw new LlifError("FORMAT", `${place}: expected ${sizeOf(shape)} numbers, got ${values?.length ?? "none"}`);
  if (values.length > 0 && typeof values[0] !== "number") throw new LlifError("UNSUPPORTED", `${place}: expected numbers, got elements of type ${String(found.dtype)}`);
  return { shape, data: Float32Array.from(values as ArrayLike<number>) };
}

/** jsfive throws plain errors, RangeErrors from DataView among them, on a damaged file. */
function attempt<T>(message: string, body: () => T): T {
  try {
    return body();
  } catch (cause) {
    throw new LlifError("FORMAT", `${message} (${cause instanceof Error ? cause.message : String(cause)})`, { cause });
  }
}

function parseJson(place: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new LlifError("FORMAT", `${place}: expected JSON`, { cause });
  }
}
