import { checkOneOf } from "../check.ts";
import { LlifError } from "../errors.ts";
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
 * The engine of that name; an engine is itself. `auto` is the fastest that this runtime and the network allow, and warns once where that is not the first choice.
 * @throws {LlifError} ARGUMENT for a name that is not among them.
 */
export function resolveEngine(choice: EngineName | Engine = "auto"): Engine {
  if (typeof choice === "object") return choice;
  const names = engines.map(({ name }) => name);
  checkOneOf("engine", choice, ["auto", ...names]);
  const usable = engines.filter(({ name, supported }) => (choice === "auto" ? supported() : name === choice));
  if (choice === "auto" && usable[0] !== engines[0]) warnOnce(`this runtime does not support the ${names[0]} engine`, usable[0].name);
  const made = usable.map(({ make }) => make());
  return firstThatSimulates(made);
}

/** Goes by the name of the first; a simulator says which engine it is of. */
function firstThatSimulates(candidates: readonly Engine[]): Engine {
  return {
    name: candidates[0].name,
    async createSimulator(network, options) {
      const [first, ...others] = candidates;
      if (others.length === 0) return first.createSimulator(network, options);
      try {
        return await first.createSimulator(network, options);
      } catch (error) {
        if (!(error instanceof LlifError) || error.code !== "UNSUPPORTED") throw error;
        // What no engine simulates is refused again here, by the one that has the last word.
        const simulator = await firstThatSimulates(others).createSimulator(network, options);
        warnOnce(error.message, simulator.engine);
        return simulator;
      }
    },
  };
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
