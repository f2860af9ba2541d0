// From a model and options to a mapped network: calibrates, chooses bits, maps and prepares the evaluation.
import { rulesOf } from "../spiking/code.ts";
import { LlifError, throwIfAborted } from "../errors.ts";
import { contentHash, slice, type ImageDataset } from "../data/dataset.ts";
import { activityMeter } from "../analyze/activity.ts";
import { energyReport } from "../analyze/energy.ts";
import type { EncodingChoice } from "../analyze/encoding.ts";
import { evaluateAt, type EvaluateOptions } from "../analyze/evaluate.ts";
import type { Evaluation } from "../analyze/evaluation.ts";
import { certificateReport, reportEvaluation, type EvaluationReport } from "../analyze/evaluation-report.ts";
import type { KnownResults } from "../analyze/known.ts";
import { openContenders, type ContenderChoice } from "../parallel/contenders.ts";
import { evaluateInWorkers, workersFor } from "../parallel/evaluate.ts";
import { toSpiking } from "../mapping/to-spiking.ts";
import type { ReluNetwork } from "../relu/network.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { collectWarnings } from "../warn.ts";
import { calibrationFor, countOverlap, isImagenet, isKnownDataset, openData, takeImages } from "./data-files.ts";
import { withCalibration } from "./calibrate.ts";
import type { Io } from "./io.ts";
import { requireRelu, type OpenModel } from "./model-file.ts";
import { describeChoice, type DataFlags, type EngineChoice, type MappingChoice, type MappingFlags } from "./options.ts";
import { openResultCache, type ResultCache } from "./result-cache.ts";
import { formatCount } from "./text.ts";
import type { Calibration } from "./calibrate.ts";

/** Images that `--bits auto` uses, in addition to the images of the scales. */
export const heldOutImages = 1000;

/**
 * Images for the scales: the set given by `--calibration`, or the training split of the known data set in use
 * (ImageNet: the half that is not evaluated).
 * @returns null if the scales need no images.
 * @throws {LlifError} ARGUMENT if there is nothing to calibrate on.
 */
export async function openCalibration(
  flags: MappingFlags & { readonly cache?: boolean },
  choice: MappingChoice,
  evaluated: Pick<DataFlags, "data" | "split"> | undefined,
  model: ReluNetwork,
  io: Io,
): Promise<Calibration | null> {
  if (choice.scales === "analytic") return null;
  const own = evaluated === undefined ? null : calibrationFor(evaluated);
  const name = flags.calibration ?? own?.data;
  if (name === undefined) {
    throw new LlifError(
      "ARGUMENT",
      `--scales ${choice.scales}: expected --calibration <set>, images that the activation scales are taken from; a few hundred that are like those to come, without labels`,
    );
  }
  const split = own !== null && isImagenet(name) ? own.split : "train";
  const all = await openData({ data: name, split }, model, io);
  const wanted = flags.calibrationImages ?? 1000;
  const cached = flags.cache !== false;
  if (choice.automatic !== true) return { name, images: takeImages(all, wanted, flags.seed), heldOut: null, cached };
  // The images for the scales do not depend on the held-out ones, so that a manifest reproduces.
  const taken = takeImages(all, wanted + heldOutImages, flags.seed);
  const used = taken.count > wanted ? wanted : Math.ceil(taken.count * 0.8);
  return {
    name,
    images: slice(taken, 0, used),
    heldOut: used < taken.count ? slice(taken, used, taken.count) : null,
    cached,
  };
}

/** Maps a ReLU network. */
export async function convert(
  model: ReluNetwork,
  choice: MappingChoice,
  calibration: Calibration | null,
  io: Io,
): Promise<SpikingNetwork> {
  throwIfAborted(io.signal);
  io.progress(`mapping ${model.name} to ${describeChoice(choice)}`);
  // The summary repeats these warnings where it is shown.
  const heard = collectWarnings(() => undefined);
  const network = await withCalibration(model, choice.scales, calibration, io, (scaling) =>
    toSpiking(model, { ...choice, ...scaling, signal: io.signal }),
  ).finally(heard);
  io.progress("");
  return network;
}

/** Optional parts of an evaluation. */
export interface Extras {
  /** Certificates C1 to C3. */
  readonly certify?: boolean;
  /** Activity and estimated energy. */
  readonly energy?: boolean;
  /** Input encoding; default: constant current. */
  readonly encoding?: EncodingChoice;
  /** Whether the simulation is not compared with a twin. */
  readonly alone?: boolean;
  /** Threads; default: as many as the machine can run at once and the images are worth. 1: the current one. */
  readonly workers?: number;
}

/** Evaluations of one model on one data set, which share passes and caches. */
export class Evaluator {
  readonly model: OpenModel;
  readonly data: ImageDataset;
  readonly dataName: string;
  readonly #cache: ResultCache | null;
  readonly #io: Io;

  private constructor(model: OpenModel, data: ImageDataset, dataName: string, cache: ResultCache | null, io: Io) {
    this.model = model;
    this.data = data;
    this.dataName = dataName;
    this.#cache = cache;
    this.#io = io;
  }

  static async open(model: OpenModel, flags: DataFlags, io: Io): Promise<Evaluator> {
    requireRelu(model);
    const all = await openData(flags, model.relu, io);
    const data = flags.limit === undefined ? all : slice(all, 0, flags.limit);
    const cache = flags.cache === false ? null : await openResultCache(model, data);
    return new Evaluator(model, data, isKnownDataset(flags.data) ? flags.data : data.name, cache, io);
  }

  /** The same model on other images, without kept results. */
  on(data: ImageDataset): Evaluator {
    return new Evaluator(this.model, data, data.name, null, this.#io);
  }

  /** @throws {LlifError} DATA if an image is used for calibration and evaluation; only a warning if that is allowed. */
  refuseOverlap(calibration: Pick<Calibration, "images"> | null, allowed: boolean): number {
    if (calibration === null) return 0;
    const overlap = countOverlap(calibration.images, this.data);
    if (overlap === 0) return 0;
    const message = `${formatCount(overlap)} of ${formatCount(this.data.count)} evaluated images are also calibration images`;
    if (!allowed) throw new LlifError("DATA", `${message}: choose other images, or say --allow-overlap`);
    this.#io.err(`warning: ${message}`);
    return overlap;
  }

  async evaluate(
    network: SpikingNetwork,
    engine: EngineChoice,
    ticks?: number,
    extras: Extras = {},
  ): Promise<{ readonly evaluation: Evaluation; readonly report: EvaluationReport }> {
    const [result] = await this.#run(network, engine, ticks === undefined ? undefined : [ticks], extras);
    return result;
  }

  /** For synchronous networks: one run, read after each number of ticks. */
  async evaluateAt(
    network: SpikingNetwork,
    engine: EngineChoice,
    ticks: readonly number[],
    extras: Pick<Extras, "workers"> = {},
  ): Promise<EvaluationReport[]> {
    return (await this.#run(network, engine, ticks, extras)).map(({ report }) => report);
  }

  async #run(
    network: SpikingNetwork,
    engineChoice: EngineChoice,
    ticks: readonly number[] | undefined,
    extras: Extras,
  ) {
    const io = this.#io;
    const { relu } = this.model;
    const known = (await this.#cache?.find(network)) ?? {};
    const encoding = extras.encoding ?? { encoding: "constant", seed: 0 };
    const choice: ContenderChoice = {
      relu,
      network,
      encoding,
      engine: engineChoice,
      certify: extras.certify === true,
      energy: extras.energy === true,
      reluKnown: known.relu !== undefined,
      alone: extras.alone === true,
    };
    const start = performance.now();
    const onProgress = (done: number, total: number) =>
      io.progress(progressLine(network, done, total, (performance.now() - start) / 1000));
    const options = { signal: io.signal, onProgress, ...(ticks === undefined ? {} : { ticks }) };
    const workers = extras.workers ?? workersFor(network, this.data.count, ticks?.at(-1));
    const { evaluations, engine } =
      workers > 1
        ? await evaluateInWorkers(choice, this.data, { ...options, size: workers, known })
        : await evaluateHere(choice, known, this.data, options);
    io.progress("");
    await this.#cache?.keep(network, evaluations[0]);
    return evaluations.map((evaluation, index) => ({
      evaluation,
      report: this.#report(evaluation, network, engine, ticks?.[index], extras),
    }));
  }

  #report(
    evaluation: Evaluation,
    network: SpikingNetwork,
    engine: EvaluationReport["engine"],
    ticks: number | undefined,
    { certify, energy, encoding }: Extras,
  ): EvaluationReport {
    const { relu } = this.model;
    const comparedWith = this.model.spiking === undefined ? "model" : "toRelu";
    const report = reportEvaluation(evaluation, {
      network,
      model: this.model.name,
      data: this.dataName,
      split: this.data.split,
      engine,
      comparedWith,
      ticks,
    });
    return {
      ...report,
      ...(certify === true ? { certificates: certificateReport(evaluation, network, report.windowTicks) } : {}),
      ...(energy === true && evaluation.activity !== null
        ? {
            energy: energyReport(
              network,
              relu,
              activityMeter(network, relu, encoding !== undefined && encoding.encoding !== "constant"),
              evaluation.activity,
              ticks,
            ),
          }
        : {}),
    };
  }

  dataHash(): Promise<string> {
    return contentHash(this.data);
  }
}

/** Evaluates in this thread. */
async function evaluateHere(
  choice: ContenderChoice,
  known: KnownResults,
  data: ImageDataset,
  options: EvaluateOptions,
): ReturnType<typeof evaluateInWorkers> {
  const { contenders, engine, dispose } = await openContenders(choice);
  try {
    return { evaluations: await evaluateAt({ ...contenders, known }, data, options), engine };
  } finally {
    dispose();
  }
}

function progressLine(network: SpikingNetwork, done: number, total: number, seconds: number): string {
  const left = done === 0 ? "" : `, ${Math.ceil((seconds / done) * (total - done))} s left`;
  return `${network.name} (${rulesOf(network.code).flags.code}): ${formatCount(done)} of ${formatCount(total)} images${left}`;
}
