import { LlifError, throwIfAborted } from "../errors.ts";
import { forward, inputFromPixels } from "../relu/forward.ts";
import type { ReluNetwork } from "../relu/network.ts";
import { channelsOf, sizeOf } from "../tensor.ts";
import type { FoldedLayer, FoldedNetwork } from "./fold.ts";

export type ScaleMethod = "max" | "percentile" | "analytic";
export type CalibrationImages = Iterable<Uint8Array | Float32Array> | AsyncIterable<Uint8Array | Float32Array>;

/** Largest activation of each channel over the calibration images, by node of the ReLU network, as `FloatPass.maxima` gives them. */
export type ActivationMaxima = Readonly<Record<string, ArrayLike<number>>>;

export interface ScaleOptions {
  readonly scales: ScaleMethod;
  /** Factor on the calibrated scale, against clipping. */
  readonly margin: number;
  /** 0…100, of `percentile`. */
  readonly percentile: number;
  readonly perChannel: boolean;
  readonly calibration?: CalibrationImages;
  readonly maxima?: ActivationMaxima;
  readonly signal?: AbortSignal;
  readonly onProgress?: (images: number) => void;
}

/** Activation s that a full window (or one spike a tick) stands for, by layer, one for each channel. */
export type Scales = ReadonlyMap<string, Float64Array>;

/**
 * @throws {LlifError} DATA if there are no calibration images where the method needs them.
 * @see docs/mathematics.md, scales
 */
export async function activationScales(relu: ReluNetwork, folded: FoldedNetwork, options: ScaleOptions): Promise<Scales> {
  const layers = folded.nodes.filter((node): node is FoldedLayer => node.kind === "layer");
  const raw = options.scales === "analytic" ? analyticScales(relu, folded) : await calibratedScales(relu, layers, options);
  return new Map(layers.map((layer) => [layer.name, bounded(layer, raw.get(layer.name) as Float64Array, options)]));
}

/** A channel scale is floored at the layer's largest / 16, and never above the ReLU's ceiling. */
function bounded(layer: FoldedLayer, raw: Float64Array, { scales, margin, perChannel }: ScaleOptions): Float64Array {
  const factor = scales === "analytic" ? 1 : margin;
  const largest = raw.reduce((most, scale) => Math.max(most, scale), 0) * factor || 1;
  return raw.map((scale) => Math.min(layer.ceiling, perChannel ? Math.max(scale * factor, largest / 16) : largest));
}

async function calibratedScales(relu: ReluNetwork, layers: readonly FoldedLayer[], options: ScaleOptions): Promise<Map<string, Float64Array>> {
  const { maxima } = options;
  if (maxima !== undefined && options.scales === "max") {
    return new Map(layers.map((layer) => [layer.name, Float64Array.from(maxima[layer.activationNode], (value) => Math.max(0, value))]));
  }
  if (options.calibration === undefined) {
    throw new LlifError("DATA", `scales "${options.scales}": expected calibration images, got none; scales "analytic" need none`);
  }
  const kept = new Map(layers.map((layer) => [layer.name, Array.from({ length: channelsOf(layer.shape) }, () => new Summary(options.scales === "percentile"))]));
  let images = 0;
  for await (const image of options.calibration) {
    throwIfAborted(options.signal);
    const values = forward(relu, image instanceof Uint8Array ? inputFromPixels(relu, image) : image);
    for (const layer of layers) {
      const summaries = kept.get(layer.name) as Summary[];
      const activations = values.get(layer.activationNode) as Float32Array;
      for (let index = 0; index < activations.length; index++) summaries[index % summaries.length].add(activations[index]);
    }
    images++;
    options.onProgress?.(images);
  }
  if (images === 0) throw new LlifError("DATA", `scales "${options.scales}": expected calibration images, got an empty set`);
  return new Map([...kept].map(([name, summaries]) => [name, Float64Array.from(summaries, (summary) => summary.scale(options.percentile))]));
}

/** The largest activation of one channel, or a percentile of its activations. */
class Summary {
  #largest = 0;
  readonly #values: number[] | null;

  constructor(keepValues: boolean) {
    this.#values = keepValues ? [] : null;
  }

  add(value: number): void {
    if (value > this.#largest) this.#largest = value;
    this.#values?.push(value);
  }

  scale(percentile: number): number {
    if (this.#values === null) return this.#largest;
    const sorted = Float32Array.from(this.#values).sort();
    return Math.max(0, sorted[Math.min(sorted.length - 1, Math.ceil((percentile / 100) * sorted.length) - 1)] ?? 0);
  }
}

/** s = (Σ w⁺·s_source + b)⁺: never clips an input whose pixels are in 0…255. */
function analyticScales(relu: ReluNetwork, folded: FoldedNetwork): Map<string, Float64Array> {
  const largest = new Map<string, Float64Array>([[folded.inputName, Float64Array.of(255 * relu.convention.scale)]]);
  const result = new Map<string, Float64Array>();
  for (const node of folded.nodes) {
    const source = largest.get(node.from) as Float64Array;
    if (node.kind === "pool") {
      const members = node.mode === "sum" ? node.kernel[0] * node.kernel[1] : 1;
      largest.set(node.name, source.map((value) => value * members));
      continue;
    }
    const channels = channelsOf(node.shape);
    const bound = new Float64Array(channels).fill(-Infinity);
    node.bias.forEach((bias, index) => (bound[index % channels] = Math.max(bound[index % channels], bias)));
    forEachWeight(node, (output, input, weight) => (bound[output] += Math.max(0, weight) * source[input % source.length]));
    const scale = bound.map((value) => Math.min(node.ceiling, Math.max(0, value)));
    result.set(node.name, scale);
    largest.set(node.name, scale);
  }
  return result;
}

/** Visits each weight with its output channel and its input (dense: flat index; else channel). */
export function forEachWeight(layer: FoldedLayer, visit: (output: number, input: number, weight: number, index: number) => void): void {
  const { linear } = layer;
  const outputs = channelsOf(layer.shape);
  const { weights } = linear;
  if (linear.kind === "dense") {
    const inputs = weights.length / sizeOf(layer.shape);
    for (let index = 0; index < weights.length; index++) visit(Math.floor(index / inputs), index % inputs, weights[index], index);
  } else if (linear.kind === "identity") {
    for (let index = 0; index < weights.length; index++) visit(index % outputs, index, weights[index], index);
  } else {
    const groupInputs = weights.length / (linear.kernel[0] * linear.kernel[1] * outputs);
    for (let index = 0; index < weights.length; index++) {
      const output = index % outputs;
      const group = Math.floor((output * linear.groups) / outputs);
      visit(output, group * groupInputs + (Math.floor(index / outputs) % groupInputs), weights[index], index);
    }
  }
}
