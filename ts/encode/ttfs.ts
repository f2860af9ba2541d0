// Encoders for time to first spike: one spike per value, earlier for larger values.
import { checkFinite, checkInteger, checkNumbers } from "../check.ts";
import type { EncodedSpikes } from "./encode.ts";

/**
 * Time to first spike in slots: a count N is one spike in slot T + 1 − N of 1 … T, so tick T − N, and none if N = 0: the input
 * of a `ttfs` network in integers of that window, mapped ones as well: pixels 0…255 are their counts.
 * @param counts integers, 0 to `windowTicks`, in units of `network.input.counts.unit`; channels last.
 * @see docs/mathematics.md T7
 */
export function encodeTtfs(counts: ArrayLike<number>, windowTicks: number): EncodedSpikes {
  checkNumbers("encodeTtfs: counts", counts);
  checkInteger("encodeTtfs: windowTicks", windowTicks, 1, 2 ** 24);
  for (let neuron = 0; neuron < counts.length; neuron++)
    checkInteger(`encodeTtfs: count at index ${neuron}`, counts[neuron], 0, windowTicks);
  const neurons = Uint32Array.from(counts, (_, neuron) => neuron)
    .filter((neuron) => counts[neuron] > 0)
    .sort((a, b) => counts[b] - counts[a] || a - b);
  return {
    ticks: neurons.map((neuron) => windowTicks - counts[neuron]),
    neurons,
    meaning: { kind: "slots", ticks: windowTicks },
  };
}

/**
 * Time to first spike, real-valued: a value x is one spike at time 1 − x of the window, and none if x = 0: the input of a `ttfs`
 * network in float32, in which all of it falls into tick 0. In a network that `toSpiking` mapped, x would be that part of one count
 * and not of a whole value: take `inputEncoder(network, { encoding: "ttfs" })`.
 * @param values 0 to 1; channels last.
 * @see docs/mathematics.md T9
 */
export function encodeTtfsTimes(values: ArrayLike<number>): EncodedSpikes {
  checkNumbers("encodeTtfsTimes: values", values);
  for (let neuron = 0; neuron < values.length; neuron++)
    checkFinite(`encodeTtfsTimes: value at index ${neuron}`, values[neuron], { from: 0, to: 1 });
  const neurons = Uint32Array.from(values, (_, neuron) => neuron).filter((neuron) => values[neuron] > 0);
  return {
    ticks: new Uint32Array(neurons.length),
    neurons,
    times: Float64Array.from(neurons, (neuron) => 1 - values[neuron]),
    meaning: { kind: "times", ticks: 1 },
  };
}
