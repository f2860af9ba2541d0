// Exponential decay, as users give it: what a tick keeps, or a time constant in ticks or seconds.
import { checkFinite } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import type { Shape } from "../../tensor.ts";
import { rowOf, type PerNeuron } from "./rows.ts";

/** One of these. */
export type Decay =
  /** Keeps this fraction each tick, from 0 to 1. */
  | { readonly factorPerTick: PerNeuron }
  /** Keeps e^(−1/τ) each tick. */
  | { readonly timeConstantTicks: PerNeuron }
  /** Keeps e^(−dt/τ) each tick, in a network with `dtSeconds`. */
  | { readonly timeConstantSeconds: PerNeuron };

export const decayKeys = { factorPerTick: true, timeConstantTicks: true, timeConstantSeconds: true } as const;

/** What the options of a neuron need to know of its population and network. */
export interface Surroundings {
  readonly shape: Shape;
  /** Length of a tick; undefined where the network gives none. */
  readonly dtSeconds: number | undefined;
}

/** 1/τ in ticks, one a channel or neuron, in float64: a tick keeps e^(−rate). Infinity: nothing; 0: all. */
export function decayRates(
  place: string,
  decay: Partial<Record<keyof typeof decayKeys, PerNeuron>>,
  around: Surroundings,
): Float64Array {
  const given = (Object.keys(decayKeys) as (keyof typeof decayKeys)[]).filter((key) => decay[key] !== undefined);
  if (given.length !== 1)
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected one of ${Object.keys(decayKeys).join(", ")}, got ${given.length === 0 ? "none" : given.join(" and ")}`,
    );
  const [key] = given;
  const where = `${place}: ${key}`;
  const bounds = key === "factorPerTick" ? { from: 0, to: 1 } : { above: 0 };
  const row = rowOf(where, decay[key] as PerNeuron, around.shape, (at, value) => checkFinite(at, value, bounds));
  if (key === "factorPerTick") return Float64Array.from(row, (factor) => -Math.log(factor));
  const dt = key === "timeConstantTicks" ? 1 : secondsOfTick(where, around);
  return Float64Array.from(row, (constant) => dt / constant);
}

/** What a tick keeps, rounded once; a factor that was given is kept as it is. */
export function decayFactors(
  place: string,
  decay: Partial<Record<keyof typeof decayKeys, PerNeuron>>,
  around: Surroundings,
): Float32Array {
  const rates = decayRates(place, decay, around);
  if (decay.factorPerTick !== undefined) return Float32Array.from(rowOf(place, decay.factorPerTick, around.shape));
  return Float32Array.from(rates, (rate) => Math.exp(-rate));
}

/** @throws {LlifError} ARGUMENT where the network gives no length of a tick. */
export function secondsOfTick(place: string, { dtSeconds }: Surroundings): number {
  if (dtSeconds === undefined)
    throw new LlifError("ARGUMENT", `${place}: expected a network with dtSeconds, the length of a tick, or ticks`);
  return dtSeconds;
}
