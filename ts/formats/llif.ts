import { LlifError } from "../errors.ts";
import { checkSpikingNetwork } from "../spiking/check.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { readSafetensors, type SafetensorsData, type SafetensorsTensor, writeSafetensors } from "./safetensors.ts";

const formatVersion = "1";

/** A safetensors container: each typed array is a tensor, the rest of the network is JSON that names it. */
export function writeLlif(network: SpikingNetwork): Uint8Array {
  const tensors: [string, SafetensorsTensor][] = [];
  const graph = JSON.stringify(network, (_key, value: unknown) => {
    if (value instanceof Float32Array || value instanceof Float64Array || value instanceof Int32Array || value instanceof Uint32Array) {
      const name = `t${tensors.length}`;
      tensors.push([name, { shape: [value.length], data: value }]);
      return { $tensor: name };
    }
    return typeof value === "number" && !Number.isFinite(value) ? { $number: String(value) } : value;
  });
  return writeSafetensors(tensors, { format: "llif", version: formatVersion, graph });
}

/** @throws {LlifError} FORMAT if the file is damaged or another kind of safetensors file. */
export function readLlif(bytes: Uint8Array, place = ".llif file"): SpikingNetwork {
  const { tensors, metadata } = readSafetensors(bytes, place);
  if (metadata.format !== "llif") throw new LlifError("FORMAT", `${place}: expected a spiking network, got a safetensors file of another kind`);
  if (metadata.version !== formatVersion) throw new LlifError("FORMAT", `${place}: expected format version ${formatVersion}, got ${metadata.version}`);
  let network: SpikingNetwork;
  try {
    network = JSON.parse(metadata.graph, (_key, value: unknown) => revive(value, tensors, place)) as SpikingNetwork;
    checkSpikingNetwork(network);
  } catch (cause) {
    if (cause instanceof LlifError) throw cause;
    throw new LlifError("FORMAT", `${place}: the network description is damaged (${(cause as Error).message})`, { cause });
  }
  return network;
}

function revive(value: unknown, tensors: ReadonlyMap<string, { readonly data: SafetensorsData }>, place: string): unknown {
  if (typeof value !== "object" || value === null) return value;
  if ("$number" in value) return Number(value.$number);
  if (!("$tensor" in value)) return value;
  const tensor = tensors.get(String(value.$tensor));
  if (tensor === undefined) throw new LlifError("FORMAT", `${place}: tensor "${String(value.$tensor)}" is missing`);
  return tensor.data;
}
