// Live networks against closed formulas: rates of constant drive, the EPSP of a current, refractory limit, adaptation, background.
import { describe, expect, it } from "vitest";
import type { Result, Simulator } from "../../ts/engine/engine.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import type { FreePopulationOptions } from "../../ts/spiking/layer-options.ts";
import { engines } from "../theorems/engines.ts";

type Options = Omit<FreePopulationOptions, "input" | "units" | "name">;

describe.each(engines)("live networks in closed form, $name engine", (engine) => {
  async function run<T>(options: Options, ticks: number, read: (result: Result, simulator: Simulator) => T, units = 1) {
    const network = spikingNetwork({ inputs: 1, dtSeconds: 1e-3 })
      .population({ name: "n", input: "none", units, ...options })
      .build();
    const simulator = await engine.createSimulator(network, { record: { spikes: ["n"] }, live: true });
    const result = read(simulator.run(null, { ticks }), simulator);
    simulator.dispose();
    return result;
  }
  const ticksOf = ({ spikes }: Result) => Array.from((spikes as Record<string, { ticks: Uint32Array }>)["n"].ticks);

  it("no leak and a constant leak: ⌊(v0 + c·T)/θ⌋ spikes", async () => {
    for (const drive of [0.0625, 0.375, 0.75]) {
      const spikes = await run({ threshold: 1, bias: drive, initialPotential: 0.5 }, 640, ticksOf);
      expect(spikes).toHaveLength(Math.floor(0.5 + drive * 640));
      const leak = { kind: "constant", chargePerTick: 0.03125 } as const;
      const leaking = await run({ threshold: 1, bias: drive, leak }, 640, ticksOf);
      expect(leaking).toHaveLength(Math.floor((drive - 0.03125) * 640));
    }
  });

  it("a constant leak toward a level stops there", async () => {
    const leak = { kind: "constant", chargePerTick: 0.25, until: 0.125 } as const;
    const at = (ticks: number, initialPotential: number) =>
      run({ threshold: 4, leak, initialPotential }, ticks, (_, simulator) => simulator.potentials("n")[0]);
    expect(await at(2, 1)).toBe(0.5);
    expect(await at(9, 1)).toBe(0.125);
    expect(await at(9, -1)).toBe(0.125);
  });

  it("an ohmic leak with hard reset: an interval of ⌈ln(1 − θ/r) / ln α⌉ ticks, r = c/(1 − α)", async () => {
    const factorPerTick = Math.fround(Math.exp(-1 / 20));
    for (const above of [1.07, 1.5, 3]) {
      const bias = above * (1 - factorPerTick);
      const options = { threshold: 1, bias, leak: { kind: "ohmic", factorPerTick }, reset: "hard" } as const;
      const spikes = await run(options, 500, ticksOf);
      const interval = Math.ceil(Math.log(1 - 1 / above) / Math.log(factorPerTick));
      expect(new Set(spikes.slice(1).map((tick, index) => tick - spikes[index]))).toEqual(new Set([interval]));
      expect(spikes[0]).toBe(interval - 1);
    }
  });

  it("below rheobase an ohmic neuron is silent", async () => {
    const factorPerTick = Math.fround(Math.exp(-1 / 20));
    const bias = 0.999 * (1 - factorPerTick);
    expect(await run({ threshold: 1, bias, leak: { kind: "ohmic", factorPerTick } }, 3000, ticksOf)).toEqual([]);
  });

  it("the EPSP of a current follows w·τ_g/(τ − τ_g)·(e^(−t/τ) − e^(−t/τ_g)): its peak, and when it comes", async () => {
    const [tau, tauCurrent, weight] = [200, 50, 0.8];
    const network = spikingNetwork({ inputs: 1 })
      .population({
        name: "n",
        input: "none",
        units: 1,
        threshold: Infinity,
        leak: { kind: "ohmic", timeConstantTicks: tau },
        currents: { g: { timeConstantTicks: tauCurrent } },
        restTolerance: 0,
      })
      .connect({ from: "input", to: "n", into: "g", weights: [[weight]] })
      .build();
    const simulator = await engine.createSimulator(network, { record: { potentials: { n: [0] } } });
    const ticks = 1000;
    const { potentials } = simulator.run({ spikes: { ticks: [0], neurons: [0] } }, { ticks });
    // The spike arrives in tick 0, and v sees it from the next tick on.
    const trace = (potentials as Record<string, Float32Array>)["n"];
    const exact = (t: number) =>
      ((weight * tauCurrent) / (tau - tauCurrent)) * (Math.exp(-t / tau) - Math.exp(-t / tauCurrent));
    // Each of the 1,000 ticks rounds v and g thrice; half a unit in the last place of at most ½.
    trace.forEach((v, tick) => expect(Math.abs(v - exact(tick))).toBeLessThan(3 * ticks * 2 ** -25));
    const peak = ((tau * tauCurrent) / (tau - tauCurrent)) * Math.log(tau / tauCurrent);
    expect(Math.abs(trace.indexOf(trace.reduce((most, v) => Math.max(most, v))) - peak)).toBeLessThanOrEqual(1);
    simulator.dispose();
  });

  it("however strong the drive, spikes are a refractory period and a tick apart", async () => {
    for (const refractory of [0, 1, 7]) {
      for (const reset of ["soft", "hard"] as const) {
        const spikes = await run({ threshold: 1, bias: 50, reset, refractory }, 64, ticksOf);
        expect(spikes).toHaveLength(Math.ceil(64 / (refractory + 1)));
      }
    }
  });

  it("adaptation: a steady rate of c/(θ + b/(1 − ω)) spikes a tick", async () => {
    const [drive, charge, timeConstantTicks] = [0.4, 0.02, 100];
    const adaptation = { chargePerSpike: charge, timeConstantTicks };
    const ticks = 40_000;
    const spikes = await run({ threshold: 1, bias: drive, adaptation }, ticks, ticksOf);
    const expected = (drive * ticks) / (1 + charge / (1 - Math.exp(-1 / timeConstantTicks)));
    // What the first ticks have more, before w is at its mean, is about what w holds at its mean.
    const held = (expected / ticks) * (charge / (1 - Math.exp(-1 / timeConstantTicks))) * timeConstantTicks;
    expect(Math.abs(spikes.length - expected)).toBeLessThanOrEqual(held + 2);
    const late = spikes.filter((tick) => tick >= ticks / 2).length;
    expect(Math.abs(late - expected / 2)).toBeLessThanOrEqual(3);
  });

  it("background: mean and variance of counts are λ, within 3 standard errors, over fixed seeds", async () => {
    const [units, ticks] = [400, 500];
    for (const [seed, rateHz] of [
      [1, 20],
      [2, 300],
      [3, 2500],
    ]) {
      const network = spikingNetwork({ inputs: 1, dtSeconds: 1e-3 })
        .population({ name: "n", input: "none", units, threshold: Infinity })
        .build();
      const simulator = await engine.createSimulator(network);
      simulator.background("n", { rateHz, weight: 1, seed });
      simulator.run(null, { ticks, keepState: true });
      const totals = Array.from(simulator.potentials("n"));
      const mean = rateHz * 1e-3 * ticks;
      const average = totals.reduce((sum, total) => sum + total, 0) / units;
      expect(Math.abs(average - mean)).toBeLessThan(3 * Math.sqrt(mean / units));
      const variance = totals.reduce((sum, total) => sum + (total - average) ** 2, 0) / (units - 1);
      // The variance of a sample variance of n Poisson totals is (2μ² + μ)/n, to first order.
      expect(Math.abs(variance - mean)).toBeLessThan(3 * Math.sqrt((2 * mean ** 2 + mean) / units));
      simulator.dispose();
    }
  });
});
