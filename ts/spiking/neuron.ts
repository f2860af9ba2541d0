// Neurons in SI units, converted to charges.
import { LlifError } from "../errors.ts";
import { checkFinite, checkObject, checkOneOf, checkOptions, checkStrings, type OptionKeys } from "../check.ts";
import { silentTicks, type ClampedRefractory, type UniformRefractory } from "./neurons/llif-options.ts";

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
  /**
   * What keeps its value during the refractory period instead, and loses what arrives: "v" and names of currents. As
   * Brian2's "unless refractory"; NEST clamps "v".
   */
  readonly refractoryClamp?: readonly string[];
  /** Synaptic currents by name, which decay exponentially; weights into them are `synapticCurrent(ampere, neuron)`. */
  readonly currents?: Readonly<Record<string, { readonly timeConstantSeconds: number }>>;
  /** A current against firing, to which each spike adds `amperePerSpike`, constant within a tick. */
  readonly adaptation?: { readonly amperePerSpike: number; readonly timeConstantSeconds: number };
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
  refractoryClamp: true,
  currents: true,
  adaptation: true,
};

/** The result of `biologicalNeuron`: one value of each parameter for all neurons of a population. */
export interface BiologicalCharges {
  readonly threshold: number;
  readonly bias: number;
  readonly initialPotential: number;
  readonly floor: number;
  readonly refractory: UniformRefractory | (ClampedRefractory & { readonly ticks: number });
  readonly leak?: { readonly kind: "ohmic"; readonly factorPerTick: number };
  readonly currents?: Readonly<Record<string, { readonly timeConstantTicks: number }>>;
  readonly adaptation?: { readonly chargePerSpike: number; readonly timeConstantTicks: number };
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
  const { floorVolt, initialVolt } = checkOptions("biologicalNeuron", neuron, neuronKeys);
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
    refractory: refractoryOf(neuron, dt),
    ...(leakFactor === 1 ? {} : { leak: { kind: "ohmic" as const, factorPerTick: leakFactor } }),
    ...currentsOf(neuron, dt),
    ...adaptationOf(neuron, membrane, chargeScale),
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

/**
 * Weight of a synapse whose spikes add `ampere` to a synaptic current of the neuron, in the unit of `biologicalNeuron`:
 * with an ohmic leak R·C·I, the displacement of the resting level as charge; without one I·dt.
 * @throws {LlifError} ARGUMENT, naming the parameter.
 */
export function synapticCurrent(ampere: number, neuron: BiologicalNeuron, chargeScale = 2 ** 40): number {
  biologicalNeuron(neuron, chargeScale);
  const { resistanceOhm, capacitanceFarad, dtSeconds } = neuron;
  const seconds = resistanceOhm === undefined ? dtSeconds : resistanceOhm * capacitanceFarad;
  return checkFinite("synaptic current: ampere", ampere) * seconds * chargeScale;
}

function refractoryOf(neuron: BiologicalNeuron, dt: number): BiologicalCharges["refractory"] {
  const { refractorySeconds = 0, refractoryInput = "integrate", refractoryClamp } = neuron;
  const ticks = silentTicks("refractorySeconds", refractorySeconds, dt);
  if (refractoryClamp === undefined)
    return { ticks, input: checkOneOf("refractoryInput", refractoryInput, ["integrate", "discard"]) };
  if (neuron.refractoryInput !== undefined)
    throw new LlifError("ARGUMENT", "refractoryClamp: expected no refractoryInput beside it");
  return { ticks, clamp: checkStrings("refractoryClamp", refractoryClamp) };
}

function currentsOf({ currents }: BiologicalNeuron, dt: number): Pick<BiologicalCharges, "currents"> {
  if (currents === undefined) return {};
  const named = Object.entries(checkObject("currents", currents, "an object of currents by name"));
  const ticks = named.map(([name, current]) => [
    name,
    { timeConstantTicks: constantTicks(`current "${name}"`, current, dt) },
  ]);
  return { currents: Object.fromEntries(ticks) as BiologicalCharges["currents"] };
}

function adaptationOf(
  { adaptation }: BiologicalNeuron,
  { dt, chargePerAmpere }: Membrane,
  chargeScale: number,
): Pick<BiologicalCharges, "adaptation"> {
  if (adaptation === undefined) return {};
  const { amperePerSpike, ...decay } = checkOptions("adaptation", adaptation, {
    amperePerSpike: true,
    timeConstantSeconds: true,
  });
  return {
    adaptation: {
      chargePerSpike: chargeScale * chargePerAmpere * checkFinite("adaptation: amperePerSpike", amperePerSpike),
      timeConstantTicks: constantTicks("adaptation", decay, dt),
    },
  };
}

function constantTicks(place: string, decay: { readonly timeConstantSeconds: number }, dt: number): number {
  const { timeConstantSeconds } = checkOptions(place, decay, { timeConstantSeconds: true });
  return checkFinite(`${place}: timeConstantSeconds`, timeConstantSeconds, { above: 0 }) / dt;
}
