// The number types of a spiking network, and checks of their arrays.
import { checkAllFinite, checkLength, describe, isTypedArray } from "../check.ts";
import { LlifError } from "../errors.ts";
import { channelsOf, sizeOf, type Shape } from "../tensor.ts";

/** float32 networks round every operation; int32 networks are exact. */
export type Arithmetic = "float32" | "int32";

/** Counts up to this number are exact in float32, and so are their products with a power of two. */
export const maximumTicks = 2 ** 24;

/** Most neurons of a population without synapses of its own: a product with `maximumConnections` is exact. */
export const maximumNeurons = 2 ** 25;

/** Most connections of one sparse synapse: a target and a weight of each are 2 GiB, the largest arrays of a core. */
export const maximumConnections = 2 ** 28 - 1;

/** Most weights that the builder makes one dense synapse of: 2 GiB. */
export const maximumDenseWeights = 2 ** 29 - 1;

/** Longest delay of a connection in ticks. */
export const maximumDelay = 2 ** 16;

/** Charges and synaptic weights: Float32Array in float32 networks, Int32Array in int32 networks. */
export type Charges = Float32Array | Int32Array;

/** Checks weights: as many as the shape has elements. */
export function checkWeights(place: string, weights: Charges, shape: Shape, arithmetic: Arithmetic): void {
  checkType(`${place}: weights`, weights, arithmetic);
  checkLength(`${place}: weights`, weights, shape);
  checkAllFinite(`${place}: weights`, weights);
}

/** Checks charges: one per channel, or one per neuron. */
export function checkCharges(place: string, charges: Charges, shape: Shape, arithmetic: Arithmetic): void {
  checkType(place, charges, arithmetic);
  checkRow(place, charges, shape);
  checkAllFinite(place, charges);
}

function checkType(place: string, charges: Charges, arithmetic: Arithmetic): void {
  const expected = arithmetic === "float32" ? "Float32Array" : "Int32Array";
  if (!isTypedArray(charges, expected))
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected a ${expected} in a ${arithmetic} network, got ${describe(charges)}`,
    );
}

/** Checks values: one per channel, or one per neuron. */
export function checkRow(place: string, values: ArrayLike<number>, shape: Shape): void {
  if (values.length !== channelsOf(shape) && values.length !== sizeOf(shape)) {
    throw new LlifError(
      "SHAPE",
      `${place}: expected ${channelsOf(shape)} values, one a channel, or ${sizeOf(shape)}, one a neuron, got ${values.length}`,
    );
  }
}

/** Like `checkRow`, for a typed array. */
export function checkTypedRow(
  place: string,
  values: Float64Array | Float32Array | Uint32Array | Uint8Array,
  type: Parameters<typeof isTypedArray>[1],
  shape: Shape,
): void {
  if (!isTypedArray(values, type))
    throw new LlifError("ARGUMENT", `${place}: expected a ${type}, got ${describe(values)}`);
  checkRow(place, values, shape);
}

/** The same memory as 32-bit words. */
export function bitsOf(charges: Charges): Uint32Array {
  return new Uint32Array(charges.buffer, charges.byteOffset, charges.length);
}

/** One value per neuron, from one per channel or one per neuron. */
export function expandCharges<T extends Charges | Float64Array | Uint32Array | Uint8Array>(values: T, shape: Shape): T {
  const size = sizeOf(shape);
  if (values.length === size) return values;
  const expanded = new (values.constructor as new (length: number) => T)(size);
  const channels = channelsOf(shape);
  for (let index = 0; index < size; index++) expanded[index] = values[index % channels];
  return expanded;
}
