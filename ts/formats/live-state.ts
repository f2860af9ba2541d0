// States of live networks as bytes: a safetensors container, as `.llif` files are.
import { openBudget, type Budget, type ReadBudget } from "../budget.ts";
import { checkBytes, checkInteger, checkObject, checkOptions } from "../check.ts";
import { LlifError } from "../errors.ts";
import type { LiveState } from "../spiking/live-state.ts";
import { parseJson } from "./json.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";
import { revived, withTensors } from "./tensors-in-json.ts";

/** A state as `state()` of a simulator returns it, in bytes. */
export function writeState(state: LiveState): Uint8Array {
  const { json, tensors } = withTensors(checkParts("writeState", state));
  return writeSafetensors(tensors, { format: "llif-state", version: "1", state: json });
}

/**
 * `restore` of a simulator checks that the state fits its network.
 * @throws {LlifError} FORMAT if the bytes are damaged, of another kind, or beyond the budget.
 */
export function readState(
  source: Uint8Array | ArrayBuffer | DataView,
  options: { readonly budget?: ReadBudget | Budget } = {},
): LiveState {
  const place = "readState";
  checkOptions(place, options, { budget: true });
  const bytes = checkBytes(place, source);
  const budget = openBudget(bytes.length, options.budget);
  const { tensors, metadata } = readSafetensors(bytes, place, { budget });
  if (metadata.format !== "llif-state" || metadata.version !== "1")
    throw new LlifError(
      "FORMAT",
      `${place}: expected the state of a live network, version 1, got a file of another kind`,
    );
  const state = revived(parseJson(metadata.state ?? "", `${place}: description`, budget), tensors, place);
  return checkParts(place, state as LiveState);
}

/** Its parts only: `restore` checks them against the network. */
function checkParts(place: string, state: LiveState): LiveState {
  const { ticks, populations, outputs, spikes, synapses } = checkObject(place, state, "a state of a simulator");
  checkInteger(`${place}: ticks`, ticks, 0);
  for (const [name, part] of Object.entries({ populations, outputs, spikes, synapses }))
    checkObject(`${place}: ${name}`, part);
  return state;
}
