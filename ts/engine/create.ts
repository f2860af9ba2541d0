// Chooses an engine by name, or automatically, and creates simulators.
import { checkFunction, checkOneOf, checkOptions } from "../check.ts";
import { LlifError } from "../errors.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { warnOnce } from "../warn.ts";
import type { Engine, RecordOptions, Simulator, SimulatorOptions } from "./engine.ts";
import { referenceEngine } from "./reference.ts";
import { allowsWasm, preloadCore, supportsSimd, wasmEngine } from "./wasm.ts";

export type EngineName = "auto" | Engine["name"];

/**
 * The engine of that name, or the given engine itself. `auto` is the wasm engine if the runtime supports it, otherwise,
 * with one warning, the reference engine. Without WebAssembly SIMD that is decided here; if a Content-Security-Policy
 * or the host forbids WebAssembly, it is decided when a simulator starts (see `Simulator.engine`).
 * @throws {LlifError} ARGUMENT for an unknown name.
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
 * The compiled core for the engine of that name, so that a worker needs no platform; null for the reference engine.
 * @throws {LlifError} ARGUMENT for an unknown name; as `preloadCore`.
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
 * Creates a simulator of a network; call `dispose()` after use.
 * @throws {LlifError} if the network is not valid or not supported, or the engine cannot start.
 */
export async function createSimulator<const R extends RecordOptions = {}>(
  network: SpikingNetwork,
  options: CreateSimulatorOptions<R> = {},
): Promise<Simulator<R>> {
  checkOptions("createSimulator", options, { engine: true, record: true, live: true });
  return resolveEngine(options.engine).createSimulator<R>(network, { record: options.record, live: options.live });
}
