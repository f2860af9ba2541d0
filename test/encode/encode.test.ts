import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeConstant, encodePhase, encodePoisson, encodeRegular, type EncodedSpikes } from "../../ts/encode/encode.ts";
import { pcg32 } from "../../ts/encode/random.ts";

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
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 100 }), (values, ticks) => {
        countsOf(encodeRegular(values, ticks), values.length).forEach((count, index) => expect(Math.abs(count - values[index] * ticks)).toBeLessThanOrEqual(0.5 + 1e-9));
      }),
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
