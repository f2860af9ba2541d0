// Rows of the public API: closed formulas and encoders.
import * as llif from "../../../ts/index.ts";
import { optional, options, required } from "../values.ts";
import { image, rate, row, type Row } from "./shared.ts";

const encoder = llif.inputEncoder(rate, { encoding: "poisson", seed: 1 });
const charge = required("chargePerTick", "number", 0.5);
const threshold = required("threshold", "positive", 1);
const refractoryInput = required("input", "choice", "integrate");

export const formulas: readonly Row[] = [
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
];
