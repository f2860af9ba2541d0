import { LlifError } from "../errors.ts";
import { outputsOf, populationsOf, type SpikingNetwork } from "../spiking/network.ts";
import type { Engine } from "./engine.ts";
import { bitsOf, buildCore, type CoreNetwork } from "./flatten.ts";
import { loadGlue, type WasmSource } from "./load.ts";
import { createSimulatorOver, prepareNetwork, resolveRecording, type CoreRun, type Recording, type SimulatorCore } from "./simulator.ts";

export { supportsSimd } from "./load.ts";

export interface WasmEngineOptions {
  /** Where the module comes from; by default what the package's entry provides. */
  readonly wasm?: WasmSource;
}

/**
 * The engine in Rust and WebAssembly SIMD; equals `referenceEngine()` spike for spike. Each simulator has a WebAssembly memory
 * of its own, and lets go of it on `dispose()`.
 */
export function wasmEngine({ wasm }: WasmEngineOptions = {}): Engine {
  return {
    name: "wasm",
    async createSimulator(network, options = {}) {
      const prepared = prepareNetwork(network);
      const recording = resolveRecording(network, options.record);
      const glue = await loadGlue(wasm);
      const core = guarded(network, () => buildCore(glue.RawSimulator, prepared, recording));
      return createSimulatorOver("wasm", prepared, wasmCore(network, recording, core));
    },
  };
}

function guarded<T>(network: SpikingNetwork, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    throw new LlifError("ENGINE", `network "${network.name}": the WebAssembly core failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function wasmCore(network: SpikingNetwork, recording: Recording, core: CoreNetwork): SimulatorCore {
  let held: CoreNetwork | undefined = core;
  let failure: unknown;

  // After a trap the instance's memory may hold anything, so that no later call may use it.
  const call = <T>(body: (core: CoreNetwork) => T): T => {
    if (failure !== undefined || held === undefined) {
      throw new LlifError("ENGINE", `network "${network.name}": the WebAssembly core has failed before; create a new simulator`, { cause: failure });
    }
    const live = held;
    try {
      return guarded(network, () => body(live));
    } catch (error) {
      failure = error;
      throw error;
    }
  };

  return {
    reset: () => call(({ raw }) => raw.reset()),
    run: (input, ticks) =>
      call((live) => {
        if (input.kind === "constant") live.raw.runConstant(bitsOf(input.values), ticks);
        else live.raw.runEvents(input.neurons, input.starts, ticks);
        return collect(network, recording, live);
      }),
    dispose() {
      if (failure === undefined) held?.raw.free();
      held = undefined;
    },
  };
}

function collect(network: SpikingNetwork, recording: Recording, { raw, numbers }: CoreNetwork): CoreRun {
  const numberOf = (name: string): number => numbers.get(name) as number;
  const chargesOf = (bits: Uint32Array): Float32Array | Int32Array => {
    const buffer = bits.buffer as ArrayBuffer;
    return network.arithmetic === "float32" ? new Float32Array(buffer, bits.byteOffset, bits.length) : new Int32Array(buffer, bits.byteOffset, bits.length);
  };
  return {
    charges: Object.fromEntries(outputsOf(network).map(({ name }) => [name, chargesOf(raw.charges(numberOf(name)))])),
    counts: recording.counts ? Object.fromEntries(populationsOf(network).map(({ name }) => [name, raw.counts(numberOf(name))])) : {},
    spikes: Object.fromEntries(
      recording.spikes.map((name) => {
        const neurons = raw.spikeNeurons(numberOf(name));
        return [name, { ticks: raw.spikeTicks(numberOf(name)), neurons, length: neurons.length }];
      }),
    ),
    potentials: Object.fromEntries(recording.potentials.map(({ population }) => [population, chargesOf(raw.traces(numberOf(population)))])),
    spikeCount: raw.spikeCount(),
    synapticOperations: raw.synapticOperations(),
  };
}
