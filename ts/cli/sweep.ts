// Command `llif sweep`: accuracy against latency and cost over codes and precisions.
import { InvalidArgumentError, Option, type Command } from "commander";
import { LlifError } from "../errors.ts";
import {
  planSweep,
  sweep,
  sweepCodes,
  ticksOf,
  type Sweep,
  type SweepCode,
  type SweepSetting,
  type SweepTask,
} from "../analyze/sweep.ts";
import { formatTitles } from "../formats/registry.ts";
import { sweepPlot } from "../plot/sweep.ts";
import { dataFiles } from "./data-files.ts";
import { refuseGiven, refuseIdle } from "./idle-options.ts";
import type { Io } from "./io.ts";
import { openModel, type OpenModel } from "./model-file.ts";
import {
  addDataOptions,
  batchOption,
  budgetOption,
  cacheOption,
  describeChoice,
  engineOption,
  integer,
  integerList,
  jsonOption,
  mappingChoice,
  positive,
  scaleNames,
  workersOption,
  type DataFlags,
  type EngineChoice,
  type MappingFlags,
  type ReadingFlags,
} from "./options.ts";
import { checkOutputs, writeOutput } from "./outputs.ts";
import { convert, Evaluator, openCalibration } from "./pipeline.ts";
import type { Calibration } from "./calibrate.ts";
import { formatCount, formatEnergy, formatPercent, formatTable, toJson } from "./text.ts";

interface SweepFlags
  extends DataFlags,
    ReadingFlags,
    Pick<MappingFlags, "scales" | "margin" | "percentile" | "calibration" | "calibrationImages" | "seed"> {
  readonly ticks?: readonly number[];
  readonly bits?: readonly number[];
  readonly codes?: readonly SweepCode[];
  readonly engine: Exclude<EngineChoice, "twin">;
  readonly energy?: boolean;
  readonly workers?: number;
  readonly allowOverlap?: boolean;
  readonly plot?: string;
  readonly json?: boolean;
}

const help = `
Each code runs at each entry of both lists. K bits are K ticks a window for phase (ternary digits if signed, one tick more if
non-adjacent) and 2^K − 1 ticks for rate and ttfs; T ticks are T digits for phase. ttfs-real has no precision and runs once.
phase-refined is one network of the most bits, read after each number of ticks.
Settings that cannot run are listed with the reason. Lists may have an ellipsis: 4,8,...,256.
Default lists: --bits 2,3,...,10 and --ticks 4,8,...,256.

--energy adds estimates with both baselines, as in llif evaluate; each number of ticks then needs a separate run.

Examples:
  llif sweep models/mnist-8.onnx --data mnist --limit 1000 --plot sweep.svg
  llif sweep models/mnist-mlp.onnx --data mnist --limit 200 --bits 4,6,8 --ticks 32,64 --json
  llif sweep models/mnist-cnn.onnx --data mnist --limit 200 --codes phase,phase-signed --bits 4,5,...,8 --energy`;

export function addSweep(program: Command, io: Io): void {
  const command = program
    .command("sweep")
    .description("accuracy and disagreement against latency, spikes and operations, for each code")
    .argument("<model>", `file of ${formatTitles("relu")}`);
  addDataOptions(command)
    .addOption(new Option("--ticks <list>", "ticks a window or run").argParser(integerList("--ticks", 1, 2 ** 20)))
    .addOption(new Option("--bits <list>", "bits of precision").argParser(integerList("--bits", 1, 16)))
    .addOption(new Option("--codes <list>", `only these, of ${sweepCodes.join(", ")}`).argParser(codeList))
    .addOption(new Option("--scales <kind>", "as in llif convert").choices([...scaleNames]))
    .addOption(new Option("--margin <factor>", "factor on the scales").argParser(positive("--margin")))
    .addOption(
      new Option("--percentile <p>", "with --scales percentile (default: 99.9)").argParser(
        positive("--percentile", 100),
      ),
    )
    .option("--calibration <set>", "as in llif convert")
    .addOption(
      new Option("--calibration-images <n>", "how many of them (default: 1000)").argParser(
        integer("--calibration-images", 1),
      ),
    )
    .addOption(
      new Option("--seed <n>", "choose the calibration images at random with this seed").argParser(
        integer("--seed", 0),
      ),
    )
    .addOption(engineOption(false))
    .option("--allow-overlap", "evaluate although some images were used for calibration")
    .option("--energy", "count operations and estimate energy")
    .addOption(workersOption())
    .addOption(cacheOption())
    .option("--plot <file.svg>", "draw it")
    .addOption(budgetOption())
    .addOption(batchOption())
    .addOption(jsonOption())
    .addHelpText("after", help)
    .action(async (path: string, flags: SweepFlags) => {
      const model = await openModel(path, io, flags);
      await checkOutputs([flags.plot], [...model.files, ...dataFiles(flags)], model.files.slice(0, 1));
      if (model.spiking !== undefined)
        throw new LlifError(
          "ARGUMENT",
          `"${path}": expected a ReLU network to map anew for each setting, got a .llif file`,
        );
      refuseIdle(command, model);
      if (flags.codes?.every((code) => code === "ttfs-real") === true)
        refuseGiven(command, ["bits", "ticks"], "ttfs-real has no precision; expected another code beside it");
      const result = await sweepModel(model, flags, io);
      if (flags.plot !== undefined)
        await writeOutput(flags.plot, await sweepPlot(plotPoints(result), { title: titleOf(result) }), io.signal);
      io.out(flags.json === true ? toJson({ model: model.name, data: flags.data, ...result }) : formatSweep(result));
    });
}

async function sweepModel(model: OpenModel, flags: SweepFlags, io: Io): Promise<Sweep> {
  const neither = flags.ticks === undefined && flags.bits === undefined;
  const ticks = flags.ticks ?? (neither ? [4, 8, 16, 32, 64, 128, 256] : []);
  const bits = flags.bits ?? (neither ? [2, 3, 4, 5, 6, 7, 8, 9, 10] : []);
  const evaluator = await Evaluator.open(model, flags, io);
  const { scales, margin, percentile, calibration: set, calibrationImages, seed } = flags;
  const mappingFlags = { scales, margin, percentile, calibration: set, calibrationImages, seed };
  const calibration = await openCalibration(mappingFlags, mappingChoice(mappingFlags), flags, model.relu, io);
  evaluator.refuseOverlap(calibration, flags.allowOverlap === true);
  const plan = planSweep(ticks, bits, flags.codes, flags.energy !== true);
  return sweep(plan, (task) => evaluateTask(model, evaluator, calibration, task, flags, io));
}

async function evaluateTask(
  model: OpenModel,
  evaluator: Evaluator,
  calibration: Calibration | null,
  { settings }: SweepTask,
  flags: SweepFlags,
  io: Io,
) {
  const longest = settings[settings.length - 1];
  const { scales, margin, percentile, energy, workers } = flags;
  const network = await convert(
    model.relu,
    mappingChoice({ ...mappingOf(longest), scales, margin, percentile }),
    calibration,
    io,
  );
  if (settings.length > 1) return evaluator.evaluateAt(network, flags.engine, settings.map(ticksOf), { workers });
  return [(await evaluator.evaluate(network, flags.engine, undefined, { energy, workers })).report];
}

function mappingOf({ code, schedule, spikes, nonAdjacent, bits, ticks }: SweepSetting) {
  return {
    code,
    schedule,
    spikes,
    ...(nonAdjacent ? { nonAdjacent: true as const } : {}),
    ...(bits === null ? {} : { bits }),
    ...(ticks === null ? {} : { ticks }),
  };
}

function codeList(text: string): SweepCode[] {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !(sweepCodes as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new InvalidArgumentError(`--codes: expected some of ${sweepCodes.join(", ")}, got "${unknown}".`);
  return [...new Set(names as SweepCode[])];
}

/** Without labels, agreement with the ReLU network replaces accuracy, and the title says so. */
function plotPoints({ points }: Sweep) {
  return points.map(({ name, report }) => ({
    series: name,
    accuracy: report.spikingAccuracy ?? 1 - report.disagreements / report.samples,
    reluAccuracy: report.reluAccuracy ?? 1,
    disagreement: report.disagreements / report.samples,
    latencyTicks: report.latencyTicks,
    spikes: report.spikesPerSample ?? 0,
    synapticOperations: report.synapticOperationsPerSample ?? 0,
    ...(report.energy === undefined ? {} : { nanojoules: report.energy.spiking.picojoules.total / 1000 }),
  }));
}

function titleOf({ points }: Sweep): string {
  const [first] = points;
  if (first === undefined) return "No setting could be evaluated";
  const { model, samples, data, reluAccuracy } = first.report;
  return `${model} on ${formatCount(samples)} images of ${data}${reluAccuracy === null ? " (no labels: agreement instead of accuracy)" : ""}`;
}

function formatSweep({ points, skipped }: Sweep): string {
  const energy = points.some(({ report }) => report.energy !== undefined);
  const header = [
    "setting",
    "ReLU",
    "spiking",
    "disagreements",
    "latency, ticks",
    "an image every",
    "spikes",
    "synaptic operations",
    "twin mismatches",
    ...(energy ? ["energy (estimate)", "quantised", "float"] : []),
  ];
  const rows = points.map(({ report, ...setting }) => [
    describeChoice(mappingOf(setting)),
    formatPercent(report.reluAccuracy),
    formatPercent(report.spikingAccuracy),
    String(report.disagreements),
    formatCount(report.latencyTicks),
    formatCount(report.intervalTicks),
    formatCount(report.spikesPerSample ?? 0),
    formatCount(report.synapticOperationsPerSample ?? 0),
    report.twinMismatches === null ? "–" : String(report.twinMismatches),
    ...(report.energy === undefined
      ? []
      : [report.energy.spiking, report.energy.quantized, report.energy.float].map((one) =>
          one === null ? "–" : formatEnergy(one.picojoules.total),
        )),
  ]);
  const notes = skipped.map(({ reason, ...setting }) => `skipped: ${describeChoice(mappingOf(setting))}: ${reason}`);
  const sources = points.find(({ report }) => report.energy !== undefined)?.report.energy;
  return [
    formatTable([header, ...rows], 1),
    ...notes,
    ...(sources === undefined
      ? []
      : [
          `Energy is an ESTIMATE from counted operations (${sources.preset}), compared with the quantised network that skips zeros, and the float network:`,
          ...sources.sources,
        ]),
  ].join("\n");
}
