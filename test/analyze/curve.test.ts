// Firing-rate curves against the theorems, in both engines.
import { describe, expect, it } from "vitest";
import { firingRateCurve, type CurveOptions } from "../../ts/analyze/curve.ts";
import { engines } from "../theorems/engines.ts";

describe.each(engines)("firingRateCurve, $name engine", (engine) => {
  const neuron = {
    engine,
    capacitanceFarad: 250e-12,
    thresholdVolt: 15e-3,
    dtSeconds: 1e-4,
    resistanceOhm: 200e6,
    currents: Array.from({ length: 81 }, (_, index) => (index - 10) * 1e-9),
    ticks: 5000,
  };
  const cases: [CurveOptions["leak"], CurveOptions["reset"], number, "integrate" | "discard", string][] = [
    ["constant", "soft", 0, "integrate", "T1"],
    ["constant", "hard", 0, "integrate", "T5"],
    ["constant", "soft", 2e-3, "integrate", "T6"],
    ["constant", "soft", 2e-3, "discard", "T6"],
    ["constant", "hard", 2e-3, "integrate", "T5"],
    ["constant", "hard", 2e-3, "discard", "T5"],
    ["ohmic", "soft", 0, "integrate", "T10"],
    ["ohmic", "soft", 0, "discard", "T10"],
    ["ohmic", "hard", 0, "integrate", "T10"],
    ["ohmic", "hard", 2e-3, "integrate", "T10"],
    ["ohmic", "hard", 2e-3, "discard", "T10"],
  ];
  it.each(cases)(
    "keeps to the bound of its theorem: %s leak, %s reset, refractory %d s, %s",
    async (leak, reset, refractorySeconds, refractoryInput, theorem) => {
      const curve = await firingRateCurve({
        ...neuron,
        leak,
        reset,
        refractorySeconds,
        refractoryInput,
        leakCurrentAmpere: 2e-9,
      });
      expect(curve.theorem).toBe(theorem);
      let firing = 0;
      let bounded = 0;
      for (const point of curve.points) {
        if (point.simulatedHertz > 0) firing++;
        if (point.boundHertz === null) continue;
        bounded++;
        expect(point.errorHertz).toBeGreaterThanOrEqual(-point.boundHertz.below - 1e-6);
        expect(point.errorHertz).toBeLessThanOrEqual(point.boundHertz.above + 1e-6);
      }
      expect(firing).toBeGreaterThan(30);
      expect(bounded).toBeGreaterThan(30);
    },
  );

  it("says that no theorem bounds a refractory soft reset with an ohmic leak", async () => {
    const { points } = await firingRateCurve({ ...neuron, leak: "ohmic", reset: "soft", refractorySeconds: 2e-3 });
    expect(points.every(({ boundHertz }) => boundHertz === null)).toBe(true);
  });

  it.each(["integrate", "discard"] as const)(
    "gives the formula of a refractory ohmic neuron: input it would %s",
    async (refractoryInput) => {
      const { points } = await firingRateCurve({
        ...neuron,
        leak: "ohmic",
        reset: "soft",
        refractorySeconds: 2e-3,
        refractoryInput,
      });
      const rates = points.map(({ formulaHertz }) => formulaHertz);
      const limit = 1 / 2e-3;
      expect(Math.max(...rates)).toBeLessThanOrEqual(limit);
      expect(Math.max(...rates)).toBeGreaterThan(0.75 * limit);
      const unlimited = (await firingRateCurve({ ...neuron, leak: "ohmic", reset: "soft" })).points.map(
        ({ formulaHertz }) => formulaHertz,
      );
      rates.forEach((rate, index) => {
        if (unlimited[index] === 0) expect(rate).toBe(0);
        else if (refractoryInput === "integrate") expect(rate).toBeCloseTo(Math.min(unlimited[index], limit), 6);
        else if (unlimited[index] < 1 / neuron.dtSeconds)
          expect(1 / rate - 1 / unlimited[index]).toBeCloseTo(1.9e-3, 12);
      });
    },
  );

  it("needs the resistance of an ohmic leak and a refractory period in whole ticks", async () => {
    await expect(
      firingRateCurve({ ...neuron, leak: "ohmic", reset: "soft", resistanceOhm: undefined }),
    ).rejects.toThrow("resistanceOhm");
    await expect(
      firingRateCurve({ ...neuron, leak: "constant", reset: "soft", refractorySeconds: 1.5e-4 }),
    ).rejects.toThrow("multiple of the tick");
  });
});
