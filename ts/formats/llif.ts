// Reads and writes spiking networks as `.llif` files.
import { openBudget, type Budget, type ReadBudget } from "../budget.ts";
import { checkBytes, checkOptions, checkString } from "../check.ts";
import { LlifError } from "../errors.ts";
import { checkSpikingNetwork, requireSpikingNetwork } from "../spiking/check.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { parseJson, shown } from "./json.ts";
import { newestVersion, upgrade } from "./llif-upgrade.ts";
import { readSafetensors, type SafetensorsData, type SafetensorsTensor, writeSafetensors } from "./safetensors.ts";

/**
 * Writes a safetensors container: each typed array is a tensor, the rest of the network is JSON that refers to them.
 */
export function writeLlif(network: SpikingNetwork): Uint8Array {
  requireSpikingNetwork("writeLlif: network", network);
  const tensors: [string, SafetensorsTensor][] = [];
  const graph = JSON.stringify(network, (_key, value: unknown) => {
    if (
      value instanceof Float32Array ||
      value instanceof Float64Array ||
      value instanceof Int32Array ||
      value instanceof Uint32Array ||
      value instanceof Uint8Array
    ) {
      const name = `t${tensors.length}`;
      tensors.push([name, { shape: [value.length], data: value }]);
      return { $tensor: name };
    }
    return typeof value === "number" && !Number.isFinite(value) ? { $number: String(value) } : value;
  });
  return writeSafetensors(tensors, { format: "llif", version: newestVersion, graph });
}

/**
 * @param place name of the file for messages.
 * @throws {LlifError} FORMAT if the file is damaged, another kind of safetensors file, or beyond the budget; ARGUMENT,
 * SHAPE or PRECISION for an invalid network.
 */
export function readLlif(
  source: Uint8Array | ArrayBuffer | DataView,
  place = ".llif file",
  options: { readonly budget?: ReadBudget | Budget } = {},
): SpikingNetwork {
  checkString("readLlif: place", place);
  checkOptions("readLlif", options, { budget: true });
  const bytes = checkBytes(place, source);
  const budget = openBudget(bytes.length, options.budget);
  const { tensors, metadata } = readSafetensors(bytes, place, { budget });
  if (metadata.format !== "llif")
    throw new LlifError("FORMAT", `${place}: expected a spiking network, got a safetensors file of another kind`);
  const description = revived(parseJson(metadata.graph ?? "", `${place}: network description`, budget), tensors, place);
  const network = upgrade(description, metadata.version, place) as SpikingNetwork;
  try {
    return checkSpikingNetwork(network);
  } catch (cause) {
    if (cause instanceof LlifError) throw cause;
    throw new LlifError("FORMAT", `${place}: the network description is damaged (${(cause as Error).message})`, {
      cause,
    });
  }
}

/** Replaces references in the parsed description by tensors and by numbers that JSON cannot express. */
function revived(
  value: unknown,
  tensors: ReadonlyMap<string, { readonly data: SafetensorsData }>,
  place: string,
): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((element) => revived(element, tensors, place));
  const record = value as Readonly<Record<string, unknown>>;
  if (Object.hasOwn(record, "$number")) {
    const number = String(record.$number);
    if (!notFinite.includes(number))
      throw new LlifError(
        "FORMAT",
        `${place}: expected a number of ${notFinite.join(", ")}, got ${shown(record.$number)}`,
      );
    return Number(number);
  }
  if (!Object.hasOwn(record, "$tensor"))
    return Object.fromEntries(Object.entries(record).map(([key, inner]) => [key, revived(inner, tensors, place)]));
  const tensor = tensors.get(String(record.$tensor));
  if (tensor === undefined) throw new LlifError("FORMAT", `${place}: tensor ${shown(record.$tensor)} is missing`);
  return tensor.data;
}

const notFinite = ["NaN", "Infinity", "-Infinity"];
