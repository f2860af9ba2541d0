import { checkInteger, checkOneOf } from "../check.ts";
import { LlifError } from "../errors.ts";
import type { Arithmetic, Code, ScheduleName, SpikeSign } from "../spiking/network.ts";
import type { ChargeRoom } from "./quantize.ts";

export interface CodeOptions {
  /** Default "phase". */
  readonly code?: Code;
  /** Default: layerwise for phase and ttfs, synchronous for rate. */
  readonly schedule?: ScheduleName;
  /** May a spike be −1? `phase`: balanced ternary digits (T12); `rate`: spikes are taken back (T8). Default "unsigned". */
  readonly spikes?: SpikeSign;
  /** Phase alone: binary digits of either sign, no two in neighbouring ticks, so fewer spikes for one tick more; implies signed spikes. */
  readonly nonAdjacent?: boolean;
  /** Signed synchronous `rate` alone: at most one spike a neuron and tick, and ticks after the window until one is silent (T8 b). */
  readonly settles?: boolean;
  /** K: 2^K − 1 levels a window, K ticks of `phase`; default 8 for phase, 6 with signed spikes (K ternary digits). `ttfs` without is real-valued. */
  readonly bits?: number;
  /** T: ticks of a run or window; default 256 for rate. Not beside `bits`. */
  readonly ticks?: number;
}

/** A code with all that follows from it. */
export interface CodePlan {
  readonly code: Code;
  readonly schedule: ScheduleName;
  readonly spikes: SpikeSign;
  readonly nonAdjacent: boolean;
  readonly settles: boolean;
  readonly arithmetic: Arithmetic;
  readonly windowTicks: number;
  /** T: largest count of a window; 0 for real-valued ttfs. */
  readonly levels: number;
  readonly room: ChargeRoom;
}

/** @throws {LlifError} ARGUMENT where the options contradict each other. */
export function planCode(options: CodeOptions): CodePlan {
  const code = checkOneOf("code", options.code ?? "phase", ["rate", "phase", "ttfs"] as const);
  const schedule = checkOneOf("schedule", options.schedule ?? (code === "rate" ? "synchronous" : "layerwise"), [
    "synchronous",
    "layerwise",
  ] as const);
  const nonAdjacent = options.nonAdjacent ?? false;
  const spikes = checkOneOf("spikes", options.spikes ?? (nonAdjacent ? "signed" : "unsigned"), [
    "unsigned",
    "signed",
  ] as const);
  if (code !== "rate" && schedule === "synchronous")
    throw new LlifError("ARGUMENT", `schedule: code "${code}" expected "layerwise", got "synchronous"`);
  if (options.bits !== undefined && options.ticks !== undefined)
    throw new LlifError("ARGUMENT", "bits and ticks: expected one of them, got both");
  if (nonAdjacent && (code !== "phase" || spikes !== "signed"))
    throw new LlifError("ARGUMENT", `nonAdjacent: expected code "phase" with signed spikes, got "${code}", ${spikes}`);
  if (code === "ttfs" && spikes === "signed")
    throw new LlifError("ARGUMENT", 'spikes: code "ttfs" expected "unsigned", got "signed"');
  if (code === "rate" && spikes === "signed" && schedule === "layerwise")
    throw new LlifError("ARGUMENT", 'spikes: signed "rate" expected schedule "synchronous", got "layerwise"');
  const settles = options.settles ?? false;
  if (settles && (code !== "rate" || spikes !== "signed"))
    throw new LlifError("ARGUMENT", `settles: expected code "rate" with signed spikes, got "${code}", ${spikes}`);
  const plan = { code, schedule, spikes, nonAdjacent, settles };
  if (code === "phase") return { ...plan, ...planPhase(options, spikes, nonAdjacent) };
  if (code === "ttfs" && options.bits === undefined && options.ticks === undefined) {
    return {
      ...plan,
      arithmetic: "float32",
      windowTicks: 1,
      levels: 0,
      room: { levels: 0, thresholdFactor: 1, signed: false },
    };
  }
  const levels =
    options.bits === undefined
      ? checkInteger("ticks", options.ticks ?? 256, 1, 2 ** 24)
      : 2 ** checkInteger("bits", options.bits, 1, 16) - 1;
  const exact = schedule === "layerwise" || spikes === "signed";
  // A spike of a slot takes off θ times its count, from at most θ·(T + 1) − 1.
  const room = { levels, thresholdFactor: code === "ttfs" ? levels + 1 : 1, signed: spikes === "signed" };
  return { ...plan, arithmetic: exact ? "int32" : "float32", windowTicks: levels, levels, room };
}

/** Largest K: what 32 bits hold of a ternary window, or of a binary one with weights left. */
export function mostBits({
  code,
  spikes,
  nonAdjacent,
}: {
  readonly code: Code;
  readonly spikes: SpikeSign;
  readonly nonAdjacent?: boolean;
}): number {
  return code === "phase" && spikes === "signed" && nonAdjacent !== true ? 10 : 16;
}

function planPhase(
  options: CodeOptions,
  spikes: SpikeSign,
  nonAdjacent: boolean,
): Pick<CodePlan, "arithmetic" | "windowTicks" | "levels" | "room"> {
  const signed = spikes === "signed" && !nonAdjacent;
  const digits = checkInteger(
    "bits",
    options.bits ?? options.ticks ?? (signed ? 6 : 8),
    1,
    mostBits({ code: "phase", spikes, nonAdjacent }),
  );
  const levels = signed ? (3 ** digits - 1) / 2 : 2 ** digits - 1;
  // The non-adjacent form starts from at most θ·2^K − 1, and removes θ·2^K.
  const thresholdFactor = signed ? 3 ** (digits - 1) : 2 ** (digits - (nonAdjacent ? 0 : 1));
  return {
    arithmetic: "int32",
    windowTicks: nonAdjacent ? digits + 1 : digits,
    levels,
    room: { levels, thresholdFactor, signed: spikes === "signed" },
  };
}
