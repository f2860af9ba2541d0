// The rule `pair` once more, from its definition and with nothing of the library but types and its random numbers: one
// number after the other. Traces of inputs are powers of e, as live networks define them.
import type { PairNumbers } from "../../ts/engine/learner.ts";
import { pcg32 } from "../../ts/random.ts";

const f32 = Math.fround;

export class NaivePair {
  readonly rule: PairNumbers;
  /** weights[input][neuron] */
  readonly weights: number[][];
  readonly wins: number[];
  readonly rises: number[];
  presented: number;
  /** Of the last presentation. */
  counts: number[] = [];
  first: number[] = [];
  inputSpikes = 0;

  constructor(
    rule: PairNumbers,
    inputs: number,
    memory: {
      weights: ArrayLike<number>;
      wins: ArrayLike<number>;
      rises: ArrayLike<number>;
      presented: number;
    },
  ) {
    this.rule = rule;
    this.wins = Array.from(memory.wins);
    this.rises = Array.from(memory.rises);
    this.presented = memory.presented;
    this.weights = Array.from({ length: inputs }, (_, input) =>
      this.wins.map((_, neuron) => memory.weights[input * memory.wins.length + neuron]),
    );
  }

  present(pixels: ArrayLike<number>, learns: boolean): void {
    const { rule, weights } = this;
    const { plasticity } = rule;
    const neurons = this.wins.map((_, neuron) => neuron);
    const random = pcg32(rule.seed * 2 ** 32 + (learns ? this.presented : 2 ** 32 - 1));
    const rates = Array.from(pixels, (pixel) => Math.round((pixel / 255) * rule.rate * 2 ** 32));
    const [x, last] = [rates.map(() => 0), rates.map(() => 0)];
    const [v, y, rest] = [neurons.map(() => 0), neurons.map(() => 0), neurons.map(() => 0)];
    const [plus, minus] = [f32(plasticity.plus), f32(plasticity.minus)];
    const [low, high] = [f32(plasticity.minimum), f32(plasticity.maximum)];
    const [sourceTicks, targetTicks] = plasticity.timeConstantTicks;
    const clip = (weight: number) => Math.min(Math.max(weight, low), high);
    const multiplied = (change: number, room: number) =>
      plasticity.weightDependence === "multiplicative" ? f32(change * f32(room)) : change;
    const trace = (input: number, tick: number) => f32(x[input] * f32(Math.exp(-(tick - last[input]) / sourceTicks)));
    const marked = (value: number) => (plasticity.trace === "add" ? f32(value + 1) : 1);
    this.counts = neurons.map(() => 0);
    this.first = neurons.map(() => 0);
    this.inputSpikes = 0;
    for (let tick = 0; tick < rule.ticks; tick++) {
      const firing: number[] = [];
      rates.forEach((rate, input) => {
        if (rate === 0) return;
        const sent = (ticks: number) => Math.floor((ticks * rate) / 2 ** 32 + 0.5);
        if (rule.trains === "poisson" ? random() < rate : sent(tick + 1) > sent(tick)) firing.push(input);
      });
      this.inputSpikes += firing.length;
      for (const neuron of neurons) {
        for (const input of firing) v[neuron] = f32(v[neuron] + weights[input][neuron]);
        if (rest[neuron] > 0) v[neuron] = 0;
        rest[neuron] = Math.max(0, rest[neuron] - 1);
      }
      const over = neurons.map((neuron) => f32(v[neuron] - f32(f32(rule.threshold) + this.rises[neuron])));
      let fired = neurons.filter((neuron) => over[neuron] >= 0);
      if (fired.length > 0 && rule.competition === "furthest") fired = [over.indexOf(Math.max(...over))];
      if (fired.length > 0 && rule.competition === "random")
        fired = [fired[Math.floor((random() * fired.length) / 2 ** 32)]];
      for (const neuron of neurons)
        if (fired.includes(neuron) || (fired.length > 0 && rule.competition !== "none")) v[neuron] = 0;
      for (const neuron of fired) {
        rest[neuron] = rule.refractoryTicks;
        if (this.counts[neuron]++ === 0) this.first[neuron] = tick + 1;
        if (!learns) continue;
        this.wins[neuron]++;
        this.rises[neuron] = f32(this.rises[neuron] + f32(rule.thresholdRise));
      }
      if (!learns) continue;
      const mark = {
        inputs: () =>
          firing.forEach((input) => {
            x[input] = marked(trace(input, tick));
            last[input] = tick;
          }),
        neurons: () => fired.forEach((neuron) => (y[neuron] = marked(y[neuron]))),
      };
      for (const neuron of neurons) {
        y[neuron] = f32(y[neuron] * f32(Math.exp(-1 / targetTicks)));
        if (y[neuron] < 2 ** -40) y[neuron] = 0;
      }
      if (plasticity.coincident === "both") {
        mark.inputs();
        mark.neurons();
      }
      for (const input of firing)
        for (const neuron of neurons) {
          const now = weights[input][neuron];
          weights[input][neuron] = clip(f32(now - multiplied(f32(minus * y[neuron]), now - low)));
        }
      if (plasticity.coincident === "potentiate") mark.inputs();
      for (const neuron of fired)
        weights.forEach((row, input) => {
          const up = multiplied(f32(plus * trace(input, tick)), high - row[neuron]);
          row[neuron] = clip(f32(row[neuron] + up));
        });
      if (plasticity.coincident === "none") mark.inputs();
      if (plasticity.coincident !== "both") mark.neurons();
    }
    if (!learns) return;
    this.presented++;
    for (const neuron of neurons) {
      this.rises[neuron] = f32(this.rises[neuron] * (1 - rule.thresholdDecay));
      if (rule.weightSum === 0 || (rule.scaled === "fired" && this.counts[neuron] === 0)) continue;
      const sum = weights.reduce((sum, row) => f32(sum + row[neuron]), 0);
      const scale = sum > 0 ? f32(f32(rule.weightSum) / sum) : 1;
      for (const row of weights) row[neuron] = clip(f32(row[neuron] * scale));
    }
  }
}
