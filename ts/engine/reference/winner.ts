// The rule `winner` in plain TypeScript: the definition. A Float32Array rounds what is stored in it.
import type { LearnerCore, Presentations, WinnerLayer, WinnerNumbers } from "../learner.ts";

/** Weights and wins are copied. */
export function referenceWinner(layer: WinnerLayer): LearnerCore {
  const competition = new Competition(layer);
  return {
    learn: (images) => competition.present(images, (winner, tick) => competition.update(winner, tick)),
    respond(images, { winners, ticks, counts }) {
      let image = 0;
      return competition.present(images, (winner, tick) => {
        winners[image] = winner;
        ticks[image] = tick;
        if (counts !== null && tick > 0) counts[image * layer.neurons + winner] = 1;
        image++;
      });
    },
    memory: () => ({ weights: competition.weights.slice(), wins: competition.wins.slice() }),
    wins: () => competition.wins.slice(),
    dispose: () => undefined,
  };
}

class Competition {
  readonly weights: Float32Array;
  readonly wins: Uint32Array;
  readonly #inputs: number;
  readonly #neurons: number;
  readonly #rule: WinnerNumbers;
  readonly #potential: Float32Array;
  readonly #threshold: Float32Array;
  /** ½Σw² of each neuron, lost each tick; null without this leak. */
  readonly #leak: Float32Array | null;
  /** Spikes of each input in this presentation. */
  readonly #counts: Uint32Array;
  #total: number;

  constructor({ inputs, neurons, rule, memory: { weights, wins } }: WinnerLayer) {
    this.#inputs = inputs;
    this.#neurons = neurons;
    this.#rule = rule;
    this.weights = weights.slice();
    this.wins = wins.slice();
    this.#total = wins.reduce((sum, count) => sum + count, 0);
    this.#potential = new Float32Array(neurons);
    this.#threshold = new Float32Array(neurons);
    this.#leak = rule.leak === "none" ? null : new Float32Array(neurons);
    this.#counts = new Uint32Array(inputs);
    if (this.#leak !== null)
      for (let neuron = 0; neuron < neurons; neuron++) this.#leak[neuron] = this.#halfSquare(neuron);
  }

  /** @param decided what follows from each image: its winner, and the tick of its spike, 0 for none. */
  present(images: Uint8Array, decided: (winner: number, tick: number) => void): Presentations {
    let [silent, ticks, inputSpikes] = [0, 0, 0];
    for (let first = 0; first < images.length; first += this.#inputs) {
      const pixels = images.subarray(first, first + this.#inputs);
      this.#begin();
      let [tick, winner] = [0, -1];
      while (winner < 0 && tick < this.#rule.maxTicks) {
        tick++;
        inputSpikes += this.#integrate(pixels, tick);
        winner = this.#best(0);
      }
      ticks += tick;
      if (winner < 0) {
        silent++;
        decided(this.#best(-Infinity), 0);
      } else {
        decided(winner, tick);
      }
    }
    return { silent, ticks, inputSpikes };
  }

  /** The winner's weights go toward the rates of the inputs; a silent image changes nothing. */
  update(winner: number, tick: number): void {
    if (tick === 0) return;
    const { rate, leastRate, rateWins } = this.#rule;
    const step = Math.fround(Math.max(leastRate, rate / (1 + this.wins[winner] / rateWins)));
    for (let input = 0; input < this.#inputs; input++) {
      const at = input * this.#neurons + winner;
      const inputRate = Math.fround(this.#counts[input] / tick);
      this.weights[at] += Math.fround(step * Math.fround(inputRate - this.weights[at]));
    }
    this.wins[winner]++;
    this.#total++;
    if (this.#leak !== null) this.#leak[winner] = this.#halfSquare(winner);
  }

  #begin(): void {
    const { threshold, homeostasis, leastThreshold } = this.#rule;
    const share = this.#total / this.#neurons;
    for (let neuron = 0; neuron < this.#neurons; neuron++)
      this.#threshold[neuron] = Math.max(leastThreshold, threshold + homeostasis * (this.wins[neuron] - share));
    this.#potential.fill(0);
    this.#counts.fill(0);
  }

  /** Regular trains: an input of pixel p has round(t·p/255) spikes after t ticks. Returns the spikes of this tick. */
  #integrate(pixels: Uint8Array, tick: number): number {
    const potential = this.#potential;
    if (this.#leak !== null)
      for (let neuron = 0; neuron < this.#neurons; neuron++) potential[neuron] -= this.#leak[neuron];
    let spikes = 0;
    for (let input = 0; input < this.#inputs; input++) {
      const count = Math.floor((2 * tick * pixels[input] + 255) / 510);
      if (count === this.#counts[input]) continue;
      this.#counts[input] = count;
      spikes++;
      const row = input * this.#neurons;
      for (let neuron = 0; neuron < this.#neurons; neuron++) potential[neuron] += this.weights[row + neuron];
    }
    return spikes;
  }

  /** The neuron that is furthest above its threshold, if any is at least `least` above; else −1. In a tie, the first. */
  #best(least: number): number {
    let [best, furthest] = [-1, least];
    for (let neuron = 0; neuron < this.#neurons; neuron++) {
      const over = Math.fround(this.#potential[neuron] - this.#threshold[neuron]);
      if (best < 0 ? over >= furthest : over > furthest) [best, furthest] = [neuron, over];
    }
    return best;
  }

  #halfSquare(neuron: number): number {
    let sum = 0;
    for (let at = neuron; at < this.weights.length; at += this.#neurons)
      sum = Math.fround(sum + Math.fround(this.weights[at] * this.weights[at]));
    return 0.5 * sum;
  }
}
