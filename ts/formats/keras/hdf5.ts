// Reads Keras models: HDF5 files, and archives of Keras 3, which contain one.
import { openBudget, type Budget } from "../../budget.ts";
import { checkBytes } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import type { ReluNetwork } from "../../relu/network.ts";
import type { Tensor } from "../../tensor.ts";
import { quoted } from "../../text.ts";
import { openHdf5, type Hdf5Object } from "../hdf5/file.ts";
import { parseJson } from "../json.ts";
import { unzip } from "../zip.ts";
import { kerasNetwork, type ReadKerasOptions, type WeightSource } from "./read.ts";
import type { LayerCall } from "./topology.ts";

/**
 * Reads a Keras model: HDF5 with its configuration (`.h5`, `.hdf5`), or an archive of Keras 3 (`.keras`).
 * @throws {LlifError} as `kerasNetwork`; FORMAT for another file, a truncated one, or one with weights only.
 */
export function readKeras(source: Uint8Array, options: ReadKerasOptions = {}): ReluNetwork {
  const bytes = checkBytes("Keras file", source);
  const budget = openBudget(bytes.length, options.budget);
  const opened = { ...options, budget };
  if (bytes[0] === 0x50) return readArchive(bytes, opened, budget);
  const file = openHdf5(bytes, "HDF5 file", budget);
  const configuration = file.text("model_config");
  if (typeof configuration !== "string") {
    throw new LlifError(
      "FORMAT",
      "HDF5 file: expected a whole Keras model, with its configuration; got weights alone or another kind of file (save it with model.save)",
    );
  }
  const root = file.has("model_weights") ? group(file, "model_weights") : file;
  return kerasNetwork(parseJson(configuration, "model_config", budget), new NamedWeights(root, budget), opened);
}

function readArchive(bytes: Uint8Array, options: ReadKerasOptions, budget: Budget): ReluNetwork {
  // All files, so that damage anywhere is noticed.
  const files = unzip(bytes, "Keras archive", undefined, budget);
  const [configuration, weights] = [files.get("config.json"), files.get("model.weights.h5")];
  if (configuration === undefined || weights === undefined)
    throw new LlifError("FORMAT", "Keras archive: expected config.json and model.weights.h5 in it");
  return kerasNetwork(
    parseJson(configuration, "config.json", budget),
    new NumberedWeights(openHdf5(weights, "model.weights.h5", budget)),
    options,
  );
}

/** Weights in HDF5: a group per layer, with an attribute that lists the paths of its weights. */
class NamedWeights implements WeightSource {
  readonly #root: Hdf5Object;
  readonly #budget: Budget;
  readonly #groups = new Map<string, LayerWeights>();

  constructor(root: Hdf5Object, budget: Budget) {
    this.#root = root;
    this.#budget = budget;
  }

  weightsOf(layer: LayerCall, names: readonly string[]): Tensor[] {
    const [outer] = layer.path;
    const stored = this.#groups.get(outer) ?? this.#open(layer, outer);
    return names.map((name) => {
      const path =
        findPath(stored, layer, name) ?? (name === "depthwise_kernel" ? findPath(stored, layer, "kernel") : undefined);
      if (path === undefined)
        throw new LlifError(
          "FORMAT",
          `layer ${quoted(layer.name)}: expected a weight ${quoted(name)} in the HDF5 file, got ${
            stored.paths
              .slice(0, 8)
              .map((one) => quoted(one))
              .join(", ") || "none"
          }`,
        );
      return tensor(stored.group, path, `layer ${quoted(layer.name)}: ${name}`);
    });
  }

  #open(layer: LayerCall, outer: string): LayerWeights {
    if (!this.#root.has(outer))
      throw new LlifError(
        "FORMAT",
        `layer ${quoted(layer.name)}: expected weights in the HDF5 file, got none for ${quoted(outer)}`,
      );
    const opened = group(this.#root, outer);
    const listed = opened.text("weight_names");
    const paths = Array.isArray(listed) ? listed : [];
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

/** Weights of a layer, or of all layers of a nested model. */
interface LayerWeights {
  readonly group: Hdf5Object;
  readonly paths: readonly string[];
  /** Paths by their last part, combined with each other part or "". */
  readonly byPart: ReadonlyMap<string, readonly string[]>;
}

function partKey(part: string, name: string): string {
  return `${part}\0${name}`;
}

function findPath({ byPart }: LayerWeights, { path: layers }: LayerCall, name: string): string | undefined {
  const matches = byPart.get(partKey(layers.length === 1 ? "" : layers[layers.length - 1], name)) ?? [];
  return matches.length === 1 ? matches[0] : undefined;
}

/** Weights of Keras 3: `layers/<class>_<n>/vars/<i>`; n counts the layers of a class in the order of creation. */
class NumberedWeights implements WeightSource {
  readonly #file: Hdf5Object;

  constructor(file: Hdf5Object) {
    this.#file = file;
  }

  weightsOf(layer: LayerCall, names: readonly string[]): Tensor[] {
    let stored = this.#file;
    for (const key of layer.keys) {
      const layers = member(stored, ["layers", "_layer_checkpoint_dependencies"]);
      if (layers === undefined || !layers.has(key))
        throw new LlifError(
          "FORMAT",
          `layer ${quoted(layer.name)}: expected weights in model.weights.h5 under ${quoted(`layers/${key}`)}, got none`,
        );
      stored = group(layers, key);
    }
    const variables = member(stored, ["vars"]);
    return names.map((name, index) => {
      if (variables === undefined || !variables.has(String(index)))
        throw new LlifError(
          "FORMAT",
          `layer ${quoted(layer.name)}: expected a weight ${quoted(name)} in model.weights.h5, got ${variables?.size ?? 0} weights`,
        );
      return tensor(variables, String(index), `layer ${quoted(layer.name)}: ${name}`);
    });
  }
}

function member(parent: Hdf5Object, names: readonly string[]): Hdf5Object | undefined {
  const name = names.find((one) => parent.has(one));
  return name === undefined ? undefined : group(parent, name);
}

function group(parent: Hdf5Object, name: string): Hdf5Object {
  const found = parent.find(name);
  if (found === undefined || found.isDataset)
    throw new LlifError(
      "FORMAT",
      `HDF5 file: expected a group ${quoted(name)}, got ${found === undefined ? "nothing" : "a data set"}`,
    );
  return found;
}

function tensor(parent: Hdf5Object, path: string, place: string): Tensor {
  const found = parent.find(path);
  if (found === undefined || !found.isDataset)
    throw new LlifError("FORMAT", `${place}: expected a data set ${quoted(path)} in the HDF5 file, got none`);
  return found.numbers(place);
}
