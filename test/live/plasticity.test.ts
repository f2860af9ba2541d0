// Spike-timing-dependent plasticity of one synapse of the reference engine: its naive definition and its closed forms.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plasticStateWords, readPlasticState } from "../../ts/engine/plastic-words.ts";
import { plasticConnections, PlasticSynapse } from "../../ts/engine/reference/live/plasticity.ts";
import { stdp, type Plasticity, type StdpOptions } from "../../ts/spiking/plasticity.ts";
import type { Synapse } from "../../ts/spiking/synapses/kinds.ts";
import { NaiveStdp } from "./stdp.ts";

const sparse = (weights: number[], delays?: number[]): Synapse => ({
  kind: "sparse",
  from: "a",
  to: "b",
  delayTicks: 1,
  offsets: Uint32Array.of(0, 1),
  targets: Uint32Array.of(0),
  weights: Float32Array.from(weights),
  ...(delays === undefined ? {} : { delays: Uint32Array.from(delays) }),
});

function synapseOf(synapse: Synapse, sources: number, targets: number, rule: Plasticity): PlasticSynapse {
  const connections = plasticConnections(synapse, sources, targets);
  if (connections === null) throw new Error("expected a dense or sparse synapse");
  return new PlasticSynapse(connections, Float32Array.from(synapse.weights), rule);
}

/** The change of a weight of ½ by one spike sent at `sent` (one tick under way) and one of the target at `fired`. */
function changeOf(options: Partial<StdpOptions>, sent: number, fired: number, reward?: number): number {
  const rule = stdp({ plus: 0.01, minus: 0.012, timeConstantTicks: [20, 35], maximum: 1, ...options });
  const synapse = synapseOf(sparse([0.5]), 1, 1, rule);
  for (let tick = 0; tick < 400; tick++) {
    synapse.arrive(tick, new Float32Array(1));
    synapse.learn(tick, tick === fired ? [0] : []);
    if (tick === sent) synapse.emit(tick, 0);
  }
  if (reward !== undefined) synapse.reward(reward);
  const after = new Float32Array(1);
  synapse.weights(after);
  return after[0] - 0.5;
}

describe("the window of stdp", () => {
  const expected = (interval: number) =>
    interval > 0 ? 0.01 * Math.exp(-interval / 20) : -0.012 * Math.exp(interval / 35);
  const intervals = Array.from({ length: 161 }, (_, index) => index - 80).filter((interval) => interval !== 0);

  it("is A₊·e^(−Δt/τ_pre) where the arrival comes first, −A₋·e^(−Δt/τ_post) otherwise", () => {
    for (const interval of intervals) expect(changeOf({}, 149, 150 + interval)).toBeCloseTo(expected(interval), 7);
  });

  it("is the same for traces that are set, times the distance from the bound where it is multiplicative", () => {
    for (const interval of intervals) {
      expect(changeOf({ trace: "set" }, 149, 150 + interval)).toBeCloseTo(expected(interval), 7);
      const half = changeOf({ weightDependence: "multiplicative" }, 149, 150 + interval);
      expect(half).toBeCloseTo(expected(interval) / 2, 7);
    }
  });

  it("says at Δt = 0 what coincident says", () => {
    expect(changeOf({ coincident: "none" }, 149, 150)).toBe(0);
    expect(changeOf({ coincident: "potentiate" }, 149, 150)).toBeCloseTo(0.01, 7);
    expect(changeOf({ coincident: "both" }, 149, 150)).toBeCloseTo(0.01 - 0.012, 7);
  });

  it("waits for a reward, fading from the later spike on", () => {
    for (const interval of intervals) {
      const options = { reward: { timeConstantTicks: 100 } };
      expect(changeOf(options, 149, 150 + interval)).toBe(0);
      const waited = 399 - Math.max(150, 150 + interval);
      const change = 0.5 * expected(interval) * Math.exp(-waited / 100);
      expect(changeOf(options, 149, 150 + interval, 0.5)).toBeCloseTo(change, 7);
    }
  });
});

interface Case {
  readonly rule: Plasticity;
  readonly sources: number;
  readonly targets: number;
  readonly synapse: Synapse;
  /** By tick. */
  readonly sent: readonly (readonly number[])[];
  readonly fired: readonly (readonly number[])[];
  readonly rewards: readonly number[];
}

const between = (min: number, max: number) =>
  fc.integer({ min: 0, max: 1000 }).map((part) => min + ((max - min) * part) / 1000);
const cases: fc.Arbitrary<Case> = fc
  .record({
    sources: fc.integer({ min: 1, max: 4 }),
    targets: fc.integer({ min: 1, max: 5 }),
    ticks: fc.integer({ min: 1, max: 80 }),
    kind: fc.constantFrom("dense", "sparse", "delays"),
    delayTicks: fc.integer({ min: 1, max: 4 }),
    options: fc.record({
      plus: between(-0.05, 0.3),
      minus: between(-0.05, 0.3),
      timeConstantTicks: fc.tuple(between(0.1, 60), between(0.1, 60)),
      minimum: between(-1, 0),
      maximum: between(0.5, 1),
      weightDependence: fc.constantFrom("additive" as const, "multiplicative" as const),
      trace: fc.constantFrom("add" as const, "set" as const),
      coincident: fc.constantFrom("none" as const, "potentiate" as const, "both" as const),
      reward: fc.option(fc.record({ timeConstantTicks: between(0.5, 40) }), { nil: undefined }),
    }),
  })
  .chain(({ sources, targets, ticks, kind, delayTicks, options }) => {
    const list = (of: number) =>
      fc.array(fc.subarray(Array.from({ length: of }, (_, index) => index)), { minLength: ticks, maxLength: ticks });
    const each = <T>(value: fc.Arbitrary<T>, length: number) =>
      fc.array(value, { minLength: length, maxLength: length });
    const row = fc.array(fc.nat(targets - 1), { maxLength: 6 }).map((found) => found.sort((a, b) => a - b));
    return each(row, sources).chain((rows) => {
      const length = kind === "dense" ? sources * targets : rows.flat().length;
      return fc
        .record({
          sent: list(sources),
          fired: list(targets),
          rewards: each(between(-2, 2), ticks),
          weights: each(between(0, 0.5), length),
          delays: each(fc.nat(4), length),
        })
        .map(({ sent, fired, rewards, weights, delays }): Case => {
          const base = { from: "a", to: "b", delayTicks, weights: Float32Array.from(weights) };
          const offsets = Uint32Array.from([0, ...rows].map((_, index) => rows.slice(0, index).flat().length));
          const lists = { offsets, targets: Uint32Array.from(rows.flat()) };
          const synapse: Synapse =
            kind === "dense"
              ? { ...base, kind }
              : {
                  ...base,
                  ...lists,
                  kind: "sparse",
                  ...(kind === "delays" ? { delays: Uint32Array.from(delays) } : {}),
                };
          const { reward, ...others } = options;
          return {
            rule: stdp(reward === undefined ? others : options),
            sources,
            targets,
            synapse,
            sent,
            fired,
            rewards,
          };
        });
    });
  });

function naiveOf({ synapse, sources, targets, rule }: Case, round: (value: number) => number): NaiveStdp {
  const { weights, delayTicks } = synapse;
  if (synapse.kind !== "sparse")
    return new NaiveStdp(
      Array.from(weights, (_, index) => {
        const [source, target] = [Math.floor(index / targets), index % targets];
        return { source, target, delay: delayTicks, weight: weights[target * sources + source] };
      }),
      targets,
      rule,
      round,
    );
  const sourceOf = (connection: number) =>
    Array.from(synapse.offsets).filter((offset) => offset <= connection).length - 1;
  return new NaiveStdp(
    Array.from(synapse.targets, (target, index) => ({
      source: sourceOf(index),
      target,
      delay: delayTicks + (synapse.delays?.[index] ?? 0),
      weight: weights[index],
    })),
    targets,
    rule,
    round,
  );
}

it("equals its naive definition bit for bit, and goes on from a state", () => {
  const seen = { changed: 0, delays: 0, rewarded: 0 };
  fc.assert(
    fc.property(cases, fc.nat(79), (drawn, stop) => {
      const { synapse, sources, targets, rule, sent, fired, rewards } = drawn;
      const naive = naiveOf(drawn, Math.fround);
      let plastic = synapseOf(synapse, sources, targets, rule);
      sent.forEach((neurons, tick) => {
        if (tick === stop) {
          const next = synapseOf(synapse, sources, targets, rule);
          const words = plasticStateWords(plastic.state(tick));
          next.restore(tick, readPlasticState(words, rule.reward !== undefined));
          for (let ago = Math.min(tick, 8); ago > 0; ago--)
            for (const source of sent[tick - ago]) next.emit(tick, source, ago);
          expect(next.state(tick)).toEqual(plastic.state(tick));
          plastic = next;
        }
        const [sums, expected] = [new Float32Array(targets), new Float32Array(targets)];
        plastic.arrive(tick, sums);
        for (const { target, weight } of naive.arrivals(tick)) expected[target] += weight;
        expect(sums).toEqual(expected);
        plastic.learn(tick, fired[tick]);
        naive.learn(tick, fired[tick]);
        for (const source of neurons) {
          plastic.emit(tick, source);
          naive.emit(tick, source);
        }
        if (tick % 9 === 8) {
          plastic.reward(rewards[tick]);
          naive.reward(rewards[tick]);
        }
        expect(plastic.state(tick + 1).post).toEqual(Float32Array.from(naive.y));
        const weights = new Float32Array(synapse.weights.length);
        plastic.weights(weights);
        const order = (index: number) =>
          synapse.kind === "dense" ? (index % sources) * targets + Math.floor(index / sources) : index;
        expect(weights).toEqual(weights.map((_, index) => naive.learning[order(index)].weight));
        if (weights.some((weight, index) => weight !== synapse.weights[index])) seen.changed++;
      });
      if (synapse.kind === "sparse" && synapse.delays !== undefined) seen.delays++;
      if (rule.reward !== undefined) seen.rewarded++;
    }),
    { seed: 3, numRuns: 300 },
  );
  for (const [kind, times] of Object.entries(seen))
    expect({ kind, enough: times > 50 }).toEqual({ kind, enough: true });
});
