import { LlifError } from "../errors.ts";
import type { Code, ScheduleName } from "../spiking/network.ts";
import type { EvaluationReport } from "./evaluation.ts";

/** One precision of one code, as asked for. */
export interface SweepSetting {
  readonly code: Code;
  readonly schedule: ScheduleName;
  /** Exactly one of the two is a number. */
  readonly bits: number | null;
  readonly ticks: number | null;
}

export interface SweepPoint extends SweepSetting {
  readonly report: EvaluationReport;
}

/** A setting that was not evaluated, and why. */
export interface SweepSkip extends SweepSetting {
  readonly reason: string;
}

export interface Sweep {
  readonly points: readonly SweepPoint[];
  readonly skipped: readonly SweepSkip[];
}

/** Settings that one network serves: several for synchronous rate, whose run is read after each number of ticks. */
export interface SweepTask {
  readonly code: Code;
  readonly schedule: ScheduleName;
  /** Ascending in ticks. */
  readonly settings: readonly SweepSetting[];
}

const codes: readonly { readonly code: Code; readonly schedule: ScheduleName }[] = [
  { code: "phase", schedule: "layerwise" },
  { code: "rate", schedule: "layerwise" },
  { code: "rate", schedule: "synchronous" },
];

/** Precision that a window of `phase` has room for. */
const largestBits = 16;

/**
 * Every code at every entry of both lists: T ticks are T bits of phase, K bits are 2^K − 1 ticks of rate. Settings that mean the
 * same are evaluated once; those that cannot be are listed.
 */
export function planSweep(ticks: readonly number[], bits: readonly number[]): { readonly tasks: SweepTask[]; readonly skipped: SweepSkip[] } {
  const tasks: SweepTask[] = [];
  const skipped: SweepSkip[] = [];
  for (const { code, schedule } of codes) {
    const settings = new Map<number, SweepSetting>();
    const wanted = [...bits.map((value) => ({ bits: value, ticks: null })), ...ticks.map((value) => ({ bits: null, ticks: value }))];
    for (const precision of wanted) {
      const setting = { code, schedule, ...precision };
      const window = ticksOf(setting);
      if (code === "phase" && window > largestBits) skipped.push({ ...setting, reason: `a tick of phase is a bit; at most ${largestBits} fit` });
      else if (!settings.has(window)) settings.set(window, setting);
    }
    const ascending = [...settings].sort(([a], [b]) => a - b).map(([, setting]) => setting);
    if (schedule === "synchronous" && ascending.length > 0) tasks.push({ code, schedule, settings: ascending });
    else tasks.push(...ascending.map((setting) => ({ code, schedule, settings: [setting] })));
  }
  return { tasks, skipped };
}

/** Ticks of the window, or of the run. */
export function ticksOf({ code, bits, ticks }: SweepSetting): number {
  if (bits === null) return ticks ?? 0;
  return code === "phase" ? bits : 2 ** bits - 1;
}

/**
 * Evaluates all tasks one after the other. What the mapping refuses (a precision whose charges do not fit, an unsupported code) is
 * listed under `skipped` with the reason; other errors end the sweep.
 * @param evaluateTask one report for each setting of the task.
 */
export async function sweep(
  plan: ReturnType<typeof planSweep>,
  evaluateTask: (task: SweepTask) => Promise<readonly EvaluationReport[]>,
  onProgress?: (task: SweepTask, done: number, total: number) => void,
): Promise<Sweep> {
  const points: SweepPoint[] = [];
  const skipped: SweepSkip[] = [...plan.skipped];
  for (const [done, task] of plan.tasks.entries()) {
    onProgress?.(task, done, plan.tasks.length);
    try {
      const reports = await evaluateTask(task);
      task.settings.forEach((setting, index) => points.push({ ...setting, report: reports[index] }));
    } catch (error) {
      if (!(error instanceof LlifError) || (error.code !== "PRECISION" && error.code !== "UNSUPPORTED")) throw error;
      skipped.push(...task.settings.map((setting) => ({ ...setting, reason: error.message })));
    }
  }
  return { points, skipped };
}
