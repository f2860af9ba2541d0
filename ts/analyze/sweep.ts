// Plans and runs evaluations over codes and precisions, to compare accuracy with cost.
import { checkArray, checkBoolean, checkFunction, checkInteger, checkObject, checkOneOf } from "../check.ts";
import { LlifError } from "../errors.ts";
import { rulesOf } from "../spiking/code.ts";
import { codeOf } from "../spiking/code-options.ts";
import type { CodeName, ScheduleName, SpikeSign } from "../spiking/codes/rules.ts";
import type { EvaluationReport } from "./evaluation-report.ts";

/** Names of the codes in sweeps. */
export const sweepCodes = [
  "phase",
  "phase-signed",
  "phase-non-adjacent",
  "phase-refined",
  "ttfs",
  "ttfs-real",
  "rate-layerwise",
  "rate",
  "rate-signed",
] as const;
export type SweepCode = (typeof sweepCodes)[number];

/** One requested precision of one code. */
export interface SweepSetting {
  readonly name: SweepCode;
  readonly code: CodeName;
  readonly schedule: ScheduleName;
  readonly spikes: SpikeSign;
  /** Signed binary phase, no two spikes in neighbouring ticks. */
  readonly nonAdjacent: boolean;
  /** Either `bits` or `ticks` is a number; neither for real-valued times. */
  readonly bits: number | null;
  readonly ticks: number | null;
}

export interface SweepPoint extends SweepSetting {
  readonly report: EvaluationReport;
}

/** A setting that was not evaluated, with the reason. */
export interface SweepSkip extends SweepSetting {
  readonly reason: string;
}

export interface Sweep {
  readonly points: readonly SweepPoint[];
  readonly skipped: readonly SweepSkip[];
}

/**
 * Settings that share one network, the longest's: more than one for synchronous rate and refined phase, whose run is
 * read after each number of ticks.
 */
export interface SweepTask {
  /** Settings of one code, ascending in ticks. */
  readonly settings: readonly SweepSetting[];
}

type Kind = Pick<SweepSetting, "code" | "schedule" | "spikes" | "nonAdjacent">;

const kinds: Readonly<Record<SweepCode, Kind>> = {
  phase: { code: "phase", schedule: "layerwise", spikes: "unsigned", nonAdjacent: false },
  "phase-signed": { code: "phase", schedule: "layerwise", spikes: "signed", nonAdjacent: false },
  "phase-non-adjacent": { code: "phase", schedule: "layerwise", spikes: "signed", nonAdjacent: true },
  "phase-refined": { code: "phase", schedule: "synchronous", spikes: "signed", nonAdjacent: false },
  ttfs: { code: "ttfs", schedule: "layerwise", spikes: "unsigned", nonAdjacent: false },
  "ttfs-real": { code: "ttfs", schedule: "layerwise", spikes: "unsigned", nonAdjacent: false },
  "rate-layerwise": { code: "rate", schedule: "layerwise", spikes: "unsigned", nonAdjacent: false },
  rate: { code: "rate", schedule: "synchronous", spikes: "unsigned", nonAdjacent: false },
  "rate-signed": { code: "rate", schedule: "synchronous", spikes: "signed", nonAdjacent: false },
};

const readInOneRun: ReadonlySet<SweepCode> = new Set(["rate", "phase-refined"]);

/**
 * Plans every code with every entry of both lists: T ticks are T digits of phase; K bits are 2^K − 1 ticks of rate and
 * of ttfs with slots. Equal settings are evaluated once; impossible ones are listed.
 * @param together whether numbers of ticks of synchronous rate and of refined phase may share one run (not if
 * operations are counted).
 */
export function planSweep(
  ticks: readonly number[],
  bits: readonly number[],
  names: readonly SweepCode[] = sweepCodes,
  together = true,
): { readonly tasks: SweepTask[]; readonly skipped: SweepSkip[] } {
  for (const count of checkArray<number>("planSweep: ticks", ticks))
    checkInteger("planSweep: ticks", count, 1, 2 ** 24);
  for (const count of checkArray<number>("planSweep: bits", bits)) checkInteger("planSweep: bits", count, 1, 24);
  for (const name of checkArray<SweepCode>("planSweep: names", names)) checkOneOf("planSweep: names", name, sweepCodes);
  checkBoolean("planSweep: together", together);
  const tasks: SweepTask[] = [];
  const skipped: SweepSkip[] = [];
  for (const name of names) {
    const kind = kinds[name];
    if (name === "ttfs-real") {
      tasks.push({ settings: [{ name, ...kind, bits: null, ticks: null }] });
      continue;
    }
    const settings = new Map<number, SweepSetting>();
    // The ticks of refined phase are its quanta, one for each bit.
    const { frames } = rulesOf(codeOf(kind));
    const wanted = [
      ...bits.map((value) => ({ bits: value, ticks: null })),
      ...ticks.map((value) => (frames ? { bits: value, ticks: null } : { bits: null, ticks: value })),
    ];
    for (const precision of wanted) {
      const setting = { name, ...kind, ...precision };
      const window = ticksOf(setting);
      const reason = unsuited(setting, window);
      if (reason !== null) skipped.push({ ...setting, reason });
      else if (!settings.has(window)) settings.set(window, setting);
    }
    const ascending = [...settings].sort(([a], [b]) => a - b).map(([, setting]) => setting);
    if (readInOneRun.has(name) && together && ascending.length > 0) tasks.push({ settings: ascending });
    else tasks.push(...ascending.map((setting) => ({ settings: [setting] })));
  }
  return { tasks, skipped };
}

function unsuited(setting: SweepSetting, window: number): string | null {
  const { digits } = rulesOf(codeOf(kindOf(setting)));
  if (digits === null) return null;
  const count = window - digits.extraTicks;
  if (count < 1) return "a window of non-adjacent phase has one tick more than bits, so at least 2";
  return count <= digits.most ? null : `a tick of phase is a ${digits.name}; at most ${digits.most} fit`;
}

/** Ticks of the window, or of the run; 1 for real-valued times. */
export function ticksOf(setting: SweepSetting): number {
  const { bits, ticks } = setting;
  if (bits === null) return ticks ?? 1;
  const { digits } = rulesOf(codeOf(kindOf(setting)));
  return digits === null ? 2 ** bits - 1 : bits + digits.extraTicks;
}

function kindOf({ code, schedule, spikes, nonAdjacent }: SweepSetting): Kind {
  return { code, schedule, spikes, nonAdjacent };
}

/**
 * Evaluates all tasks one after the other. Settings refused by the mapping or the engine, such as a precision whose
 * charges do not fit, are listed under `skipped` with the reason; other errors end the sweep.
 * @param evaluateTask returns one report per setting of the task.
 */
export async function sweep(
  plan: ReturnType<typeof planSweep>,
  evaluateTask: (task: SweepTask) => Promise<readonly EvaluationReport[]>,
  onProgress?: (task: SweepTask, done: number, total: number) => void,
): Promise<Sweep> {
  checkFunction("sweep: evaluateTask", evaluateTask);
  if (onProgress !== undefined) checkFunction("sweep: onProgress", onProgress);
  for (const key of ["tasks", "skipped"] as const)
    checkArray<object>(`sweep: plan: ${key}`, checkObject("sweep: plan", plan)[key]).forEach((part) =>
      checkObject(`sweep: plan: ${key}`, part),
    );
  const points: SweepPoint[] = [];
  const skipped: SweepSkip[] = [...plan.skipped];
  for (const [done, task] of plan.tasks.entries()) {
    onProgress?.(task, done, plan.tasks.length);
    // The longest setting's network serves them all; where it is refused, the next may do.
    for (let { settings } = task; settings.length > 0; settings = settings.slice(0, -1)) {
      try {
        const reports = checkArray<EvaluationReport>("sweep: answer of evaluateTask", await evaluateTask({ settings }));
        settings.forEach((setting, index) => points.push({ ...setting, report: reports[index] }));
        break;
      } catch (error) {
        if (!(error instanceof LlifError) || (error.code !== "PRECISION" && error.code !== "UNSUPPORTED")) throw error;
        skipped.push({ ...settings[settings.length - 1], reason: error.message });
      }
    }
  }
  return { points, skipped };
}
