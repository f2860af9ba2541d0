// Finds layers whose weights have so few quanta in 32-bit charges that their rounding causes most of the error.
import { countRanges } from "../spiking/charge-range.ts";
import { synapsesTo, type SpikingNetwork } from "../spiking/network.ts";

/** A layer with coarse weights, because it reads sums of many counts. */
export interface CoarseWeights {
  readonly layer: string;
  /** Root mean square of its weights, in quanta. */
  readonly quanta: number;
  /** Error by rounding alone, relative to the sums (rms). */
  readonly share: number;
  readonly advice: string;
}

/** Below this number of quanta, rounding makes sums wrong by half a percent. */
const fewQuanta = 64;

/**
 * Layers whose weights have fewer than 64 quanta (rms) and add more error than the counts they read. Rounding n weights
 * of rms q makes a sum wrong by 0.29·√n·N, rounding the counts by 0.29·√n·q·√m, where N is a usual sum (an eighth of
 * the largest) of m counts. q falls as 1/T because the charge is limited, so fewer bits are then more exact.
 */
export function weightRounding(network: SpikingNetwork): CoarseWeights[] {
  if (network.arithmetic !== "int32") return [];
  const ranges = countRanges(network);
  return network.nodes.flatMap((node) => {
    if (node.kind === "pool") return [];
    let worst: CoarseWeights | null = null;
    for (const { from, weights } of synapsesTo(network, node.name)) {
      if (from === network.input.name) continue;
      const members = Math.max(1, (ranges.get(from)?.largest ?? 0) / network.levels);
      let squares = 0;
      for (const weight of weights) squares += weight ** 2;
      const quanta = Math.sqrt(squares / weights.length);
      if (
        quanta === 0 ||
        quanta >= fewQuanta ||
        (Math.sqrt(members) * network.levels) / 8 <= quanta ||
        (worst !== null && worst.quanta <= quanta)
      )
        continue;
      const share = 1 / (Math.sqrt(12) * quanta);
      const advice = `${node.name}: its weights have ${bitsOf(quanta)} (rms ${quanta.toPrecision(2)} quanta), since ${members > 1 ? `it reads sums of up to ${Math.round(members)} counts of` : "it reads counts of"} ${network.levels} levels in 32 bits: their rounding alone makes its sums wrong by about ${(100 * share).toPrecision(2)} %, more with more bits; take fewer bits, or real-valued ttfs`;
      worst = { layer: node.name, quanta, share, advice };
    }
    return worst === null ? [] : [worst];
  });
}

function bitsOf(quanta: number): string {
  const bits = Math.max(0, Math.floor(Math.log2(Math.max(1, quanta))));
  return `${bits} bit${bits === 1 ? "" : "s"} left`;
}
