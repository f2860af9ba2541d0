// What an engine needs to know of a code: how a window integrates, and how it fires (contracts.md §2).

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

const plain = {
  integrationGain: 1,
  delivery: "weight",
  firing: [],
  raisedToZero: false,
  cappedAt: null,
} as const;

/** All layers tick together. */
export function synchronous(windowTicks: number): CompiledSchedule {
  return { ...plain, interleaved: true, windowTicks };
}

/**
 * Bias and initial potential are added after the last integration tick, then the firing ticks follow.
 * @see docs/mathematics.md T7, T9, T12
 */
export function layerwise(
  windowTicks: number,
  own: Partial<Omit<CompiledSchedule, "interleaved" | "windowTicks">>,
): CompiledSchedule {
  return { ...plain, interleaved: false, windowTicks, ...own };
}

/** `tick` is given the number of ticks that follow. */
export function firingTicks(count: number, tick: (left: number) => FiringTick): FiringTick[] {
  return Array.from({ length: count }, (_, index) => tick(count - 1 - index));
}

export function unsignedTick(payload: number): FiringTick {
  return { above: 2 * payload, below: null, payload };
}
