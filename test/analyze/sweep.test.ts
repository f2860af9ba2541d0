// Plans of sweeps, and what a sweep skips.
import { expect, it } from "vitest";
import { planSweep, sweep } from "../../ts/analyze/sweep.ts";
import type { EvaluationReport } from "../../ts/analyze/evaluation-report.ts";
import { LlifError } from "../../ts/errors.ts";

const report = {} as EvaluationReport;

const shown = ({ tasks }: ReturnType<typeof planSweep>) =>
  tasks.map(({ settings }) => [
    settings[0].name,
    settings.map(({ bits, ticks }) => (bits !== null ? `K${bits}` : ticks !== null ? `T${ticks}` : "–")).join(" "),
  ]);

it("plans both lists for each code, once each, and says what it leaves out", () => {
  const plan = planSweep([4, 7, 256], [3, 4]);
  expect(shown(plan)).toEqual([
    ["phase", "K3"],
    ["phase", "K4"],
    ["phase", "T7"],
    ["phase-signed", "K3"],
    ["phase-signed", "K4"],
    ["phase-signed", "T7"],
    // 3 bits are 4 ticks there.
    ["phase-non-adjacent", "K3"],
    ["phase-non-adjacent", "K4"],
    ["phase-non-adjacent", "T7"],
    ["phase-refined", "K3 K4 K7"],
    ["ttfs", "T4"],
    ["ttfs", "K3"],
    ["ttfs", "K4"],
    ["ttfs", "T256"],
    ["ttfs-real", "–"],
    ["rate-layerwise", "T4"],
    ["rate-layerwise", "K3"],
    ["rate-layerwise", "K4"],
    ["rate-layerwise", "T256"],
    ["rate", "T4 K3 K4 T256"],
    ["rate-signed", "T4"],
    ["rate-signed", "K3"],
    ["rate-signed", "K4"],
    ["rate-signed", "T256"],
  ]);
  expect(plan.skipped.map(({ name, ticks, reason }) => [name, ticks, reason])).toEqual([
    ["phase", 256, expect.stringContaining("at most 16")],
    ["phase-signed", 256, expect.stringContaining("at most 10")],
    ["phase-non-adjacent", 256, expect.stringContaining("at most 16")],
    ["phase-refined", null, expect.stringContaining("at most 16")],
  ]);
});

it("keeps to the codes asked for, and to one number of ticks a run where operations are counted", () => {
  expect(shown(planSweep([8, 16], [], ["rate"], false))).toEqual([
    ["rate", "T8"],
    ["rate", "T16"],
  ]);
  expect(planSweep([1], [], ["phase-non-adjacent"])).toMatchObject({
    tasks: [],
    skipped: [{ ticks: 1, reason: expect.stringContaining("at least 2") }],
  });
});

it("lists what the mapping refuses, with the reason, and raises other errors", async () => {
  const plan = planSweep([], [4, 16], ["phase", "rate-layerwise", "rate"]);
  const refuses = async (task: { settings: readonly { bits: number | null }[] }) => {
    if (task.settings[0].bits === 16) throw new LlifError("PRECISION", "charges do not fit");
    return task.settings.map(() => report);
  };
  const { points, skipped } = await sweep(plan, refuses);
  expect(points.map(({ code, schedule, bits }) => `${code} ${schedule} ${bits}`)).toEqual([
    "phase layerwise 4",
    "rate layerwise 4",
    "rate synchronous 4",
    "rate synchronous 16",
  ]);
  expect(skipped.map(({ bits, reason }) => `${bits} ${reason}`)).toEqual([
    "16 charges do not fit",
    "16 charges do not fit",
  ]);
  const several = await sweep(planSweep([], [4, 8, 16], ["phase-refined"]), async ({ settings }) =>
    refuses({ settings: settings.slice(-1) }).then(() => settings.map(() => report)),
  );
  expect(several.points.map(({ bits }) => bits)).toEqual([4, 8]);
  expect(several.skipped.map(({ bits }) => bits)).toEqual([16]);
  await expect(sweep(plan, () => Promise.reject(new LlifError("ABORTED", "cancelled")))).rejects.toMatchObject({
    code: "ABORTED",
  });
});
