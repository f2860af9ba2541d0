// Engines by name, and which of them `auto` is.
import { checkFunction, checkOneOf, checkOptions } from "../check.ts";
import { LlifError } from "../errors.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { warnOnce } from "../warn.ts";
import type { Engine, RecordOptions, Simulator, SimulatorOptions } from "./engine.ts";
import { referenceEngine } from "./reference.ts";
import { allowsWasm, preloadCore, supportsSimd, wasmEngine } from "./wasm.ts";

export type EngineName = "auto" | Engine["name"];

/**
 * The engine of that name; an engine is itself. `auto` is the wasm engine where the runtime supports it, else, with one warning, the reference engine:
 * by its name already where there is no WebAssembly with SIMD, and as its simulators start (see `Simulator.engine`) where a page's Content-Security-Policy or the host forbids it.
 * @throws {LlifError} ARGUMENT for a name that is not among them.
 */
export function resolveEngine(choice: EngineName | Engine = "auto"): Engine {
  if (typeof choice === "object" && choice !== null) {
    checkFunction("engine: createSimulator", choice.createSimulator);
    return choice;
  }
  switch (checkOneOf("engine", choice, ["auto", "wasm", "reference"])) {
    case "wasm":
      return wasmEngine();
    case "reference":
      return referenceEngine();
    case "auto":
      return supportsSimd() ? automaticEngine : fallback();
  }
}

const automaticEngine: Engine = {
  name: "wasm",
  createSimulator: (network, options) =>
    whereAllowed(
      () => wasmEngine().createSimulator(network, options),
      () => fallback().createSimulator(network, options),
    ),
};

/**
 * The compiled core for the engine of that name, with which a worker needs no platform; null: the reference engine.
 * @throws {LlifError} ARGUMENT for a name that is not among them; as `preloadCore`.
 */
export async function coreFor(choice: EngineName = "auto"): Promise<WebAssembly.Module | null> {
  switch (checkOneOf("engine", choice, ["auto", "wasm", "reference"])) {
    case "wasm":
      return preloadCore();
    case "reference":
      return null;
    case "auto":
      return supportsSimd() ? whereAllowed<WebAssembly.Module | null>(() => preloadCore(), withoutCore) : withoutCore();
  }
}

async function whereAllowed<T>(start: () => Promise<T>, otherwise: () => T | Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof LlifError) || error.code !== "ENGINE" || (await allowsWasm())) throw error;
    return otherwise();
  }
}

function withoutCore(): null {
  fallback();
  return null;
}

function fallback(): Engine {
  warnOnce(
    "engine",
    "this runtime does not support or allow the wasm engine (WebAssembly with SIMD; a Content-Security-Policy needs 'wasm-unsafe-eval'); simulating with the reference engine, which is slower",
  );
  return referenceEngine();
}

export interface CreateSimulatorOptions<R extends RecordOptions = RecordOptions> extends SimulatorOptions<R> {
  /** Default `auto`. */
  readonly engine?: EngineName | Engine;
}

/**
 * A simulator of a network; dispose it after use.
 * @throws {LlifError} if the network is not valid or not supported, or the engine cannot start.
 */
export async function createSimulator<const R extends RecordOptions = {}>(
  network: SpikingNetwork,
  options: CreateSimulatorOptions<R> = {},
): Promise<Simulator<R>> {
  checkOptions("createSimulator", options, { engine: true, record: true });
  return resolveEngine(options.engine).createSimulator<R>(network, { record: options.record });
}
