// Checks a whole spiking network.
import {
  checkArray,
  checkFinite,
  checkInteger,
  checkName,
  checkObject,
  checkOneOf,
  checkOptions,
  checkString,
  checkStrings,
  describe,
  type OptionKeys,
} from "../check.ts";
import { LlifError } from "../errors.ts";
import { checkConvention, checkExtents } from "../relu/check.ts";
import { channelsOf, sizeOf, type Shape } from "../tensor.ts";
import { checkNode, nodeKeys } from "./checks/nodes.ts";
import { checkSynapse } from "./checks/synapses.ts";
import { checkCode } from "./code.ts";
import { maximumTicks } from "./charges.ts";
import type { SpikingNetwork, SpikingNode, Synapse } from "./network.ts";
import { synapsePlace } from "./synapses/rules.ts";

const networkKeys: OptionKeys<SpikingNetwork> = {
  name: true,
  code: true,
  arithmetic: true,
  windowTicks: true,
  levels: true,
  dtSeconds: true,
  input: true,
  nodes: true,
  synapses: true,
  convention: true,
  classes: true,
};
/** Networks that passed the check. They are immutable, so one check is enough. */
const known = new WeakSet<SpikingNetwork>();

/** Like `checkSpikingNetwork`, but skips networks that have passed before. */
export function requireSpikingNetwork(place: string, network: SpikingNetwork): SpikingNetwork {
  checkString(`${place}: name`, checkObject(place, network, "a spiking network").name);
  return known.has(network) ? network : checkSpikingNetwork(network);
}

/**
 * Checks a whole network: its fields, code, names and order, shapes, lengths, types and values of all arrays. Every
 * engine calls it.
 * @returns the same network.
 * @throws {LlifError} ARGUMENT or SHAPE, naming the node or synapse, with the names in `nodes`.
 */
export function checkSpikingNetwork(network: SpikingNetwork): SpikingNetwork {
  const place = `network "${checkString("network: name", checkObject("network", network, "a spiking network").name)}"`;
  checkOptions(place, network, networkKeys);
  checkArray(`${place}: nodes`, network.nodes).forEach((node) =>
    checkName(`${place}: name of a node`, checkObject(`${place}: node`, node as SpikingNode).name),
  );
  checkArray(`${place}: synapses`, network.synapses).forEach((synapse) =>
    checkObject(`${place}: synapse`, synapse as Synapse),
  );
  checkStrings(`${place}: classes`, network.classes);
  checkWindow(place, network);
  checkFinite(`${place}: dtSeconds`, network.dtSeconds, { above: 0 });
  checkInput(network);
  const shapes = new Map<string, Shape>([[network.input.name, network.input.shape]]);
  const kinds = new Map<string, SpikingNode["kind"]>();
  for (const node of network.nodes) {
    concerning([node.name], () => {
      checkOneOf(`${place}: kind of node "${node.name}"`, node.kind, Object.keys(nodeKeys) as SpikingNode["kind"][]);
      checkOptions<object>(`${node.kind} "${node.name}"`, node, nodeKeys[node.kind]);
      if (shapes.has(node.name))
        throw new LlifError("ARGUMENT", `${node.kind} "${node.name}": expected a unique name, got it twice`);
      checkNode(network, node, shapes, kinds);
    });
    shapes.set(node.name, node.shape);
    kinds.set(node.name, node.kind);
  }
  const order = new Map([...shapes.keys()].map((name, index) => [name, index]));
  const named = new Set<string>();
  for (const synapse of network.synapses) {
    for (const end of ["from", "to"] as const) checkName(`${place}: synapse: ${end}`, synapse[end]);
    concerning([synapse.from, synapse.to], () => {
      checkSynapse(network, synapse, shapes, kinds, order);
      if (synapse.name === undefined) return;
      if (named.has(synapse.name))
        throw new LlifError("ARGUMENT", `${synapsePlace(synapse)}: expected a unique name, got it twice`);
      named.add(synapse.name);
    });
  }
  const output = network.nodes.find((node) => node.kind === "output");
  if (network.classes.length > 0 && network.classes.length !== sizeOf(output?.shape ?? [0])) {
    throw new LlifError(
      "SHAPE",
      `${place}: expected ${sizeOf(output?.shape ?? [0])} class names, one for each output, got ${network.classes.length}`,
    );
  }
  checkConvention(place, network.convention, channelsOf(network.input.shape));
  known.add(network);
  return network;
}

function checkWindow(place: string, network: SpikingNetwork): void {
  const rules = checkCode(`${place}: code`, network.code);
  const { flags, arithmetic, window } = rules;
  if (network.arithmetic !== arithmetic) {
    throw new LlifError(
      "ARGUMENT",
      `${place}: arithmetic of ${flags.schedule} ${flags.code} with ${flags.spikes} spikes: expected ${arithmetic}, got ${describe(network.arithmetic)}`,
    );
  }
  const ticks = checkInteger(`${place}: windowTicks`, network.windowTicks, window.fewest, window.most);
  const levels = rules.levels(ticks);
  if (network.levels !== levels) {
    throw new LlifError(
      "ARGUMENT",
      `${place}: levels of ${ticks} ${flags.code} ticks: expected ${levels}, got ${describe(network.levels)}`,
    );
  }
  const delayed = network.synapses.find(({ delayTicks }) => delayTicks !== 0);
  // With delays, spikes may still arrive after a silent tick.
  if (rules.settles && delayed !== undefined)
    throw new LlifError(
      "ARGUMENT",
      `${place}: settles: expected no delays, got ${delayed.delayTicks} ticks from "${delayed.from}" to "${delayed.to}"`,
      { nodes: [delayed.from, delayed.to] },
    );
}

function checkInput({ name, input }: SpikingNetwork): void {
  const inputName = checkName(
    `network "${name}": name of the input`,
    checkObject(`network "${name}": input`, input).name,
  );
  const place = `input "${inputName}"`;
  checkOptions(place, input, { name: true, shape: true, counts: true });
  checkExtents(`${place}: shape`, input.shape);
  if (input.counts === null) return;
  checkOptions(`${place}: counts`, input.counts, { unit: true, minimum: true, maximum: true });
  checkFinite(`${place}: unit`, input.counts.unit, { above: 0 });
  const minimum = checkInteger(`${place}: minimum`, input.counts.minimum, -maximumTicks);
  checkInteger(`${place}: maximum`, input.counts.maximum, minimum, maximumTicks);
}

/** Adds the names concerned to errors of `body`. */
function concerning(nodes: readonly string[], body: () => void): void {
  try {
    body();
  } catch (error) {
    if (!(error instanceof LlifError) || error.nodes.length > 0) throw error;
    throw new LlifError(error.code, error.message, { nodes, cause: error });
  }
}
