// Reads and writes spiking networks as `.llif` files.
import { openBudget, type Budget, type ReadBudget } from "../budget.ts";
import { checkBytes, checkOptions, checkString } from "../check.ts";
import { LlifError } from "../errors.ts";
import { checkSpikingNetwork, requireSpikingNetwork } from "../spiking/check.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { parseJson } from "./json.ts";
import { newestVersion, upgrade } from "./llif-upgrade.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";
import { revived, withTensors } from "./tensors-in-json.ts";

/**
 * Writes a safetensors container: each typed array is a tensor, the rest of the network is JSON that refers to them.
 */
export function writeLlif(network: SpikingNetwork): Uint8Array {
  requireSpikingNetwork("writeLlif: network", network);
  const { json, tensors } = withTensors(network);
  return writeSafetensors(tensors, { format: "llif", version: newestVersion, graph: json });
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
