// Scales from calibration images, clipping, and the choice of bits.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LlifError } from "../../ts/errors.ts";
import { chooseBits } from "../../ts/mapping/choose-bits.ts";
import { StreamingHistogram } from "../../ts/mapping/histogram.ts";
import { summarize } from "../../ts/mapping/summary.ts";
import { followedActivations, toSpiking, type ToSpikingOptions } from "../../ts/mapping/to-spiking.ts";
import { createFloatPass } from "../../ts/engine/passes/float.ts";
import { populationsOf } from "../../ts/spiking/network.ts";
import { digits, shippedModel } from "./models.ts";
import { randomGraph } from "./random.ts";

describe("streaming percentiles", () => {
  it("lie within a sixteenth of the exact one", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1e-4, max: 6e4, noNaN: true }), { minLength: 1, maxLength: 300 }),
        fc.double({ min: 1, max: 100, noNaN: true }),
        (values, percent) => {
          const histogram = new StreamingHistogram();
          for (const value of values) histogram.add(value);
          const sorted = [...values].sort((a, b) => a - b);
          const exact = sorted[Math.ceil((percent / 100) * sorted.length) - 1];
          expect(Math.abs(histogram.percentile(percent) / exact - 1)).toBeLessThanOrEqual(1 / 16);
        },
      ),
    );
  });

  it("silence is zero", () => {
    const histogram = new StreamingHistogram();
    for (let index = 0; index < 99; index++) histogram.add(0);
    histogram.add(5);
    expect(histogram.percentile(99)).toBe(0);
    expect(histogram.percentile(100)).toBe(5);
  });
});

describe("calibration", () => {
  it("streams: the same scales from a generator, from batches of a fast pass and from its maxima", async () => {
    const { relu, pixels } = randomGraph(41);
    const { network, nodes } = followedActivations(relu);
    const [pass, tracking] = await Promise.all([
      createFloatPass(network, { keep: nodes }),
      createFloatPass(network, { maxima: nodes }),
    ]);
    for (const image of pixels) tracking.run(image, 1);
    const seen: number[] = [];
    async function* stream() {
      for (const image of pixels) yield image;
    }
    const plain = await toSpiking(relu, { calibration: stream(), onProgress: (images) => seen.push(images) });
    expect(seen).toEqual([1, 2, 3]);
    expect(await toSpiking(relu, { calibration: pixels, pass })).toEqual(plain);
    expect(await toSpiking(relu, { maxima: tracking.maxima(), maximaImages: pixels.length })).toEqual(plain);
    pass.dispose();
    tracking.dispose();
  });

  it("can be cancelled", async () => {
    const { relu, pixels } = randomGraph(41);
    const controller = new AbortController();
    const mapping = toSpiking(relu, {
      calibration: pixels,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(mapping).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("channel scales are the largest activation times a margin, at least a share of what a reader takes from the loudest; both grow where images are few", async () => {
    const relu = shippedModel("mnist-8");
    const { network, nodes } = followedActivations(relu);
    const tracking = await createFloatPass(network, { maxima: nodes });
    for (const image of digits(0, 20)) tracking.run(image, 1);
    const maxima = tracking.maxima();
    tracking.dispose();
    const scalesOf = async (options: ToSpikingOptions) =>
      populationsOf(await toSpiking(relu, { bits: 8, ...options })).map(({ unit }) => unit.map((step) => step * 255));
    const plain = await scalesOf({ maxima, margin: 1, channelFloor: 1e-9 });
    // A share of one: each channel may count as much as the loudest.
    const equal = await scalesOf({ maxima, margin: 1, channelFloor: 1 });
    expect(equal.some((scales, layer) => scales.some((scale, channel) => scale > plain[layer][channel]))).toBe(true);
    for (const [images, margin, channelFloor] of [
      [undefined, 1.25, 1 / 16],
      [5000, 1.25, 1 / 16],
      [500, 1.25, 1 / 16],
      [400, 1.25 * 1.6 ** Math.log2(1.25), 8 ** Math.log2(1.25) / 16],
      [250, 2, 1 / 2],
      [7, 2, 1 / 2],
    ] as const) {
      const found = await scalesOf({ maxima, ...(images === undefined ? {} : { maximaImages: images }) });
      found.forEach((scales, layer) =>
        scales.forEach((scale, channel) => {
          expect(scale / margin).toBeCloseTo(Math.max(plain[layer][channel], equal[layer][channel] * channelFloor), 9);
        }),
      );
    }
    // Asked for, they are what was asked; few images change neither a percentile nor a scale from the weights.
    expect(await scalesOf({ maxima, maximaImages: 7, margin: 1.25, channelFloor: 1 / 16 })).toEqual(
      await scalesOf({ maxima }),
    );
    const percentile = await scalesOf({ calibration: digits(0, 20), scales: "percentile", percentile: 100 });
    expect(Math.max(...percentile[0])).toBeCloseTo(Math.max(...plain[0]), 4);
    await expect(toSpiking(relu, { maxima, channelFloor: 2 })).rejects.toThrow(/channelFloor/);
  });

  it("tells which layers clip on other images, by how much, and what to change", async () => {
    const relu = shippedModel("mnist-8");
    const network = await toSpiking(relu, { bits: 8, calibration: digits(0, 20), margin: 0.5 });
    const { network: followed, nodes } = followedActivations(relu);
    const pass = await createFloatPass(followed, { maxima: nodes });
    for (const image of digits(20, 60)) pass.run(image, 1);
    const maxima = pass.maxima();
    pass.dispose();
    const { clipping, warnings } = summarize(network, { relu, maxima });
    expect(clipping.map(({ layer }) => layer)).toEqual(populationsOf(network).map(({ name }) => name));
    expect(clipping[0].worst).toBeGreaterThan(1.5);
    expect(warnings[0]).toMatch(
      /^.*: \d+ of 8 channels pass their scale, by up to \d+ %; calibrate on more images, or take a margin/,
    );
    // The advice is true: the margin that it names ends the clipping of its layer, a smaller one does not.
    for (const { layer, advice } of clipping) {
      const times = Number(/a margin ([\d.]+) times as large/.exec(advice)?.[1]);
      const after = async (factor: number) =>
        summarize(
          await toSpiking(relu, { bits: 8, calibration: digits(0, 20), margin: 0.5 * factor, channelFloor: 1 / 2 }),
          { relu, maxima },
        ).clipping.map((one) => one.layer);
      expect(await after(times)).not.toContain(layer);
      expect(await after(times * 0.98)).toContain(layer);
    }
  });
});

describe("chooseBits", () => {
  it("takes the first number without a disagreement", async () => {
    const tried: number[] = [];
    const disagreements = [9, 3, 0, 1];
    const choice = await chooseBits(async (bits) => {
      tried.push(bits);
      return disagreements[bits - 2];
    });
    expect(choice).toEqual({
      bits: 4,
      trials: [2, 3, 4].map((bits) => ({ bits, disagreements: disagreements[bits - 2] })),
      refused: null,
    });
    expect(tried).toEqual([2, 3, 4]);
  });

  it("or the one with the fewest", async () => {
    const refusedAt = (most: number) => async (bits: number) => {
      if (bits > most) throw new LlifError("PRECISION", "layer too wide");
      return 9 - bits;
    };
    expect(await chooseBits(refusedAt(4))).toEqual({
      bits: 4,
      trials: [2, 3, 4].map((bits) => ({ bits, disagreements: 9 - bits })),
      refused: "layer too wide",
    });
    await expect(chooseBits(refusedAt(1))).rejects.toThrow("layer too wide");
    expect((await chooseBits(async (bits) => Math.abs(bits - 6) + 1, { to: 8 })).bits).toBe(6);
  });
});
