// Simulators of one network in several threads, behind a simulator's interface made asynchronous.
import { checkFunction, checkInteger, checkIterable, checkOptions, checkSignal } from "../check.ts";
import { LlifError, throwIfAborted } from "../errors.ts";
import { coreFor, type EngineName } from "../engine/create.ts";
import type { BatchOptions, Engine, RecordOptions, Result, RunInput, RunOptions } from "../engine/engine.ts";
import { prepareNetwork, resolveRecording } from "../engine/simulator.ts";
import { isShaped, samplesOf, type ShapedSamples } from "../samples.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { owned } from "./owned.ts";
import type { OpenSimulator, RunSamples } from "./serve.ts";
import { Workers } from "./workers.ts";

export interface WorkerPoolOptions<R extends RecordOptions = RecordOptions> {
  /** Workers; default: as many as the machine runs side by side. */
  readonly size?: number;
  /** Default `auto`. */
  readonly engine?: EngineName;
  readonly record?: R;
}

export interface PoolRunOptions extends Omit<RunOptions, "keepState"> {
  readonly signal?: AbortSignal;
}

/** A simulator's interface, asynchronous, over several threads. Idle, it does not keep a Node process from its end. */
export interface SimulatorPool<R extends RecordOptions = RecordOptions> {
  readonly network: SpikingNetwork;
  readonly engine: Engine["name"];
  readonly size: number;
  /**
   * One sample, by whichever worker is free; it is copied, so that its arrays can be filled anew at once.
   * @param signal as that of the options.
   * @throws {LlifError} as `Simulator.run`; ARGUMENT for what cannot be posted to a worker; ABORTED. @throws {DisposedError} after dispose().
   */
  run(input: RunInput, options?: PoolRunOptions, signal?: AbortSignal): Promise<Result<R>>;
  /**
   * Samples, or one array with a batch axis, shared out among the workers; results in their order. Samples are taken as workers come free: those of an array must stay
   * as they are until the batch ends, those of another iterable are copied as it gives them.
   * @param options of `onProgress`, the total of an iterable without a length is what it has given so far.
   */
  runBatch(inputs: Iterable<RunInput> | ShapedSamples, options?: Omit<BatchOptions, "keepState">): Promise<Result<R>[]>;
  /** Idempotent; ends the workers. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** Samples of one message at most: enough to hide its cost. */
const largestShare = 32;
/** A message takes one in so many of what is left to each worker, so that all finish together. */
const messagesLeft = 3;

/**
 * Workers with a simulator of `network` each: the weights cross once, then samples and results. A worker that dies, or whose engine
 * fails, is replaced; samples of one that died are simulated again.
 * @throws {LlifError} UNSUPPORTED where the runtime has no workers; ARGUMENT for what cannot be posted to a worker; as `createSimulator`.
 */
export async function pool<const R extends RecordOptions = {}>(
  network: SpikingNetwork,
  options: WorkerPoolOptions<R> = {},
): Promise<SimulatorPool<R>> {
  checkOptions("pool", options, { size: true, engine: true, record: true });
  if (options.size !== undefined) checkInteger("pool: size", options.size, 1, 1024);
  // Refused here, where the message reaches the caller at once, rather than by each worker.
  prepareNetwork(network);
  resolveRecording(network, options.record);
  const wasm = await coreFor(options.engine);
  const first: OpenSimulator = {
    kind: "simulator",
    network,
    engine: wasm === null ? "reference" : (options.engine ?? "auto"),
    record: options.record,
    wasm,
  };
  const workers = await Workers.start(options.size, first);

  return {
    network,
    engine: workers.welcome as Engine["name"],
    size: workers.size,
    async run(input, options = {}, signal = options?.signal) {
      const run = runOptions(
        "pool.run",
        checkOptions<PoolRunOptions & RunOptions>("pool.run", options, { ticks: true, keepState: true, signal: true }),
      );
      throwIfAborted(checkSignal("pool.run: signal", signal));
      const question: RunSamples = { kind: "run", samples: [kept(input)], options: run };
      const [result] = (await workers.ask(question, signal)) as Result<R>[];
      return result;
    },
    async runBatch(inputs, options = {}) {
      const run = runOptions(
        "pool.runBatch",
        checkOptions<BatchOptions>("pool.runBatch", options, {
          ticks: true,
          keepState: true,
          signal: true,
          onProgress: true,
        }),
      );
      const { signal, onProgress } = options;
      checkSignal("pool.runBatch: signal", signal);
      if (onProgress !== undefined) checkFunction("pool.runBatch: onProgress", onProgress);
      const shares = sharesOf(
        isShaped(inputs)
          ? samplesOf("pool.runBatch", inputs, network.input.shape)
          : checkIterable("pool.runBatch", inputs),
        workers.size,
      );
      let done = 0;
      try {
        const next = (): RunSamples | null => {
          const samples = shares.take();
          return samples.length === 0 ? null : { kind: "run", samples, options: run };
        };
        const onAnswer = ({ samples }: RunSamples): void => onProgress?.((done += samples.length), shares.total());
        return ((await workers.askAll(next, { signal, onAnswer })) as Result<R>[][]).flat();
      } finally {
        shares.end();
      }
    },
    dispose: () => workers.dispose(),
    [Symbol.dispose]: () => workers.dispose(),
  };
}

interface Shares {
  /** Samples of the next message; none at the end. */
  take(): readonly RunInput[];
  total(): number;
  /** Lets go of an iterable that was not taken to its end. */
  end(): void;
}

/** Ever smaller towards the end, where that is known. */
function sharesOf(inputs: Iterable<RunInput>, workers: number): Shares {
  let taken = 0;
  if (Array.isArray(inputs)) {
    const samples: readonly RunInput[] = inputs;
    return {
      take: () => samples.slice(taken, (taken += shareOf(samples.length - taken, workers))),
      total: () => samples.length,
      end: () => undefined,
    };
  }
  const iterator = inputs[Symbol.iterator]();
  let ended = false;
  return {
    take() {
      const samples: RunInput[] = [];
      // As if as many were left as are taken.
      for (let open = Math.max(1, shareOf(taken, workers)); open > 0 && !ended; open--) {
        const next = iterator.next();
        if (next.done === true) ended = true;
        else samples.push(kept(next.value));
      }
      taken += samples.length;
      return samples;
    },
    total: () => taken,
    end() {
      if (!ended) iterator.return?.();
      ended = true;
    },
  };
}

const shareOf = (left: number, workers: number): number =>
  Math.min(largestShare, Math.ceil(left / workers / messagesLeft));

/** A copy: whoever gave the sample may fill its arrays anew. @throws {LlifError} ARGUMENT for what is no plain data. */
function kept(input: RunInput): RunInput {
  try {
    return owned(input, true);
  } catch (cause) {
    throw new LlifError(
      "ARGUMENT",
      `pool: expected a sample of plain data and arrays, which can be posted to a worker: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/** What crosses of a run's options. */
function runOptions(place: string, options: RunOptions): RunOptions {
  if (options.keepState === true)
    throw new LlifError(
      "ARGUMENT",
      `${place}: the workers of a pool share no state; expected keepState false, got true`,
    );
  return options.ticks === undefined ? {} : { ticks: options.ticks };
}
