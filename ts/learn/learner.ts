// A layer that learns in spikes, without labels, by competition: the public face of the learning rules.
import { checkInteger, checkNumbers, checkOneOf, checkOptions, type OptionKeys } from "../check.ts";
import type { LearnerCore, LearnerLayer, Presentations } from "../engine/learner.ts";
import { learnerEngine, type LearnerEngine } from "../engine/wasm-learner.ts";
import { DisposedError, LlifError, throwIfAborted } from "../errors.ts";
import { checkExtents } from "../relu/check.ts";
import { sizeOf, type Shape } from "../tensor.ts";
import { warn } from "../warn.ts";
import { checkProgress } from "./features.ts";
import { pixelsOf, type LearnerImages } from "./images.ts";
import { shuffled } from "./shuffle.ts";
import { statisticsOf } from "./examples.ts";
import type { PairOptions } from "./pair.ts";
import { checkRule, kindOf, type LearningMemory, type LearningOptions, type LearningRule } from "./rule.ts";
import { checkSize, checkState, totalWins, type LearnerState, type PairState, type WinnerState } from "./state.ts";
import type { WinnerOptions } from "./winner.ts";

export interface LearnerOptions {
  /** Shape of an image, channels last. */
  readonly inputs: number | Shape;
  readonly neurons: number;
  /** Default: the rule `winner` with its defaults. */
  readonly rule?: LearningOptions;
  /** Of the first weights; default 0. */
  readonly seed?: number;
  /**
   * Images from which the threshold and the first weights are taken (the first 1,000 of them). Default: those of the
   * first call of `learn`.
   */
  readonly examples?: LearnerImages;
  /** Default `auto`: WebAssembly where the runtime has it. */
  readonly engine?: "auto" | "wasm" | "reference";
}

/** Goes on from a state; everything else is in it. */
export interface ResumeOptions<State extends LearnerState = LearnerState> {
  readonly state: State;
  readonly engine?: "auto" | "wasm" | "reference";
}

export interface LearnOptions {
  /** Image numbers in the order in which they are presented; "random": each once, by `seed`. Default: as they come. */
  readonly order?: ArrayLike<number> | "random";
  /** Of a random order; default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface LearnResult extends Presentations {
  readonly images: number;
  /** Images that changed weights: all but the silent ones. */
  readonly updates: number;
}

export interface Winners {
  /** The neuron that won each image; by the rule `pair` the first of those with most spikes. */
  readonly winners: Uint32Array;
  /** The tick of its first spike, from 1; 0 for a silent image, which takes the neuron nearest to its threshold. */
  readonly ticks: Uint32Array;
  readonly silent: number;
  readonly inputSpikes: number;
}

export interface Learner<State extends LearnerState = LearnerState> {
  readonly engine: "wasm" | "reference";
  readonly neurons: number;
  /**
   * Presents images, one after the other; the neuron that fires inhibits the others and learns.
   * @throws {LlifError} ARGUMENT where every image is silent, and none has ever won: it says which threshold would do.
   */
  learn(images: LearnerImages, options?: LearnOptions): LearnResult;
  /** The same, which lets the event loop breathe and can be cancelled. */
  learnAsync(images: LearnerImages, options?: LearnOptions): Promise<LearnResult>;
  /** The same competition; nothing changes. */
  winners(images: LearnerImages): Winners;
  /** The same as spikes of each neuron, shape [images, neurons]; by the rule `winner` one at most. */
  counts(images: LearnerImages): Uint16Array;
  /** Copies. @throws {LlifError} ARGUMENT before the first image, where no examples were given. */
  state(): State;
  /** Idempotent. */
  dispose(): void;
  [Symbol.dispose](): void;
}

const optionKeys: OptionKeys<LearnerOptions & ResumeOptions> = {
  inputs: true,
  neurons: true,
  rule: true,
  seed: true,
  examples: true,
  engine: true,
  state: true,
};
const learnKeys: OptionKeys<LearnOptions> = { order: true, seed: true, signal: true, onProgress: true };

/** Images between two looks at the signal. */
const imagesPerPart = 64;
/** How long the event loop may wait, in milliseconds. */
const longestTurn = 12;

/**
 * A layer that learns features of images in one pass, without labels.
 * @throws {LlifError} ARGUMENT or SHAPE for an option that does not fit; ENGINE if the core does not start.
 * @see docs/learning.md
 */
export async function createLearner(
  options: LearnerOptions & { readonly rule?: WinnerOptions },
): Promise<Learner<WinnerState>>;
export async function createLearner(
  options: LearnerOptions & { readonly rule: PairOptions },
): Promise<Learner<PairState>>;
export async function createLearner<State extends LearnerState>(options: ResumeOptions<State>): Promise<Learner<State>>;
export async function createLearner(options: LearnerOptions | ResumeOptions): Promise<Learner>;
export async function createLearner(options: LearnerOptions | ResumeOptions): Promise<Learner> {
  const place = "createLearner";
  const given = checkOptions<LearnerOptions | ResumeOptions>(place, options, optionKeys);
  const { engine: choice = "auto" } = given;
  checkOneOf(`${place}: engine`, choice, ["auto", "wasm", "reference"]);
  if ("state" in given) {
    const others = Object.keys(given).filter((key) => key !== "state" && key !== "engine");
    if (others.length > 0)
      throw new LlifError("ARGUMENT", `${place}: expected nothing beside state but engine, got ${others.join(", ")}`);
    const { inputs, rule, total: _, ...memory } = checkState(`${place}: state`, given.state);
    const begin = () => ({ rule, memory });
    return new SpikingLearner(await learnerEngine(choice), inputs, memory.wins.length, begin, noImages);
  }
  const { rule = { kind: "winner" }, seed = 0, examples } = given;
  const inputs = checkExtents(`${place}: inputs`, typeof given.inputs === "number" ? [given.inputs] : given.inputs);
  if (inputs.length === 0)
    throw new LlifError("ARGUMENT", `${place}: inputs: expected at least one dimension, got an array of 0`);
  const neurons = checkInteger(`${place}: neurons`, given.neurons, 1, 2 ** 20);
  checkRule(`${place}: rule`, rule);
  checkInteger(`${place}: seed`, seed, 0);
  const size = sizeOf(inputs);
  checkSize(place, size, neurons);
  const begin = (images: Uint8Array): Beginning => kindOf(rule).begin(rule, neurons, seed, statisticsOf(images, size));
  const first = examples === undefined ? null : pixelsOf(`${place}: examples`, examples, size);
  return new SpikingLearner(await learnerEngine(choice), inputs, neurons, begin, first);
}

const noImages = new Uint8Array(0);

interface Beginning {
  readonly rule: LearningRule;
  readonly memory: LearningMemory;
}

class SpikingLearner implements Learner {
  readonly engine: "wasm" | "reference";
  readonly neurons: number;
  readonly #inputs: Shape;
  readonly #size: number;
  readonly #start: (images: Uint8Array) => void;
  #core: LearnerCore | null = null;
  #rule: LearningRule | null = null;
  #disposed = false;
  #warned = false;

  /** @param examples what the layer begins with; null: the first images that it learns. */
  constructor(
    engine: LearnerEngine,
    inputs: Shape,
    neurons: number,
    begin: (images: Uint8Array) => Beginning,
    examples: Uint8Array | null,
  ) {
    this.engine = engine.name;
    this.neurons = neurons;
    this.#inputs = inputs;
    this.#size = sizeOf(inputs);
    this.#start = (images) => {
      const { rule, memory } = begin(images);
      this.#rule = rule;
      this.#core = engine.start({ inputs: this.#size, neurons, rule, memory } as LearnerLayer);
    };
    if (examples !== null) this.#start(examples);
  }

  learn(images: LearnerImages, options: LearnOptions = {}): LearnResult {
    const parts = this.#parts(images, options);
    for (;;) {
      const next = parts.next();
      if (next.done === true) return next.value;
    }
  }

  async learnAsync(images: LearnerImages, options: LearnOptions = {}): Promise<LearnResult> {
    const parts = this.#parts(images, options);
    let breathed = performance.now();
    for (;;) {
      const next = parts.next();
      if (next.done === true) return next.value;
      if (performance.now() - breathed < longestTurn) continue;
      await new Promise((resolve) => setTimeout(resolve, 0));
      breathed = performance.now();
    }
  }

  /** Learns part after part; returns what all of them took. */
  *#parts(images: LearnerImages, options: LearnOptions): Generator<void, LearnResult, undefined> {
    this.#alive();
    const { order, seed = 0, signal, onProgress } = checkOptions("learn", options, learnKeys);
    checkProgress("learn", { signal, onProgress });
    const pixels = pixelsOf("learn: images", images, this.#size);
    const numbers = orderOf(order, pixels.length / this.#size, seed);
    const total = numbers?.length ?? pixels.length / this.#size;
    if (this.#core === null) this.#start(pixels);
    let [done, silent, ticks, inputSpikes] = [0, 0, 0, 0];
    while (done < total) {
      throwIfAborted(signal);
      const end = Math.min(done + imagesPerPart, total);
      const took = this.#open().learn(this.#gather(pixels, numbers, done, end));
      silent += took.silent;
      ticks += took.ticks;
      inputSpikes += took.inputSpikes;
      done = end;
      onProgress?.(done, total);
      yield;
    }
    if (
      silent === total &&
      total > 0 &&
      this.#open()
        .wins()
        .every((wins) => wins === 0)
    )
      throw this.#allSilent(pixels);
    this.#warnOfDoubt();
    return { images: total, silent, updates: total - silent, ticks, inputSpikes };
  }

  winners(images: LearnerImages): Winners {
    const { counts: _, ...found } = this.#respond("winners", images, false);
    return found;
  }

  counts(images: LearnerImages): Uint16Array {
    return this.#respond("counts", images, true).counts as Uint16Array;
  }

  #respond(place: string, images: LearnerImages, counted: boolean) {
    this.#alive();
    const pixels = pixelsOf(`${place}: images`, images, this.#size);
    const count = pixels.length / this.#size;
    const [winners, ticks] = [new Uint32Array(count), new Uint32Array(count)];
    const counts = counted ? new Uint16Array(count * this.neurons) : null;
    const { silent, inputSpikes } = this.#open().respond(pixels, { winners, ticks, counts });
    return { winners, ticks, silent, inputSpikes, counts };
  }

  state(): LearnerState {
    const memory = this.#open().memory();
    return { inputs: this.#inputs, rule: this.#rule, ...memory, total: totalWins(memory.wins) } as LearnerState;
  }

  dispose(): void {
    this.#disposed = true;
    this.#core?.dispose();
    this.#core = null;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #alive(): void {
    if (this.#disposed) throw new DisposedError("learner");
  }

  #open(): LearnerCore {
    this.#alive();
    if (this.#core !== null) return this.#core;
    throw new LlifError(
      "ARGUMENT",
      "learner: expected images before, from which weights begin: call learn, or give createLearner examples",
    );
  }

  /** The pixels of images from `done` up to `end` in the order of presentation. */
  #gather(pixels: Uint8Array, numbers: Uint32Array | null, done: number, end: number): Uint8Array {
    const size = this.#size;
    if (numbers === null) return pixels.subarray(done * size, end * size);
    const part = new Uint8Array((end - done) * size);
    for (let at = done; at < end; at++)
      part.set(pixels.subarray(numbers[at] * size, (numbers[at] + 1) * size), (at - done) * size);
    return part;
  }

  #allSilent(pixels: Uint8Array): LlifError {
    const rule = this.#rule as LearningRule;
    const advice = kindOf(rule).fewer(rule, this.#open().memory(), statisticsOf(pixels, this.#size));
    return new LlifError("ARGUMENT", `learn: every image was silent: ${advice}`);
  }

  #warnOfDoubt(): void {
    if (this.#warned) return;
    const rule = this.#rule as LearningRule;
    const doubt = kindOf(rule).doubt(rule, this.#open().wins());
    if (doubt === null) return;
    this.#warned = true;
    warn(`learn: ${doubt}`);
  }
}

/** The numbers of images in the order of presentation; null: as they come. */
function orderOf(order: LearnOptions["order"], images: number, seed: number): Uint32Array | null {
  if (order === undefined) return null;
  if (order === "random") return shuffled(images, checkInteger("learn: seed", seed, 0));
  const numbers = checkNumbers("learn: order", order);
  for (let at = 0; at < numbers.length; at++) checkInteger(`learn: order: entry ${at}`, numbers[at], 0, images - 1);
  return Uint32Array.from(numbers);
}
