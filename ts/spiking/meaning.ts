// What spikes of an input mean to a network.
import { hasRealTimes, type SpikingNetwork } from "./network.ts";

/** How a value is told by spikes: their number, digits by tick (most significant first), the slot or the time of one. */
export type SpikeKind = "rates" | "binary digits" | "ternary digits" | "slots" | "times";

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

export function spikeKindOf(network: SpikingNetwork): SpikeKind {
  const { code, spikes, nonAdjacent } = network;
  if (code === "rate") return "rates";
  if (code === "ttfs") return hasRealTimes(network) ? "times" : "slots";
  return spikes === "signed" && nonAdjacent !== true ? "ternary digits" : "binary digits";
}
