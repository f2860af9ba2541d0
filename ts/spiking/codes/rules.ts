// The rules of a code. Other files use these rules, or have a table of all codes; none asks which code it is.
import { checkInteger } from "../../check.ts";
import { maximumTicks, type Arithmetic } from "../charges.ts";
import type { CompiledSchedule } from "./schedule.ts";

/** How spikes represent a value: by their number, weighted by their tick, or by their time. */
export type CodeName = "rate" | "phase" | "ttfs";
/** All layers tick together, or each layer integrates the whole window of the layer before, then fires (T7). */
export type ScheduleName = "synchronous" | "layerwise";
/** May a spike be −1 (T8, T12)? */
export type SpikeSign = "unsigned" | "signed";

/**
 * How a value is told by spikes: their number, digits by tick (most significant first), the slot or the time of one.
 */
export type SpikeKind = "rates" | "binary digits" | "ternary digits" | "quanta" | "slots" | "times";

/** The options that choose a code, as named by `toSpiking`, reports and messages. */
export interface CodeFlags {
  readonly code: CodeName;
  readonly schedule: ScheduleName;
  readonly spikes: SpikeSign;
  readonly nonAdjacent?: true;
  readonly settles?: true;
  /** Of refined phase, where they are not powers of two. */
  readonly quanta?: readonly number[];
  /** Of refined phase. */
  readonly ahead?: number;
  /** Of refined phase. */
  readonly lazy?: number;
}

/** The length of a window: either option, or neither. */
export interface Precision {
  readonly bits?: number;
  readonly ticks?: number;
}

export interface CodeRules {
  readonly flags: CodeFlags;
  readonly arithmetic: Arithmetic;
  /**
   * "plain": the theorems hold for constant leak, soft reset, one spike a tick, no floor and no refractory period
   * alone.
   */
  readonly neurons: "any" | "plain";
  /** Whether a spike carries a real-valued time (T9), so that counts do not give values. */
  readonly realTimes: boolean;
  /** Whether a neuron may cancel an earlier spike (T8). */
  readonly cancelsSpikes: boolean;
  /** Whether runs continue after their window until a tick is silent (T8 b). */
  readonly settles: boolean;
  /** A run is a frame: its ticks are those of the window, it may stop and go on, and the next frame starts from its state (T14). */
  readonly frames: boolean;
  /** One population holds a value of either sign. */
  readonly signedCounts: boolean;
  /**
   * v0 = θ/2 rounds to the nearest count (T7). False: firing compares with θ/2 instead (T12), or nothing is rounded
   * (T9).
   */
  readonly startsAtHalf: boolean;
  /** By how much a count may exceed the largest one before the last ticks of its window. */
  readonly overshoot: 0 | 1;
  /** Required form of input spikes. */
  readonly spikeKind: SpikeKind;
  /** Allowed ticks of a window. */
  readonly window: { readonly fewest: number; readonly most: number };
  /** Set if each tick is a digit; otherwise null, and `bits` means 2^bits − 1 ticks. */
  readonly digits: Digits | null;
  /** Ticks of a window with the given precision. @throws {LlifError} ARGUMENT */
  windowTicks(precision: Precision): number;
  /** T: largest count of a window with the given ticks; 0 for real-valued times. */
  levels(ticks: number): number;
  /** Largest multiple of θ that a neuron is compared with or loses. */
  thresholdFactor(ticks: number): number;
  /** Divisor of counts and charges of a run's first ticks that gives activations, together with their unit. */
  divisor(ticks: number, windowTicks: number): number;
  /** Number of spikes for a count in one window. @param lead as of `payload`. */
  spikesOfCount(count: number, lead: number): number;
  /**
   * Count that a spike of a tick stands for, where all layers tick together.
   * @param lead of the layer that sends it: 1 for the input and the first layer, falling to 0 for the last.
   */
  payload(tick: number, lead: number): number;
  compile(windowTicks: number): CompiledSchedule;
}

export interface Digits {
  readonly name: "bit" | "ternary digit";
  /** Most digits for which 32-bit charges leave bits for weights. */
  readonly most: number;
  readonly usual: number;
  /** Ticks of a window in addition to its digits. */
  readonly extraTicks: 0 | 1;
}

/** The check and the rules of a kind of code; one file per kind. */
export interface CodeKind<Code> {
  /** @throws {LlifError} ARGUMENT naming the field. */
  check(place: string, code: Code): void;
  rules(code: Code): CodeRules;
}

/** Most `bits` of a window that counts its ticks. */
const mostCountedBits = 16;

/** Each tick of a window counts one, so T is their number. */
export const countedTicks = {
  spikeKind: "rates",
  window: { fewest: 1, most: maximumTicks },
  digits: null,
  windowTicks: ({ bits, ticks }: Precision) =>
    bits === undefined
      ? checkInteger("ticks", ticks ?? 256, 1, maximumTicks)
      : 2 ** checkInteger("bits", bits, 1, mostCountedBits) - 1,
  levels: (ticks: number) => ticks,
  thresholdFactor: () => 1,
  overshoot: 0,
  spikesOfCount: (count: number) => count,
} as const satisfies Partial<CodeRules>;

/** Rules shared by most codes. */
export const usual = {
  neurons: "plain",
  arithmetic: "int32",
  realTimes: false,
  cancelsSpikes: false,
  settles: false,
  frames: false,
  signedCounts: false,
  startsAtHalf: true,
  divisor: () => 1,
  payload: () => 1,
} as const satisfies Partial<CodeRules>;

/** Largest `bits`. */
export function mostBits({ digits }: CodeRules): number {
  return digits?.most ?? mostCountedBits;
}
