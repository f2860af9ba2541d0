// Turns what `run` is given (pixels, values, spikes) into what engines simulate.
import { rulesOf } from "../spiking/code.ts";
import { LlifError } from "../errors.ts";
import { checkFinite, checkInteger, checkIterable, checkOptions, describe } from "../check.ts";
import {
  isNumbers,
  isShaped,
  sampleOf,
  samplesOf,
  type PlainSample,
  type SampleValues,
  type ShapedSamples,
} from "../samples.ts";
import { synapsePlace } from "../spiking/synapses/rules.ts";
import { encodersOf } from "../spiking/meaning.ts";
import { hasRealTimes, type SpikingNetwork, isSynchronous, hasSignedSpikes, type Synapse } from "../spiking/network.ts";
import { formatShape, sizeOf } from "../tensor.ts";
import type { RunInput, RunInputs, SpikeInput } from "./engine.ts";

/** One sample in the form that both engines take. */
export type EncodedInput = ConstantInput | EventInput;

/** Constant current: one value per input, Float32Array in float32 networks, Int32Array in int32 networks. */
export interface ConstantInput {
  readonly kind: "constant";
  readonly values: Float32Array | Int32Array;
  /** Number of clipped values; absent: none. */
  readonly clipped?: number;
}

/**
 * Spikes sorted by (tick, neuron): tick t has `neurons[starts[t]]` to `neurons[starts[t + 1] − 1]`, repeated if a
 * neuron spikes more than once.
 */
export interface EventInput {
  readonly kind: "events";
  readonly neurons: Uint32Array;
  /** Length ticks + 1. */
  readonly starts: Uint32Array;
  /** +1 or −1 per spike; absent if all are +1. */
  readonly signs?: Int8Array;
  /** Time in the window, 0 to 1, per spike, in real-valued `ttfs`. */
  readonly times?: Float64Array;
  /** Constant current in addition to the spikes, as in `ConstantInput`; only in synchronous networks. */
  readonly values?: Float32Array | Int32Array;
  /** Number of clipped `values`, as in `ConstantInput`. */
  readonly clipped?: number;
}

/**
 * Checks a sample and copies it into the engines' form. Values become counts N_0 if the network's input has counts. A
 * sample is constant current or spikes, or both in synchronous networks.
 * @param ticks of the run, or of the input's window in a layerwise network; spikes must be in 0 … ticks − 1.
 * @throws {LlifError} SHAPE for a wrong number of values, ARGUMENT for values or spikes out of range, and for bytes if
 * the network has float inputs.
 */
export function encodeInput(network: SpikingNetwork, input: RunInput | null, ticks: number): EncodedInput {
  const { values, spikes } = partsOf(network, input);
  if (spikes === undefined) return encodeValues(network, values as PlainSample);
  const events = encodeSpikes(network, spikes, ticks);
  if (values === undefined) return events;
  if (!isSynchronous(network)) {
    throw new LlifError(
      "ARGUMENT",
      `input "${network.input.name}": expected { values } or { spikes } in a layerwise network, got both; only synchronous networks add them`,
    );
  }
  const constant = encodeValues(network, values);
  return { ...events, values: constant.values, clipped: constant.clipped };
}

/** Nothing from outside. */
export function noInput(ticks: number): EventInput {
  return { kind: "events", neurons: new Uint32Array(0), starts: new Uint32Array(ticks + 1) };
}

/** What arrives in ticks `from` to `to` − 1, counted from `from`; constant current as it is. */
export function inputBetween(input: EncodedInput, from: number, to: number): EncodedInput {
  if (input.kind === "constant" || (from === 0 && to === input.starts.length - 1)) return input;
  const { neurons, starts, signs, ...others } = input;
  const [first, end] = [starts[from], starts[to]];
  return {
    ...others,
    neurons: neurons.subarray(first, end),
    starts: starts.slice(from, to + 1).map((start) => start - first),
    ...(signs === undefined ? {} : { signs: signs.subarray(first, end) }),
  };
}

/** Each input, taken when it is asked for: it may share memory with the next. @throws {LlifError} as `eachSample`. */
export async function* eachInput(
  network: SpikingNetwork,
  inputs: RunInputs,
): AsyncGenerator<RunInput, void, undefined> {
  const { name, shape } = network.input;
  if (isShaped(inputs)) {
    yield* samplesOf(`input "${name}"`, inputs, shape);
    return;
  }
  for await (const input of checkIterable("inputs", inputs, { async: true })) {
    if (isShaped(input)) yield* samplesOf(`input "${name}"`, input, shape);
    else yield input;
  }
}

/** Number of inputs, if it is known in advance. */
export function countOfInputs(network: SpikingNetwork, inputs: RunInputs): number | undefined {
  if (isShaped(inputs)) return samplesOf(`input "${network.input.name}"`, inputs, network.input.shape).length;
  return Array.isArray(inputs) && !inputs.some(isShaped) ? inputs.length : undefined;
}

function partsOf(
  network: SpikingNetwork,
  input: RunInput | null,
): { readonly values?: PlainSample; readonly spikes?: SpikeInput } {
  const { name, shape } = network.input;
  const place = `input "${name}"`;
  if (input instanceof Uint8Array || input instanceof Float32Array || isNumbers(input) || isShaped(input))
    return { values: sampleOf(place, input as SampleValues, shape) };
  if (typeof input !== "object" || input === null || !("values" in input || "spikes" in input)) {
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected a Uint8Array, a Float32Array, { values } or { spikes }, got ${describe(input)}`,
    );
  }
  const { values, spikes } = checkOptions<{ values?: SampleValues | ShapedSamples; spikes?: SpikeInput }>(
    place,
    input,
    { values: true, spikes: true },
  );
  if (values === undefined && spikes === undefined)
    throw new LlifError("ARGUMENT", `${place}: expected { values } or { spikes }, got neither`);
  return {
    ...(values === undefined ? {} : { values: sampleOf(place, values, shape) }),
    ...(spikes === undefined ? {} : { spikes }),
  };
}

function encodeValues(network: SpikingNetwork, values: PlainSample): ConstantInput {
  const { name, counts } = network.input;
  const place = `input "${name}"`;
  const pool = network.nodes.find((node) => node.kind === "pool" && node.from === name);
  if (pool !== undefined) {
    throw new LlifError(
      "UNSUPPORTED",
      `pool "${pool.name}" reads ${place}: constant values cannot pass a pool; give { spikes }, or put a population between`,
      { nodes: [pool.name] },
    );
  }
  const isDelayed = (synapse: Synapse) =>
    synapse.delayTicks > 0 || (synapse.kind === "sparse" && synapse.delays?.some((delay) => delay > 0) === true);
  const delayed = network.synapses.find((synapse) => synapse.from === name && isDelayed(synapse));
  if (delayed !== undefined) {
    throw new LlifError(
      "UNSUPPORTED",
      `synapse "${name}" to "${delayed.to}": constant values cannot be delayed; give { spikes }, or put a population between`,
      { nodes: [delayed.to] },
    );
  }
  const spiking = network.synapses.find(
    ({ from, into, plasticity }) => from === name && (into !== undefined || plasticity !== undefined),
  );
  if (spiking !== undefined && values.some((value) => value !== 0)) {
    throw new LlifError(
      "UNSUPPORTED",
      `${synapsePlace(spiking)}: constant values reach membrane potentials through fixed weights only, not ${spiking.into === undefined ? "weights that learn" : `current "${spiking.into}"`}; give { spikes }, or drive the population`,
      { nodes: [spiking.to] },
    );
  }
  if (values instanceof Uint8Array && counts !== null && counts.minimum < 0) {
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected a Float32Array of the model's own inputs, which are no images of bytes (one count is ${counts.unit}), got a Uint8Array`,
    );
  }
  if (takesWholeSpikes(network)) {
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected spikes, each of which stands for a whole ${counts?.unit}, got values; they enter the network that inputEncoder was given`,
    );
  }
  const pixels = counts !== null && counts.minimum === 0;
  let clipped = 0;
  const encoded = network.arithmetic === "float32" ? new Float32Array(values.length) : new Int32Array(values.length);
  for (let index = 0; index < values.length; index++) {
    let value: number = values[index];
    if (!Number.isFinite(value))
      throw new LlifError("ARGUMENT", `${place}: expected finite values, got ${value} at index ${index}`);
    if (counts !== null) {
      if (values instanceof Float32Array) value = Math.round(value / counts.unit);
      if (pixels && (value < 0 || value > counts.maximum)) {
        const reach = `0 to ${counts.maximum * counts.unit}`;
        throw new LlifError(
          "ARGUMENT",
          `${place}: expected pixels from ${reach}, before any mean and deviation, which are in the weights; got ${values[index]} at index ${index}`,
        );
      }
      const within = Math.min(Math.max(value, counts.minimum), counts.maximum);
      if (within !== value) clipped++;
      value = within;
    } else if (network.arithmetic === "int32" && (value | 0) !== value) {
      throw new LlifError(
        "ARGUMENT",
        `${place}: expected integers of 32 bits, as the network's charges are, got ${value} at index ${index}`,
      );
    }
    encoded[index] = value;
  }
  return { kind: "constant", values: encoded, clipped };
}

function encodeSpikes(network: SpikingNetwork, spikes: SpikeInput, ticks: number): EventInput {
  const { name, shape } = network.input;
  const place = `input "${name}": spikes`;
  const size = sizeOf(shape);
  checkSpikes(place, network, spikes);
  const length = spikes.ticks.length;
  if (spikes.neurons.length !== length) {
    throw new LlifError(
      "SHAPE",
      `${place}: expected as many neurons as ticks, got ${spikes.neurons.length} neurons and ${length} ticks`,
    );
  }
  const extra = checkExtras(place, network, spikes);
  const starts = new Uint32Array(ticks + 1);
  let sorted = true;
  let tickBefore = 0;
  let neuronBefore = 0;
  let inTick = 0;
  const { ticks: ticksOf, neurons: neuronsOf } = spikes;
  for (let index = 0; index < length; index++) {
    const tick = ticksOf[index];
    const neuron = neuronsOf[index];
    if (!(tick < ticks && tick >>> 0 === tick)) checkInteger(`${place}: tick at index ${index}`, tick, 0, ticks - 1);
    if (!(neuron < size && neuron >>> 0 === neuron)) {
      checkInteger(`${place}: neuron at index ${index} (shape ${formatShape(shape)})`, neuron, 0, size - 1);
    }
    if (tick < tickBefore || (tick === tickBefore && neuron < neuronBefore)) sorted = false;
    // Written once a run of spikes of one tick: an increment in memory for each waits for the last.
    if (tick !== tickBefore) {
      starts[tickBefore + 1] += inTick;
      inTick = 0;
    }
    inTick++;
    tickBefore = tick;
    neuronBefore = neuron;
  }
  if (length > 0) starts[tickBefore + 1] += inTick;
  for (let tick = 0; tick < ticks; tick++) starts[tick + 1] += starts[tick];
  if (sorted && extra === undefined) return { kind: "events", neurons: new Uint32Array(spikes.neurons), starts };
  const keys = Float64Array.from({ length }, (_, index) => spikes.ticks[index] * size + spikes.neurons[index]);
  if (extra === undefined) {
    keys.sort();
    return { kind: "events", neurons: Uint32Array.from(keys, (key) => key % size), starts };
  }
  // For equal keys, the smaller sign or time first, so that the order of the argument does not matter.
  const order = Uint32Array.from(keys.keys()).sort((a, b) => keys[a] - keys[b] || extra.values[a] - extra.values[b]);
  const neurons = Uint32Array.from(order, (index) => keys[index] % size);
  if (extra.kind === "signs")
    return { kind: "events", neurons, starts, signs: Int8Array.from(order, (index) => extra.values[index]) };
  return { kind: "events", neurons, starts, times: Float64Array.from(order, (index) => extra.values[index]) };
}

function checkSpikes(place: string, network: SpikingNetwork, spikes: SpikeInput): void {
  if (Array.isArray(spikes))
    throw new LlifError("ARGUMENT", `${place}: expected { ticks, neurons }, got ${describe(spikes)}`);
  checkOptions<SpikeInput & { length?: number }>(place, spikes, {
    ticks: true,
    neurons: true,
    signs: true,
    times: true,
    meaning: true,
    length: true,
  });
  for (const name of ["ticks", "neurons", "signs", "times"] as const) {
    const numbers = spikes[name];
    if (!isNumbers(numbers) && (numbers !== undefined || name === "ticks" || name === "neurons"))
      throw new LlifError("ARGUMENT", `${place}: ${name}: expected an array of integers, got ${describe(numbers)}`);
  }
  checkMeaning(place, network, spikes);
}

/** Whether an input spike represents a whole value, as in a network that `inputEncoder` made for spikes. */
function takesWholeSpikes({ input: { counts }, arithmetic }: SpikingNetwork): boolean {
  return counts !== null && arithmetic === "float32" && counts.minimum === 0 && counts.maximum === 1;
}

/** Checks the form of spikes for mapped networks; networks built by hand take any spikes. */
function checkMeaning(place: string, network: SpikingNetwork, { meaning }: SpikeInput): void {
  const {
    input: { counts },
    arithmetic,
    windowTicks,
  } = network;
  const { flags, spikeKind: kind } = rulesOf(network.code);
  if (counts === null) return;
  const refuse = (text: string): never => {
    throw new LlifError("ARGUMENT", `${place}: ${text}`);
  };
  if (counts.minimum === 0 && arithmetic === "float32" && !takesWholeSpikes(network)) {
    refuse(
      `one spike would stand for 1 of ${counts.maximum} counts of a value; expected spikes into the network that inputEncoder(network, { encoding }) gives, in which one stands for all of them`,
    );
  }
  if (meaning === undefined) return;
  if (meaning.kind !== kind)
    refuse(
      `expected ${kind}, as code "${flags.code}" of ${flags.spikes} spikes reads them (${encodersOf[kind]}), got ${meaning.kind}; inputEncoder(network) knows which`,
    );
  if (kind === "rates" || kind === "times") {
    if (arithmetic === "int32" && counts.maximum !== windowTicks)
      refuse(
        `a rate of 1 would stand for ${windowTicks} counts, one a tick, where the input has ${counts.maximum}; take the spikes of inputEncoder(network, { encoding: "regular" })`,
      );
  } else if (meaning.ticks !== windowTicks) {
    refuse(`expected ${kind} of ${windowTicks} ticks, the network's window, got those of ${meaning.ticks}`);
  }
}

/** Signs or times of spikes, if the code has them. */
function checkExtras(
  place: string,
  network: SpikingNetwork,
  spikes: SpikeInput,
): { readonly kind: "signs" | "times"; readonly values: ArrayLike<number> } | undefined {
  const { signs, times } = spikes;
  const realTimes = hasRealTimes(network);
  if (signs !== undefined && !hasSignedSpikes(network))
    throw new LlifError("ARGUMENT", `${place}: expected no signs in a network of unsigned spikes`);
  if (times !== undefined && !realTimes)
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected no times but in real-valued ttfs, got them in code "${rulesOf(network.code).flags.code}", ${network.arithmetic}`,
    );
  const kind = signs === undefined ? "times" : "signs";
  const values = signs ?? times;
  if (values === undefined) return undefined;
  if (values.length !== spikes.ticks.length)
    throw new LlifError(
      "SHAPE",
      `${place}: expected as many ${kind} as ticks, got ${values.length} ${kind} and ${spikes.ticks.length} ticks`,
    );
  for (let index = 0; index < values.length; index++) {
    if (kind === "times") checkFinite(`${place}: time at index ${index}`, values[index], { from: 0, to: 1 });
    else if (Math.abs(values[index]) !== 1)
      throw new LlifError("ARGUMENT", `${place}: sign at index ${index}: expected 1 or -1, got ${values[index]}`);
  }
  return { kind, values };
}
