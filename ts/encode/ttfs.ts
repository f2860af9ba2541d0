// Encoders for time to first spike: one spike per value, earlier for larger values.
import { checkFinite, checkInteger, checkNumbers } from "../check.ts";
import type { EncodedSpikes } from "./encode.ts";

/**
 * Time to first spike in slots, for an integer `ttfs` network with window T: a count N is one spike in slot T + 1 − N
 * of 1 … T, that is in tick T − N; there is no spike for N = 0. For a mapped network, pixels 0…255 are the counts.
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
 * Real-valued time to first spike, for a float32 `ttfs` network: a value x is one spike at time 1 − x of the window,
 * all in tick 0; there is no spike for x = 0. In a mapped network (`toSpiking`), x would be a fraction of one count and
 * not of a whole value: use `inputEncoder(network, { encoding: "ttfs" })`.
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
