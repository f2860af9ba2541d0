// Command `llif run`: simulates single inputs, with plots and recorded spikes.
import { basename } from "node:path";
import { Option, type Command } from "commander";
import { LlifError } from "../errors.ts";
import { formatTitles } from "../formats/registry.ts";
import { inputEncoder } from "../analyze/encoding.ts";
import { decodeImage } from "../data/images.ts";
import { readNpy } from "../data/npy.ts";
import { prepareImage } from "../data/prepare.ts";
import { resolveEngine } from "../engine/create.ts";
import { createFloatPass } from "../engine/passes/float.ts";
import type { Result } from "../engine/engine.ts";
import { summarize } from "../mapping/summary.ts";
import { followedActivations, toSpiking } from "../mapping/to-spiking.ts";
import { rulesOf } from "../spiking/code.ts";
import { payloadsOf } from "../spiking/payloads.ts";
import { mappingWarnings } from "../mapping/warnings.ts";
import { argmax, inputFromPixels } from "../relu/forward.ts";
import { inputOf, type ReluNetwork } from "../relu/network.ts";
import { latencyTicks, populationsOf, type SpikingNetwork, isSynchronous } from "../spiking/network.ts";
import { isLive } from "../spiking/live.ts";
import { rasterPlot } from "../plot/raster.ts";
import { samplesOf } from "../samples.ts";
import { channelsOf, formatShape, sizeOf } from "../tensor.ts";
import { collectWarnings } from "../warn.ts";
import { dataFiles } from "./data-files.ts";
import { refuseGiven, refuseIdle } from "./idle-options.ts";
import { readInput, type Io } from "./io.ts";
import { openModel, type OpenModel } from "./model-file.ts";
import {
  addEncodingOptions,
  addMappingOptions,
  batchOption,
  budgetOption,
  encodingChoice,
  engineOption,
  jsonOption,
  mappingChoice,
  type EncodingFlags,
  type EngineChoice,
  type MappingFlags,
  type ReadingFlags,
} from "./options.ts";
import { settleBits } from "./auto-bits.ts";
import { checkOutputs, writeOutput } from "./outputs.ts";
import { spikesToNpz } from "./spikes-file.ts";
import { convert, openCalibration } from "./pipeline.ts";
import { simulateSample, type Recorded } from "./simulate-sample.ts";
import { formatCount, formatOperations, formatTable, oneLine, toJson } from "./text.ts";

interface RunFlags extends MappingFlags, EncodingFlags, ReadingFlags {
  readonly input: readonly string[];
  readonly engine: Exclude<EngineChoice, "twin">;
  readonly plot?: string;
  readonly saveSpikes?: string;
  readonly json?: boolean;
}

interface Sample {
  readonly name: string;
  /** Pixels, or real values of the ReLU network's input. */
  readonly values: Uint8Array | Float32Array;
}

const help = `
Images are fitted to the model's input by its description. A .npy file has one sample or a batch, channels last or first
(PyTorch, ONNX): uint8 are pixels 0…255, float32 and float64 are values of the ReLU network's input.

A model that is not a .llif file is mapped first. Without --calibration or --scales analytic, its activation scales come from
the inputs themselves. For each class, the logits of the spiking network and of the ReLU network are printed.

--save-spikes writes the arrays "sample", "layer", "neuron" and "tick" with one entry per spike, "sign" if spikes have signs,
and "time", in windows, for ttfs without bits. "layer_names" has the names of the layers as UTF-8 bytes, one per line:
  spikes = numpy.load("out.npz"); names = bytes(spikes["layer_names"]).decode().split("\\n")

Examples:
  llif run models/mnist-8.onnx --input digit.png --plot raster.svg
  llif run mnist-cnn.llif --input digits.npy --save-spikes spikes.npz --json`;

export function addRun(program: Command, io: Io): void {
  const command = program
    .command("run")
    .description("simulate single inputs: top classes, latency, spikes")
    .argument("<model>", `file of ${formatTitles()}`)
    .addOption(new Option("--input <file...>", "PNG, JPEG or .npy").makeOptionMandatory());
  addEncodingOptions(addMappingOptions(command))
    .addOption(engineOption(false))
    .option("--plot <raster.svg>", "draw the spikes of the first input")
    .option("--save-spikes <out.npz>", "write all spikes for NumPy")
    .addOption(budgetOption())
    .addOption(batchOption())
    .addOption(jsonOption())
    .addHelpText("after", help)
    .action(async (path: string, flags: RunFlags) => {
      const model = await openModel(path, io, flags);
      refuseIdle(command, model);
      if (model.spiking === undefined && !takesCalibration(flags))
        refuseGiven(
          command,
          ["calibrationImages", "seed"],
          "expected --calibration beside it; without, the scales are taken from all inputs",
        );
      await checkOutputs(
        [flags.plot, flags.saveSpikes],
        [...model.files, ...flags.input, ...dataFiles(flags)],
        model.files.slice(0, 1),
      );
      const read = (await Promise.all(flags.input.map((file) => readSamples(file, model.relu)))).flat();
      // One network simulates all samples, so all are pixels, or all become float values.
      const samples = read.every(({ values }) => values instanceof Uint8Array)
        ? read
        : read.map((sample) => ({ ...sample, values: floatValues(model.relu, sample) }));
      const network = await networkOf(model, samples, flags, io);
      const warnings = [...summarize(network).warnings];
      const heard = collectWarnings((warning) => {
        warnings.push(warning);
        io.err(`warning: ${warning}`);
      });
      const results = await simulate(network, samples, flags, io).finally(heard);
      const logits = model.relu.outputs.length === 0 ? null : await reluLogits(model.relu, samples);
      if (flags.plot !== undefined)
        await writeOutput(flags.plot, await plotFirst(network, samples[0], results[0]), io.signal);
      if (flags.saveSpikes !== undefined) await writeOutput(flags.saveSpikes, spikesToNpz(network, results), io.signal);
      const decided = results.map(
        (result, index): Decided => ({
          sample: samples[index],
          result,
          relu: logits?.[index] ?? null,
          classes: model.relu.classes,
        }),
      );
      io.out(
        flags.json === true
          ? toJson(decided.map((each) => ({ ...toRecord(each), warnings })))
          : decided.map(formatDecided).join("\n\n"),
      );
    });
}

/** The outputs of both networks for one input. */
interface Decided {
  readonly sample: Sample;
  readonly result: Result<Recorded>;
  /** The ReLU network's logits; null without a ReLU network or without an output. */
  readonly relu: Float32Array | null;
  readonly classes: readonly string[];
}

async function networkOf(
  model: OpenModel,
  samples: readonly Sample[],
  flags: RunFlags,
  io: Io,
): Promise<SpikingNetwork> {
  if (model.spiking !== undefined) return model.spiking;
  const choice = mappingChoice(flags);
  if (takesCalibration(flags)) {
    const calibration = await openCalibration(flags, choice, undefined, model.relu, io);
    const network = await convert(model.relu, await settleBits(model.relu, choice, calibration, io), calibration, io);
    for (const warning of mappingWarnings(network)) io.err(`warning: ${warning}`);
    return network;
  }
  // Scales from the weights alone are too coarse for 8 bits in deeper networks, and could change the decision.
  io.err(
    "note: the activation scales come from the inputs themselves; --calibration <set> takes them from other images",
  );
  // Float values may be negative; the input range is then taken from the values.
  const heard = collectWarnings((warning) => io.err(`warning: ${warning}`));
  const { network, nodes } = followedActivations(
    model.relu,
    samples[0].values instanceof Float32Array ? { inputRange: 1 } : {},
  );
  const pass = await createFloatPass(network, { keep: nodes });
  try {
    return await toSpiking(model.relu, {
      ...choice,
      calibration: samples.map(({ values }) => values),
      pass,
      signal: io.signal,
    });
  } finally {
    heard();
    pass.dispose();
  }
}

/** Whether scales come from calibration images; otherwise they come from the inputs. */
function takesCalibration({ calibration, scales, bits }: MappingFlags): boolean {
  return calibration !== undefined || scales !== undefined || bits === "auto";
}

/** The values that the ReLU network takes. */
function floatValues(model: ReluNetwork, { values }: Sample): Float32Array {
  return values instanceof Uint8Array ? inputFromPixels(model, values) : values;
}

async function reluLogits(model: ReluNetwork, samples: readonly Sample[]): Promise<Float32Array[]> {
  const pass = await createFloatPass(model);
  try {
    return samples.map(({ values }) => pass.run(values, 1).outputs[model.outputs[0]]);
  } finally {
    pass.dispose();
  }
}

async function simulate(
  mapped: SpikingNetwork,
  samples: readonly Sample[],
  flags: RunFlags,
  io: Io,
): Promise<Result<Recorded>[]> {
  const { network, encode } = inputEncoder(mapped, encodingChoice(flags));
  const keeps = flags.plot !== undefined || flags.saveSpikes !== undefined;
  const spikes = keeps ? populationsOf(network).map(({ name }) => name) : [];
  const engine = resolveEngine(flags.engine);
  const simulator = await engine.createSimulator<Recorded>(network, { record: { spikes } });
  try {
    const results: Result<Recorded>[] = [];
    for (const [index, { values }] of samples.entries()) {
      const input =
        values instanceof Uint8Array
          ? encode(values, index, flags.ticks ?? network.windowTicks).input
          : floatInput(network, values, flags);
      results.push(await simulateSample(simulator, input, flags.ticks, io));
    }
    io.progress("");
    return results;
  } finally {
    simulator.dispose();
  }
}

function floatInput(
  network: SpikingNetwork,
  values: Float32Array,
  { encoding = "constant" }: EncodingFlags,
): Float32Array {
  if (encoding !== "constant")
    throw new LlifError(
      "ARGUMENT",
      `--encoding ${encoding}: expected pixels (uint8), got float32 values; they enter as constant current`,
    );
  return beforeNormalisation(network, values);
}

/** Undoes the normalisation: mean and standard deviation are folded into the simulator's first layer. */
function beforeNormalisation({ convention: { mean, std }, input }: SpikingNetwork, values: Float32Array): Float32Array {
  const channels = channelsOf(input.shape);
  const at = (parameters: readonly number[], index: number) =>
    parameters[parameters.length === 1 ? 0 : index % channels];
  return values.map((value, index) => value * at(std, index) + at(mean, index));
}

async function readSamples(file: string, model: ReluNetwork): Promise<Sample[]> {
  const bytes = await readInput(file);
  const place = `"${file}"`;
  const { shape } = inputOf(model);
  const size = sizeOf(shape);
  if (!/\.npy$/i.test(file)) {
    const image = decodeImage(bytes, place);
    const pixels =
      shape.length === 1 ? [image.shape[0], image.shape[1], model.convention.channelOrder === "gray" ? 1 : 3] : shape;
    const { data } = prepareImage(image, model.convention, pixels, place);
    if (data.length !== size)
      throw new LlifError(
        "SHAPE",
        `${place}: expected ${size} pixels for the model's input ${formatShape(shape)}, got ${data.length}`,
      );
    return [{ name: file, values: data }];
  }
  const array = readNpy(bytes, place);
  const samples = samplesOf(place, array, shape);
  if (samples.length === 0)
    throw new LlifError(
      "SHAPE",
      `${place}: expected samples of ${formatShape(shape)}, got ${formatShape(array.shape)}`,
    );
  if (samples.some((values) => values instanceof Float32Array && values.some((value) => !Number.isFinite(value))))
    throw new LlifError("DATA", `${place}: expected finite numbers`);
  return samples.map((values, index) => ({ name: samples.length === 1 ? file : `${file}[${index}]`, values }));
}

async function plotFirst(network: SpikingNetwork, sample: Sample, result: Result<Recorded>): Promise<string> {
  const { frames, flags } = rulesOf(network.code);
  const alike = (flags.ahead ?? 0) === 0;
  const payloads = payloadsOf(network);
  const ticks = latencyTicks(network, result.statistics.ticks);
  const payloadsIn = (name: string) => ({
    payloads: Array.from({ length: ticks }, (_, tick) => payloads(name, tick)),
  });
  const populations = populationsOf(network);
  const layers = populations.map(({ name, shape }) => ({
    ...result.spikes[name],
    name,
    size: sizeOf(shape),
    ...(frames && !alike ? payloadsIn(name) : {}),
  }));
  const best = result.top[0];
  const title =
    best === undefined
      ? `Spikes of ${network.name}`
      : `Spikes of ${network.name} deciding “${best.label}” on ${basename(sample.name)}`;
  return rasterPlot(layers, {
    title,
    ticks,
    windowTicks: isSynchronous(network) ? undefined : network.windowTicks,
    ...(isLive(network) ? { dtSeconds: network.dtSeconds } : {}),
    ...(frames && alike ? payloadsIn(populations[0].name) : {}),
  });
}

function toRecord({ sample, result, relu, classes }: Decided) {
  const { top, statistics, counts } = result;
  if (relu === null)
    return {
      input: sample.name,
      top: [...top],
      reluDecision: null,
      ...(top.length === 0 ? { spikesOfLayers: spikesOfLayers(counts) } : {}),
      ...statistics,
    };
  const reluDecision = argmax(relu);
  return {
    input: sample.name,
    top: top.map((entry) => ({ ...entry, reluLogit: relu[entry.index] })),
    reluDecision: { index: reluDecision, label: classes[reluDecision] ?? String(reluDecision) },
    ...statistics,
  };
}

function formatDecided({ sample, result, relu, classes }: Decided): string {
  const { top, statistics, counts } = result;
  const cost = `  ${statistics.latencyTicks} ticks to the decision, ${formatCount(statistics.spikes)} spikes, ${formatOperations(statistics.synapticOperations, statistics.additions)} synaptic operations${statistics.clippedInputs > 0 ? `, ${formatCount(statistics.clippedInputs)} of ${formatCount(sample.values.length)} inputs clipped` : ""}`;
  const name = oneLine(sample.name);
  if (top.length === 0) {
    const layers = Object.entries(spikesOfLayers(counts)).map(([layer, spikes]) => [`  ${layer}`, formatCount(spikes)]);
    return [
      name,
      "  no output decides; spikes of each layer:",
      formatTable(layers),
      cost.replace("to the decision, ", ""),
    ].join("\n");
  }
  const rows = top.map(({ index, label, logit }) => [
    `  ${label}`,
    logit.toFixed(4),
    ...(relu === null ? [] : [relu[index].toFixed(4)]),
  ]);
  const reluDecision = relu === null ? -1 : argmax(relu);
  const differs =
    relu === null || top[0].index === reluDecision
      ? []
      : [`  the ReLU network decides ${oneLine(classes[reluDecision] ?? String(reluDecision))}`];
  return [
    name,
    formatTable([["  class", "spiking", ...(relu === null ? [] : ["ReLU"])], ...rows]),
    ...differs,
    cost,
  ].join("\n");
}

function spikesOfLayers(counts: Result["counts"]): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counts).map(([name, each]) => [name, Array.from(each).reduce((sum, count) => sum + count, 0)]),
  );
}
