// Refined phase: all layers tick together, and each tick refines every count to the precision of its quantum (T14).
import { checkArray, checkInteger, checkOptions, describe } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { usual, type CodeKind } from "./rules.ts";
import { synchronous } from "./schedule.ts";

export interface RefinedPhase {
  readonly kind: "refinedPhase";
  /** K: counts reach from 0 to 2^K − 1. */
  readonly bits: number;
  /** What a spike of each tick stands for, in counts, in the last layer: each a multiple of the next, the last 1. */
  readonly quanta: readonly number[];
  /**
   * How many of the quanta the first layer skips, so that its counts are finer earlier; fewer with every layer after it,
   * none in the last. 0 if absent: all layers have the same quantum.
   */
  readonly ahead?: number;
  /**
   * ½ to 1: in every tick but the last, a count that is nearer to the charge than this number of quanta stays. ½ rounds
   * in every tick; above it fewer spikes come to the same end, and only the last tick equals the quantised network.
   * Options have 2 ahead and 0.7 by default, chosen on three networks (docs/results.md).
   */
  readonly laziness: number;
}

const [mostBits, usualBits, usualLaziness, usualAhead] = [16, 8, 0.7, 2];

/** Powers of two, the largest first. */
export function binaryQuanta(bits: number): number[] {
  return Array.from({ length: bits }, (_, tick) => 2 ** (bits - 1 - tick));
}

/**
 * Quanta that are given have 0 ahead by default: where each is a quarter of the one before, 2 ahead take many more
 * operations (docs/results.md).
 * @throws {LlifError} ARGUMENT naming what is wrong.
 */
export function refinedPhaseOf(
  bits: number = usualBits,
  given?: readonly number[],
  laziness: number = usualLaziness,
  ahead: number = given === undefined ? usualAhead : 0,
): RefinedPhase {
  const quanta = given ?? binaryQuanta(checkInteger("bits", bits, 1, mostBits));
  const code: RefinedPhase = { kind: "refinedPhase", bits, quanta, laziness, ahead };
  checkFields("", code);
  // Files without the field have equal quanta.
  return ahead === 0 ? { kind: "refinedPhase", bits, quanta, laziness } : code;
}

function checkFields(place: string, { bits, quanta, laziness, ahead = 0 }: RefinedPhase): void {
  checkInteger(`${place}bits`, bits, 1, mostBits);
  checkArray<number>(`${place}quanta`, quanta, "an array of numbers");
  quanta.forEach((quantum, tick) => {
    checkInteger(`${place}quanta: ${tick}`, quantum, 1, 2 ** bits - 1);
    const next = quanta[tick + 1] ?? 1;
    const last = tick + 1 === quanta.length;
    if (quantum % next !== 0 || (quantum === next) !== last)
      throw new LlifError(
        "ARGUMENT",
        `${place}quanta: expected each to be a multiple of the next, and 1 at the end, got ${quanta.join(",")}`,
      );
  });
  if (quanta.length === 0) throw new LlifError("ARGUMENT", `${place}quanta: expected at least one, got none`);
  if (!(ahead >= 0 && ahead <= mostBits))
    throw new LlifError("ARGUMENT", `${place}ahead: expected 0 to ${mostBits}, got ${describe(ahead)}`);
  if (!(laziness >= 0.5 && laziness <= 1))
    throw new LlifError("ARGUMENT", `${place}lazy: expected 0.5 to 1, got ${describe(laziness)}`);
}

/** The quantum of a tick where a share `lead` of the most quanta is skipped. */
function quantumAt({ quanta, ahead = 0 }: RefinedPhase, tick: number, lead: number): number {
  return quanta[Math.min(quanta.length - 1, tick + Math.round(ahead * lead))];
}

export const refinedPhase: CodeKind<RefinedPhase> = {
  check(place, code) {
    checkOptions(place, code, { kind: true, bits: true, quanta: true, laziness: true, ahead: true });
    checkFields(`${place}: `, code);
  },
  rules: (code) => {
    const { bits, quanta, laziness, ahead = 0 } = code;
    const quantumOf = (tick: number, lead: number): number => quantumAt(code, tick, lead);
    return {
      ...usual,
      flags: {
        code: "phase",
        schedule: "synchronous",
        spikes: "signed",
        ...(quanta.join() === binaryQuanta(bits).join() ? {} : { quanta }),
        ahead,
        lazy: laziness,
      },
      cancelsSpikes: true,
      frames: true,
      startsAtHalf: false,
      overshoot: 0,
      spikeKind: "quanta",
      window: { fewest: quanta.length, most: quanta.length },
      digits: { name: "bit", most: mostBits, usual: usualBits, extraTicks: 0 },
      windowTicks: () => quanta.length,
      levels: () => 2 ** bits - 1,
      thresholdFactor: () => 2 ** bits - 1,
      // A count that nothing corrects.
      spikesOfCount(count, lead) {
        let [spikes, rest] = [0, Math.abs(count)];
        for (const tick of quanta.keys()) {
          const quantum = quantumOf(tick, lead);
          spikes += Math.floor(rest / quantum);
          rest %= quantum;
        }
        return spikes;
      },
      payload: quantumOf,
      compile: synchronous,
    };
  },
};
