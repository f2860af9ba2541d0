// A constant current is integrated exactly: rates equal the closed formula of the continuous neuron (T10), in both engines.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { biologicalParameters } from "../../ts/mapping/biological.ts";
import { ohmicRate, refractoryOhmicRate } from "../../ts/mapping/equations.ts";
import { toSpiking } from "../../ts/mapping/to-spiking.ts";
import { reluNetwork } from "../../ts/relu/builder.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import { biologicalNeuron, synapticCurrent, type BiologicalNeuron } from "../../ts/spiking/neuron.ts";
import { populationsOf } from "../../ts/spiking/network.ts";
import { engines, simulate } from "../theorems/engines.ts";

const gray = { scale: 1 / 255, mean: [0], std: [1], channelOrder: "gray" } as const;

/** Rheobase: 15 mV over 100 MΩ, 150 pA. */
const membrane = { capacitanceFarad: 1e-10, thresholdVolt: 15e-3, resistanceOhm: 1e8 };
const timeConstant = membrane.resistanceOhm * membrane.capacitanceFarad;

/** Potential that the current leads to, above the reset. */
const steadyOf = ({ restVolt, resetVolt }: Partial<BiologicalNeuron>, current: number) =>
  membrane.resistanceOhm * current + (restVolt ?? resetVolt ?? 0) - (resetVolt ?? restVolt ?? 0);

describe.each(engines)("a constant current, $name engine", (engine) => {
  const countsOf = async (neuron: BiologicalNeuron, currents: readonly number[], ticks: number) => {
    const made = currents.map((injectedCurrentAmpere) => biologicalNeuron({ ...neuron, injectedCurrentAmpere }));
    const network = spikingNetwork({ inputs: [1], ticks, dtSeconds: neuron.dtSeconds })
      .population({
        ...made[0],
        bias: made.map(({ bias }) => bias),
        weights: currents.map(() => [0]),
        reset: "hard",
        name: "n",
      })
      .build();
    return Array.from((await simulate(engine, network, new Float32Array(1))).counts.n);
  };

  it.each([1e-4, 1e-3, 5e-3])("of 145 pA is below the rheobase of 150 pA at every tick: %d s", async (dtSeconds) => {
    const counts = await countsOf({ ...membrane, dtSeconds }, [145e-12, 149.9e-12, 155e-12], 5000);
    expect(counts.slice(0, 2)).toEqual([0, 0]);
    expect(counts[2]).toBeGreaterThan(0);
  });

  it("would fire at 23.5 Hz if it gave I·dt a tick of 1 ms", async () => {
    const neuron = biologicalNeuron({ ...membrane, dtSeconds: 1e-3 });
    const network = spikingNetwork({ inputs: [1], ticks: 2000, dtSeconds: 1e-3 })
      .population({ ...neuron, bias: 145e-12 * 1e-3 * 2 ** 40, weights: [[0]], reset: "soft", name: "n" })
      .build();
    const [count] = (await simulate(engine, network, new Float32Array(1))).counts.n;
    expect(count / 2).toBe(23.5);
  });

  it("gives the rate 1/(dt·⌈1/(f·dt)⌉), from −70, −75 and −50 mV too, and 1/t_ref at the most", async () => {
    let fired = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          dtSeconds: fc.constantFrom(1e-4, 5e-4, 1e-3),
          potentials: fc.constantFrom(
            { thresholdVolt: 15e-3 },
            { thresholdVolt: -50e-3, restVolt: -70e-3, resetVolt: -75e-3 },
            { thresholdVolt: -50e-3, restVolt: -65e-3 },
            { thresholdVolt: 10e-3, resetVolt: 5e-3 },
          ),
          period: fc.integer({ min: 0, max: 4 }),
          refractoryInput: fc.constantFrom("integrate" as const, "discard" as const),
          tenths: fc.array(fc.integer({ min: 0, max: 9999 }), { minLength: 1, maxLength: 20 }),
        }),
        async ({ dtSeconds, potentials, period, refractoryInput, tenths }) => {
          const neuron = {
            ...membrane,
            ...potentials,
            dtSeconds,
            refractorySeconds: period * dtSeconds,
            refractoryInput,
            initialVolt: "resetVolt" in potentials ? potentials.resetVolt : undefined,
          };
          const currents = tenths.map((value) => value * 1e-13);
          const distance = neuron.thresholdVolt - (potentials.resetVolt ?? potentials.restVolt ?? 0);
          const counts = await countsOf(neuron, currents, 2000);
          currents.forEach((current, index) => {
            // The first spike that the continuous neuron has at the end of a tick.
            const rate = ohmicRate(steadyOf(neuron, current), distance, timeConstant) * dtSeconds;
            const near = Math.abs(1 / rate - Math.round(1 / rate));
            if (rate > 0 && (near < 1e-3 * (1 + 1 / rate) || 1 / rate > 200)) return;
            const first = Math.ceil(1 / rate);
            const interval =
              refractoryInput === "integrate" ? Math.max(first, period) : first + Math.max(0, period - 1);
            expect(counts[index]).toBe(rate > 0 ? Math.floor((2000 - first) / interval) + 1 : 0);
            fired += counts[index];
            const limited = refractoryOhmicRate(rate / dtSeconds, neuron.refractorySeconds, dtSeconds, refractoryInput);
            expect(limited).toBeLessThanOrEqual(1 / Math.max(neuron.refractorySeconds, dtSeconds) + 1e-6);
            if (rate > 0) expect(1 / (limited * dtSeconds)).toBeGreaterThan(interval - 1);
          });
        },
      ),
      { seed: 5, numRuns: 100 },
    );
    expect(fired).toBeGreaterThan(1000);
  });

  it("gives a mapped network with an ohmic leak the rates of the closed formula", async () => {
    const neuron = { ...membrane, dtSeconds: 1e-3, thresholdVolt: -50e-3, restVolt: -70e-3, resetVolt: -75e-3 };
    const weights = { shape: [8, 2], data: Float32Array.from({ length: 16 }, (_, index) => (index - 6) / 8) };
    const bias = Float32Array.from({ length: 8 }, (_, index) => index / 16 - 0.1);
    const readOut = { shape: [2, 8], data: new Float32Array(16).fill(0.1) };
    const relu = reluNetwork({ input: [2], convention: gray })
      .dense({ weights, bias, name: "hidden" })
      .relu()
      .dense({ weights: readOut, bias: new Float32Array(2), name: "logits" })
      .build();
    const calibration = Array.from({ length: 12 }, (_, index) => Uint8Array.of(255 - 8 * index, 9 * index));
    const ticks = 4000;
    const network = await toSpiking(relu, { code: "rate", neuron, ticks, calibration });
    const { leakCurrentAmpere, synapticChargeCoulomb } = biologicalParameters(network, neuron);
    const pixels = Uint8Array.of(191, 64);
    const [hidden] = populationsOf(network);
    const { counts } = await simulate(engine, network, pixels);
    const share = -Math.expm1(-neuron.dtSeconds / timeConstant);
    let firing = 0;
    leakCurrentAmpere[hidden.name].forEach((leak, index) => {
      const charge = synapticChargeCoulomb[0]
        .slice(2 * index, 2 * index + 2)
        .reduce((sum, q, j) => sum + q * pixels[j], 0);
      const steady = steadyOf(neuron, charge / (timeConstant * share) - leak);
      const rate = ohmicRate(steady, 25e-3, timeConstant) * neuron.dtSeconds;
      const error = counts[hidden.name][index] / ticks - rate;
      expect(error).toBeLessThanOrEqual(1.5 / ticks);
      expect(error).toBeGreaterThanOrEqual(-neuron.dtSeconds / timeConstant - 1.5 / ticks);
      if (rate > 0) firing++;
    });
    expect(firing).toBeGreaterThan(3);
  });
});

describe("synaptic currents and adaptation in SI units", () => {
  const neuron = { ...membrane, dtSeconds: 1e-4, currents: { g: { timeConstantSeconds: 5e-3 } } };
  const neuronOf = (given: BiologicalNeuron) => {
    const [{ neuron: built }] = populationsOf(
      spikingNetwork({ inputs: [1], dtSeconds: given.dtSeconds, ticks: 1 })
        .population({ ...biologicalNeuron(given), weights: [[0]], name: "n" })
        .build(),
    );
    return built;
  };

  it("give the potential of the closed formula after a spike: R·I·τ_g/(τ_g − τ)·(e^(−t/τ_g) − e^(−t/τ))", () => {
    const { currents, leak } = neuronOf(neuron);
    const [{ factorPerTick, gain }] = currents ?? [];
    let [v, g] = [0, synapticCurrent(1e-10, neuron)];
    for (let tick = 1; tick <= 400; tick++) {
      [v, g] = [(leak?.factorPerTick[0] ?? 1) * v + gain[0] * g, factorPerTick[0] * g];
      const seconds = tick * 1e-4;
      const volt = ((1e8 * 1e-10 * 5e-3) / (5e-3 - 1e-2)) * (Math.exp(-seconds / 5e-3) - Math.exp(-seconds / 1e-2));
      expect(v / (2 ** 40 * 1e-10)).toBeCloseTo(volt, 7);
    }
  });

  it("deliver I·τ_g of charge without a leak", () => {
    const plain = { ...neuron, resistanceOhm: undefined };
    const { currents } = neuronOf(plain);
    const [{ factorPerTick, gain }] = currents ?? [];
    let [v, g] = [0, synapticCurrent(1e-10, plain)];
    for (let tick = 0; tick < 2000; tick++) [v, g] = [v + gain[0] * g, factorPerTick[0] * g];
    expect(v / (2 ** 40 * 1e-10 * 5e-3)).toBeCloseTo(1, 4);
  });

  it("keep what they are told: clamps, and charge a spike against firing", () => {
    const made = biologicalNeuron({
      ...neuron,
      refractorySeconds: 2e-3,
      refractoryClamp: ["v", "g"],
      adaptation: { amperePerSpike: 1e-11, timeConstantSeconds: 0.1 },
    });
    expect(made.refractory).toEqual({ ticks: 19, clamp: ["v", "g"] });
    expect(made.currents).toEqual({ g: { timeConstantTicks: 5e-3 / 1e-4 } });
    expect(made.adaptation?.timeConstantTicks).toBeCloseTo(1000, 9);
    const constant = biologicalNeuron({ ...neuron, injectedCurrentAmpere: 1e-11 });
    expect(made.adaptation?.chargePerSpike).toBeCloseTo(constant.bias, 12);
    expect(neuronOf({ ...neuron, refractorySeconds: 2e-3, refractoryClamp: ["v", "g"] }).refractory).toEqual({
      ticks: Uint32Array.of(19),
      clamp: ["v", "g"],
    });
  });

  it("are refused where they contradict each other, and by mapped networks", async () => {
    const clamped = { ...neuron, refractoryClamp: ["v"] };
    expect(() => biologicalNeuron({ ...clamped, refractoryInput: "discard" })).toThrow("no refractoryInput beside it");
    const relu = reluNetwork({ input: [1], convention: gray })
      .dense({ weights: { shape: [1, 1], data: Float32Array.of(1) }, bias: Float32Array.of(0) })
      .build();
    await expect(toSpiking(relu, { code: "rate", neuron })).rejects.toThrow("expected no refractoryClamp, currents");
  });
});

describe("potentials that are not given", () => {
  const neuron = { ...membrane, dtSeconds: 1e-3, thresholdVolt: -50e-3 };
  it("are the resting potential, which is the reset or 0", () => {
    const all = biologicalNeuron({ ...neuron, restVolt: -70e-3, resetVolt: -70e-3, initialVolt: -70e-3 });
    expect(biologicalNeuron({ ...neuron, restVolt: -70e-3 })).toEqual(all);
    expect(biologicalNeuron({ ...neuron, resetVolt: -70e-3 })).toEqual(all);
    expect(all.initialPotential).toBe(0);
    expect(biologicalNeuron({ ...neuron, restVolt: -70e-3, resetVolt: -75e-3 }).initialPotential).toBeCloseTo(
      5e-3 * 1e-10 * 2 ** 40,
      9,
    );
  });

  it("are refused where the threshold is not above the reset", () => {
    expect(() => biologicalNeuron(neuron)).toThrow("thresholdVolt: expected above resetVolt, 0 V, got -0.05 V");
    expect(() => biologicalNeuron({ ...neuron, resetVolt: -50e-3 })).toThrow("thresholdVolt");
  });
});
