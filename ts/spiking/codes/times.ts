// Real-valued time to first spike, in float32: a window is one tick (T9).
import { checkOptions } from "../../check.ts";
import { countedTicks, usual, type CodeKind } from "./rules.ts";
import { layerwise } from "./schedule.ts";

export interface Times {
  readonly kind: "times";
}

export const times: CodeKind<Times> = {
  check: (place, code) => void checkOptions(place, code, { kind: true }),
  rules: () => ({
    ...usual,
    ...countedTicks,
    flags: { code: "ttfs", schedule: "layerwise", spikes: "unsigned" },
    arithmetic: "float32",
    realTimes: true,
    startsAtHalf: false,
    spikeKind: "times",
    window: { fewest: 1, most: 1 },
    windowTicks: () => 1,
    levels: () => 0,
    spikesOfCount: (count) => (count > 0 ? 1 : 0),
    compile: (ticks) => layerwise(ticks, { delivery: "weighted" }),
  }),
};
