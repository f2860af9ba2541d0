// The list of the kinds of synapses, each with the rules that the rest of the library needs.
import { checkOneOf, checkOptions, type OptionKeys } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import type { Shape } from "../../tensor.ts";
import { dense, denseConnection, type DenseSynapse } from "./dense.ts";
import { edgesConnection } from "./edges.ts";
import { identity, identityConnection, type IdentitySynapse } from "./identity.ts";
import type { Connection, Connector, SynapseRules } from "./rules.ts";
import { sparse, sparseConnection, type SparseSynapse } from "./sparse.ts";
import { conv2d, convTranspose2d, type Conv2dSynapse, type ConvTranspose2dSynapse } from "./windowed.ts";

/** How the spikes of a source reach a target: a union by `kind`. */
export type Synapse = DenseSynapse | Conv2dSynapse | ConvTranspose2dSynapse | IdentitySynapse | SparseSynapse;

const kinds = { dense, conv2d, convTranspose2d, identity, sparse } satisfies {
  readonly [Kind in Synapse["kind"]]: SynapseRules<Extract<Synapse, { kind: Kind }>>;
};

/** A synapse of any kind, or as much of it as its geometry and weights. */
type AnyRules = SynapseRules<Synapse, Connection<Synapse>>;

/** The rules of a synapse's kind. */
export function synapseRules({ kind }: Pick<Synapse, "kind">): AnyRules {
  return kinds[kind] as unknown as AnyRules;
}

/** The rules of a synapse whose kind and names of fields are still to be checked. @throws {LlifError} ARGUMENT */
export function checkKind(place: string, synapse: Synapse): AnyRules {
  checkOneOf(`${place}: kind`, synapse.kind, Object.keys(kinds) as Synapse["kind"][]);
  const rules = synapseRules(synapse);
  checkOptions<object>(place, synapse, rules.keys);
  return rules;
}

/** By option of the builder's `connect`: what makes the fields of a synapse from it. */
const connectors = {
  weights: denseConnection,
  sparse: sparseConnection,
  edges: edgesConnection,
  identity: identityConnection,
} satisfies Record<string, Connector<Synapse>>;
type Option = keyof typeof connectors;

/** One of the options that give a connection its weights. */
export type ConnectionOptions = {
  [K in Option]: { readonly [Own in K]: Parameters<(typeof connectors)[K]>[1] } & {
    readonly [Other in Exclude<Option, K>]?: undefined;
  };
}[Option];

export const connectionKeys: OptionKeys<ConnectionOptions> = {
  weights: true,
  sparse: true,
  edges: true,
  identity: true,
};

/** The fields of a synapse beside its ends and delay. @throws {LlifError} ARGUMENT or SHAPE, naming the option. */
export function connectionOf(
  place: string,
  options: ConnectionOptions,
  from: Shape,
  to: Shape,
): ReturnType<Connector<Synapse>> {
  const given = (Object.keys(connectors) as Option[]).filter((option) => options[option] !== undefined);
  if (given.length > 1)
    throw new LlifError("ARGUMENT", `${place}: expected one of ${given.join(", ")}, got ${given.length} of them`);
  const [option = "weights"] = given;
  return connectors[option](place, options[option] as never, from, to);
}
