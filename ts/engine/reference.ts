// The reference engine: pure TypeScript, the definition of every code. Read it first.
import { checkOptions } from "../check.ts";
import type { Code } from "../spiking/code.ts";
import { LlifError } from "../errors.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import type { Engine } from "./engine.ts";
import { liveCore } from "./reference/live/core.ts";
import { layerwiseCore } from "./reference/layerwise.ts";
import { realTimesCore } from "./reference/real-times.ts";
import { refinedPhaseCore } from "./reference/refined-phase.ts";
import { signedRateCore } from "./reference/signed-rate.ts";
import { synchronousCore } from "./reference/synchronous.ts";
import { coreBytes, gibibytes } from "./memory.ts";
import { createSimulatorOver, prepareNetwork, type PreparedNetwork, type SimulatorCore } from "./simulator.ts";
import { resolveRecording, type Recording } from "./recording.ts";

/**
 * The engine in pure TypeScript: one typed-array row addition per spike, no tiling, no WebAssembly. Every runtime can
 * run it, and the fast engine must equal it spike for spike. reference/neurons.ts has the neuron's update equations.
 */
export function referenceEngine(): Engine {
  return {
    name: "reference",
    async createSimulator(network, options = {}) {
      checkOptions("createSimulator", options, { record: true, live: true });
      const prepared = prepareNetwork(network, options.live);
      const recording = resolveRecording(network, options.record);
      const core = withinMemory(network, prepared.live, () => cores[network.code.kind](prepared, recording));
      return createSimulatorOver("reference", prepared, recording, core);
    },
  };
}

type MakeCore = (prepared: PreparedNetwork, recording: Recording) => SimulatorCore;

const cores = {
  rate: ({ network, live }, recording) => (live ? liveCore : synchronousCore)(network, recording),
  signedRate: ({ network }, recording) => signedRateCore(network, recording),
  windowRate: layerwiseCore,
  phase: layerwiseCore,
  refinedPhase: ({ network }, recording) => refinedPhaseCore(network, recording),
  slots: layerwiseCore,
  times: ({ network }, recording) => realTimesCore(network, recording),
} satisfies Record<Code["kind"], MakeCore>;

/** What the runtime says where memory is short. */
function withinMemory(network: SpikingNetwork, live: boolean, create: () => SimulatorCore): SimulatorCore {
  const place = `network "${network.name}"`;
  const guarded = <T>(body: () => T, explain: (cause: RangeError) => string): T => {
    try {
      return body();
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new LlifError("ENGINE", explain(cause), { cause });
    }
  };
  const core = guarded(create, ({ message }) => {
    const { weights, neurons } = coreBytes(network, { counts: false }, live);
    return `${place}: takes at least ${gibibytes(weights + neurons)}, more than this runtime has (${message}); take a smaller network`;
  });
  return {
    reset: () => core.reset(),
    pipeline: core.pipeline?.bind(core),
    live: core.live,
    dispose: () => core.dispose(),
    run: (...run) =>
      guarded(
        () => core.run(...run),
        ({ message }) => `${place}: run: out of memory (${message}); record less, or run fewer ticks at a time`,
      ),
  };
}
