// `pool()`: simulators of one network in worker threads, with the interface of a simulator, but asynchronous.
import { checkFunction, checkInteger, checkIterable, checkOptions, checkSignal } from "../check.ts";
import { LlifError, throwIfAborted } from "../errors.ts";
import { coreFor, type EngineName } from "../engine/create.ts";
import type { BatchOptions, Engine, RecordOptions, Result, RunInput, RunOptions } from "../engine/engine.ts";
import { prepareNetwork } from "../engine/simulator.ts";
import { resolveRecording } from "../engine/recording.ts";
import { isShaped, samplesOf, type ShapedSamples } from "../samples.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { owned } from "./owned.ts";
import type { OpenSimulator, RunSamples } from "./serve.ts";
import { Workers } from "./workers.ts";

export interface WorkerPoolOptions<R extends RecordOptions = RecordOptions> {
  /** Number of workers; default: as many as the machine can run at once. */
  readonly size?: number;
  /** Default `auto`. */
  readonly engine?: EngineName;
  readonly record?: R;
}

export interface PoolRunOptions extends Omit<RunOptions, "keepState" | "firstTick"> {
  readonly signal?: AbortSignal;
}

/** A simulator's interface, asynchronous, over worker threads. An idle pool does not keep a Node process running. */
export interface SimulatorPool<R extends RecordOptions = RecordOptions> {
  readonly network: SpikingNetwork;
  readonly engine: Engine["name"];
  readonly size: number;
  /**
   * Runs one sample on a free worker. The sample is copied, so its arrays can be reused at once.
   * @param signal the same as `options.signal`.
   * @throws {LlifError} as `Simulator.run`; ARGUMENT for a sample that cannot be posted to a worker; ABORTED.
   * @throws {DisposedError} after dispose().
   */
  run(input: RunInput, options?: PoolRunOptions, signal?: AbortSignal): Promise<Result<R>>;
  /**
   * Runs samples, or one array with a batch axis, on all workers; the results are in the order of the samples. Samples
   * are read when workers become free: an array's samples must not change until the batch ends; samples of other
   * iterables are copied.
   * @param options for an iterable without a length, `onProgress` reports the number of samples read so far as the
   * total.
   */
  runBatch(inputs: Iterable<RunInput> | ShapedSamples, options?: Omit<BatchOptions, "keepState">): Promise<Result<R>[]>;
  /** Idempotent; ends the workers. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** Most samples per message: enough to hide the cost of a message. */
const largestShare = 32;
/** A message takes this fraction of a worker's share of the remaining samples, so that all workers finish together. */
const messagesLeft = 3;

/**
 * Starts workers with a simulator of `network` each. Weights are sent once, then samples and results. A worker that
 * dies, or whose engine fails, is replaced, and the samples of a dead worker are simulated again.
 * @throws {LlifError} UNSUPPORTED if the runtime has no workers; ARGUMENT for a network that cannot be posted to a
 * worker; as `createSimulator`.
 */
export async function pool<const R extends RecordOptions = {}>(
  network: SpikingNetwork,
  options: WorkerPoolOptions<R> = {},
): Promise<SimulatorPool<R>> {
  checkOptions("pool", options, { size: true, engine: true, record: true });
  if (options.size !== undefined) checkInteger("pool: size", options.size, 1, 1024);
  // Checked here, so that the caller gets the error at once instead of from each worker.
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
        checkOptions<PoolRunOptions & RunOptions>("pool.run", options, {
          ticks: true,
          keepState: true,
          firstTick: true,
          signal: true,
        }),
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
          firstTick: true,
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
  /** Samples of the next message; empty at the end. */
  take(): readonly RunInput[];
  total(): number;
  /** Closes an iterable that was not read to its end. */
  end(): void;
}

/** Splits samples into messages, smaller ones towards the end if the length is known. */
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
      // Without a known length, assumes that as many samples remain as were taken.
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

/** Copies a sample, whose arrays the caller may reuse. @throws {LlifError} ARGUMENT if it is not plain data. */
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

/** The run options that are sent to a worker. */
function runOptions(place: string, options: RunOptions): RunOptions {
  if (options.keepState === true || (options.firstTick ?? 0) !== 0)
    throw new LlifError(
      "ARGUMENT",
      `${place}: the workers of a pool share no state; expected keepState false, got true`,
    );
  return options.ticks === undefined ? {} : { ticks: options.ticks };
}
