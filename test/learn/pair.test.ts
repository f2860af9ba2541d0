// Pair plasticity as BindsNET and SpikingJelly define it: which options of `stdp` give the same weights.
import { describe, expect, it } from "vitest";
import "../../ts/entry/node.ts";
import { createSimulator, spikingNetwork } from "../../ts/index.ts";
import { stdp, type StdpOptions } from "../../ts/spiking/plasticity.ts";
import { engines, uniform } from "./samples.ts";

interface Trains {
  readonly sources: number;
  readonly targets: number;
  /** weights[source][target] */
  readonly weights: readonly (readonly number[])[];
  /** By tick, whether each neuron fires. */
  readonly before: readonly (readonly boolean[])[];
  readonly after: readonly (readonly boolean[])[];
}

function randomTrains(seed: number): Trains {
  const random = uniform(seed);
  const [sources, targets, ticks] = [1 + Math.floor(6 * random()), 1 + Math.floor(6 * random()), 120];
  const rows = <T>(count: number, length: number, value: () => T) =>
    Array.from({ length: count }, () => Array.from({ length }, value));
  return {
    sources,
    targets,
    weights: rows(sources, targets, () => 0.2 + 0.6 * random()),
    before: rows(ticks, sources, () => random() < 0.15),
    after: rows(ticks, targets, () => random() < 0.15),
  };
}

interface Numbers {
  readonly plus: number;
  readonly minus: number;
  readonly taus: readonly [number, number];
}

/**
 * BindsNET's PostPre and WeightDependentPostPre on a dense connection, in float64. In a tick traces decay, then a spike
 * sets its trace to 1 (`traces_additive=False`, its default; network.py updates layers before connections), then w −= nu0·s_pre·x_post and w += nu1·x_pre·s_post, both
 * times the distance from the bound where weights count, and w is clamped.
 */
function bindsnet(
  trains: Trains,
  { plus, minus, taus }: Numbers,
  weightDependent: boolean,
  additive: boolean,
): number[][] {
  const w = trains.weights.map((row) => row.slice());
  const x = { before: new Array<number>(trains.sources).fill(0), after: new Array<number>(trains.targets).fill(0) };
  const factors = { before: Math.exp(-1 / taus[0]), after: Math.exp(-1 / taus[1]) };
  trains.before.forEach((before, tick) => {
    const spikes = { before, after: trains.after[tick] };
    for (const side of ["before", "after"] as const)
      x[side] = x[side].map((trace, neuron) => {
        const left = trace * factors[side];
        return spikes[side][neuron] ? (additive ? left + 1 : 1) : left;
      });
    for (let source = 0; source < trains.sources; source++)
      for (let target = 0; target < trains.targets; target++) {
        const now = w[source][target];
        const down = minus * Number(spikes.before[source]) * x.after[target] * (weightDependent ? now : 1);
        const up = plus * x.before[source] * Number(spikes.after[target]) * (weightDependent ? 1 - now : 1);
        w[source][target] = Math.min(1, Math.max(0, now - down + up));
      }
  });
  return w;
}

/**
 * SpikingJelly's stdp_linear_single_step in float64: trace ← trace − trace/τ + s on both sides, then Δw = −f_pre(w)·tr_post·s_pre +
 * f_post(w)·tr_pre·s_post. The caller steps by `plus` and `minus` through f_post and f_pre.
 */
function spikingJelly(trains: Trains, { plus, minus, taus }: Numbers): number[][] {
  const w = trains.weights.map((row) => row.slice());
  const trace = { before: new Array<number>(trains.sources).fill(0), after: new Array<number>(trains.targets).fill(0) };
  trains.before.forEach((before, tick) => {
    const after = trains.after[tick];
    trace.before = trace.before.map((value, neuron) => value - value / taus[0] + Number(before[neuron]));
    trace.after = trace.after.map((value, neuron) => value - value / taus[1] + Number(after[neuron]));
    for (let source = 0; source < trains.sources; source++)
      for (let target = 0; target < trains.targets; target++)
        w[source][target] +=
          plus * trace.before[source] * Number(after[target]) - minus * trace.after[target] * Number(before[source]);
  });
  return w;
}

/** A live network whose cells fire when they are told to; a spike of the input arrives in its own tick. */
async function ours(trains: Trains, options: StdpOptions, engine: "reference" | "wasm"): Promise<number[][]> {
  const { sources, targets } = trains;
  const network = spikingNetwork({ inputs: sources, dtSeconds: 1e-3 })
    .population({ name: "cells", units: targets, input: "none", threshold: Infinity, reset: "hard" })
    .connect({
      name: "learns",
      from: "input",
      to: "cells",
      delayTicks: 0,
      weights: Array.from({ length: targets }, (_, target) => trains.weights.map((row) => row[target])),
      plasticity: stdp(options),
    })
    .build();
  const simulator = await createSimulator(network, { engine });
  const firing = (spikes: readonly boolean[]) => spikes.flatMap((fires, neuron) => (fires ? [neuron] : []));
  trains.before.forEach((before, tick) => {
    simulator.force("cells", firing(trains.after[tick]));
    const neurons = firing(before);
    simulator.run({ spikes: { ticks: neurons.map(() => 0), neurons } }, { ticks: 1, keepState: true });
  });
  const learnt = simulator.weights("learns");
  simulator.dispose();
  return Array.from({ length: sources }, (_, source) =>
    Array.from({ length: targets }, (_, target) => learnt[target * sources + source]),
  );
}

function expectClose(found: readonly (readonly number[])[], expected: readonly (readonly number[])[]): void {
  found.forEach((row, source) => {
    row.forEach((weight, target) => expect(weight).toBeCloseTo(expected[source][target], 5));
  });
}

const seeds = Array.from({ length: 40 }, (_, seed) => seed);
const numbers: Numbers = { plus: 0.004, minus: 0.003, taus: [20, 33] };
const given = { plus: numbers.plus, minus: numbers.minus, timeConstantTicks: numbers.taus, maximum: 1 } as const;

describe.each(engines)("the conventions of others, engine %s", (engine) => {
  it("BindsNET PostPre: trace set, coincident both", async () => {
    for (const seed of seeds) {
      const trains = randomTrains(seed);
      expectClose(
        await ours(trains, { ...given, trace: "set", coincident: "both" }, engine),
        bindsnet(trains, numbers, false, false),
      );
      expectClose(
        await ours(trains, { ...given, trace: "add", coincident: "both" }, engine),
        bindsnet(trains, numbers, false, true),
      );
    }
  });

  it("BindsNET WeightDependentPostPre: multiplicative, but for products of both changes in one tick", async () => {
    for (const seed of seeds) {
      const { before, ...trains } = randomTrains(seed);
      // Without coincidences; there BindsNET takes both changes from the weight before the tick.
      const apart = {
        ...trains,
        before: before.map((spikes, tick) => spikes.map((fires) => fires && !trains.after[tick].some(Boolean))),
      };
      const options = { ...given, trace: "set", coincident: "both", weightDependence: "multiplicative" } as const;
      expectClose(await ours(apart, options, engine), bindsnet(apart, numbers, true, false));
    }
  });

  it("SpikingJelly: traces add and keep 1 − 1/τ a tick, coincident both", async () => {
    for (const seed of seeds) {
      const trains = randomTrains(seed);
      const [source, target] = numbers.taus.map((tau) => -1 / Math.log(1 - 1 / tau));
      const options = {
        ...given,
        minimum: -10,
        maximum: 10,
        timeConstantTicks: [source, target],
        trace: "add",
        coincident: "both",
      } as const;
      expectClose(await ours(trains, options, engine), spikingJelly(trains, numbers));
    }
  });

  it("differ where another option is taken", async () => {
    const trains = randomTrains(1);
    const distance = (a: number[][], b: number[][]) =>
      Math.max(...a.flatMap((row, source) => row.map((weight, target) => Math.abs(weight - b[source][target]))));
    const expected = bindsnet(trains, numbers, false, false);
    for (const wrong of [
      { trace: "add", coincident: "both" },
      { trace: "set", coincident: "potentiate" },
      { trace: "set", coincident: "none" },
    ] as const)
      expect(distance(await ours(trains, { ...given, ...wrong }, engine), expected)).toBeGreaterThan(1e-3);
  });
});
