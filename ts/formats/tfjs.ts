// Reads TensorFlow.js layers models: model.json and the weights beside it.
import { openBudget, type Budget } from "../budget.ts";
import { checkBytes } from "../check.ts";
import { LlifError, throwIfAborted } from "../errors.ts";
import type { ReluNetwork } from "../relu/network.ts";
import { sizeOf, type Shape, type Tensor } from "../tensor.ts";
import { quoted } from "../text.ts";
import type { ReadBeside } from "./beside.ts";
import { float16 } from "./half.ts";
import { parseJson, shown } from "./json.ts";
import { kerasNetwork, type ReadKerasOptions, type WeightSource } from "./keras/read.ts";
import { list, record, text, type Config } from "./keras/topology.ts";

/**
 * Reads a TensorFlow.js layers model: `model.json`, and the shards with weights beside it.
 * @param source the bytes of model.json.
 * @param readBeside reads a file by its path relative to model.json.
 * @throws {LlifError} as `kerasNetwork`; FORMAT for another file, UNSUPPORTED for a graph model.
 */
export async function readTfjs(
  source: Uint8Array,
  readBeside: ReadBeside,
  options: ReadKerasOptions & { readonly signal?: AbortSignal } = {},
): Promise<ReluNetwork> {
  const bytes = checkBytes("model.json", source);
  const budget = openBudget(bytes.length, options.budget);
  const model = parseModel(bytes, budget);
  const topology = record("model.json: modelTopology", model.modelTopology);
  if (model.format === "graph-model" || topology.node !== undefined) {
    throw new LlifError(
      "UNSUPPORTED",
      "model.json: a TensorFlow.js graph model; expected a layers model, as tensorflowjs_converter --output_format=tfjs_layers_model writes it, or an ONNX file",
    );
  }
  const weights = await readWeights(
    list("model.json: weightsManifest", model.weightsManifest),
    readBeside,
    budget,
    options.signal,
  );
  return kerasNetwork(topology.model_config ?? topology, weights, { ...options, budget });
}

function parseModel(bytes: Uint8Array, budget: Budget): Config {
  return record("model.json", parseJson(bytes, "model.json", budget));
}

interface StoredWeight {
  readonly shape: Shape;
  readonly decode: (view: DataView, count: number) => Float32Array;
  readonly bytesPerElement: number;
  /** Position in the concatenated shards of its group. */
  readonly offset: number;
  readonly shards: readonly Uint8Array[];
}

async function readWeights(
  manifest: readonly unknown[],
  readBeside: ReadBeside,
  budget: Budget,
  signal: AbortSignal | undefined,
): Promise<WeightSource> {
  const stored = new Map<string, StoredWeight>();
  const paths = new Set<string>();
  for (const [index, entry] of manifest.entries()) {
    const group = record(`model.json: weightsManifest[${index}]`, entry);
    const shards: Uint8Array[] = [];
    for (const path of list(`model.json: weightsManifest[${index}]: paths`, group.paths)) {
      throwIfAborted(signal);
      const file = text(`model.json: weightsManifest[${index}]: path`, path);
      if (paths.has(file))
        throw new LlifError(
          "FORMAT",
          `model.json: weightsManifest[${index}]: expected each file once, got ${quoted(file)} twice`,
        );
      paths.add(file);
      shards.push(await readBeside(file));
    }
    const total = shards.reduce((sum, shard) => sum + shard.length, 0);
    let offset = 0;
    for (const weight of list(`model.json: weightsManifest[${index}]: weights`, group.weights)) {
      const { name, shape, dtype, quantization } = record("model.json: weight", weight);
      const place = `weight ${quoted(text("model.json: name of a weight", name))}`;
      budget.take("nodes", 1, place);
      const format = elementFormat(place, dtype, quantization);
      const extents = list(`${place}: shape`, shape).map((extent) => {
        if (typeof extent !== "number" || !Number.isSafeInteger(extent) || extent < 0)
          throw new LlifError("FORMAT", `${place}: expected a shape of integers, got ${shown(shape)}`);
        return extent;
      });
      if (stored.has(name as string))
        throw new LlifError("FORMAT", `${place}: expected each weight once, got it twice`);
      stored.set(name as string, { shape: extents, ...format, offset, shards });
      offset += sizeOf(extents) * format.bytesPerElement;
    }
    if (offset !== total)
      throw new LlifError(
        "FORMAT",
        `model.json: weightsManifest[${index}]: expected ${offset} bytes of weights in ${shards.length} files, got ${total}; a file is truncated or of another model`,
      );
  }
  return new Weights(stored, budget);
}

class Weights implements WeightSource {
  readonly #stored: ReadonlyMap<string, StoredWeight>;
  readonly #budget: Budget;
  /** Weights by the last two parts of their names. */
  readonly #byEnding = new Map<string, [name: string, weight: StoredWeight][]>();

  constructor(stored: ReadonlyMap<string, StoredWeight>, budget: Budget) {
    this.#stored = stored;
    this.#budget = budget;
    for (const [name, weight] of stored) {
      const ending = endingOf(name);
      const alike = this.#byEnding.get(ending);
      if (alike === undefined) this.#byEnding.set(ending, [[name, weight]]);
      else alike.push([name, weight]);
    }
  }

  weightsOf(
    { name, path }: { readonly name: string; readonly path: readonly string[] },
    names: readonly string[],
  ): Tensor[] {
    const layer = path[path.length - 1];
    return names.map((weight) => {
      // Names of nested models may be part of the name, and TensorFlow may repeat the layer's scope before it.
      const endings = [`${path.join("/")}/${weight}`, `${layer}/${weight}`];
      const found =
        endings.map((ending) => this.#stored.get(ending)).find((one) => one !== undefined) ??
        this.#only(endings[1]) ??
        this.#renamed(layer, weight);
      if (found === undefined)
        throw new LlifError(
          "FORMAT",
          `layer ${quoted(name)}: its weight ${quoted(`${layer}/${weight}`)} is missing from model.json's manifest`,
          { nodes: [name] },
        );
      // A layer that is used twice decodes its weights twice.
      this.#budget.take("elements", sizeOf(found.shape), `layer ${quoted(name)}`);
      return decodeWeight(found);
    });
  }

  #only(ending: string): StoredWeight | undefined {
    const matches = (this.#byEnding.get(endingOf(ending)) ?? []).filter(([name]) => name.endsWith(`/${ending}`));
    return matches.length === 1 ? matches[0][1] : undefined;
  }

  /** Keras 3 names a depthwise kernel "kernel". */
  #renamed(layer: string, weight: string): StoredWeight | undefined {
    return weight === "depthwise_kernel"
      ? (this.#stored.get(`${layer}/kernel`) ?? this.#only(`${layer}/kernel`))
      : undefined;
  }
}

function endingOf(name: string): string {
  return name.split("/").slice(-2).join("/");
}

type Format = Pick<StoredWeight, "decode" | "bytesPerElement">;

function elementFormat(place: string, dtype: unknown, quantization: unknown): Format {
  if (quantization === undefined) {
    if (dtype === "float32")
      return { bytesPerElement: 4, decode: each((view, index) => view.getFloat32(4 * index, true)) };
    if (dtype === "int32") return { bytesPerElement: 4, decode: each((view, index) => view.getInt32(4 * index, true)) };
    if (dtype === "bool" || dtype === "uint8")
      return { bytesPerElement: 1, decode: each((view, index) => view.getUint8(index)) };
    throw new LlifError("UNSUPPORTED", `${place}: expected float32, int32, uint8 or bool, got ${shown(dtype)}`);
  }
  const { dtype: storedType, scale, min } = record(`${place}: quantization`, quantization);
  if (storedType === "float16")
    return { bytesPerElement: 2, decode: each((view, index) => float16(view.getUint16(2 * index, true))) };
  if (typeof scale !== "number" || typeof min !== "number")
    throw new LlifError("FORMAT", `${place}: expected a quantization with scale and min, got ${shown(quantization)}`);
  if (storedType === "uint8")
    return { bytesPerElement: 1, decode: each((view, index) => view.getUint8(index) * scale + min) };
  if (storedType === "uint16")
    return { bytesPerElement: 2, decode: each((view, index) => view.getUint16(2 * index, true) * scale + min) };
  throw new LlifError(
    "UNSUPPORTED",
    `${place}: expected a quantization to uint8, uint16 or float16, got ${shown(storedType)}`,
  );
}

function each(element: (view: DataView, index: number) => number): Format["decode"] {
  return (view, count) => {
    const values = new Float32Array(count);
    for (let index = 0; index < count; index++) values[index] = element(view, index);
    return values;
  };
}

/** A weight may span shards; only its own bytes are copied. */
function decodeWeight({ shape, decode, bytesPerElement, offset, shards }: StoredWeight): Tensor {
  const count = sizeOf(shape);
  const bytes = new Uint8Array(count * bytesPerElement);
  let start = 0;
  for (const shard of shards) {
    const from = Math.max(offset - start, 0);
    const to = Math.min(offset + bytes.length - start, shard.length);
    if (from < to) bytes.set(shard.subarray(from, to), start + from - offset);
    start += shard.length;
  }
  return { shape, data: decode(new DataView(bytes.buffer), count) };
}
