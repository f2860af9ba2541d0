// Splits an evaluation over workers.
import { slice, type ImageDataset } from "../data/dataset.ts";
import { mergeEvaluations, type Evaluation } from "../analyze/evaluation.ts";
import type { KnownResults } from "../analyze/known.ts";
import { preloadCore, supportsSimd } from "../engine/load.ts";
import { currentPlatform } from "../platform.ts";
import { shapeOf, type SpikingNetwork, isSynchronous } from "../spiking/network.ts";
import { synapseRules } from "../spiking/synapses/kinds.ts";
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

/** Images of a shard: one batch of the passes, or fewer where each worker would get no more than a few shards. */
const [smallestShard, largestShard] = [8, 64];
const shardsOfWorker = 4;

/** Synapses that one thread takes, through both networks and the twin, in the time that it takes to start a worker. */
const synapsesOfStart = 2 ** 29;

/** A synchronous tick takes about so much of what the passes and a layerwise window take. */
const shareOfTick = 1 / 8;

/** As many threads as run side by side, but no more than have longer to work than to start. 1: this thread alone. */
export function workersFor(network: SpikingNetwork, samples: number, ticks = network.windowTicks): number {
  const { spawnWorker, parallelism } = currentPlatform();
  if (spawnWorker === undefined) return 1;
  const inTicks = isSynchronous(network) ? Math.max(1, ticks * shareOfTick) : 1;
  const worthStarting = Math.floor((pairsOf(network) * inTicks * samples) / synapsesOfStart);
  return Math.max(1, Math.min(parallelism?.() ?? 1, worthStarting, Math.ceil(samples / smallestShard)));
}

/** Pairs of a source and a target, roughly: as if nothing were padded. */
function pairsOf(network: SpikingNetwork): number {
  return network.synapses.reduce(
    (sum, synapse) => sum + synapseRules(synapse).pairs(synapse, shapeOf(network, synapse.to)),
    0,
  );
}

/** Like `evaluateAt`, with the images split over workers; the result does not depend on their number. */
export async function evaluateInWorkers(
  choice: ContenderChoice,
  data: ImageDataset,
  { size, ticks, known = {}, signal, onProgress }: ParallelOptions,
): Promise<{ readonly evaluations: Evaluation[]; readonly engine: OpenContenders["engine"] }> {
  const wasm = supportsSimd() ? await preloadCore() : null;
  const first: OpenEvaluation = { ...choice, kind: "evaluation", wasm };
  const workers = await Workers.start(size, first);
  const share = Math.ceil(data.count / (size * shardsOfWorker));
  const shardSize = Math.min(largestShard, Math.max(smallestShard, share));
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
