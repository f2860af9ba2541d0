// Networks of the synapses that the mapping makes. Other kinds have no counterpart in a ReLU network.
import { checkArray } from "../check.ts";
import { LlifError } from "../errors.ts";
import { livePart, refuseLive } from "./live.ts";
import type { SpikingNetwork } from "./network.ts";
import type { Synapse } from "./synapses/kinds.ts";
import type { DenseSynapse } from "./synapses/dense.ts";
import type { IdentitySynapse } from "./synapses/identity.ts";
import type { Conv2dSynapse, ConvTranspose2dSynapse } from "./synapses/windowed.ts";

/** Kinds that linear layers are mapped to, and that are mapped back, certified and counted by the quantised twin. */
export type MappedSynapse = DenseSynapse | Conv2dSynapse | ConvTranspose2dSynapse | IdentitySynapse;

/** A network all of whose synapses are of these kinds, without parts that only live networks have. */
export interface MappedNetwork extends SpikingNetwork {
  readonly synapses: readonly MappedSynapse[];
}

const mapped: { readonly [Kind in MappedSynapse["kind"]]: true } = {
  dense: true,
  conv2d: true,
  convTranspose2d: true,
  identity: true,
};

function isMappedSynapse(synapse: Synapse): synapse is MappedSynapse {
  return Object.hasOwn(mapped, synapse.kind);
}

export function isMapped(network: SpikingNetwork): network is MappedNetwork {
  return livePart(network) === undefined && network.synapses.every(isMappedSynapse);
}

/**
 * @param purpose what needs it, for the message.
 * @throws {LlifError} UNSUPPORTED naming the population and the kind of its synapse, or a part that only live networks
 * have.
 */
export function requireMapped(purpose: string, network: SpikingNetwork): MappedNetwork {
  const synapses = checkArray<Synapse>(`${purpose}: network: synapses`, network.synapses);
  refuseLive(purpose, network);
  const other = synapses.find((synapse) => !isMappedSynapse(synapse));
  if (other === undefined) return network as MappedNetwork;
  const { from, to, kind } = other;
  throw new LlifError(
    "UNSUPPORTED",
    `${purpose}: network "${network.name}", node "${to}": expected synapses of the kinds ${Object.keys(mapped).join(", ")}, got "${kind}" from "${from}", which only simulators know`,
    { nodes: [to] },
  );
}
