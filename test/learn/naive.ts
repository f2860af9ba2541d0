// The rule `winner` once more, from its definition and with nothing of the library but types: one number after the other.
import type { WinnerNumbers } from "../../ts/engine/learner.ts";

export interface NaivePresentation {
  readonly winner: number;
  /** 0 for a silent image. */
  readonly tick: number;
  readonly inputSpikes: number;
  readonly thresholds: readonly number[];
}

const f32 = Math.fround;

export class NaiveLearner {
  readonly rule: WinnerNumbers;
  /** weights[input][neuron] */
  readonly weights: number[][];
  readonly wins: number[];

  constructor(rule: WinnerNumbers, inputs: number, weights: ArrayLike<number>, wins: ArrayLike<number>) {
    this.rule = rule;
    this.wins = Array.from(wins);
    this.weights = Array.from({ length: inputs }, (_, input) =>
      this.wins.map((_, neuron) => f32(weights[input * wins.length + neuron])),
    );
  }

  present(pixels: ArrayLike<number>, learns: boolean): NaivePresentation {
    const { maxTicks, threshold, homeostasis, leastThreshold, leak } = this.rule;
    const neurons = this.wins.map((_, neuron) => neuron);
    const total = this.wins.reduce((sum, wins) => sum + wins, 0);
    const thresholds = this.wins.map((wins) =>
      f32(Math.max(leastThreshold, threshold + homeostasis * (wins - total / neurons.length))),
    );
    const lost = neurons.map((neuron) => (leak === "none" ? 0 : this.#halfSquare(neuron)));
    const potential = neurons.map(() => 0);
    let inputSpikes = 0;
    for (let tick = 1; tick <= maxTicks; tick++) {
      for (const neuron of neurons) potential[neuron] = f32(potential[neuron] - lost[neuron]);
      for (let input = 0; input < pixels.length; input++) {
        if (count(pixels[input], tick) === count(pixels[input], tick - 1)) continue;
        inputSpikes++;
        for (const neuron of neurons) potential[neuron] = f32(potential[neuron] + this.weights[input][neuron]);
      }
      const over = neurons.map((neuron) => f32(potential[neuron] - thresholds[neuron]));
      const most = Math.max(...over);
      if (most < 0 && tick < maxTicks) continue;
      const winner = over.indexOf(most);
      if (most < 0) return { winner, tick: 0, inputSpikes, thresholds };
      if (learns) this.#move(winner, pixels, tick);
      return { winner, tick, inputSpikes, thresholds };
    }
    throw new Error("no ticks");
  }

  #move(winner: number, pixels: ArrayLike<number>, tick: number): void {
    const { rate, leastRate, rateWins } = this.rule;
    const step = f32(Math.max(leastRate, rate / (1 + this.wins[winner] / rateWins)));
    for (let input = 0; input < pixels.length; input++) {
      const row = this.weights[input];
      const away = f32(f32(count(pixels[input], tick) / tick) - row[winner]);
      row[winner] = f32(row[winner] + f32(step * away));
    }
    this.wins[winner]++;
  }

  #halfSquare(neuron: number): number {
    let sum = 0;
    for (const row of this.weights) sum = f32(sum + f32(row[neuron] * row[neuron]));
    return f32(sum / 2);
  }
}

/** Spikes of a regular train of rate pixel/255 until the tick: the nearest integer, halves up. */
function count(pixel: number, tick: number): number {
  return Math.floor((tick * pixel) / 255 + 0.5);
}
