// Rows of the public API: engines and passes.
import * as llif from "../../../ts/index.ts";
import { optional, options, required } from "../values.ts";
import {
  floatPass,
  image,
  onProgress,
  phase,
  rate,
  relus,
  row,
  type Row,
  signal,
  simulator,
  spiking,
} from "./shared.ts";

const byHand = await llif.createSimulator(llif.population({ weights: [[0.5, 0.25]], threshold: 1 }), {
  engine: "reference",
});
const twinPass = await llif.createTwinPass(phase);
const rateSimulator = await llif.createSimulator(rate, { engine: "wasm" });
const record = optional("record", "options", { counts: true });

export const engines: readonly Row[] = [
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
];
