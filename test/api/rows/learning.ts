// Rows of the public API: learning.
import * as llif from "../../../ts/index.ts";
import * as plot from "../../../ts/plot/index.ts";
import { optional, options, required } from "../values.ts";
import { onProgress, row, type Row, signal } from "./shared.ts";

/** Four pixels an image, some of them bright. */
const images = Uint8Array.from({ length: 4 * 600 }, (_, index) => (index * 97) % 256);
const labels = Uint8Array.from({ length: 600 }, (_, image) => image % 2);
const learner = await llif.createLearner({ inputs: [4], neurons: 3, examples: images });
learner.learn(images);
const state = learner.state();
const frozen = await llif.freeze(state, { calibration: images });
const features = llif.toRelu(frozen);
const readout = await llif.trainReadout(features, images, labels);

export const learning: readonly Row[] = [
  row(
    "weightsPlot",
    plot.weightsPlot,
    required("layer", "object", { shape: [2, 2, 1], weights: state.weights, wins: state.wins }),
    options([required("title", "string", "t"), optional("width", "positive", 400)]),
  ),
  row("writeLearner", llif.writeLearner, required("state", "object", state), required("network", "object", frozen)),
  row(
    "readLearner",
    llif.readLearner,
    required("source", "choice", llif.writeLearner(state, frozen)),
    optional("place", "string", "learnt.llif"),
    options([optional("budget", "record", {})]),
  ),
  row(
    "createLearner",
    llif.createLearner,
    options([
      required("inputs", "choice", [4]),
      required("neurons", "count", 3),
      optional("rule", "choice"),
      optional("seed", "index", 0),
      optional("examples", "choice"),
      optional("engine", "choice", "auto"),
    ]),
  ),
  row(
    "freeze",
    llif.freeze,
    required("state", "object", state),
    options([
      required("calibration", "choice", images),
      optional("activeShare", "choice", 0.2),
      optional("inhibition", "share", 1),
      optional("name", "string", "learnt"),
      optional("ticks", "count", 256),
      signal,
      onProgress,
    ]),
  ),
  row(
    "labelNeurons",
    llif.labelNeurons,
    required("winners", "choice", Uint32Array.of(0, 1)),
    required("labels", "choice", [0, 1]),
    options([required("neurons", "count", 2), required("classes", "count", 2)]),
  ),
  row(
    "labelReadout",
    llif.labelReadout,
    required("names", "choice", Int32Array.of(0, -1)),
    required("classes", "count", 2),
  ),
  row(
    "trainReadout",
    llif.trainReadout,
    required("features", "object", features),
    required("images", "choice", images),
    required("labels", "choice", labels),
    options([
      optional("seed", "index", 0),
      optional("classes", "count", 2),
      optional("epochs", "count", 1),
      optional("rate", "positive", 0.01),
      optional("leastRate", "atLeastZero", 0.0001),
      optional("decay", "atLeastZero", 0.01),
      signal,
      onProgress,
    ]),
  ),
  row(
    "withReadout",
    llif.withReadout,
    required("features", "object", features),
    required("readout", "object", readout),
    optional("classes", "strings", []),
  ),
];
