import { checkOneOf } from "../check.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import type { Engine, RecordOptions, Simulator, SimulatorOptions } from "./engine.ts";
import { referenceEngine } from "./reference.ts";
import { supportsSimd, wasmEngine } from "./wasm.ts";

export type EngineName = "auto" | Engine["name"];

/** In the order in which `auto` tries them; each says whether this runtime has what it needs. */
const engines: readonly { readonly name: Engine["name"]; readonly make: () => Engine; readonly supported: () => boolean }[] = [
  { name: "wasm", make: () => wasmEngine(), supported: supportsSimd },
  { name: "reference", make: referenceEngine, supported: () => true },
];

let warned = false;

/**
 * The engine of that name; an engine is itself. `auto` is the fastest that this runtime supports, and warns once where that is not the first choice.
 * @throws {LlifError} ARGUMENT for a name that is not among them.
 */
export function resolveEngine(choice: EngineName | Engine = "auto"): Engine {
  if (typeof choice === "object") return choice;
  const names = engines.map(({ name }) => name);
  checkOneOf("engine", choice, ["auto", ...names]);
  if (choice === "auto" && !engines[0].supported()) warnOnce(`this runtime does not support the ${engines[0].name} engine`, engines[1].name);
  const usable = engines.filter(({ name, supported }) => (choice === "auto" ? supported() : name === choice));
  return usable[0].make();
}

function warnOnce(reason: string, taken: string): void {
  if (!warned) console.warn(`llif: ${reason}; simulating with the ${taken} engine, which is slower`);
  warned = true;
}

export interface CreateSimulatorOptions<R extends RecordOptions = RecordOptions> extends SimulatorOptions<R> {
  /** Default `auto`. */
  readonly engine?: EngineName | Engine;
}

/**
 * A simulator of a network; dispose it after use.
 * @throws {LlifError} if the network is not valid or not supported, or the engine cannot start.
 */
export async function createSimulator<const R extends RecordOptions = {}>(network: SpikingNetwork, options: CreateSimulatorOptions<R> = {}): Promise<Simulator<R>> {
  return resolveEngine(options.engine).createSimulator<R>(network, { record: options.record });
}
