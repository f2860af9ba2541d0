import { LlifError, throwIfAborted } from "../errors.ts";
import { sample, slice, type ImageDataset } from "../data/dataset.ts";
import type { Simulator } from "../engine/engine.ts";
import { argmax } from "../relu/forward.ts";
import { outputsOf, populationsOf, type SpikingNetwork } from "../spiking/network.ts";
import { sizeOf } from "../tensor.ts";
import { concatenateEvaluations, type Evaluation } from "./evaluation.ts";

/** The ReLU network beside which the spiking one is judged: outputs of whole batches, shape [samples, outputs]. */
export interface ForwardPass {
  run(batch: Uint8Array, samples: number): { readonly outputs: Readonly<Record<string, Float32Array>> };
}

/** Counts and charges of the quantised twin, by node name, shape [samples, neurons]. */
export interface TwinCounter {
  run(
    counts: Uint8Array,
    samples: number,
  ): { readonly charges: Readonly<Record<string, Int32Array>>; readonly counts: Readonly<Record<string, Uint32Array>> };
}

/** Who decides, and beside whom. */
export interface Contenders {
  readonly network: SpikingNetwork;
  /** Name of the ReLU network's output, as `forward` returns it. */
  readonly reluOutput: string;
  readonly forward: ForwardPass;
  /** Must record counts. Null: the twin itself decides, and nothing is simulated. */
  readonly simulator: Simulator | null;
  /** Null where the network has none (contracts.md §6). It keeps every population. */
  readonly twin: TwinCounter | null;
}

export interface EvaluateOptions {
  /** Index, in the whole data set, of the shard's first sample; default 0. */
  readonly firstSample?: number;
  /** Synchronous networks: ascending numbers of ticks after each of which the decision is read, all in one run. Default: the network's window. */
  readonly ticks?: readonly number[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Samples that the forward pass and the twin take at once, and between which cancelling is looked for. */
const batchSize = 64;

/**
 * Decides every sample of a shard by the ReLU network and by the spiking one. Shards may be evaluated anywhere and merged
 * in any grouping: `mergeEvaluations`.
 * @throws {LlifError} SHAPE if the images do not fit, ABORTED.
 */
export async function evaluate(contenders: Contenders, data: ImageDataset, options: Omit<EvaluateOptions, "ticks"> & { readonly ticks?: number } = {}): Promise<Evaluation> {
  const [evaluation] = await evaluateAt(contenders, data, { ...options, ticks: options.ticks === undefined ? undefined : [options.ticks] });
  return evaluation;
}

/** As `evaluate`, with one evaluation for each entry of `options.ticks`. */
export async function evaluateAt(contenders: Contenders, data: ImageDataset, options: EvaluateOptions = {}): Promise<Evaluation[]> {
  const { network, simulator } = contenders;
  const ticks = options.ticks ?? [network.windowTicks];
  if (sizeOf(data.shape) !== sizeOf(network.input.shape)) {
    throw new LlifError("SHAPE", `data set "${data.name}": expected images of ${sizeOf(network.input.shape)} values for "${network.name}", got [${data.shape.join(",")}]`);
  }
  if (options.ticks !== undefined && (simulator === null || network.schedule !== "synchronous")) {
    throw new LlifError("ARGUMENT", `ticks can be chosen in a simulated synchronous network only; "${network.name}" is ${network.schedule}`);
  }
  const parts: Evaluation[][] = ticks.map(() => []);
  const pauses = pacing();
  for (let first = 0; first < data.count; first += batchSize) {
    throwIfAborted(options.signal);
    const shard = slice(data, first, first + batchSize);
    evaluateBatch(contenders, shard, ticks, (options.firstSample ?? 0) + first).forEach((part, index) => parts[index].push(part));
    options.onProgress?.(first + shard.count, data.count);
    await pauses();
  }
  return parts.map(concatenateEvaluations);
}

function evaluateBatch(contenders: Contenders, data: ImageDataset, ticks: readonly number[], first: number): Evaluation[] {
  const { network, simulator, twin } = contenders;
  const relu = timed(() => contenders.forward.run(data.images, data.count).outputs[contenders.reluOutput]);
  const reluDecisions = decisionsOf(relu.value, data.count);
  const twinRun = twin === null ? null : timed(() => twin.run(data.images, data.count));
  const evaluations = ticks.map((): Evaluation => ({
    indices: Uint32Array.from({ length: data.count }, (_, index) => first + index),
    labels: data.labels === null ? null : Uint32Array.from(data.labels),
    reluDecisions,
    spikingDecisions: new Uint32Array(data.count),
    spikes: new Float64Array(data.count),
    synapticOperations: new Float64Array(data.count),
    fingerprints: new Uint32Array(data.count),
    twinMismatches: simulator === null || twinRun === null ? null : 0,
    simulated: simulator !== null,
    microseconds: { simulation: 0, relu: relu.microseconds, twin: twinRun === null ? null : twinRun.microseconds },
  }));
  if (simulator === null) {
    if (twinRun === null) throw new LlifError("UNSUPPORTED", `network "${network.name}" has no quantised twin (${network.schedule} ${network.code})`);
    evaluations[0].spikingDecisions.set(twinDecisions(network, twinRun.value.charges, data.count));
    return evaluations;
  }
  for (let index = 0; index < data.count; index++) {
    const input = sample(data, index);
    let [spikes, synapticOperations, done] = [0, 0, 0];
    for (const [at, target] of ticks.entries()) {
      const evaluation = evaluations[at] as Writable<Evaluation>;
      const runOptions = network.schedule === "synchronous" ? { ticks: target - done, keepState: at > 0 } : {};
      const { value: result, microseconds } = timed(() => simulator.run(input, runOptions));
      done = target;
      spikes += result.statistics.spikes;
      synapticOperations += result.statistics.synapticOperations;
      evaluation.spikingDecisions[index] = argmax(result.logits);
      evaluation.spikes[index] = spikes;
      evaluation.synapticOperations[index] = synapticOperations;
      evaluation.fingerprints[index] = fingerprint(network, result.counts);
      evaluation.microseconds = { ...evaluation.microseconds, simulation: evaluation.microseconds.simulation + microseconds };
      if (twinRun !== null && evaluation.twinMismatches !== null) {
        evaluation.twinMismatches += mismatches(network, index, twinRun.value.counts, result.counts, populationsOf(network)) + mismatches(network, index, twinRun.value.charges, result.charges, outputsOf(network));
      }
    }
  }
  return evaluations;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Neurons, or outputs, whose simulated number is not the twin's. */
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
      throw new LlifError("ARGUMENT", `network "${network.name}", layer "${name}": expected counts of the twin and of the simulator to compare`, { nodes: [name] });
    }
    for (let neuron = 0; neuron < size; neuron++) if (expected[index * size + neuron] !== actual[neuron]) different++;
  }
  return different;
}

/** FNV-1a over the counts of every population, one word at a time: tells whether two runs gave the same counts. */
function fingerprint(network: SpikingNetwork, counts: Readonly<Record<string, Uint32Array>>): number {
  let hash = 0x811c9dc5;
  for (const { name } of populationsOf(network)) {
    for (const count of counts[name]) hash = Math.imul(hash ^ count, 0x01000193);
  }
  return hash >>> 0;
}

function decisionsOf(logits: Float32Array, samples: number): Uint32Array {
  const classes = logits.length / samples;
  return Uint32Array.from({ length: samples }, (_, index) => argmax(logits.subarray(index * classes, (index + 1) * classes)));
}

function twinDecisions(network: SpikingNetwork, charges: Readonly<Record<string, Int32Array>>, samples: number): Uint32Array {
  const output = outputsOf(network)[0];
  const classes = sizeOf(output.shape);
  return Uint32Array.from({ length: samples }, (_, index) => {
    const logits = Float64Array.from({ length: classes }, (_, k) => charges[output.name][index * classes + k] * output.unit[k % output.unit.length]);
    return argmax(output.rectified ? logits.map((logit) => Math.max(0, logit)) : logits);
  });
}

/** Whole microseconds, so that sums of shards do not depend on their grouping. */
function timed<T>(body: () => T): { readonly value: T; readonly microseconds: number } {
  const start = performance.now();
  const value = body();
  return { value, microseconds: Math.round((performance.now() - start) * 1000) };
}

/** Gives the event loop a turn now and then, so that a signal can be heard and a page stays alive. */
function pacing(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < 50) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    last = performance.now();
  };
}
