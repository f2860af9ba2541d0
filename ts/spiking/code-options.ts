// Turns the options for a code into the code, and refuses contradictory options.
import { checkBoolean, checkOneOf, type OptionKeys } from "../check.ts";
import { LlifError } from "../errors.ts";
import type { Code } from "./code.ts";
import { refinedPhaseOf } from "./codes/refined-phase.ts";
import type { CodeName, Precision, ScheduleName, SpikeSign } from "./codes/rules.ts";

export interface CodeOptions extends Precision {
  /** Default "phase". */
  readonly code?: CodeName;
  /**
   * Default: layerwise for phase and ttfs, synchronous for rate. Synchronous phase needs signed spikes: it is refined
   * tick by tick (T14).
   */
  readonly schedule?: ScheduleName;
  /**
   * Whether a spike may be −1. `phase`: balanced ternary digits (T12); `rate`: negative spikes cancel earlier ones
   * (T8). Default "unsigned".
   */
  readonly spikes?: SpikeSign;
  /**
   * Only for phase: signed binary digits, no two in neighbouring ticks: fewer spikes, one tick more. Implies signed
   * spikes.
   */
  readonly nonAdjacent?: boolean;
  /**
   * Only for signed synchronous `rate`: at most one spike a neuron and tick, and ticks after the window until one is
   * silent (T8 b).
   */
  readonly settles?: boolean;
  /**
   * Synchronous phase alone: what a spike of each tick stands for, each a multiple of the next, 1 at the end; default
   * 2^(K − 1), …, 2, 1.
   */
  readonly quanta?: readonly number[];
  /**
   * Synchronous phase alone, 0 to 16: how many quanta the first layer skips, so that its counts are finer earlier; fewer
   * with every layer after it, none in the last; rounded by layer. Default 2, or 0 (all layers alike)
   * where `quanta` are given.
   */
  readonly ahead?: number;
  /**
   * Synchronous phase alone, 0.5 to 1: a count that is nearer to the charge than this number of quanta stays until the
   * last tick; default 0.7. 0.5 takes more operations, and equals a quantised network after every tick.
   */
  readonly lazy?: number;
  /**
   * K: 2^K − 1 levels a window, K ticks of `phase`; default 8 for phase, 6 with signed spikes (K ternary digits).
   * `ttfs` without is real-valued.
   */
  readonly bits?: number;
  /** T: ticks of a run or window; default 256 for rate. Excludes `bits`. */
  readonly ticks?: number;
}

export const codeOptionKeys: OptionKeys<CodeOptions> = {
  code: true,
  schedule: true,
  spikes: true,
  nonAdjacent: true,
  settles: true,
  quanta: true,
  ahead: true,
  lazy: true,
  bits: true,
  ticks: true,
};

/**
 * @param place before each message.
 * @throws {LlifError} ARGUMENT if the options contradict each other.
 */
export function codeOf(options: CodeOptions, place = ""): Code {
  const at = place === "" ? "" : `${place}: `;
  const { code = "phase", nonAdjacent = false, settles = false, bits, ticks } = options;
  const { schedule = code === "rate" ? "synchronous" : "layerwise", spikes = nonAdjacent ? "signed" : "unsigned" } =
    options;
  checkOneOf(`${at}code`, code, ["rate", "phase", "ttfs"]);
  checkOneOf(`${at}schedule`, schedule, ["synchronous", "layerwise"]);
  checkOneOf(`${at}spikes`, spikes, ["unsigned", "signed"]);
  checkBoolean(`${at}nonAdjacent`, nonAdjacent);
  checkBoolean(`${at}settles`, settles);
  const refuse = (text: string): never => {
    throw new LlifError("ARGUMENT", `${at}${text}`);
  };
  if (code === "phase" && schedule === "synchronous" && spikes === "signed" && !nonAdjacent && !settles) {
    if (ticks !== undefined) refuse("ticks: synchronous phase has one for each of its quanta; expected quanta or bits");
    return refinedPhaseOf(bits, options.quanta, options.lazy, options.ahead);
  }
  for (const key of ["quanta", "ahead", "lazy"] as const)
    if (options[key] !== undefined)
      refuse(`${key}: expected code "phase" with schedule "synchronous" and signed spikes, got ${schedule} "${code}"`);
  if (code === "phase" && schedule === "synchronous")
    refuse(
      `code "phase": expected schedule "layerwise", or plain spikes "signed" with "synchronous", got "synchronous" and ${nonAdjacent ? "nonAdjacent" : spikes}`,
    );
  if (code !== "rate" && schedule === "synchronous")
    refuse(
      `code "${code}": expected schedule "layerwise", got "synchronous"; its windows follow each other layer by layer`,
    );
  if (bits !== undefined && ticks !== undefined) refuse("bits and ticks: expected one of them, got both");
  if (nonAdjacent && (code !== "phase" || spikes !== "signed"))
    refuse(`nonAdjacent: expected code "phase" with signed spikes, got "${code}", ${spikes}`);
  if (settles && (code !== "rate" || spikes !== "signed"))
    refuse(`settles: expected code "rate" with signed spikes, got "${code}", ${spikes}`);
  if (code === "phase")
    return { kind: "phase", digits: nonAdjacent ? "nonAdjacent" : spikes === "signed" ? "ternary" : "binary" };
  if (code === "ttfs") {
    if (spikes === "signed") refuse('spikes: code "ttfs" expected "unsigned", got "signed"');
    return { kind: bits === undefined && ticks === undefined ? "times" : "slots" };
  }
  if (schedule === "synchronous") return spikes === "signed" ? { kind: "signedRate", settles } : { kind: "rate" };
  if (spikes === "signed") refuse('spikes: signed "rate" expected schedule "synchronous", got "layerwise"');
  return { kind: "windowRate" };
}
