// Learning inside a run, in the engines that run live networks: the window in closed form, a naive definition, states.
import { describe, expect, it } from "vitest";
import type { Simulator } from "../../ts/engine/engine.ts";
import { engines } from "../theorems/engines.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import { readState, writeState } from "../../ts/formats/live-state.ts";
import type { SpikingNetwork } from "../../ts/spiking/network.ts";
import { stdp, type Plasticity, type StdpOptions } from "../../ts/spiking/plasticity.ts";
import { Draw } from "../draw.ts";
import { NaiveStdp, type NaiveConnection } from "./stdp.ts";

const { fround } = Math;

const silent = { input: "none", units: 1, threshold: 1000, reset: "hard" } as const;
const rule = (options: Partial<StdpOptions> = {}): Plasticity =>
  stdp({ plus: 0.01, minus: 0.012, timeConstantTicks: [20, 35], maximum: 1, ...options });

/** Two neurons that fire when they are forced to, with one weight of ½ and a delay of 3 ticks between them. */
const pair = (options: Partial<StdpOptions>): SpikingNetwork =>
  spikingNetwork({ inputs: 1 })
    .population({ ...silent, name: "a" })
    .population({ ...silent, name: "b" })
    .connect({ name: "learns", from: "a", to: "b", weights: [[0.5]], delayTicks: 3, plasticity: rule(options) })
    .build();

function tickOf(simulator: Simulator, forced: Readonly<Record<string, readonly number[]>>): void {
  for (const [name, neurons] of Object.entries(forced)) simulator.force(name, neurons);
  simulator.run(null, { ticks: 1, keepState: true });
}

describe.each(engines)("learning inside a run, $name engine", (engine) => {
  async function changeOf(options: Partial<StdpOptions>, interval: number, reward?: number): Promise<number> {
    const simulator = await engine.createSimulator(pair(options));
    // What a sends in tick 97 arrives in tick 100.
    for (let tick = 0; tick < 300; tick++)
      tickOf(simulator, { a: tick === 97 ? [0] : [], b: tick === 100 + interval ? [0] : [] });
    if (reward !== undefined) simulator.reward(reward);
    const [weight] = simulator.weights("learns");
    simulator.dispose();
    return weight - 0.5;
  }

  const intervals = [-70, -31, -8, -2, -1, 1, 2, 5, 19, 44, 80];
  const expected = (interval: number) =>
    interval > 0 ? 0.01 * Math.exp(-interval / 20) : -0.012 * Math.exp(interval / 35);

  it("follows the window of the closed formula, delays included, and a reward's", async () => {
    for (const interval of intervals) {
      expect(await changeOf({}, interval)).toBeCloseTo(expected(interval), 7);
      const fades = { reward: { timeConstantTicks: 60 } };
      const waited = 299 - Math.max(100, 100 + interval);
      const change = -2 * expected(interval) * Math.exp(-waited / 60);
      expect(await changeOf(fades, interval, -2)).toBeCloseTo(change, 7);
    }
    expect(await changeOf({ coincident: "none" }, 0)).toBe(0);
    expect(await changeOf({ coincident: "both" }, 0)).toBeCloseTo(0.01 - 0.012, 7);
  });

  it("delivers the weight before the change", async () => {
    const simulator = await engine.createSimulator(pair({ trace: "set", minus: 0.25, timeConstantTicks: [20, 1e9] }));
    const potentials: number[] = [];
    for (let tick = 0; tick < 12; tick++) {
      tickOf(simulator, { a: tick === 2 || tick === 4 ? [0] : [], b: tick === 1 ? [0] : [] });
      potentials.push(simulator.potentials("b")[0]);
    }
    expect(potentials.slice(4, 8)).toEqual([0, 0.5, 0.5, 0.75]);
    expect([...simulator.weights("learns")]).toEqual([0]);
    simulator.dispose();
  });

  it("refuses what it cannot do", async () => {
    const simulator = await engine.createSimulator(pair({}));
    expect(() => simulator.reward(1)).toThrow("reward: network");
    expect(() => simulator.setWeights("learns", [1.5])).toThrow("expected weights from 0 to 1, got 1.5 at index 0");
    simulator.setWeights("learns", [0.25]);
    const state = simulator.state();
    const { pre, ...rest } = state.synapses[0];
    expect(pre).toHaveLength(1);
    expect(() => simulator.restore({ ...state, synapses: { 0: rest } })).toThrow("synapse 0: pre");
    expect(() => simulator.restore({ ...state, synapses: {} })).toThrow("expected the traces of synapse 0");
    simulator.reset();
    expect([...simulator.weights("learns")]).toEqual([0.5]);
    simulator.dispose();
  });

  it("equals its naive definition bit for bit, and goes on from a state in either engine", async () => {
    for (let seed = 0; seed < 60; seed++) {
      const drawn = drawNetwork(new Draw(seed));
      const naive = new NaiveNetwork(drawn);
      const record = { spikes: ["n"] } as const;
      let [simulator, next] = await Promise.all(
        [engine, ...engines.filter((other) => other !== engine)].map((each) =>
          each.createSimulator(drawn.network, { record }),
        ),
      );
      let fired = 0;
      for (let tick = 0; tick < drawn.ticks; tick++) {
        if (tick % 5 === drawn.stop) {
          next.restore(readState(writeState(simulator.state())));
          expect(next.state()).toEqual(simulator.state());
          [simulator, next] = [next, simulator];
        }
        simulator.force("n", drawn.forced[tick]);
        const input = drawn.input[tick];
        const { spikes } = simulator.run(
          { spikes: { ticks: input.map(() => 0), neurons: input } },
          { ticks: 1, keepState: true },
        );
        const expected = naive.tick(tick);
        fired += expected.length;
        expect([...spikes.n.neurons]).toEqual(expected);
        expect(simulator.potentials("n")).toEqual(naive.v);
        if (tick % 10 === 9 && drawn.rewards) {
          simulator.reward(drawn.values[tick]);
          naive.reward(drawn.values[tick]);
        }
        for (const [name, learning] of Object.entries(naive.plastic))
          expect(simulator.weights(name)).toEqual(Float32Array.from(learning.learning, ({ weight }) => weight));
      }
      expect(fired).toBeGreaterThan(0);
      for (const each of [simulator, next]) each.dispose();
    }
  });
});

interface Drawn {
  readonly network: SpikingNetwork;
  readonly alpha: number;
  readonly threshold: number;
  readonly connections: Readonly<Record<"in" | "loop" | "fixed", readonly NaiveConnection[]>>;
  readonly rules: Readonly<Record<"in" | "loop", Plasticity>>;
  readonly rewards: boolean;
  readonly input: readonly (readonly number[])[];
  readonly forced: readonly (readonly number[])[];
  readonly values: readonly number[];
  readonly ticks: number;
  /** In every fifth tick, from this one on, the run goes on from a state. */
  readonly stop: number;
}

const neurons = 6;
const between = (draw: Draw, from: number, to: number): number => from + (to - from) * draw.unit();

/** Two inputs, which reach six neurons through weights that learn; the neurons reach each other, through such weights and others. */
function drawNetwork(draw: Draw): Drawn {
  const rewards = draw.chance(50);
  const ruleOf = (): Plasticity =>
    rule({
      plus: between(draw, 0, 0.3),
      minus: between(draw, 0, 0.3),
      timeConstantTicks: [between(draw, 1, 40), between(draw, 1, 40)],
      weightDependence: draw.of("additive", "multiplicative"),
      trace: draw.of("add", "set"),
      coincident: draw.of("none", "potentiate", "both"),
      ...(rewards ? { reward: { timeConstantTicks: between(draw, 1, 40) } } : {}),
    });
  const rules = { in: ruleOf(), loop: ruleOf() };
  const listed = (sources: number, least: number, count: number): NaiveConnection[] =>
    Array.from({ length: count }, () => ({
      source: draw.integer(0, sources - 1),
      target: draw.integer(0, neurons - 1),
      delay: draw.integer(least, least + 4),
      weight: fround(between(draw, 0, 1)),
    })).sort((a, b) => a.source - b.source || a.target - b.target);
  const connections = { in: listed(2, 0, 9), loop: listed(neurons, 1, 14), fixed: listed(neurons, 1, 8) };
  const edges = (list: readonly NaiveConnection[]) => ({
    from: list.map(({ source }) => source),
    to: list.map(({ target }) => target),
    weights: list.map(({ weight }) => weight),
    delayTicks: list.map(({ delay }) => delay),
  });
  const [alpha, threshold, ticks] = [
    fround(between(draw, 0.5, 1)),
    fround(between(draw, 0.6, 1.5)),
    draw.integer(40, 120),
  ];
  const network = spikingNetwork({ inputs: 2 })
    .population({
      name: "n",
      units: neurons,
      input: "none",
      threshold,
      reset: "hard",
      leak: { kind: "ohmic", factorPerTick: alpha },
      restTolerance: 0,
    })
    .connect({ name: "in", from: "input", to: "n", edges: edges(connections.in), plasticity: rules.in })
    .connect({ name: "fixed", from: "n", to: "n", edges: edges(connections.fixed) })
    .connect({ name: "loop", from: "n", to: "n", edges: edges(connections.loop), plasticity: rules.loop })
    .build();
  const some = (of: number, percent: number) =>
    Array.from({ length: of }, (_, index) => index).filter(() => draw.chance(percent));
  const each = <T>(make: () => T): T[] => Array.from({ length: ticks }, make);
  return {
    network,
    alpha,
    threshold,
    connections,
    rules,
    rewards,
    input: each(() => some(2, 40)),
    forced: each(() => some(neurons, 3)),
    values: each(() => between(draw, -1, 1)),
    ticks,
    stop: draw.integer(0, 4),
  };
}

/** The neurons of `drawNetwork`, tick by tick, in float32. */
class NaiveNetwork {
  readonly plastic: Readonly<Record<"in" | "loop", NaiveStdp>>;
  readonly #drawn: Drawn;
  readonly v = new Float32Array(neurons);
  readonly #fired: number[][] = [];

  constructor(drawn: Drawn) {
    const { connections, rules } = drawn;
    this.#drawn = drawn;
    this.plastic = {
      in: new NaiveStdp(connections.in, neurons, rules.in, fround),
      loop: new NaiveStdp(connections.loop, neurons, rules.loop, fround),
    };
  }

  tick(tick: number): number[] {
    const { alpha, threshold, connections, input, forced } = this.#drawn;
    const sums = new Float32Array(neurons);
    for (let sent = 0; sent < tick; sent++)
      for (const source of this.#fired[sent])
        for (const connection of connections.fixed)
          if (connection.source === source && sent + connection.delay === tick)
            sums[connection.target] += connection.weight;
    for (const source of input[tick]) this.plastic.in.emit(tick, source);
    for (const learning of [this.plastic.in, this.plastic.loop])
      for (const { target, weight } of learning.arrivals(tick)) sums[target] += weight;
    const fired: number[] = [];
    for (let neuron = 0; neuron < neurons; neuron++) {
      this.v[neuron] = fround(fround(alpha * this.v[neuron]) + sums[neuron]);
      if (this.v[neuron] < threshold && !forced[tick].includes(neuron)) continue;
      this.v[neuron] = 0;
      fired.push(neuron);
    }
    for (const learning of [this.plastic.in, this.plastic.loop]) learning.learn(tick, fired);
    for (const source of fired) this.plastic.loop.emit(tick, source);
    this.#fired.push(fired);
    return fired;
  }

  reward(value: number): void {
    for (const learning of [this.plastic.in, this.plastic.loop]) learning.reward(value);
  }
}
