import { LlifError, throwIfAborted } from "../errors.ts";
import type { ReluNetwork } from "../relu/network.ts";
import { sizeOf, type Shape, type Tensor } from "../tensor.ts";
import type { ReadBeside } from "./beside.ts";
import { float16 } from "./half.ts";
import { kerasNetwork, type ReadKerasOptions, type WeightSource } from "./keras/read.ts";
import { list, record, text, type Config } from "./keras/topology.ts";

/**
 * Reads a TensorFlow.js layers model: `model.json`, and the shards with weights beside it.
 * @param readBeside reads a file by its path relative to model.json.
 * @throws {LlifError} as `kerasNetwork`; FORMAT for a file that is none, UNSUPPORTED for a graph model.
 */
export async function readTfjs(bytes: Uint8Array, readBeside: ReadBeside, options: ReadKerasOptions & { readonly signal?: AbortSignal } = {}): Promise<ReluNetwork> {
  const model = parseModel(bytes);
  const topology = record("model.json: modelTopology", model.modelTopology);
  if (model.format === "graph-model" || topology.node !== undefined) {
    throw new LlifError("UNSUPPORTED", "model.json: a TensorFlow.js graph model; expected a layers model, as tensorflowjs_converter --output_format=tfjs_layers_model writes it, or an ONNX file");
  }
  const weights = await readWeights(list("model.json: weightsManifest", model.weightsManifest), readBeside, options.signal);
  return kerasNetwork(topology.model_config ?? topology, weights, options);
}

/** Whether JSON text is a TensorFlow.js model. */
export function isTfjs(bytes: Uint8Array): boolean {
  try {
    return parseModel(bytes).modelTopology !== undefined;
  } catch {
    return false;
  }
}

function parseModel(bytes: Uint8Array): Config {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new LlifError("FORMAT", `model.json: expected JSON (${cause instanceof Error ? cause.message : String(cause)})`, { cause });
  }
  return record("model.json", json);
}

interface StoredWeight {
  readonly shape: Shape;
  readonly decode: (view: DataView, count: number) => Float32Array;
  readonly bytesPerElement: number;
  /** Position in the shards of its group, end to end. */
  readonly offset: number;
  readonly shards: readonly Uint8Array[];
}

async function readWeights(manifest: readonly unknown[], readBeside: ReadBeside, signal: AbortSignal | undefined): Promise<WeightSource> {
  const stored = new Map<string, StoredWeight>();
  for (const [index, entry] of manifest.entries()) {
    const group = record(`model.json: weightsManifest[${index}]`, entry);
    const shards: Uint8Array[] = [];
    for (const path of list(`model.json: weightsManifest[${index}]: paths`, group.paths)) {
      throwIfAborted(signal);
      shards.push(await readBeside(text(`model.json: weightsManifest[${index}]: path`, path)));
    }
    const total = shards.reduce((sum, shard) => sum + shard.length, 0);
    let offset = 0;
    for (const weight of list(`model.json: weightsManifest[${index}]: weights`, group.weights)) {
      const { name, shape, dtype, quantization } = record("model.json: weight", weight);
      const place = `weight "${text("model.json: name of a weight", name)}"`;
      const format = elementFormat(place, dtype, quantization);
      const extents = list(`${place}: shape`, shape).map((extent) => {
        if (typeof extent !== "number" || !Number.isSafeInteger(extent) || extent < 0) throw new LlifError("FORMAT", `${place}: expected a shape of integers, got ${JSON.stringify(shape)}`);
        return extent;
      });
      stored.set(name as string, { shape: extents, ...format, offset, shards });
      offset += sizeOf(extents) * format.bytesPerElement;
    }
    if (offset !== total) throw new LlifError("FORMAT", `model.json: weightsManifest[${index}]: expected ${offset} bytes of weights in ${shards.length} files, got ${total}; a file is truncated or of another model`);
  }
  return new Weights(stored);
}

class Weights implements WeightSource {
  readonly #stored: ReadonlyMap<string, StoredWeight>;

  constructor(stored: ReadonlyMap<string, StoredWeight>) {
    this.#stored = stored;
  }

  weightsOf({ name, path }: { readonly name: string; readonly path: readonly string[] }, names: readonly string[]): Tensor[] {
    const layer = path[path.length - 1];
    return names.map((weight) => {
      // Nested models may or may not be part of the name; TensorFlow may repeat the layer's scope before it.
      const endings = [`${path.join("/")}/${weight}`, `${layer}/${weight}`];
      const found = endings.map((ending) => this.#stored.get(ending)).find((one) => one !== undefined) ?? this.#only(endings[1]) ?? this.#renamed(layer, weight);
      if (found === undefined) throw new LlifError("FORMAT", `layer "${name}": its weight "${layer}/${weight}" is missing from model.json's manifest`, { nodes: [name] });
      return decodeWeight(found);
    });
  }

  #only(ending: string): StoredWeight | undefined {
    const matches = [...this.#stored].filter(([name]) => name.endsWith(`/${ending}`));
    return matches.length === 1 ? matches[0][1] : undefined;
  }

  /** Keras 3 calls a depthwise kernel just "kernel". */
  #renamed(layer: string, weight: string): StoredWeight | undefined {
    return weight === "depthwise_kernel" ? (this.#stored.get(`${layer}/kernel`) ?? this.#only(`${layer}/kernel`)) : undefined;
  }
}

type Format = Pick<StoredWeight, "decode" | "bytesPerElement">;

function elementFormat(place: string, dtype: unknown, quantization: unknown): Format {
  if (quantization === undefined) {
    if (dtype === "float32") return { bytesPerElement: 4, decode: each((view, index) => view.getFloat32(4 * index, true)) };
    if (dtype === "int32") return { bytesPerElement: 4, decode: each((view, index) => view.getInt32(4 * index, true)) };
    if (dtype === "bool" || dtype === "uint8") return { bytesPerElement: 1, decode: each((view, index) => view.getUint8(index)) };
    throw new LlifError("UNSUPPORTED", `${place}: expected float32, int32, uint8 or bool, got ${JSON.stringify(dtype)}`);
  }
  const { dtype: storedType, scale, min } = record(`${place}: quantization`, quantization);
  if (storedType === "float16") return { bytesPerElement: 2, decode: each((view, index) => float16(view.getUint16(2 * index, true))) };
  if (typeof scale !== "number" || typeof min !== "number") throw new LlifError("FORMAT", `${place}: expected a quantization with scale and min, got ${JSON.stringify(quantization)}`);
  if (storedType === "uint8") return { bytesPerElement: 1, decode: each((view, index) => view.getUint8(index) * scale + min) };
  if (storedType === "uint16") return { bytesPerElement: 2, decode: each((view, index) => view.getUint16(2 * index, true) * scale + min) };
  throw new LlifError("UNSUPPORTED", `${place}: expected a quantization to uint8, uint16 or float16, got ${JSON.stringify(storedType)}`);
}

function each(element: (view: DataView, index: number) => number): Format["decode"] {
  return (view, count) => {
    const values = new Float32Array(count);
    for (let index = 0; index < count; index++) values[index] = element(view, index);
    return values;
  };
}

/** A weight may span shards; only its own bytes are joined. */
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
