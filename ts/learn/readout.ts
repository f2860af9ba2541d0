// What gives a learnt layer class names: `label` names neurons by the images they win; `delta` is a linear layer that a
// local rule trains on the layer's activations, one image after the other.
import {
  checkFinite,
  checkInteger,
  checkObject,
  checkOptions,
  checkStrings,
  describe,
  isTypedArray,
  type OptionKeys,
} from "../check.ts";
import { LlifError, throwIfAborted } from "../errors.ts";
import { requireReluNetwork } from "../relu/check.ts";
import { inputOf, type ReluNetwork } from "../relu/network.ts";
import { sizeOf } from "../tensor.ts";
import { checkProgress, eachActivation, type Progress } from "./features.ts";
import { labelsOf, mostClasses, pixelsOf, type LearnerImages } from "./images.ts";
import { shuffled } from "./shuffle.ts";

/**
 * The class of each neuron: the one with the largest share of its images among those that the neuron won. A neuron that
 * won none gets the class of no image, −1.
 * @param winners the neuron that won each labelled image, as `winners()` returns them.
 */
export function labelNeurons(
  winners: Uint32Array,
  labels: ArrayLike<number>,
  options: { readonly neurons: number; readonly classes: number },
): Int32Array {
  const { neurons, classes } = checkOptions("labelNeurons", options, { neurons: true, classes: true });
  if (!isTypedArray(winners, "Uint32Array"))
    throw new LlifError("ARGUMENT", `labelNeurons: winners: expected a Uint32Array, got ${describe(winners)}`);
  checkInteger("labelNeurons: neurons", neurons, 1);
  checkInteger("labelNeurons: classes", classes, 1, mostClasses);
  const named = labelsOf("labelNeurons: labels", labels, winners.length, classes);
  const wins = new Float64Array(neurons * classes);
  const images = new Float64Array(classes);
  for (let image = 0; image < winners.length; image++) {
    checkInteger("labelNeurons: winners", winners[image], 0, neurons - 1);
    wins[winners[image] * classes + named[image]]++;
    images[named[image]]++;
  }
  return Int32Array.from({ length: neurons }, (_, neuron) => {
    let [best, most] = [-1, 0];
    for (let label = 0; label < classes; label++) {
      const share = images[label] === 0 ? 0 : wins[neuron * classes + label] / images[label];
      if (share > most) [best, most] = [label, share];
    }
    return best;
  });
}

/**
 * The read-out of named neurons: the logit of a class is the mean activation of its neurons. Without competition it
 * decides less well than the winners themselves.
 * @param names class of each neuron, as `labelNeurons` returns them.
 */
export function labelReadout(names: Int32Array, classes: number): Readout {
  if (!isTypedArray(names, "Int32Array"))
    throw new LlifError("ARGUMENT", `labelReadout: names: expected an Int32Array, got ${describe(names)}`);
  checkInteger("labelReadout: classes", classes, 1, mostClasses);
  const weights = new Float32Array(classes * names.length);
  for (let label = 0; label < classes; label++) {
    const share = 1 / names.reduce((count, name) => count + Number(name === label), 0);
    names.forEach((name, neuron) => {
      if (name === label) weights[label * names.length + neuron] = share;
    });
  }
  return { weights, bias: new Float32Array(classes) };
}

/** A linear layer on activations: logits = weights·a + bias. */
export interface Readout {
  /** Shape [classes, features]. */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

export interface ReadoutOptions extends Progress {
  /** Of the order of images; default 0. */
  readonly seed?: number;
  /** Default: the largest label + 1. */
  readonly classes?: number;
  /** Default 1. */
  readonly epochs?: number;
  /** Learning rate of the first image, which falls linearly to `leastRate`. Default 0.01. */
  readonly rate?: number;
  /** Default 0.0001. */
  readonly leastRate?: number;
  /** Of the weights: each image takes this share, times the learning rate, from all of them. For few labels; default 0. */
  readonly decay?: number;
}

const keys: OptionKeys<ReadoutOptions> = {
  seed: true,
  classes: true,
  epochs: true,
  rate: true,
  leastRate: true,
  decay: true,
  signal: true,
  onProgress: true,
};

/** Images between two looks at the signal. */
const imagesPerTurn = 1024;

/**
 * Trains a read-out by the delta rule: for each image V += l·a·(onehot − softmax(V·a + b)), b likewise, from zeros;
 * activations are scaled to a mean square of 1 first. Local, online, supervised.
 * @param features a network whose first output is the activations, such as `toRelu(await freeze(…))`.
 * @throws {LlifError} ARGUMENT or SHAPE for images or labels that do not fit.
 */
export async function trainReadout(
  features: ReluNetwork,
  images: LearnerImages,
  labels: ArrayLike<number>,
  options: ReadoutOptions = {},
): Promise<Readout> {
  const place = "trainReadout";
  requireReluNetwork(`${place}: features`, features);
  const {
    seed = 0,
    epochs = 1,
    rate = 0.01,
    leastRate = 0.0001,
    decay = 0,
    signal,
    onProgress,
    ...given
  } = checkOptions(place, options, keys);
  checkInteger(`${place}: seed`, seed, 0);
  checkInteger(`${place}: epochs`, epochs, 1);
  checkFinite(`${place}: rate`, rate, { above: 0 });
  checkFinite(`${place}: leastRate`, leastRate, { from: 0, to: rate });
  checkFinite(`${place}: decay`, decay, { from: 0, to: 1 / rate });
  checkProgress(place, { signal, onProgress });
  if (given.classes !== undefined) checkInteger(`${place}: classes`, given.classes, 1, mostClasses);
  const inputs = sizeOf(inputOf(features).shape);
  const pixels = pixelsOf(`${place}: images`, images, inputs);
  const count = pixels.length / inputs;
  const named = labelsOf(`${place}: labels`, labels, count, given.classes);
  const classes = given.classes ?? named.reduce((most, label) => Math.max(most, label + 1), 1);
  const units = sizeOf(features.nodes.find(({ name }) => name === features.outputs[0])?.shape ?? [0]);
  const activations = new Float32Array(count * units);
  const keep = (part: Float32Array, first: number): void => activations.set(part, first * units);
  await eachActivation(features, pixels, inputs, keep, { signal, onProgress });
  const scale = scalesOf(activations, units);
  const weights = new Float64Array(classes * units);
  const bias = new Float64Array(classes);
  const scaled = new Float64Array(units);
  const logits = new Float64Array(classes);
  for (let step = 0; step < epochs * count; step += count) {
    const order = shuffled(count, seed + step / count);
    for (let at = 0; at < count; at++) {
      if (at % imagesPerTurn === 0) {
        throwIfAborted(signal);
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
      const image = order[at];
      const size = rate + ((leastRate - rate) * (step + at)) / Math.max(1, epochs * count - 1);
      for (let unit = 0; unit < units; unit++) scaled[unit] = activations[image * units + unit] * scale[unit];
      softmax(weights, bias, scaled, logits);
      const kept = 1 - size * decay;
      if (kept < 1) for (let at = 0; at < weights.length; at++) weights[at] *= kept;
      for (let label = 0; label < classes; label++) {
        const change = size * (Number(label === named[image]) - logits[label]);
        bias[label] += change;
        for (let unit = 0; unit < units; unit++) weights[label * units + unit] += change * scaled[unit];
      }
    }
  }
  return {
    weights: Float32Array.from(weights, (weight, index) => weight * scale[index % units]),
    bias: Float32Array.from(bias),
  };
}

/** Replaces `logits` by the probabilities. */
function softmax(weights: Float64Array, bias: Float64Array, values: Float64Array, logits: Float64Array): void {
  let largest = -Infinity;
  for (let label = 0; label < logits.length; label++) {
    let sum = bias[label];
    const row = label * values.length;
    for (let unit = 0; unit < values.length; unit++) sum += weights[row + unit] * values[unit];
    logits[label] = sum;
    largest = Math.max(largest, sum);
  }
  let total = 0;
  for (let label = 0; label < logits.length; label++) total += logits[label] = exponential(logits[label] - largest);
  for (let label = 0; label < logits.length; label++) logits[label] /= total;
}

/**
 * e^x for x ≤ 0, within 1e-13: by additions and products alone, because runtimes differ in the last bits of Math.exp, and
 * a read-out is the same in all of them.
 */
function exponential(x: number): number {
  if (x < -700) return 0;
  const halvings = Math.ceil(-x / Math.LN2);
  const rest = (x + halvings * Math.LN2) / 16;
  let [sum, term] = [1, 1];
  for (let power = 1; power < 9; power++) sum += term *= rest / power;
  for (let doubling = 0; doubling < 4; doubling++) sum *= sum;
  return sum / 2 ** halvings;
}

/** One over the standard deviation of each unit; 0 for a unit that never changes. */
function scalesOf(activations: Float32Array, units: number): Float64Array {
  const count = activations.length / units;
  const [sums, squares] = [new Float64Array(units), new Float64Array(units)];
  for (let index = 0; index < activations.length; index++) {
    sums[index % units] += activations[index];
    squares[index % units] += activations[index] ** 2;
  }
  return sums.map((sum, unit) => {
    const variance = squares[unit] / count - (sum / count) ** 2;
    return variance > 0 ? 1 / Math.sqrt(variance) : 0;
  });
}

/**
 * The features with a read-out behind them: an ordinary ReLU network, for `toSpiking`, `writeOnnx` and so on.
 * @param classes names; default: numbers.
 * @throws {LlifError} SHAPE for a read-out that does not fit.
 */
export function withReadout(features: ReluNetwork, readout: Readout, classes: readonly string[] = []): ReluNetwork {
  requireReluNetwork("withReadout: features", features);
  checkStrings("withReadout: classes", classes);
  const { weights, bias } = checkObject("withReadout: readout", readout, "{ weights, bias }");
  const [last] = features.outputs;
  const units = sizeOf(features.nodes.find(({ name }) => name === last)?.shape ?? [0]);
  if (
    !isTypedArray(weights, "Float32Array") ||
    !isTypedArray(bias, "Float32Array") ||
    weights.length !== bias.length * units
  )
    throw new LlifError(
      "SHAPE",
      `withReadout: expected weights of shape [${bias?.length}, ${units}] as a Float32Array, and a bias for each row`,
    );
  const network: ReluNetwork = {
    ...features,
    nodes: [
      ...features.nodes,
      {
        kind: "dense",
        name: "readout",
        from: [last],
        shape: [bias.length],
        weights: { shape: [bias.length, units], data: weights },
        bias,
      },
    ],
    outputs: ["readout"],
    classes,
  };
  requireReluNetwork("withReadout", network);
  return network;
}
