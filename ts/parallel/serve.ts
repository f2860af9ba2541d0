// The worker's side of `pool()`: opens networks and answers requests.
import { LlifError } from "../errors.ts";
import type { ImageDataset } from "../data/dataset.ts";
import { evaluateAt } from "../analyze/evaluate.ts";
import { knownPart } from "../analyze/known.ts";
import { createSimulator, type EngineName } from "../engine/create.ts";
import type { RecordOptions, RunInput, RunOptions, Simulator } from "../engine/engine.ts";
import { providePlatform, type Platform } from "../platform.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { twinTicks } from "../spiking/twin-ticks.ts";
import { openContenders, type ContenderChoice, type OpenContenders } from "./contenders.ts";

/** Part of every first question, because a worker has no platform of its own. */
interface First {
  /** The compiled core; null if the runtime cannot run it. */
  readonly wasm: WebAssembly.Module | null;
}

/** First question of a pool of simulators; the answer is the engine's name. */
export interface OpenSimulator extends First {
  readonly kind: "simulator";
  readonly network: SpikingNetwork;
  readonly engine: EngineName;
  readonly record?: RecordOptions;
}

export interface RunSamples {
  readonly kind: "run";
  readonly samples: readonly RunInput[];
  readonly options: RunOptions;
}

/** First question of an evaluation; the answer is the name of the engine or twin. */
export interface OpenEvaluation extends ContenderChoice, First {
  readonly kind: "evaluation";
}

/** A shard of an evaluation, with the known results of its own samples. */
export interface EvaluateShard {
  readonly kind: "evaluate";
  readonly data: ImageDataset;
  readonly firstSample: number;
  readonly ticks: readonly number[] | null;
  readonly known: {
    readonly relu?: { readonly decisions: Uint32Array; readonly microseconds: number };
    readonly twin?: { readonly decisions: Uint32Array; readonly hashes: Float64Array; readonly microseconds: number };
  };
}

type Asked = (OpenSimulator | RunSamples | OpenEvaluation | EvaluateShard) & { readonly id: number };

/**
 * Answers one question after the other.
 * @param post sends a message to the thread that started the worker.
 * @param provide receives the core from the first question.
 */
export function serve(
  post: (message: unknown, transfer: readonly ArrayBuffer[]) => void,
  provide: (platform: Platform) => void = providePlatform,
): (message: unknown) => Promise<void> {
  let simulator: Simulator | undefined;
  let contenders: OpenContenders | undefined;

  const answer = async (asked: Asked): Promise<unknown> => {
    switch (asked.kind) {
      case "simulator":
        provideCore(asked, provide);
        simulator = await createSimulator(asked.network, { engine: asked.engine, record: asked.record });
        return simulator.engine;
      case "run": {
        const open = simulator;
        if (open === undefined) throw new LlifError("ENGINE", "worker: asked to run before it had a network");
        return asked.samples.map((sample) => open.run(sample, asked.options));
      }
      case "evaluation":
        provideCore(asked, provide);
        contenders = await openContenders(asked);
        return contenders.engine;
      case "evaluate": {
        if (contenders === undefined)
          throw new LlifError("ENGINE", "worker: asked to evaluate before it had its networks");
        const { firstSample, ticks, data, known } = asked;
        const { relu, twin } = known;
        return evaluateAt(
          {
            ...contenders.contenders,
            known: {
              ...(relu === undefined
                ? {}
                : { relu: knownPart({ decisions: relu.decisions }, relu.microseconds, firstSample) }),
              ...(twin === undefined
                ? {}
                : {
                    twin: knownPart(
                      { decisions: twin.decisions, hashes: twin.hashes },
                      twin.microseconds,
                      firstSample,
                      twinTicks(contenders.contenders.network).length,
                    ),
                  }),
            },
          },
          data,
          { firstSample, ...(ticks === null ? {} : { ticks }) },
        );
      }
    }
  };

  const reply = async (asked: Asked): Promise<void> => {
    try {
      const value = await answer(asked);
      post({ id: asked.id, value }, asked.kind === "run" ? [...largeBuffers(value)] : []);
    } catch (cause) {
      const error =
        cause instanceof LlifError
          ? cause
          : new LlifError("ENGINE", `worker: ${cause instanceof Error ? cause.message : String(cause)}`);
      post({ id: asked.id, error: { code: error.code, message: error.message, nodes: error.nodes } }, []);
    }
  };

  // A question may arrive while the previous one is still being answered.
  let last = Promise.resolve();
  return (message) => (last = last.then(() => reply(message as Asked)));
}

function provideCore({ wasm }: First, provide: (platform: Platform) => void): void {
  if (wasm !== null) provide({ wasmBytes: () => wasm });
}

/** Below this many bytes, copying a buffer is cheaper than transferring it. */
const worthMoving = 4096;

/** Large buffers of results, which are transferred instead of copied. */
function largeBuffers(value: unknown, found = new Set<ArrayBuffer>()): Set<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer && value.buffer.byteLength >= worthMoving) found.add(value.buffer);
  } else if (typeof value === "object" && value !== null) {
    for (const part of Object.values(value)) largeBuffers(part, found);
  }
  return found;
}
