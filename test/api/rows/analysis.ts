// Rows of the public API: analysis and plots.
import * as llif from "../../../ts/index.ts";
import * as plot from "../../../ts/plot/index.ts";
import { optional, options, required } from "../values.ts";
import {
  biological,
  data,
  earlySimulator,
  exit,
  floatPass,
  image,
  onProgress,
  phase,
  relu,
  relus,
  row,
  type Row,
  run,
  signal,
  simulator,
  spiking,
  values,
} from "./shared.ts";

const contenders = { network: phase, reluOutput: "dense2", forward: floatPass, simulator, twin: null };
const evaluation = await llif.evaluate(contenders, data);
const meter = llif.activityMeter(phase, relu);
const diagnoser = llif.createDiagnoser(relu, phase);
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
const title = [required("title", "string", "t"), optional("width", "positive", 400)];

export const analysis: readonly Row[] = [
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
  row(
    "measureMargins",
    llif.measureMargins,
    required("simulator", "object", earlySimulator),
    required(
      "samples",
      "choice",
      Array.from({ length: 12 }, () => image),
    ),
    options([optional("errorRate", "positive", 0.3), optional("ticks", "array", [2, 8]), signal, onProgress]),
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
    options([
      ...title,
      required("ticks", "count", 8),
      optional("windowTicks", "count", 4),
      optional("mostRows", "count", 4),
      optional("dtSeconds", "positive", 1),
    ]),
  ),
  row(
    "ratePlot",
    plot.ratePlot,
    required("trains", "object", [{ name: "a", size: 2, ticks: [0] }]),
    options([
      ...title,
      required("ticks", "count", 8),
      optional("binTicks", "count", 4),
      optional("dtSeconds", "positive", 1),
    ]),
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
    options([...title, optional("chargeUnit", "string", "C"), optional("dtSeconds", "positive", 1)]),
  ),
];
