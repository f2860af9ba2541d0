// Chooses scales from calibration images: the activation that a full window represents, per channel or layer.
import { checkNumbers, checkObject } from "../check.ts";
import { LlifError, throwIfAborted } from "../errors.ts";
import { forward, inputFromPixels } from "../relu/forward.ts";
import type { AffineNode, ReluNetwork } from "../relu/network.ts";
import { copyOfSample, type PlainSample, type Samples } from "../samples.ts";
import { channelsOf } from "../tensor.ts";
import { analyticScales, boundLoss, type BoundLoss } from "./analytic.ts";
import { channelFloors } from "./channel-floor.ts";
import type { Activation, FoldedLayer, FoldedNetwork } from "./fold/graph.ts";
import { placed } from "./fold/value.ts";
import { StreamingHistogram } from "./histogram.ts";
import { calibrationWarnings } from "./warnings.ts";

export type ScaleMethod = "max" | "percentile" | "analytic";
export type CalibrationImages = Samples;

/**
 * Largest activation of each channel over the calibration images, by node: the result of `FloatPass.maxima` for the
 * network and the nodes of `followedActivations`.
 */
export type ActivationMaxima = Readonly<Record<string, ArrayLike<number>>>;

export function checkMaxima(place: string, maxima: ActivationMaxima): void {
  for (const [node, values] of Object.entries(checkObject(place, maxima)))
    if (!isArrayOfNumbers(values)) checkNumbers(`${place}: ${node}`, values);
}

/** Not `checkNumbers`: a pass returns −Infinity before its first sample. */
function isArrayOfNumbers(values: unknown): boolean {
  return ArrayBuffer.isView(values);
}

/** A fast forward pass, such as `createFloatPass` makes: returns the values of the nodes that it keeps. */
export interface ActivationPass {
  run(batch: Uint8Array | Float32Array, samples: number): { readonly kept: Readonly<Record<string, Float32Array>> };
}

export interface ScaleOptions {
  readonly scales: ScaleMethod;
  /** Factor on the calibrated scale, against clipping; default from `safeguards`. */
  readonly margin?: number;
  /**
   * Least scale of a channel, as a share of the scale at which a reader takes as much from it as from its loudest
   * source; default from `safeguards`.
   */
  readonly channelFloor?: number;
  /** Least margin, for real-valued times, whose resolution does not depend on the scale. */
  readonly leastMargin: number;
  /** 0…100, for `percentile`. */
  readonly percentile: number;
  readonly perChannel: boolean;
  readonly calibration?: AsyncIterable<PlainSample>;
  /** Largest pixel or magnitude of the calibration inputs, after they were read. */
  readonly largestInput: () => number | null;
  /** T; Infinity for real-valued times. */
  readonly levels: number;
  readonly maxima?: ActivationMaxima;
  /** Number of images behind `maxima`; default: many. */
  readonly maximaImages?: number;
  readonly pass?: ActivationPass;
  /** Largest magnitude of an input that is not an image, for `analytic`. */
  readonly inputRange?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (images: number) => void;
}

/** Activation s that a full window (or one spike a tick) represents, by layer and channel. */
export type Scales = ReadonlyMap<string, Float64Array>;

/**
 * The nodes whose largest values the scales need, in a network that also has negative sides as nodes `<name>.negated`.
 */
export interface FollowedActivations {
  readonly network: ReluNetwork;
  readonly nodes: readonly string[];
}

/** The activations to follow; `toSpiking` takes their maxima, or a pass that keeps them. */
export function followed(relu: ReluNetwork, folded: FoldedNetwork): FollowedActivations {
  const activations = layersOf(folded).flatMap(({ activation }) => (activation === null ? [] : [activation]));
  const positive = new Set(activations.filter(({ side }) => side !== "negative").map(({ node }) => node));
  const negative = new Set(activations.filter(({ side }) => side !== "positive").map(({ node }) => node));
  const mirrors = [...negative].map((name): AffineNode => {
    const { shape } = relu.nodes.find((node) => node.name === name) as AffineNode;
    const channels = channelsOf(shape);
    return {
      kind: "affine",
      name: negatedName(name),
      from: [name],
      shape,
      scale: new Float32Array(channels).fill(-1),
      shift: new Float32Array(channels),
    };
  });
  return {
    network: { ...relu, nodes: [...relu.nodes, ...mirrors] },
    nodes: [...positive, ...mirrors.map(({ name }) => name)],
  };
}

/**
 * Margin and floor against clipping, which more bits cannot undo: with few images most maxima are too low, and a
 * channel that was quiet may be loud in other images. From 500 images on: margin 1.25, floor 1/16. With 250 or fewer:
 * margin 2, floor 1/2, which costs 1.8 bits; then other pictures clip 2 in 10,000 channels of a ResNet-50, instead of
 * 850.
 */
export function safeguards(images: number): { readonly margin: number; readonly channelFloor: number } {
  const few = Math.min(1, Math.max(0, Math.log2(enoughImages / images)));
  return { margin: 1.25 * 1.6 ** few, channelFloor: 8 ** few / 16 };
}

const enoughImages = 500;

/** Scales, and facts for warnings about them. */
export interface ChosenScales {
  readonly scales: Scales;
  /** For scales that are bounds from the weights. */
  readonly loss: BoundLoss | null;
  readonly warnings: readonly string[];
}

/**
 * @throws {LlifError} DATA if calibration images are needed but missing, or if a value or an activation is not finite;
 * ABORTED.
 * @see docs/mathematics.md, scales
 */
export async function activationScales(
  relu: ReluNetwork,
  folded: FoldedNetwork,
  options: ScaleOptions,
): Promise<ChosenScales> {
  const layers = layersOf(folded).filter(({ activation }) => activation !== null);
  const analytic = options.scales === "analytic";
  const { scales, images } = analytic
    ? { scales: analyticScales(relu, folded, options.inputRange), images: Infinity }
    : await calibratedScales(relu, folded, layers, options);
  const usual = safeguards(options.scales === "max" ? images : Infinity);
  const margin = options.margin ?? (options.scales === "max" ? Math.max(usual.margin, options.leastMargin) : 1);
  const floors = channelFloors(folded, scales, options.channelFloor ?? usual.channelFloor);
  const chosen = new Map(
    layers.map((layer) => {
      const { name, ceiling } = layer;
      const scale = bounded(scales.get(name) as Float64Array, floors.get(name) as Float64Array, {
        ceiling,
        margin: analytic ? 1 : margin,
        perChannel: options.perChannel,
      });
      checkScale(layer, scale, analytic ? "the bound from the weights" : "the largest calibrated activation");
      return [name, scale] as const;
    }),
  );
  if (analytic) {
    const loss = boundLoss(relu, folded, chosen, options.levels, options.inputRange);
    return { scales: chosen, loss, warnings: loss === null ? [] : [loss.advice] };
  }
  const seen = layers
    .filter(({ activation }) => activation?.side !== "negative")
    .map(({ name }) => ({ name, largest: scales.get(name) as Float64Array }));
  const given = options.maxima !== undefined && options.scales === "max";
  return {
    scales: chosen,
    loss: null,
    warnings: calibrationWarnings({
      images,
      largestInput: given ? null : options.largestInput(),
      pixels: options.inputRange === undefined,
      layers: seen,
    }),
  };
}

/** Refuses scales of activations that overflowed. */
function checkScale({ name, activation }: FoldedLayer, scale: Float64Array, what: string): void {
  const channel = scale.findIndex((value) => !(value < Infinity));
  if (channel >= 0)
    throw new LlifError(
      "DATA",
      `layer "${name}": expected finite activations, got ${scale[channel]} for ${what} of channel ${channel}; a weight is no number, or the values overflow`,
      { nodes: [(activation as Activation).node] },
    );
}

/** Limits scales to the ReLU's ceiling. */
function bounded(
  raw: Float64Array,
  floor: Float64Array,
  { ceiling, margin, perChannel }: { readonly ceiling: number; readonly margin: number; readonly perChannel: boolean },
): Float64Array {
  const largest = raw.reduce((most, scale) => Math.max(most, scale), 0) * margin || 1;
  return raw.map((scale, channel) =>
    Math.min(ceiling, perChannel ? Math.max(scale, floor[channel]) * margin : largest),
  );
}

async function calibratedScales(
  relu: ReluNetwork,
  folded: FoldedNetwork,
  layers: readonly FoldedLayer[],
  options: ScaleOptions,
): Promise<{ readonly scales: Map<string, Float64Array>; readonly images: number }> {
  const { nodes, network } = followed(relu, folded);
  if (options.scales === "max" && options.maxima !== undefined) checkFollowed(network, nodes, options.maxima);
  const { maxima, images } =
    options.scales === "max" && options.maxima !== undefined
      ? { maxima: options.maxima, images: options.maximaImages ?? Infinity }
      : await streamed(network, nodes, options);
  return { scales: new Map(layers.map((layer) => [layer.name, scaleOf(layer, maxima)])), images };
}

function checkFollowed(network: ReluNetwork, nodes: readonly string[], maxima: ActivationMaxima): void {
  for (const name of nodes) {
    const { shape } = network.nodes.find((node) => node.name === name) as ReluNetwork["nodes"][number];
    // Nodes of negative sides that this code does not need may be missing.
    if (maxima[name] !== undefined) checkNumbers(`maxima: ${name}`, maxima[name], { length: channelsOf(shape) });
  }
}

/** Largest activation of each channel of the layer; of both sides if counts are signed. */
export function scaleOf({ name, shape, activation }: FoldedLayer, maxima: ActivationMaxima): Float64Array {
  const { node, side, place, size } = activation as Activation;
  const sides = side === "both" ? [node, negatedName(node)] : [side === "negative" ? negatedName(node) : node];
  const channels = channelsOf(shape);
  const scale = new Float64Array(channels);
  for (const followed of sides) {
    const values = maxima[followed];
    if (values === undefined)
      throw new LlifError(
        "DATA",
        `layer "${name}": expected the maxima of node "${followed}", as followedActivations lists them`,
        { nodes: [node] },
      );
    for (let index = 0; index < size; index++) {
      const channel = index % channels;
      scale[channel] = Math.max(scale[channel], values[placed(place, index) % values.length]);
    }
  }
  return scale;
}

/** Images between two checks of the clock and the signal. */
const batchSize = 32;

/** Maxima or percentiles by node and channel, in memory that does not grow with the number of images. */
async function streamed(
  network: ReluNetwork,
  nodes: readonly string[],
  options: ScaleOptions,
): Promise<{ readonly maxima: ActivationMaxima; readonly images: number }> {
  const { scales, percentile, calibration } = options;
  if (calibration === undefined) {
    throw new LlifError(
      "DATA",
      `scales "${scales}": expected calibration images, got none; a few hundred inputs that are like those to come, labels are not needed`,
    );
  }
  const shapes = new Map(network.nodes.map((node) => [node.name, node.shape]));
  const follower = (): Follower => (scales === "percentile" ? new StreamingHistogram() : new Largest());
  const kept = new Map(
    nodes.map((node) => [node, Array.from({ length: channelsOf(shapes.get(node) ?? []) }, follower)]),
  );
  let images = 0;
  for await (const batch of batches(calibration, options.pass === undefined ? 1 : batchSize)) {
    throwIfAborted(options.signal);
    const values =
      options.pass === undefined
        ? plainPass(network, nodes, batch[0])
        : options.pass.run(joined(batch), batch.length).kept;
    for (const node of nodes) {
      const followers = kept.get(node) as Follower[];
      const activations = values[node];
      for (let index = 0; index < activations.length; index++) {
        const activation = Math.max(0, activations[index]);
        if (!(activation < Infinity))
          throw new LlifError(
            "DATA",
            `layer "${node}": expected finite activations, got ${activations[index]} in channel ${index % followers.length} for a calibration input; a weight is no number, or the values overflow float32`,
            { nodes: [node] },
          );
        followers[index % followers.length].add(activation);
      }
    }
    images += batch.length;
    options.onProgress?.(images);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  if (images === 0) throw new LlifError("DATA", `scales "${scales}": expected calibration images, got an empty set`);
  return {
    maxima: Object.fromEntries(
      [...kept].map(([node, followers]) => [node, followers.map((each) => each.percentile(percentile))]),
    ),
    images,
  };
}

interface Follower {
  add(value: number): void;
  percentile(percent: number): number;
}

class Largest {
  #largest = 0;
  add(value: number): void {
    if (value > this.#largest) this.#largest = value;
  }
  percentile(): number {
    return this.#largest;
  }
}

function plainPass(network: ReluNetwork, nodes: readonly string[], image: PlainSample): Record<string, Float32Array> {
  const values = forward(network, image instanceof Uint8Array ? inputFromPixels(network, image) : image);
  return Object.fromEntries(nodes.map((node) => [node, values.get(node) as Float32Array]));
}

async function* batches(images: AsyncIterable<PlainSample>, size: number): AsyncGenerator<PlainSample[]> {
  let batch: PlainSample[] = [];
  for await (const image of images) {
    // The caller may reuse the array of an image while it waits for the rest of its batch.
    batch.push(size === 1 ? image : copyOfSample(image));
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function joined(images: readonly PlainSample[]): PlainSample {
  const [first] = images;
  const batch =
    first instanceof Uint8Array
      ? new Uint8Array(first.length * images.length)
      : new Float32Array(first.length * images.length);
  images.forEach((image, index) => batch.set(image, index * first.length));
  return batch;
}

function layersOf(folded: FoldedNetwork): FoldedLayer[] {
  return folded.nodes.filter((node) => node.kind === "layer");
}

function negatedName(node: string): string {
  return `${node}.negated`;
}
