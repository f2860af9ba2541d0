// The state of a live network between two ticks: enough to go on bit for bit, in either engine.

/** Poisson counts that arrive in every tick. */
export interface BackgroundSource {
  /** What they reach: 0: the membrane potential; 1 …: a current of the population, in its order. */
  readonly into: number;
  /** Mean count of a neuron in a tick, λ, from above 0 to 500, and e^−λ. */
  readonly meanPerTick: number;
  readonly zero: number;
  /** Charge of one count, as float32. */
  readonly weight: number;
  /** Neurons reached, ascending. */
  readonly neurons: Uint32Array;
  /**
   * States of PCG32, [neurons of this list][high word, low word]: one number a neuron and tick, u = number / 2^32, gives
   * the count by inversion: k = 0, p = s = e^−λ; while u ≥ s and k < 1000: k += 1, p = p·λ/k, s = s + p, in float64.
   */
  readonly states: Uint32Array;
}

export interface PopulationState {
  /** v of each neuron. */
  readonly potential: Float32Array;
  /** Refractory ticks left; empty without a refractory period. */
  readonly refractory: Uint32Array;
  /** In the order of the neuron's currents. */
  readonly currents: readonly Float32Array[];
  /** w; empty without adaptation. */
  readonly adaptation: Float32Array;
  readonly drive: Float32Array | null;
  /** Ascending. */
  readonly silenced: Uint32Array;
  /** Neurons that fire in the next tick, ascending. */
  readonly forced: Uint32Array;
  /** At most one a variable, by `into`. */
  readonly background: readonly BackgroundSource[];
}

/** Spikes that a delay may still need, the last tick first; those of one tick by neuron. */
export interface RecentSpikes {
  /** 0: the last tick. */
  readonly ticksAgo: Uint32Array;
  readonly neurons: Uint32Array;
}

/** What a plastic synapse carries from tick to tick, in the order of the network's arrays. */
export interface PlasticState {
  readonly weights: Float32Array;
  /**
   * Traces of sources at their last arrival: one a source; where connections have their own delays, one a connection. 0
   * if they have faded.
   */
  readonly pre: Float32Array;
  /** Ticks since that arrival. */
  readonly preTicksAgo: Float64Array;
  readonly post: Float32Array;
  /** In units of 1 / `eligibilityScale`, which is from 1 to 2^20; absent without reward. */
  readonly eligibility?: Float32Array;
  readonly eligibilityScale?: number;
}

/** Weights as they are, of synapses that learn or were set; traces of those that learn. */
export type SynapseState = Pick<PlasticState, "weights"> & Partial<PlasticState>;

export interface LiveState {
  /** Ticks since the last reset. */
  readonly ticks: number;
  readonly populations: Readonly<Record<string, PopulationState>>;
  /** Charge of each output. */
  readonly outputs: Readonly<Record<string, Float64Array>>;
  /** By node, the input and outputs included. */
  readonly spikes: Readonly<Record<string, RecentSpikes>>;
  /** By place in `network.synapses`. */
  readonly synapses: Readonly<Record<number, SynapseState>>;
}
