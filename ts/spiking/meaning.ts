// What spikes of an input mean to a network.
import type { SpikeKind } from "./codes/rules.ts";

/** What an encoder made: networks that were mapped refuse what they would take for something else. */
export interface SpikeMeaning {
  readonly kind: SpikeKind;
  /** Of the window that the spikes were made for. */
  readonly ticks: number;
}

/** Encoders, by what their spikes are. */
export const encodersOf: Readonly<Record<SpikeKind, string>> = {
  rates: "encodeRegular or encodePoisson",
  "binary digits": "encodePhase",
  "ternary digits": 'encodePhase with spikes "signed"',
  slots: "encodeTtfs",
  times: "encodeTtfsTimes",
};
