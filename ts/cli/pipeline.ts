import { LlifError, throwIfAborted } from "../errors.ts";
import { contentHash, slice, type ImageDataset } from "../data/dataset.ts";
import { activityMeter, type ActivityMeter } from "../analyze/activity.ts";
import { energyReport } from "../analyze/energy.ts";
import { evaluateAt, type Certificates, type Contenders } from "../analyze/evaluate.ts";
import { certificateReport, reportEvaluation, type Evaluation, type EvaluationReport } from "../analyze/evaluation.ts";
import { resolveEngine } from "../engine/create.ts";
import { createFloatPass, createTwinPass, type FloatPass, type TwinPass } from "../engine/passes.ts";
import { correspondences, wholeNodes } from "../mapping/activations.ts";
import { createCertifier } from "../mapping/certificate.ts";
import { lastWindow } from "../mapping/last-window.ts";
import { toSpiking } from "../mapping/to-spiking.ts";
import type { ReluNetwork } from "../relu/network.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { countOverlap, isKnownDataset, openData, takeImages } from "./data-files.ts";
import { withCalibration } from "./calibrate.ts";
import type { Io } from "./io.ts";
import type { OpenModel } from "./model-file.ts";
import { describeChoice, type DataFlags, type EngineChoice, type MappingChoice, type MappingFlags } from "./options.ts";
import { openResultCache, type ResultCache } from "./result-cache.ts";
import { formatCount } from "./text.ts";

export interface Calibration {
  readonly name: string;
  readonly images: ImageDataset;
  /** Images of the same set that serve for no scale, to choose the bits by; null unless `--bits auto` asks for them. */
  readonly heldBack: ImageDataset | null;
}

/** Images beyond those of the scales that `--bits auto` decides. */
const heldBackImages = 1000;

/**
 * Images for the scales: those asked for, else the training split of the known data set in use.
 * @returns null where the scales need none.
 * @throws {LlifError} ARGUMENT where there is nothing to calibrate on.
 */
export async function openCalibration(flags: MappingFlags, choice: MappingChoice, data: string | undefined, model: ReluNetwork, io: Io): Promise<Calibration | null> {
  if (choice.scales === "analytic") return null;
  const name = flags.calibration ?? (data !== undefined && isKnownDataset(data) ? data : undefined);
  if (name === undefined) {
    throw new LlifError("ARGUMENT", `--scales ${choice.scales}: expected --calibration <set>, images that the activation scales are taken from; or --scales analytic, which needs none`);
  }
  const all = await openData({ data: name, split: "train" }, model, io);
  const wanted = flags.calibrationImages ?? 1000;
  if (choice.automatic !== true) return { name, images: takeImages(all, wanted, flags.seed), heldBack: null };
  // The first images are the same as without the held-back ones, so that a manifest reproduces.
  const taken = takeImages(all, wanted + heldBackImages, flags.seed);
  const used = taken.count > wanted ? wanted : Math.ceil(taken.count * 0.8);
  return { name, images: slice(taken, 0, used), heldBack: used < taken.count ? slice(taken, used, taken.count) : null };
}

/** Maps a ReLU network as chosen. */
export async function convert(model: ReluNetwork, choice: MappingChoice, calibration: Calibration | null, io: Io): Promise<SpikingNetwork> {
  throwIfAborted(io.signal);
  io.progress(`mapping ${model.name} to ${describeChoice(choice)}`);
  const network = await withCalibration(model, choice.scales, calibration?.images ?? null, io, (scaling) => toSpiking(model, { ...choice, ...scaling, signal: io.signal }));
  io.progress("");
  return network;
}

/** What is reported beyond decisions and spikes. */
export interface Extras {
  /** Certificates C1 and C3. */
  readonly certify?: boolean;
  /** Activity, and an estimate of energy. */
  readonly energy?: boolean;
}

/** What all evaluations of one model on one data set share. */
export class Evaluator {
  readonly model: OpenModel;
  readonly data: ImageDataset;
  readonly dataName: string;
  readonly #cache: ResultCache | null;
  readonly #io: Io;
  #forward: FloatPass | undefined;

  private constructor(model: OpenModel, data: ImageDataset, dataName: string, cache: ResultCache | null, io: Io) {
    this.model = model;
    this.data = data;
    this.dataName = dataName;
    this.#cache = cache;
    this.#io = io;
  }

  static async open(model: OpenModel, flags: DataFlags, io: Io): Promise<Evaluator> {
    const all = await openData(flags, model.relu, io);
    const data = flags.limit === undefined ? all : slice(all, 0, flags.limit);
    const cache = flags.cache === false ? null : await openResultCache(model, data);
    return new Evaluator(model, data, isKnownDataset(flags.data) ? flags.data : data.name, cache, io);
  }

  /** @throws {LlifError} DATA where images serve both purposes, unless that is allowed; then it warns. */
  refuseOverlap(calibration: Calibration | null, allowed: boolean): number {
    if (calibration === null) return 0;
    const overlap = countOverlap(calibration.images, this.data);
    if (overlap === 0) return 0;
    const message = `${formatCount(overlap)} of ${formatCount(this.data.count)} evaluated images are also calibration images`;
    if (!allowed) throw new LlifError("DATA", `${message}: choose other images, or say --allow-overlap`);
    this.#io.err(`warning: ${message}`);
    return overlap;
  }

  async evaluate(network: SpikingNetwork, engine: EngineChoice, ticks?: number, extras: Extras = {}): Promise<{ readonly evaluation: Evaluation; readonly report: EvaluationReport }> {
    const [result] = await this.#run(network, engine, ticks === undefined ? undefined : [ticks], extras);
    return result;
  }

  /** Synchronous networks: one run, read after each number of ticks. */
  async evaluateAt(network: SpikingNetwork, engine: EngineChoice, ticks: readonly number[]): Promise<EvaluationReport[]> {
    return (await this.#run(network, engine, ticks, {})).map(({ report }) => report);
  }

  async #run(network: SpikingNetwork, engineChoice: EngineChoice, ticks: readonly number[] | undefined, extras: Extras) {
    const io = this.#io;
    const { relu } = this.model;
    const engine = engineChoice === "twin" ? null : resolveEngine(engineChoice);
    if (engine === null && (extras.certify === true || extras.energy === true)) {
      throw new LlifError("ARGUMENT", `${extras.certify === true ? "--certify" : "--energy"}: expected a simulation, got --engine twin`);
    }
    using resources = new Resources();
    const twin = resources.add(await twinOf(network));
    const simulator = engine === null ? null : resources.add(await engine.createSimulator(network, {}));
    const activity = extras.energy === true ? activityMeter(network, relu) : undefined;
    const forward = activity === undefined ? await this.#float() : resources.add(await createFloatPass(relu, { keep: activity.floatNodes }));
    const certificates = extras.certify === true ? await certificatesOf(relu, network, resources) : undefined;
    const known = (await this.#cache?.find(network)) ?? {};
    const contenders: Contenders = { network, reluOutput: relu.outputs[0], forward, simulator, twin, known, ...(certificates === undefined ? {} : { certificates }), ...(activity === undefined ? {} : { activity }) };
    const start = performance.now();
    const onProgress = (done: number, total: number) => io.progress(progressLine(network, done, total, (performance.now() - start) / 1000));
    const evaluations = await evaluateAt(contenders, this.data, { signal: io.signal, onProgress, ...(ticks === undefined ? {} : { ticks }) });
    io.progress("");
    await this.#cache?.keep(network, evaluations[0]);
    return evaluations.map((evaluation, index) => ({ evaluation, report: this.#report(evaluation, network, simulator?.engine ?? "twin", ticks?.[index], certificates, activity) }));
  }

  #report(evaluation: Evaluation, network: SpikingNetwork, engine: EvaluationReport["engine"], ticks: number | undefined, certificates: Certificates | undefined, activity: ActivityMeter | undefined): EvaluationReport {
    const comparedWith = this.model.spiking === undefined ? "model" : "toRelu";
    const report = reportEvaluation(evaluation, { network, model: this.model.name, data: this.dataName, split: this.data.split, engine, comparedWith, ticks });
    return {
      ...report,
      ...(certificates === undefined ? {} : { certificates: certificateReport(evaluation, network.windowTicks) }),
      ...(activity === undefined || evaluation.activity === null ? {} : { energy: energyReport(network, this.model.relu, activity, evaluation.activity, ticks) }),
    };
  }

  /** The float pass without kept values, made when first needed. */
  async #float(): Promise<FloatPass> {
    this.#forward ??= await createFloatPass(this.model.relu);
    return this.#forward;
  }

  dispose(): void {
    this.#forward?.dispose();
  }

  dataHash(): Promise<string> {
    return contentHash(this.data);
  }
}

/** Frees what was added, at the end of a `using` scope. */
class Resources {
  readonly #all: { dispose(): void }[] = [];

  add<T extends { dispose(): void } | null>(resource: T): T {
    if (resource !== null) this.#all.push(resource);
    return resource;
  }

  [Symbol.dispose](): void {
    for (const resource of this.#all) resource.dispose();
  }
}

/** Whatever of C1 and C3 the networks have. */
async function certificatesOf(relu: ReluNetwork, network: SpikingNetwork, resources: Resources): Promise<Certificates> {
  const certifier = await createCertifier(relu, (single) => createFloatPass(single)).catch((error: unknown) => {
    if (error instanceof LlifError && error.code === "UNSUPPORTED") return null;
    throw error;
  });
  return { certifier: resources.add(certifier), correspondences: wholeNodes(relu, correspondences(relu, network)), lastWindow: lastWindow(network) };
}

/** Null where a network computes no quantised network: synchronous rate. */
async function twinOf(network: SpikingNetwork): Promise<TwinPass | null> {
  if (network.schedule === "synchronous" || network.arithmetic === "float32") return null;
  return createTwinPass(network, { keep: "all" });
}

function progressLine(network: SpikingNetwork, done: number, total: number, seconds: number): string {
  const left = done === 0 ? "" : `, ${Math.ceil((seconds / done) * (total - done))} s left`;
  return `${network.name} (${network.code}): ${formatCount(done)} of ${formatCount(total)} images${left}`;
}
