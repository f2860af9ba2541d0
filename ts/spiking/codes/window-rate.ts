// Layerwise rate: a value is the number of spikes in a window, and layer follows layer (T7).
import { checkOptions } from "../../check.ts";
import { countedTicks, usual, type CodeKind } from "./rules.ts";
import { firingTicks, layerwise, unsignedTick } from "./schedule.ts";

export interface WindowRate {
  readonly kind: "windowRate";
}

export const windowRate: CodeKind<WindowRate> = {
  check: (place, code) => void checkOptions(place, code, { kind: true }),
  rules: () => ({
    ...usual,
    ...countedTicks,
    flags: { code: "rate", schedule: "layerwise", spikes: "unsigned" },
    compile: (ticks) => layerwise(ticks, { firing: firingTicks(ticks, () => unsignedTick(1)) }),
  }),
};
