import type { Engine } from "./engine.ts";
import { layerwiseCore } from "./reference/layerwise.ts";
import { synchronousCore } from "./reference/synchronous.ts";
import { createSimulatorOver, prepareNetwork, resolveRecording } from "./simulator.ts";

/**
 * The engine in pure TypeScript: one typed-array row addition per spike, no tiling, no WebAssembly. It is where every runtime can
 * fall back, and what the fast engine must equal spike for spike. `reference/synchronous.ts` holds the neuron's update equations.
 */
export function referenceEngine(): Engine {
  return {
    name: "reference",
    async createSimulator(network, options = {}) {
      const prepared = prepareNetwork(network);
      const recording = resolveRecording(network, options.record);
      const core = prepared.schedule.interleaved ? synchronousCore(network, recording) : layerwiseCore(prepared, recording);
      return createSimulatorOver("reference", prepared, core);
    },
  };
}
