// Neurons in SI units, converted to charges.
import { LlifError } from "../errors.ts";
import { checkFinite, checkOneOf, checkOptions, type OptionKeys } from "../check.ts";
import type { UniformRefractory } from "./neurons/llif-options.ts";

/**
 * A neuron in SI units. Only the capacitance, the threshold and the tick are needed. Potentials are absolute (−70, −75
 * and −50 mV just work) or relative to rest, which is then 0.
 */
export interface BiologicalNeuron {
  readonly capacitanceFarad: number;
  /** Above `resetVolt`. */
  readonly thresholdVolt: number;
  readonly dtSeconds: number;
  /** Resting potential of the ohmic leak; default `resetVolt`, or 0 if that is not given either. */
  readonly restVolt?: number;
  /** Potential after a hard reset; a soft reset subtracts `thresholdVolt − resetVolt`. Default `restVolt`. */
  readonly resetVolt?: number;
  /** Constant leak, of either sign; default 0. */
  readonly leakCurrentAmpere?: number;
  /** Ohmic leak towards `restVolt`; default none. */
  readonly resistanceOhm?: number;
  /** Constant injected current; default 0. */
  readonly injectedCurrentAmpere?: number;
  /** Membrane potential before the first tick; default `restVolt`. */
  readonly initialVolt?: number;
  /** Lower bound of the membrane potential; default none. */
  readonly floorVolt?: number;
  /**
   * t_ref, the shortest interval between two spikes, a multiple of `dtSeconds`; default 0. After a spike,
   * max(0, t_ref/dt − 1) ticks have no spike. As Brian2 counts; NEST's t_ref is one tick more.
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
  resetVolt: true,
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
 * Parameters of a population as charges (coulomb times `chargeScale`), one value for all neurons. The origin is the
 * reset: v = C·(V − V_reset), θ = C·(V_th − V_reset). α = e^(−dt/RC); with an ohmic leak a tick of constant current is
 * integrated exactly, c = (1 − α)·C·(R·(I_inj − I_leak) + V_rest − V_reset), without one c = (I_inj − I_leak)·dt.
 * Computed in float64 and rounded once.
 * @param chargeScale multiplies every charge, including weights; a power of two changes no spike. The default, 2^40,
 * makes picocoulombs about 1.
 * @returns options for `population` and `dense`; weights are `synapticCharge(coulomb)`.
 * @throws {LlifError} ARGUMENT, naming the parameter; also for a refractory period that is not a multiple of the tick.
 * @see docs/mathematics.md, update equations
 */
export function biologicalNeuron(neuron: BiologicalNeuron, chargeScale = 2 ** 40): BiologicalCharges {
  const {
    floorVolt,
    initialVolt,
    refractoryInput = "integrate",
  } = checkOptions("biologicalNeuron", neuron, neuronKeys);
  checkFinite("chargeScale", chargeScale, { above: 0 });
  const membrane = membraneOf(neuron);
  const { dt, capacitance, rest, reset, leakFactor } = membrane;
  const thresholdVolt = checkFinite("thresholdVolt", neuron.thresholdVolt);
  if (thresholdVolt <= reset)
    throw new LlifError("ARGUMENT", `thresholdVolt: expected above resetVolt, ${reset} V, got ${thresholdVolt} V`);
  const charge = (volt: number): number => chargeScale * capacitance * (volt - reset);
  return {
    threshold: charge(thresholdVolt),
    bias: chargeScale * (currentOf(neuron) * membrane.chargePerAmpere + membrane.restCharge),
    initialPotential: charge(initialVolt === undefined ? rest : checkFinite("initialVolt", initialVolt)),
    floor: floorVolt === undefined ? -Infinity : charge(checkFinite("floorVolt", floorVolt)),
    refractory: {
      ticks: refractoryTicks(neuron, dt),
      input: checkOneOf("refractoryInput", refractoryInput, ["integrate", "discard"]),
    },
    ...(leakFactor === 1 ? {} : { leak: { kind: "ohmic" as const, factorPerTick: leakFactor } }),
  };
}

/** The membrane equation C dV/dt = (V_rest − V)/R + I over one tick. */
export interface Membrane {
  readonly dt: number;
  readonly capacitance: number;
  readonly rest: number;
  readonly reset: number;
  /** α = e^(−dt/RC); 1 without an ohmic leak. */
  readonly leakFactor: number;
  /** Charge a tick of one ampere: R·C·(1 − α), or dt. */
  readonly chargePerAmpere: number;
  /** Charge a tick of the resting potential: (1 − α)·C·(V_rest − V_reset). */
  readonly restCharge: number;
}

/** @throws {LlifError} ARGUMENT, naming the parameter. */
export function membraneOf(
  neuron: Pick<BiologicalNeuron, "capacitanceFarad" | "dtSeconds" | "restVolt" | "resetVolt" | "resistanceOhm">,
): Membrane {
  const capacitance = checkFinite("capacitanceFarad", neuron.capacitanceFarad, { above: 0 });
  const dt = checkFinite("dtSeconds", neuron.dtSeconds, { above: 0 });
  const { resistanceOhm, resetVolt, restVolt = resetVolt === undefined ? 0 : resetVolt } = neuron;
  const rest = checkFinite("restVolt", restVolt);
  const reset = checkFinite("resetVolt", resetVolt === undefined ? rest : resetVolt);
  if (resistanceOhm === undefined)
    return { dt, capacitance, rest, reset, leakFactor: 1, chargePerAmpere: dt, restCharge: 0 };
  const timeConstant = checkFinite("resistanceOhm", resistanceOhm, { above: 0 }) * capacitance;
  const share = -Math.expm1(-dt / timeConstant);
  return {
    dt,
    capacitance,
    rest,
    reset,
    leakFactor: Math.exp(-dt / timeConstant),
    chargePerAmpere: timeConstant * share,
    restCharge: share * capacitance * (rest - reset),
  };
}

function currentOf({ injectedCurrentAmpere = 0, leakCurrentAmpere = 0 }: BiologicalNeuron): number {
  return (
    checkFinite("injectedCurrentAmpere", injectedCurrentAmpere) - checkFinite("leakCurrentAmpere", leakCurrentAmpere)
  );
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
  return Math.max(0, whole - 1);
}
