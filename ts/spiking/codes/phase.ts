// Phase: each tick of a window is a digit of the count, most significant first (T7, T12).
import { checkInteger, checkOneOf, checkOptions } from "../../check.ts";
import { usual, type CodeKind, type CodeRules, type Digits } from "./rules.ts";
import { firingTicks, layerwise, unsignedTick, type CompiledSchedule, type FiringTick } from "./schedule.ts";

export interface Phase {
  readonly kind: "phase";
  /**
   * Binary: 2^K − 1 levels in K ticks. Balanced ternary: (3^K − 1)/2 in K. Non-adjacent: binary digits of either sign,
   * no two neighbours, 2^K − 1 in K + 1.
   */
  readonly digits: "binary" | "ternary" | "nonAdjacent";
}

/** The rules that depend on the kind of digits. */
interface DigitSet
  extends Pick<CodeRules, "flags" | "window" | "spikeKind" | "levels" | "thresholdFactor" | "spikesOfCount">,
    Partial<Pick<CodeRules, "signedCounts" | "startsAtHalf" | "overshoot">> {
  readonly digits: Digits;
  readonly tick: (left: number) => FiringTick;
  compile(ticks: number): Partial<CompiledSchedule>;
}

const digitSets: Readonly<Record<Phase["digits"], DigitSet>> = {
  binary: {
    flags: { code: "phase", schedule: "layerwise", spikes: "unsigned" },
    digits: { name: "bit", most: 16, usual: 8, extraTicks: 0 },
    spikeKind: "binary digits",
    window: { fewest: 1, most: 30 },
    levels: (ticks) => 2 ** ticks - 1,
    thresholdFactor: (ticks) => 2 ** (ticks - 1),
    spikesOfCount(count) {
      let spikes = 0;
      for (let rest = count; rest > 0; rest = Math.floor(rest / 2)) spikes += rest % 2;
      return spikes;
    },
    tick: (left) => unsignedTick(2 ** left),
    compile: () => ({ integrationGain: 2 }),
  },
  ternary: {
    flags: { code: "phase", schedule: "layerwise", spikes: "signed" },
    digits: { name: "ternary digit", most: 10, usual: 6, extraTicks: 0 },
    spikeKind: "ternary digits",
    window: { fewest: 1, most: 19 },
    signedCounts: true,
    startsAtHalf: false,
    levels: (ticks) => (3 ** ticks - 1) / 2,
    thresholdFactor: (ticks) => 3 ** (ticks - 1),
    spikesOfCount(count) {
      let spikes = 0;
      for (let rest = Math.abs(count); rest > 0; rest = Math.floor((rest + 1) / 3)) if (rest % 3 !== 0) spikes++;
      return spikes;
    },
    tick: (left) => ({ above: 3 ** left, below: 3 ** left, payload: 3 ** left }),
    compile: () => ({ integrationGain: 3, raisedToZero: true }),
  },
  nonAdjacent: {
    flags: { code: "phase", schedule: "layerwise", spikes: "signed", nonAdjacent: true },
    digits: { name: "bit", most: 16, usual: 8, extraTicks: 1 },
    spikeKind: "binary digits",
    window: { fewest: 2, most: 31 },
    overshoot: 1,
    levels: (ticks) => 2 ** (ticks - 1) - 1,
    // The membrane starts at most at θ·2^K − 1, and a spike removes θ·2^K.
    thresholdFactor: (ticks) => 2 ** (ticks - 1),
    spikesOfCount(count) {
      let spikes = 0;
      // An odd remainder before another 1 becomes the digit −1 with a carry.
      for (let rest = Math.abs(count); rest > 0; rest = Math.floor((rest % 4 === 3 ? rest + 1 : rest) / 2))
        spikes += rest % 2;
      return spikes;
    },
    tick(left) {
      const reach = nonAdjacentReach(left);
      return { above: 2 * (reach + 1), below: 2 * reach, payload: 2 ** left };
    },
    compile: (ticks) => ({ integrationGain: 2, cappedAt: 2 ** (ticks - 1), raisedToZero: true }),
  },
};

/** Largest value of the following digits, no two of which are neighbours. */
export function nonAdjacentReach(left: number): number {
  return Math.floor(2 ** (left + 1) / 3);
}

export const digitNames = Object.keys(digitSets) as Phase["digits"][];

export const phase: CodeKind<Phase> = {
  check(place, code) {
    checkOptions(place, code, { kind: true, digits: true });
    checkOneOf(`${place}: digits`, code.digits, digitNames);
  },
  rules(code) {
    const { tick, compile, ...own } = digitSets[code.digits];
    const { digits } = own;
    return {
      ...usual,
      overshoot: 0,
      ...own,
      windowTicks: ({ bits, ticks }) =>
        checkInteger("bits", bits ?? ticks ?? digits.usual, 1, digits.most) + digits.extraTicks,
      compile: (ticks) => layerwise(ticks, { firing: firingTicks(ticks, tick), ...compile(ticks) }),
    };
  },
};
