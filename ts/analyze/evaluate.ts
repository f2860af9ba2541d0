// Runs the ReLU network, the spiking network and the twin on images and records every decision.
import { rulesOf } from "../spiking/code.ts";
import { requireSpikingNetwork } from "../spiking/check.ts";
import {
  checkArray,
  checkFunction,
  checkInteger,
  checkName,
  checkObject,
  checkOptions,
  checkSignal,
  type OptionKeys,
} from "../check.ts";
import { LlifError, throwIfAborted } from "../errors.ts";
import { requireDataset, slice, type ImageDataset } from "../data/dataset.ts";
import { type SpikingNetwork, isSynchronous } from "../spiking/network.ts";
import { sizeOf } from "../tensor.ts";
import type { Contenders } from "./contenders.ts";
import { evaluateBatch } from "./evaluate-batch.ts";
import { concatenateEvaluations, type Evaluation } from "./evaluation.ts";

export interface EvaluateOptions {
  /** Index, in the whole data set, of the shard's first sample; default 0. */
  readonly firstSample?: number;
  /**
   * Synchronous networks: ascending numbers of ticks after which the decision is read, all in one run. Default: the
   * network's window.
   */
  readonly ticks?: readonly number[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Most samples per batch of the passes. Cancellation is checked between batches. */
const largestBatch = 64;
/** Samples that a pass computes side by side; fewer would not be faster. */
const smallestBatch = 8;
/** Most counts per batch, to limit memory. */
const countsPerBatch = 2 ** 24;

/**
 * Decides every sample of a shard by the ReLU network and by the spiking network. Shards can be evaluated anywhere and
 * merged in any grouping: `mergeEvaluations`.
 * @throws {LlifError} SHAPE if the images do not fit, ABORTED.
 */
export async function evaluate(
  contenders: Contenders,
  data: ImageDataset,
  options: Omit<EvaluateOptions, "ticks"> & { readonly ticks?: number } = {},
): Promise<Evaluation> {
  checkOptions("evaluate", options, { firstSample: true, ticks: true, signal: true, onProgress: true });
  if (options.ticks !== undefined) checkInteger("evaluate: ticks", options.ticks, 1, 2 ** 24);
  const [evaluation] = await evaluateAt(contenders, data, {
    ...options,
    ticks: options.ticks === undefined ? undefined : [options.ticks],
  });
  return evaluation;
}

const contenderKeys: OptionKeys<Contenders> = {
  network: true,
  reluOutput: true,
  forward: true,
  simulator: true,
  twin: true,
  known: true,
  certificates: true,
  activity: true,
  encoder: true,
};

function checkContenders(contenders: Contenders): void {
  const { network, reluOutput, forward, simulator, twin, known, certificates, activity, encoder } = checkOptions(
    "evaluate: contenders",
    contenders,
    contenderKeys,
  );
  requireSpikingNetwork("evaluate: network", network);
  checkName("evaluate: reluOutput", reluOutput);
  checkFunction("evaluate: forward: run", checkObject("evaluate: forward", forward).run);
  if (simulator !== null) checkFunction("evaluate: simulator: run", checkObject("evaluate: simulator", simulator).run);
  if (twin !== null) checkFunction("evaluate: twin: run", checkObject("evaluate: twin", twin).run);
  if (known !== undefined) checkObject("evaluate: known", known);
  if (certificates !== undefined)
    checkArray(
      "evaluate: certificates: correspondences",
      checkObject("evaluate: certificates", certificates).correspondences,
    );
  if (activity !== undefined) checkFunction("evaluate: activity: add", checkObject("evaluate: activity", activity).add);
  if (encoder !== undefined)
    checkFunction("evaluate: encoder: encode", checkObject("evaluate: encoder", encoder).encode);
}

/** Like `evaluate`, with one evaluation per entry of `options.ticks`. */
export async function evaluateAt(
  contenders: Contenders,
  data: ImageDataset,
  options: EvaluateOptions = {},
): Promise<Evaluation[]> {
  checkContenders(contenders);
  requireDataset("evaluate: data", data);
  const { firstSample, signal, onProgress } = checkOptions("evaluate", options, {
    firstSample: true,
    ticks: true,
    signal: true,
    onProgress: true,
  });
  if (firstSample !== undefined) checkInteger("evaluate: firstSample", firstSample, 0);
  checkSignal("evaluate: signal", signal);
  if (onProgress !== undefined) checkFunction("evaluate: onProgress", onProgress);
  const { network, simulator } = contenders;
  const ticks = options.ticks ?? [network.windowTicks];
  for (const count of checkArray<number>("evaluate: ticks", ticks)) checkInteger("evaluate: ticks", count, 1, 2 ** 24);
  if (sizeOf(data.shape) !== sizeOf(network.input.shape)) {
    throw new LlifError(
      "SHAPE",
      `data set "${data.name}": expected images of ${sizeOf(network.input.shape)} values for "${network.name}", got [${data.shape.join(",")}]`,
    );
  }
  if ((network.input.counts?.minimum ?? 0) < 0) {
    throw new LlifError(
      "ARGUMENT",
      `data set "${data.name}": expected a network of images, but "${network.name}" was mapped from float inputs, of which bytes are none`,
    );
  }
  const { settles, flags } = rulesOf(network.code);
  if (settles) {
    throw new LlifError(
      "UNSUPPORTED",
      `network "${network.name}": it settles, so that every sample has a latency of its own, which evaluations do not tell yet; map it without settles, or run its samples one by one`,
    );
  }
  if (options.ticks !== undefined && (simulator === null || !isSynchronous(network))) {
    throw new LlifError(
      "ARGUMENT",
      `ticks can be chosen in a simulated synchronous network only; "${network.name}" is ${flags.schedule}`,
    );
  }
  if (contenders.activity !== undefined && (simulator === null || ticks.length > 1)) {
    throw new LlifError("ARGUMENT", `activity of "${network.name}": expected a simulation with one number of ticks`);
  }
  contenders.activity?.reset();
  const parts: Evaluation[][] = ticks.map(() => []);
  const pauses = pacing();
  const batch = batchSizeFor(network);
  for (let first = 0; first < data.count; first += batch) {
    throwIfAborted(options.signal);
    const shard = slice(data, first, first + batch);
    evaluateBatch(contenders, shard, ticks, (options.firstSample ?? 0) + first).forEach((part, index) =>
      parts[index].push(part),
    );
    options.onProgress?.(first + shard.count, data.count);
    await pauses();
  }
  const [evaluation, ...others] = parts.map(concatenateEvaluations);
  return [
    contenders.activity === undefined ? evaluation : { ...evaluation, activity: contenders.activity.sums() },
    ...others,
  ];
}

function batchSizeFor(network: SpikingNetwork): number {
  const neurons = network.nodes.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return Math.min(largestBatch, Math.max(smallestBatch, Math.floor(countsPerBatch / neurons)));
}

/** Yields to the event loop regularly, so that a signal is noticed and a page stays responsive. */
function pacing(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < 50) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    last = performance.now();
  };
}
