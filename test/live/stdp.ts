// The definition of spike-timing-dependent plasticity (docs/live.md), one connection at a time, with the rounding as an argument.
import type { Plasticity } from "../../ts/spiking/plasticity.ts";

export interface NaiveConnection {
  readonly source: number;
  readonly target: number;
  readonly delay: number;
  readonly weight: number;
}

interface Learning {
  weight: number;
  /** x at the last arrival, and the tick of that. */
  x: number;
  last: number;
  eligibility: number;
  arrives: boolean;
}

export class NaiveStdp {
  readonly connections: readonly NaiveConnection[];
  readonly learning: Learning[];
  readonly #rule: Plasticity;
  readonly #round: (value: number) => number;
  readonly y: number[];
  #scale = 1;
  #sent: { readonly tick: number; readonly source: number }[] = [];
  /** Numbers of the connections of each source. */
  readonly #of = new Map<number, number[]>();
  readonly #longest: number;

  constructor(
    connections: readonly NaiveConnection[],
    targets: number,
    rule: Plasticity,
    round: (value: number) => number,
  ) {
    this.connections = connections;
    // −0 is stored as 0.
    this.learning = connections.map(({ weight }) => ({
      weight: weight + 0,
      x: 0,
      last: 0,
      eligibility: 0,
      arrives: false,
    }));
    this.y = new Array<number>(targets).fill(0);
    this.#rule = rule;
    this.#round = round;
    connections.forEach(({ source }, index) => this.#of.set(source, [...(this.#of.get(source) ?? []), index]));
    this.#longest = connections.reduce((longest, { delay }) => Math.max(longest, delay), 0);
  }

  emit(tick: number, source: number): void {
    this.#sent.push({ tick, source });
  }

  /** What arrives in this tick, in order. */
  arrivals(tick: number): { readonly target: number; readonly weight: number }[] {
    for (const learning of this.learning) learning.arrives = false;
    this.#sent = this.#sent.filter((sent) => sent.tick + this.#longest >= tick);
    return this.#sent.flatMap((sent) =>
      (this.#of.get(sent.source) ?? []).flatMap((index) => {
        const { target, delay } = this.connections[index];
        if (sent.tick + delay !== tick) return [];
        this.learning[index].arrives = true;
        return [{ target, weight: this.learning[index].weight }];
      }),
    );
  }

  learn(tick: number, fired: readonly number[]): void {
    const { plus, minus, minimum, maximum, timeConstantTicks, coincident, weightDependence, reward } = this.#rule;
    const round = this.#round;
    const multiplicative = weightDependence === "multiplicative";
    this.y.forEach((y, target) => {
      const left = round(round(Math.exp(-1 / timeConstantTicks[1])) * y);
      this.y[target] = left < 2 ** -40 ? 0 : left;
    });
    if (reward !== undefined) {
      this.#scale *= Math.exp(1 / reward.timeConstantTicks);
      if (this.#scale > 2 ** 20) {
        for (const learning of this.learning)
          learning.eligibility = round(learning.eligibility * round(1 / this.#scale));
        this.#scale = 1;
      }
    }
    const counted = (trace: number) => (this.#rule.trace === "add" ? round(trace + 1) : 1);
    const countArrivals = () => {
      for (const learning of this.learning.filter(({ arrives }) => arrives))
        Object.assign(learning, { x: counted(this.#x(learning, tick)), last: tick });
    };
    const countSpikes = () => fired.forEach((target) => (this.y[target] = counted(this.y[target])));
    const change = (learning: Learning, by: number) => {
      if (reward !== undefined) learning.eligibility = round(learning.eligibility + round(by * round(this.#scale)));
      else learning.weight = this.#clip(round(learning.weight + by));
    };
    if (coincident === "both") {
      countArrivals();
      countSpikes();
    }
    this.learning.forEach((learning, index) => {
      if (!learning.arrives) return;
      const scaled = round(round(minus) * this.y[this.connections[index].target]);
      change(learning, -(multiplicative ? round(scaled * round(learning.weight - round(minimum))) : scaled));
    });
    if (coincident === "potentiate") countArrivals();
    this.learning.forEach((learning, index) => {
      if (!fired.includes(this.connections[index].target)) return;
      const scaled = round(round(plus) * this.#x(learning, tick));
      change(learning, multiplicative ? round(scaled * round(round(maximum) - learning.weight)) : scaled);
    });
    if (coincident === "none") countArrivals();
    if (coincident !== "both") countSpikes();
  }

  reward(value: number): void {
    if (this.#rule.reward === undefined) return;
    const share = this.#round(this.#round(value) / this.#scale);
    for (const learning of this.learning)
      learning.weight = this.#clip(this.#round(learning.weight + this.#round(share * learning.eligibility)));
  }

  #x({ x, last }: Learning, tick: number): number {
    const constant = this.#rule.timeConstantTicks[0];
    const [ticks, end] = [tick - last, 1024 * Math.min(2 ** 14, Math.ceil((28 * constant) / 1024))];
    const whole = Math.floor(ticks / 1024);
    const left = Math.exp((-1024 * whole) / constant) * Math.exp(-(ticks % 1024) / constant);
    return ticks < end ? this.#round(x * this.#round(left)) : 0;
  }

  #clip(weight: number): number {
    const { minimum, maximum } = this.#rule;
    return Math.min(Math.max(weight, this.#round(minimum)), this.#round(maximum));
  }
}
