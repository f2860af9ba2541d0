// Neurons in SI units, converted to charges.
import { LlifError } from "../errors.ts";
import { checkFinite, checkOneOf, checkOptions, type OptionKeys } from "../check.ts";
import type { UniformRefractory } from "./neurons/llif-options.ts";

/** A neuron in SI units. Only the capacitance, the threshold and the tick are needed. */
export interface BiologicalNeuron {
  readonly capacitanceFarad: number;
  readonly thresholdVolt: number;
  readonly dtSeconds: number;
  /** Resting potential of the ohmic leak; default 0. */
  readonly restVolt?: number;
  /** Constant leak, of either sign; default 0. */
  readonly leakCurrentAmpere?: number;
  /** Ohmic leak towards `restVolt`; default none. */
  readonly resistanceOhm?: number;
  /** Constant injected current; default 0. */
  readonly injectedCurrentAmpere?: number;
  /** Membrane potential before the first tick; default 0. */
  readonly initialVolt?: number;
  /** Lower bound of the membrane potential; default none. */
  readonly floorVolt?: number;
  /**
   * r, a multiple of `dtSeconds`; default 0. After a spike, r/dt ticks have no spike, so spikes are at least r + dt
   * apart.
   */
  readonly refractorySeconds?: number;
  /** Whether input is integrated or discarded during the refractory period; default `integrate`. */
  readonly refractoryInput?: "integrate" | "discard";
}

const neuronKeys: OptionKeys<BiologicalNeuron> = {
  capacitanceFarad: true,
  thresholdVolt: true,
  dtSeconds: true,
  restVolt: true,
  leakCurrentAmpere: true,
  resistanceOhm: true,
  injectedCurrentAmpere: true,
  initialVolt: true,
  floorVolt: true,
  refractorySeconds: true,
  refractoryInput: true,
};

/** The result of `biologicalNeuron`: one value of each parameter for all neurons of a population. */
export interface BiologicalCharges {
  readonly threshold: number;
  readonly bias: number;
  readonly initialPotential: number;
  readonly floor: number;
  readonly refractory: UniformRefractory;
  readonly leak?: { readonly kind: "ohmic"; readonly factorPerTick: number };
}

/**
 * Parameters of a population as charges (coulomb times `chargeScale`), one value for all neurons:
 * c = (I_inj − I_leak)·dt + (1−α)·C·V_rest, α = e^(−dt/RC), θ = C·V_th, computed in float64 and rounded once.
 * @param chargeScale multiplies every charge, including weights; a power of two changes no spike. The default, 2^40,
 * makes picocoulombs about 1.
 * @returns options for `population` and `dense`; weights are `synapticCharge(coulomb)`.
 * @throws {LlifError} ARGUMENT, naming the parameter; also for a refractory period that is not a multiple of the tick.
 * @see docs/mathematics.md, update equations
 */
export function biologicalNeuron(neuron: BiologicalNeuron, chargeScale = 2 ** 40): BiologicalCharges {
  const {
    restVolt = 0,
    injectedCurrentAmpere = 0,
    leakCurrentAmpere = 0,
    initialVolt = 0,
    resistanceOhm,
    floorVolt,
    refractoryInput = "integrate",
  } = checkOptions("biologicalNeuron", neuron, neuronKeys);
  checkFinite("chargeScale", chargeScale, { above: 0 });
  const capacitance = checkFinite("capacitanceFarad", neuron.capacitanceFarad, { above: 0 });
  const dt = checkFinite("dtSeconds", neuron.dtSeconds, { above: 0 });
  const thresholdVolt = checkFinite("thresholdVolt", neuron.thresholdVolt, { above: 0 });
  const rest = checkFinite("restVolt", restVolt);
  const current =
    checkFinite("injectedCurrentAmpere", injectedCurrentAmpere) - checkFinite("leakCurrentAmpere", leakCurrentAmpere);
  const decay =
    resistanceOhm === undefined ? 0 : dt / (checkFinite("resistanceOhm", resistanceOhm, { above: 0 }) * capacitance);
  const floor = floorVolt === undefined ? -Infinity : chargeScale * capacitance * checkFinite("floorVolt", floorVolt);
  return {
    threshold: chargeScale * capacitance * thresholdVolt,
    bias: chargeScale * (current * dt - Math.expm1(-decay) * capacitance * rest),
    initialPotential: chargeScale * capacitance * checkFinite("initialVolt", initialVolt),
    floor,
    refractory: {
      ticks: refractoryTicks(neuron, dt),
      input: checkOneOf("refractoryInput", refractoryInput, ["integrate", "discard"]),
    },
    ...(decay === 0 ? {} : { leak: { kind: "ohmic" as const, factorPerTick: Math.exp(-decay) } }),
  };
}

/** Weight of a synapse that delivers `coulomb` per spike, in the unit of `biologicalNeuron`. */
export function synapticCharge(coulomb: number, chargeScale = 2 ** 40): number {
  return checkFinite("synaptic charge: coulomb", coulomb) * checkFinite("chargeScale", chargeScale, { above: 0 });
}

function refractoryTicks({ refractorySeconds = 0 }: BiologicalNeuron, dt: number): number {
  const ticks = checkFinite("refractorySeconds", refractorySeconds, { from: 0 }) / dt;
  const whole = Math.round(ticks);
  if (Math.abs(ticks - whole) > 1e-9 * Math.max(1, whole)) {
    throw new LlifError(
      "ARGUMENT",
      `refractorySeconds: expected a multiple of the tick of ${dt} s, got ${refractorySeconds} s`,
    );
  }
  return whole;
}
