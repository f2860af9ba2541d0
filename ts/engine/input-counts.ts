import type { CountRange } from "../spiking/charge-range.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import type { CompiledSchedule } from "../spiking/schedule.ts";
import { sizeOf } from "../tensor.ts";
import type { EncodedInput } from "./input.ts";

/** Range of the counts N_0 that inputs bring: what a proof of charges is asked about. */
export interface InputCounts {
  /** Of one sample; in synchronous networks of all since the last reset, after each of their spikes. */
  add(input: EncodedInput): CountRange;
  reset(): void;
}

export function inputCounts({ input: { shape }, windowTicks }: SpikingNetwork, { interleaved, delivery, firing, integrationGain }: CompiledSchedule): InputCounts {
  const totals = new Float64Array(sizeOf(shape));
  const payload = (tick: number): number => (delivery === "weighted" ? firing[tick].payload : integrationGain ** (windowTicks - 1 - tick));
  const [constant, spikes] = [new Extent(), new Extent()];
  const reset = (): void => {
    totals.fill(0);
    constant.clear();
    spikes.clear();
  };
  return {
    add(input) {
      if (!interleaved) reset();
      if (input.kind === "constant") {
        for (const value of input.values) constant.include(value);
      } else {
        const { neurons, starts, signs } = input;
        for (let tick = 0; tick < starts.length - 1; tick++) {
          const each = payload(tick);
          for (let index = starts[tick]; index < starts[tick + 1]; index++) {
            totals[neurons[index]] += each * (signs?.[index] ?? 1);
            // A layerwise network compares only when the window has ended.
            if (interleaved) spikes.include(totals[neurons[index]]);
          }
        }
        if (!interleaved) for (const total of totals) spikes.include(total);
      }
      return { smallest: constant.smallest + spikes.smallest, largest: constant.largest + spikes.largest };
    },
    reset,
  };
}

class Extent implements CountRange {
  smallest = 0;
  largest = 0;

  include(value: number): void {
    if (value < this.smallest) this.smallest = value;
    else if (value > this.largest) this.largest = value;
  }

  clear(): void {
    this.smallest = this.largest = 0;
  }
}
