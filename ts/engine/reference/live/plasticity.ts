// Spike-timing-dependent plasticity of one synapse: its weights, the spikes on their way through them, and the traces.
import { plasticityConstants, traceDecay, type Plasticity } from "../../../spiking/plasticity.ts";
import type { Synapse } from "../../../spiking/synapses/kinds.ts";
import type { PlasticState } from "../../../spiking/live-state.ts";

const { fround } = Math;

/** The connections of a plastic synapse, source after source. */
export interface PlasticConnections {
  /** Connections of source n are those from `offsets[n]` up to `offsets[n + 1]`. */
  readonly offsets: Uint32Array;
  readonly targets: Uint32Array;
  /** The index of each connection in the weights of the network. */
  readonly numbers: Uint32Array;
  /** Ticks of each connection. */
  readonly delays: Uint32Array;
  /** Whether each connection has a delay of its own, and so a trace of its own. */
  readonly ownDelays: boolean;
  readonly targetCount: number;
}

/** The connections of a dense or sparse synapse; null for other kinds, which cannot be plastic. */
export function plasticConnections(synapse: Synapse, sources: number, targetCount: number): PlasticConnections | null {
  const { kind, delayTicks } = synapse;
  if (kind === "sparse") {
    const { offsets, targets, delays } = synapse;
    return {
      offsets,
      targets,
      numbers: targets.map((_, connection) => connection),
      delays: targets.map((_, connection) => delayTicks + (delays?.[connection] ?? 0)),
      ownDelays: delays !== undefined,
      targetCount,
    };
  }
  if (kind !== "dense") return null;
  const length = sources * targetCount;
  const byConnection = (value: (source: number, target: number) => number) =>
    Uint32Array.from({ length }, (_, connection) =>
      value(Math.floor(connection / targetCount), connection % targetCount),
    );
  return {
    offsets: Uint32Array.from({ length: sources + 1 }, (_, source) => source * targetCount),
    targets: byConnection((_, target) => target),
    numbers: byConnection((source, target) => target * sources + source),
    delays: new Uint32Array(length).fill(delayTicks),
    ownDelays: false,
    targetCount,
  };
}

/** Traces of targets below this are 0. */
const smallestTrace = 2 ** -40;
/** Beyond this scale, eligibilities are written in units of 1 again. */
const largestScale = 2 ** 20;

/**
 * In a tick: `arrive` while the target sums its charge, `learn` once it has fired, `emit` when the source fires (before
 * `arrive` where a delay is 0).
 * @see docs/live.md, which defines every operation and its rounding
 */
export class PlasticSynapse {
  readonly #connections: PlasticConnections;
  readonly #rule: Plasticity;
  readonly #initial: Float32Array;
  readonly #constants;
  readonly #decay;
  /** By connection, source after source. */
  readonly #weights: Float32Array;
  readonly #pre: Float32Array;
  readonly #preTicks: Float64Array;
  readonly #post: Float32Array;
  readonly #eligibility: Float32Array;
  #scale = 1;
  readonly #into: number[][];
  readonly #calendar = new Map<number, number[]>();
  #arrivals: readonly number[] = [];

  constructor(connections: PlasticConnections, weights: Float32Array, rule: Plasticity) {
    const length = connections.targets.length;
    this.#connections = connections;
    this.#rule = rule;
    this.#constants = plasticityConstants(rule);
    this.#decay = traceDecay(rule.timeConstantTicks[0]);
    this.#initial = weights.slice();
    this.#weights = new Float32Array(length);
    this.#pre = new Float32Array(length);
    this.#preTicks = new Float64Array(length);
    this.#post = new Float32Array(connections.targetCount);
    this.#eligibility = new Float32Array(length);
    this.#into = Array.from({ length: connections.targetCount }, () => []);
    connections.targets.forEach((target, connection) => this.#into[target].push(connection));
    this.reset();
  }

  reset(): void {
    this.setWeights(this.#initial);
    for (const values of [this.#pre, this.#preTicks, this.#post, this.#eligibility]) values.fill(0);
    this.#scale = 1;
    this.#calendar.clear();
    this.#arrivals = [];
  }

  /** Spikes on their way and traces are gone; weights stay. */
  rest(): void {
    for (const values of [this.#pre, this.#preTicks, this.#post]) values.fill(0);
    this.#calendar.clear();
    this.#arrivals = [];
  }

  /** Scales the weights of each of these targets to this sum, then clips them. A sum goes source after source. */
  normalise(targets: Iterable<number>, sum: number): void {
    for (const target of targets) {
      let total = 0;
      for (const connection of this.#into[target]) total = fround(total + this.#weights[connection]);
      const scale = total > 0 ? fround(fround(sum) / total) : 1;
      for (const connection of this.#into[target])
        this.#weights[connection] = this.#clip(fround(this.#weights[connection] * scale));
    }
  }

  /** A source fires, or has fired `ticksAgo` ticks before `tick`. Within a tick, sources come in ascending order. */
  emit(tick: number, source: number, ticksAgo = 0): void {
    const { offsets, delays } = this.#connections;
    for (let connection = offsets[source]; connection < offsets[source + 1]; connection++) {
      const wait = delays[connection] - ticksAgo;
      if (wait < 0) continue;
      const due = this.#calendar.get(tick + wait);
      if (due === undefined) this.#calendar.set(tick + wait, [connection]);
      else due.push(connection);
    }
  }

  /** Adds each weight through which a spike arrives, rounding after each; returns their number. */
  arrive(tick: number, sums: Float32Array): number {
    this.#arrivals = this.#calendar.get(tick) ?? [];
    this.#calendar.delete(tick);
    for (const connection of this.#arrivals) sums[this.#connections.targets[connection]] += this.#weights[connection];
    return this.#arrivals.length;
  }

  /** Ends the tick: these targets fired in it. */
  learn(tick: number, fired: Iterable<number>): void {
    const { targetFactor } = this.#constants;
    for (let target = 0; target < this.#post.length; target++) {
      const trace = fround(targetFactor * this.#post[target]);
      this.#post[target] = trace < smallestTrace ? 0 : trace;
    }
    this.#growScale();
    const targets = [...fired];
    const { coincident } = this.#rule;
    if (coincident === "both") {
      this.#markSources(tick);
      this.#markTargets(targets);
    }
    for (const connection of this.#arrivals) this.#depress(connection);
    if (coincident === "potentiate") this.#markSources(tick);
    for (const target of targets) for (const connection of this.#into[target]) this.#potentiate(connection, tick);
    if (coincident === "none") this.#markSources(tick);
    if (coincident !== "both") this.#markTargets(targets);
    this.#arrivals = [];
  }

  /** Adds eligibility times reward to every weight. */
  reward(reward: number): void {
    if (this.#constants.eligibilityGrowth === null) return;
    const share = fround(fround(reward) / this.#scale);
    for (let connection = 0; connection < this.#weights.length; connection++) {
      const change = fround(share * this.#eligibility[connection]);
      this.#weights[connection] = this.#clip(fround(this.#weights[connection] + change));
    }
  }

  weights(into: Float32Array): void {
    this.#numbered(this.#weights, into);
  }

  setWeights(weights: Float32Array): void {
    // −0 becomes 0, so that a change of 0 changes no weight.
    this.#connections.numbers.forEach((number, connection) => (this.#weights[connection] = weights[number] + 0));
  }

  /** @param tick the next one to run. */
  state(tick: number): PlasticState {
    const length = this.#weights.length;
    const { offsets, ownDelays } = this.#connections;
    const [weights, eligibility] = [new Float32Array(length), new Float32Array(length)];
    this.#numbered(this.#weights, weights);
    this.#numbered(this.#eligibility, eligibility);
    const pre = this.#pre.map((value, index) => (this.#left(tick - this.#preTicks[index]) === 0 ? 0 : value));
    const ages = this.#preTicks.map((last, index) => (pre[index] === 0 ? 0 : tick - last));
    const bySource = <T extends Float32Array | Float64Array>(values: T, into: T): T => {
      for (let source = 0; source < into.length; source++)
        if (offsets[source] < offsets[source + 1]) into[source] = values[offsets[source]];
      return into;
    };
    const sources = offsets.length - 1;
    return {
      weights,
      pre: ownDelays ? this.#numbered(pre, new Float32Array(length)) : bySource(pre, new Float32Array(sources)),
      preTicksAgo: ownDelays
        ? this.#numbered(ages, new Float64Array(length))
        : bySource(ages, new Float64Array(sources)),
      post: this.#post.slice(),
      ...(this.#constants.eligibilityGrowth === null ? {} : { eligibility, eligibilityScale: this.#scale }),
    };
  }

  /**
   * Takes over a state; spikes on their way come by `emit`.
   * @param tick the next one to run.
   */
  restore(tick: number, { weights, pre, preTicksAgo, post, eligibility, eligibilityScale = 1 }: PlasticState): void {
    this.reset();
    this.setWeights(weights);
    const { offsets, numbers, ownDelays } = this.#connections;
    for (let source = 0; source + 1 < offsets.length; source++) {
      for (let connection = offsets[source]; connection < offsets[source + 1]; connection++) {
        const at = ownDelays ? numbers[connection] : source;
        this.#pre[connection] = pre[at];
        this.#preTicks[connection] = tick - preTicksAgo[at];
        if (eligibility !== undefined) this.#eligibility[connection] = eligibility[numbers[connection]];
      }
    }
    this.#post.set(post);
    this.#scale = eligibilityScale;
  }

  /** Eligibilities do not fall; what they are measured in grows. */
  #growScale(): void {
    const { eligibilityGrowth } = this.#constants;
    if (eligibilityGrowth === null) return;
    this.#scale *= eligibilityGrowth;
    if (this.#scale <= largestScale) return;
    const unit = fround(1 / this.#scale);
    for (let connection = 0; connection < this.#eligibility.length; connection++) this.#eligibility[connection] *= unit;
    this.#scale = 1;
  }

  #markSources(tick: number): void {
    for (const connection of this.#arrivals) {
      this.#pre[connection] = this.#marked(this.#sourceTrace(connection, tick));
      this.#preTicks[connection] = tick;
    }
  }

  #markTargets(targets: readonly number[]): void {
    for (const target of targets) this.#post[target] = this.#marked(this.#post[target]);
  }

  #marked(trace: number): number {
    return this.#rule.trace === "add" ? fround(trace + 1) : 1;
  }

  #sourceTrace(connection: number, tick: number): number {
    return fround(this.#pre[connection] * this.#left(tick - this.#preTicks[connection]));
  }

  /** What is left of a source's trace of 1. */
  #left(ticks: number): number {
    const { low, high } = this.#decay;
    const whole = Math.floor(ticks / 1024);
    return whole < high.length ? fround(high[whole] * low[ticks % 1024]) : 0;
  }

  #depress(connection: number): void {
    const { minus, minimum } = this.#constants;
    const weight = this.#weights[connection];
    const scaled = fround(minus * this.#post[this.#connections.targets[connection]]);
    const down = this.#multiplies() ? fround(scaled * fround(weight - minimum)) : scaled;
    this.#change(connection, -down);
  }

  #potentiate(connection: number, tick: number): void {
    const { plus, maximum } = this.#constants;
    const scaled = fround(plus * this.#sourceTrace(connection, tick));
    const up = this.#multiplies() ? fround(scaled * fround(maximum - this.#weights[connection])) : scaled;
    this.#change(connection, up);
  }

  #multiplies(): boolean {
    return this.#rule.weightDependence === "multiplicative";
  }

  #change(connection: number, change: number): void {
    if (this.#constants.eligibilityGrowth === null)
      this.#weights[connection] = this.#clip(fround(this.#weights[connection] + change));
    else this.#eligibility[connection] += fround(change * fround(this.#scale));
  }

  #clip(weight: number): number {
    const { minimum, maximum } = this.#constants;
    return Math.min(Math.max(weight, minimum), maximum);
  }

  /** From the order by source to the network's. */
  #numbered<T extends Float32Array | Float64Array>(values: T, into: T): T {
    this.#connections.numbers.forEach((number, connection) => (into[number] = values[connection]));
    return into;
  }
}
