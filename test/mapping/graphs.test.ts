import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { referenceEngine } from "../../ts/engine/reference.ts";
import { toRelu } from "../../ts/mapping/to-relu.ts";
import { toSpiking, type ToSpikingOptions } from "../../ts/mapping/to-spiking.ts";
import { quantizedTwin } from "../../ts/mapping/twin.ts";
import { forward, inputFromPixels } from "../../ts/relu/forward.ts";
import type { ReluNetwork } from "../../ts/relu/network.ts";
import { outputsOf, type SpikingNetwork } from "../../ts/spiking/network.ts";
import { randomGraph } from "./random.ts";

const seeds = fc.nat(2 ** 31 - 1);

/** Values of the outputs, before a softmax. */
function floatOutputs(relu: ReluNetwork, pixels: Uint8Array): Float32Array[] {
  const values = forward(relu, inputFromPixels(relu, pixels));
  return relu.outputs.map((name) => {
    const node = relu.nodes.find((candidate) => candidate.name === name);
    return values.get(node?.kind === "softmax" ? node.from[0] : name) as Float32Array;
  });
}

function twinOutputs(network: SpikingNetwork, pixels: Uint8Array): Float64Array[] {
  const { charges } = quantizedTwin(network).run(pixels);
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

describe("random graphs of every mapped operator", () => {
  it.each<ToSpikingOptions>([{ bits: 12 }])("compute what the float network computes, up to rounding: %o", async (options) => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const { relu, pixels } = randomGraph(seed);
        const network = await toSpiking(relu, { ...options, calibration: pixels });
        for (const image of pixels) expect(worst(twinOutputs(network, image), floatOutputs(relu, image))).toBeLessThan(0.02);
      }),
      { numRuns: 60 },
    );
  });

  it("simulate as their twins count, neuron by neuron", async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const { relu, pixels } = randomGraph(seed);
        const network = await toSpiking(relu, { bits: 5, calibration: pixels });
        const simulator = await referenceEngine().createSimulator(network);
        const expected = quantizedTwin(network).run(pixels[0]);
        const { counts, charges } = simulator.run(pixels[0]);
        simulator.dispose();
        expect(counts).toEqual(expected.counts);
        expect(charges).toEqual(expected.charges);
      }),
      { numRuns: 20 },
    );
  });

  it("come back as the network they were", async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const { relu, pixels } = randomGraph(seed);
        const [exact, rate] = await Promise.all([{ bits: 12 }, { code: "rate" } as const].map((options) => toSpiking(relu, { ...options, calibration: pixels })));
        for (const image of pixels) {
          const expected = floatOutputs(relu, image);
          expect(worst(floatOutputs(toRelu(exact), image), expected)).toBeLessThan(0.01);
          expect(worst(floatOutputs(toRelu(rate), image), expected)).toBeLessThan(1e-4);
        }
      }),
      { numRuns: 40 },
    );
  });
});
