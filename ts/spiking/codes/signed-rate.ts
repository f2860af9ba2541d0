// Signed rate: all layers tick together, in integers, and spikes of −1 cancel earlier ones (T8).
import { checkBoolean, checkOptions } from "../../check.ts";
import { countedTicks, usual, type CodeKind } from "./rules.ts";
import { synchronous } from "./schedule.ts";

export interface SignedRate {
  readonly kind: "signedRate";
  /**
   * True: a neuron sends at most one spike a tick, and after the window the run continues, without input and bias,
   * until a tick is silent (T8 b). False: as many spikes a tick as the count changes by (T8 a).
   */
  readonly settles: boolean;
}

export const signedRate: CodeKind<SignedRate> = {
  check(place, code) {
    checkOptions(place, code, { kind: true, settles: true });
    checkBoolean(`${place}: settles`, code.settles);
  },
  rules: ({ settles }) => ({
    ...usual,
    ...countedTicks,
    flags: { code: "rate", schedule: "synchronous", spikes: "signed", ...(settles ? { settles } : {}) },
    cancelsSpikes: true,
    settles,
    // Part of a window is scaled up to the whole window.
    divisor: (ticks, windowTicks) => ticks / windowTicks,
    compile: synchronous,
  }),
};
