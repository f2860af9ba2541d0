// Rows of the public API: what is done to a live network while it runs, and its state as bytes.
import * as llif from "../../../ts/index.ts";
import { optional, options, required } from "../values.ts";
import { row, type Row } from "./shared.ts";

const network = llif
  .spikingNetwork({ inputs: [1] })
  .population({ name: "pair", units: 2, input: "none", threshold: 1, currents: { g: { timeConstantTicks: 5 } } })
  .connect({ name: "excite", from: "pair", to: "pair", edges: { from: [0], to: [1], weights: [2] } })
  .connect({
    name: "learns",
    from: "pair",
    to: "pair",
    weights: [
      [0, 0.5],
      [0.5, 0],
    ],
    plasticity: llif.stdp({
      plus: 0.01,
      minus: 0.01,
      maximum: 1,
      timeConstantTicks: [20, 20],
      reward: { timeConstantTicks: 50 },
    }),
  })
  .build();
const simulator = await llif.createSimulator(network, { engine: "reference" });
const population = required("population", "choice", "pair");
const neurons = required("neurons", "numbers", [0]);
const synapse = required("synapse", "choice", "excite", ["0"]);

export const live: readonly Row[] = [
  row("readState", llif.readState, required("bytes", "bytes", llif.writeState(simulator.state()))),
  row("writeState", llif.writeState, required("state", "object", simulator.state())),
  row(
    "Simulator.drive",
    (to: never, charges: never) => simulator.drive(to, charges),
    population,
    required("charges", "array", [0.5, 0], ["null"]),
  ),
  row(
    "Simulator.background",
    (to: never, given: never) => simulator.background(to, given),
    population,
    options([
      required("rateHz", "atLeastZero", 0.5),
      required("weight", "number", 0.25),
      optional("into", "choice", "g"),
      optional("seed", "atLeastZero", 3),
      optional("neurons", "numbers", [1]),
    ]),
  ),
  row("Simulator.force", (to: never, given: never) => simulator.force(to, given), population, neurons),
  row("Simulator.silence", (to: never, given: never) => simulator.silence(to, given), population, neurons),
  row(
    "Simulator.potentials",
    (of: never, variable: never, into: never) => simulator.potentials(of, variable, into),
    population,
    optional("variable", "choice", "g"),
    optional("into", "choice", new Float32Array(2)),
  ),
  row(
    "Simulator.weights",
    (of: never, into: never) => simulator.weights(of, into),
    synapse,
    optional("into", "choice", new Float32Array(1)),
  ),
  row(
    "Simulator.setWeights",
    (of: never, given: never) => simulator.setWeights(of, given),
    synapse,
    required("weights", "array", [3]),
  ),
  row("Simulator.restore", (given: never) => simulator.restore(given), required("state", "object", simulator.state())),
  row("Simulator.reward", (value: never) => simulator.reward(value), required("value", "number", 1)),
];
