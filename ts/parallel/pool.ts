import { LlifError, throwIfAborted } from "../errors.ts";
import type { EngineName } from "../engine/create.ts";
import type { BatchOptions, Engine, RecordOptions, Result, RunInput, RunOptions } from "../engine/engine.ts";
import { preloadCore, supportsSimd } from "../engine/load.ts";
import { prepareNetwork, resolveRecording } from "../engine/simulator.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import type { OpenSimulator, RunSamples } from "./serve.ts";
import { Workers } from "./workers.ts";

export interface WorkerPoolOptions<R extends RecordOptions = RecordOptions> {
  /** Workers; default: as many as the machine runs side by side. */
  readonly size?: number;
  /** Default `auto`. */
  readonly engine?: EngineName;
  readonly record?: R;
}

/** A simulator's interface, asynchronous, over several threads. */
export interface SimulatorPool<R extends RecordOptions = RecordOptions> {
  readonly network: SpikingNetwork;
  readonly engine: Engine["name"];
  readonly size: number;
  /** One sample, by whichever worker is free. @throws {DisposedError} after dispose(). */
  run(input: RunInput, options?: Omit<RunOptions, "keepState">, signal?: AbortSignal): Promise<Result<R>>;
  /** Samples shared out among the workers; results in their order. */
  runBatch(inputs: Iterable<RunInput>, options?: Omit<BatchOptions, "keepState">): Promise<Result<R>[]>;
  /** Idempotent; ends the workers. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** Samples of one message at most: enough to hide its cost. */
const largestShare = 32;
/** A message takes one in so many of what is left to each worker, so that all finish together. */
const messagesLeft = 3;

/**
 * Workers with a simulator of `network` each: the weights cross once, then samples and results. A worker that dies is replaced and
 * its samples are simulated again.
 * @throws {LlifError} UNSUPPORTED where the runtime has no workers; as `createSimulator`.
 */
export async function pool<const R extends RecordOptions = {}>(network: SpikingNetwork, options: WorkerPoolOptions<R> = {}): Promise<SimulatorPool<R>> {
  // Refused here, where the message reaches the caller at once, rather than by each worker.
  prepareNetwork(network);
  resolveRecording(network, options.record);
  const first = { kind: "simulator", network, engine: options.engine ?? "auto", record: options.record, wasm: supportsSimd() ? await preloadCore() : null } satisfies OpenSimulator;
  const workers = await Workers.start(options.size, first);

  const ask = async (samples: readonly RunInput[], options: RunOptions, signal: AbortSignal | undefined): Promise<Result<R>[]> =>
    (await workers.ask({ kind: "run", samples, options } satisfies RunSamples, signal)) as Result<R>[];

  return {
    network,
    engine: workers.welcome as Engine["name"],
    size: workers.size,
    async run(input, options = {}, signal) {
      refuseState(options);
      const [result] = await ask([input], options, signal);
      return result;
    },
    async runBatch(inputs, { signal, onProgress, ...options } = {}) {
      refuseState(options);
      throwIfAborted(signal);
      const samples = [...inputs];
      const parts = shares(samples, workers.size);
      let done = 0;
      const results = await Promise.all(
        parts.map(async (part) => {
          const answers = await ask(part, options, signal);
          done += part.length;
          onProgress?.(done, samples.length);
          return answers;
        }),
      );
      return results.flat();
    },
    dispose: () => workers.dispose(),
    [Symbol.dispose]: () => workers.dispose(),
  };
}

/** Ever smaller. */
function shares<Sample>(samples: readonly Sample[], workers: number): Sample[][] {
  const parts: Sample[][] = [];
  for (let first = 0; first < samples.length; first += parts[parts.length - 1].length) {
    const share = Math.min(largestShare, Math.ceil((samples.length - first) / workers / messagesLeft));
    parts.push(samples.slice(first, first + share));
  }
  return parts;
}

function refuseState(options: RunOptions): void {
  if (options.keepState === true) throw new LlifError("ARGUMENT", "pool: its workers share no state; expected keepState false, got true");
}
