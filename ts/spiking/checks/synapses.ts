// Checks the synapses of a spiking network: their kinds, ends and delays.
import { checkInteger } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { rulesOf } from "../code.ts";
import type { SpikingNetwork } from "../network.ts";
import { checkKind, type Synapse } from "../synapses/kinds.ts";
import { sourceShape, type Kinds, type Shapes } from "./places.ts";

/** Longest delay: each of its ticks needs a list of spikes. */
const maximumDelay = 2 ** 16;

export function checkSynapse(
  { arithmetic, code }: Pick<SpikingNetwork, "arithmetic" | "code">,
  synapse: Synapse,
  shapes: Shapes,
  kinds: Kinds,
  order: ReadonlyMap<string, number>,
): void {
  const place = `synapse "${synapse.from}" to "${synapse.to}"`;
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
  if (synapse.delayTicks === 0 && (order.get(synapse.from) ?? 0) >= (order.get(synapse.to) ?? 0)) {
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected the source before the target, or a delay of at least 1 tick (delayTicks)`,
    );
  }
  if (rules.codes === "rate" && rulesOf(code).neurons !== "any")
    throw new LlifError(
      "ARGUMENT",
      `${place}: kind "${synapse.kind}": expected a network of code rate, got ${code.kind}`,
    );
  rules.check(place, synapse, from, to, arithmetic);
}
