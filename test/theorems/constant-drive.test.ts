// T1, T5, T6 and T10 under constant drive, in both engines.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  countUnderConstantDrive,
  discardingDrive,
  equivalentLeakCharge,
  hardResetCount,
  hardResetRate,
  ohmicHardResetTicks,
  ohmicPredistortion,
  ohmicRate,
  ohmicReluRate,
  ohmicTickBound,
  ohmicTickRate,
  refractoryRate,
  reluRate,
} from "../../ts/mapping/equations.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import type { NeuronOptions } from "../../ts/spiking/neurons/models.ts";
import { engines, simulate } from "./engines.ts";

const run = { seed: 1, numRuns: 60 };
/** Multiples of 1/64 up to 64: float32 adds thousands of them without rounding. */
const dyadic = (from: number, to: number): fc.Arbitrary<number> =>
  fc.integer({ min: from * 64, max: to * 64 }).map((value) => value / 64);
const drives = fc.array(dyadic(-4, 12), { minLength: 1, maxLength: 40 });

describe.each(engines)("constant drive, $name engine", (engine) => {
  const countsOf = async (charges: number[], ticks: number, options: NeuronOptions): Promise<number[]> => {
    const network = spikingNetwork({ inputs: [1], ticks })
      .population({ ...options, weights: charges.map(() => [0]), bias: charges, name: "n" })
      .build();
    return Array.from((await simulate(engine, network, new Float32Array(1))).counts.n);
  };

  it("T1: N = clip(floor((v0 + T·z)/θ), 0, T), within ½ of the ReLU from θ/2", async () => {
    expect.hasAssertions();
    await fc.assert(
      fc.asyncProperty(
        drives,
        dyadic(1, 8),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.integer({ min: 1, max: 300 }),
        async (charges, threshold, part, ticks) => {
          const initialPotential = Math.floor(part * threshold * 64) / 64;
          const counts = await countsOf(charges, ticks, { threshold, initialPotential });
          expect(counts).toEqual(charges.map((z) => countUnderConstantDrive(z, threshold, ticks, initialPotential)));
          const fromHalf = await countsOf(charges, ticks, { threshold, initialPotential: threshold / 2 });
          fromHalf.forEach((count, index) =>
            expect(Math.abs(count - ticks * reluRate(charges[index], threshold))).toBeLessThanOrEqual(0.5),
          );
        },
      ),
      run,
    );
  });

  it("T5: hard reset counts floor(T/ceil(θ/z)), exact only where θ/z is an integer or z ≥ θ", async () => {
    expect.hasAssertions();
    await fc.assert(
      fc.asyncProperty(drives, dyadic(1, 8), fc.integer({ min: 1, max: 300 }), async (charges, threshold, ticks) => {
        const counts = await countsOf(charges, ticks, { threshold, reset: "hard" });
        expect(counts).toEqual(charges.map((z) => hardResetCount(z, threshold, ticks)));
        for (const z of charges.filter((charge) => charge > 0)) {
          const loss = 1 - hardResetRate(z, threshold) / reluRate(z, threshold);
          expect(loss < 1e-12).toBe(z >= threshold || Number.isInteger(threshold / z));
          expect(loss).toBeLessThan(Math.max(z / threshold, 1e-12));
        }
      }),
      run,
    );
  });

  it("T5 with a refractory period: one spike every max(ceil(θ/z), n + 1) ticks, or ceil(θ/z) + n where input is discarded", async () => {
    expect.hasAssertions();
    await fc.assert(
      fc.asyncProperty(
        drives,
        dyadic(1, 8),
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 0, max: 6 }),
        fc.constantFrom("integrate", "discard"),
        async (charges, threshold, ticks, waiting, input) => {
          const counts = await countsOf(charges, ticks, {
            threshold,
            reset: "hard",
            refractory: { ticks: waiting, input },
          });
          expect(counts).toEqual(
            charges.map((z) => {
              if (z <= 0) return 0;
              const [first, period] = [
                Math.ceil(threshold / z),
                Math.round(1 / hardResetRate(z, threshold, waiting, input)),
              ];
              return Math.max(0, Math.floor((ticks - first) / period) + 1);
            }),
          );
        },
      ),
      run,
    );
  });

  it("T6: a refractory neuron is a clipped ReLU if it integrates, 1/(θ/z + n) if it discards", async () => {
    expect.hasAssertions();
    await fc.assert(
      fc.asyncProperty(
        drives,
        dyadic(1, 8),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom("integrate", "discard"),
        async (charges, threshold, waiting, input) => {
          const ticks = 400;
          const within = input === "integrate" ? charges : charges.map((z) => Math.min(z, threshold));
          const initialPotential = input === "integrate" ? threshold / 2 : 0;
          const counts = await countsOf(within, ticks, {
            threshold,
            initialPotential,
            refractory: { ticks: waiting, input },
          });
          counts.forEach((count, index) => {
            const rate = refractoryRate(within[index], threshold, waiting, input);
            expect(Math.abs(count - ticks * rate)).toBeLessThanOrEqual(1);
            if (input === "discard" && within[index] > 0)
              expect(discardingDrive(rate, threshold, waiting)).toBeCloseTo(within[index], 9);
          });
        },
      ),
      run,
    );
  });

  it("T10: hard reset with an ohmic leak fires every k = ceil(ln(1 − θ(1 − α)/z)/ln α) ticks", async () => {
    expect.hasAssertions();
    await fc.assert(
      fc.asyncProperty(
        drives,
        dyadic(1, 8),
        fc.integer({ min: 1, max: 300 }),
        fc.constantFrom(0.5, 0.25),
        fc.integer({ min: 0, max: 3 }),
        async (charges, threshold, ticks, alpha, waiting) => {
          // At θ(1 − α) = z the potential only tends to θ, and float32 rounds it there.
          const kept = charges.filter((z) => z !== threshold * (1 - alpha));
          if (kept.length === 0) return;
          const counts = await countsOf(kept, ticks, {
            threshold,
            reset: "hard",
            leak: { kind: "ohmic", factorPerTick: alpha },
            refractory: { ticks: waiting, input: "discard" },
          });
          expect(counts).toEqual(
            kept.map((z) =>
              Math.max(0, Math.floor((ticks + waiting) / (ohmicHardResetTicks(z, threshold, alpha) + waiting))),
            ),
          );
        },
      ),
      run,
    );
  });

  it("T10: the ohmic neuron follows its formula within the stated bounds", async () => {
    expect.hasAssertions();
    const parameters = fc.record({
      tau: fc.integer({ min: 2, max: 400 }),
      ticks: fc.integer({ min: 50, max: 600 }),
      rest: dyadic(-4, 8),
      currents: fc.array(fc.double({ min: -8, max: 8, noNaN: true }), { minLength: 1, maxLength: 30 }),
    });
    await fc.assert(
      fc.asyncProperty(parameters, async ({ tau, ticks, rest, currents }) => {
        // R = 1 and C = τ, so that a volt of drive is one ampere, θ = C·V_th with V_th = 1, dt = 1.
        const alpha = Math.exp(-1 / tau);
        const steady = currents.map((current) => current * 0.5 * tau * (1 - alpha) + rest);
        const charges = steady.map((volt) => (1 - alpha) * tau * volt);
        const counts = await countsOf(charges, ticks, {
          threshold: tau,
          initialPotential: tau / 2,
          leak: { kind: "ohmic", timeConstantTicks: tau },
        });
        counts.forEach((count, index) => {
          const z = charges[index];
          if (z < 0 || z > tau) return;
          const rate = count / ticks;
          // One spike more or less where float32 rounds a tie.
          const tie = 1 / ticks;
          expect(Math.abs(rate - ohmicTickRate(z, tau, alpha))).toBeLessThanOrEqual(ohmicTickBound(alpha, ticks) + tie);
          const continuous = ohmicRate(steady[index], 1, tau);
          const firstOrder = (1 / tau - (1 - alpha)) * (steady[index] - 0.5);
          expect(rate - continuous).toBeGreaterThanOrEqual(
            -ohmicTickBound(alpha, ticks) - Math.max(0, firstOrder) - tie,
          );
          expect(rate - continuous).toBeGreaterThanOrEqual(-1 / tau - 1 / (2 * ticks) - tie);
          expect(rate - continuous).toBeLessThanOrEqual(1 / (2 * ticks) + tie);
        });
      }),
      run,
    );
  });
});

describe("T10, the continuous formula", () => {
  it("lies below its ReLU by at most 1/(2τ), and predistortion undoes it", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 50, noNaN: true }),
        fc.double({ min: 1e-3, max: 10, noNaN: true }),
        fc.double({ min: 0.1, max: 5, noNaN: true }),
        (volt, tau, threshold) => {
          const gap = ohmicReluRate(volt, threshold, tau) - ohmicRate(volt, threshold, tau);
          expect(gap).toBeGreaterThanOrEqual(-1e-9 / tau);
          expect(gap).toBeLessThanOrEqual((1 + 1e-9) / (2 * tau));
          const rate = ohmicRate(volt, threshold, tau);
          if (rate > 1e-2 / tau) expect(ohmicPredistortion(rate, threshold, tau, 0.25) + 0.25).toBeCloseTo(volt, 6);
        },
      ),
      { seed: 2, numRuns: 500 },
    );
  });

  it("has the constant leak (1 − α)(θ/2 − C·V_rest) as its fast limit", () => {
    const alpha = Math.exp(-1 / 100);
    expect(ohmicTickRate(0.4 * 100, 100, alpha)).toBeCloseTo(reluRate(40 - equivalentLeakCharge(alpha, 100), 100), 12);
  });
});
