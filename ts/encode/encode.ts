// Encoders for rate codes: values in 0 … 1 as constant input, regular spikes or Poisson spikes.
import { LlifError } from "../errors.ts";
import { checkFinite, checkInteger, checkNumbers } from "../check.ts";
import type { SpikeMeaning } from "../spiking/meaning.ts";
import { pcg32 } from "../random.ts";

/** Spikes of one sample for `run({ spikes })`, in order of (tick, neuron). */
export interface EncodedSpikes {
  readonly ticks: Uint32Array;
  readonly neurons: Uint32Array;
  /** +1 or −1 per spike, for signed digits. */
  readonly signs?: Int8Array;
  /** Time in the window per spike, for real-valued times to first spike. */
  readonly times?: Float64Array;
  /** The code and window of the spikes, so that a network of another code or window refuses them. */
  readonly meaning?: SpikeMeaning;
}

/**
 * Constant current: the values as float32, for `run({ values })`. Exact, for every network. The values are real values
 * in the model's units, such as pixels divided by 255; `run` takes pixels 0…255 as a Uint8Array instead.
 */
export function encodeConstant(values: ArrayLike<number>): { readonly values: Float32Array } {
  checkNumbers("encodeConstant: values", values);
  return { values: Float32Array.from(values) };
}

/**
 * Evenly spaced spikes: s[t] = floor(x·(t+1) + ½) − floor(x·t + ½), so that counts stay within ½ of x·t (T3 with d =
 * ½). For hand-built networks of code `rate`, where each spike adds its weight. In a mapped network (`toSpiking`) a
 * spike stands for one count and not for a whole value: use `inputEncoder(network, { encoding: "regular" })`.
 * @param values rates in spikes a tick, 0 to 1; channels last.
 * @param ticks of the run.
 */
export function encodeRegular(values: ArrayLike<number>, ticks: number): EncodedSpikes {
  checkRates("encodeRegular", values, ticks);
  return collect(
    values.length,
    ticks,
    (neuron, tick) => Math.floor(values[neuron] * (tick + 1) + 0.5) > Math.floor(values[neuron] * tick + 0.5),
  );
}

/**
 * Independent spikes with probability x in each tick (Bernoulli trials, the discrete Poisson process), from PCG32.
 * The rate's standard deviation is √(x(1−x)/ticks).
 * For hand-built networks of code `rate`, where each spike adds its weight. In a mapped network (`toSpiking`) a spike
 * stands for one count and not for a whole value: use `inputEncoder(network, { encoding: "poisson", seed })`.
 * @param values rates in spikes a tick, 0 to 1; channels last.
 * @param ticks of the run.
 * @param seed any integer from 0 to 2^53 − 1; the same seed gives the same spikes everywhere.
 */
export function encodePoisson(values: ArrayLike<number>, ticks: number, seed: number): EncodedSpikes {
  checkRates("encodePoisson", values, ticks);
  const random = pcg32(checkInteger("encodePoisson: seed", seed, 0));
  return collect(values.length, ticks, (neuron) => random() < values[neuron] * 2 ** 32);
}

function checkRates(place: string, values: ArrayLike<number>, ticks: number): void {
  checkInteger(`${place}: ticks`, ticks, 1, 2 ** 24);
  checkNumbers(`${place}: values`, values);
  if (values.length === 0) throw new LlifError("ARGUMENT", `${place}: expected at least one value, got none`);
  for (let index = 0; index < values.length; index++)
    checkFinite(`${place}: rate at index ${index}`, values[index], { from: 0, to: 1 });
}

function collect(
  neuronCount: number,
  tickCount: number,
  spikes: (neuron: number, tick: number) => boolean,
): EncodedSpikes {
  const ticks: number[] = [];
  const neurons: number[] = [];
  for (let tick = 0; tick < tickCount; tick++) {
    for (let neuron = 0; neuron < neuronCount; neuron++) {
      if (!spikes(neuron, tick)) continue;
      ticks.push(tick);
      neurons.push(neuron);
    }
  }
  return {
    ticks: Uint32Array.from(ticks),
    neurons: Uint32Array.from(neurons),
    meaning: { kind: "rates", ticks: tickCount },
  };
}
