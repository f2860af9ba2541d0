// Comparison of the first classes of two networks.
import { describe, expect, it } from "vitest";
import { compareTopClasses, topIndices } from "../../ts/analyze/top-classes.ts";
import { imageDataset } from "../../ts/data/dataset.ts";
import type { SpikingNetwork } from "../../ts/spiking/network.ts";

describe("first classes", () => {
  it("are the largest logits, ties by the lowest index", () => {
    expect(topIndices([1, 5, 5, -2, 7], 3)).toEqual([4, 1, 2]);
    expect(topIndices([1, 2], 5)).toEqual([1, 0]);
  });

  it("are compared as a set and in their order, in units of each output", async () => {
    const network = {
      nodes: [{ kind: "output", name: "logits", shape: [4], unit: [0.5, 1, 1, 1], rectified: false }],
    } as unknown as SpikingNetwork;
    // Twelve images: more than one batch.
    const data = imageDataset({
      name: "made",
      split: "test",
      shape: [1, 1, 1],
      images: Uint8Array.from({ length: 12 }, (_, index) => index),
      labels: null,
      classes: [],
    });
    const rows = { same: [8, 3, 2, 1], swapped: [4, 3, 2, 1], other: [1, 3, 9, 8] };
    const twin = {
      run: (images: Uint8Array, samples: number) => ({
        charges: {
          logits: Int32Array.from(
            Array.from(images).flatMap((image) => (image < 6 ? rows.same : image < 10 ? rows.swapped : rows.other)),
          ),
        },
        counts: {},
        samples,
      }),
    };
    const forward = {
      run: (_: unknown, samples: number) => ({
        outputs: { y: Float32Array.from(Array.from({ length: samples }, () => [4, 3, 2, 1]).flat()) },
      }),
    };
    const report = await compareTopClasses(network, { forward, reluOutput: "y", twin }, data, 2);
    expect(report).toEqual({ classes: 2, samples: 12, sameOrder: 6, sameSet: 10 });
    expect(await compareTopClasses(network, { forward, reluOutput: "y", twin }, data, 3)).toEqual({
      classes: 3,
      samples: 12,
      sameOrder: 6,
      sameSet: 10,
    });
  });
});
