// Learns a layer as `llif learn` asks for, and makes a model of it; `llif reproduce` does the same again.
import { contentHash, sha256, slice, type ImageDataset } from "../data/dataset.ts";
import { LlifError } from "../errors.ts";
import { readOnnx } from "../formats/onnx/read.ts";
import { writeOnnx } from "../formats/onnx/write.ts";
import { readLearner } from "../learn/file.ts";
import { freeze } from "../learn/freeze.ts";
import { createLearner, type Learner } from "../learn/learner.ts";
import { labelNeurons, labelReadout, trainReadout, withReadout, type Readout } from "../learn/readout.ts";
import type { LearningOptions } from "../learn/rule.ts";
import type { LearnerState } from "../learn/state.ts";
import { toRelu } from "../mapping/to-relu.ts";
import type { ReluNetwork } from "../relu/network.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { collectWarnings } from "../warn.ts";
import { openRawData } from "./data-files.ts";
import { readInput, type Io } from "./io.ts";
import type { OpenModel } from "./model-file.ts";
import { formatCount } from "./text.ts";

export const readouts = ["delta", "label", "none"] as const;

/** All that the result depends on. */
export interface LearningChoice {
  readonly data: string;
  readonly limit: number | null;
  readonly epochs: number;
  /** Of the first weights, the order of the images and the read-out; epoch e is in the order of seed + e. */
  readonly seed: number;
  /** Null with `resume`: the file has them. */
  readonly layer: { readonly neurons: number; readonly rule: LearningOptions } | null;
  readonly resume: string | null;
  readonly readout: (typeof readouts)[number];
  /** Images whose labels are used, the first ones; null: all. */
  readonly labels: number | null;
  readonly engine: "auto" | "wasm" | "reference";
}

/** What a manifest keeps. */
export interface LearningRecord extends LearningChoice {
  /** SHA-256 of the images, of the file that was resumed, and of weights and wins. */
  readonly images: string;
  readonly resumed: string | null;
  readonly learnt: string;
}

export interface Learnt {
  readonly state: LearnerState;
  /** Images presented, in all epochs. */
  readonly presented: number;
  readonly silent: number;
  readonly ticks: number;
  readonly inputSpikes: number;
  /** Of the layer. */
  readonly spikes: number;
  /** Of learning alone. */
  readonly seconds: number;
  readonly engine: Learner["engine"];
  /** Class of each neuron, −1 for one without wins. */
  readonly names: Int32Array;
  readonly frozen: SpikingNetwork;
  /** With the read-out. */
  readonly model: OpenModel;
  readonly bytes: Uint8Array;
  readonly training: ImageDataset;
  readonly record: LearningRecord;
}

/** Images that leaks and thresholds are taken from. */
const calibrationImages = 10_000;
const fewestImages = 500;

/** Learns, freezes, and trains the read-out. @param path of the model to be, for messages. */
export async function learnLayer(choice: LearningChoice, path: string, io: Io): Promise<Learnt> {
  const all = await openRawData({ data: choice.data, split: "train" }, io);
  const training = choice.limit === null ? all : slice(all, 0, choice.limit);
  if (training.count < fewestImages)
    throw new LlifError(
      "DATA",
      `--limit: expected at least ${fewestImages} images to learn from, got ${training.count}`,
    );
  const { learner, resumed } = await openLearner(choice, training);
  const before = learner.state().total;
  const warnings = collectWarnings((message) => io.err(`warning: ${message}`));
  try {
    const total = { silent: 0, ticks: 0, inputSpikes: 0 };
    const start = performance.now();
    for (let epoch = 0; epoch < choice.epochs; epoch++) {
      const onProgress = (done: number) =>
        io.progress(progressLine(choice, epoch, done, training.count, (performance.now() - start) / 1000));
      const order = { order: "random", seed: choice.seed + epoch } as const;
      const took = await learner.learnAsync(training, { ...order, signal: io.signal, onProgress });
      total.silent += took.silent;
      total.ticks += took.ticks;
      total.inputSpikes += took.inputSpikes;
    }
    const seconds = (performance.now() - start) / 1000;
    const state = learner.state();
    const labelled = labelledImages(choice, training);
    io.progress("naming neurons");
    const { winners } = learner.winners(labelled.images);
    const [neurons, classes] = [state.wins.length, training.classes.length];
    const names = labelNeurons(winners, labelled.labels, { neurons, classes });
    const frozen = await freeze(state, {
      calibration: slice(training, 0, calibrationImages),
      name: `${training.name}-learnt`,
      signal: io.signal,
      onProgress: (done, images) => io.progress(`leaks from ${formatCount(done)} of ${formatCount(images)} images`),
    });
    const features = toRelu(frozen);
    const readout = await readoutOf(choice, features, labelled, names, classes, io);
    const relu = readout === null ? features : withReadout(features, readout, training.classes);
    const bytes = writeOnnx(relu);
    const model = await modelOf(bytes, path);
    io.progress("");
    const record = { ...choice, images: await contentHash(training), resumed, learnt: await stateHash(state) };
    const engine = learner.engine;
    const presented = choice.epochs * training.count;
    const spikes = state.total - before;
    return { ...total, spikes, state, presented, seconds, engine, names, frozen, model, bytes, training, record };
  } finally {
    warnings();
    learner.dispose();
  }
}

/** The learning of a manifest. @throws {LlifError} DATA if the resumed file is another. */
export async function learnAgain(record: LearningRecord, path: string, io: Io): Promise<Learnt> {
  const { images: _, resumed, learnt: __, ...choice } = record;
  const again = await learnLayer(choice, path, io);
  if (again.record.resumed !== resumed)
    throw new LlifError("DATA", `"${choice.resume}": expected the file that the run resumed, got another`);
  return again;
}

async function openLearner({ layer, resume, engine, seed }: LearningChoice, training: ImageDataset) {
  if (resume === null) {
    const { neurons, rule } = layer ?? { neurons: 400, rule: { kind: "winner" } };
    const options = { inputs: training.shape, neurons, rule, seed, examples: training, engine };
    return { learner: await createLearner(options), resumed: null };
  }
  const bytes = await readInput(resume);
  const state = readLearner(bytes, `"${resume}"`);
  if (state.inputs.join() !== training.shape.join())
    throw new LlifError(
      "SHAPE",
      `"${resume}": expected a layer for images of shape [${training.shape.join(", ")}], got one for [${state.inputs.join(", ")}]`,
    );
  return { learner: await createLearner({ state, engine }), resumed: await sha256(bytes) };
}

interface Labelled {
  readonly images: ImageDataset;
  readonly labels: ArrayLike<number>;
}

function labelledImages({ labels }: LearningChoice, training: ImageDataset): Labelled {
  const images = labels === null ? training : slice(training, 0, labels);
  return { images, labels: images.labels ?? [] };
}

async function readoutOf(
  { readout, seed }: LearningChoice,
  features: ReluNetwork,
  { images, labels }: Labelled,
  names: Int32Array,
  classes: number,
  io: Io,
): Promise<Readout | null> {
  if (readout === "none") return null;
  if (readout === "label") return labelReadout(names, classes);
  const onProgress = (done: number, total: number) =>
    io.progress(`read-out: activations of ${formatCount(done)} of ${formatCount(total)} images`);
  return trainReadout(features, images, labels, { seed, classes, signal: io.signal, onProgress });
}

/** The model as a file of it would be opened. */
async function modelOf(bytes: Uint8Array, path: string): Promise<OpenModel> {
  const relu = readOnnx(bytes);
  const hash = await sha256(bytes);
  return {
    path,
    name: relu.name,
    format: "onnx",
    relu,
    noRelu: null,
    hash,
    descriptionHash: null,
    bytes: bytes.length,
    files: [],
  };
}

function stateHash(state: LearnerState): Promise<string> {
  const arrays = [state.weights, state.wins, ...("rises" in state ? [state.rises] : [])];
  const bytes = new Uint8Array(arrays.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let end = 0;
  for (const { buffer, byteOffset, byteLength } of arrays) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), end);
    end += byteLength;
  }
  return sha256(bytes);
}

function progressLine(
  { epochs }: LearningChoice,
  epoch: number,
  done: number,
  images: number,
  seconds: number,
): string {
  const all = epoch * images + done;
  const left = Math.ceil((seconds / all) * (epochs * images - all));
  const which = epochs === 1 ? "" : `epoch ${epoch + 1} of ${epochs}, `;
  return `learning: ${which}${formatCount(done)} of ${formatCount(images)} images, ${left} s left`;
}
