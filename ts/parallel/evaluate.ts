// An evaluation whose images are shared out among workers.
import { slice, type ImageDataset } from "../data/dataset.ts";
import { mergeEvaluations, type Evaluation } from "../analyze/evaluation.ts";
import type { KnownResults } from "../analyze/known.ts";
import { preloadCore, supportsSimd } from "../engine/load.ts";
import type { ContenderChoice, OpenContenders } from "./contenders.ts";
import type { EvaluateShard, OpenEvaluation } from "./serve.ts";
import { Workers } from "./workers.ts";

export interface ParallelOptions {
  readonly size: number;
  readonly ticks?: readonly number[];
  readonly known?: KnownResults;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Images of a shard: one batch of the passes. */
const shardSize = 64;

/** As `evaluateAt`, with the images shared out among workers: the same evaluations, whatever their number. */
export async function evaluateInWorkers(
  choice: ContenderChoice,
  data: ImageDataset,
  { size, ticks, known = {}, signal, onProgress }: ParallelOptions,
): Promise<{ readonly evaluations: Evaluation[]; readonly engine: OpenContenders["engine"] }> {
  const wasm = supportsSimd() ? await preloadCore() : null;
  const first: OpenEvaluation = { ...choice, kind: "evaluation", wasm };
  const workers = await Workers.start(size, first);
  try {
    let done = 0;
    let firstSample = 0;
    const next = (): EvaluateShard | null => {
      if (firstSample >= data.count) return null;
      const part = slice(data, firstSample, firstSample + shardSize);
      const results = {
        ...(known.relu === undefined ? {} : { relu: known.relu.part(firstSample, part.count) }),
        ...(known.twin === undefined ? {} : { twin: known.twin.part(firstSample, part.count) }),
      };
      const shard: EvaluateShard = { kind: "evaluate", data: part, firstSample, ticks: ticks ?? null, known: results };
      firstSample += part.count;
      return shard;
    };
    const onAnswer = ({ data: part }: EvaluateShard): void => onProgress?.((done += part.count), data.count);
    const parts = (await workers.askAll(next, { signal, onAnswer })) as Evaluation[][];
    const evaluations = parts[0].map((_, index) => mergeEvaluations(parts.map((part) => part[index])));
    return { evaluations, engine: workers.welcome as OpenContenders["engine"] };
  } finally {
    workers.dispose();
  }
}
