// Runs a synchronous network only until its decision can no longer change (certificate C2), or hardly will (margins).
import { requireSpikingNetwork } from "../spiking/check.ts";
import { checkFunction, checkInteger, checkObject, checkOptions } from "../check.ts";
import { LlifError } from "../errors.ts";
import type { Result, RunInput, Simulator } from "../engine/engine.ts";
import type { EarlyExit, TickState } from "../mapping/early-exit.ts";
import { argmax } from "../relu/forward.ts";
import { isNumbers, isShaped, sampleOf, type PlainSample, type SampleValues, type ShapedSamples } from "../samples.ts";
import { populationsOf, type SpikingNetwork } from "../spiking/network.ts";
import { sizeOf } from "../tensor.ts";
import { checkMargins, type DecisionMargins } from "./margins.ts";
import { leadOf } from "./per-tick.ts";
import { runPart } from "./run-part.ts";

/** The record options for a run that may be decided early: all potentials, read after its last tick. */
export function earlyRecording(network: SpikingNetwork): {
  readonly counts: true;
  readonly potentials: Readonly<Record<string, readonly number[]>>;
} {
  requireSpikingNetwork("earlyRecording: network", network);
  return {
    counts: true,
    potentials: Object.fromEntries(
      populationsOf(network).map(({ name, shape }) => [
        name,
        Array.from({ length: sizeOf(shape) }, (_, neuron) => neuron),
      ]),
    ),
  };
}

/** The state of a run, collected from its parts. */
export class RunState implements TickState {
  // Without a prototype: a node may have any name.
  readonly counts: Record<string, Float64Array> = Object.create(null);
  readonly potentials: Record<string, Float64Array> = Object.create(null);
  charges: TickState["charges"] = {};

  /** @param part of `ticks` ticks, with `earlyRecording`. */
  add(part: Result, ticks: number): void {
    for (const [name, counts] of Object.entries(part.counts)) {
      const total = (this.counts[name] ??= new Float64Array(counts.length));
      counts.forEach((count, neuron) => (total[neuron] += count));
    }
    const traces = part.potentials as Readonly<Record<string, ArrayLike<number>>>;
    for (const [name, trace] of Object.entries(traces)) {
      const last = (this.potentials[name] ??= new Float64Array(trace.length / ticks));
      for (let neuron = 0; neuron < last.length; neuron++) last[neuron] = trace[(neuron + 1) * ticks - 1];
    }
    this.charges = part.charges;
  }
}

export interface EarlyRun {
  readonly decision: number;
  /** Number of simulated ticks. */
  readonly ticks: number;
  /** What stopped the run: certificate C2, a margin of `DecisionMargins`, or its end. */
  readonly decidedBy: "certificate" | "margin" | "end";
}

/**
 * Simulates one sample until its decision is final (certificate C2), checking every `interval` ticks, or until its first
 * class leads by more than a margin (`measureMargins`). By the certificate the decision is that at the end of the run;
 * by a margin a later tick would change it with the probability of the margins' error rate.
 * @param simulator of a synchronous network; for the certificate, with `earlyRecording`.
 * @param exit a certificate, or margins, which have ticks of their own.
 * @param input constant current; with margins, anything that `run` takes for the whole of a frame.
 * @throws {LlifError} ARGUMENT for a simulator that does not record what the certificate needs.
 */
export function runUntilDecided(
  simulator: Simulator,
  exit: EarlyExit | DecisionMargins,
  input: SampleValues | ShapedSamples | { readonly values: SampleValues | ShapedSamples },
  options: { readonly ticks?: number; readonly interval?: number } = {},
): EarlyRun {
  checkFunction("runUntilDecided: simulator: run", checkObject("runUntilDecided: simulator", simulator).run);
  checkObject("runUntilDecided: exit", exit);
  if (!("decide" in exit)) {
    if (Object.keys(options).length > 0)
      throw new LlifError("ARGUMENT", "runUntilDecided: options: expected none beside margins, which have their ticks");
    return runToMargin(simulator, checkMargins("runUntilDecided: exit", exit, simulator.network), input);
  }
  checkFunction("runUntilDecided: exit: decide", exit.decide);
  const { ticks = simulator.network.windowTicks, interval = Math.max(1, Math.floor(ticks / 16)) } = checkOptions(
    "runUntilDecided",
    options,
    { ticks: true, interval: true },
  );
  checkInteger("runUntilDecided: ticks", ticks, 1, 2 ** 24);
  checkInteger("runUntilDecided: interval", interval, 1);
  const { name, shape } = simulator.network.input;
  const sample = sampleOf(
    `input "${name}"`,
    isNumbers(input) || isShaped(input) ? (input as SampleValues) : input?.values,
    shape,
  );
  const values = currentsOf(simulator.network, sample);
  const state = new RunState();
  simulator.reset();
  for (let done = 0; ; ) {
    const part = Math.min(interval, ticks - done);
    const result =
      done === 0 ? simulator.run(sample, { ticks: part, keepState: true }) : runPart(simulator, sample, part, true);
    done += part;
    state.add(result, part);
    const missing = populationsOf(simulator.network).find(
      ({ name }) => state.potentials[name] === undefined || state.counts[name] === undefined,
    );
    if (missing !== undefined)
      throw new LlifError(
        "ARGUMENT",
        `runUntilDecided: expected a simulator that records what earlyRecording says, got no potentials of "${missing.name}"`,
        { nodes: [missing.name] },
      );
    const decision = done === ticks ? argmax(result.logits) : exit.decide(state, values, ticks - done);
    if (decision !== null) return { decision, ticks: done, decidedBy: done === ticks ? "end" : "certificate" };
  }
}

function runToMargin(simulator: Simulator, { ticks, margins }: DecisionMargins, input: RunInput): EarlyRun {
  for (let [at, done] = [0, 0]; ; at++) {
    const { logits } = runPart(simulator, input, ticks[at] - done, done > 0);
    done = ticks[at];
    const decision = argmax(logits);
    if (at === margins.length) return { decision, ticks: done, decidedBy: "end" };
    if (leadOf(logits, decision) > margins[at]) return { decision, ticks: done, decidedBy: "margin" };
  }
}

/** Constant currents in the engines' form: counts if the input has counts. */
export function currentsOf({ input: { counts } }: SpikingNetwork, values: PlainSample): Float64Array {
  return Float64Array.from(values, (value) => {
    if (counts === null) return Math.fround(value);
    const count = values instanceof Float32Array ? Math.round(value / counts.unit) : value;
    return Math.min(Math.max(count, counts.minimum), counts.maximum);
  });
}
