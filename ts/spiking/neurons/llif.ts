// The linear leaky integrate-and-fire neuron: its parameters, their checks, and how it differs from the plain neuron.
import { checkFinite, checkInteger, checkOneOf, checkOptions, describe, type OptionKeys } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import type { Shape } from "../../tensor.ts";
import { bitsOf, checkCharges, checkTypedRow, maximumTicks, type Arithmetic, type Charges } from "../charges.ts";

/**
 * Linear leaky integrate-and-fire. Each array has one value per channel (last axis of the population's shape), or one
 * per neuron. An absent part does nothing; without any, the neuron is plain: it integrates, fires at θ and subtracts θ.
 * @see docs/mathematics.md, update equations
 */
export interface LlifNeuron {
  readonly model: "llif";
  /** θ > 0. */
  readonly threshold: Charges;
  /** Membrane potential, as charge, before the first tick: v0. */
  readonly initialPotential: Charges;
  /** Ohmic leak. A constant leak is part of the population's `bias`. */
  readonly leak?: {
    /** α: factor on the membrane potential at the start of each tick, from 0 to 1, e^(−dt/RC); 1: no leak. */
    readonly factorPerTick: Float32Array;
  };
  /** Lower bound v_min of the membrane potential after integration; −Infinity: none. */
  readonly floor?: Float32Array;
  /** Absent: soft, which subtracts the threshold. */
  readonly reset?: {
    /** 1: a spike sets the membrane potential to zero; 0: it subtracts the threshold. */
    readonly hard: Uint8Array;
  };
  readonly refractory?: {
    /** Ticks after a spike in which the neuron does not fire; 0: none. */
    readonly ticks: Uint32Array;
    /** Whether input is integrated or discarded during the refractory period. Default: `integrate`. */
    readonly input?: "integrate" | "discard";
  };
  /**
   * Most spikes of one neuron in one tick: 1 (the default), or more for multi-spike (soft reset and, in float32, a
   * power-of-two θ).
   */
  readonly spikesPerTick?: number;
}

const keys: OptionKeys<LlifNeuron> = {
  model: true,
  threshold: true,
  initialPotential: true,
  leak: true,
  floor: true,
  reset: true,
  refractory: true,
  spikesPerTick: true,
};

/** @throws {LlifError} ARGUMENT or SHAPE, naming the parameter. */
export function checkLlifNeuron(place: string, neuron: LlifNeuron, shape: Shape, arithmetic: Arithmetic): void {
  const { threshold, initialPotential, leak, floor, reset, refractory, spikesPerTick } = checkOptions(
    `${place}: neuron`,
    neuron,
    keys,
  );
  checkCharges(`${place}: threshold`, threshold, shape, arithmetic);
  for (const value of threshold) checkFinite(`${place}: threshold`, value, { above: 0 });
  checkCharges(`${place}: initialPotential`, initialPotential, shape, arithmetic);
  if (leak !== undefined) {
    const { factorPerTick } = checkOptions(`${place}: leak`, leak, { factorPerTick: true });
    checkTypedRow(`${place}: leak: factorPerTick`, factorPerTick, "Float32Array", shape);
    for (const value of factorPerTick) checkFinite(`${place}: leak: factorPerTick`, value, { from: 0, to: 1 });
  }
  if (floor !== undefined) {
    checkTypedRow(`${place}: floor`, floor, "Float32Array", shape);
    for (const value of floor) checkFloor(`${place}: floor`, value);
  }
  if (reset !== undefined) {
    const { hard } = checkOptions(`${place}: reset`, reset, { hard: true });
    checkTypedRow(`${place}: reset: hard`, hard, "Uint8Array", shape);
    for (const value of hard) checkInteger(`${place}: reset: hard`, value, 0, 1);
  }
  if (refractory !== undefined) {
    const { ticks, input } = checkOptions(`${place}: refractory`, refractory, { ticks: true, input: true });
    checkTypedRow(`${place}: refractory ticks`, ticks, "Uint32Array", shape);
    for (const value of ticks) checkInteger(`${place}: refractory ticks`, value, 0, maximumTicks);
    if (input !== undefined) checkOneOf(`${place}: refractory input`, input, ["integrate", "discard"]);
  }
  if (spikesPerTick === undefined) return;
  checkInteger(`${place}: spikesPerTick`, spikesPerTick, 1, maximumTicks);
  if (spikesPerTick === 1) return;
  if (resetsHard(neuron))
    throw new LlifError("ARGUMENT", `${place}: ${spikesPerTick} spikes per tick: expected reset "soft", got "hard"`);
  if (arithmetic === "float32")
    threshold.forEach((value) => checkPowerOfTwo(`${place}: threshold with ${spikesPerTick} spikes per tick`, value));
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

/** Checks a floor, which engines use as float32. */
export function checkFloor(place: string, floor: number): number {
  if (
    typeof floor !== "number" ||
    Number.isNaN(floor) ||
    (floor !== -Infinity && !Number.isFinite(Math.fround(floor)))
  ) {
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected a finite number, or -Infinity for none, as float32, got ${describe(floor)}`,
    );
  }
  return floor;
}

function checkPowerOfTwo(place: string, value: number): void {
  if (2 ** Math.round(Math.log2(value)) !== value)
    throw new LlifError("ARGUMENT", `${place}: expected a power of two, got ${value}`);
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

/** The names of the properties that a plain neuron does not have; empty for a plain one. */
export function llifDepartures(neuron: LlifNeuron): string[] {
  return [
    ...(leaks(neuron) ? ["an ohmic leak"] : []),
    ...(resetsHard(neuron) ? ["a hard reset"] : []),
    ...(hasFloor(neuron) ? ["a floor"] : []),
    ...(isRefractory(neuron) ? ["a refractory period"] : []),
  ];
}
