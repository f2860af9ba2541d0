// Margins: how far the first class must lead after a tick for a run to stop there, measured on calibration samples.
import {
  checkArray,
  checkFinite,
  checkFunction,
  checkInteger,
  checkIterable,
  checkNumbers,
  checkObject,
  checkOptions,
  checkSignal,
} from "../check.ts";
import { LlifError, throwIfAborted } from "../errors.ts";
import type { RunInput, Simulator } from "../engine/engine.ts";
import { argmax } from "../relu/forward.ts";
import { rulesOf } from "../spiking/code.ts";
import { isSynchronous, outputsOf, type SpikingNetwork } from "../spiking/network.ts";
import { sizeOf } from "../tensor.ts";
import { leadOf, type TickReads } from "./per-tick.ts";
import { runPart } from "./run-part.ts";
import { regularizedBeta } from "./statistics.ts";

/** When a run may stop. Plain data, which can be kept as JSON. */
export interface DecisionMargins {
  /** Numbers of ticks after which a decision is read, ascending; the last is the whole run. */
  readonly ticks: readonly number[];
  /** One for each but the last: the run stops if its largest logit exceeds the second by more. */
  readonly margins: readonly number[];
  /**
   * Largest share of decisions that the rest of the run would change, for samples like those of the calibration, with
   * 95 % confidence.
   */
  readonly errorRate: number;
  /** Calibration samples. */
  readonly samples: number;
}

export interface MeasureMarginsOptions {
  /** Default 0.003, which takes 1,198 samples or more. */
  readonly errorRate?: number;
  /** Numbers of ticks after which a run may stop; default: each tick of refined phase, else 16 in all. */
  readonly ticks?: readonly number[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number) => void;
}

export const usualErrorRate = 0.003;
/** One minus the confidence. */
const doubt = 0.05;
/** One sample of six tells how far leads move; the others, at what multiple of it decisions were wrong. */
const shapeShare = 6;

/**
 * Runs calibration samples tick by tick and takes margins from how far the lead of the first class still changed.
 * @param simulator of a synchronous network with two outputs or more.
 * @param samples like those to come; best others than gave the activation scales.
 * @throws {LlifError} ARGUMENT for a layerwise network, or too few samples for the error rate; ABORTED.
 * @see docs/mathematics.md C4
 */
export async function measureMargins(
  simulator: Simulator,
  samples: Iterable<RunInput>,
  options: MeasureMarginsOptions = {},
): Promise<DecisionMargins> {
  const { network } = checkObject("measureMargins: simulator", simulator);
  const {
    errorRate = usualErrorRate,
    ticks = readingTicks(network),
    signal,
    onProgress,
  } = checkOptions("measureMargins", options, { errorRate: true, ticks: true, signal: true, onProgress: true });
  checkFinite("measureMargins: errorRate", errorRate, { above: 0, to: 0.5 });
  checkSignal("measureMargins: signal", signal);
  if (onProgress !== undefined) checkFunction("measureMargins: onProgress", onProgress);
  checkIterable("measureMargins: samples", samples);
  checkFunction("measureMargins: simulator: run", simulator.run);
  checkRising("measureMargins: ticks", ticks);
  requireRace("measureMargins", network);
  const [decisions, leads]: [number[], number[]] = [[], []];
  for (const sample of samples) {
    throwIfAborted(signal);
    let done = 0;
    for (const stop of ticks) {
      const { logits } = runPart(simulator, sample, stop - done, done > 0);
      done = stop;
      const decision = argmax(logits);
      decisions.push(decision);
      leads.push(leadOf(logits, decision));
    }
    const runs = decisions.length / ticks.length;
    onProgress?.(runs);
    if (runs % 16 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return marginsOf(ticks, { decisions: Uint32Array.from(decisions), leads: Float64Array.from(leads) }, errorRate);
}

/** Fewest samples for margins of this error rate. */
export function samplesFor(errorRate: number): number {
  checkFinite("samplesFor: errorRate", errorRate, { above: 0, to: 0.5 });
  const level = Math.ceil(Math.log(doubt) / Math.log1p(-errorRate));
  let samples = level + 1;
  while (samples - shapeOf(samples) < level) samples++;
  return samples;
}

const shapeOf = (samples: number): number => Math.max(1, Math.floor(samples / shapeShare));

/** Most errors among n for which the upper Clopper–Pearson bound (95 %, one side) is within the rate; −1 if none. */
function errorsWithin(errorRate: number, n: number): number {
  let errors = -1;
  // P(X ≤ k) of a binomial with p is I_(1 − p)(n − k, k + 1).
  while (errors + 1 < n && regularizedBeta(1 - errorRate, n - errors - 1, errors + 2) <= doubt) errors++;
  return errors;
}

/**
 * Margins are one factor times the usual change of the lead from each tick to the end. The first samples tell that
 * change (root mean square). Each other has a score, its largest lead at a wrong decision in units of it, and the factor
 * is the smallest that no more scores exceed than `errorsWithin` allows. So, whatever the change told, a share greater
 * than the error rate is refuted with 95 % confidence.
 * @param reads shape [samples, ticks].
 */
export function marginsOf(
  ticks: readonly number[],
  { decisions, leads }: Pick<TickReads, "decisions" | "leads">,
  errorRate: number,
): DecisionMargins {
  checkFinite("margins: errorRate", errorRate, { above: 0, to: 0.5 });
  const [width, last] = [ticks.length, ticks.length - 1];
  const samples = decisions.length / width;
  const shape = shapeOf(samples);
  const allowed = errorsWithin(errorRate, samples - shape);
  if (allowed < 0)
    throw new LlifError(
      "ARGUMENT",
      `margins: expected at least ${samplesFor(errorRate)} samples for an error rate of ${errorRate}, got ${samples}`,
    );
  const wrong = (sample: number, at: number) => decisions[sample * width + at] !== decisions[sample * width + last];
  const change = (sample: number, at: number) => {
    const [lead, end] = [leads[sample * width + at], leads[sample * width + last]];
    return wrong(sample, at) ? lead + end : lead - end;
  };
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
  const changes = range(0, last).map((at) =>
    Math.sqrt(range(0, shape).reduce((sum, sample) => sum + change(sample, at) ** 2, 0) / shape),
  );
  // Where nothing changed among a few samples, more may.
  const least = 1e-6 * (Math.max(0, ...changes) || 1);
  const usual = changes.map((each) => Math.max(each, least));
  const scores = range(shape, samples)
    .map((sample) =>
      Math.max(0, ...usual.map((each, at) => (wrong(sample, at) ? leads[sample * width + at] / each : 0))),
    )
    .sort((a, b) => b - a);
  return { ticks: [...ticks], margins: usual.map((each) => each * scores[allowed]), errorRate, samples };
}

/** Ticks after which a decision is read by default. */
export function readingTicks(network: SpikingNetwork): number[] {
  const { windowTicks } = network;
  const step = rulesOf(network.code).frames ? 1 : Math.max(1, Math.floor(windowTicks / 16));
  const stops = Array.from({ length: Math.ceil(windowTicks / step) - 1 }, (_, index) => (index + 1) * step);
  return [...stops, windowTicks];
}

function requireRace(place: string, network: SpikingNetwork): void {
  const [output] = outputsOf(network);
  if (!isSynchronous(network))
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected a synchronous network, whose logits grow tick by tick; "${network.name}" is layerwise`,
    );
  if (output === undefined || sizeOf(output.shape) < 2)
    throw new LlifError("ARGUMENT", `${place}: expected two classes or more, of which one leads`);
}

function checkRising(place: string, ticks: readonly number[]): void {
  checkArray<number>(place, ticks, "an array of numbers");
  ticks.forEach((tick, at) => checkInteger(place, tick, at === 0 ? 1 : ticks[at - 1] + 1, 2 ** 24));
  if (ticks.length === 0) throw new LlifError("ARGUMENT", `${place}: expected at least one, got none`);
}

/** Checks margins that may come from a file. @throws {LlifError} ARGUMENT */
export function checkMargins(place: string, given: DecisionMargins, network: SpikingNetwork): DecisionMargins {
  requireRace(place, network);
  const { ticks, margins } = checkOptions(place, given, { ticks: true, margins: true, errorRate: true, samples: true });
  checkRising(`${place}: ticks`, ticks);
  checkNumbers(`${place}: margins`, margins, { length: ticks.length - 1 });
  margins.forEach((margin) => checkFinite(`${place}: margins`, margin, { from: 0 }));
  return given;
}
