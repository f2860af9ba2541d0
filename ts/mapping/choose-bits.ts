// Finds the fewest bits that change no decision on held-out images.
import { checkFunction, checkInteger, checkOptions, checkSignal } from "../check.ts";
import { LlifError, throwIfAborted } from "../errors.ts";

export interface BitsTrial {
  readonly bits: number;
  /** Number of held-out images on which the float network decides differently. */
  readonly disagreements: number;
}

export interface BitsChoice {
  /** The fewest bits without a disagreement, or with the fewest disagreements. */
  readonly bits: number;
  readonly trials: readonly BitsTrial[];
  /** The error if more bits do not fit into 32-bit charges; otherwise null. */
  readonly refused: string | null;
}

export interface ChooseBitsOptions {
  /** Default 2. */
  readonly from?: number;
  /** Default 12. */
  readonly to?: number;
  readonly signal?: AbortSignal;
}

/**
 * Tries numbers of bits in ascending order until every held-out image is decided as by the float network, or more bits
 * do not fit.
 * @param disagreementsAt maps with the given bits and counts disagreements on images that were not used for the scales.
 * @throws {LlifError} PRECISION if not even the fewest bits fit; errors of `disagreementsAt`; ABORTED.
 */
export async function chooseBits(
  disagreementsAt: (bits: number) => Promise<number>,
  options: ChooseBitsOptions = {},
): Promise<BitsChoice> {
  checkFunction("chooseBits: disagreementsAt", disagreementsAt);
  const { from = 2, to = 12, signal } = checkOptions("chooseBits", options, { from: true, to: true, signal: true });
  checkInteger("chooseBits: from", from, 1, 16);
  checkInteger("chooseBits: to", to, from, 16);
  checkSignal("chooseBits: signal", signal);
  const trials: BitsTrial[] = [];
  let refused: string | null = null;
  for (let bits = from; bits <= to; bits++) {
    throwIfAborted(signal);
    try {
      trials.push({
        bits,
        disagreements: checkInteger("chooseBits: answer of disagreementsAt", await disagreementsAt(bits), 0),
      });
    } catch (error) {
      if (trials.length === 0 || !(error instanceof LlifError) || error.code !== "PRECISION") throw error;
      refused = error.message;
      break;
    }
    if (trials[trials.length - 1].disagreements === 0) break;
  }
  const best = trials.reduce((fewest, trial) => (trial.disagreements < fewest.disagreements ? trial : fewest));
  return { bits: best.bits, trials, refused };
}
