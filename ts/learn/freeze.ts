// Freezes a learnt layer into an ordinary spiking network, which maps to a ReLU layer: inhibition becomes feed-forward,
// and a constant leak, the bias of the ReLU layer, makes each neuron answer to a share of the images only.
import { checkFinite, checkInteger, checkOptions, type OptionKeys } from "../check.ts";
import { LlifError } from "../errors.ts";
import { reluNetwork } from "../relu/builder.ts";
import { conventionFor } from "../relu/network.ts";
import { checkSpikingNetwork } from "../spiking/check.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { sizeOf } from "../tensor.ts";
import { checkProgress, eachActivation, type Progress } from "./features.ts";
import { pixelsOf, type LearnerImages } from "./images.ts";
import { checkState, type LearnerState } from "./state.ts";

export interface FreezeOptions extends Progress {
  /** Images without labels, at least 500; leaks and thresholds are taken from their sums. */
  readonly calibration: LearnerImages;
  /** p: the share of images on which a neuron is active. Default 0.2. */
  readonly activeShare?: number;
  /** g: how much of the mean weight of an input is subtracted from each of its weights; 1 (default): all, 0: none. */
  readonly inhibition?: number;
  /** Of the network; default "learnt". */
  readonly name?: string;
  /** Default ticks of a run. Default 256. */
  readonly ticks?: number;
}

const keys: OptionKeys<FreezeOptions> = {
  calibration: true,
  activeShare: true,
  inhibition: true,
  name: true,
  ticks: true,
  signal: true,
  onProgress: true,
};

const fewestImages = 500;
/** The threshold above the layer's largest activation, as for scales of mapped networks. */
const margin = 1.25;

/**
 * The layer as a spiking network of synchronous rate: q = w − g·w̄ with w̄ the mean over neurons (one inhibitory neuron in
 * front of them has this effect), a constant leak Q, the (1 − p) quantile of q·x over the calibration images, one
 * threshold θ for all, the largest activation times 1.25, and v0 = θ/2. Its ReLU layer is a = max(0, q·x − Q), x =
 * pixel/255. Lateral inhibition has no feed-forward ReLU equivalent, and is dropped.
 * @throws {LlifError} ARGUMENT, DATA for too few images, or where no neuron is ever active.
 * @see docs/learning.md
 */
export async function freeze(state: LearnerState, options: FreezeOptions): Promise<SpikingNetwork> {
  const place = "freeze";
  const { inputs, weights, wins } = checkState(`${place}: state`, state);
  const {
    calibration,
    activeShare = 0.2,
    inhibition = 1,
    name = "learnt",
    ticks = 256,
    signal,
    onProgress,
  } = checkOptions(place, options, keys);
  checkFinite(`${place}: activeShare`, activeShare, { above: 0, to: 1 });
  checkInteger(`${place}: ticks`, ticks, 1, 2 ** 24);
  checkFinite(`${place}: inhibition`, inhibition, { from: 0, to: 1 });
  checkProgress(place, { signal, onProgress });
  const [size, neurons] = [sizeOf(inputs), wins.length];
  const images = pixelsOf(`${place}: calibration`, calibration, size);
  const count = images.length / size;
  if (count < fewestImages)
    throw new LlifError("DATA", `${place}: calibration: expected at least ${fewestImages} images, got ${count}`);
  const q = inhibited(weights, neurons, inhibition);
  const sums = await sumsOf(q, inputs, images, { signal, onProgress });
  const { leak, largest } = leaksOf(sums, neurons, activeShare);
  if (!(largest > 0))
    throw new LlifError("DATA", `${place}: expected images that activate a neuron, got none among ${count}`);
  const threshold = Math.fround(margin * largest);
  const filled = (value: number) => new Float32Array(neurons).fill(value);
  return checkSpikingNetwork({
    name,
    code: { kind: "rate" },
    arithmetic: "float32",
    windowTicks: ticks,
    levels: ticks,
    dtSeconds: 1,
    input: { name: "input", shape: inputs, counts: { unit: 1 / 255, minimum: 0, maximum: 255 } },
    nodes: [
      {
        kind: "population",
        name: "features",
        shape: [neurons],
        bias: leak.map((charge) => -charge),
        neuron: { model: "llif", threshold: filled(threshold), initialPotential: filled(threshold / 2) },
        rectified: true,
        unit: new Float64Array(neurons).fill(threshold),
      },
    ],
    // Of one count of the input, 1/255.
    synapses: [
      { kind: "dense", from: "input", to: "features", delayTicks: 0, weights: q.map((weight) => weight / 255) },
    ],
    convention: conventionFor(inputs),
    classes: [],
  });
}

/** w − g·w̄, shape [neurons, inputs]. */
function inhibited(weights: Float32Array, neurons: number, inhibition: number): Float32Array {
  const inputs = weights.length / neurons;
  const q = new Float32Array(weights.length);
  for (let input = 0; input < inputs; input++) {
    const row = weights.subarray(input * neurons, (input + 1) * neurons);
    const mean = row.reduce((sum, weight) => sum + weight, 0) / neurons;
    for (let neuron = 0; neuron < neurons; neuron++) q[neuron * inputs + input] = row[neuron] - inhibition * mean;
  }
  return q;
}

/** q·x of each neuron and image, shape [neurons, images]. */
async function sumsOf(
  q: Float32Array,
  inputs: LearnerState["inputs"],
  images: Uint8Array,
  progress: Progress,
): Promise<Float32Array> {
  const size = sizeOf(inputs);
  const [neurons, count] = [q.length / size, images.length / size];
  const flat = reluNetwork({ input: size });
  const network = flat.dense({ weights: { shape: [neurons, size], data: q } }).build();
  const sums = new Float32Array(neurons * count);
  const keep = (activations: Float32Array, first: number, part: number): void => {
    for (let image = 0; image < part; image++)
      for (let neuron = 0; neuron < neurons; neuron++)
        sums[neuron * count + first + image] = activations[image * neurons + neuron];
  };
  await eachActivation(network, images, size, keep, progress);
  return sums;
}

/** The (1 − p) quantile of each neuron's sums, and the largest activation of all. */
function leaksOf(sums: Float32Array, neurons: number, share: number) {
  const count = sums.length / neurons;
  const leak = new Float32Array(neurons);
  let largest = 0;
  for (let neuron = 0; neuron < neurons; neuron++) {
    const sorted = sums.slice(neuron * count, (neuron + 1) * count).sort();
    leak[neuron] = sorted[Math.min(count - 1, Math.floor((1 - share) * count))];
    largest = Math.max(largest, sorted[count - 1] - leak[neuron]);
  }
  return { leak, largest };
}
