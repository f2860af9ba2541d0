// Input encoders.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeConstant, encodePoisson, encodeRegular, type EncodedSpikes } from "../../ts/encode/encode.ts";
import { encodePhase } from "../../ts/encode/phase.ts";
import { encodeTtfs, encodeTtfsTimes } from "../../ts/encode/ttfs.ts";
import { pcg32 } from "../../ts/random.ts";

const countsOf = ({ neurons }: EncodedSpikes, size: number): number[] => {
  const counts = new Array<number>(size).fill(0);
  for (const neuron of neurons) counts[neuron]++;
  return counts;
};

describe("encoders", () => {
  it("PCG32 repeats with its seed and does not cycle", () => {
    const next = pcg32(42);
    const first = Array.from({ length: 3 }, next);
    const again = pcg32(42);
    expect(Array.from({ length: 3 }, again)).toEqual(first);
    expect(new Set(Array.from({ length: 1000 }, pcg32(7))).size).toBe(1000);
  });

  it("regular trains stay within ½ of x·t", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 100 }),
        (values, ticks) => {
          countsOf(encodeRegular(values, ticks), values.length).forEach((count, index) =>
            expect(Math.abs(count - values[index] * ticks)).toBeLessThanOrEqual(0.5 + 1e-9),
          );
        },
      ),
      { seed: 4 },
    );
  });

  it("phase trains sum to the counts", () => {
    const { ticks, neurons } = encodePhase([0, 1, 170, 255], 8);
    const counts = [0, 0, 0, 0];
    ticks.forEach((tick, index) => (counts[neurons[index]] += 2 ** (7 - tick)));
    expect(counts).toEqual([0, 1, 170, 255]);
    expect(() => encodePhase([256], 8)).toThrow("from 0 to 255");
  });

  it.each([
    ["balanced ternary", 3, { spikes: "signed" }, (3 ** 7 - 1) / 2],
    ["non-adjacent", 2, { spikes: "signed", nonAdjacent: true }, 85],
  ] as const)("signed phase trains sum to every count: %s", (_, base, digits, most) => {
    const counts = Array.from({ length: 2 * most + 1 }, (_, index) => index - most);
    const { ticks, neurons, signs = new Int8Array(0) } = encodePhase(counts, 7, digits);
    const sums = new Array<number>(counts.length).fill(0);
    ticks.forEach((tick, index) => (sums[neurons[index]] += signs[index] * base ** (6 - tick)));
    expect(sums).toEqual(counts);
    if (base === 2) {
      const fired = new Set(Array.from(ticks, (tick, index) => `${neurons[index]}:${tick}`));
      expect(Array.from(ticks).some((tick, index) => fired.has(`${neurons[index]}:${tick + 1}`))).toBe(false);
    }
    expect(() => encodePhase([most + 1], 7, digits)).toThrow(`from -${most} to ${most}`);
  });

  it("ttfs: one spike in slot T + 1 − N, or at time 1 − x", () => {
    expect(encodeTtfs([0, 1, 5, 7], 7)).toEqual({
      ticks: Uint32Array.of(0, 2, 6),
      neurons: Uint32Array.of(3, 2, 1),
      meaning: { kind: "slots", ticks: 7 },
    });
    expect(() => encodeTtfs([8], 7)).toThrow("from 0 to 7");
    expect(encodeTtfsTimes([0, 0.25, 1])).toEqual({
      ticks: Uint32Array.of(0, 0),
      neurons: Uint32Array.of(1, 2),
      times: Float64Array.of(0.75, 0),
      meaning: { kind: "times", ticks: 1 },
    });
    expect(() => encodeTtfsTimes([-0.5])).toThrow("value at index 0");
  });

  it("Poisson trains have the mean and spread of their rate, and repeat with their seed", () => {
    const values = [0, 0.1, 0.5, 0.9, 1];
    const ticks = 10_000;
    const train = encodePoisson(values, ticks, 1);
    countsOf(train, values.length).forEach((count, index) => {
      const x = values[index];
      expect(Math.abs(count / ticks - x)).toBeLessThanOrEqual(4 * Math.sqrt((x * (1 - x)) / ticks));
    });
    expect(encodePoisson(values, ticks, 1)).toEqual(train);
    expect(encodePoisson(values, ticks, 2)).not.toEqual(train);
  });

  it("constant input is the values; rates outside 0 … 1 are refused", () => {
    expect(encodeConstant([0.25, -3]).values).toEqual(Float32Array.of(0.25, -3));
    expect(() => encodeRegular([1.5], 10)).toThrow("rate at index 0");
  });
});
