// Measures a neuron's firing rate against its input current, beside the closed formula and the ReLU.
import {
  checkArray,
  checkFinite,
  checkFunction,
  checkInteger,
  checkNumbers,
  checkObject,
  checkOneOf,
  checkOptions,
  checkSignal,
  type OptionKeys,
} from "../check.ts";
import type { Engine, Simulator } from "../engine/engine.ts";
import { throwIfAborted } from "../errors.ts";
import {
  countUnderConstantDrive,
  hardResetRate,
  ohmicHardResetTicks,
  ohmicRate,
  ohmicReluRate,
  refractoryOhmicRate,
  refractoryRate,
} from "../mapping/equations.ts";
import { spikingNetwork } from "../spiking/builder.ts";
import { biologicalNeuron, membraneOf } from "../spiking/neuron.ts";

export interface CurveOptions {
  readonly engine: Engine;
  readonly leak: "constant" | "ohmic";
  readonly reset: "soft" | "hard";
  readonly capacitanceFarad: number;
  readonly thresholdVolt: number;
  readonly dtSeconds: number;
  /** Needed for an ohmic leak. */
  readonly resistanceOhm?: number;
  /** For a constant leak, of either sign; default 0. */
  readonly leakCurrentAmpere?: number;
  /** Default `resetVolt`, or 0. */
  readonly restVolt?: number;
  /** Default `restVolt`. */
  readonly resetVolt?: number;
  /** t_ref, the shortest interval between two spikes, a multiple of `dtSeconds`; default 0. */
  readonly refractorySeconds?: number;
  readonly refractoryInput?: "integrate" | "discard";
  /** Injected currents, in ampere. */
  readonly currents: readonly number[];
  readonly ticks: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (doneTicks: number, ticks: number) => void;
}

export interface CurvePoint {
  readonly currentAmpere: number;
  /** Spikes of the simulated neuron divided by the simulated time. */
  readonly simulatedHertz: number;
  /** The ReLU that the neuron approximates, clipped at its largest rate. */
  readonly reluHertz: number;
  /** The closed formula of `theorem`. */
  readonly formulaHertz: number;
  /** simulatedHertz − formulaHertz. */
  readonly errorHertz: number;
  /** Bound of that error by `theorem`; null if no theorem bounds it. */
  readonly boundHertz: { readonly below: number; readonly above: number } | null;
}

export interface FiringRateCurve {
  /** Theorem of docs/mathematics.md. */
  readonly theorem: "T1" | "T5" | "T6" | "T10";
  readonly points: readonly CurvePoint[];
}

const curveKeys: OptionKeys<CurveOptions> = {
  engine: true,
  leak: true,
  reset: true,
  capacitanceFarad: true,
  thresholdVolt: true,
  dtSeconds: true,
  resistanceOhm: true,
  leakCurrentAmpere: true,
  restVolt: true,
  resetVolt: true,
  refractorySeconds: true,
  refractoryInput: true,
  currents: true,
  ticks: true,
  signal: true,
  onProgress: true,
};

interface Formula {
  readonly rate: number;
  readonly bound: { readonly below: number; readonly above: number } | null;
}

/**
 * Firing rate of one linear LIF neuron against injected current, with its ReLU and the closed formula. All currents are
 * simulated at once, as neurons of one population. Soft reset starts halfway from reset to threshold, hard reset and
 * discarded input at the reset.
 * Bounds are for real numbers, plus one spike for a float32 tie at the threshold.
 * @throws {LlifError} ARGUMENT, naming the parameter; ABORTED.
 */
export async function firingRateCurve(options: CurveOptions): Promise<FiringRateCurve> {
  const {
    leak,
    reset,
    dtSeconds,
    thresholdVolt,
    capacitanceFarad,
    restVolt,
    resetVolt,
    refractorySeconds,
    refractoryInput,
    currents,
    engine,
  } = checkOptions("firingRateCurve", options, curveKeys);
  checkFunction(
    "engine: createSimulator",
    checkObject("engine", engine, "an engine, as of wasmEngine()").createSimulator,
  );
  checkOneOf("leak", leak, ["constant", "ohmic"]);
  checkOneOf("reset", reset, ["soft", "hard"]);
  checkSignal("signal", options.signal);
  if (options.onProgress !== undefined) checkFunction("onProgress", options.onProgress);
  checkFinite("thresholdVolt", thresholdVolt);
  if (options.resistanceOhm !== undefined) checkFinite("resistanceOhm", options.resistanceOhm, { above: 0 });
  if (refractorySeconds !== undefined) checkFinite("refractorySeconds", refractorySeconds, { from: 0 });
  const ticks = checkInteger("ticks", options.ticks, 1, 2 ** 24);
  checkInteger("number of currents", checkNumbers("currents", checkArray("currents", currents)).length, 1);
  if (leak === "ohmic") checkFinite("resistanceOhm of an ohmic leak", options.resistanceOhm, { above: 0 });
  const neurons = currents.map((injectedCurrentAmpere) =>
    biologicalNeuron({
      dtSeconds,
      thresholdVolt,
      capacitanceFarad,
      restVolt,
      resetVolt,
      refractorySeconds,
      refractoryInput,
      resistanceOhm: leak === "ohmic" ? options.resistanceOhm : undefined,
      leakCurrentAmpere: leak === "constant" ? options.leakCurrentAmpere : undefined,
      injectedCurrentAmpere,
    }),
  );
  const [first] = neurons;
  const { refractory } = first;
  const fromHalf = reset === "soft" && (refractory.ticks === 0 || refractoryInput !== "discard");
  const initialPotential = fromHalf ? first.threshold / 2 : 0;
  // The charges as stored in the network.
  const threshold = Math.fround(first.threshold);
  const charges = neurons.map(({ bias }) => Math.fround(bias));
  const network = spikingNetwork({ inputs: [1], dtSeconds, ticks })
    .population({
      ...first,
      initialPotential,
      weights: currents.map(() => [0]),
      bias: charges,
      reset,
      name: "neurons",
    })
    .build();
  const simulator = await engine.createSimulator(network);
  try {
    const counts = await countSpikes(simulator, { ...options, ticks });
    const { theorem, formula, relu } = formulas({ ...options, ticks }, threshold, refractory.ticks, fromHalf);
    const points = currents.map((currentAmpere, index): CurvePoint => {
      const simulatedHertz = counts[index] / (ticks * dtSeconds);
      const { rate, bound } = formula(charges[index], currentAmpere);
      const tie = 1 / ticks;
      return {
        currentAmpere,
        simulatedHertz,
        reluHertz: relu(charges[index], currentAmpere) / dtSeconds,
        formulaHertz: rate / dtSeconds,
        errorHertz: simulatedHertz - rate / dtSeconds,
        boundHertz:
          bound === null ? null : { below: (bound.below + tie) / dtSeconds, above: (bound.above + tie) / dtSeconds },
      };
    });
    return { theorem, points };
  } finally {
    simulator.dispose();
  }
}

/** Neuron-ticks between two checks of the signal. */
const neuronTicksABlock = 2 ** 23;

async function countSpikes(
  simulator: Simulator,
  { ticks, currents, signal, onProgress }: CurveOptions,
): Promise<Float64Array> {
  const counts = new Float64Array(currents.length);
  const block = Math.max(1, Math.floor(neuronTicksABlock / currents.length));
  for (let done = 0; done < ticks; done += block) {
    throwIfAborted(signal);
    const part = simulator.run(new Float32Array(1), { ticks: Math.min(block, ticks - done), keepState: done > 0 })
      .counts.neurons;
    for (let index = 0; index < counts.length; index++) counts[index] += part[index];
    onProgress?.(Math.min(done + block, ticks), ticks);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return counts;
}

type ByCharge<T> = (charge: number, current: number) => T;

/** Formula and bound for rates in spikes per tick. */
function formulas(
  options: CurveOptions,
  threshold: number,
  refractoryTicks: number,
  fromHalf: boolean,
): { theorem: FiringRateCurve["theorem"]; formula: ByCharge<Formula>; relu: ByCharge<number> } {
  const { ticks, reset, dtSeconds, refractorySeconds = 0, refractoryInput = "integrate" } = options;
  const largest = 1 / (refractoryTicks + 1);
  const clipped = (rate: number): number => Math.min(Math.max(rate, 0), largest);
  // The first period of a refractory neuron is shorter than the others.
  const early = refractoryTicks > 0 ? 1 / ticks : 0;
  const relu: ByCharge<number> = (charge) => clipped(charge / threshold);
  if (options.leak === "ohmic") {
    const { resistanceOhm = Infinity, capacitanceFarad } = options;
    const { rest, reset: origin, leakFactor } = membraneOf(options);
    const tau = resistanceOhm * capacitanceFarad;
    const distance = options.thresholdVolt - origin;
    const steady = (current: number): number => resistanceOhm * current + rest - origin;
    const leakPerTick = -Math.expm1(-dtSeconds / tau);
    // Each tick rounds twice, and the error decays with the leak.
    const slack = 1 + 2 ** -22 / leakPerTick;
    const rateAt = (volt: number): number =>
      refractoryOhmicRate(ohmicRate(volt, distance, tau), refractorySeconds, dtSeconds, refractoryInput) * dtSeconds;
    return {
      theorem: "T10",
      relu: (_, current) => clipped(ohmicReluRate(steady(current), distance, tau) * dtSeconds),
      formula: (charge, current) => {
        const volt = steady(current);
        const rate = rateAt(volt);
        if (reset === "hard") {
          const exact = (drive: number): number => {
            const period = ohmicHardResetTicks(drive, threshold, leakFactor);
            return (
              1 / (refractoryInput === "discard" ? period + refractoryTicks : Math.max(period, refractoryTicks + 1))
            );
          };
          return {
            rate,
            bound: { below: rate - exact(charge / slack) + 1 / ticks, above: exact(charge * slack) - rate + early },
          };
        }
        const stated = refractoryTicks === 0 && charge >= 0 && charge <= threshold;
        const firstOrder = (dtSeconds / tau - leakPerTick) * (volt / distance - 0.5);
        const bound = {
          below: leakPerTick / 2 + Math.max(0, firstOrder) + 1 / (2 * ticks) + rate - rateAt(volt / slack),
          above: 1 / (2 * ticks) + rateAt(volt * slack) - rate,
        };
        return { rate, bound: stated ? bound : null };
      },
    };
  }
  if (reset === "hard") {
    return {
      theorem: "T5",
      relu,
      formula: (charge) => {
        const rateOf = (drive: number): number => hardResetRate(drive, threshold, refractoryTicks, refractoryInput);
        const rate = rateOf(charge);
        // If θ/z is near an integer, rounding decides in every period whether it takes one tick more.
        const slack = charge > 0 ? 1 + (threshold / charge) * 2 ** -24 : 1;
        return {
          rate,
          bound: { below: rate - rateOf(charge / slack) + 1 / ticks, above: rateOf(charge * slack) - rate + early },
        };
      },
    };
  }
  if (refractoryTicks > 0) {
    return {
      theorem: "T6",
      relu,
      formula: (charge) => ({
        rate: refractoryRate(charge, threshold, refractoryTicks, refractoryInput),
        bound: refractoryInput === "integrate" || charge <= threshold ? { below: 1 / ticks, above: 1 / ticks } : null,
      }),
    };
  }
  const initial = fromHalf ? threshold / 2 : 0;
  return {
    theorem: "T1",
    relu,
    formula: (charge) => ({
      rate: countUnderConstantDrive(charge, threshold, ticks, initial) / ticks,
      bound: { below: 0, above: 0 },
    }),
  };
}
