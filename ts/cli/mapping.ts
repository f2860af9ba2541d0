import { LlifError } from "../errors.ts";
import type { ReluNetwork } from "../relu/network.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import type { MappingChoice } from "./options.ts";

/** What the commands ask of the mapping. */
export interface MappingRequest extends MappingChoice {
  readonly calibration?: Iterable<Uint8Array>;
  readonly signal?: AbortSignal;
}

export async function toSpiking(model: ReluNetwork, _request: MappingRequest): Promise<SpikingNetwork> {
  throw new LlifError("UNSUPPORTED", `"${model.name}": this version cannot map ReLU networks yet`);
}

export function toRelu(network: SpikingNetwork): ReluNetwork {
  throw new LlifError("UNSUPPORTED", `"${network.name}": this version cannot turn spiking networks back yet`);
}

export function writeLlif(network: SpikingNetwork): Uint8Array {
  throw new LlifError("UNSUPPORTED", `"${network.name}": this version does not write .llif files yet`);
}
