// Command `llif evaluate`: accuracy of the spiking network beside the ReLU network's.
import { Option, type Command } from "commander";
import { LlifError } from "../errors.ts";
import { differencesOf } from "../analyze/differences.ts";
import type { Evaluation } from "../analyze/evaluation.ts";
import type { Difference, EvaluationReport } from "../analyze/evaluation-report.ts";
import { untilDecidedReport } from "../analyze/until-decided.ts";
import { compareTopClasses, type TopClassesReport } from "../analyze/top-classes.ts";
import type { ImageDataset } from "../data/dataset.ts";
import { createFloatPass } from "../engine/passes/float.ts";
import { createTwinPass } from "../engine/passes/twin.ts";
import { formatTitles } from "../formats/registry.ts";
import { outputsOf, type SpikingNetwork } from "../spiking/network.ts";
import { dataFiles } from "./data-files.ts";
import { refuseIdle } from "./idle-options.ts";
import type { Io } from "./io.ts";
import { makeManifest } from "./manifest.ts";
import { openModel, type OpenModel } from "./model-file.ts";
import {
  addDataOptions,
  addEncodingOptions,
  addMappingOptions,
  batchOption,
  budgetOption,
  cacheOption,
  encodingChoice,
  engineOption,
  integer,
  jsonOption,
  mappingChoice,
  workersOption,
  type DataFlags,
  type EncodingFlags,
  type EngineChoice,
  type MappingChoice,
  type MappingFlags,
  type ReadingFlags,
} from "./options.ts";
import { summarize } from "../mapping/summary.ts";
import { hasTwin } from "../parallel/contenders.ts";
import { settleBits } from "./auto-bits.ts";
import { checkOutputs, writeOutput } from "./outputs.ts";
import { convert, Evaluator, openCalibration } from "./pipeline.ts";
import type { Calibration } from "./calibrate.ts";
import { formatReport } from "./report-text.ts";
import { toJson } from "./text.ts";
import {
  addUntilDecided,
  measuredMargins,
  refuseIdleMargins,
  untilDecidedOf,
  type UntilDecidedFlags,
} from "./until-decided.ts";

export interface EvaluateFlags extends MappingFlags, DataFlags, EncodingFlags, ReadingFlags, UntilDecidedFlags {
  readonly engine: EngineChoice;
  readonly allowOverlap?: boolean;
  readonly certify?: boolean;
  readonly energy?: boolean;
  readonly differences?: boolean;
  readonly workers?: number;
  readonly top?: number;
  readonly manifest?: string;
  readonly json?: boolean;
}

export interface EvaluateOutcome {
  readonly network: SpikingNetwork;
  readonly mapping: MappingChoice | null;
  readonly calibration: Calibration | null;
  readonly ticks: number | undefined;
  readonly dataHash: string;
  readonly evaluation: Evaluation;
  readonly report: EvaluationReport;
}

const help = `
Both networks decide every image. The table has the accuracy of each, the number of images on which they disagree, and
the cost of the spiking network: ticks, spikes, synaptic operations, time. In the exact codes (phase, ttfs with --bits, and
rate with --schedule layerwise or --spikes signed) every spike count is also compared with the quantised twin; there are
always 0 mismatches.

--certify proves decisions: C1 counts decisions that the float network certainly shares (by interval bounds, which grow with
depth, so deep networks get 0); C3 counts the ticks of the last window that were not needed to decide.
Synchronous phase is read after every tick: the table below tells accuracy and cost of each. --until-decided adds what runs
take that stop once the first class leads by a margin: the margins come from calibration images, decisions that the rest of a
run would change are counted on the evaluated ones. With --certify, C1 may stop a run too.
--energy counts operations under NeuroBench's names and estimates energy, compared with the float network and a
zero-skipping quantised network. Without these two, the numbers mean nothing.

Decisions of the float network and of the twin, and activation maxima of calibration images, are kept in the cache folder (LLIF_CACHE, or ~/.cache/llif) under a hash of
model, data and core; reported times are then from the first computation. --no-cache computes them again.

Examples:
  llif evaluate models/mnist-cnn.onnx --data mnist
  llif evaluate models/mnist-cnn.onnx --data mnist --bits 10 --json
  llif evaluate models/mnist-cnn.onnx --data mnist --code rate --ticks 256 --limit 1000
  llif evaluate models/mnist-mlp.onnx --data mnist --certify --energy
  llif evaluate models/mnist-8.onnx --data mnist --limit 200 --code rate --ticks 128 --encoding poisson --poisson-seed 3
  llif evaluate models/cifar10-resnet20.onnx --data cifar10 --workers 4
  llif evaluate models/mnist-cnn.onnx --data mnist --code phase --schedule synchronous --spikes signed --until-decided
  llif evaluate flowers.onnx --data photos/ --calibration more-photos/
  llif evaluate models/mnist-8.onnx --data mnist --manifest run.json; llif reproduce run.json`;

export function addEvaluate(program: Command, io: Io): void {
  const command = program
    .command("evaluate")
    .description("measure a ReLU network and its spiking network on the same images")
    .argument("<model>", `file of ${formatTitles()}; a .llif file is compared with the ReLU network it stands for`);
  addEncodingOptions(addMappingOptions(addDataOptions(command)))
    .addOption(engineOption())
    .option("--allow-overlap", "evaluate although some images were used for calibration")
    .option(
      "--certify",
      "prove decisions: C1 against the float network, C2 before the end of a synchronous run, C3 inside the last window",
    )
    .option("--energy", "count operations and estimate energy, beside two baselines")
    .option(
      "--differences",
      "list the images on which the networks decide differently, with the float network's margin on each",
    )
    .addOption(
      new Option(
        "--top <k>",
        "exact codes: also count the images whose first k classes are the same in both networks",
      ).argParser(integer("--top", 1)),
    )
    .addOption(workersOption());
  addUntilDecided(command)
    .addOption(cacheOption())
    .addOption(
      new Option("--manifest <file>", "write all that the result depends on, and its digest, for llif reproduce"),
    )
    .addOption(budgetOption())
    .addOption(batchOption())
    .addOption(jsonOption())
    .addHelpText("after", help)
    .action(async (path: string, flags: EvaluateFlags) => {
      const model = await openModel(path, io, flags);
      refuseIdle(command, model);
      refuseIdleMargins(command, flags);
      await checkOutputs([flags.manifest], [...model.files, ...dataFiles(flags)], model.files.slice(0, 1));
      const outcome = await evaluateModel(model, flags, io);
      if (flags.manifest !== undefined) await writeManifest(flags.manifest, model, flags, outcome, io);
      io.out(flags.json === true ? toJson(outcome.report) : formatReport(outcome.report));
    });
}

/** Opens data, calibrates, maps and evaluates. */
export async function evaluateModel(model: OpenModel, flags: EvaluateFlags, io: Io): Promise<EvaluateOutcome> {
  const evaluator = await Evaluator.open(model, flags, io);
  const { network, mapping, calibration, ticks } = await networkFor(model, flags, evaluator, io);
  const warnings = [...summarize(network).warnings, ...outputNote(network)];
  for (const warning of warnings) io.err(`warning: ${warning}`);
  const extras = { ...flags, encoding: encodingChoice(flags) };
  const margins =
    flags.untilDecided === true ? await measuredMargins(network, evaluator, flags, ticks, extras, io) : null;
  const evaluated = await evaluator.evaluate(network, flags.engine, ticks, extras);
  const { evaluation } = evaluated;
  const report = {
    ...evaluated.report,
    ...(warnings.length === 0 ? {} : { warnings }),
    ...(margins === null ? {} : { untilDecided: untilDecidedReport(evaluation, margins) }),
    ...(flags.differences === true ? { differences: await differencesIn(evaluation, model, evaluator.data) } : {}),
    ...(flags.top === undefined
      ? {}
      : { topClasses: await topClassesOf(model, network, evaluator.data, flags.top, io) }),
  };
  return { network, mapping, calibration, ticks, evaluation, report, dataHash: await evaluator.dataHash() };
}

function outputNote(network: SpikingNetwork): string[] {
  const [first, ...others] = outputsOf(network);
  return others.length === 0 ? [] : [`decisions are made by output "${first.name}", the first of ${others.length + 1}`];
}

async function differencesIn(evaluation: Evaluation, model: OpenModel, data: ImageDataset): Promise<Difference[]> {
  const forward = await createFloatPass(model.relu);
  try {
    return differencesOf(evaluation, data, forward, model.relu.outputs[0]);
  } finally {
    forward.dispose();
  }
}

async function topClassesOf(
  model: OpenModel,
  network: SpikingNetwork,
  data: ImageDataset,
  k: number,
  io: Io,
): Promise<TopClassesReport> {
  if (!hasTwin(network))
    throw new LlifError(
      "ARGUMENT",
      "--top: expected an exact code, whose quantised twin ranks the classes as the simulation does",
    );
  const [forward, twin] = [await createFloatPass(model.relu), await createTwinPass(network)];
  try {
    const onProgress = (done: number, total: number) =>
      io.progress(`${network.name}: first ${k} classes of ${done} of ${total} images`);
    return await compareTopClasses(network, { forward, reluOutput: model.relu.outputs[0], twin }, data, k, {
      signal: io.signal,
      onProgress,
    });
  } finally {
    io.progress("");
    forward.dispose();
    twin.dispose();
  }
}

/**
 * The network of a .llif file, or the model mapped as the flags say, with its calibration kept apart from the evaluated
 * images.
 */
export async function networkFor(
  model: OpenModel,
  flags: MappingFlags & DataFlags & { readonly allowOverlap?: boolean },
  evaluator: Evaluator,
  io: Io,
) {
  if (model.spiking !== undefined)
    return { network: model.spiking, mapping: null, calibration: null, ticks: flags.ticks };
  const choice = mappingChoice(flags);
  const calibration = await openCalibration(flags, choice, flags, model.relu, io);
  evaluator.refuseOverlap(calibration, flags.allowOverlap === true);
  const mapping = await settleBits(model.relu, choice, calibration, io);
  return { network: await convert(model.relu, mapping, calibration, io), mapping, calibration, ticks: undefined };
}

async function writeManifest(
  file: string,
  model: OpenModel,
  flags: EvaluateFlags,
  outcome: EvaluateOutcome,
  io: Io,
): Promise<void> {
  const manifest = await makeManifest({
    model,
    data: { name: flags.data, split: flags.split, limit: flags.limit, sha256: outcome.dataHash },
    calibration: outcome.calibration,
    mapping: outcome.mapping,
    seed: flags.seed,
    engine: flags.engine,
    encoding: encodingChoice(flags),
    ticks: outcome.ticks,
    allowOverlap: flags.allowOverlap === true,
    ...untilDecidedOf(flags),
    evaluation: outcome.evaluation,
    report: outcome.report,
  });
  await writeOutput(file, toJson(manifest), io.signal);
}
