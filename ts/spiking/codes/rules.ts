// What a code says about itself. Other files ask these rules, or have a table of all codes; none asks which code it is.
import { checkInteger } from "../../check.ts";
import { maximumTicks, type Arithmetic } from "../charges.ts";
import type { CompiledSchedule } from "./schedule.ts";

/** How a value becomes spikes: by their number, weighted by their tick, or by their time. */
export type CodeName = "rate" | "phase" | "ttfs";
/** All layers tick together, or each integrates the former one's whole window, then fires (T7). */
export type ScheduleName = "synchronous" | "layerwise";
/** May a spike be −1 (T8, T12)? */
export type SpikeSign = "unsigned" | "signed";

/**
 * How a value is told by spikes: their number, digits by tick (most significant first), the slot or the time of one.
 */
export type SpikeKind = "rates" | "binary digits" | "ternary digits" | "slots" | "times";

/** The options that ask for a code, as `toSpiking`, reports and messages name them. */
export interface CodeFlags {
  readonly code: CodeName;
  readonly schedule: ScheduleName;
  readonly spikes: SpikeSign;
  readonly nonAdjacent?: true;
  readonly settles?: true;
}

/** How long a window shall be: one of the two, or neither. */
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
  /** A spike carries a real-valued time (T9), so that counts do not tell values. */
  readonly realTimes: boolean;
  /** A neuron may cancel a spike that it sent before (T8). */
  readonly cancelsSpikes: boolean;
  /** Runs go on after their window until a tick is silent (T8 b). */
  readonly settles: boolean;
  /** One population holds a value of either sign. */
  readonly signedCounts: boolean;
  /**
   * v0 = θ/2 rounds to the nearest count (T7). False: firing compares with θ/2 instead (T12), or nothing is rounded
   * (T9).
   */
  readonly startsAtHalf: boolean;
  /** By how much a count may pass the largest one before the last ticks of its window. */
  readonly overshoot: 0 | 1;
  /** What the spikes of an input have to be. */
  readonly spikeKind: SpikeKind;
  /** Ticks that a window may have. */
  readonly window: { readonly fewest: number; readonly most: number };
  /** Where each tick is a digit; null where it is not, and `bits` ask for 2^bits − 1 ticks. */
  readonly digits: Digits | null;
  /** Ticks of the window that is asked for. @throws {LlifError} ARGUMENT */
  windowTicks(precision: Precision): number;
  /** T: largest count of a window of so many ticks; 0 where values are real-valued times. */
  levels(ticks: number): number;
  /** Largest multiple of θ that a neuron is compared with, or loses. */
  thresholdFactor(ticks: number): number;
  /** What counts and charges of a run's first ticks are divided by, beside their unit, to give activations. */
  divisor(ticks: number, windowTicks: number): number;
  /** Spikes that carry a count in one window. */
  spikesOfCount(count: number): number;
  compile(windowTicks: number): CompiledSchedule;
}

export interface Digits {
  readonly name: "bit" | "ternary digit";
  /** What charges of 32 bits hold, with weights left. */
  readonly most: number;
  readonly usual: number;
  /** Ticks of a window beyond its digits. */
  readonly extraTicks: 0 | 1;
}

/** One file a code: what its value may be, and its rules. */
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

/** What most codes have in common. */
export const usual = {
  neurons: "plain",
  arithmetic: "int32",
  realTimes: false,
  cancelsSpikes: false,
  settles: false,
  signedCounts: false,
  startsAtHalf: true,
  divisor: () => 1,
} as const satisfies Partial<CodeRules>;

/** Largest `bits`. */
export function mostBits({ digits }: CodeRules): number {
  return digits?.most ?? mostCountedBits;
}
