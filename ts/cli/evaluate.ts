import { Option, type Command } from "commander";
import { LlifError } from "../errors.ts";
import type { Evaluation, EvaluationReport } from "../analyze/evaluation.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { checkOutputs, writeOutput, type Io } from "./io.ts";
import { makeManifest } from "./manifest.ts";
import { openModel, type OpenModel } from "./model-file.ts";
import { addDataOptions, addMappingOptions, engineOption, jsonOption, mappingChoice, type DataFlags, type EngineChoice, type MappingChoice, type MappingFlags } from "./options.ts";
import { settleBits } from "./auto-bits.ts";
import { convert, Evaluator, openCalibration, type Calibration } from "./pipeline.ts";
import { formatReport } from "./report-text.ts";
import { toJson } from "./text.ts";

export interface EvaluateFlags extends MappingFlags, DataFlags {
  readonly engine: EngineChoice;
  readonly allowOverlap?: boolean;
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
Both networks decide every image; the table has the accuracy of each, on how many images they disagree, and
what the spiking network costs: ticks, spikes, synaptic operations, time. For the exact codes (phase, and rate
with --schedule layerwise) every spike count is also compared with the quantised twin: 0 mismatches, always.

Examples:
  llif evaluate models/mnist-cnn.onnx --data mnist
  llif evaluate models/mnist-cnn.onnx --data mnist --bits 10 --json
  llif evaluate models/mnist-cnn.onnx --data mnist --code rate --ticks 256 --limit 1000
  llif evaluate flowers.onnx --data photos/ --calibration more-photos/
  llif evaluate models/mnist-8.onnx --data mnist --manifest run.json; llif reproduce run.json`;

export function addEvaluate(program: Command, io: Io): void {
  const command = program
    .command("evaluate")
    .description("measure a ReLU network and its spiking network on the same images")
    .argument("<model>", "ONNX, Keras (.h5, .keras) or TensorFlow.js (model.json) file, or a .llif file, which is compared with the ReLU network it stands for");
  addMappingOptions(addDataOptions(command))
    .addOption(engineOption())
    .option("--allow-overlap", "evaluate although some images were used for calibration")
    .addOption(new Option("--manifest <file>", "write all that the result depends on, and its digest, for llif reproduce"))
    .addOption(jsonOption())
    .addHelpText("after", help)
    .action(async (path: string, flags: EvaluateFlags) => {
      await checkOutputs(flags.manifest);
      const model = await openModel(path, io);
      const outcome = await evaluateModel(model, flags, io);
      if (flags.manifest !== undefined) await writeManifest(flags.manifest, model, flags, outcome);
      io.out(flags.json === true ? toJson(outcome.report) : formatReport(outcome.report));
    });
}

/** Opens data, calibrates, maps and evaluates. */
export async function evaluateModel(model: OpenModel, flags: EvaluateFlags, io: Io): Promise<EvaluateOutcome> {
  const evaluator = await Evaluator.open(model, flags, io);
  try {
    const { network, mapping, calibration, ticks } = await networkOf(model, flags, evaluator, io);
    const { evaluation, report } = await evaluator.evaluate(network, flags.engine, ticks);
    return { network, mapping, calibration, ticks, evaluation, report, dataHash: await evaluator.dataHash() };
  } finally {
    evaluator.dispose();
  }
}

async function networkOf(model: OpenModel, flags: EvaluateFlags, evaluator: Evaluator, io: Io) {
  if (model.spiking !== undefined) {
    const mappingFlags = ["code", "schedule", "bits", "scales", "margin", "percentile", "calibration"] as const;
    const given = mappingFlags.find((name) => flags[name] !== undefined);
    if (given !== undefined) throw new LlifError("ARGUMENT", `--${given}: "${model.path}" is mapped already; map the ReLU network anew with llif convert`);
    if (flags.ticks !== undefined && model.spiking.schedule !== "synchronous") {
      throw new LlifError("ARGUMENT", `--ticks: "${model.path}" is layerwise, its window is ${model.spiking.windowTicks} ticks`);
    }
    return { network: model.spiking, mapping: null, calibration: null, ticks: flags.ticks };
  }
  const choice = mappingChoice(flags);
  const calibration = await openCalibration(flags, choice, flags.data, model.relu, io);
  evaluator.refuseOverlap(calibration, flags.allowOverlap === true);
  const mapping = await settleBits(model.relu, choice, calibration, io);
  return { network: await convert(model.relu, mapping, calibration, io), mapping, calibration, ticks: undefined };
}

async function writeManifest(file: string, model: OpenModel, flags: EvaluateFlags, outcome: EvaluateOutcome): Promise<void> {
  const manifest = await makeManifest({
    model,
    data: { name: flags.data, split: flags.split, limit: flags.limit, sha256: outcome.dataHash },
    calibration: outcome.calibration,
    mapping: outcome.mapping,
    seed: flags.seed,
    engine: flags.engine,
    ticks: outcome.ticks,
    allowOverlap: flags.allowOverlap === true,
    evaluation: outcome.evaluation,
    report: outcome.report,
  });
  await writeOutput(file, toJson(manifest));
}
