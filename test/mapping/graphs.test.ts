// Random graphs of every operator, mapped and simulated in both engines.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toRelu } from "../../ts/mapping/to-relu.ts";
import { toSpiking, type ToSpikingOptions } from "../../ts/mapping/to-spiking.ts";
import { quantizedTwin } from "../../ts/mapping/twin.ts";
import { outputsOf, type SpikingNetwork } from "../../ts/spiking/network.ts";
import { engines } from "../theorems/engines.ts";
import { floatOutputs, outputBounds } from "./float.ts";
import { mapped, randomGraph } from "./random.ts";

const seeds = fc.nat(2 ** 31 - 1);

/** Output values of one simulation of an exact code, or of real-valued ttfs. */
function decoded(network: SpikingNetwork, charges: Readonly<Record<string, ArrayLike<number>>>): Float64Array[] {
  return outputsOf(network).map(({ name, unit, rectified }) =>
    Float64Array.from(charges[name], (charge, index) => {
      const value = charge * unit[index % unit.length];
      return rectified ? Math.max(0, value) : value;
    }),
  );
}

/** Largest difference, in units of the largest value over all outputs. */
function worst(found: readonly ArrayLike<number>[], expected: readonly Float32Array[]): number {
  let difference = 0;
  let largest = 1e-3;
  expected.forEach((values, output) => {
    expect(found[output].length).toBe(values.length);
    values.forEach((value, index) => {
      difference = Math.max(difference, Math.abs(found[output][index] - value));
      largest = Math.max(largest, Math.abs(value));
    });
  });
  return difference / largest;
}

describe.each(engines)("random graphs of every mapped operator, $name engine", (engine) => {
  it.each<ToSpikingOptions>([
    { bits: 12 },
    { bits: 8, spikes: "signed" },
    { bits: 11, nonAdjacent: true },
    { code: "ttfs", bits: 9 },
  ])("compute what the float network computes, up to rounding: %o", async (options) => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const { relu, pixels } = randomGraph(seed);
        const network = await mapped(relu, { ...options, calibration: pixels });
        const simulator = await engine.createSimulator(network);
        for (const image of pixels)
          expect(worst(decoded(network, simulator.run(image).charges), floatOutputs(relu, image))).toBeLessThan(
            options.code === "ttfs" ? 0.1 : 0.02,
          );
        simulator.dispose();
      }),
      { numRuns: 30 },
    );
  });

  it.each<ToSpikingOptions>([
    { bits: 5 },
    { bits: 3, spikes: "signed" },
    { bits: 5, nonAdjacent: true },
    { code: "ttfs", bits: 4 },
    { code: "rate", schedule: "layerwise", ticks: 11 },
    { code: "rate", spikes: "signed", ticks: 13 },
  ])("simulate as their twins count, neuron by neuron: %o", async (options) => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const { relu, pixels } = randomGraph(seed);
        const network = await mapped(relu, { ...options, calibration: pixels });
        const simulator = await engine.createSimulator(network);
        const expected = quantizedTwin(network).run(pixels[0]);
        const { counts, charges } = simulator.run(pixels[0]);
        simulator.dispose();
        expect(counts).toEqual(expected.counts);
        expect(charges).toEqual(expected.charges);
      }),
      { numRuns: 20 },
    );
  });

  it("real-valued ttfs computes the float network up to rounding", async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const { relu, pixels } = randomGraph(seed);
        const network = await toSpiking(relu, { code: "ttfs", calibration: pixels });
        const simulator = await engine.createSimulator(network);
        for (const image of pixels) {
          const { charges } = simulator.run(image);
          expect(worst(decoded(network, charges), floatOutputs(relu, image))).toBeLessThan(1e-4);
        }
        simulator.dispose();
      }),
      { numRuns: 40 },
    );
  });

  it("synchronous rate stays within the bound of T3, carried through branches and pools", async () => {
    const ticks = 128;
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const { relu, pixels } = randomGraph(seed, 5);
        const network = await toSpiking(relu, { code: "rate", ticks, calibration: pixels });
        const simulator = await engine.createSimulator(network);
        const bounds = outputBounds(network);
        const { charges } = simulator.run(pixels[0]);
        simulator.dispose();
        const expected = floatOutputs(relu, pixels[0]);
        outputsOf(network).forEach(({ name, rectified }, output) => {
          charges[name].forEach((charge, index) => {
            const value = rectified ? Math.max(0, charge / ticks) : charge / ticks;
            expect(Math.abs(value - expected[output][index])).toBeLessThanOrEqual(
              bounds[output] / ticks + 1e-4 * (1 + Math.abs(expected[output][index])),
            );
          });
        });
      }),
      { numRuns: 25 },
    );
  });
});

describe("mapped random graphs", () => {
  it("come back as the network they were", async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const { relu, pixels } = randomGraph(seed);
        const [exact, rate] = await Promise.all(
          [{ bits: 12 }, { code: "rate" } as const].map((options) =>
            toSpiking(relu, { ...options, calibration: pixels }),
          ),
        );
        for (const image of pixels) {
          const expected = floatOutputs(relu, image);
          expect(worst(floatOutputs(toRelu(exact), image), expected)).toBeLessThan(0.02);
          expect(worst(floatOutputs(toRelu(rate), image), expected)).toBeLessThan(1e-4);
        }
      }),
      { numRuns: 40 },
    );
  });
});
