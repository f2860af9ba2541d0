// Runs of up to 10^8 ticks under kept state against closed forms (T1, T3 and their float32 terms): nothing wears off.
import { describe, expect, it } from "vitest";
import { pcg32 } from "../../ts/random.ts";
import type { Result, RunInput, Simulator } from "../../ts/engine/engine.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import type { SpikingNetwork } from "../../ts/spiking/network.ts";
import { engines } from "./engines.ts";

/** Of one run at most 2^24. The reference engine takes half a microsecond a tick, so it goes no further than just past 2^24. */
const ticksOf = (name: string): number[] => [
  8_192,
  2_000_000,
  2 ** 24 + 8_192,
  ...(name === "wasm" ? [100_000_000] : []),
];

/** Rounding of one float32 operation, and of one in float64. */
const [u32, u64] = [2 ** -24, 2 ** -53];

/** Goes on from one number of ticks to the next; counts of all runs together. */
async function after(
  simulator: Simulator,
  input: RunInput,
  ticks: readonly number[],
  see: (ticks: number, result: Result, counts: Record<string, Float64Array>) => void,
): Promise<void> {
  const counts: Record<string, Float64Array> = {};
  let done = 0;
  for (const until of ticks) {
    let result: Result | undefined;
    while (done < until) {
      const part = Math.min(2 ** 24, until - done);
      result = simulator.run(input, { ticks: part, keepState: true });
      done += part;
      for (const [name, more] of Object.entries(result.counts)) {
        counts[name] ??= new Float64Array(more.length);
        more.forEach((count: number, neuron: number) => (counts[name][neuron] += count));
      }
    }
    if (result !== undefined) see(until, result, counts);
  }
  simulator.dispose();
}

describe.each(engines)("long runs, $name engine", (engine) => {
  it("an output reads its constant drive to the last bit, and decides by a last bit", async () => {
    expect.hasAssertions();
    const tenth = Math.fround(0.1);
    const [more, less] = [tenth + 2 ** -27, tenth - 2 ** -27];
    const network = spikingNetwork({ inputs: [1] })
      .output({ weights: [[less], [tenth], [more]], bias: [0, 0, 0] })
      .build();
    await after(
      await engine.createSimulator(network),
      Float32Array.of(1),
      ticksOf(engine.name),
      (ticks, { logits, top }) => {
        expect([...logits], `${ticks} ticks`).toEqual([less, tenth, more]);
        expect(top.map(({ index }) => index)).toEqual([2, 1, 0]);
      },
    );
  });

  it("T1: one neuron of drive 0.1, and its readout", async () => {
    expect.hasAssertions();
    const [drive, weight, bias] = [0.1, 0.3, 0.7].map(Math.fround);
    const network = spikingNetwork({ inputs: [1] })
      .population({ weights: [[drive]], threshold: 1, initialPotential: 0.5, name: "n" })
      .output({ weights: [[weight], [weight]], bias: [0, bias], name: "readout" })
      .build();
    const [plain, biased] = [0, 1];
    await after(
      await engine.createSimulator(network),
      Float32Array.of(1),
      ticksOf(engine.name),
      (ticks, { charges }, counts) => {
        // One addition and one subtraction of potentials below 1.1; a spike's readout is one addition.
        expect(Math.abs(counts.n[0] - ticks * drive)).toBeLessThanOrEqual(0.5 + 2 * u32 * 1.1 * ticks);
        expect(charges.readout[plain]).toBe(weight * counts.n[0]);
        expect(Math.abs(charges.readout[biased] - (weight * counts.n[0] + bias * ticks))).toBeLessThanOrEqual(
          ticks * (weight + bias) * (u32 + ticks * u64),
        );
      },
    );
  });

  it("T3: two layers, whose counts and readouts stay within d + ε·t", async () => {
    expect.hasAssertions();
    const made = layers(7);
    await after(
      await engine.createSimulator(made.network),
      made.input,
      ticksOf(engine.name).slice(0, 3),
      (ticks, { logits }, counts) => {
        made.layers.forEach(({ name, rates, errors }) =>
          rates.forEach((rate, neuron) =>
            expect(Math.abs(counts[name][neuron] - rate * ticks), `${name}, ${ticks} ticks`).toBeLessThanOrEqual(
              errors.count[neuron] + errors.each[neuron] * ticks,
            ),
          ),
        );
        made.readouts.forEach(({ value, error }, output) =>
          expect(Math.abs(logits[output] - value)).toBeLessThanOrEqual(error(ticks)),
        );
      },
    );
  });
});

interface Errors {
  /** d_l, in counts, and ε_l, in counts a tick. */
  readonly count: readonly number[];
  readonly each: readonly number[];
}

/** Dense layers of positive drift, with rates over the reals and the bounds of T3 with its float32 terms. */
function layers(seed: number): {
  network: SpikingNetwork;
  input: Float32Array;
  layers: { name: string; rates: number[]; errors: Errors }[];
  readouts: { value: number; error: (ticks: number) => number }[];
} {
  const next = pcg32(seed);
  const real = (from: number, to: number): number => Math.fround(from + ((to - from) * next()) / 2 ** 32);
  const input = Float32Array.from({ length: 3 }, () => real(0.1, 1));
  let builder = spikingNetwork({ inputs: [3] });
  let rates = [...input];
  let errors: Errors = { count: rates.map(() => 0), each: rates.map(() => 0) };
  const all: { name: string; rates: number[]; errors: Errors }[] = [];
  const drawn = (units: number): { weights: number[][]; bias: number[] } => ({
    weights: Array.from({ length: units }, () => rates.map(() => real(-0.2, 0.3))),
    bias: Array.from({ length: units }, () => real(0.2, 0.4)),
  });
  const weighted = (row: readonly number[], values: readonly number[]): number =>
    row.reduce((sum, weight, index) => sum + Math.abs(weight) * values[index], 0);
  for (const [layer, units] of [4, 3].entries()) {
    const { weights, bias } = drawn(units);
    const name = `layer${layer}`;
    builder = builder.dense({ weights, bias, threshold: 1, initialPotential: 0.5, name });
    const deviations = weights.map((row) => (layer === 0 ? 0 : weighted(row, errors.count)));
    // In each tick two roundings an input or spike, the bias', the reset's; |v| ≤ θ + 2D and what a tick brings.
    const roundings = 2 * rates.length + 2;
    const each = weights.map(
      (row, unit) =>
        roundings *
          u32 *
          (1 +
            2 * deviations[unit] +
            bias[unit] +
            weighted(
              row,
              rates.map(() => 1),
            )) +
        weighted(row, errors.each),
    );
    rates = weights.map((row, unit) =>
      Math.max(
        0,
        row.reduce((sum, weight, index) => sum + weight * rates[index], bias[unit]),
      ),
    );
    errors = { count: deviations.map((deviation) => 0.5 + deviation), each };
    all.push({ name, rates, errors });
  }
  expect(all.every((layer) => layer.rates.every((rate) => rate > 0 && rate < 1))).toBe(true);
  const { weights, bias } = drawn(2);
  const readouts = weights.map((row, output) => ({
    value: row.reduce((sum, weight, index) => sum + weight * rates[index], bias[output]),
    error: (ticks: number) =>
      weighted(row, errors.count) / ticks +
      weighted(row, errors.each) +
      (bias[output] +
        weighted(
          row,
          rates.map(() => 1),
        )) *
        (row.length * u32 + ticks * u64),
  }));
  return { network: builder.output({ weights, bias }).build(), input, layers: all, readouts };
}
