// What a learning core is: one layer that learns by the rule `winner`, image after image. Both engines implement it.

/** Numbers of the rule, as ts/learn/rule.ts completes them. */
export interface WinnerNumbers {
  readonly maxTicks: number;
  readonly threshold: number;
  readonly homeostasis: number;
  readonly leastThreshold: number;
  readonly rate: number;
  readonly leastRate: number;
  readonly rateWins: number;
  readonly leak: "none" | "halfSquare";
}

export interface LearnerLayer {
  readonly inputs: number;
  readonly neurons: number;
  readonly rule: WinnerNumbers;
  /** Shape [inputs, neurons]. */
  readonly weights: Float32Array;
  readonly wins: Uint32Array;
}

/** What presentations took. */
export interface Presentations {
  readonly silent: number;
  readonly ticks: number;
  readonly inputSpikes: number;
}

export interface LearnerCore {
  /**
   * Presents images one after the other; the winner of each learns.
   * @param images shape [images, inputs], pixels.
   */
  learn(images: Uint8Array): Presentations;
  /**
   * The same competition; nothing changes. A silent image takes the neuron that is nearest to its threshold.
   * @param winners receives one neuron for each image.
   * @param ticks receives the tick of the first spike, from 1; 0 for a silent image.
   */
  winners(images: Uint8Array, winners: Uint32Array, ticks: Uint32Array): Presentations;
  /** Copies. */
  weights(): Float32Array;
  wins(): Uint32Array;
  dispose(): void;
}
