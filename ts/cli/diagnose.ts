// Command `llif diagnose`: compares each spiking layer with its ReLU layer and suggests what to change.
import { formatTitles } from "../formats/registry.ts";
import { rulesOf } from "../spiking/code.ts";
import type { Command } from "commander";
import { LlifError, throwIfAborted } from "../errors.ts";
import { adviceOf, type Advice } from "../analyze/advice.ts";
import { inputEncoder, type InputEncoder } from "../analyze/encoding.ts";
import { createDiagnoser, type LayerDiagnosis } from "../analyze/diagnose.ts";
import { sample, slice, type ImageDataset } from "../data/dataset.ts";
import { createSimulator } from "../engine/create.ts";
import { createFloatPass } from "../engine/passes/float.ts";
import { mappingWarnings } from "../mapping/warnings.ts";
import { cancelsSpikes, hasRealTimes, populationsOf } from "../spiking/network.ts";
import { diagnosisPlot } from "../plot/diagnose.ts";
import { sizeOf } from "../tensor.ts";
import { networkFor } from "./evaluate.ts";
import { dataFiles } from "./data-files.ts";
import { refuseIdle } from "./idle-options.ts";
import type { Io } from "./io.ts";
import { openModel, type OpenModel } from "./model-file.ts";
import {
  addDataOptions,
  addEncodingOptions,
  addMappingOptions,
  batchOption,
  budgetOption,
  describeChoice,
  encodingChoice,
  engineOption,
  jsonOption,
  type DataFlags,
  type EncodingFlags,
  type EngineChoice,
  type MappingFlags,
  type ReadingFlags,
} from "./options.ts";
import { checkOutputs, writeOutput } from "./outputs.ts";
import { Evaluator } from "./pipeline.ts";
import { formatCount, formatPercent, formatTable, toJson } from "./text.ts";

interface DiagnoseFlags extends MappingFlags, DataFlags, EncodingFlags, ReadingFlags {
  readonly engine: Exclude<EngineChoice, "twin">;
  readonly allowOverlap?: boolean;
  readonly plot?: string;
  readonly json?: boolean;
}

/** What the command prints as JSON. */
export interface DiagnosisReport {
  readonly model: string;
  readonly data: string;
  readonly samples: number;
  readonly code: string;
  readonly layers: readonly LayerDiagnosis[];
  readonly notCompared: readonly string[];
  readonly advice: readonly Advice[];
}

/** Images without --limit: enough to see every neuron. */
const defaultLimit = 100;
/** Most float values kept at the same time. */
const valuesAtOnce = 2 ** 24;

const help = `
For each layer: how well its spikes represent the ReLU activations (Pearson's r; rms error and largest error, relative to
the activations' rms and largest value), the share of clipped activations, the neurons that never fire (silent; in brackets
those whose ReLU is above zero) or have a full window in every image (saturated), and the cost.
Below the table: the layers to look at, and what to change.

Examples:
  llif diagnose models/mnist-cnn.onnx --data mnist
  llif diagnose models/mnist-8.onnx --data mnist --bits 4 --plot layers.svg
  llif diagnose models/mnist-8.onnx --data mnist --code rate --ticks 64 --scales percentile --limit 20 --json`;

export function addDiagnose(program: Command, io: Io): void {
  const command = program
    .command("diagnose")
    .description("compare every layer with its ReLU: where accuracy is lost, and what to change")
    .argument("<model>", `file of ${formatTitles()}; a .llif file is compared with the ReLU network it stands for`);
  addEncodingOptions(addMappingOptions(addDataOptions(command)))
    .addOption(engineOption(false))
    .option("--allow-overlap", "diagnose although some images were used for calibration")
    .option("--plot <file.svg>", "draw it")
    .addOption(budgetOption())
    .addOption(batchOption())
    .addOption(jsonOption())
    .addHelpText("after", help)
    .action(async (path: string, flags: DiagnoseFlags) => {
      const model = await openModel(path, io, flags);
      refuseIdle(command, model);
      await checkOutputs([flags.plot], [...model.files, ...dataFiles(flags)], model.files.slice(0, 1));
      const report = await diagnoseModel(model, { ...flags, limit: flags.limit ?? defaultLimit, cache: false }, io);
      if (flags.plot !== undefined)
        await writeOutput(flags.plot, await diagnosisPlot(report.layers, { title: titleOf(report) }), io.signal);
      io.out(flags.json === true ? toJson(report) : formatDiagnosis(report));
    });
}

async function diagnoseModel(model: OpenModel, flags: DiagnoseFlags, io: Io): Promise<DiagnosisReport> {
  const evaluator = await Evaluator.open(model, flags, io);
  const { network, mapping, ticks } = await networkFor(model, flags, evaluator, io);
  for (const warning of mappingWarnings(network)) io.err(`warning: ${warning}`);
  const { layers, notCompared } = await diagnose(
    model,
    inputEncoder(network, encodingChoice(flags)),
    evaluator.data,
    flags.engine,
    ticks,
    io,
  );
  const { flags: own } = rulesOf(network.code);
  const code = mapping === null ? `${own.code}, ${own.schedule}` : describeChoice(mapping);
  return {
    model: model.name,
    data: evaluator.dataName,
    samples: evaluator.data.count,
    code,
    layers,
    notCompared,
    advice: adviceOf(network, layers),
  };
}

async function diagnose(
  model: OpenModel,
  { network, encode }: InputEncoder,
  data: ImageDataset,
  engine: DiagnoseFlags["engine"],
  ticks: number | undefined,
  io: Io,
) {
  const diagnoser = createDiagnoser(model.relu, network);
  if (diagnoser.nodes.length === 0)
    throw new LlifError("UNSUPPORTED", `"${model.path}": none of its layers stands for a node of the ReLU network`);
  const pass = await createFloatPass(model.relu, { keep: diagnoser.nodes });
  const record = hasRealTimes(network)
    ? { spikes: populationsOf(network).map(({ name }) => name) }
    : { sent: cancelsSpikes(network) };
  const simulator = await createSimulator(network, { engine, record });
  try {
    const kept = diagnoser.nodes.reduce(
      (sum, name) => sum + sizeOf(model.relu.nodes.find((node) => node.name === name)?.shape ?? []),
      0,
    );
    const batch = Math.min(64, Math.max(8, Math.floor(valuesAtOnce / kept)));
    for (let first = 0; first < data.count; first += batch) {
      const part = slice(data, first, first + batch);
      const values = pass.run(part.images, part.count).kept;
      for (let index = 0; index < part.count; index++) {
        throwIfAborted(io.signal);
        const row = Object.fromEntries(
          Object.entries(values).map(([name, all]) => [
            name,
            all.subarray((index * all.length) / part.count, ((index + 1) * all.length) / part.count),
          ]),
        );
        const { input } = encode(sample(part, index), first + index, ticks ?? network.windowTicks);
        diagnoser.add(simulator.run(input, ticks === undefined ? {} : { ticks }), row, ticks);
        io.progress(`${model.name}: ${formatCount(first + index + 1)} of ${formatCount(data.count)} images`);
      }
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  } finally {
    simulator.dispose();
    pass.dispose();
  }
  io.progress("");
  return { layers: diagnoser.layers(), notCompared: diagnoser.notCompared };
}

function titleOf({ model, data, samples, code }: DiagnosisReport): string {
  return `${model}, ${code}: each layer beside its ReLU, ${formatCount(samples)} images of ${data}`;
}

function formatDiagnosis(report: DiagnosisReport): string {
  const header = [
    "",
    "layer",
    "neurons",
    "r",
    "rms error",
    "largest",
    "clipped",
    "silent",
    "saturated",
    "spikes",
    "synaptic operations",
  ];
  const rows = report.layers.map((layer, index) => [
    String(index + 1),
    layer.name,
    formatCount(layer.neurons),
    layer.correlation === null ? "–" : layer.correlation.toFixed(6),
    formatPercent(layer.rmsError),
    formatPercent(layer.relativeError),
    layer.kind === "output" ? "–" : layer.clippedShare === 0 ? "0" : `${(100 * layer.clippedShare).toPrecision(2)} %`,
    layer.kind === "output"
      ? "–"
      : `${(100 * layer.silentShare).toFixed(1)} (${(100 * layer.wronglySilentShare).toFixed(1)}) %`,
    layer.kind === "output" ? "–" : `${(100 * layer.saturatedShare).toFixed(1)} %`,
    formatCount(layer.spikes),
    formatCount(layer.synapticOperations),
  ]);
  const advice = report.advice.map(
    ({ layer, finding, change }) => `  ${layer === null ? "" : `${layer}: `}${finding}.\n    Change: ${change}.`,
  );
  return [
    titleOf(report),
    formatTable([header, ...rows], 2),
    ...(report.notCompared.length === 0
      ? []
      : [`not compared, no single node of the ReLU network: ${report.notCompared.join(", ")}`]),
    advice.length === 0 ? "No layer stands out: each follows its ReLU." : `Look at:\n${advice.join("\n")}`,
  ].join("\n");
}
