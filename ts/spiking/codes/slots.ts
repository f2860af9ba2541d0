// Time to first spike in slots: a count N is one spike in slot T + 1 − N of the window (T7).
import { checkOptions } from "../../check.ts";
import { countedTicks, usual, type CodeKind } from "./rules.ts";
import { firingTicks, layerwise, unsignedTick } from "./schedule.ts";

export interface Slots {
  readonly kind: "slots";
}

export const slots: CodeKind<Slots> = {
  check: (place, code) => void checkOptions(place, code, { kind: true }),
  rules: () => ({
    ...usual,
    ...countedTicks,
    flags: { code: "ttfs", schedule: "layerwise", spikes: "unsigned" },
    spikeKind: "slots",
    // A spike in a slot subtracts θ times its count, from at most θ·(T + 1) − 1.
    thresholdFactor: (ticks) => ticks + 1,
    spikesOfCount: (count) => (count > 0 ? 1 : 0),
    compile: (ticks) =>
      layerwise(ticks, {
        delivery: "weighted",
        firing: firingTicks(ticks, (left) => unsignedTick(left + 1)),
        cappedAt: ticks + 1,
      }),
  }),
};
