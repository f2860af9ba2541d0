// What a spike of each node of a network counts, tick by tick.
import { rulesOf } from "./code.ts";
import { depths, type SpikingNetwork } from "./network.ts";

/** Count that a spike of a node in a tick of its run or frame stands for; where layer follows layer, 1. */
export type Payloads = (node: string, tick: number) => number;

/** A pool passes the spikes of its source on. */
export function payloadsOf(network: SpikingNetwork): Payloads {
  const { payload } = rulesOf(network.code);
  const leads = leadsOf(network);
  return (node, tick) => payload(tick, leads.get(node) ?? 0);
}

/** Cached, because analysis asks for each sample. */
const known = new WeakMap<SpikingNetwork, ReadonlyMap<string, number>>();

/** How far before the last layer each node is: 1 for the input and the first layer, then falling to 0 for the last in equal steps of depth. */
export function leadsOf(network: SpikingNetwork): ReadonlyMap<string, number> {
  const before = known.get(network);
  if (before !== undefined) return before;
  const depth = depths(network);
  const deepest = Math.max(...depth.values());
  const leads = new Map([...depth].map(([name, at]) => [name, at <= 1 ? 1 : (deepest - at) / (deepest - 1)]));
  known.set(network, leads);
  return leads;
}
