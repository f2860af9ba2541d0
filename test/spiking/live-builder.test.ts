// Live networks from the builder: every option of neurons and connections, exact constants, and what is refused.
import { describe, expect, it } from "vitest";
import { readLlif, writeLlif } from "../../ts/formats/llif.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import type { ConnectOptions, FreePopulationOptions } from "../../ts/spiking/layer-options.ts";
import { isLive } from "../../ts/spiking/live.ts";
import type { LlifNeuron, Population, SpikingNetwork } from "../../ts/spiking/network.ts";
import { exactGain } from "../../ts/spiking/neurons/llif-live-options.ts";
import { stdp } from "../../ts/spiking/plasticity.ts";
import type { SparseSynapse } from "../../ts/spiking/synapses/sparse.ts";
import { Draw } from "../draw.ts";
import { errorOf } from "../errors.ts";

const floats = (...values: number[]): Float32Array => Float32Array.from(values);

const dtSeconds = 1e-4;

function free(
  options: Partial<FreePopulationOptions>,
  network: { dtSeconds?: number } = { dtSeconds },
): SpikingNetwork {
  return spikingNetwork({ inputs: 1, ...network })
    .population({ name: "a", units: 2, input: "none", threshold: 1, ...options })
    .build();
}

const neuronOf = (options: Partial<FreePopulationOptions>): LlifNeuron => (free(options).nodes[0] as Population).neuron;

describe('population({ input: "none" })', () => {
  it("has no synapse, and is live", () => {
    const network = free({});
    expect(network.synapses).toEqual([]);
    expect(network.nodes[0].shape).toEqual([2]);
    expect(isLive(network)).toBe(true);
  });

  it("takes all parts of a neuron", () => {
    const neuron = neuronOf({
      threshold: { value: [-50, Infinity], strict: true },
      initialPotential: -70,
      leak: { kind: "constant", chargePerTick: 0.5, until: [-70, -65] },
      reset: { kind: "hard", value: -75, clears: ["g"] },
      refractory: { ticks: [21, 0], clamp: ["v", "g"] },
      currents: { g: { timeConstantTicks: 50 }, h: { factorPerTick: 0.5, gain: [1, 2] } },
      adaptation: { chargePerSpike: 0.25, timeConstantTicks: 100 },
      delivery: "afterThreshold",
      restTolerance: 1e-6,
    });
    const [beta, omega] = [Math.fround(Math.exp(-1 / 50)), Math.fround(Math.exp(-1 / 100))];
    const kappa = Math.fround((1 - Math.exp(-1 / 50)) * 50);
    expect(neuron).toEqual({
      model: "llif",
      threshold: floats(-50, Infinity),
      strict: true,
      initialPotential: floats(-70, -70),
      constantLeak: { chargePerTick: floats(0.5, 0.5), until: floats(-70, -65) },
      reset: { hard: Uint8Array.of(1, 1), value: floats(-75, -75), clears: ["g"] },
      refractory: { ticks: Uint32Array.of(21, 0), clamp: ["v", "g"] },
      currents: [
        { name: "g", factorPerTick: floats(beta, beta), gain: floats(kappa, kappa) },
        { name: "h", factorPerTick: floats(0.5, 0.5), gain: floats(1, 2) },
      ],
      adaptation: { chargePerSpike: floats(0.25, 0.25), factorPerTick: floats(omega, omega) },
      delivery: "afterThreshold",
      restTolerance: floats(1e-6, 1e-6),
    });
  });

  it("leaves out what says no more than the default", () => {
    expect(
      neuronOf({ threshold: { value: 1, strict: false }, reset: "soft", refractory: 0, delivery: "beforeThreshold" }),
    ).toEqual({ model: "llif", threshold: floats(1, 1), initialPotential: floats(0, 0) });
  });

  it("takes seconds as ticks of the network's length", () => {
    const inTicks = neuronOf({
      leak: { kind: "ohmic", timeConstantTicks: 200 },
      currents: { g: { timeConstantTicks: 50 } },
      adaptation: { chargePerSpike: 1, timeConstantTicks: 1000 },
      refractory: { ticks: 21, clamp: ["v"] },
    });
    const inSeconds = neuronOf({
      leak: { kind: "ohmic", timeConstantSeconds: 20e-3 },
      currents: { g: { timeConstantSeconds: 5e-3 } },
      adaptation: { chargePerSpike: 1, timeConstantSeconds: 0.1 },
      refractory: { seconds: 2.2e-3, clamp: ["v"] },
    });
    expect(inSeconds).toEqual(inTicks);
    expect(neuronOf({ refractory: { seconds: 1e-4 } }).refractory).toBeUndefined();
    expect(neuronOf({ refractory: { seconds: 2e-4 } }).refractory?.ticks).toEqual(Uint32Array.of(1, 1));
  });

  it.each<[string, object, string]>([
    ["weights", { weights: [[1], [1]] }, 'weights: expected none beside input "none", got an array of 2'],
    ["no units", { units: undefined }, "units: expected an integer from 1 to 33554432, got undefined"],
    ["a billion neurons", { units: 1e9 }, "units: expected an integer from 1 to 33554432, got 1000000000"],
    ["another input", { input: "all" }, 'input: expected one of none, got "all"'],
    ["a threshold of 0", { threshold: 0 }, undefined as never],
    [
      "a threshold beyond float32",
      { threshold: 1e39 },
      "threshold: expected a number that is finite as float32, got 1e+39",
    ],
    ["a threshold of NaN", { threshold: { value: [1, NaN] } }, "threshold: expected a finite number, got NaN"],
    [
      "a strict that is no boolean",
      { threshold: { value: 1, strict: 1 } },
      "threshold: strict: expected true or false, got 1",
    ],
    [
      "a time constant of 0",
      { currents: { g: { timeConstantTicks: 0 } } },
      'currents: "g": timeConstantTicks: expected a finite number > 0, got 0',
    ],
    [
      "a negative time constant",
      { adaptation: { chargePerSpike: 1, timeConstantSeconds: [1, -1] } },
      "adaptation: timeConstantSeconds: expected a finite number > 0, got -1",
    ],
    [
      "a time constant of NaN",
      { leak: { kind: "ohmic", timeConstantTicks: NaN } },
      "leak: timeConstantTicks: expected a finite number > 0, got NaN",
    ],
    [
      "two time constants",
      { currents: { g: { timeConstantTicks: 1, timeConstantSeconds: 1 } } },
      'currents: "g": expected one of factorPerTick, timeConstantTicks, timeConstantSeconds, got timeConstantTicks and timeConstantSeconds',
    ],
    [
      "no time constant",
      { adaptation: { chargePerSpike: 1 } },
      "adaptation: expected one of factorPerTick, timeConstantTicks, timeConstantSeconds, got none",
    ],
    [
      "a factor without a gain",
      { currents: { g: { factorPerTick: 0.5 } } },
      'currents: "g": gain: expected a number beside factorPerTick, got none',
    ],
    ["no currents", { currents: {} }, "currents: expected 1 to 2 currents, got 0"],
    [
      "a current named w",
      { currents: { w: { timeConstantTicks: 5 } } },
      'currents: name: expected another name than v and w, got "w"',
    ],
    [
      "a constant leak of 0 toward a level",
      { leak: { kind: "constant", chargePerTick: 0, until: 0 } },
      "leak: chargePerTick: expected a finite number > 0, got 0",
    ],
    [
      "a value of a soft reset",
      { reset: { kind: "soft", value: 1 } },
      'reset: value: expected none beside kind "soft", which subtracts the threshold',
    ],
    ["a reset of another kind", { reset: { kind: "gentle" } }, 'reset: kind: expected one of soft, hard, got "gentle"'],
    [
      "clears that is no list",
      { reset: { kind: "hard", clears: "g" } },
      'reset: clears: expected an array of strings, got "g"',
    ],
    ["ticks and seconds", { refractory: { ticks: 1, seconds: 1 } }, "refractory: expected ticks or seconds, got both"],
    [
      "input and clamp",
      { refractory: { ticks: 1, input: "discard", clamp: ["v"] } },
      "refractory: expected input or clamp, got both",
    ],
    [
      "seconds between two ticks",
      { refractory: { seconds: 2.25e-4 } },
      "refractory seconds: expected a multiple of the tick of 0.0001 s, got 0.000225 s",
    ],
  ])("refuses %s", (what, options, message) => {
    const error = errorOf(() => free(options));
    if (what === "a threshold of 0")
      expect(error.message).toBe('population "a": threshold: expected a finite number > 0, got 0');
    else expect(error.message).toBe(`layer "a": ${message}`);
  });

  it("refuses seconds where a tick has no length", () => {
    const message = "expected a network with dtSeconds, the length of a tick, or ticks";
    for (const [options, place] of [
      [{ leak: { kind: "ohmic", timeConstantSeconds: 1 } }, "leak: timeConstantSeconds"],
      [{ refractory: { seconds: 1 } }, "refractory seconds"],
    ] as const)
      expect(errorOf(() => free(options, {})).message).toBe(`layer "a": ${place}: ${message}`);
  });
});

describe("exact integration of a current", () => {
  /** Charge that the membrane gets in a tick from a current of 1 that decays, in small steps (Runge-Kutta 4). */
  function integrated(rate: number, leakRate: number): number {
    const steps = 4096;
    const dt = 1 / steps;
    // With a leak, g displaces the level to which the membrane leaks; without, it is charge a tick.
    const slope = (time: number, v: number) =>
      leakRate === 0 ? Math.exp(-rate * time) : leakRate * (Math.exp(-rate * time) - v);
    let v = 0;
    for (let step = 0; step < steps; step++) {
      const t = step * dt;
      const a = slope(t, v);
      const b = slope(t + dt / 2, v + (dt / 2) * a);
      const c = slope(t + dt / 2, v + (dt / 2) * b);
      v += (dt / 6) * (a + 2 * b + 2 * c + slope(t + dt, v + dt * c));
    }
    return v;
  }

  it.each([
    [1 / 50, 1 / 200],
    [1 / 200, 1 / 50],
    [0.1, 0.1],
    [0.1, 0.1 * (1 + 1e-9)],
    [2, 0.5],
    [0.25, 3],
    [1 / 50, 0],
    [0, 0],
    [0, 0.1],
  ])("is that of the differential equation for rates %d and %d", (rate, leakRate) => {
    expect(exactGain(rate, leakRate)).toBeCloseTo(integrated(rate, leakRate), 11);
  });

  it("is the formula of live.md where that does not cancel, and its limits", () => {
    const [tau, tauG] = [200, 50];
    const [alpha, beta] = [Math.exp(-1 / tau), Math.exp(-1 / tauG)];
    expect(exactGain(1 / tauG, 1 / tau)).toBeCloseTo((tauG / (tauG - tau)) * (beta - alpha), 14);
    expect(exactGain(1 / tau, 1 / tau)).toBe(alpha / tau);
    // Nothing of the membrane stays.
    expect(exactGain(0.5, Infinity)).toBe(Math.exp(-0.5));
  });

  it("takes a leak for each neuron, and a leak given as its factor", () => {
    const { currents } = neuronOf({
      leak: { kind: "ohmic", factorPerTick: [0.5, 1] },
      currents: { g: { timeConstantTicks: 2 } },
    });
    expect(currents?.[0].gain).toEqual(floats(exactGain(0.5, Math.LN2), exactGain(0.5, 0)));
  });
});

const pair = spikingNetwork({ inputs: 2, dtSeconds })
  .population({ name: "a", units: 3, input: "none", threshold: 1, currents: { g: { timeConstantTicks: 5 } } })
  .population({ name: "b", units: 3, input: "none", threshold: 1 });
const connected = (options: Omit<ConnectOptions, "from" | "to"> & { from?: string; to?: string }) =>
  pair.connect({ from: "a", to: "a", ...options } as ConnectOptions).build().synapses[0];

describe("connect", () => {
  it("sorts edges by source, then target, then as given", () => {
    const edges = { from: [2, 0, 2, 0, 2], to: [1, 2, 0, 0, 1], weights: [1, 2, 3, 4, 5], delayTicks: [1, 2, 3, 4, 5] };
    expect(connected({ edges })).toEqual({
      kind: "sparse",
      from: "a",
      to: "a",
      delayTicks: 0,
      offsets: Uint32Array.of(0, 2, 2, 5),
      targets: Uint32Array.of(0, 2, 0, 1, 1),
      weights: floats(4, 2, 3, 1, 5),
      delays: Uint32Array.of(4, 2, 3, 1, 5),
    });
  });

  it("sorts as a plain sort does, in any order", () => {
    const draw = new Draw(1818);
    for (let round = 0; round < 20; round++) {
      const length = draw.integer(0, 40);
      const numbers = (most: number) => Array.from({ length }, () => draw.integer(0, most));
      const edges = {
        from: numbers(2),
        to: numbers(2),
        weights: numbers(100),
        delayTicks: numbers(9).map((d) => d + 1),
      };
      const synapse = connected({ edges }) as SparseSynapse;
      const sorted = edges.from
        .map((from, index) => [from, edges.to[index], edges.weights[index], edges.delayTicks[index]])
        .sort(([from, to], [otherFrom, otherTo]) => from - otherFrom || to - otherTo);
      const rows = [0, 1, 2].flatMap((source) =>
        Array.from({ length: synapse.offsets[source + 1] - synapse.offsets[source] }, () => source),
      );
      expect(
        rows.map((from, index) => [from, synapse.targets[index], synapse.weights[index], synapse.delays?.[index]]),
      ).toEqual(sorted);
    }
  });

  it("copies edges that are in order, and takes one weight for all", () => {
    const edges = { from: Uint32Array.of(0, 1), to: Uint32Array.of(2, 0), weights: 0.5 };
    const synapse = connected({ edges }) as SparseSynapse;
    edges.to[0] = 1;
    expect([synapse.targets, synapse.weights]).toEqual([Uint32Array.of(2, 0), floats(0.5, 0.5)]);
    expect(synapse.delayTicks).toBe(1);
  });

  it("names synapses, their current and their plasticity", () => {
    const plasticity = stdp({ plus: 1, minus: 1, timeConstantTicks: [20, 20], maximum: 1 });
    expect(connected({ name: "x", into: "g", identity: 0.5, delayTicks: 7 })).toEqual({
      kind: "identity",
      name: "x",
      from: "a",
      to: "a",
      delayTicks: 7,
      into: "g",
      weights: floats(0.5, 0.5, 0.5),
    });
    expect(
      connected({
        into: "v",
        to: "b",
        weights: [
          [0, 1, 0],
          [0, 0, 0],
          [1, 0, 0],
        ],
        plasticity,
      }),
    ).toEqual({
      kind: "dense",
      from: "a",
      to: "b",
      delayTicks: 0,
      weights: floats(0, 1, 0, 0, 0, 0, 1, 0, 0),
      plasticity,
    });
  });

  it("takes a synapse more than once between the same populations, apart by name", () => {
    const twice = (first?: string, second?: string) =>
      pair
        .connect({ name: first, from: "a", to: "b", identity: 1 })
        .connect({ name: second, from: "a", to: "b", identity: 2 })
        .build();
    expect(twice("x", "y").synapses.map(({ name }) => name)).toEqual(["x", "y"]);
    expect(twice().synapses).toHaveLength(2);
    expect(errorOf(() => twice("x", "x")).message).toBe('synapse "x": expected a unique name, got it twice');
  });

  const place = 'synapse "a" to "a"';
  it.each<[string, object, string]>([
    [
      "a source outside",
      { edges: { from: [3], to: [0], weights: [1] } },
      `${place}: edges: from: expected integers from 0 to 2 (shape [3]), got 3 at index 0`,
    ],
    [
      "a target outside",
      { edges: { from: [0, 1], to: [0, -1], weights: [1, 1] } },
      `${place}: edges: to: expected integers from 0 to 2 (shape [3]), got -1 at index 1`,
    ],
    [
      "a target between two neurons",
      { edges: { from: [0], to: [0.5], weights: [1] } },
      `${place}: edges: to: expected integers from 0 to 2 (shape [3]), got 0.5 at index 0`,
    ],
    [
      "a weight of NaN",
      { edges: { from: [0], to: [0], weights: [NaN] } },
      `${place}: edges: weights: expected finite numbers, got NaN at index 0`,
    ],
    [
      "too few weights",
      { edges: { from: [0, 1], to: [0, 1], weights: [1] } },
      `${place}: edges: weights: expected 2 values, got 1`,
    ],
    [
      "too few targets",
      { edges: { from: [0, 1], to: [0], weights: 1 } },
      `${place}: edges: to: expected 2 values, got 1`,
    ],
    [
      "a delay between two ticks",
      { edges: { from: [0], to: [0], weights: 1, delayTicks: [1.5] } },
      `${place}: edges: delayTicks: expected integers from 0, got 1.5 at index 0`,
    ],
    [
      "a delay that is too long",
      { edges: { from: [0], to: [0], weights: 1, delayTicks: [65537] } },
      `${place}: delays: expected at most 65536 ticks with delayTicks, got 65537 at index 0`,
    ],
    [
      "a recurrent delay of 0",
      { edges: { from: [0], to: [0], weights: 1, delayTicks: [0] } },
      `${place}: expected the source before the target, or a delay of at least 1 tick (delayTicks)`,
    ],
    [
      "a billion edges",
      { edges: { from: { length: 1e9 }, to: { length: 1e9 }, weights: 1 } },
      `${place}: edges: from: expected at most 268435455 connections, got 1000000000; split them between two synapses`,
    ],
    [
      "a billion targets",
      { sparse: { offsets: [0, 0, 0, 0], targets: { length: 1e9 }, weights: { length: 1e9 } } },
      `${place}: targets: expected at most 268435455 connections, got 1000000000; split them between two synapses`,
    ],
    [
      "an unknown option",
      { edges: { from: [0], to: [0], weight: 1 } },
      `${place}: edges: expected options among from, to, weights, delayTicks, got "weight"; did you mean "weights"?`,
    ],
    [
      "edges and weights",
      { edges: { from: [], to: [], weights: 1 }, weights: [] },
      `${place}: expected one of weights, edges, got 2 of them`,
    ],
    [
      "identity weights of another number",
      { identity: [1, 2] },
      `${place}: identity: expected 3 values, one a channel, or 3, one a neuron, got 2`,
    ],
    ["an unknown current", { into: "h", identity: 1 }, `${place}: into: expected the name of a current (g), got "h"`],
    ["no name", { name: "", identity: 1 }, 'connect: name: expected a name, got ""'],
    [
      "plasticity that is none",
      { identity: 1, plasticity: "stdp" },
      `${place}: plasticity: expected an object of options, got "stdp"`,
    ],
  ])("refuses %s", (_, options, message) => {
    expect(errorOf(() => connected(options as never)).message).toBe(message);
  });
});

it("writes and reads all of it", () => {
  const whole = pair
    .connect({
      name: "x",
      from: "input",
      to: "a",
      into: "g",
      weights: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    })
    .connect({
      name: "y",
      from: "a",
      to: "b",
      edges: { from: [0, 2], to: [1, 1], weights: [0.25, -0], delayTicks: [0, 3] },
      plasticity: stdp({
        plus: 0.1,
        minus: 0.1,
        timeConstantTicks: [20, 30],
        maximum: 1,
        reward: { timeConstantTicks: 200 },
      }),
    })
    .population({
      name: "c",
      units: 2,
      input: "none",
      threshold: { value: [-50, Infinity], strict: true },
      leak: { kind: "constant", chargePerTick: 1, until: -70 },
      reset: { kind: "hard", value: -75, clears: ["g", "h"] },
      refractory: { ticks: 2, clamp: ["v", "h"] },
      currents: { g: { timeConstantTicks: 5 }, h: { timeConstantTicks: 7 } },
      adaptation: { chargePerSpike: 1, timeConstantTicks: 50 },
      delivery: "afterThreshold",
      restTolerance: 0,
      floor: [-80, -Infinity],
    })
    .build();
  const read = readLlif(writeLlif(whole));
  expect(read).toEqual(whole);
  expect(Object.is((read.synapses[1] as SparseSynapse).weights[1], -0)).toBe(true);
});
