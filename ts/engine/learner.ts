// What a learning core is: one layer that learns by the rule `winner`, image after image. Both engines implement it.

/** Numbers of the rule `winner`. */
export interface WinnerNumbers {
  /** Most ticks of a presentation; without a winner until then the image is silent. Default 64. */
  readonly maxTicks: number;
  /** θ0, the mean of the thresholds. Default: the mean sum of pixel/255 over the first 1,000 images. */
  readonly threshold: number;
  /** γ: how much a neuron's threshold rises with each win above its share. Default 0.03·θ0. */
  readonly homeostasis: number;
  /** Lower bound of every threshold. Default 0.1·θ0. */
  readonly leastThreshold: number;
  /** η0, from 0 to 1: the part of the way that the first update goes. Default 0.5. */
  readonly rate: number;
  /** Lower bound of the learning rate. Default 0.01. */
  readonly leastRate: number;
  /** Wins after which the learning rate has halved. Default 10. */
  readonly rateWins: number;
  /**
   * `halfSquare`: each neuron loses ½Σw² a tick, so that the winner is the nearest prototype, as in k-means. Default
   * `none`.
   */
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
