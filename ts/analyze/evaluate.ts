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
  describe,
  type OptionKeys,
} from "../check.ts";
import { LlifError, throwIfAborted } from "../errors.ts";
import { requireDataset, sample, slice, type ImageDataset } from "../data/dataset.ts";
import type { Result } from "../engine/engine.ts";
import { argmax } from "../relu/forward.ts";
import { outputsOf, populationsOf, type SpikingNetwork, isSynchronous } from "../spiking/network.ts";
import { sizeOf } from "../tensor.ts";
import { spikesBetween, spikesOfInputs } from "./encoding.ts";
import { concatenateEvaluations, type Evaluation } from "./evaluation.ts";
import { digestedResults, runHashes, twinResults, type TwinResults } from "./known.ts";
import { certifyBatch, Gathered } from "./proofs.ts";
import type { TwinCounter, Contenders } from "./contenders.ts";
import { runPart } from "./run-part.ts";

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

function evaluateBatch(
  contenders: Contenders,
  data: ImageDataset,
  ticks: readonly number[],
  first: number,
): Evaluation[] {
  const { network, simulator, certificates, activity, encoder } = contenders;
  const longest = ticks[ticks.length - 1];
  const relu = reluOf(contenders, data, first);
  const twin = twinOf(contenders, data, first);
  const evaluations = ticks.map(
    (target): Writable<Evaluation> => ({
      indices: Uint32Array.from({ length: data.count }, (_, index) => first + index),
      labels: data.labels === null ? null : Uint32Array.from(data.labels),
      reluDecisions: relu.decisions,
      spikingDecisions: new Uint32Array(data.count),
      spikes: new Float64Array(data.count),
      synapticOperations: new Float64Array(data.count),
      additions: new Float64Array(data.count),
      fingerprints: new Uint32Array(data.count),
      twinMismatches: simulator === null || twin === null || !endsWindow(network, target) ? null : 0,
      twin: twin === null ? null : { decisions: twin.decisions, hashes: twin.hashes },
      simulated: simulator !== null,
      certified: null,
      earlyDecisions: null,
      activity: null,
      microseconds: { simulation: 0, relu: relu.microseconds, twin: twin === null ? null : twin.microseconds },
    }),
  );
  if (simulator === null) {
    if (twin === null)
      throw new LlifError(
        "UNSUPPORTED",
        `network "${network.name}" has no quantised twin, which exact codes alone have`,
      );
    evaluations[0].spikingDecisions.set(twin.decisions);
    return evaluations;
  }
  const gathered = certificates === undefined ? null : new Gathered(network, certificates, data.count);
  const { frames } = rulesOf(network.code);
  for (let index = 0; index < data.count; index++) {
    const image = sample(data, index);
    const encoded = encoder?.encode(image, first + index, longest) ?? { input: image, spikes: null };
    let [spikes, synapticOperations, additions, done] = [0, 0, 0, 0];
    let counts: Result["counts"] = {};
    for (const [at, target] of ticks.entries()) {
      const evaluation = evaluations[at];
      const part =
        encoded.spikes === null || ticks.length === 1 || frames
          ? encoded.input
          : { spikes: spikesBetween(encoded.spikes, done, target) };
      const { value: result, microseconds } = timed(() =>
        isSynchronous(network) ? runPart(simulator, part, target - done, at > 0) : simulator.run(part),
      );
      done = target;
      spikes += result.statistics.spikes;
      synapticOperations += result.statistics.synapticOperations;
      additions += result.statistics.additions;
      counts = at === 0 ? result.counts : addedCounts(counts, result.counts);
      const hashes = runHashes(network, result.counts, result.charges);
      evaluation.spikingDecisions[index] = argmax(result.logits);
      evaluation.spikes[index] = spikes;
      evaluation.synapticOperations[index] = synapticOperations;
      evaluation.additions[index] = additions;
      evaluation.fingerprints[index] = hashes.counts;
      evaluation.microseconds = {
        ...evaluation.microseconds,
        simulation: evaluation.microseconds.simulation + microseconds,
      };
      if (
        twin !== null &&
        evaluation.twinMismatches !== null &&
        (at === 0 ? hashes : runHashes(network, counts, result.charges)).all !== twin.hashes[index]
      ) {
        const exact = twin.run(index);
        evaluation.twinMismatches +=
          mismatches(network, exact.index, exact.counts, counts, populationsOf(network)) +
          mismatches(network, exact.index, exact.charges, result.charges, outputsOf(network));
      }
      if (at === 0) gathered?.add(index, result, image, target);
      const inputSpikes = encoded.spikes === null ? null : spikesOfInputs(encoded.spikes, image.length);
      activity?.add({ ...result, inputSpikes }, image, rowsOf(relu.kept, index, data.count));
    }
  }
  if (gathered !== null && certificates !== undefined)
    Object.assign(evaluations[0], certifyBatch(certificates, data, gathered, evaluations[0].spikingDecisions));
  return evaluations;
}

/** Signed rate equals its twin once all constant current of its window has arrived (T8). */
function endsWindow(network: SpikingNetwork, ticks: number): boolean {
  return !isSynchronous(network) || ticks === network.windowTicks;
}

/** Adds the counts of the parts of a run. */
function addedCounts(before: Result["counts"], more: Result["counts"]): Result["counts"] {
  return Object.fromEntries(
    Object.entries(more).map(([name, counts]) => [
      name,
      counts.map((count: number, neuron: number) => count + before[name][neuron]),
    ]),
  );
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Decisions of the float network, known or computed here. */
function reluOf({ known, forward, reluOutput, activity }: Contenders, data: ImageDataset, first: number) {
  if (known?.relu !== undefined && activity === undefined) return { ...known.relu.part(first, data.count), kept: {} };
  const { value, microseconds } = timed(() => forward.run(data.images, data.count));
  const outputs = value.outputs[reluOutput];
  if (outputs === undefined)
    throw new LlifError(
      "ARGUMENT",
      `evaluate: reluOutput: expected one of ${Object.keys(value.outputs).join(", ")}, got ${describe(reluOutput)}`,
    );
  return { decisions: decisionsOf(outputs, data.count), microseconds, kept: value.kept ?? {} };
}

/** Decisions and hashes of the twin, known or computed here; `run` returns the counts of one sample of the batch. */
function twinOf(
  { known, twin, network }: Contenders,
  data: ImageDataset,
  first: number,
):
  | (TwinResults & {
      readonly microseconds: number;
      run(index: number): ReturnType<TwinCounter["run"]> & { readonly index: number };
    })
  | null {
  if (twin === null) return null;
  const run = (index: number) => ({ ...twin.run(sample(data, index), 1), index: 0 });
  if (known?.twin !== undefined) return { ...known.twin.part(first, data.count), run };
  const { digest } = twin;
  if (digest !== undefined) {
    const { value, microseconds } = timed(() => digest(data.images, data.count));
    return { ...digestedResults(network, value, data.count), microseconds, run };
  }
  const { value, microseconds } = timed(() => twin.run(data.images, data.count));
  return { ...twinResults(network, value, data.count), microseconds, run: (index) => ({ ...value, index }) };
}

/** Number of counts and charges that differ from the twin's. */
function mismatches(
  network: SpikingNetwork,
  index: number,
  twin: Readonly<Record<string, ArrayLike<number>>>,
  simulated: Readonly<Record<string, ArrayLike<number>>>,
  nodes: readonly { readonly name: string; readonly shape: readonly number[] }[],
): number {
  let different = 0;
  for (const { name, shape } of nodes) {
    const size = sizeOf(shape);
    const [expected, actual] = [twin[name], simulated[name]];
    if (expected === undefined || actual?.length !== size) {
      throw new LlifError(
        "ARGUMENT",
        `network "${network.name}", layer "${name}": expected counts of the twin and of the simulator to compare`,
        { nodes: [name] },
      );
    }
    for (let neuron = 0; neuron < size; neuron++) if (expected[index * size + neuron] !== actual[neuron]) different++;
  }
  return different;
}

function decisionsOf(logits: Float32Array, samples: number): Uint32Array {
  const classes = logits.length / samples;
  return Uint32Array.from({ length: samples }, (_, index) =>
    argmax(logits.subarray(index * classes, (index + 1) * classes)),
  );
}

function rowsOf(
  values: Readonly<Record<string, Float32Array>>,
  index: number,
  samples: number,
): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(values).map(([name, all]) => [
      name,
      all.subarray((index * all.length) / samples, ((index + 1) * all.length) / samples),
    ]),
  );
}

/** Whole microseconds, so that sums over shards do not depend on their grouping. */
function timed<T>(body: () => T): { readonly value: T; readonly microseconds: number } {
  const start = performance.now();
  const value = body();
  return { value, microseconds: Math.round((performance.now() - start) * 1000) };
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
