// Walks all weights of a linear map with their outputs and inputs.
import type { Shape } from "../tensor.ts";
import type { MappedSynapse } from "./mapped.ts";
import { synapseRules } from "./synapses/kinds.ts";
import type { Connection, VisitWeight } from "./synapses/rules.ts";

/** Weights of a linear map, in the layout of a synapse of that kind. */
export type WeightLayout = Connection<MappedSynapse>;

/**
 * Visits each weight with its output and input: flat indices for dense, element indices (modulo weights) for identity,
 * otherwise channels.
 * @param shape of the target.
 */
export function forEachWeight(linear: WeightLayout, shape: Shape, visit: VisitWeight): void {
  synapseRules(linear).walk(linear, shape, visit);
}
