import { basename } from "node:path";
import { Option, type Command } from "commander";
import { LlifError } from "../errors.ts";
import { decodeImage } from "../data/images.ts";
import { readNpy, writeNpz } from "../data/npy.ts";
import { prepareImage } from "../data/prepare.ts";
import { resolveEngine } from "../engine/create.ts";
import type { Result } from "../engine/engine.ts";
import { inputOf, type ReluNetwork } from "../relu/network.ts";
import { latencyTicks, populationsOf, type SpikingNetwork } from "../spiking/network.ts";
import { rasterPlot } from "../plot/raster.ts";
import { formatShape, sizeOf } from "../tensor.ts";
import { readInput, writeOutput, type Io } from "./io.ts";
import { openModel, type OpenModel } from "./model-file.ts";
import { addMappingOptions, engineOption, jsonOption, mappingChoice, type EngineChoice, type MappingFlags } from "./options.ts";
import { settleBits } from "./auto-bits.ts";
import { convert, openCalibration } from "./pipeline.ts";
import { formatCount, toJson } from "./text.ts";

interface RunFlags extends MappingFlags {
  readonly input: readonly string[];
  readonly engine: Exclude<EngineChoice, "twin">;
  readonly plot?: string;
  readonly saveSpikes?: string;
  readonly json?: boolean;
}

interface Sample {
  readonly name: string;
  readonly values: Uint8Array | Float32Array;
}

const help = `
Images are brought to the model's input as its description says. A .npy file holds one sample or several: uint8
as pixels 0…255, float32 as they are. An ONNX model is mapped first; without --calibration its scales are bounds from
the weights (--scales analytic).

--save-spikes writes arrays "sample", "layer", "neuron" and "tick", one entry for each spike; "layer_names" holds the
names of the layers as UTF-8 bytes, one a line:
  spikes = numpy.load("out.npz"); names = bytes(spikes["layer_names"]).decode().split("\\n")

Examples:
  llif run models/mnist-8.onnx --input digit.png --plot raster.svg
  llif run mnist-cnn.llif --input digits.npy --save-spikes spikes.npz --json`;

export function addRun(program: Command, io: Io): void {
  const command = program
    .command("run")
    .description("simulate single inputs: top classes, latency, spikes")
    .argument("<model>", "ONNX or .llif file")
    .addOption(new Option("--input <file...>", "PNG, JPEG or .npy").makeOptionMandatory());
  addMappingOptions(command)
    .addOption(engineOption().choices(["auto", "wasm", "reference"]))
    .option("--plot <raster.svg>", "draw the spikes of the first input")
    .option("--save-spikes <out.npz>", "write all spikes for NumPy")
    .addOption(jsonOption())
    .addHelpText("after", help)
    .action(async (path: string, flags: RunFlags) => {
      const model = await openModel(path);
      const samples = (await Promise.all(flags.input.map((file) => readSamples(file, model.relu)))).flat();
      const network = await networkOf(model, flags, io);
      const results = await simulate(network, samples, flags, io);
      if (flags.plot !== undefined) await writeOutput(flags.plot, await plotFirst(network, samples[0], results[0]));
      if (flags.saveSpikes !== undefined) await writeOutput(flags.saveSpikes, spikesToNpz(network, results));
      io.out(flags.json === true ? toJson(results.map((result, index) => toRecord(samples[index], result))) : results.map((result, index) => formatResult(samples[index], result)).join("\n\n"));
    });
}

async function networkOf(model: OpenModel, flags: RunFlags, io: Io): Promise<SpikingNetwork> {
  if (model.spiking !== undefined) return model.spiking;
  const choice = mappingChoice({ ...flags, scales: flags.scales ?? (flags.calibration === undefined ? "analytic" : "max") });
  const calibration = await openCalibration(flags, choice, undefined, model.relu, io);
  return convert(model.relu, await settleBits(model.relu, choice, calibration, io), calibration, io);
}

async function simulate(network: SpikingNetwork, samples: readonly Sample[], flags: RunFlags, io: Io): Promise<Result<{ spikes: string[] }>[]> {
  const keeps = flags.plot !== undefined || flags.saveSpikes !== undefined;
  const spikes = keeps ? populationsOf(network).map(({ name }) => name) : [];
  const engine = resolveEngine(flags.engine);
  const simulator = await engine.createSimulator<{ spikes: string[] }>(network, { record: { spikes } });
  try {
    const ticks = network.schedule === "synchronous" && flags.ticks !== undefined ? { ticks: flags.ticks } : {};
    return await simulator.runBatch(samples.map(({ values }) => values), { ...ticks, signal: io.signal });
  } finally {
    simulator.dispose();
  }
}

async function readSamples(file: string, model: ReluNetwork): Promise<Sample[]> {
  const bytes = await readInput(file);
  const { shape } = inputOf(model);
  const size = sizeOf(shape);
  if (!/\.npy$/i.test(file)) {
    const image = decodeImage(bytes, `"${file}"`);
    const pixels = shape.length === 1 ? [image.shape[0], image.shape[1], model.convention.channelOrder === "gray" ? 1 : 3] : shape;
    const { data } = prepareImage(image, model.convention, pixels, `"${file}"`);
    if (data.length !== size) throw new LlifError("SHAPE", `"${file}": expected ${size} pixels for the model's input ${formatShape(shape)}, got ${data.length}`);
    return [{ name: file, values: data }];
  }
  const { shape: stored, data } = readNpy(bytes, `"${file}"`);
  if (!(data instanceof Uint8Array || data instanceof Float32Array)) throw new LlifError("FORMAT", `"${file}": expected uint8 or float32 numbers, got ${data.constructor.name.replace("Array", "").toLowerCase()}`);
  const count = data.length / size;
  if (data.length === 0 || !Number.isInteger(count)) throw new LlifError("SHAPE", `"${file}": expected samples of ${formatShape(shape)}, got ${formatShape(stored)}`);
  if (data instanceof Float32Array && data.some((value) => !Number.isFinite(value))) throw new LlifError("DATA", `"${file}": expected finite numbers`);
  return Array.from({ length: count }, (_, index) => ({
    name: count === 1 ? file : `${file}[${index}]`,
    values: data.subarray(index * size, (index + 1) * size),
  }));
}

async function plotFirst(network: SpikingNetwork, sample: Sample, result: Result<{ spikes: string[] }>): Promise<string> {
  const layers = populationsOf(network).map(({ name, shape }) => ({ ...result.spikes[name], name, size: sizeOf(shape) }));
  const best = result.top[0];
  const title = best === undefined ? `Spikes of ${network.name}` : `Spikes of ${network.name} deciding “${best.label}” on ${basename(sample.name)}`;
  return rasterPlot(layers, { title, ticks: latencyTicks(network, result.statistics.ticks), windowTicks: network.schedule === "layerwise" ? network.windowTicks : undefined });
}

function spikesToNpz(network: SpikingNetwork, results: readonly Result<{ spikes: string[] }>[]): Uint8Array {
  const names = populationsOf(network).map(({ name }) => name);
  const trains = results.flatMap((result, sample) => names.map((name, layer) => ({ sample, layer, ...result.spikes[name] })));
  const total = trains.reduce((sum, { length }) => sum + length, 0);
  const columns = { sample: new Uint32Array(total), layer: new Uint32Array(total), neuron: new Uint32Array(total), tick: new Uint32Array(total) };
  let at = 0;
  for (const { sample, layer, neurons, ticks, length } of trains) {
    columns.sample.fill(sample, at, at + length);
    columns.layer.fill(layer, at, at + length);
    columns.neuron.set(neurons, at);
    columns.tick.set(ticks, at);
    at += length;
  }
  const layerNames = new TextEncoder().encode(names.join("\n"));
  return writeNpz([...Object.entries(columns).map(([name, data]) => [name, { shape: [total], data }] as const), ["layer_names", { shape: [layerNames.length], data: layerNames }]]);
}

function toRecord(sample: Sample, { top, statistics }: Result<{ spikes: string[] }>) {
  return { input: sample.name, top, ...statistics };
}

function formatResult(sample: Sample, { top, statistics }: Result<{ spikes: string[] }>): string {
  const width = Math.max(0, ...top.map(({ label }) => label.length));
  const classes = top.map(({ label, logit }) => `  ${label.padEnd(width)}  ${logit.toFixed(4)}`);
  const cost = `  ${statistics.latencyTicks} ticks to the decision, ${formatCount(statistics.spikes)} spikes, ${formatCount(statistics.synapticOperations)} synaptic operations`;
  return [sample.name, ...classes, cost].join("\n");
}
