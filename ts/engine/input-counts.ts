// Checks that the spikes of a sample cannot overflow a 32-bit charge.
import { rulesOf } from "../spiking/code.ts";
import type { ChargeProof, CountRange } from "../spiking/charge-range.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import type { CompiledSchedule } from "../spiking/codes/schedule.ts";
import { sizeOf } from "../tensor.ts";
import type { EncodedInput, EventInput } from "./input.ts";

/** Checks the input's counts N_0 against the proof of charges. */
export interface InputCounts {
  /**
   * Checks one sample; in synchronous networks, all spikes since the last reset, after each of them.
   * @throws {LlifError} PRECISION, naming the layer, if a charge could exceed 32 bits.
   */
  check(input: EncodedInput): void;
  reset(): void;
}

export function inputCounts(
  proof: ChargeProof,
  { code, input: { shape }, windowTicks }: SpikingNetwork,
  { synchronous, delivery, firing, integrationGain }: CompiledSchedule,
): InputCounts {
  const rules = rulesOf(code);
  const totals = new Float64Array(sizeOf(shape));
  const payload = (tick: number): number =>
    synchronous
      ? rules.payload(tick, 1)
      : delivery === "weighted"
        ? firing[tick].payload
        : integrationGain ** (windowTicks - 1 - tick);
  const [constant, spikes] = [new Extent(), new Extent()];
  const reset = (): void => {
    totals.fill(0);
    constant.clear();
    spikes.clear();
  };
  const range = (input: EncodedInput): CountRange => {
    if (input.values !== undefined) for (const value of input.values) constant.include(value);
    if (input.kind === "events") {
      const { neurons, starts, signs } = input;
      for (let tick = 0; tick < starts.length - 1; tick++) {
        const each = payload(tick);
        for (let index = starts[tick]; index < starts[tick + 1]; index++) {
          totals[neurons[index]] += each * (signs?.[index] ?? 1);
          // A layerwise network compares only at the end of a window.
          if (synchronous) spikes.include(totals[neurons[index]]);
        }
      }
      if (!synchronous) for (const total of totals) spikes.include(total);
    }
    return { smallest: constant.smallest + spikes.smallest, largest: constant.largest + spikes.largest };
  };
  return {
    check(input) {
      // The largest range possible with spikes in these ticks is quickly computed, and usually enough.
      if (!synchronous && input.kind === "events" && proof.holds(reachable(input, payload))) return;
      if (!synchronous) reset();
      proof.check(range(input));
    },
    reset,
  };
}

/** The range if one neuron had all spikes. */
function reachable({ neurons, starts, signs }: EventInput, payload: (tick: number) => number): CountRange {
  let largest = 0;
  for (let tick = 0; tick < starts.length - 1; tick++) {
    const [first, end] = [starts[tick], starts[tick + 1]];
    if (first === end) continue;
    let most = 1;
    let repeated = 1;
    for (let index = first + 1; index < end; index++) {
      repeated = neurons[index] === neurons[index - 1] ? repeated + 1 : 1;
      if (repeated > most) most = repeated;
    }
    largest += most * payload(tick);
  }
  return { smallest: signs === undefined ? 0 : -largest, largest };
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
