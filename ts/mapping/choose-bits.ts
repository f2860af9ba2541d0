import { checkFunction, checkInteger, checkOptions, checkSignal } from "../check.ts";
import { LlifError, throwIfAborted } from "../errors.ts";

export interface BitsTrial {
  readonly bits: number;
  /** Of held-back images, how many are decided otherwise than by the float network. */
  readonly disagreements: number;
}

export interface BitsChoice {
  /** The smallest number of bits without a disagreement, or that with the fewest. */
  readonly bits: number;
  readonly trials: readonly BitsTrial[];
  /** Why no more bits were tried: their charges do not fit; null where the trials ended otherwise. */
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
 * Tries numbers of bits in ascending order, until one decides every held-back image as the float network does, or more of them cannot be exact.
 * @param disagreementsAt maps at that many bits and counts the images decided otherwise; images that served for the scales do not count.
 * @throws {LlifError} PRECISION where not even the fewest bits can be exact; what `disagreementsAt` throws; ABORTED.
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
