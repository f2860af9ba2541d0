// Copies of lists of numbers, so that later changes to the caller's array do not reach the network.
import { checkNumbers, isArrayLike, isTypedArray } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { maximumConnections } from "../charges.ts";

/** @throws {LlifError} ARGUMENT for more connections than one synapse holds. */
export function checkConnectionCount(place: string, count: number): void {
  if (count > maximumConnections)
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected at most ${maximumConnections} connections, got ${count}; split them between two synapses`,
    );
}

/** Checks one end of all connections of a synapse: finite numbers, not too many. */
export function checkConnections(place: string, ends: ArrayLike<number>): ArrayLike<number> {
  if (isArrayLike(ends)) checkConnectionCount(place, ends.length);
  return checkNumbers(place, ends);
}

/** @param values checked finite numbers. @throws {LlifError} ARGUMENT for a number that is no index. */
export function indicesOf(place: string, values: ArrayLike<number>): Uint32Array {
  const copy = new Uint32Array(values);
  if (isTypedArray(values, "Uint32Array")) return copy;
  const wrong = copy.findIndex((value, index) => value !== values[index]);
  if (wrong >= 0)
    throw new LlifError("ARGUMENT", `${place}: expected integers from 0, got ${values[wrong]} at index ${wrong}`);
  return copy;
}

/** Each number rounded to float32. @param values checked finite numbers. */
export function floatsOf(values: ArrayLike<number>): Float32Array {
  return new Float32Array(values);
}
