// What a learning core is: one layer that learns by a rule, image after image. Both engines implement it.
import type { Plasticity } from "../spiking/plasticity.ts";

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

/** Numbers of the rule `pair`. */
export interface PairNumbers {
  /** Of a presentation. Default 60. */
  readonly ticks: number;
  /** Poisson: each pixel fires by chance; regular: evenly. Default `poisson`. */
  readonly trains: "poisson" | "regular";
  /** Spikes a tick of pixel 255, up to 1. Default 0.25. */
  readonly rate: number;
  /** Of Poisson trains and of `random`, below 2^20. Default: the learner's. */
  readonly seed: number;
  /** Of a neuron that has not fired. Default: a fifth of the mean sum of pixel/255 over the first 1,000 images. */
  readonly threshold: number;
  /** θ₊: how much a threshold rises with each spike of its neuron while it learns. Default 5e-5·neurons·threshold. */
  readonly thresholdRise: number;
  /** The share of the rise that each presentation takes away. Default 0. */
  readonly thresholdDecay: number;
  /**
   * Of the neurons that reach their threshold in a tick: `furthest`: the one furthest above it fires; `random`: one of
   * them; either inhibits all others, which lose their charge. `none`: all fire, without inhibition. Default `furthest`.
   */
  readonly competition: "furthest" | "random" | "none";
  /** Ticks after its spike in which a neuron takes no charge. Default 0. */
  readonly refractoryTicks: number;
  /** What the weights of a neuron are scaled to after an image; 0: they are not. Default 0.1 an input. */
  readonly weightSum: number;
  /** Which neurons are scaled: those that have fired for the image, or all. Default `fired`. */
  readonly scaled: "fired" | "all";
  /** As for live networks, without reward; a spike of an input arrives in its own tick. */
  readonly plasticity: Plasticity;
}

/** What learning has changed so far: by the rule `winner`. */
export interface WinnerMemory {
  /** Shape [inputs, neurons]. */
  readonly weights: Float32Array;
  readonly wins: Uint32Array;
}

/** By the rule `pair`; wins are spikes. */
export interface PairMemory extends WinnerMemory {
  /** How far the threshold of each neuron has risen. */
  readonly rises: Float32Array;
  /** Images that were presented: each has its own Poisson trains. */
  readonly presented: number;
}

interface Layer<Rule, Memory> {
  readonly inputs: number;
  readonly neurons: number;
  readonly rule: Rule;
  readonly memory: Memory;
}

export type WinnerLayer = Layer<{ readonly kind: "winner" } & WinnerNumbers, WinnerMemory>;
export type PairLayer = Layer<{ readonly kind: "pair" } & PairNumbers, PairMemory>;
export type LearnerLayer = WinnerLayer | PairLayer;

/** What presentations took. */
export interface Presentations {
  readonly silent: number;
  readonly ticks: number;
  readonly inputSpikes: number;
}

/** What the competition for each image gave, where nothing is learnt; arrays for the core to fill. */
export interface Responses {
  /** One neuron for each image: the winner, or the one with most spikes; for a silent image the one nearest to its threshold. */
  readonly winners: Uint32Array;
  /** The tick of its first spike, from 1; 0 for a silent image. */
  readonly ticks: Uint32Array;
  /** Shape [images, neurons]: spikes of each neuron; null: not wanted. */
  readonly counts: Uint16Array | null;
}

export interface LearnerCore {
  /**
   * Presents images one after the other, and learns from each.
   * @param images shape [images, inputs], pixels.
   */
  learn(images: Uint8Array): Presentations;
  /** The same competition; nothing changes. */
  respond(images: Uint8Array, into: Responses): Presentations;
  /** Copies. */
  memory(): WinnerMemory | PairMemory;
  wins(): Uint32Array;
  dispose(): void;
}
