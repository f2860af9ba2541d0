// A learnt layer in a `.llif` file, beside the spiking network that was made of it: so that learning can go on.
import { openBudget, type Budget, type ReadBudget } from "../budget.ts";
import { checkBytes, checkOptions, checkString } from "../check.ts";
import { LlifError } from "../errors.ts";
import { parseJson } from "../formats/json.ts";
import { writeLlif } from "../formats/llif.ts";
import { readSafetensors, writeSafetensors } from "../formats/safetensors.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { sizeOf } from "../tensor.ts";
import { checkState, type LearnerState } from "./state.ts";

const weightsName = "learner.weights";
const winsName = "learner.wins";
const risesName = "learner.rises";

/**
 * A `.llif` file of a network and of the layer that it was made of. `readLlif` reads the network, `readLearner` the
 * layer.
 * @param network such as `await freeze(state, …)`, or `await toSpiking(withReadout(…))`.
 */
export function writeLearner(state: LearnerState, network: SpikingNetwork): Uint8Array {
  const { weights, wins, ...rest } = checkState("writeLearner: state", state);
  const { rises, ...description } = "rises" in rest ? rest : { ...rest, rises: null };
  const { tensors, metadata } = readSafetensors(writeLlif(network), "writeLearner: network");
  return writeSafetensors(
    [
      ...tensors,
      [weightsName, { shape: [sizeOf(rest.inputs), wins.length], data: weights }],
      [winsName, { shape: [wins.length], data: wins }],
      ...(rises === null ? [] : [[risesName, { shape: [wins.length], data: rises }] as const]),
    ],
    { ...metadata, learner: JSON.stringify(description) },
  );
}

/**
 * The learnt layer of a `.llif` file, for `createLearner({ state })`.
 * @param place name of the file for messages.
 * @throws {LlifError} FORMAT if the file is damaged or has none; ARGUMENT or SHAPE for an invalid layer.
 */
export function readLearner(
  source: Uint8Array | ArrayBuffer | DataView,
  place = ".llif file",
  options: { readonly budget?: ReadBudget | Budget } = {},
): LearnerState {
  checkString("readLearner: place", place);
  checkOptions("readLearner", options, { budget: true });
  const bytes = checkBytes(place, source);
  const budget = openBudget(bytes.length, options.budget);
  const { tensors, metadata } = readSafetensors(bytes, place, { budget });
  const [weights, wins, rises] = [weightsName, winsName, risesName].map((name) => tensors.get(name));
  if (metadata.learner === undefined || weights === undefined || wins === undefined)
    throw new LlifError(
      "FORMAT",
      `${place}: expected a file with a learnt layer, as llif learn writes it, got none inside`,
    );
  const description = parseJson(metadata.learner, `${place}: learnt layer`, budget) as object;
  return checkState(`${place}: learnt layer`, {
    ...description,
    weights: weights.data,
    wins: wins.data,
    ...(rises === undefined ? {} : { rises: rises.data }),
  } as LearnerState);
}
