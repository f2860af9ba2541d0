// Parts that only live networks have: what is checked of them, which networks are live, and who refuses them.
import { describe, expect, it } from "vitest";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import { checkSpikingNetwork } from "../../ts/spiking/check.ts";
import { isLive, refuseLive, restTolerances } from "../../ts/spiking/live.ts";
import type { LlifNeuron, Population, SpikingNetwork, Synapse } from "../../ts/spiking/network.ts";
import { plasticityConstants, stdp, traceDecay, type Plasticity } from "../../ts/spiking/plasticity.ts";
import type { SparseSynapse } from "../../ts/spiking/synapses/sparse.ts";
import { errorOf } from "../errors.ts";

const floats = (...values: number[]): Float32Array => Float32Array.from(values);

const currents = [{ name: "g", factorPerTick: floats(0.5, 0.5), gain: floats(1, 1) }];
const twice = [
  { name: "g", factorPerTick: floats(0.5, 0.5), gain: floats(1, 1) },
  { name: "h", factorPerTick: floats(0.25, 0.25), gain: floats(1, -1) },
];
const rule: Plasticity = stdp({ plus: 0.1, minus: 0.2, timeConstantTicks: [20, 30], maximum: 1 });

/** Two neurons with an input, which reach each other through a current. */
function network(neuron: Partial<LlifNeuron> = {}, synapse: Partial<SparseSynapse> = {}): SpikingNetwork {
  const plain = spikingNetwork({ inputs: 2 })
    .population({
      name: "a",
      weights: [
        [1, 0],
        [0, 1],
      ],
      threshold: 1,
    })
    .build();
  const [population] = plain.nodes as readonly [Population];
  const recurrent: SparseSynapse = {
    kind: "sparse",
    from: "a",
    to: "a",
    delayTicks: 1,
    offsets: Uint32Array.of(0, 1, 2),
    targets: Uint32Array.of(1, 0),
    weights: floats(0.5, 0.25),
    ...synapse,
  };
  return {
    ...plain,
    nodes: [{ ...population, neuron: { ...population.neuron, ...neuron } }],
    synapses: [...plain.synapses, recurrent],
  };
}

const every: Partial<LlifNeuron> = {
  threshold: floats(-50, Infinity),
  initialPotential: floats(-70, -70),
  strict: true,
  leak: { factorPerTick: floats(0.9, 0.9) },
  constantLeak: { chargePerTick: floats(0.5, 0.5), until: floats(-70, -70) },
  floor: floats(-80, -Infinity),
  reset: { hard: Uint8Array.of(1, 1), value: floats(-75, -60), clears: ["h"] },
  refractory: { ticks: Uint32Array.of(2, 3), clamp: ["v", "g"] },
  currents: twice,
  adaptation: { chargePerSpike: floats(1, -1), factorPerTick: floats(0.9, 1) },
  delivery: "afterThreshold",
  restTolerance: floats(0, 1e-6),
};

describe("checks of live networks", () => {
  it("take all parts at once", () => {
    const synapse = { name: "loop", into: "g", plasticity: rule, delays: Uint32Array.of(0, 65535) };
    expect(() => checkSpikingNetwork(network(every, synapse))).not.toThrow();
    expect(() =>
      checkSpikingNetwork(network(every, { delayTicks: 0, delays: Uint32Array.of(1, 65536) })),
    ).not.toThrow();
  });

  const population = 'population "a"';
  it.each<[string, Partial<LlifNeuron>, string]>([
    ["a threshold of 0", { threshold: floats(1, 0) }, "threshold: expected a finite number > 0, got 0"],
    ["a threshold of NaN", { threshold: floats(NaN, 1) }, "threshold: expected a finite number > 0, got NaN"],
    [
      "a threshold at the reset value",
      { threshold: floats(2, -60), reset: { hard: Uint8Array.of(1, 1), value: floats(-60, -60) } },
      "threshold: expected a number above the reset value -60, got -60",
    ],
    [
      "a threshold below 0 with a soft reset",
      { threshold: floats(2, -50), reset: { hard: Uint8Array.of(1, 0), value: floats(-60, -60) } },
      "threshold: expected a finite number > 0, got -50",
    ],
    ["a strict threshold of false", { strict: false as never }, "strict: expected true, or none, got false"],
    [
      "a constant leak of 0",
      { constantLeak: { chargePerTick: floats(0, 1), until: floats(0, 0) } },
      "constantLeak: chargePerTick: expected a finite number > 0, got 0",
    ],
    [
      "a level of Infinity",
      { constantLeak: { chargePerTick: floats(1, 1), until: floats(0, Infinity) } },
      "constantLeak: until: expected finite numbers, got Infinity at index 1",
    ],
    [
      "a constant leak without a level",
      { constantLeak: { chargePerTick: floats(1, 1) } as never },
      "constantLeak: until: expected a Float32Array, got undefined",
    ],
    [
      "a reset value that is no number",
      { reset: { hard: Uint8Array.of(1, 1), value: floats(NaN, 0) } },
      "reset: value: expected finite numbers, got NaN at index 0",
    ],
    [
      "a reset value for a third neuron",
      { reset: { hard: Uint8Array.of(1, 1), value: floats(0, 0, 0) } },
      "reset: value: expected 2 values, one a channel, or 2, one a neuron, got 3",
    ],
    [
      "a cleared current that does not exist",
      { currents, reset: { hard: Uint8Array.of(1, 1), clears: ["h"] } },
      'reset: clears: expected names of currents (g), got "h"',
    ],
    [
      "a cleared current where there is none",
      { reset: { hard: Uint8Array.of(1, 1), clears: ["g"] } },
      'reset: clears: expected none in a neuron without currents, got "g"',
    ],
    [
      "nothing to clear",
      { currents, reset: { hard: Uint8Array.of(1, 1), clears: [] } },
      "reset: clears: expected at least one name, got none",
    ],
    [
      "input and clamp together",
      { refractory: { ticks: Uint32Array.of(1, 1), input: "discard", clamp: ["v"] } },
      "refractory: expected input or clamp, got both",
    ],
    [
      "an unknown variable to clamp",
      { currents, refractory: { ticks: Uint32Array.of(1, 1), clamp: ["v", "w"] } },
      'refractory clamp: expected names of v and the currents (v, g), got "w"',
    ],
    [
      "a variable clamped twice",
      { currents, refractory: { ticks: Uint32Array.of(1, 1), clamp: ["g", "v", "g"] } },
      'refractory clamp: expected each name once, got "g" twice',
    ],
    ["no current", { currents: [] }, "currents: expected 1 to 2 currents, got 0"],
    ["three currents", { currents: [...twice, ...currents] }, "currents: expected 1 to 2 currents, got 3"],
    [
      "two currents of one name",
      { currents: [...currents, ...currents] },
      'currents: expected unique names, got "g" twice',
    ],
    [
      "a current named v",
      { currents: [{ ...currents[0], name: "v" }] },
      'currents: name: expected another name than v and w, got "v"',
    ],
    [
      "a current without a name",
      { currents: [{ ...currents[0], name: "" }] },
      'currents: name: expected a name, got ""',
    ],
    [
      "a factor above 1",
      { currents: [{ ...currents[0], factorPerTick: floats(0.5, 1.5) }] },
      'currents: "g": factorPerTick: expected a finite number >= 0 <= 1, got 1.5',
    ],
    [
      "a gain that is no number",
      { currents: [{ ...currents[0], gain: floats(0.5, NaN) }] },
      'currents: "g": gain: expected finite numbers, got NaN at index 1',
    ],
    [
      "a negative factor of adaptation",
      { adaptation: { chargePerSpike: floats(1, 1), factorPerTick: floats(-0.5, 1) } },
      "adaptation: factorPerTick: expected a finite number >= 0 <= 1, got -0.5",
    ],
    ["another delivery", { delivery: "before" as never }, 'delivery: expected one of afterThreshold, got "before"'],
    ["a negative tolerance", { restTolerance: floats(0, -1) }, "restTolerance: expected a finite number >= 0, got -1"],
    [
      "spikes per tick beside a live part",
      { spikesPerTick: 2, strict: true },
      "spikesPerTick: expected 1 in a neuron with a strict threshold, got 2",
    ],
  ])("refuse %s", (_, neuron, message) => {
    const error = errorOf(() => checkSpikingNetwork(network(neuron)));
    expect(error.message).toBe(`${population}: ${message}`);
    expect(error.nodes).toEqual(["a"]);
  });

  const recurrent = 'synapse "a" to "a"';
  it.each<[string, Partial<SparseSynapse>, string]>([
    ["an empty name", { name: "" }, 'synapse: name: expected a name, got ""'],
    ["a current that does not exist", { into: "h" }, `${recurrent}: into: expected the name of a current (g), got "h"`],
    ["v by name", { into: "v", name: "loop" }, 'synapse "loop": into: expected the name of a current (g), got "v"'],
    [
      "delays of another type",
      { delays: [0, 0] as never },
      `${recurrent}: delays: expected a Uint32Array, got an array of 2`,
    ],
    ["too few delays", { delays: Uint32Array.of(1) }, `${recurrent}: delays: expected 2 values for shape [2], got 1`],
    [
      "a delay that is too long",
      { delays: Uint32Array.of(1, 65536) },
      `${recurrent}: delays: expected at most 65536 ticks with delayTicks, got 65537 at index 1`,
    ],
    [
      "a recurrent connection without delay",
      { delayTicks: 0, delays: Uint32Array.of(1, 0) },
      `${recurrent}: expected the source before the target, or a delay of at least 1 tick (delayTicks)`,
    ],
    [
      "plasticity of an unknown rule",
      { plasticity: { ...rule, rule: "bcm" as never } },
      `${recurrent}: plasticity: rule: expected one of stdp, got "bcm"`,
    ],
    [
      "weights above the maximum",
      { plasticity: { ...rule, maximum: 0.25 } },
      `${recurrent}: plasticity: expected weights from 0 to 0.25, got 0.5 at index 0`,
    ],
  ])("refuse a synapse with %s", (_, synapse, message) => {
    const error = errorOf(() => checkSpikingNetwork(network({ currents }, synapse)));
    expect(error.message).toBe(message);
    expect(error.nodes).toEqual(["a", "a"]);
  });

  it("refuse a name twice, a current of an output, and plasticity of other kinds and into outputs", () => {
    const base = network();
    const named = base.synapses.map((synapse): Synapse => ({ ...synapse, name: "x" }));
    expect(errorOf(() => checkSpikingNetwork({ ...base, synapses: named })).message).toBe(
      'synapse "x": expected a unique name, got it twice',
    );
    const read = spikingNetwork({ inputs: 2 })
      .output({ name: "o", weights: [[0, 1]] })
      .build();
    const into = (change: Partial<Synapse>) => ({
      ...read,
      synapses: [{ ...read.synapses[0], ...change } as Synapse],
    });
    expect(errorOf(() => checkSpikingNetwork(into({ into: "g" }))).message).toBe(
      'synapse "input" to "o": into: expected the name of a current (none, as the target has no currents), got "g"',
    );
    expect(errorOf(() => checkSpikingNetwork(into({ plasticity: rule }))).message).toBe(
      'synapse "input" to "o": plasticity: expected a population as target, whose spikes count, got output',
    );
    const identity: Synapse = {
      kind: "identity",
      from: "a",
      to: "a",
      delayTicks: 1,
      weights: floats(1, 1),
      plasticity: rule,
    };
    expect(errorOf(() => checkSpikingNetwork({ ...base, synapses: [...base.synapses, identity] })).message).toBe(
      'synapse "a" to "a": plasticity: expected a dense or sparse synapse, got kind "identity"',
    );
  });
});

describe("stdp", () => {
  const options = { plus: 0.1, minus: 0.2, timeConstantTicks: [20, 30], maximum: 1 } as const;

  it("fills in the defaults", () => {
    expect(stdp(options)).toEqual({
      ...options,
      rule: "stdp",
      minimum: 0,
      weightDependence: "additive",
      trace: "add",
      coincident: "potentiate",
    });
  });

  it.each<[string, object, string]>([
    ["no maximum", { maximum: undefined }, "stdp: maximum: expected a finite number, got undefined"],
    ["a minimum at the maximum", { minimum: 1 }, "stdp: expected a minimum below the maximum, got 1 and 1"],
    ["one time constant", { timeConstantTicks: [20] }, "stdp: timeConstantTicks: expected 2 numbers, got 1"],
    [
      "a time constant of 0",
      { timeConstantTicks: [20, 0] },
      "stdp: timeConstantTicks: expected a finite number > 0, got 0",
    ],
    ["a plus of NaN", { plus: NaN }, "stdp: plus: expected a finite number, got NaN"],
    ["another trace", { trace: "sum" }, 'stdp: trace: expected one of add, set, got "sum"'],
    [
      "another dependence",
      { weightDependence: "x" },
      'stdp: weightDependence: expected one of additive, multiplicative, got "x"',
    ],
    ["another pairing", { coincident: "x" }, 'stdp: coincident: expected one of none, potentiate, both, got "x"'],
    [
      "a reward of 0",
      { reward: { timeConstantTicks: 0 } },
      "stdp: reward: timeConstantTicks: expected a finite number > 0, got 0",
    ],
  ])("refuses %s", (_, change, message) => {
    expect(errorOf(() => stdp({ ...options, ...change } as never)).message).toBe(message);
  });

  it("refuses an option that it does not know", () => {
    expect(errorOf(() => stdp({ ...options, maximun: 1 } as never)).message).toMatch(
      /got "maximun"; did you mean "maximum"\?/,
    );
  });

  it("rounds its constants once", () => {
    expect(plasticityConstants(stdp({ ...options, reward: { timeConstantTicks: 100 } }))).toEqual({
      plus: Math.fround(0.1),
      minus: Math.fround(0.2),
      minimum: 0,
      maximum: 1,
      targetFactor: Math.fround(Math.exp(-1 / 30)),
      eligibilityGrowth: Math.exp(1 / 100),
    });
    expect(plasticityConstants(rule).eligibilityGrowth).toBeNull();
  });

  it("fades by e^(−k/τ) after k ticks, and to 0 after 28 τ", () => {
    for (const constant of [0.3, 20, 700, 1e9]) {
      const { low, high } = traceDecay(constant);
      for (const ticks of [0, 1, 1023, 1024, 5000, 28 * constant - 1]) {
        const whole = Math.floor(ticks / 1024);
        if (whole < high.length)
          expect(high[whole] * low[Math.floor(ticks % 1024)]).toBeCloseTo(Math.exp(-Math.floor(ticks) / constant), 12);
        else expect(ticks).toBeGreaterThanOrEqual(Math.min(28 * constant, 2 ** 24) - 1);
      }
    }
  });
});

describe("isLive", () => {
  /** Without the sparse synapse. */
  const plain = (neuron: Partial<LlifNeuron> = {}): SpikingNetwork => {
    const whole = network(neuron);
    return { ...whole, synapses: whole.synapses.slice(0, 1) };
  };

  it("holds for sparse synapses, populations without any, and every part", () => {
    expect(isLive(plain())).toBe(false);
    expect(isLive(network())).toBe(true);
    expect(isLive({ ...plain(), synapses: [] })).toBe(true);
    for (const part of Object.keys(every) as (keyof LlifNeuron)[]) {
      const { [part]: value } = {
        ...every,
        threshold: floats(1, Infinity),
        currents,
        refractory: { ...every.refractory, ticks: Uint32Array.of(1, 2), clamp: ["v"] },
      };
      const reset = { hard: Uint8Array.of(1, 1), value: floats(-1, -1) };
      const live = plain({ [part]: part === "reset" ? reset : value });
      expect([part, isLive(live)]).toEqual([part, !["leak", "floor", "initialPotential"].includes(part)]);
    }
    expect(isLive({ ...plain(), synapses: [{ ...plain().synapses[0], name: "x" } as Synapse] })).toBe(true);
    expect(isLive({ ...plain(), synapses: [{ ...plain().synapses[0], plasticity: rule } as Synapse] })).toBe(true);
  });

  it("is what others refuse by name, but for plain sparse synapses", () => {
    expect(() => refuseLive("x", network())).not.toThrow();
    expect(() => refuseLive("x", network({ strict: true }))).toThrow(
      'x: network "network": population "a" has a strict threshold, which only simulators of live networks know',
    );
    expect(() => refuseLive("x", network({}, { delays: Uint32Array.of(1, 1) }))).toThrow(
      'synapse "a" to "a" has a delay for each connection',
    );
    expect(errorOf(() => refuseLive("x", network({}, { name: "loop" }))).code).toBe("UNSUPPORTED");
  });
});

it("restTolerances are a 2⁻³⁰ of what lies between reset and threshold", () => {
  const of = (whole: SpikingNetwork) => restTolerances(whole, whole.nodes[0] as Population);
  expect(of(network({ threshold: floats(2 ** 30, Infinity) }))).toEqual(floats(1, 0));
  const { threshold, reset } = {
    threshold: floats(-50, 14),
    reset: { hard: Uint8Array.of(1, 1), value: floats(-66, -2) },
  };
  expect(of(network({ threshold, reset }))).toEqual(floats(2 ** -26, 2 ** -26));
  expect(of(network({ restTolerance: floats(3, 4) }))).toEqual(floats(3, 4));
  const whole = network();
  expect(of({ ...whole, synapses: whole.synapses.slice(0, 1) })).toEqual(floats(0, 0));
});
