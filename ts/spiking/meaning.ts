// The form of input spikes, by which mapped networks refuse spikes that were made for another code.
import type { SpikeKind } from "./codes/rules.ts";

/** Describes the spikes of an encoder; mapped networks refuse spikes of another form. */
export interface SpikeMeaning {
  readonly kind: SpikeKind;
  /** Ticks of the window that the spikes were made for. */
  readonly ticks: number;
}

/** Encoders by the form of their spikes. */
export const encodersOf: Readonly<Record<SpikeKind, string>> = {
  rates: "encodeRegular or encodePoisson",
  "binary digits": "encodePhase",
  "ternary digits": 'encodePhase with spikes "signed"',
  quanta: "encodePhase of the network",
  slots: "encodeTtfs",
  times: "encodeTtfsTimes",
};
