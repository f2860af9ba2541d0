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
      const { memory } = await glue();
      const core = guarded(network, () => buildCore(glue, prepared, recording));
      return createSimulatorOver("wasm", prepared, wasmCore(network, recording, core, memory));
    },
  };
}

/** Traps and lack of memory: what the instance holds afterwards may be anything. */
function isFatal(cause: unknown): boolean {
  return cause instanceof WebAssembly.RuntimeError || cause instanceof RangeError;
}

function guarded<T>(network: SpikingNetwork, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const hint = isFatal(cause) ? "; it may have run out of memory: record less, or run fewer ticks" : "";
    throw new LlifError("ENGINE", `network "${network.name}": the WebAssembly core failed: ${reason}${hint}`, { cause });
  }
}

function wasmCore(network: SpikingNetwork, recording: Recording, core: CoreNetwork, memory: WebAssembly.Memory): SimulatorCore {
  let held: CoreNetwork | undefined = core;
  let failure: LlifError | undefined;

  // After a trap no later call may use the instance: each says what happened.
  const call = <T>(body: (core: CoreNetwork) => T): T => {
    if (failure !== undefined || held === undefined) {
      throw new LlifError("ENGINE", `network "${network.name}": the WebAssembly core has failed before; create a new simulator (${failure?.message})`, { cause: failure });
    }
    const live = held;
    try {
      return guarded(network, () => body(live));
    } catch (error) {
      if (error instanceof LlifError && isFatal(error.cause)) {
        failure = error;
        held = undefined;
      }
      throw error;
    }
  };

  return {
    reset: () => call(({ raw }) => raw.reset()),
    run: (input, ticks) =>
      call(({ raw, numbers }) => {
        const table = input.kind === "constant" ? raw.runConstant(bitsOf(input.values), ticks) : raw.runEvents(input.neurons, input.starts, ticks);
        return collect(network, recording, numbers, memory.buffer as ArrayBuffer, table);
      }),
    dispose() {
      held?.raw.free();
      held = undefined;
    },
  };
}

/** Where each array of a node stands in its row of the core's table (crates/wasm/src/simulator.rs). */
const arrays = { charges: 0, counts: 1, ticks: 2, neurons: 3, traces: 4 } as const;

/** Copies a run's results out of the core's memory, which the next call may change or move. */
function collect(network: SpikingNetwork, recording: Recording, numbers: ReadonlyMap<string, number>, buffer: ArrayBuffer, address: number): CoreRun {
  const [spikesLow, spikesHigh, operationsLow, operationsHigh] = new Uint32Array(buffer, address, 4);
  const placed = (name: string, array: keyof typeof arrays): [number, number] => {
    const [start, length] = new Uint32Array(buffer, address + 16 + 8 * (5 * (numbers.get(name) as number) + arrays[array]), 2);
    return [start, length];
  };
  const words = (name: string, array: keyof typeof arrays): Uint32Array => new Uint32Array(buffer, ...placed(name, array)).slice();
  const chargesOf = (name: string, array: keyof typeof arrays): Float32Array | Int32Array =>
    network.arithmetic === "float32" ? new Float32Array(buffer, ...placed(name, array)).slice() : new Int32Array(buffer, ...placed(name, array)).slice();
  return {
    charges: Object.fromEntries(outputsOf(network).map(({ name }) => [name, chargesOf(name, "charges")])),
    counts: recording.counts ? Object.fromEntries(populationsOf(network).map(({ name }) => [name, words(name, "counts")])) : {},
    spikes: Object.fromEntries(
      recording.spikes.map((name) => {
        const neurons = words(name, "neurons");
        return [name, { ticks: words(name, "ticks"), neurons, length: neurons.length }];
      }),
    ),
    potentials: Object.fromEntries(recording.potentials.map(({ population }) => [population, chargesOf(population, "traces")])),
    spikeCount: spikesLow + 2 ** 32 * spikesHigh,
    synapticOperations: operationsLow + 2 ** 32 * operationsHigh,
  };
}
