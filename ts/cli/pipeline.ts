import { LlifError, throwIfAborted } from "../errors.ts";
import { contentHash, slice, type ImageDataset } from "../data/dataset.ts";
import { evaluate, evaluateAt, type Contenders } from "../analyze/evaluate.ts";
import { reportEvaluation, type Evaluation, type EvaluationReport } from "../analyze/evaluation.ts";
import { resolveEngine } from "../engine/create.ts";
import { createFloatPass, createTwinPass, type FloatPass, type TwinPass } from "../engine/passes.ts";
import { toSpiking } from "../mapping/to-spiking.ts";
import type { ReluNetwork } from "../relu/network.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { countOverlap, isKnownDataset, openData, takeImages } from "./data-files.ts";
import { withCalibration } from "./calibrate.ts";
import type { Io } from "./io.ts";
import type { OpenModel } from "./model-file.ts";
import { describeChoice, type DataFlags, type EngineChoice, type MappingChoice, type MappingFlags } from "./options.ts";
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

/** The float pass of one model: shared by all evaluations of it. */
export class Evaluator {
  readonly model: OpenModel;
  readonly data: ImageDataset;
  readonly dataName: string;
  readonly #forward: FloatPass;
  readonly #io: Io;

  private constructor(model: OpenModel, data: ImageDataset, dataName: string, forward: FloatPass, io: Io) {
    this.model = model;
    this.data = data;
    this.dataName = dataName;
    this.#forward = forward;
    this.#io = io;
  }

  static async open(model: OpenModel, flags: DataFlags, io: Io): Promise<Evaluator> {
    const all = await openData(flags, model.relu, io);
    const data = flags.limit === undefined ? all : slice(all, 0, flags.limit);
    return new Evaluator(model, data, isKnownDataset(flags.data) ? flags.data : data.name, await createFloatPass(model.relu), io);
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

  async evaluate(network: SpikingNetwork, engine: EngineChoice, ticks?: number): Promise<{ readonly evaluation: Evaluation; readonly report: EvaluationReport }> {
    const [result] = await this.#run(network, engine, ticks === undefined ? undefined : [ticks]);
    return result;
  }

  /** Synchronous networks: one run, read after each number of ticks. */
  async evaluateAt(network: SpikingNetwork, engine: EngineChoice, ticks: readonly number[]): Promise<EvaluationReport[]> {
    return (await this.#run(network, engine, ticks)).map(({ report }) => report);
  }

  async #run(network: SpikingNetwork, engineChoice: EngineChoice, ticks: readonly number[] | undefined) {
    const io = this.#io;
    const twin = await twinOf(network);
    const engine = engineChoice === "twin" ? null : resolveEngine(engineChoice);
    const simulator = engine === null ? null : await engine.createSimulator(network, {});
    try {
      const contenders: Contenders = { network, reluOutput: this.model.relu.outputs[0], forward: this.#forward, simulator, twin };
      const start = performance.now();
      const options = {
        signal: io.signal,
        onProgress: (done: number, total: number) => io.progress(progressLine(network, done, total, (performance.now() - start) / 1000)),
      };
      const evaluations = ticks === undefined ? [await evaluate(contenders, this.data, options)] : await evaluateAt(contenders, this.data, { ...options, ticks });
      io.progress("");
      return evaluations.map((evaluation, index) => ({
        evaluation,
        report: reportEvaluation(evaluation, {
          network,
          model: this.model.name,
          data: this.dataName,
          split: this.data.split,
          engine: simulator?.engine ?? "twin",
          comparedWith: this.model.spiking === undefined ? "model" : "toRelu",
          ticks: ticks?.[index],
        }),
      }));
    } finally {
      simulator?.dispose();
      twin?.dispose();
    }
  }

  dispose(): void {
    this.#forward.dispose();
  }

  dataHash(): Promise<string> {
    return contentHash(this.data);
  }
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
