// Parameters given by users: one for all neurons, one per channel, or one per neuron.
import { checkFinite, checkNumbers, describe, isArrayLike } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { channelsOf, type Shape } from "../../tensor.ts";
import { checkRow } from "../charges.ts";

/** One value for all, one per channel (last axis), or one per neuron. */
export type PerNeuron = number | ArrayLike<number>;

/** One value per channel or neuron, rounded to float32. */
export function perNeuron(place: string, value: PerNeuron, shape: Shape): Float32Array {
  return Float32Array.from(rowOf(place, value, shape));
}

/** One value per channel or neuron, checked by `check`; default: finite numbers. */
export function rowOf(
  place: string,
  value: PerNeuron,
  shape: Shape,
  check?: (place: string, value: number) => number,
): ArrayLike<number> {
  if (typeof value === "number")
    return new Float64Array(channelsOf(shape)).fill(
      check === undefined ? checkFinite(place, value) : check(place, value),
    );
  if (!isArrayLike(value))
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected a number, or an array of one for each channel or neuron, got ${describe(value)}`,
    );
  const values = check === undefined ? checkNumbers(place, value) : Array.from(value, (one) => check(place, one));
  checkRow(place, values, shape);
  return values;
}
