// The linear leaky integrate-and-fire neuron: its parameters, and how it differs from the plain neuron.
import { bitsOf, type Charges } from "../charges.ts";

/**
 * Linear leaky integrate-and-fire. Each array has one value per channel (last axis of the population's shape), or one
 * per neuron. An absent part does nothing; without any, the neuron is plain: it integrates, fires at θ and subtracts θ.
 * @see docs/mathematics.md, update equations
 */
export interface LlifNeuron {
  readonly model: "llif";
  /** θ, above the potential that a spike resets to: θ > 0, or θ > `reset.value`. Infinity: the neuron never fires. */
  readonly threshold: Charges;
  /** Membrane potential, as charge, before the first tick: v0. */
  readonly initialPotential: Charges;
  /** Present: a neuron fires if v > θ; absent: if v ≥ θ. */
  readonly strict?: true;
  /** Ohmic leak. A constant leak is part of the population's `bias`. */
  readonly leak?: {
    /** α: factor on the membrane potential at the start of each tick, from 0 to 1, e^(−dt/RC); 1: no leak. */
    readonly factorPerTick: Float32Array;
  };
  /** A constant leak toward a level, where it stops. It comes after the tick's current and before arrivals. */
  readonly constantLeak?: {
    /** Largest move in one tick, > 0. */
    readonly chargePerTick: Float32Array;
    /** The level. */
    readonly until: Float32Array;
  };
  /** Lower bound v_min of the membrane potential after integration; −Infinity: none. */
  readonly floor?: Float32Array;
  /** Absent: soft, which subtracts the threshold. */
  readonly reset?: {
    /** 1: a spike sets the membrane potential to `value`; 0: it subtracts the threshold. */
    readonly hard: Uint8Array;
    /** Of hard resets; absent: 0. */
    readonly value?: Float32Array;
    /** Names of the currents that a spike sets to 0. */
    readonly clears?: readonly string[];
  };
  readonly refractory?: {
    /** Ticks after a spike in which the neuron does not fire; 0: none. */
    readonly ticks: Uint32Array;
    /** Whether input is integrated or discarded during the refractory period. Default: `integrate`. */
    readonly input?: "integrate" | "discard";
    /**
     * Instead of `input`: what keeps its value during the refractory period, and loses what arrives: "v" and names of
     * currents.
     */
    readonly clamp?: readonly string[];
  };
  /** Synaptic currents, one or two. Synapses reach them by `into`; the membrane gets `gain` · current each tick. */
  readonly currents?: readonly SynapticCurrent[];
  /** w, subtracted from the membrane potential each tick: a spike adds `chargePerSpike`, and a tick keeps `factorPerTick`. */
  readonly adaptation?: {
    readonly chargePerSpike: Float32Array;
    /** ω, from 0 to 1. */
    readonly factorPerTick: Float32Array;
  };
  /** Present: what arrives at v counts for the next tick's threshold. Absent: for this tick's. */
  readonly delivery?: "afterThreshold";
  /**
   * A neuron that is so close to rest is set to rest. Absent: 2⁻³⁰ of what lies between reset and threshold, in
   * networks that `isLive`.
   */
  readonly restTolerance?: Float32Array;
  /**
   * Most spikes of one neuron in one tick: 1 (the default), or more for multi-spike (soft reset and, in float32, a
   * power-of-two θ).
   */
  readonly spikesPerTick?: number;
}

/** A synaptic current, which decays exponentially. */
export interface SynapticCurrent {
  readonly name: string;
  /** β: what a tick keeps of it, from 0 to 1. */
  readonly factorPerTick: Float32Array;
  /** κ: charge that the membrane gets in a tick, for one unit of the current. */
  readonly gain: Float32Array;
}

const noLeak = bitsOf(Float32Array.of(1));
const noFloor = bitsOf(Float32Array.of(-Infinity));
const zero = new Uint32Array(1);

/**
 * The parameters in the order in which crates/core/src/neuron/llif.rs reads them; arrays have one value for all, per
 * channel or per neuron.
 */
export function llifWords(neuron: LlifNeuron): readonly (number | boolean | Uint32Array)[] {
  const { leak, floor, reset, refractory, spikesPerTick = 1 } = neuron;
  return [
    spikesPerTick,
    refractory?.input === "discard",
    leak === undefined ? noLeak : bitsOf(leak.factorPerTick),
    floor === undefined ? noFloor : bitsOf(floor),
    reset === undefined ? zero : Uint32Array.from(reset.hard),
    refractory === undefined ? zero : refractory.ticks,
  ];
}

/** α of one neuron of the population; 1 without an ohmic leak. */
export function leakFactorAt({ leak }: Pick<LlifNeuron, "leak">, index: number): number {
  return leak === undefined ? 1 : leak.factorPerTick[index % leak.factorPerTick.length];
}

/** Whether some neuron has an ohmic leak. */
export function leaks({ leak }: Pick<LlifNeuron, "leak">): boolean {
  return leak?.factorPerTick.some((factor) => factor !== 1) === true;
}

/** Whether some neuron has a lower bound. */
export function hasFloor({ floor }: Pick<LlifNeuron, "floor">): boolean {
  return floor?.some((value) => value !== -Infinity) === true;
}

/** Whether some neuron has a hard reset. */
export function resetsHard({ reset }: Pick<LlifNeuron, "reset">): boolean {
  return reset?.hard.some((hard) => hard !== 0) === true;
}

/** Whether some neuron has a refractory period. */
export function isRefractory({ refractory }: Pick<LlifNeuron, "refractory">): boolean {
  return refractory?.ticks.some((ticks) => ticks > 0) === true;
}

/** The potential to which a spike resets a neuron of the population: 0 for a soft reset. */
export function resetValueAt({ reset }: Pick<LlifNeuron, "reset">, index: number): number {
  if (reset?.value === undefined || reset.hard[index % reset.hard.length] === 0) return 0;
  return reset.value[index % reset.value.length];
}

/** The names of the parts that only live networks have, present in this neuron. */
export function liveNeuronParts(neuron: LlifNeuron): string[] {
  const { strict, constantLeak, reset, refractory, currents, adaptation, delivery, restTolerance, threshold } = neuron;
  return [
    ...(strict === undefined ? [] : ["a strict threshold"]),
    ...(threshold.includes(Infinity) ? ["an infinite threshold"] : []),
    ...(constantLeak === undefined ? [] : ["a constant leak toward a level"]),
    ...(reset?.value === undefined ? [] : ["a reset value"]),
    ...(reset?.clears === undefined ? [] : ["currents cleared by a spike"]),
    ...(refractory?.clamp === undefined ? [] : ["variables clamped while refractory"]),
    ...(currents === undefined ? [] : ["synaptic currents"]),
    ...(adaptation === undefined ? [] : ["adaptation"]),
    ...(delivery === undefined ? [] : ["delivery after the threshold"]),
    ...(restTolerance === undefined ? [] : ["a rest tolerance"]),
  ];
}

/** The names of the properties that a plain neuron does not have; empty for a plain one. */
export function llifDepartures(neuron: LlifNeuron): string[] {
  return [
    ...(leaks(neuron) ? ["an ohmic leak"] : []),
    ...(resetsHard(neuron) ? ["a hard reset"] : []),
    ...(hasFloor(neuron) ? ["a floor"] : []),
    ...(isRefractory(neuron) ? ["a refractory period"] : []),
    ...liveNeuronParts(neuron),
  ];
}
