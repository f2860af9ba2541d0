// Suite `peers`: rules of comparison and time limits, without Python.
import { describe, expect, it } from "vitest";
import { budget, nearCounts, nearLogits, sameCounts, withinBudget } from "../../bench/suites/peer-cases.ts";
import { peersSuite } from "../../bench/suites/peers.ts";

describe("the rules of suite peers", () => {
  it("counts of a layer must be equal, or near where windows integrate first", () => {
    expect(sameCounts([[1, 2, 3]], [[1, 2, 3]])).toBeUndefined();
    expect(sameCounts([[1, 2, 3]], [[1, 2, 4]])).toBe("1 of 3 neurons have another count");
    expect(sameCounts([[1, 2, 3]], [[1, 2, 3, 4]])).toBeDefined();
    expect(nearCounts([[1, 2, 3]], [[2, 3, 4]])).toBeUndefined();
    expect(nearCounts([[1, 2, 3]], [[9, 2, 3]])).toContain("2.67 on average");
  });

  it("logits may differ by 2 % of their range", () => {
    expect(nearLogits([[0, 100]], [[1, 99]])).toBeUndefined();
    expect(nearLogits([[0, 100]], [[0, 97]])).toContain("3.0 %");
    expect(nearLogits([[0, 100]], [[0, Number.NaN]])).toBeDefined();
  });

  it("leaves out what a case has no time for, and says so in the library's first row", () => {
    const one = (batch: number, threads: 1 | "all", best: boolean, runMs: number) => ({
      library: "snntorch" as const,
      batch,
      threads,
      best,
      runMs,
    });
    const all = [one(1, 1, false, 2000), one(16, 1, false, 6000), one(4, 1, true, 6000), one(4, "all", true, 1500)];
    expect(withinBudget(all, budget(100))).toEqual(all);
    expect(withinBudget(all, budget(40))).toEqual([
      { ...all[0], leftOut: "batch 16, 1 thread: over the 40 s of a case" },
      all[2],
      all[3],
    ]);
    expect(withinBudget(all, budget(1))).toEqual([
      {
        ...all[2],
        leftOut: "batch 1, 1 thread and batch 16, 1 thread and batch 4, all threads: over the 1 s of a case",
      },
    ]);
  });

  it("has every layer with soft and hard reset, and every model three times", () => {
    const names = peersSuite({ quick: false }).map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        "dense-1216-a05",
        "conv-8x8x256-a10-rate-constant-t32",
        "dense-1216-a10-rate-hard-t32",
        "mnist-mlp",
        "cifar10-resnet20-decision",
        "cifar10-vgg-conversion",
      ]),
    );
  });
});
