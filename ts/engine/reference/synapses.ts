// Delivers spikes by definition: one weight at a time, in the order of docs/mathematics.md, numerics.
import { shapeOf, synapsesTo, type Charges, type SpikingNetwork } from "../../spiking/network.ts";
import { synapseRules, type Synapse } from "../../spiking/synapses/kinds.ts";
import type { Rows } from "../../spiking/synapses/rules.ts";
import type { EncodedInput } from "../input.ts";
import type { EventList } from "./events.ts";

/** A synapse as rows of weights. */
export interface RowSynapse extends Rows {
  readonly from: string;
  readonly delayTicks: number;
}

/** The synapses into one node, in the order of summation. */
export function rowSynapsesTo(network: SpikingNetwork, name: string): RowSynapse[] {
  return synapsesTo(network, name).map((synapse) => rowSynapse(network, synapse));
}

export function rowSynapse(network: SpikingNetwork, synapse: Synapse): RowSynapse {
  return {
    from: synapse.from,
    delayTicks: synapse.delayTicks,
    ...synapseRules(synapse).rows(synapse, shapeOf(network, synapse.from), shapeOf(network, synapse.to)),
  };
}

/**
 * Adds the rows of every event to the charges, one rounded (or wrapping) addition each. Returns the number of
 * additions.
 * @param factor −1 subtracts the rows; any other number multiplies them (`ttfs` only).
 */
export function deliver(
  { weights, rowLength, rows, rowsOf }: RowSynapse,
  events: EventList,
  charges: Charges,
  factor = 1,
): number {
  let delivered = 0;
  for (let index = 0; index < events.length; index++) {
    const count = rowsOf(events.neurons[index]);
    for (let row = 0; row < count; row++) {
      const target = rows[2 * row];
      const weight = rows[2 * row + 1];
      if (charges instanceof Float32Array) addFloatRow(charges, target, weights as Float32Array, weight, rowLength);
      else if (factor === 1) addIntegerRow(charges, target, weights as Int32Array, weight, rowLength);
      else if (factor === -1) subtractIntegerRow(charges, target, weights as Int32Array, weight, rowLength);
      else addProducts(charges, target, weights as Int32Array, weight, rowLength, factor);
    }
    delivered += count;
  }
  return delivered * rowLength;
}

/** Charge that arrives without spikes, in a tick or a window: the bias, then weight · value of every input. */
export function driveOf<T extends Float32Array | Int32Array>(
  bias: T,
  synapses: readonly RowSynapse[],
  inputName: string,
  input: EncodedInput,
): T {
  const drive = bias.slice() as T;
  if (input.values === undefined) return drive;
  for (const synapse of synapses) if (synapse.from === inputName) deliverConstant(synapse, input.values, drive);
  return drive;
}

/** Adds weight · value of every event, for spikes with real-valued times. Returns the number of synaptic operations. */
export function deliverValues(
  { weights, rowLength, rows, rowsOf }: RowSynapse,
  neurons: ArrayLike<number>,
  values: ArrayLike<number>,
  charges: Float32Array,
): number {
  let delivered = 0;
  for (let index = 0; index < neurons.length; index++) {
    const count = rowsOf(neurons[index]);
    for (let row = 0; row < count; row++)
      addProducts(charges, rows[2 * row], weights, rows[2 * row + 1], rowLength, values[index]);
    delivered += count;
  }
  return delivered * rowLength;
}

/**
 * Adds weight · value of every input, ascending: the charge of constant current in one tick (synchronous) or window
 * (layerwise).
 */
export function deliverConstant(
  { weights, rowLength, rows, rowsOf }: RowSynapse,
  values: Charges,
  charges: Charges,
): void {
  for (let input = 0; input < values.length; input++) {
    const value = values[input];
    const count = rowsOf(input);
    for (let row = 0; row < count; row++)
      addProducts(charges, rows[2 * row], weights, rows[2 * row + 1], rowLength, value);
  }
}

function addProducts(
  charges: Charges,
  target: number,
  weights: ArrayLike<number>,
  weight: number,
  length: number,
  value: number,
): void {
  const float = charges instanceof Float32Array;
  for (let offset = 0; offset < length; offset++) {
    charges[target + offset] += float
      ? Math.fround(weights[weight + offset] * value)
      : Math.imul(weights[weight + offset], value);
  }
}

/**
 * Unrolled by eight, downwards: a third faster than upwards by four, as measured. Neurons are independent, so the order
 * is free.
 */
function addFloatRow(
  charges: Float32Array,
  target: number,
  weights: Float32Array,
  weight: number,
  length: number,
): void {
  let to = target + length - 1;
  let from = weight + length - 1;
  for (; to >= target + 7; to -= 8, from -= 8) {
    charges[to] += weights[from];
    charges[to - 1] += weights[from - 1];
    charges[to - 2] += weights[from - 2];
    charges[to - 3] += weights[from - 3];
    charges[to - 4] += weights[from - 4];
    charges[to - 5] += weights[from - 5];
    charges[to - 6] += weights[from - 6];
    charges[to - 7] += weights[from - 7];
  }
  for (; to >= target; to--, from--) charges[to] += weights[from];
}

function addIntegerRow(charges: Int32Array, target: number, weights: Int32Array, weight: number, length: number): void {
  let to = target + length - 1;
  let from = weight + length - 1;
  for (; to >= target + 7; to -= 8, from -= 8) {
    charges[to] = (charges[to] + weights[from]) | 0;
    charges[to - 1] = (charges[to - 1] + weights[from - 1]) | 0;
    charges[to - 2] = (charges[to - 2] + weights[from - 2]) | 0;
    charges[to - 3] = (charges[to - 3] + weights[from - 3]) | 0;
    charges[to - 4] = (charges[to - 4] + weights[from - 4]) | 0;
    charges[to - 5] = (charges[to - 5] + weights[from - 5]) | 0;
    charges[to - 6] = (charges[to - 6] + weights[from - 6]) | 0;
    charges[to - 7] = (charges[to - 7] + weights[from - 7]) | 0;
  }
  for (; to >= target; to--, from--) charges[to] = (charges[to] + weights[from]) | 0;
}

function subtractIntegerRow(
  charges: Int32Array,
  target: number,
  weights: Int32Array,
  weight: number,
  length: number,
): void {
  for (let offset = 0; offset < length; offset++)
    charges[target + offset] = (charges[target + offset] - weights[weight + offset]) | 0;
}
