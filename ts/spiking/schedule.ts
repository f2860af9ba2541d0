import { LlifError } from "../errors.ts";
import type { SpikingNetwork } from "./network.ts";

/** What an engine needs to know of a code: how a window integrates, and how it fires (contracts.md §2). */
export interface CompiledSchedule {
  /** Firing interleaves with integration (synchronous), or follows the window (layerwise). */
  readonly interleaved: boolean;
  readonly windowTicks: number;
  /** Factor on the membrane before each integration tick: 2 under Horner, else 1. A synchronous leak factor is the population's own. */
  readonly integrationGain: 1 | 2;
  /** One entry for each firing tick of a layerwise window; empty if interleaved. */
  readonly firing: readonly FiringTick[];
}

export interface FiringTick {
  /** A neuron fires iff v ≥ θ · factor, and then loses θ · factor. */
  readonly thresholdFactor: number;
  /** Count that one spike of this tick stands for. */
  readonly payload: number;
}

/**
 * Layerwise: bias and initial potential are added after the last integration tick, then the firing ticks follow.
 * @throws {LlifError} UNSUPPORTED for a code that no engine simulates yet.
 * @see docs/mathematics.md T7
 */
export function compileSchedule(network: SpikingNetwork): CompiledSchedule {
  const { code, schedule, spikes, windowTicks } = network;
  if (spikes === "unsigned" && code === "rate" && schedule === "synchronous") {
    return { interleaved: true, windowTicks, integrationGain: 1, firing: [] };
  }
  if (spikes === "unsigned" && schedule === "layerwise" && code === "rate") {
    const firing = Array.from({ length: windowTicks }, () => ({ thresholdFactor: 1, payload: 1 }));
    return { interleaved: false, windowTicks, integrationGain: 1, firing };
  }
  if (spikes === "unsigned" && schedule === "layerwise" && code === "phase") {
    const firing = Array.from({ length: windowTicks }, (_, tick) => {
      const weight = 2 ** (windowTicks - 1 - tick);
      return { thresholdFactor: weight, payload: weight };
    });
    return { interleaved: false, windowTicks, integrationGain: 2, firing };
  }
  throw new LlifError("UNSUPPORTED", `code "${code}", schedule "${schedule}", ${spikes} spikes: not simulated yet; supported: rate (synchronous or layerwise) and phase, unsigned`);
}
