// Suite `live`: its networks, in small, give the same spikes in llif, natively and in plain TypeScript.
import { describe, expect, it } from "vitest";
import { brunel, cuba, denseRecurrent, fly, learning } from "../../bench/live/models.ts";
import { compareSpikes, liveCase, liveSuite, type LiveCase } from "../../bench/suites/live.ts";
import { runCase } from "../../ts/timing/runner.ts";

const small: readonly LiveCase[] = [
  { name: "cuba", plain: "twoCurrents", model: () => ({ ...cuba(400), ticks: 3000 }) },
  { name: "brunel", plain: "delta", model: () => ({ ...brunel(2500), ticks: 2000 }) },
  {
    name: "fly",
    plain: "awake",
    model: () => fly({ neurons: 3000, fanOut: 60, contacts: 6, rateHz: 5, ticks: 2000 }),
  },
  { name: "dense", plain: "allToAll", model: () => ({ ...denseRecurrent(100), ticks: 3000 }) },
  { name: "stdp", plain: "learns", model: () => learning(100) },
];

describe("suite live", () => {
  it.each(small)("$name: every contender gives the answer, and is timed", { timeout: 300_000 }, async (one) => {
    const rows = await runCase(liveCase(one), {
      budgetMs: 1,
      sampleMs: 0,
      warmUp: { leastMs: 0, mostMs: 1 },
      rounds: [1, 1],
    });
    expect(rows.map(({ contender }) => contender)).toEqual(["wasm", "plain TypeScript", "native-128"]);
    expect(rows[0].more?.["rateHz"]).toBeGreaterThan(0);
  });

  it("has the cases of issue 18", () => {
    expect(liveSuite({ quick: false }).map(({ name }) => name)).toEqual([
      "cuba-4000",
      "cuba-40000",
      "brunel-12500",
      "fly-2.8m-0.2hz",
      "fly-2.8m-2.5hz",
      "fly-15m-0.2hz",
      "fly-15m-2.5hz",
      "dense-2000",
      "stdp-1000",
    ]);
  });

  it("compares spike for spike where it can, and rates elsewhere", () => {
    const truth = { spikes: 1000, digest: "a" };
    expect(compareSpikes(truth, { spikes: 1000, digest: "a" })).toBeUndefined();
    expect(compareSpikes(truth, { spikes: 1000, digest: "b" })).toContain("other ones");
    expect(compareSpikes(truth, { spikes: 1049 })).toBeUndefined();
    expect(compareSpikes(truth, { spikes: 1051 })).toContain("within 5 %");
    expect(compareSpikes({ spikes: 0 }, { spikes: 0 })).toContain("expected a network that spikes");
  });
});
