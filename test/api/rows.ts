// The table of the public API: each function with arguments that are right, and the kind of each.
import { readFileSync } from "node:fs";
import * as llif from "../../ts/index.ts";
import * as onnx from "../../ts/formats/onnx/index.ts";
import * as plot from "../../ts/plot/index.ts";
import { optional, options, required, values as valuesOfAll, type Argument } from "./values.ts";

export interface Row {
  /** Of the export, or `what.method`. */
  readonly name: string;
  readonly call: (...values: never[]) => unknown;
  readonly values: readonly Argument[];
}

const row = (name: string, call: (...values: never[]) => unknown, ...values: Argument[]): Row => ({
  name,
  call,
  values,
});

const relu = llif
  .reluNetwork({ input: [2, 2, 1] })
  .dense({ weights: { shape: [3, 4], data: Float32Array.from({ length: 12 }, (_, index) => (index % 5) / 4 - 0.4) } })
  .relu()
  .dense({ weights: { shape: [2, 3], data: Float32Array.of(1, -0.5, 0.25, -1, 0.5, 0.75) } })
  .build();
const images = Array.from({ length: 12 }, (_, index) => Uint8Array.of(20 * index, 255 - 20 * index, 9 * index, 128));
const maxima = { relu1: [1, 1, 1] };
const phase = await llif.toSpiking(relu, { calibration: images, bits: 4 });
const rate = await llif.toSpiking(relu, { calibration: images, code: "rate", ticks: 8 });
const si = { capacitanceFarad: 1e-10, thresholdVolt: 0.015, dtSeconds: 1e-4, resistanceOhm: 1e8 };
const inSiUnits = await llif.toSpiking(relu, { calibration: images, code: "rate", ticks: 8, neuron: si });
const image = images[3];
const byHand = await llif.createSimulator(llif.population({ weights: [[0.5, 0.25]], threshold: 1 }), {
  engine: "reference",
});
const encoder = llif.inputEncoder(rate, { encoding: "poisson", seed: 1 });
const stateDict = readFileSync("test/formats/fixtures/pytorch-zip.pth");
const data = llif.imageDataset({
  name: "d",
  split: "test",
  shape: [2, 2, 1],
  images: Uint8Array.from(images.flatMap((pixels) => [...pixels])),
  labels: new Uint8Array(12),
  classes: ["a", "b"],
});
const floatPass = await llif.createFloatPass(relu, { keep: ["relu1"] });
const twinPass = await llif.createTwinPass(phase);
const simulator = await llif.createSimulator(phase, { engine: "reference" });
const rateSimulator = await llif.createSimulator(rate, { engine: "wasm" });
const earlySimulator = await llif.createSimulator(rate, { engine: "reference", record: llif.earlyRecording(rate) });
const contenders = { network: phase, reluOutput: "dense2", forward: floatPass, simulator, twin: null };
const evaluation = await llif.evaluate(contenders, data);
const exit = llif.earlyExit(rate) as llif.EarlyExit;
const last = llif.lastWindow(phase) as llif.LastWindow;
const certifier = await llif.createCertifier(relu);
const [correspondence] = llif.correspondences(relu, phase);
const meter = llif.activityMeter(phase, relu);
const diagnoser = llif.createDiagnoser(relu, phase);
const run = simulator.run(image);
const values = Object.fromEntries(llif.forward(relu, llif.inputFromPixels(relu, image)));
const state = earlySimulator.run(image, { ticks: 1 });
const twin = llif.quantizedTwin(phase);
const builder = llif.spikingNetwork({ inputs: [4, 4, 1] });
const flat = llif
  .spikingNetwork({ inputs: 2 })
  .dense({ weights: [[1, 1]], threshold: 1, name: "a" })
  .dense({ weights: [[1]], threshold: 1, name: "b" });
const chain = llif.reluNetwork({ input: [4, 4, 1] });
const convention = { scale: 1, mean: [0], std: [1], channelOrder: "gray" } as const;
const weights = new Float32Array(9).fill(0.5);
const tensor = (...shape: number[]) => ({
  shape,
  data: new Float32Array(shape.reduce((size, extent) => size * extent, 1)).fill(0.5),
});
const point = {
  series: "s",
  accuracy: 1,
  reluAccuracy: 1,
  disagreement: 0,
  latencyTicks: 4,
  spikes: 5,
  synapticOperations: 6,
};
const curvePoint = {
  currentAmpere: 1e-9,
  simulatedHertz: 1,
  reluHertz: 1,
  formulaHertz: 1,
  errorHertz: 0,
  boundHertz: null,
};
const plan = llif.planSweep([4], [2], ["rate"]);

const relus = required("network", "object", relu);
const spiking = required("network", "object", phase);
const place = optional("place", "string", "file");
const charge = required("chargePerTick", "number", 0.5);
const threshold = required("threshold", "positive", 1);
const refractoryInput = required("input", "choice", "integrate");
const signal = optional("signal", "signal", new AbortController().signal);
const onProgress = optional("onProgress", "function", () => undefined);
const record = optional("record", "options", { counts: true });

/** Options of neurons, as the builder takes them. */
const neuron = [
  required("threshold", "positive", 1),
  optional("leak", "object", { kind: "constant", chargePerTick: 0 }),
  optional("reset", "choice", "soft"),
  optional("refractory", "index", 1),
  optional("floor", "number", -1),
  optional("spikesPerTick", "count", 1),
  optional("bias", "number", 0),
  optional("initialPotential", "number", 0),
  optional("name", "name", "n"),
];
const biological = [
  required("capacitanceFarad", "positive", 1e-10),
  required("thresholdVolt", "positive", 0.015),
  required("dtSeconds", "positive", 1e-4),
  optional("restVolt", "number", 0),
  optional("leakCurrentAmpere", "number", 0),
  optional("resistanceOhm", "positive", 1e8),
  optional("injectedCurrentAmpere", "number", 0),
  optional("initialVolt", "number", 0),
  optional("floorVolt", "number", -1),
  optional("refractorySeconds", "atLeastZero", 0),
  optional("refractoryInput", "choice", "discard"),
];
const pool = (name: string) => [
  optional("size", "count", 2),
  optional("stride", "count", 2),
  optional("padding", "index", 0),
  optional("name", "name", name),
];
const conv = [
  optional("bias", "numbers", [0]),
  optional("stride", "count", 1),
  optional("padding", "index", 1),
  optional("dilation", "count", 1),
  optional("groups", "count", 1),
  optional("name", "name", "c"),
];
const reluPool = (name: string) => [
  required("size", "count", 2),
  optional("stride", "count", 2),
  optional("padding", "index", 0),
  optional("dilation", "count", 1),
  optional("ceil", "boolean", false),
  optional("name", "name", name),
];
const title = [required("title", "string", "t"), optional("width", "positive", 400)];

export const rows: readonly Row[] = [
  // Networks and builders.
  row(
    "spikingNetwork",
    llif.spikingNetwork,
    options([
      required("inputs", "count", [2], ["an empty array"]),
      optional("name", "name", "n"),
      optional("dtSeconds", "positive", 1),
      optional("ticks", "count", 4),
      optional("classes", "strings", []),
      optional("convention", "object"),
    ]),
  ),
  row(
    "SpikingNetworkBuilder",
    (given: never, nodes: never, synapses: never) => new llif.SpikingNetworkBuilder(given, nodes, synapses),
    required("options", "object", { inputs: [2] }),
    optional("nodes", "array", []),
    optional("synapses", "array", []),
  ),
  row(
    "SpikingNetworkBuilder.dense",
    (given: never) => builder.dense(given),
    options([required("weights", "array", [new Float32Array(16)]), optional("units", "count"), ...neuron]),
  ),
  row(
    "SpikingNetworkBuilder.population",
    (given: never) => builder.population(given),
    options([required("weights", "array", new Float32Array(16)), optional("units", "count", 1), ...neuron]),
  ),
  row(
    "SpikingNetworkBuilder.conv2d",
    (given: never) => builder.conv2d(given),
    options([
      required("weights", "numbers", weights),
      required("filters", "count", 1),
      required("kernel", "count", 3),
      optional("stride", "count", 1),
      optional("dilation", "count", 1),
      optional("padding", "index", 1),
      optional("groups", "count", 1),
      ...neuron,
    ]),
  ),
  row("SpikingNetworkBuilder.maxPool", (given: never) => builder.maxPool(given), options(pool("p"))),
  row("SpikingNetworkBuilder.sumPool", (given: never) => builder.sumPool(given), options(pool("p"))),
  row(
    "SpikingNetworkBuilder.connect",
    (given: never) => flat.connect(given),
    options([
      required("from", "name", "b"),
      required("to", "name", "a"),
      required("weights", "array", [[1]]),
      optional("delayTicks", "count", 1),
    ]),
  ),
  row(
    "SpikingNetworkBuilder.output",
    (given: never) => builder.output(given),
    options([
      required("weights", "array", [new Float32Array(16)]),
      optional("bias", "number", 0),
      optional("unit", "positive", 1),
      optional("name", "name", "o"),
    ]),
  ),
  row(
    "population",
    llif.population,
    options([
      required("weights", "numbers", [[1]]),
      optional("units", "count", 1),
      ...neuron,
      optional("dtSeconds", "positive", 1),
      optional("ticks", "count", 4),
      optional("convention", "object"),
    ]),
  ),
  row("checkSpikingNetwork", llif.checkSpikingNetwork, spiking),
  row("biologicalNeuron", llif.biologicalNeuron, options(biological), optional("chargeScale", "positive", 1)),
  row("synapticCharge", llif.synapticCharge, required("coulomb", "number", 1), optional("chargeScale", "positive", 1)),
  row("latencyTicks", llif.latencyTicks, spiking, optional("ticks", "count", 4)),
  row("outputsOf", llif.outputsOf, spiking),
  row("populationsOf", llif.populationsOf, spiking),
  row(
    "reluNetwork",
    llif.reluNetwork,
    options([
      required("input", "count", [2], ["an empty array"]),
      optional("name", "name", "n"),
      optional("convention", "object"),
      optional("classes", "strings", []),
    ]),
  ),
  row(
    "ReluNetworkBuilder",
    (given: never, nodes: never) => new llif.ReluNetworkBuilder(given, nodes),
    required("options", "object", { input: [2] }),
    required("nodes", "object", [{ kind: "input", name: "input", from: [], shape: [2] }]),
  ),
  row(
    "ReluNetworkBuilder.conv2d",
    (given: never) => chain.conv2d(given),
    options([required("weights", "object", tensor(3, 3, 1, 1)), ...conv]),
  ),
  row(
    "ReluNetworkBuilder.convTranspose2d",
    (given: never) => chain.convTranspose2d(given),
    options([required("weights", "object", tensor(3, 3, 1, 1)), ...conv, optional("outputPadding", "index", 0)]),
  ),
  row(
    "ReluNetworkBuilder.pad",
    (given: never) => chain.pad(given),
    options([required("padding", "index", 1), optional("name", "name", "p")]),
  ),
  row(
    "ReluNetworkBuilder.affine",
    (given: never) => chain.affine(given),
    options([required("scale", "numbers", [1]), required("shift", "numbers", [1]), optional("name", "name", "f")]),
  ),
  row(
    "ReluNetworkBuilder.batchNorm",
    (given: never) => chain.batchNorm(given),
    options([
      required("gamma", "numbers", [1]),
      required("beta", "numbers", [1]),
      required("mean", "numbers", [1]),
      required("variance", "numbers", [1]),
      optional("epsilon", "number", 0),
      optional("name", "name", "n"),
    ]),
  ),
  row(
    "ReluNetworkBuilder.relu",
    (given: never) => chain.relu(given),
    options([
      optional("ceiling", "positive", 6, ["Infinity"]),
      optional("slope", "number", 0.1, ["an empty array", "a Uint8Array", "a Float64Array"]),
      optional("name", "name", "r"),
    ]),
  ),
  row("ReluNetworkBuilder.maxPool", (given: never) => chain.maxPool(given), options(reluPool("m"))),
  row(
    "ReluNetworkBuilder.averagePool",
    (given: never) => chain.averagePool(given),
    options([...reluPool("m"), optional("countPadding", "boolean", true)]),
  ),
  row(
    "ReluNetworkBuilder.globalAveragePool",
    (given: never) => chain.globalAveragePool(given),
    options([optional("name", "name", "g")]),
  ),
  row("ReluNetworkBuilder.flatten", (given: never) => chain.flatten(given), options([optional("name", "name", "f")])),
  row(
    "ReluNetworkBuilder.reshape",
    (given: never) => chain.reshape(given),
    options([required("shape", "object", [16]), optional("name", "name", "s")]),
  ),
  row(
    "ReluNetworkBuilder.dense",
    (given: never) => chain.dense(given),
    options([
      required("weights", "object", tensor(2, 16)),
      optional("bias", "numbers", [0, 0]),
      optional("name", "name", "d"),
    ]),
  ),
  row("ReluNetworkBuilder.softmax", (given: never) => chain.softmax(given), options([optional("name", "name", "s")])),
  row("checkReluNetwork", llif.checkReluNetwork, relus),
  row("inputOf", llif.inputOf, relus),
  row("forward", llif.forward, relus, required("input", "object", new Float32Array(4))),
  row("forwardLogits", llif.forwardLogits, relus, required("input", "object", new Float32Array(4))),
  row("inputFromPixels", llif.inputFromPixels, relus, required("pixels", "object", image, ["a Uint8Array"])),
  row("argmax", llif.argmax, required("values", "numbers", [1, 2], ["an empty array"])),
  row("formatShape", llif.formatShape, required("shape", "numbers", [1, 2])),
  row("sizeOf", llif.sizeOf, required("shape", "numbers", [1, 2])),

  // Engines.
  row("createSimulator", llif.createSimulator, spiking, options([optional("engine", "choice", "reference"), record])),
  row(
    "createSimulator.record",
    (given: never) => llif.createSimulator(rate, { engine: "reference", record: given }),
    options([
      optional("counts", "boolean", true),
      optional("sent", "boolean", false),
      optional("spikes", "array", []),
      optional("potentials", "options", {}),
    ]),
  ),
  row("wasmEngine", llif.wasmEngine, options([optional("wasm", "anything")])),
  row(
    "wasmEngine.createSimulator",
    (network: never, given: never) => llif.wasmEngine().createSimulator(network, given),
    spiking,
    options([record]),
  ),
  row("referenceEngine", llif.referenceEngine),
  row(
    "referenceEngine.createSimulator",
    (network: never, given: never) => llif.referenceEngine().createSimulator(network, given),
    spiking,
    options([record]),
  ),
  row("resolveEngine", llif.resolveEngine, optional("engine", "choice", "reference")),
  row("supportsSimd", llif.supportsSimd),
  row("preloadCore", llif.preloadCore, optional("wasm", "anything")),
  row(
    "pool",
    llif.pool,
    spiking,
    options([optional("size", "count", 1), optional("engine", "choice", "reference"), record]),
  ),
  row(
    "createFloatPass",
    llif.createFloatPass,
    relus,
    options([optional("keep", "array", []), optional("maxima", "array", []), optional("wasm", "anything")]),
  ),
  row(
    "createTwinPass",
    llif.createTwinPass,
    spiking,
    options([optional("keep", "array", "all"), optional("wasm", "anything")]),
  ),
  row(
    "FloatPass.run",
    (batch: never, samples: never) => floatPass.run(batch, samples),
    required("batch", "object", image),
    required("samples", "count", 1),
  ),
  row(
    "TwinPass.run",
    (batch: never, samples: never) => twinPass.run(batch, samples),
    required("counts", "object", image),
    required("samples", "count", 1),
  ),
  row(
    "TwinPass.digest",
    (batch: never, samples: never) => twinPass.digest(batch, samples),
    required("counts", "object", image),
    required("samples", "count", 1),
  ),
  row(
    "Simulator.run",
    (input: never, given: never) => rateSimulator.run(input, given),
    required("input", "object", image),
    options([optional("ticks", "count", 8), optional("keepState", "boolean", false)]),
  ),
  row(
    "Simulator.run of a layerwise network",
    (input: never, given: never) => simulator.run(input, given),
    required("input", "object", image),
    options([optional("ticks", "choice", 4), optional("keepState", "boolean", false)]),
  ),
  row(
    "Simulator.run of spikes",
    (spikes: never) => byHand.run({ spikes }),
    options([
      required("ticks", "array", [0]),
      required("neurons", "array", [0]),
      optional("signs", "choice"),
      optional("times", "choice"),
    ]),
  ),
  row(
    "Simulator.run of values",
    (given: never) => rateSimulator.run({ values: given }),
    required("values", "object", image),
  ),
  row("Simulator.step", (input: never) => rateSimulator.step(input), required("input", "object", image)),
  row(
    "Simulator.runPipelined",
    (inputs: never) => [...simulator.runPipelined(inputs)],
    required("inputs", "array", [image], ["a Map"]),
  ),
  row(
    "Simulator.runBatch",
    (inputs: never, given: never) => rateSimulator.runBatch(inputs, given),
    required("inputs", "array", [image], ["a Map"]),
    options([optional("ticks", "count", 8), optional("keepState", "boolean", false), signal, onProgress]),
  ),

  // Mapping.
  row(
    "toSpiking",
    llif.toSpiking,
    relus,
    options([
      optional("code", "choice", "phase"),
      optional("schedule", "choice", "layerwise"),
      optional("spikes", "choice", "unsigned"),
      optional("nonAdjacent", "boolean", false),
      optional("settles", "boolean", false),
      optional("bits", "count", 4),
      optional("ticks", "count"),
      optional("scales", "choice", "max"),
      optional("margin", "positive", 1),
      optional("channelFloor", "choice", 0.5),
      optional("percentile", "positive", 99, ["1.5"]),
      optional("perChannel", "boolean", true),
      optional("calibration", "choice", images),
      optional("maxima", "choice"),
      optional("maximaImages", "count"),
      optional("pass", "choice"),
      optional("inputRange", "positive"),
      signal,
      onProgress,
    ]),
  ),
  row(
    "toSpiking to rate",
    (given: never) =>
      llif.toSpiking(relu, Object.assign({ code: "rate", ticks: 8, calibration: images } as object, given)),
    options(
      [
        optional("timeConstantTicks", "positive", 10),
        optional("neuron", "object"),
        optional("reset", "choice", "soft"),
        optional("floor", "number"),
        optional("refractory", "index", 0),
        optional("spikesPerTick", "count", 1),
      ],
      Object.keys(valuesOfAll),
    ),
  ),
  row("followedActivations", llif.followedActivations, relus, options([optional("inputRange", "positive", 1)])),
  row("biologicalParameters", llif.biologicalParameters, required("network", "object", inSiUnits), options(biological)),
  row(
    "chooseBits",
    llif.chooseBits,
    required("disagreementsAt", "choice", async () => 0),
    options([optional("from", "count", 2), optional("to", "count", 4), signal]),
  ),
  row("formatSummary", llif.formatSummary, required("summary", "object", llif.summarize(phase))),
  row(
    "summarize",
    llif.summarize,
    spiking,
    options([optional("relu", "object", relu), optional("maxima", "record", maxima)]),
  ),
  row("clippingOf", llif.clippingOf, spiking, relus, required("maxima", "object", maxima)),
  row("toRelu", llif.toRelu, spiking),
  row("quantizedTwin", llif.quantizedTwin, spiking),
  row("QuantizedTwin.run", (counts: never) => twin.run(counts), required("counts", "object", image)),
  row("correspondences", llif.correspondences, relus, spiking),
  row(
    "decodeActivations",
    llif.decodeActivations,
    spiking,
    required("correspondence", "object", correspondence),
    required("run", "object", run),
    optional("ticks", "count", 4),
  ),
  row("wholeNodes", llif.wholeNodes, relus, required("correspondences", "array", [correspondence])),
  row("earlyExit", llif.earlyExit, spiking),
  row(
    "EarlyExit.decide",
    (given: never, input: never, remaining: never) => exit.decide(given, input, remaining),
    required("state", "object", state),
    required("input", "object", image),
    required("remaining", "index", 3),
  ),
  row("createCertifier", llif.createCertifier, relus, optional("makePass", "choice")),
  row(
    "Certifier.certify",
    (batch: never, samples: never, activations: never, decisions: never) =>
      certifier.certify(batch, samples, activations, decisions),
    required("batch", "object", image),
    required("samples", "count", 1),
    required("activations", "options", {}),
    required("decisions", "object", [0]),
  ),
  row("lastWindow", llif.lastWindow, spiking),
  row(
    "LastWindow.decide",
    (counts: never, input: never) => last.decide(counts, input),
    required("counts", "object", run.counts),
    required("input", "object", image),
  ),

  // Closed formulas.
  row(
    "amplification",
    llif.amplification,
    required("weights", "numbers", [1, 2]),
    required("thresholds", "numbers", [1]),
  ),
  row(
    "countErrorBounds",
    llif.countErrorBounds,
    required("amplifications", "array", [1]),
    optional("inputBound", "atLeastZero", 0),
  ),
  row(
    "countUnderConstantDrive",
    llif.countUnderConstantDrive,
    charge,
    threshold,
    required("ticks", "index", 4),
    optional("initialPotential", "atLeastZero", 0.5),
  ),
  row(
    "discardingDrive",
    llif.discardingDrive,
    required("rate", "share", 0.1),
    threshold,
    required("refractoryTicks", "index", 2),
  ),
  row(
    "equivalentLeakCharge",
    llif.equivalentLeakCharge,
    required("leakFactor", "share", 0.5),
    threshold,
    optional("restCharge", "number", 0),
  ),
  row("hardResetCount", llif.hardResetCount, charge, threshold, required("ticks", "index", 4)),
  row(
    "hardResetRate",
    llif.hardResetRate,
    charge,
    threshold,
    optional("refractoryTicks", "index", 0),
    optional("input", "choice", "integrate"),
  ),
  row("ohmicHardResetTicks", llif.ohmicHardResetTicks, charge, threshold, required("leakFactor", "share", 0.5)),
  row(
    "ohmicPredistortion",
    llif.ohmicPredistortion,
    required("rateHertz", "positive", 10),
    required("thresholdVolt", "positive", 1),
    required("timeConstantSeconds", "positive", 1),
    optional("restVolt", "number", 0),
  ),
  row(
    "ohmicRate",
    llif.ohmicRate,
    required("steadyVolt", "number", 2),
    required("thresholdVolt", "positive", 1),
    required("timeConstantSeconds", "positive", 1),
  ),
  row(
    "ohmicReluRate",
    llif.ohmicReluRate,
    required("steadyVolt", "number", 2),
    required("thresholdVolt", "positive", 1),
    required("timeConstantSeconds", "positive", 1),
  ),
  row("ohmicTickBound", llif.ohmicTickBound, required("leakFactor", "share", 0.5), required("ticks", "count", 4)),
  row("ohmicTickRate", llif.ohmicTickRate, charge, threshold, required("leakFactor", "share", 0.5)),
  row(
    "refractoryOhmicRate",
    llif.refractoryOhmicRate,
    required("rateHertz", "number", 10),
    required("refractorySeconds", "atLeastZero", 1),
    required("dtSeconds", "positive", 1),
    refractoryInput,
  ),
  row(
    "refractoryRate",
    llif.refractoryRate,
    charge,
    threshold,
    required("refractoryTicks", "index", 1),
    refractoryInput,
  ),
  row("reluRate", llif.reluRate, charge, threshold, optional("largest", "positive", 1, ["Infinity"])),

  // Encoders.
  row("encodeConstant", llif.encodeConstant, required("values", "numbers", [0.5])),
  row(
    "encodePoisson",
    llif.encodePoisson,
    required("values", "numbers", [0.5]),
    required("ticks", "count", 4),
    required("seed", "index", 1),
  ),
  row("encodeRegular", llif.encodeRegular, required("values", "numbers", [0.5]), required("ticks", "count", 4)),
  row(
    "encodePhase",
    llif.encodePhase,
    required("counts", "numbers", [3]),
    required("ticks", "count", 4),
    options(
      [optional("spikes", "choice", "unsigned"), optional("nonAdjacent", "boolean", false)],
      ["an object of a key"],
    ),
  ),
  row("encodeTtfs", llif.encodeTtfs, required("counts", "numbers", [3]), required("windowTicks", "count", 4)),
  row("encodeTtfsTimes", llif.encodeTtfsTimes, required("values", "numbers", [0.5])),
  row(
    "inputEncoder",
    llif.inputEncoder,
    required("network", "object", rate),
    options([required("encoding", "choice", "poisson"), optional("seed", "index", 1)]),
  ),
  row(
    "InputEncoder.encode",
    (given: never, index: never, ticks: never) => encoder.encode(given, index, ticks),
    required("image", "numbers", image),
    optional("index", "index", 1),
    optional("ticks", "count", 8),
  ),
  row("pcg32", llif.pcg32, required("seed", "index", 1)),

  // Files and data.
  row("readLlif", llif.readLlif, required("bytes", "bytes", llif.writeLlif(phase)), place),
  row("writeLlif", llif.writeLlif, spiking),
  row(
    "loadModel",
    llif.loadModel,
    required("source", "string", onnx.writeOnnx(relu)),
    options([optional("description", "record"), optional("readBeside", "function"), signal, onProgress]),
  ),
  row("parseDescription", llif.parseDescription, required("json", "record", {})),
  row("readStateDict", llif.readStateDict, required("bytes", "bytes", stateDict), place),
  row("detectFormat", llif.detectFormat, required("bytes", "bytes", new Uint8Array(9))),
  row(
    "readModel",
    llif.readModel,
    required("bytes", "choice", onnx.writeOnnx(relu)),
    optional("fileName", "string", "m.onnx"),
    optional("description", "record"),
    optional("readBeside", "function"),
  ),
  row(
    "readOnnx",
    onnx.readOnnx,
    required("bytes", "bytes", onnx.writeOnnx(relu)),
    options([
      optional("name", "string", "n"),
      optional("convention", "object"),
      optional("classes", "strings", []),
      optional("files", "choice", new Map(), ["a Map"]),
    ]),
  ),
  row("writeOnnx", onnx.writeOnnx, relus),
  row("isOnnx", onnx.isOnnx, required("bytes", "bytes", new Uint8Array(9))),
  row("externalFiles", onnx.externalFiles, required("bytes", "bytes", onnx.writeOnnx(relu))),
  row("contentHash", llif.contentHash, required("dataset", "object", data)),
  row(
    "imageDataset",
    llif.imageDataset,
    options([
      required("name", "string", "d"),
      required("split", "choice", "test"),
      required("shape", "object", [1, 1, 3]),
      required("images", "object", new Uint8Array(3), ["a Uint8Array"]),
      required("labels", "object", Uint8Array.of(0), ["null"]),
      required("classes", "strings", ["a"]),
    ]),
  ),
  row("sample", llif.sample, required("dataset", "object", data), required("index", "index", 1)),
  row(
    "slice",
    llif.slice,
    required("dataset", "object", data),
    required("from", "index", 1),
    optional("to", "count", 3),
  ),
  row(
    "readIdx",
    llif.readIdx,
    required("bytes", "bytes", llif.writeIdx({ shape: [2], data: new Uint8Array(2) })),
    place,
  ),
  row("writeIdx", llif.writeIdx, required("array", "object", { shape: [2], data: new Uint8Array(2) })),
  row(
    "datasetFromIdx",
    llif.datasetFromIdx,
    required("images", "choice", llif.writeIdx({ shape: [1, 2, 2], data: new Uint8Array(4) })),
    required("labels", "choice", llif.writeIdx({ shape: [1], data: new Uint8Array(1) })),
    options([
      required("name", "string", "d"),
      required("split", "choice", "test"),
      required("classes", "strings", ["a"]),
    ]),
  ),
  row(
    "readNpy",
    llif.readNpy,
    required("bytes", "bytes", llif.writeNpy({ shape: [2], data: new Uint8Array(2) })),
    place,
  ),
  row("writeNpy", llif.writeNpy, required("array", "object", { shape: [2], data: new Uint8Array(2) })),
  row(
    "readNpz",
    llif.readNpz,
    required("bytes", "bytes", llif.writeNpz([["a", { shape: [2], data: new Uint8Array(2) }]])),
    place,
  ),
  row(
    "writeNpz",
    llif.writeNpz,
    required("arrays", "array", [["a", { shape: [2], data: new Uint8Array(2) }]], ["a Map"]),
  ),
  row(
    "prepareDataset",
    llif.prepareDataset,
    required("dataset", "object", data),
    required("convention", "object", convention),
    required("shape", "object", [2, 2, 1]),
  ),
  row(
    "prepareImage",
    llif.prepareImage,
    required("image", "object", { shape: [2, 2, 1], data: image }),
    required("convention", "object", { channelOrder: "gray" }),
    required("shape", "object", [2, 2, 1]),
    place,
  ),
  row(
    "sampleOf",
    llif.sampleOf,
    optional("place", "anything", "input"),
    required("input", "numbers", image),
    required("layout", "numbers", [2, 2, 1]),
  ),
  row(
    "samplesOf",
    llif.samplesOf,
    optional("place", "anything", "input"),
    required("samples", "object", { shape: [1, 2, 2, 1], data: image }),
    required("layout", "numbers", [2, 2, 1]),
  ),

  // Analysis.
  row(
    "evaluate",
    llif.evaluate,
    required("contenders", "object", contenders),
    required("data", "object", data),
    options([optional("firstSample", "index", 0), optional("ticks", "choice"), signal, onProgress]),
  ),
  row(
    "evaluate contenders",
    (given: never) => llif.evaluate(given, data),
    options([
      required("network", "object", phase),
      required("reluOutput", "name", "dense2"),
      required("forward", "object", floatPass),
      required("simulator", "object", simulator, ["null"]),
      required("twin", "object", null, ["null"]),
      optional("known", "record", {}),
      optional("certificates", "object"),
      optional("activity", "object"),
      optional("encoder", "object"),
    ]),
  ),
  row(
    "certificateReport",
    llif.certificateReport,
    required("evaluation", "object", evaluation),
    required("network", "object", phase),
    required("ticks", "count", 4),
  ),
  row("mergeEvaluations", llif.mergeEvaluations, required("parts", "choice", [evaluation])),
  row(
    "reportEvaluation",
    llif.reportEvaluation,
    required("evaluation", "object", evaluation),
    options([
      required("network", "object", phase),
      required("model", "string", "m"),
      required("data", "string", "d"),
      required("split", "string", "test"),
      required("engine", "choice", "reference"),
      required("comparedWith", "choice", "model"),
      optional("ticks", "count"),
    ]),
  ),
  row(
    "clopperPearsonInterval",
    llif.clopperPearsonInterval,
    required("successes", "index", 1),
    required("trials", "count", 2),
  ),
  row("wilsonInterval", llif.wilsonInterval, required("successes", "index", 1), required("trials", "count", 2)),
  row("mcnemarExact", llif.mcnemarExact, required("onlyFirst", "index", 1), required("onlySecond", "index", 2)),
  row("earlyRecording", llif.earlyRecording, spiking),
  row(
    "runUntilDecided",
    llif.runUntilDecided,
    required("simulator", "object", earlySimulator),
    required("exit", "object", exit),
    required("input", "object", image),
    options([optional("ticks", "count", 8), optional("interval", "count", 2)]),
  ),
  row("activityMeter", llif.activityMeter, spiking, relus, optional("spikingInput", "boolean", false)),
  row(
    "ActivityMeter.add",
    (given: never, input: never, nodes: never) => meter.add(given, input, nodes),
    required("run", "object", run),
    required("input", "object", image),
    required("values", "object", values),
  ),
  row(
    "energyReport",
    llif.energyReport,
    spiking,
    relus,
    required("meter", "object", meter),
    required("sums", "object", meter.sums()),
    optional("ticks", "count", 4),
    optional("preset", "object", llif.horowitz45nm),
  ),
  row("createDiagnoser", llif.createDiagnoser, relus, spiking),
  row(
    "Diagnoser.add",
    (given: never, nodes: never, ticks: never) => diagnoser.add(given, nodes, ticks),
    required("run", "object", run),
    required("values", "object", values),
    optional("ticks", "count", 4),
  ),
  row("adviceOf", llif.adviceOf, required("network", "object", phase), required("layers", "array", [])),
  row(
    "planSweep",
    llif.planSweep,
    required("ticks", "array", [4]),
    required("bits", "array", [2]),
    optional("names", "array", ["rate"]),
    optional("together", "boolean", true),
  ),
  row(
    "sweep",
    llif.sweep,
    required("plan", "object", plan),
    required("evaluateTask", "choice", async () => []),
    optional("onProgress", "function", () => undefined),
  ),
  row(
    "firingRateCurve",
    llif.firingRateCurve,
    options([
      required("engine", "object", llif.referenceEngine()),
      required("leak", "choice", "constant"),
      required("reset", "choice", "soft"),
      ...biological.filter(({ name }) => !/injected|initial|floor/.test(name)),
      required("currents", "numbers", [1e-9], ["a Uint8Array"]),
      required("ticks", "count", 16),
      signal,
      onProgress,
    ]),
  ),

  // Plots.
  row(
    "curvePlot",
    plot.curvePlot,
    required("points", "object", [curvePoint]),
    options([...title, optional("note", "string", "n")]),
  ),
  row(
    "diagnosisPlot",
    plot.diagnosisPlot,
    required("layers", "object", [
      {
        name: "a",
        correlation: 1,
        rmsError: 0.1,
        relativeError: 0.1,
        clippedShare: 0,
        silentShare: 0,
        saturatedShare: 0,
        spikes: 1,
        synapticOperations: 1,
      },
    ]),
    options(title),
  ),
  row(
    "rasterPlot",
    plot.rasterPlot,
    required("trains", "object", [{ name: "a", size: 2, ticks: [0], neurons: [1] }]),
    options([...title, required("ticks", "count", 8), optional("windowTicks", "count", 4)]),
  ),
  row(
    "sweepPlot",
    plot.sweepPlot,
    required("points", "object", [point]),
    options([...title, optional("costs", "choice", ["spikes"])]),
  ),
  row(
    "tracePlot",
    plot.tracePlot,
    required("traces", "object", [{ name: "a", potentials: [0, 1] }]),
    options([...title, optional("chargeUnit", "string", "C")]),
  ),
];
