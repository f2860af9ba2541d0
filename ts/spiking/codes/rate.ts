// Rate: a value is the number of spikes; all layers tick together, in float32 (T1 to T6).
import { checkOptions } from "../../check.ts";
import { countedTicks, usual, type CodeKind } from "./rules.ts";
import { synchronous } from "./schedule.ts";

export interface Rate {
  readonly kind: "rate";
}

export const rate: CodeKind<Rate> = {
  check: (place, code) => void checkOptions(place, code, { kind: true }),
  rules: () => ({
    ...usual,
    ...countedTicks,
    flags: { code: "rate", schedule: "synchronous", spikes: "unsigned" },
    arithmetic: "float32",
    neurons: "any",
    divisor: (ticks) => ticks,
    compile: synchronous,
  }),
};
