// Rows of the public API: mapping and certificates.
import * as llif from "../../../ts/index.ts";
import { optional, options, required, values as valuesOfAll } from "../values.ts";
import {
  biological,
  earlySimulator,
  exit,
  image,
  images,
  onProgress,
  phase,
  relu,
  relus,
  row,
  type Row,
  run,
  signal,
  spiking,
} from "./shared.ts";

const maxima = { relu1: [1, 1, 1] };
const si = { capacitanceFarad: 1e-10, thresholdVolt: 0.015, dtSeconds: 1e-4, resistanceOhm: 1e8 };
const inSiUnits = await llif.toSpiking(relu, { calibration: images, code: "rate", ticks: 8, neuron: si });
const last = llif.lastWindow(phase) as llif.LastWindow;
const certifier = await llif.createCertifier(relu);
const [correspondence] = llif.correspondences(relu, phase);
const state = earlySimulator.run(image, { ticks: 1 });
const twin = llif.quantizedTwin(phase);

export const mapping: readonly Row[] = [
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
];
