// Counts the targets of each source element of a connection, for activity and energy.
import type { Synapse } from "../spiking/network.ts";
import { synapseRules } from "../spiking/synapses/kinds.ts";
import type { Connection as ConnectionOf, Fanout } from "../spiking/synapses/rules.ts";
import type { Shape } from "../tensor.ts";

export type { Fanout };

/** A synapse, or a weighted node of a ReLU network. */
export type Connection = ConnectionOf<Synapse>;

export function fanoutOf(connection: Connection, from: Shape, to: Shape): Fanout {
  return synapseRules(connection).fanout(connection, from, to);
}
