// The rule `pair` in plain TypeScript: the definition. Weights and traces are those of a plastic synapse of a live network.
import { pcg32 } from "../../random.ts";
import type { LearnerCore, PairLayer, PairNumbers, Presentations } from "../learner.ts";
import { notLearning, one, pixelRates, presentationSeed } from "../pair-numbers.ts";
import { PlasticSynapse } from "./live/plasticity.ts";

const { fround } = Math;

/** What is learnt so far is copied. */
export function referencePair(layer: PairLayer): LearnerCore {
  const pair = new PairLearning(layer);
  const { inputs, neurons } = layer;
  const eachImage = (images: Uint8Array, present: (pixels: Uint8Array, image: number) => number): Presentations => {
    const took = { silent: 0, ticks: 0, inputSpikes: 0 };
    for (let image = 0; image < images.length / inputs; image++) {
      took.inputSpikes += present(images.subarray(image * inputs, (image + 1) * inputs), image);
      took.ticks += layer.rule.ticks;
      took.silent += Number(pair.counts.every((count) => count === 0));
    }
    return took;
  };
  return {
    learn: (images) => eachImage(images, (pixels) => pair.learn(pixels)),
    respond: (images, { winners, ticks, counts }) =>
      eachImage(images, (pixels, image) => {
        const inputSpikes = pair.present(pixels, notLearning, false);
        const most = pair.counts.reduce((most, count) => Math.max(most, count), 0);
        winners[image] = most === 0 ? pair.furthest() : pair.counts.indexOf(most);
        ticks[image] = most === 0 ? 0 : pair.first[winners[image]];
        counts?.set(pair.counts, image * neurons);
        return inputSpikes;
      }),
    memory: () => pair.memory(),
    wins: () => pair.memory().wins,
    dispose: () => undefined,
  };
}

class PairLearning {
  /** Spikes of each neuron in this presentation, and the tick of the first, from 1. */
  readonly counts: Uint16Array;
  readonly first: Uint32Array;
  readonly #rule: PairNumbers;
  readonly #inputs: number;
  readonly #rates: Float64Array;
  readonly #synapse: PlasticSynapse;
  readonly #wins: Uint32Array;
  readonly #rises: Float32Array;
  readonly #potential: Float32Array;
  /** For how many more ticks each neuron takes no charge. */
  readonly #waits: Uint32Array;
  #presented: number;

  constructor({ inputs, neurons, rule, memory: { weights, wins, rises, presented } }: PairLayer) {
    this.#rule = rule;
    this.#inputs = inputs;
    this.#rates = pixelRates(rule.rate);
    this.#wins = wins.slice();
    this.#rises = rises.slice();
    this.#presented = presented;
    this.#potential = new Float32Array(neurons);
    this.#waits = new Uint32Array(neurons);
    this.counts = new Uint16Array(neurons);
    this.first = new Uint32Array(neurons);
    const length = inputs * neurons;
    const connections = {
      offsets: Uint32Array.from({ length: inputs + 1 }, (_, input) => input * neurons),
      targets: Uint32Array.from({ length }, (_, connection) => connection % neurons),
      numbers: Uint32Array.from({ length }, (_, connection) => connection),
      delays: new Uint32Array(length),
      ownDelays: false,
      targetCount: neurons,
    };
    this.#synapse = new PlasticSynapse(connections, weights, rule.plasticity);
  }

  memory() {
    const weights = new Float32Array(this.#inputs * this.#wins.length);
    this.#synapse.weights(weights);
    return { weights, wins: this.#wins.slice(), rises: this.#rises.slice(), presented: this.#presented };
  }

  /** Returns the spikes of the inputs. */
  learn(pixels: Uint8Array): number {
    const inputSpikes = this.present(pixels, this.#presented++, true);
    const { weightSum, scaled, thresholdDecay } = this.#rule;
    this.#synapse.rest();
    const neurons = [...this.counts.keys()].filter((neuron) => scaled === "all" || this.counts[neuron] > 0);
    if (weightSum > 0) this.#synapse.normalise(neurons, weightSum);
    for (let neuron = 0; neuron < this.#rises.length; neuron++) this.#rises[neuron] *= 1 - thresholdDecay;
    return inputSpikes;
  }

  /** @param presentation its number, of which the random numbers are. */
  present(pixels: Uint8Array, presentation: number, learns: boolean): number {
    const random = pcg32(presentationSeed(this.#rule.seed, presentation));
    const phases = new Float64Array(this.#inputs).fill(one / 2);
    for (const values of [this.#potential, this.#waits, this.counts, this.first]) values.fill(0);
    let inputSpikes = 0;
    for (let tick = 0; tick < this.#rule.ticks; tick++) {
      for (let input = 0; input < this.#inputs; input++) {
        if (!this.#fires(this.#rates[pixels[input]], phases, input, random)) continue;
        this.#synapse.emit(tick, input);
        inputSpikes++;
      }
      this.#integrate(tick);
      const fired = this.#compete(random);
      for (const neuron of fired) {
        this.counts[neuron]++;
        this.first[neuron] ||= tick + 1;
        if (!learns) continue;
        this.#wins[neuron]++;
        this.#rises[neuron] += fround(this.#rule.thresholdRise);
      }
      if (learns) this.#synapse.learn(tick, fired);
    }
    return inputSpikes;
  }

  /** The first neuron that is furthest above its threshold. */
  furthest(): number {
    let best = 0;
    for (let neuron = 1; neuron < this.#potential.length; neuron++)
      if (this.#above(neuron) > this.#above(best)) best = neuron;
    return best;
  }

  #fires(rate: number, phases: Float64Array, input: number, random: () => number): boolean {
    if (rate === 0) return false;
    if (this.#rule.trains === "poisson") return random() < rate;
    phases[input] += rate;
    if (phases[input] < one) return false;
    phases[input] -= one;
    return true;
  }

  #integrate(tick: number): void {
    this.#synapse.arrive(tick, this.#potential);
    for (let neuron = 0; neuron < this.#waits.length; neuron++) {
      if (this.#waits[neuron] === 0) continue;
      this.#potential[neuron] = 0;
      this.#waits[neuron]--;
    }
  }

  #above(neuron: number): number {
    const threshold = fround(fround(this.#rule.threshold) + this.#rises[neuron]);
    return fround(this.#potential[neuron] - threshold);
  }

  /** The neurons that fire, ascending. */
  #compete(random: () => number): number[] {
    const { competition, refractoryTicks } = this.#rule;
    const reached = [...this.#potential.keys()].filter((neuron) => this.#above(neuron) >= 0);
    if (reached.length === 0) return [];
    const fired = {
      furthest: () => [this.furthest()],
      random: () => [reached[Math.floor((random() / one) * reached.length)]],
      none: () => reached,
    }[competition]();
    if (competition === "none") for (const neuron of fired) this.#potential[neuron] = 0;
    else this.#potential.fill(0);
    for (const neuron of fired) this.#waits[neuron] = refractoryTicks;
    return fired;
  }
}
