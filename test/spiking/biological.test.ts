// Neurons in SI units follow the membrane equation, in both engines.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pcg32 } from "../../ts/random.ts";
import { population } from "../../ts/spiking/builder.ts";
import { biologicalNeuron, synapticCharge, type BiologicalNeuron } from "../../ts/spiking/neuron.ts";
import { engines } from "../theorems/engines.ts";

interface Experiment {
  readonly neuron: BiologicalNeuron;
  readonly reset: "soft" | "hard";
  readonly spikesPerTick: number;
  /** Charge of one spike of each input, in coulomb. */
  readonly charges: number[];
  readonly ticks: number;
  readonly seed: number;
}

/** Input spikes as [tick][input]. */
function spikesOf({ charges, ticks, seed }: Experiment): boolean[][] {
  const random = pcg32(seed);
  return Array.from({ length: ticks }, () => charges.map(() => random() < 0.2 * 2 ** 32));
}

/** The membrane in volt, from the equation C dV/dt = −(V − V_rest)/R + I_inj − I_leak, in float64; shares nothing with the package. */
function membrane(experiment: Experiment): { spikeTicks: number[]; nearest: number } {
  const { reset, spikesPerTick, charges, ticks } = experiment;
  const {
    capacitanceFarad: C,
    thresholdVolt,
    dtSeconds,
    restVolt = experiment.neuron.resetVolt ?? 0,
    resetVolt = restVolt,
    leakCurrentAmpere = 0,
    resistanceOhm,
    injectedCurrentAmpere = 0,
    initialVolt = restVolt,
    floorVolt = -Infinity,
    refractorySeconds = 0,
    refractoryInput = "integrate",
  } = experiment.neuron;
  const decay = resistanceOhm === undefined ? 1 : Math.exp(-dtSeconds / (resistanceOhm * C));
  const spikeTicks: number[] = [];
  // Over a tick at constant current: V → V∞ + (V − V∞)·e^(−dt/RC).
  const current = injectedCurrentAmpere - leakCurrentAmpere;
  const [distance, waiting] = [thresholdVolt - resetVolt, Math.round(refractorySeconds / dtSeconds) - 1];
  let [volt, restedAt, nearest] = [initialVolt, -1, Infinity];
  const arriving = spikesOf(experiment);
  for (let tick = 0; tick < ticks; tick++) {
    const refractory = tick <= restedAt;
    if (refractory && refractoryInput === "discard") {
      volt = resetVolt + (volt - resetVolt) * decay;
    } else {
      if (resistanceOhm === undefined) volt += (current * dtSeconds) / C;
      else {
        const limit = restVolt + resistanceOhm * current;
        volt = limit + (volt - limit) * decay;
      }
      charges.forEach((charge, input) => (volt += arriving[tick][input] ? charge / C : 0));
    }
    volt = Math.max(volt, floorVolt);
    nearest = Math.min(
      nearest,
      ...(spikesPerTick === 1 ? [1] : [1, 2, 3, 4, 5]).map((spikes) =>
        Math.abs((volt - resetVolt) / distance - spikes),
      ),
    );
    if (refractory || volt < thresholdVolt) continue;
    const fired = Math.min(spikesPerTick, Math.floor((volt - resetVolt) / distance));
    for (let spike = 0; spike < fired; spike++) spikeTicks.push(tick);
    volt = reset === "hard" ? resetVolt : volt - fired * distance;
    restedAt = tick + Math.max(0, waiting);
  }
  return { spikeTicks, nearest };
}

/** Even, where fc.double prefers the tiny and the extreme. */
const between = (min: number, max: number) =>
  fc.integer({ min: 0, max: 1_000_003 }).map((part) => min + ((max - min) * part) / 1_000_003);
const perhaps = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const experiments: fc.Arbitrary<Experiment> = fc
  .record({
    // 128 pF and 16 mV: a power of two as charge, which several spikes a tick need.
    capacitance: fc.constantFrom(2 ** -33, 1e-10, 3e-10),
    dt: fc.constantFrom(1e-4, 1e-3),
    reset: fc.constantFrom("soft" as const, "hard" as const),
    several: fc.boolean(),
    resistance: perhaps(between(2e7, 5e8)),
    leak: perhaps(between(-5e-10, 5e-10)),
    injected: perhaps(between(-5e-10, 3e-9)),
    rest: perhaps(between(-5e-3, 1e-2)),
    resetsTo: perhaps(between(-5e-3, 5e-3)),
    origin: fc.constantFrom(0, -0.0625),
    floor: perhaps(between(-2e-2, 0)),
    initial: perhaps(between(-1e-2, 1.4e-2)),
    refractoryTicks: fc.integer({ min: 0, max: 4 }),
    refractoryInput: fc.constantFrom("integrate" as const, "discard" as const),
    charges: fc.array(between(-1e-12, 4e-12), { minLength: 1, maxLength: 4 }),
    ticks: fc.integer({ min: 20, max: 200 }),
    seed: fc.nat(1e6),
  })
  .map((drawn) => {
    const { origin, rest, resetsTo } = drawn;
    const several = drawn.several && drawn.reset === "soft" && drawn.capacitance === 2 ** -33;
    const above = (volt: number | undefined) => (volt === undefined ? undefined : origin + volt);
    return {
      neuron: {
        capacitanceFarad: drawn.capacitance,
        thresholdVolt: origin + 2 ** -6,
        dtSeconds: drawn.dt,
        resistanceOhm: drawn.resistance,
        leakCurrentAmpere: drawn.leak,
        injectedCurrentAmpere: drawn.injected,
        restVolt: above(origin === 0 ? rest : (rest ?? 0)),
        resetVolt: above(several ? 0 : resetsTo),
        floorVolt: above(drawn.floor),
        initialVolt: above(drawn.initial),
        refractorySeconds: drawn.refractoryTicks * drawn.dt,
        refractoryInput: drawn.refractoryInput,
      },
      reset: drawn.reset,
      spikesPerTick: several ? 5 : 1,
      charges: drawn.charges,
      ticks: drawn.ticks,
      seed: drawn.seed,
    };
  });

describe.each(engines)("a neuron in SI units, $name engine", (engine) => {
  it("fires when the membrane equation in volt says so, whatever its parameters", async () => {
    const seen = { spikes: 0, ohmic: 0, hard: 0, several: 0, floored: 0, discards: 0, absolute: 0 };
    await fc.assert(
      fc.asyncProperty(experiments, async (experiment) => {
        const { neuron, reset, spikesPerTick, charges, ticks } = experiment;
        const { spikeTicks, nearest } = membrane(experiment);
        // float32 may decide otherwise where float64 is within a rounding of the threshold.
        fc.pre(nearest > 1e-4);
        const network = population({
          ...biologicalNeuron(neuron),
          reset,
          spikesPerTick,
          weights: [charges.map((charge) => synapticCharge(charge))],
          dtSeconds: neuron.dtSeconds,
          ticks,
        });
        const arriving = spikesOf(experiment).flatMap((inputs, tick) =>
          inputs.flatMap((spikes, input) => (spikes ? [{ tick, input }] : [])),
        );
        const simulator = await engine.createSimulator(network, { record: { spikes: ["population1"] } });
        const { spikes } = simulator.run({
          spikes: { ticks: arriving.map(({ tick }) => tick), neurons: arriving.map(({ input }) => input) },
        });
        simulator.dispose();
        expect([...spikes.population1.ticks]).toEqual(spikeTicks);
        seen.spikes += spikeTicks.length;
        if (spikeTicks.length === 0) return;
        if (neuron.resistanceOhm !== undefined) seen.ohmic++;
        if (reset === "hard") seen.hard++;
        if (spikesPerTick > 1 && new Set(spikeTicks).size < spikeTicks.length) seen.several++;
        if (neuron.floorVolt !== undefined) seen.floored++;
        if (neuron.thresholdVolt < 0) seen.absolute++;
        if ((neuron.refractorySeconds ?? 0) > neuron.dtSeconds && neuron.refractoryInput === "discard") seen.discards++;
      }),
      { seed: 11, numRuns: 400 },
    );
    for (const [kind, times] of Object.entries(seen))
      expect({ kind, enough: times >= 5 }).toEqual({ kind, enough: true });
  });
});
