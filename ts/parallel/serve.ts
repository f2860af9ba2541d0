import { LlifError } from "../errors.ts";
import type { ImageDataset } from "../data/dataset.ts";
import { evaluateAt } from "../analyze/evaluate.ts";
import { knownPart } from "../analyze/known.ts";
import type { RecordOptions, RunInput, RunOptions, Simulator } from "../engine/engine.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { engineNamed, openContenders, type ContenderChoice, type OpenContenders } from "./contenders.ts";

/** First question of a pool of simulators. */
export interface OpenSimulator {
  readonly kind: "simulator";
  readonly network: SpikingNetwork;
  readonly engine: "wasm" | "reference";
  readonly record?: RecordOptions;
  readonly wasm: WebAssembly.Module | null;
}

export interface RunSamples {
  readonly kind: "run";
  readonly samples: readonly RunInput[];
  readonly options: RunOptions;
}

/** First question of an evaluation. */
export interface OpenEvaluation extends ContenderChoice {
  readonly kind: "evaluation";
}

/** A shard; known results are its own alone. */
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
 * The worker's side: answers one question after the other.
 * @param post sends a message to the page or process that started the worker.
 */
export function serve(post: (message: unknown, transfer: readonly ArrayBuffer[]) => void): (message: unknown) => Promise<void> {
  let simulator: Simulator | undefined;
  let contenders: OpenContenders | undefined;

  const answer = async (asked: Asked): Promise<unknown> => {
    switch (asked.kind) {
      case "simulator":
        simulator = await engineNamed(asked.engine, asked.wasm).createSimulator(asked.network, asked.record === undefined ? {} : { record: asked.record });
        return null;
      case "run": {
        const open = simulator;
        if (open === undefined) throw new LlifError("ENGINE", "worker: asked to run before it had a network");
        return asked.samples.map((sample) => open.run(sample, asked.options));
      }
      case "evaluation":
        contenders = await openContenders(asked);
        return null;
      case "evaluate": {
        if (contenders === undefined) throw new LlifError("ENGINE", "worker: asked to evaluate before it had its networks");
        const { firstSample, ticks, data, known } = asked;
        const { relu, twin } = known;
        return evaluateAt(
          {
            ...contenders.contenders,
            known: {
              ...(relu === undefined ? {} : { relu: knownPart({ decisions: relu.decisions }, relu.microseconds, firstSample) }),
              ...(twin === undefined ? {} : { twin: knownPart({ decisions: twin.decisions, hashes: twin.hashes }, twin.microseconds, firstSample) }),
            },
          },
          data,
          { firstSample, ...(ticks === null ? {} : { ticks }) },
        );
      }
    }
  };

  return async (message) => {
    const asked = message as Asked;
    try {
      const value = await answer(asked);
      post({ id: asked.id, value }, []);
    } catch (cause) {
      const error = cause instanceof LlifError ? cause : new LlifError("ENGINE", `worker: ${cause instanceof Error ? cause.message : String(cause)}`);
      post({ id: asked.id, error: { code: error.code, message: error.message, nodes: error.nodes } }, []);
    }
  };
}
