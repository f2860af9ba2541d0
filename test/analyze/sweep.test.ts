import { expect, it } from "vitest";
import { planSweep, sweep } from "../../ts/analyze/sweep.ts";
import type { EvaluationReport } from "../../ts/analyze/evaluation.ts";
import { LlifError } from "../../ts/errors.ts";

const report = {} as EvaluationReport;

it("plans both lists for each code, once each, and says what it leaves out", () => {
  const { tasks, skipped } = planSweep([4, 7, 256], [3, 4]);
  const shown = tasks.map(({ code, schedule, settings }) => [code, schedule, settings.map(({ bits, ticks }) => (bits === null ? `T${ticks}` : `K${bits}`))]);
  expect(shown).toEqual([
    ["phase", "layerwise", ["K3"]],
    ["phase", "layerwise", ["K4"]],
    ["phase", "layerwise", ["T7"]],
    ["rate", "layerwise", ["T4"]],
    ["rate", "layerwise", ["K3"]],
    ["rate", "layerwise", ["K4"]],
    ["rate", "layerwise", ["T256"]],
    ["rate", "synchronous", ["T4", "K3", "K4", "T256"]],
  ]);
  expect(skipped).toEqual([{ code: "phase", schedule: "layerwise", bits: null, ticks: 256, reason: expect.stringContaining("at most 16") }]);
});

it("lists what the mapping refuses, with the reason, and raises other errors", async () => {
  const plan = planSweep([], [4, 16]);
  const refuses = async (task: { settings: readonly { bits: number | null }[] }) => {
    if (task.settings[0].bits === 16) throw new LlifError("PRECISION", "charges do not fit");
    return task.settings.map(() => report);
  };
  const { points, skipped } = await sweep(plan, refuses);
  expect(points.map(({ code, schedule, bits }) => `${code} ${schedule} ${bits}`)).toEqual(["phase layerwise 4", "rate layerwise 4", "rate synchronous 4", "rate synchronous 16"]);
  expect(skipped.map(({ bits, reason }) => `${bits} ${reason}`)).toEqual(["16 charges do not fit", "16 charges do not fit"]);
  await expect(sweep(plan, () => Promise.reject(new LlifError("ABORTED", "cancelled")))).rejects.toMatchObject({ code: "ABORTED" });
});
