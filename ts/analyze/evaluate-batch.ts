// Evaluates a batch: every image is decided by the ReLU network, by the spiking network and by the twin.
import { describe } from "../check.ts";
import { sample, type ImageDataset } from "../data/dataset.ts";
import { LlifError } from "../errors.ts";
import type { Result } from "../engine/engine.ts";
import { argmax } from "../relu/forward.ts";
import { rulesOf } from "../spiking/code.ts";
import { isSynchronous } from "../spiking/network.ts";
import type { Contenders } from "./contenders.ts";
import { spikesBetween, spikesOfInputs } from "./encoding.ts";
import type { Evaluation } from "./evaluation.ts";
import { rowOf, runHashes } from "./known.ts";
import { emptyReads, leadOf } from "./per-tick.ts";
import { certifyBatch, Gathered } from "./proofs.ts";
import { joinedParts, runPart } from "./run-part.ts";
import { timed, TwinComparison } from "./twin-comparison.ts";

/**
 * @param targets numbers of ticks after which a decision is read, ascending; with a single one, a run of refined phase is
 * read after each of its ticks too.
 * @param first position of the batch in the whole data set.
 * @returns one evaluation for each target.
 */
export function evaluateBatch(
  contenders: Contenders,
  data: ImageDataset,
  targets: readonly number[],
  first: number,
): Evaluation[] {
  const { network, simulator, certificates, activity, encoder } = contenders;
  const { frames } = rulesOf(network.code);
  const longest = targets[targets.length - 1];
  const perTick =
    frames && targets.length === 1 ? emptyReads(data.count, longest, (certificates?.certifier ?? null) !== null) : null;
  const relu = reluOf(contenders, data, first);
  const twin = TwinComparison.open(contenders, data, first);
  const evaluations = targets.map(
    (target): Writable<Evaluation> => ({
      indices: Uint32Array.from({ length: data.count }, (_, index) => first + index),
      labels: data.labels === null ? null : Uint32Array.from(data.labels),
      reluDecisions: relu.decisions,
      spikingDecisions: new Uint32Array(data.count),
      spikes: new Float64Array(data.count),
      synapticOperations: new Float64Array(data.count),
      additions: new Float64Array(data.count),
      fingerprints: new Uint32Array(data.count),
      twinMismatches: simulator !== null && twin?.has(target) === true ? 0 : null,
      twin: twin?.results ?? null,
      simulated: simulator !== null,
      perTick,
      certified: null,
      earlyDecisions: null,
      activity: null,
      microseconds: { simulation: 0, relu: relu.microseconds, twin: twin?.microseconds ?? null },
    }),
  );
  if (simulator === null) {
    if (twin === null)
      throw new LlifError(
        "UNSUPPORTED",
        `network "${network.name}" has no quantised twin, which exact codes alone have`,
      );
    evaluations[0].spikingDecisions.set(twin.decisionsAfter(longest));
    if (perTick === null || !twin.everyTick) return [{ ...evaluations[0], perTick: null }];
    for (let tick = 1; tick <= longest; tick++)
      twin
        .decisionsAfter(tick)
        .forEach((decision, index) => (perTick.decisions[index * longest + tick - 1] = decision));
    return evaluations;
  }
  // What is read after every tick is proven after every tick: one image at a time, so that memory does not grow.
  const gathered =
    certificates === undefined || perTick !== null ? null : new Gathered(network, certificates, data.count);
  const stops = perTick === null ? targets : Array.from({ length: longest }, (_, tick) => tick + 1);
  for (let index = 0; index < data.count; index++) {
    const image = sample(data, index);
    const encoded = encoder?.encode(image, first + index, longest) ?? { input: image, spikes: null };
    let soFar: Result | null = null;
    const proving =
      certificates === undefined || perTick === null ? null : new Gathered(network, certificates, longest);
    let [done, microseconds] = [0, 0];
    for (const stop of stops) {
      const input =
        encoded.spikes === null || stops.length === 1 || frames
          ? encoded.input
          : { spikes: spikesBetween(encoded.spikes, done, stop) };
      const part = timed(() =>
        isSynchronous(network) ? runPart(simulator, input, stop - done, done > 0) : simulator.run(input),
      );
      done = stop;
      microseconds += part.microseconds;
      const run: Result = soFar === null ? part.value : joinedParts(soFar, part.value);
      soFar = run;
      const decision = argmax(run.logits);
      const { spikes, synapticOperations, additions } = run.statistics;
      // Hashing reads every count, so only where they are compared or kept.
      const hashes = twin?.has(stop) === true ? runHashes(network, run.counts, run.charges) : null;
      const mismatches = hashes === null ? null : (twin?.mismatches(index, stop, run, hashes.all) ?? null);
      if (perTick !== null) {
        const at = index * longest + stop - 1;
        perTick.decisions[at] = decision;
        perTick.leads[at] = leadOf(run.logits, decision);
        perTick.spikes[at] = spikes;
        perTick.synapticOperations[at] = synapticOperations;
        proving?.add(stop - 1, run, image, stop);
        if (mismatches !== null)
          perTick.twinMismatches[stop - 1] = (perTick.twinMismatches[stop - 1] ?? 0) + mismatches;
      }
      const target = targets.indexOf(stop);
      if (target < 0) continue;
      const evaluation = evaluations[target];
      evaluation.spikingDecisions[index] = decision;
      evaluation.spikes[index] = spikes;
      evaluation.synapticOperations[index] = synapticOperations;
      evaluation.additions[index] = additions;
      evaluation.fingerprints[index] = (hashes ?? runHashes(network, run.counts, run.charges)).counts;
      evaluation.microseconds = {
        ...evaluation.microseconds,
        simulation: evaluation.microseconds.simulation + microseconds,
      };
      if (evaluation.twinMismatches !== null) evaluation.twinMismatches += mismatches ?? 0;
      if (target === 0) gathered?.add(index, run, image, stop);
    }
    if (perTick !== null && proving !== null && certificates !== undefined && perTick.certified !== null) {
      const row = index * longest;
      const images = new Uint8Array(longest * image.length);
      for (let tick = 0; tick < longest; tick++) images.set(image, tick * image.length);
      const { certified } = certifyBatch(
        certificates,
        { images, count: longest },
        proving,
        perTick.decisions.subarray(row, row + longest),
      );
      perTick.certified.set(certified ?? [], row);
    }
    const inputSpikes = encoded.spikes === null ? null : spikesOfInputs(encoded.spikes, image.length);
    if (soFar !== null) activity?.add({ ...soFar, inputSpikes }, image, rowOf(relu.kept, index, data.count));
  }
  if (gathered !== null && certificates !== undefined)
    Object.assign(evaluations[0], certifyBatch(certificates, data, gathered, evaluations[0].spikingDecisions));
  if (perTick !== null && perTick.certified !== null)
    evaluations[0].certified = perTick.certified.filter((_, at) => at % longest === longest - 1);
  return evaluations;
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

function decisionsOf(logits: Float32Array, samples: number): Uint32Array {
  const classes = logits.length / samples;
  return Uint32Array.from({ length: samples }, (_, index) =>
    argmax(logits.subarray(index * classes, (index + 1) * classes)),
  );
}
