import { LlifError } from "../errors.ts";
import { checkFinite, checkInteger, checkLength } from "../check.ts";
import { hasRealTimes, type SpikingNetwork } from "../spiking/network.ts";
import { formatShape, sizeOf } from "../tensor.ts";
import type { RunInput, SpikeInput } from "./engine.ts";

/** One sample as both engines take it. */
export type EncodedInput = ConstantInput | EventInput;

/** Constant current: one value for each input, Float32Array in float32 networks, Int32Array in int32 networks. */
export interface ConstantInput {
  readonly kind: "constant";
  readonly values: Float32Array | Int32Array;
}

/** Spikes sorted by (tick, neuron); those of tick t are `neurons[starts[t]]` to `neurons[starts[t + 1] − 1]`, repeated where a neuron spikes more than once. */
export interface EventInput {
  readonly kind: "events";
  readonly neurons: Uint32Array;
  /** Length ticks + 1. */
  readonly starts: Uint32Array;
  /** +1 or −1, by spike; absent where all are +1. */
  readonly signs?: Int8Array;
  /** Times in the window, 0 to 1, by spike, in real-valued `ttfs`. */
  readonly times?: Float64Array;
  /** Constant current beside the spikes, as `ConstantInput` has it; synchronous networks alone. */
  readonly values?: Float32Array | Int32Array;
}

/**
 * Checks a sample and brings it into the engines' form: values become counts N_0 where the network's input has counts.
 * The result may share memory with `input`.
 * @param ticks of the run, or of the input's window in a layerwise network: spikes must lie in 0 … ticks − 1.
 * @throws {LlifError} SHAPE for a wrong number of values, ARGUMENT for values or spikes out of range, and for bytes where the counts are of float inputs.
 */
export function encodeInput(network: SpikingNetwork, input: RunInput, ticks: number): EncodedInput {
  if (input instanceof Uint8Array || input instanceof Float32Array) return encodeValues(network, input);
  if (typeof input === "object" && input !== null) {
    if ("values" in input) return encodeValues(network, input.values);
    if ("spikes" in input) return encodeSpikes(network, input.spikes, ticks);
  }
  throw new LlifError("ARGUMENT", `input "${network.input.name}": expected a Uint8Array, a Float32Array, { values } or { spikes }`);
}

function encodeValues(network: SpikingNetwork, values: Uint8Array | Float32Array): ConstantInput {
  const { name, shape, counts } = network.input;
  const place = `input "${name}"`;
  if (!(values instanceof Uint8Array) && !(values instanceof Float32Array)) {
    throw new LlifError("ARGUMENT", `${place}: expected values as a Uint8Array or a Float32Array`);
  }
  checkLength(place, values, shape);
  const pool = network.nodes.find((node) => node.kind === "pool" && node.from === name);
  if (pool !== undefined) {
    throw new LlifError("UNSUPPORTED", `pool "${pool.name}" reads ${place}: constant values cannot pass a pool; give { spikes }, or put a population between`, { nodes: [pool.name] });
  }
  const delayed = network.synapses.find((synapse) => synapse.from === name && synapse.delayTicks > 0);
  if (delayed !== undefined) {
    throw new LlifError("UNSUPPORTED", `synapse "${name}" to "${delayed.to}": constant values cannot be delayed; give { spikes }, or put a population between`, { nodes: [delayed.to] });
  }
  if (values instanceof Uint8Array && counts !== null && counts.minimum < 0) {
    throw new LlifError("ARGUMENT", `${place}: expected a Float32Array of the model's own inputs, which are no images of bytes (one count is ${counts.unit}), got a Uint8Array`);
  }
  const pixels = counts !== null && counts.minimum === 0;
  const encoded = network.arithmetic === "float32" ? new Float32Array(values.length) : new Int32Array(values.length);
  for (let index = 0; index < values.length; index++) {
    let value: number = values[index];
    if (!Number.isFinite(value)) throw new LlifError("ARGUMENT", `${place}: expected finite values, got ${value} at index ${index}`);
    if (counts !== null) {
      if (values instanceof Float32Array) value = Math.round(value / counts.unit);
      if (pixels && (value < 0 || value > counts.maximum)) {
        const reach = `0 to ${counts.maximum * counts.unit}`;
        throw new LlifError("ARGUMENT", `${place}: expected pixels from ${reach}, before any mean and deviation, which are in the weights; got ${values[index]} at index ${index}`);
      }
      value = Math.min(Math.max(value, counts.minimum), counts.maximum);
    } else if (network.arithmetic === "int32" && (value | 0) !== value) {
      throw new LlifError("ARGUMENT", `${place}: expected integers of 32 bits, as the network's charges are, got ${value} at index ${index}`);
    }
    encoded[index] = value;
  }
  return { kind: "constant", values: encoded };
}

function encodeSpikes(network: SpikingNetwork, spikes: SpikeInput, ticks: number): EventInput {
  const { name, shape } = network.input;
  const place = `input "${name}": spikes`;
  const size = sizeOf(shape);
  const length = spikes.ticks.length;
  if (spikes.neurons.length !== length) {
    throw new LlifError("SHAPE", `${place}: expected as many neurons as ticks, got ${spikes.neurons.length} neurons and ${length} ticks`);
  }
  const extra = checkExtras(place, network, spikes);
  const starts = new Uint32Array(ticks + 1);
  let sorted = true;
  let [tickBefore, neuronBefore] = [0, 0];
  for (let index = 0; index < length; index++) {
    const tick = spikes.ticks[index];
    const neuron = spikes.neurons[index];
    if (!(tick >= 0 && tick < ticks && Number.isInteger(tick))) checkInteger(`${place}: tick at index ${index}`, tick, 0, ticks - 1);
    if (!(neuron >= 0 && neuron < size && Number.isInteger(neuron))) {
      checkInteger(`${place}: neuron at index ${index} (shape ${formatShape(shape)})`, neuron, 0, size - 1);
    }
    if (tick < tickBefore || (tick === tickBefore && neuron < neuronBefore)) sorted = false;
    [tickBefore, neuronBefore] = [tick, neuron];
    starts[tick + 1]++;
  }
  for (let tick = 0; tick < ticks; tick++) starts[tick + 1] += starts[tick];
  if (sorted && extra === undefined) return { kind: "events", neurons: new Uint32Array(spikes.neurons), starts };
  const keys = Float64Array.from({ length }, (_, index) => spikes.ticks[index] * size + spikes.neurons[index]);
  if (extra === undefined) {
    keys.sort();
    return { kind: "events", neurons: Uint32Array.from(keys, (key) => key % size), starts };
  }
  // Equal keys: the smaller sign or time first, so that the order of the argument does not matter.
  const order = Uint32Array.from(keys.keys()).sort((a, b) => keys[a] - keys[b] || extra.values[a] - extra.values[b]);
  const neurons = Uint32Array.from(order, (index) => keys[index] % size);
  if (extra.kind === "signs") return { kind: "events", neurons, starts, signs: Int8Array.from(order, (index) => extra.values[index]) };
  return { kind: "events", neurons, starts, times: Float64Array.from(order, (index) => extra.values[index]) };
}

/** What a spike carries besides its tick and neuron, where the code has a place for it. */
function checkExtras(place: string, network: SpikingNetwork, spikes: SpikeInput): { readonly kind: "signs" | "times"; readonly values: ArrayLike<number> } | undefined {
  const { signs, times } = spikes;
  const realTimes = hasRealTimes(network);
  if (signs !== undefined && network.spikes !== "signed") throw new LlifError("ARGUMENT", `${place}: expected no signs in a network of unsigned spikes`);
  if (times !== undefined && !realTimes) throw new LlifError("ARGUMENT", `${place}: expected no times but in real-valued ttfs, got them in code "${network.code}", ${network.arithmetic}`);
  const kind = signs === undefined ? "times" : "signs";
  const values = signs ?? times;
  if (values === undefined) return undefined;
  if (values.length !== spikes.ticks.length) throw new LlifError("SHAPE", `${place}: expected as many ${kind} as ticks, got ${values.length} ${kind} and ${spikes.ticks.length} ticks`);
  for (let index = 0; index < values.length; index++) {
    if (kind === "times") checkFinite(`${place}: time at index ${index}`, values[index], { from: 0, to: 1 });
    else if (Math.abs(values[index]) !== 1) throw new LlifError("ARGUMENT", `${place}: sign at index ${index}: expected 1 or -1, got ${values[index]}`);
  }
  return { kind, values };
}
