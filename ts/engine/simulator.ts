// A simulator over either engine: checks options and inputs, keeps state, makes results.
import { DisposedError, LlifError, throwIfAborted } from "../errors.ts";
import {
  checkBoolean,
  checkFunction,
  checkInteger,
  checkIterable,
  checkOptions,
  checkSignal,
  describe,
} from "../check.ts";
import { type ChargeProof, proveCharges } from "../spiking/charge-range.ts";
import { requireSpikingNetwork } from "../spiking/check.ts";
import { latencyTicks, populationsOf, type SpikingNetwork } from "../spiking/network.ts";
import { rulesOf } from "../spiking/code.ts";
import type { CompiledSchedule } from "../spiking/codes/schedule.ts";
import { sizeOf } from "../tensor.ts";
import { warn } from "../warn.ts";
import type {
  BatchOptions,
  Engine,
  RecordOptions,
  Result,
  RunInput,
  RunInputs,
  RunOptions,
  Simulator,
  SpikeTrain,
} from "./engine.ts";
import { type Frame, frameOf } from "./frame.ts";
import { countOfInputs, eachInput, encodeInput, noInput, type EncodedInput } from "./input.ts";
import { inputCounts } from "./input-counts.ts";
import type { LiveCore } from "./live.ts";
import { takesLiveCore } from "./live-choice.ts";
import { liveControls } from "./live-controls.ts";
import { decoderOf, topClasses } from "./logits.ts";
import { runMemory } from "./memory.ts";
import type { Recording } from "./recording.ts";

/** A network that an engine can simulate, with its schedule. */
export interface PreparedNetwork {
  readonly network: SpikingNetwork;
  readonly schedule: CompiledSchedule;
  /** The proof of the charge range; null for float32 networks. */
  readonly proof: ChargeProof | null;
  /** Whether it runs in the live core. */
  readonly live: boolean;
}

/** The part of a simulator that an engine implements; `createSimulatorOver` adds everything that engines share. */
export interface SimulatorCore {
  /** Resets to initial membrane potentials, no refractory neurons, empty pools, zero output charges. */
  reset(): void;
  /**
   * Continues from the present state; a layerwise core always starts from the initial state.
   * @param ticks of the run if synchronous, else `windowTicks`.
   * @param settle whether to go on afterwards, without input and bias, until a tick is silent (T8 b).
   * @param firstTick of the frame, where a run is one or a part of one (T14).
   */
  run(input: EncodedInput, ticks: number, settle?: boolean, firstTick?: number): CoreRun;
  /**
   * Only for layerwise networks. Each call of the returned function runs one window, at whose start a sample may enter,
   * and returns the run of the sample that is decided at its end. A new pipeline or run ends the previous pipeline.
   */
  pipeline?(): (input: EncodedInput | undefined) => CoreRun | undefined;
  /** What can be done to a live network while it runs; absent in other networks. */
  readonly live?: LiveCore;
  dispose(): void;
}

/** The result of one run; the arrays belong to the caller. */
export interface CoreRun {
  /** Charge of every output since the last reset. */
  readonly charges: Readonly<Record<string, Float64Array | Int32Array>>;
  /** Counts of this run alone (as are the following); empty if not recorded. */
  readonly counts: Readonly<Record<string, Uint32Array | Int32Array>>;
  /** Spikes sent, by population and pool; absent if not recorded. */
  readonly sent?: Readonly<Record<string, Uint32Array>>;
  /** Ticks from 0 at the run's start; layerwise: depth · windowTicks + k. */
  readonly spikes: Readonly<Record<string, SpikeTrain>>;
  readonly potentials: Readonly<Record<string, Float32Array | Int32Array>>;
  readonly spikeCount: number;
  readonly synapticOperations: number;
  /** Weights added for them; absent: as many. */
  readonly additions?: number;
  /** Ticks beyond those of the run, until one was silent; absent: none. */
  readonly settlingTicks?: number;
}

/**
 * Makes all checks of a network that do not depend on a sample.
 * @param live whether it shall run in the live core though it need not.
 * @throws {LlifError} if it is not valid, UNSUPPORTED if no engine simulates it, or PRECISION if a charge could exceed
 * 32 bits.
 */
export function prepareNetwork(network: SpikingNetwork, live = false): PreparedNetwork {
  requireSpikingNetwork("network", network);
  const schedule = rulesOf(network.code).compile(network.windowTicks);
  const delayed = network.synapses.find((synapse) => synapse.delayTicks !== 0);
  if (delayed !== undefined && !schedule.synchronous) {
    throw new LlifError(
      "UNSUPPORTED",
      `synapse "${delayed.from}" to "${delayed.to}": a layerwise network passes whole windows; for a delay of ${delayed.delayTicks} ticks use schedule "synchronous"`,
      { nodes: [delayed.from, delayed.to] },
    );
  }
  return { network, schedule, proof: proveCharges(network), live: takesLiveCore(network, live) };
}

/** Share of clipped input values above which a simulator warns once. */
const improbableShare = 0.01;

/**
 * A simulator over an engine's core: checks samples and options, counts ticks, decodes outputs, and guards against use
 * after dispose.
 */
export function createSimulatorOver<const R extends RecordOptions>(
  engine: Engine["name"],
  { network, schedule, proof, live }: PreparedNetwork,
  recording: Recording,
  core: SimulatorCore,
): Simulator<R> {
  const decode = decoderOf(network);
  const memory = runMemory(engine, network, recording, live);
  const counts = proof === null ? null : inputCounts(proof, network, schedule);
  const { cancelsSpikes, settles, frames } = rulesOf(network.code);
  const mostPerTick = Math.max(1, ...populationsOf(network).map(({ neuron }) => neuron.spikesPerTick ?? 1));
  const pooled = schedule.synchronous && network.nodes.some((node) => node.kind === "pool" && node.mode === "max");
  // Of a layerwise network, whose ticks are always its window's.
  const layerwiseTicks = schedule.synchronous ? 0 : latencyTicks(network);
  let ticksSinceReset = 0;
  let spikesSinceReset = 0;
  let runs = 0;
  let disposed = false;
  /** Refined phase: the frame that has begun. */
  let frame: Frame | null = null;

  const alive = (): void => {
    if (disposed) throw new DisposedError(`simulator of "${network.name}"`);
  };

  let warned = false;
  const warnOfClipping = (clipped: number): void => {
    const { name, shape, counts } = network.input;
    if (warned || counts === null || clipped <= improbableShare * sizeOf(shape)) return;
    warned = true;
    warn(
      `network "${network.name}", input "${name}": ${clipped} of ${sizeOf(shape)} values lay beyond the range from ${counts.minimum * counts.unit} to ${counts.maximum * counts.unit} that it was mapped for, and were clipped; map it with inputs like these, or a larger inputRange`,
    );
  };

  const reset = (): void => {
    alive();
    core.reset();
    counts?.reset();
    ticksSinceReset = spikesSinceReset = 0;
    frame = null;
  };

  const run = (input: RunInput | null, options?: RunOptions): Result<R> => {
    alive();
    if (options !== undefined) checkRunOptions(options);
    if (frames) return beginFrame(input, options ?? {});
    if (options?.firstTick !== undefined)
      throw new LlifError("ARGUMENT", "run: firstTick: expected a network of refined phase, whose runs are frames");
    const ticks = options === undefined ? network.windowTicks : ticksOf(network, schedule, options);
    memory.check(schedule.synchronous ? ticks : 2 * ticks);
    const encoded = input === null && core.live !== undefined ? noInput(ticks) : encodeInput(network, input, ticks);
    if (schedule.synchronous && options?.keepState !== true) reset();
    if (cancelsSpikes && ticksSinceReset + ticks > network.windowTicks) {
      const before = ticksSinceReset === 0 ? "" : ` after ${ticksSinceReset}`;
      throw new LlifError(
        "ARGUMENT",
        `run: counts of signed rate end at ${network.levels}, after its window of ${network.windowTicks} ticks; expected no more of them, got ${ticks}${before}`,
      );
    }
    counts?.check(encoded);
    ticksSinceReset += ticks;
    runs++;
    const settle = settles && ticksSinceReset === network.windowTicks;
    const result = core.run(encoded, ticks, settle);
    spikesSinceReset += result.spikeCount;
    // If no neuron can have reached this count, the counts need not be checked one by one.
    const counted = Math.min(ticks * mostPerTick, result.spikeCount);
    const kept = pooled ? Math.min(ticksSinceReset * mostPerTick, spikesSinceReset) : 0;
    if (schedule.synchronous && Math.max(counted, kept) >= 2 ** 32) {
      throw new LlifError(
        "PRECISION",
        `network "${network.name}": run: a neuron may have spiked 2^32 times ${counted >= 2 ** 32 ? "in this run" : "since the last reset"}, where its 32-bit count begins anew; run fewer ticks at a time, or reset`,
      );
    }
    return resultOf(result, ticks + (result.settlingTicks ?? 0), encoded);
  };

  const beginFrame = (input: RunInput | null, options: RunOptions): Result<R> => {
    const begun = frameOf(network, input, options);
    const ticks = begun.ticksOf("run", options.ticks);
    if (options.keepState !== true) reset();
    counts?.check(begun.encoded);
    return advance(begun, ticks);
  };

  const advance = (from: Frame, ticks: number): Result<R> => {
    memory.check(ticks);
    const result = core.run(from.next(ticks), ticks, false, from.tick);
    frame = from.after(ticks);
    return resultOf(result, ticks, from.encoded);
  };

  const resume = (options: { readonly ticks?: number } = {}): Result<R> => {
    alive();
    const { ticks } = checkOptions("resume", options, { ticks: true });
    if (!frames)
      throw new LlifError(
        "ARGUMENT",
        "resume: expected a network of refined phase; others go on by run with keepState",
      );
    if (frame === null || frame.ended)
      throw new LlifError(
        "ARGUMENT",
        `resume: expected a frame that has not ended, got ${frame === null ? "none" : "one at its end"}`,
      );
    return advance(frame, frame.ticksOf("resume", ticks));
  };

  const resultOf = (
    { charges, counts, sent = {}, spikes, potentials, spikeCount, synapticOperations, additions }: CoreRun,
    ticks: number,
    { clipped = 0 }: Pick<EncodedInput, "clipped"> = {},
  ): Result<R> => {
    const logits = decode(charges, ticksSinceReset);
    warnOfClipping(clipped);
    const latency = schedule.synchronous ? ticks : layerwiseTicks;
    const statistics = {
      ticks: latency,
      windowTicks: ticks,
      latencyTicks: latency,
      intervalTicks: ticks,
      spikes: spikeCount,
      synapticOperations,
      additions: additions ?? synapticOperations,
      clippedInputs: clipped,
    };
    // The recorded names are R's: resolveRecording has checked them.
    return {
      logits,
      top: topClasses(logits, network.classes),
      charges,
      counts,
      sent,
      spikes,
      potentials,
      statistics,
    } as Result<R>;
  };

  const runPipelined = function* (inputs: Iterable<RunInput>): Generator<Result<R>, void, undefined> {
    alive();
    checkIterable("runPipelined: inputs", inputs);
    const ticks = network.windowTicks;
    if (core.pipeline === undefined)
      throw new LlifError(
        "ARGUMENT",
        `runPipelined: expected a layerwise network, whose layers work on samples of their own; "${network.name}" is synchronous`,
      );
    memory.check(2 * ticks);
    const beginning = core.pipeline();
    const begun = ++runs;
    const passWindow: typeof beginning = (input) => {
      alive();
      if (runs !== begun)
        throw new LlifError(
          "ARGUMENT",
          `runPipelined: another run of network "${network.name}" has begun meanwhile, and its samples on the way are lost; use a simulator for each`,
        );
      return beginning(input);
    };
    // Numbers of clipped values of the samples on the way.
    const onTheWay: Pick<EncodedInput, "clipped">[] = [];
    for (const input of inputs) {
      alive();
      const encoded = encodeInput(network, input, ticks);
      counts?.check(encoded);
      const run = passWindow(encoded);
      onTheWay.push({ clipped: encoded.clipped });
      if (run !== undefined) yield resultOf(run, ticks, onTheWay.shift());
    }
    while (onTheWay.length > 0) {
      const run = passWindow(undefined);
      if (run !== undefined) yield resultOf(run, ticks, onTheWay.shift());
    }
  };

  const runBatch = async (inputs: RunInputs, batchOptions: BatchOptions = {}): Promise<Result<R>[]> => {
    const { signal, onProgress, ...options } = checkOptions("runBatch", batchOptions, {
      ticks: true,
      keepState: true,
      firstTick: true,
      signal: true,
      onProgress: true,
    });
    checkSignal("runBatch: signal", signal);
    if (onProgress !== undefined) checkFunction("runBatch: onProgress", onProgress);
    const total = countOfInputs(network, inputs);
    const results: Result<R>[] = [];
    let breathed = performance.now();
    throwIfAborted(signal);
    for await (const input of eachInput(network, inputs)) {
      throwIfAborted(signal);
      results.push(run(input, options));
      onProgress?.(results.length, total ?? results.length);
      if (performance.now() - breathed > 25) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        breathed = performance.now();
      }
    }
    throwIfAborted(signal);
    return results;
  };

  const dispose = (): void => {
    if (disposed) return;
    disposed = true;
    core.dispose();
  };

  const step = (input: RunInput | null): Result<R> => {
    if (frames)
      throw new LlifError(
        "ARGUMENT",
        "step: a tick of refined phase belongs to a frame; begin it with run, and go on with resume",
      );
    return run(input, { ticks: 1, keepState: true });
  };
  const controls = liveControls(network, core.live, alive);
  return {
    engine,
    network,
    run,
    step,
    resume,
    runPipelined,
    runBatch,
    reset,
    dispose,
    [Symbol.dispose]: dispose,
    ...controls,
    restore(state) {
      controls.restore(state);
      ticksSinceReset = state.ticks;
    },
  };
}

function checkRunOptions(options: RunOptions): void {
  const { keepState } = checkOptions("run", options, { ticks: true, keepState: true, firstTick: true });
  if (keepState !== undefined) checkBoolean("run: keepState", keepState);
}

function ticksOf(network: SpikingNetwork, schedule: CompiledSchedule, options: RunOptions): number {
  if (schedule.synchronous)
    return options.ticks === undefined ? network.windowTicks : checkInteger("run: ticks", options.ticks, 1, 2 ** 24);
  if (options.keepState === true)
    throw new LlifError(
      "ARGUMENT",
      `run: a layerwise network takes one whole sample a run; expected keepState false, got true`,
    );
  if (options.ticks !== undefined && options.ticks !== network.windowTicks) {
    throw new LlifError(
      "ARGUMENT",
      `run: ticks of a layerwise network: expected its window's, ${network.windowTicks}, got ${describe(options.ticks)}`,
    );
  }
  return network.windowTicks;
}
