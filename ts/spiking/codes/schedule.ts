// Schedules: what an engine needs to know about a code, that is how a window integrates and how it fires.

export interface CompiledSchedule {
  /** Whether every tick integrates and fires; otherwise firing follows the integrated window (layerwise). */
  readonly synchronous: boolean;
  readonly windowTicks: number;
  /**
   * Factor on the membrane before each integration tick: 2 for binary digits (Horner), 3 for ternary digits, otherwise
   * 1. A leak is the neuron's.
   */
  readonly integrationGain: 1 | 2 | 3;
  /**
   * A spike delivers its weight, or, in `ttfs` only, its weight times its value (the payload, or 1 − t for a
   * real-valued time).
   */
  readonly delivery: "weight" | "weighted";
  /** One entry for each firing tick of a layerwise window; empty if synchronous, and for real-valued times. */
  readonly firing: readonly FiringTick[];
  /** Whether the membrane of a rectified population is raised to 0 before the first firing tick. */
  readonly raisedToZero: boolean;
  /**
   * The membrane is lowered to θ · factor − 1 before the first firing tick, so that a neuron at its cap does not fire
   * again; null: no bound.
   */
  readonly cappedAt: number | null;
}

/** A neuron fires +1 iff 2·v ≥ θ · above, −1 iff 2·v < −θ · below, and then loses ±θ · payload. */
export interface FiringTick {
  readonly above: number;
  /** Null without negative spikes. */
  readonly below: number | null;
  /** Count represented by a spike of this tick. */
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
  return { ...plain, synchronous: true, windowTicks };
}

/**
 * Bias and initial potential are added after the last integration tick, then the firing ticks follow.
 * @see docs/mathematics.md T7, T9, T12
 */
export function layerwise(
  windowTicks: number,
  own: Partial<Omit<CompiledSchedule, "synchronous" | "windowTicks">>,
): CompiledSchedule {
  return { ...plain, synchronous: false, windowTicks, ...own };
}

/** @param tick receives the number of ticks that follow. */
export function firingTicks(count: number, tick: (left: number) => FiringTick): FiringTick[] {
  return Array.from({ length: count }, (_, index) => tick(count - 1 - index));
}

export function unsignedTick(payload: number): FiringTick {
  return { above: 2 * payload, below: null, payload };
}
