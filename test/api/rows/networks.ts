// Rows of the public API: networks and their builders.
import * as llif from "../../../ts/index.ts";
import { optional, options, required } from "../values.ts";
import { biologicalLive, image, relus, row, type Row, spiking } from "./shared.ts";

const builder = llif.spikingNetwork({ inputs: [4, 4, 1] });
const flat = llif
  .spikingNetwork({ inputs: 2 })
  .dense({ weights: [[1, 1]], threshold: 1, name: "a" })
  .dense({ weights: [[1]], threshold: 1, name: "b" });
const chain = llif.reluNetwork({ input: [4, 4, 1] });
const weights = new Float32Array(9).fill(0.5);
const tensor = (...shape: number[]) => ({
  shape,
  data: new Float32Array(shape.reduce((size, extent) => size * extent, 1)).fill(0.5),
});
/** Options of neurons, as the builder takes them. */
const neuron = [
  required("threshold", "positive", 1, ["Infinity"]),
  optional("leak", "object", { kind: "constant", chargePerTick: 0 }),
  optional("reset", "choice", "soft"),
  optional("refractory", "index", 1),
  optional("floor", "number", -1),
  optional("spikesPerTick", "count", 1),
  optional("bias", "number", 0),
  optional("initialPotential", "number", 0),
  optional("currents", "object", { g: { timeConstantTicks: 5 } }),
  optional("adaptation", "object", { chargePerSpike: 1, timeConstantTicks: 5 }),
  optional("delivery", "choice", "afterThreshold"),
  optional("restTolerance", "atLeastZero", 0),
  optional("name", "name", "n"),
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

export const networks: readonly Row[] = [
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
    "SpikingNetworkBuilder.population without input",
    (given: never) => builder.population(given),
    options([required("input", "choice", "none"), required("units", "count", 2), ...neuron]),
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
      optional("name", "name", "s"),
      optional("into", "choice", "v"),
      optional("plasticity", "object"),
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
  row("isLive", llif.isLive, spiking),
  row(
    "randomEdges",
    llif.randomEdges,
    options([
      required("from", "count", 4),
      required("to", "count", 4),
      required("fanIn", "index", 2),
      required("weights", "number", 1, ["a function"]),
      required("seed", "index", 1),
      optional("delayTicks", "object", [1, 2]),
      optional("self", "boolean", true),
    ]),
  ),
  row(
    "stdp",
    llif.stdp,
    options([
      required("plus", "number", 0.1),
      required("minus", "number", 0.1),
      required("timeConstantTicks", "object", [20, 20]),
      required("maximum", "number", 1, ["1.5", "1e300"]),
      optional("minimum", "number", 0),
      optional("weightDependence", "choice", "additive"),
      optional("trace", "choice", "add"),
      optional("coincident", "choice", "potentiate"),
      optional("reward", "object", { timeConstantTicks: 20 }),
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
  row("biologicalNeuron", llif.biologicalNeuron, options(biologicalLive), optional("chargeScale", "positive", 1)),
  row("synapticCharge", llif.synapticCharge, required("coulomb", "number", 1), optional("chargeScale", "positive", 1)),
  row(
    "synapticCurrent",
    llif.synapticCurrent,
    required("ampere", "number", 1e-12),
    options(biologicalLive),
    optional("chargeScale", "positive", 1),
  ),
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
];
