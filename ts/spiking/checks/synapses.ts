// Checks the synapses of a spiking network: their kinds, ends and delays.
import { checkInteger, checkName, describe } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { maximumDelay } from "../charges.ts";
import { rulesOf, type Code } from "../code.ts";
import type { SpikingNetwork, SpikingNode } from "../network.ts";
import { checkPlasticity, checkPlasticWeights, type Plasticity } from "../plasticity.ts";
import { checkKind, synapseRules, type Synapse } from "../synapses/kinds.ts";
import { synapsePlace } from "../synapses/rules.ts";
import { sourceShape, type Kinds, type Shapes } from "./places.ts";

export function checkSynapse(
  { arithmetic, code, nodes }: Pick<SpikingNetwork, "arithmetic" | "code" | "nodes">,
  synapse: Synapse,
  shapes: Shapes,
  kinds: Kinds,
  order: ReadonlyMap<string, number>,
): void {
  if (synapse.name !== undefined) checkName("synapse: name", synapse.name);
  const place = synapsePlace(synapse);
  const rules = checkKind(place, synapse);
  const from = sourceShape(place, synapse.from, shapes, kinds);
  const to = shapes.get(synapse.to);
  const kind = kinds.get(synapse.to);
  if (to === undefined || kind === undefined || kind === "pool") {
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected a population or an output as target, got ${kind ?? "no such node"}`,
    );
  }
  checkInteger(`${place}: delayTicks`, synapse.delayTicks, 0, maximumDelay);
  if (rules.codes === "rate" && rulesOf(code).neurons !== "any")
    throw new LlifError(
      "ARGUMENT",
      `${place}: kind "${synapse.kind}": expected a network of code rate, got ${code.kind}`,
    );
  checkOnce(synapse, `${arithmetic} [${from}] [${to}]`, () => rules.check(place, synapse, from, to, arithmetic));
  if ((order.get(synapse.from) ?? 0) >= (order.get(synapse.to) ?? 0) && leastDelay(synapse) === 0) {
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected the source before the target, or a delay of at least 1 tick (delayTicks)`,
    );
  }
  const target = nodes.find(({ name }) => name === synapse.to);
  if (synapse.into !== undefined) checkInto(place, synapse.into, target);
  if (synapse.plasticity !== undefined) checkPlastic(place, synapse, code.kind, kind);
}

/** Synapses whose arrays passed, with what they depend on: builders check a network after each step. */
const passed = new WeakMap<Synapse, string>();

function checkOnce(synapse: Synapse, ends: string, check: () => void): void {
  if (passed.get(synapse) === ends) return;
  check();
  passed.set(synapse, ends);
}

/** Smallest delay of a connection of the synapse. */
function leastDelay(synapse: Synapse): number {
  const { delayTicks } = synapse;
  if (delayTicks > 0 || synapse.kind !== "sparse" || synapse.delays === undefined) return delayTicks;
  return synapse.delays.includes(0) ? 0 : 1;
}

function checkInto(place: string, into: string, target: SpikingNode | undefined): void {
  const currents = target?.kind === "population" ? (target.neuron.currents ?? []) : [];
  if (currents.some(({ name }) => name === into)) return;
  const known =
    currents.length === 0 ? "none, as the target has no currents" : currents.map(({ name }) => name).join(", ");
  throw new LlifError("ARGUMENT", `${place}: into: expected the name of a current (${known}), got ${describe(into)}`);
}

function checkPlastic(place: string, synapse: Synapse, code: Code["kind"], target: SpikingNode["kind"]): void {
  const where = `${place}: plasticity`;
  const { weights, plasticity } = synapse;
  checkPlasticity(where, plasticity as Plasticity);
  if (!synapseRules(synapse).plastic)
    throw new LlifError("ARGUMENT", `${where}: expected a dense or sparse synapse, got kind "${synapse.kind}"`);
  if (code !== "rate") throw new LlifError("ARGUMENT", `${where}: expected a network of code rate, got ${code}`);
  if (target !== "population")
    throw new LlifError("ARGUMENT", `${where}: expected a population as target, whose spikes count, got ${target}`);
  checkPlasticWeights(where, weights, plasticity as Plasticity);
}
