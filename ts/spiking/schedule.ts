import { LlifError } from "../errors.ts";
import type { SpikingNetwork } from "./network.ts";

/** What an engine needs to know of a code: how a window integrates, and how it fires (contracts.md §2). */
export interface CompiledSchedule {
  /** Firing interleaves with integration (synchronous), or follows the window (layerwise). */
  readonly interleaved: boolean;
  readonly windowTicks: number;
  /** Factor on the membrane before each integration tick: under Horner 2, with ternary digits 3; else 1. A synchronous leak factor is the population's own. */
  readonly integrationGain: 1 | 2 | 3;
  /** What a spike delivers: its weight, or its weight times what the spike stands for (the payload, or 1 − t of a real time). Only `ttfs` multiplies. */
  readonly delivery: "weight" | "weighted";
  /** One entry for each firing tick of a layerwise window; empty if interleaved, and where spikes have real times. */
  readonly firing: readonly FiringTick[];
  /** Before the first firing tick the membrane is raised to 0 (of rectified populations)… */
  readonly raisedToZero: boolean;
  /** …and lowered to θ · factor − 1, so that a neuron at its cap does not fire again; null: not bounded. */
  readonly cappedAt: number | null;
}

/** A neuron fires +1 iff 2·v ≥ θ · above, −1 iff 2·v < −θ · below, and then loses ±θ · payload. */
export interface FiringTick {
  readonly above: number;
  /** Null: no negative spikes. */
  readonly below: number | null;
  /** Count that one spike of this tick stands for. */
  readonly payload: number;
}

/**
 * Layerwise: bias and initial potential are added after the last integration tick, then the firing ticks follow.
 * @throws {LlifError} UNSUPPORTED for combinations that mean nothing, with what to use instead.
 * @see docs/mathematics.md T7, T8, T9, T12
 */
export function compileSchedule(network: SpikingNetwork): CompiledSchedule {
  const { code, schedule, spikes, windowTicks } = network;
  const signed = spikes === "signed";
  const plain = {
    windowTicks,
    integrationGain: 1,
    delivery: "weight",
    firing: [],
    raisedToZero: false,
    cappedAt: null,
  } as const;
  if (schedule === "synchronous") {
    if (code === "rate") return { ...plain, interleaved: true };
    throw new LlifError(
      "UNSUPPORTED",
      `code "${code}", schedule "synchronous": layers of this code wait for each other; use schedule "layerwise"`,
    );
  }
  const layerwise = { ...plain, interleaved: false };
  switch (code) {
    case "rate":
      if (signed)
        throw new LlifError(
          "UNSUPPORTED",
          'code "rate", schedule "layerwise", signed spikes: a window takes nothing back; use unsigned spikes, or schedule "synchronous"',
        );
      return { ...layerwise, firing: ticksOf(windowTicks, () => unsignedTick(1)) };
    case "phase":
      if (network.nonAdjacent === true) {
        return {
          ...layerwise,
          integrationGain: 2,
          firing: ticksOf(windowTicks, nonAdjacentTick),
          cappedAt: 2 ** (windowTicks - 1),
          raisedToZero: true,
        };
      }
      if (signed)
        return {
          ...layerwise,
          integrationGain: 3,
          firing: ticksOf(windowTicks, (left) => ternaryTick(3 ** left)),
          raisedToZero: true,
        };
      return { ...layerwise, integrationGain: 2, firing: ticksOf(windowTicks, (left) => unsignedTick(2 ** left)) };
    case "ttfs":
      if (signed)
        throw new LlifError("UNSUPPORTED", 'code "ttfs", signed spikes: a time has no sign; use unsigned spikes');
      if (network.arithmetic === "float32") return { ...layerwise, delivery: "weighted" };
      return {
        ...layerwise,
        delivery: "weighted",
        firing: ticksOf(windowTicks, (left) => unsignedTick(left + 1)),
        cappedAt: windowTicks + 1,
      };
  }
}

/** `tick` is given the number of ticks that follow. */
function ticksOf(count: number, tick: (left: number) => FiringTick): FiringTick[] {
  return Array.from({ length: count }, (_, index) => tick(count - 1 - index));
}

function unsignedTick(payload: number): FiringTick {
  return { above: 2 * payload, below: null, payload };
}

function ternaryTick(payload: number): FiringTick {
  return { above: payload, below: payload, payload };
}

/** What the later digits can still reach is floor(2^(left + 1) / 3): no two neighbours. */
function nonAdjacentTick(left: number): FiringTick {
  const reach = Math.floor(2 ** (left + 1) / 3);
  return { above: 2 * (reach + 1), below: 2 * reach, payload: 2 ** left };
}
