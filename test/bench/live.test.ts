// Suite `live`: its networks, in small, give the same spikes in llif, natively and in plain TypeScript.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { liveGrowthCase } from "../../bench/live/growth.ts";
import { brunel, cuba, denseRecurrent, fly, learning } from "../../bench/live/models.ts";
import { writeModel } from "../../bench/live/peers.ts";
import { compareSpikes, liveCase, liveSuite, type LiveCase } from "../../bench/suites/live.ts";
import { readNpy } from "../../ts/index.ts";
import { runCase, type RunnerOptions } from "../../ts/timing/runner.ts";

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

const once: RunnerOptions = { budgetMs: 1, sampleMs: 0, warmUp: { leastMs: 0, mostMs: 1 }, rounds: [1, 1] };

describe("suite live", () => {
  it.each(small)("$name: every contender gives the answer, and is timed", { timeout: 300_000 }, async (one) => {
    const rows = await runCase(liveCase(one), once);
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
      "synapses",
      "activity",
    ]);
  });

  it("growth: every step is checked by plain TypeScript, and has the value that grows", {
    timeout: 300_000,
  }, async () => {
    const model = (rateHz: number) => () => fly({ neurons: 2000, fanOut: 20, contacts: 3, rateHz, ticks: 1000 });
    const rows = await runCase(liveGrowthCase("activity", [{ model: model(2) }, { model: model(10) }]), once);
    const values = rows.map(({ more }) => Number(more?.["value"]));
    expect(values[0]).toBeGreaterThan(0);
    expect(values[1]).toBeGreaterThan(2 * values[0]);
  });

  it("writes the model for Python", () => {
    const folder = writeModel("test", learning(10));
    const fields = JSON.parse(readFileSync(join(folder, "model.json"), "utf8")) as Record<string, unknown>;
    expect(fields).toMatchObject({ neurons: 10, inputs: 10, connections: [{ name: "learnt" }] });
    expect(readNpy(readFileSync(join(folder, "learnt-weights.npy"))).shape).toEqual([100]);
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
