// Weights of dense layers as the builder takes them.
import { checkInteger, checkNumbers, describe } from "../check.ts";
import { LlifError } from "../errors.ts";
import { maximumDenseWeights } from "./charges.ts";

/** Rows of weights, one a neuron, or all of them in one array of shape [neurons, inputs]. */
export type DenseWeights = readonly ArrayLike<number>[] | ArrayLike<number>;

function isNested(weights: DenseWeights): weights is readonly ArrayLike<number>[] {
  return Array.isArray(weights) && weights.length > 0 && typeof weights[0] !== "number";
}

/** Inputs of a matrix whose rows are its neurons. */
export function inputsOf(place: string, weights: DenseWeights, units: number | undefined): number {
  if (isNested(weights)) return checkNumbers(`${place}: row 0`, weights[0]).length;
  const { length } = checkNumbers(place, weights);
  if (length === 0) throw new LlifError("ARGUMENT", `${place}: expected at least one weight, got none`);
  if (units === undefined)
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected rows, one a neuron, or a flat array and units, the number of neurons; got ${describe(weights)}`,
    );
  return length / checkInteger("population: units", units, 1);
}

/** The weights in one array, and how many rows they are. */
export function denseMatrix(
  place: string,
  weights: DenseWeights,
  inputs: number,
  units: number | undefined,
): { data: Float32Array; rows: number } {
  if (units !== undefined) checkInteger(`${place}: units`, units, 1);
  const nested = isNested(weights);
  if (!nested) checkNumbers(`${place}: weights`, weights);
  const rows = nested ? weights.length : units === undefined ? weights.length / inputs : units;
  if (units !== undefined && rows !== units)
    throw new LlifError("SHAPE", `${place}: weights: expected ${units} rows, got ${rows}`);
  if (!Number.isInteger(rows) || rows < 1 || (!nested && weights.length !== rows * inputs)) {
    throw new LlifError(
      "SHAPE",
      `${place}: weights: expected ${units ?? "a number of"} rows of ${inputs} values, one an input, got ${weights.length} values`,
    );
  }
  if (rows * inputs > maximumDenseWeights)
    throw new LlifError(
      "ARGUMENT",
      `${place}: weights: expected at most ${maximumDenseWeights} in one dense synapse, got ${rows} rows of ${inputs}, ${rows * inputs}; list those that are not 0 as edges, or split the population`,
    );
  if (!nested) return { data: Float32Array.from(weights), rows };
  const data = new Float32Array(rows * inputs);
  weights.forEach((row, index) => {
    checkNumbers(`${place}: weights: row ${index}`, row);
    if (row.length !== inputs)
      throw new LlifError("SHAPE", `${place}: weights: expected ${inputs} values in row ${index}, got ${row.length}`);
    data.set(row, index * inputs);
  });
  return { data, rows };
}
