// Mapped random graphs survive a `.llif` file.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readLlif, writeLlif } from "../../ts/formats/llif.ts";
import { toSpiking, type ToSpikingOptions } from "../../ts/mapping/to-spiking.ts";
import type { SpikingNetwork } from "../../ts/spiking/network.ts";
import { randomGraph } from "./random.ts";

const neuron = {
  capacitanceFarad: 2e-10,
  thresholdVolt: 0.015,
  dtSeconds: 1e-3,
  resistanceOhm: 1e9,
  floorVolt: -1,
  refractorySeconds: 2e-3,
};

const codes: readonly ToSpikingOptions[] = [
  { bits: 6 },
  { bits: 4, spikes: "signed" },
  { bits: 6, nonAdjacent: true },
  { code: "ttfs" },
  { code: "ttfs", bits: 5 },
  { code: "rate", ticks: 40 },
  { code: "rate", ticks: 40, spikes: "signed" },
  { code: "rate", ticks: 9, schedule: "layerwise" },
  { code: "rate", neuron },
  { code: "rate", spikesPerTick: 3, floor: -4, timeConstantTicks: 50, refractory: { ticks: 1, input: "discard" } },
];

describe(".llif files of random graphs", () => {
  it.each(codes)("hold everything: %o", async (options) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(2 ** 31 - 1), async (seed) => {
        const { relu, pixels } = randomGraph(seed);
        const network = await toSpiking(relu, { ...options, calibration: pixels });
        expect(readLlif(writeLlif(network))).toEqual(network);
      }),
      { numRuns: 12 },
    );
  });

  it("are refused where what they hold is no network", async () => {
    const { relu, pixels } = randomGraph(3);
    const network = await toSpiking(relu, { bits: 4, spikes: "signed", calibration: pixels });
    const broken = (change: Partial<SpikingNetwork>) => () => readLlif(writeLlif({ ...network, ...change }));
    expect(broken({ levels: 41 })).toThrow("levels of 4 phase ticks: expected 40, got 41");
    expect(broken({ code: { kind: "phase", digits: "decimal" as never } })).toThrow(
      "code: digits: expected one of binary, ternary, nonAdjacent",
    );
    expect(broken({ code: { kind: "phases" as never } })).toThrow("code: kind: expected one of rate, signedRate");
    expect(broken({ arithmetic: "float32" })).toThrow(
      'arithmetic of layerwise phase with signed spikes: expected int32, got "float32"',
    );
    const bytes = writeLlif(network);
    expect(() => readLlif(bytes.subarray(0, bytes.length - 1))).toThrow(expect.objectContaining({ code: "FORMAT" }));
  });
});
