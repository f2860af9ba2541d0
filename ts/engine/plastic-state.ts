// The state of a plastic synapse, the same for both engines.

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
  /** In units of 1 / `eligibilityScale`; absent without reward. */
  readonly eligibility?: Float32Array;
  readonly eligibilityScale?: number;
}
