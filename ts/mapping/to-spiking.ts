// Maps a ReLU network to a spiking network: the main entry of this folder.
import { LlifError } from "../errors.ts";
import { requireReluNetwork } from "../relu/check.ts";
import {
  checkBoolean,
  checkFinite,
  checkFunction,
  checkInteger,
  checkOneOf,
  checkOptions,
  checkSignal,
  type OptionKeys,
} from "../check.ts";
import { inputOf, type ReluNetwork } from "../relu/network.ts";
import {
  hasRealTimes,
  type Charges,
  type Population,
  type SpikingInput,
  type SpikingNetwork,
  type SpikingNode,
  type Synapse,
} from "../spiking/network.ts";
import { channelsOf, sizeOf } from "../tensor.ts";
import { warn } from "../warn.ts";
import { codeOptionKeys, type CodeOptions } from "../spiking/code-options.ts";
import { planCode, type CodePlan } from "./code.ts";
import { foldNetwork } from "./fold/fold.ts";
import type { FoldedLayer, FoldedOutput } from "./fold/graph.ts";
import { applyLinear, compressed, type Linear, repeated } from "./fold/linear.ts";
import { checkFloatInputs, floatInput, pixelCounts } from "./input.ts";
import { quantizeLayer, quantizeOutput } from "./quantize.ts";
import { mapRateLayer, mapRateOutput, planNeuron, type NeuronPlan, type RateNeuronOptions } from "./rate.ts";
import {
  activationScales,
  checkMaxima,
  followed,
  type ActivationMaxima,
  type ActivationPass,
  type CalibrationImages,
  type FollowedActivations,
  type ScaleMethod,
  type Scales,
} from "./scales.ts";
import { pooledSource, type CountSource } from "./sources.ts";
import { requireResolution } from "./resolution.ts";
import { keepWarnings, mappingWarnings } from "./warnings.ts";

export interface ToSpikingOptions extends CodeOptions, RateNeuronOptions {
  /** Default "max". */
  readonly scales?: ScaleMethod;
  /**
   * Factor on calibrated scales. Default: 1.25 for max, up to 2 with fewer than 500 images, 4 for real-valued ttfs (at
   * no cost); 1 for percentile.
   */
  readonly margin?: number;
  /**
   * Least scale of a channel, as a share of the scale at which a reader takes as much from it as from its loudest
   * source. Rescaling channels without changing the function changes nothing. Default: 1/16, up to 1/2 with fewer than
   * 500 images and scales max.
   */
  readonly channelFloor?: number;
  /** Default 99.9. */
  readonly percentile?: number;
  /** One scale per channel (default) or one per layer. */
  readonly perChannel?: boolean;
  /**
   * Training data for the scales: images (bytes) or inputs of the ReLU network (real values), with or without a shape.
   * Read once, lazily; the memory of a sample may be reused for the next.
   */
  readonly calibration?: CalibrationImages;
  /**
   * Instead of `calibration`, for scales "max": maxima measured before, for example by a fast pass over
   * `followedActivations`.
   */
  readonly maxima?: ActivationMaxima;
  /** Number of images behind `maxima`, for the default margin and floor; default: 500 or more. */
  readonly maximaImages?: number;
  /** Replaces the plain forward pass for `calibration`: a float pass that keeps the nodes of `followedActivations`. */
  readonly pass?: ActivationPass;
  /**
   * For models whose input is not an image: largest magnitude of the input, which becomes signed counts of 12 bits;
   * larger values are clipped. Default: 1.25 times the largest magnitude of float32 calibration inputs.
   */
  readonly inputRange?: number;
  readonly signal?: AbortSignal;
  /** Called with the number of calibration images read so far. */
  readonly onProgress?: (images: number) => void;
}

const optionKeys: OptionKeys<ToSpikingOptions> = {
  ...codeOptionKeys,
  timeConstantTicks: true,
  neuron: true,
  reset: true,
  floor: true,
  refractory: true,
  spikesPerTick: true,
  scales: true,
  margin: true,
  channelFloor: true,
  percentile: true,
  perChannel: true,
  calibration: true,
  maxima: true,
  maximaImages: true,
  pass: true,
  inputRange: true,
  signal: true,
  onProgress: true,
};

/** Checks options that no later step checks. */
function checkToSpiking(options: ToSpikingOptions): void {
  const { signal, onProgress, pass, perChannel, maximaImages, maxima } = checkOptions("toSpiking", options, optionKeys);
  // Null does not mean the default.
  for (const [key, value] of Object.entries(options))
    if (value === null) throw new LlifError("ARGUMENT", `toSpiking: ${key}: expected a value or none, got null`);
  checkSignal("signal", signal);
  if (onProgress !== undefined) checkFunction("onProgress", onProgress);
  if (pass !== undefined) checkFunction("pass: run", pass.run);
  if (perChannel !== undefined) checkBoolean("perChannel", perChannel);
  if (maximaImages !== undefined) checkInteger("maximaImages", maximaImages, 1);
  if (maxima !== undefined) checkMaxima("maxima", maxima);
}

/**
 * Maps a trained ReLU network analytically to a spiking network. Every node is mapped or refused. Warns of doubtful
 * scales and coarse weights, like `summarize`.
 * @throws {LlifError} UNSUPPORTED naming all nodes that are not mapped; PRECISION if integers cannot be exact; DATA,
 * ABORTED.
 * @see docs/mathematics.md T3 (rate), T7 (layerwise), T8, T9, T12
 */
export async function toSpiking(relu: ReluNetwork, options: ToSpikingOptions = {}): Promise<SpikingNetwork> {
  requireReluNetwork("toSpiking: network", relu);
  checkToSpiking(options);
  const plan = planCode(options);
  const neuron = planNeuron(plan, options);
  const scaleMethod = checkOneOf("scales", options.scales ?? "max", ["max", "percentile", "analytic"] as const);
  const { pixels, range, largest, calibration } = await checkFloatInputs(options, scaleMethod, inputOf(relu).shape);
  const folded = foldNetwork(relu, {
    pixels,
    signedCounts: plan.rules.signedCounts,
    levels: plan.arithmetic === "int32" ? plan.levels : 0,
  });
  const { scales, loss, warnings } = await activationScales(relu, folded, {
    scales: scaleMethod,
    ...(options.margin === undefined ? {} : { margin: checkFinite("margin", options.margin, { above: 0 }) }),
    ...(options.channelFloor === undefined
      ? {}
      : { channelFloor: checkFinite("channelFloor", options.channelFloor, { above: 0, to: 1 }) }),
    // The resolution of real-valued times does not depend on the scale, so a generous one is used.
    leastMargin: hasRealTimes(plan) ? 4 : 0,
    percentile: checkFinite("percentile", options.percentile ?? 99.9, { above: 0, to: 100 }),
    perChannel: options.perChannel ?? true,
    calibration,
    largestInput: largest,
    levels: hasRealTimes(plan) ? Infinity : plan.levels,
    maxima: options.maxima,
    maximaImages: options.maximaImages,
    pass: options.pass,
    inputRange: pixels ? undefined : range(),
    signal: options.signal,
    onProgress: options.onProgress,
  });
  const counts = pixels ? pixelCounts(relu.convention.scale) : floatInput(range());
  const input: SpikingInput = { name: folded.input.name, shape: folded.input.shape, counts };
  const convention = pixels
    ? relu.convention
    : { scale: counts.unit, mean: [0], std: [1], channelOrder: relu.convention.channelOrder };
  const { code, arithmetic, windowTicks, levels } = plan;
  const builder = new Builder(plan, neuron, input, scales);
  for (const node of folded.nodes) builder.add(node);
  const network: SpikingNetwork = {
    name: relu.name,
    code,
    arithmetic,
    windowTicks,
    levels,
    dtSeconds: neuron.dtSeconds,
    input,
    nodes: builder.nodes,
    synapses: builder.synapses,
    convention,
    classes: relu.classes,
  };
  if (loss !== null) requireResolution(network, loss);
  keepWarnings(network, warnings);
  mappingWarnings(network).forEach(warn);
  return network;
}

/**
 * The nodes that `maxima` and `pass` of `toSpiking` need, in the returned network: the model, with additional nodes for
 * negative sides.
 * @throws {LlifError} UNSUPPORTED naming all nodes that are not mapped.
 */
export function followedActivations(
  relu: ReluNetwork,
  options: Pick<ToSpikingOptions, "inputRange"> = {},
): FollowedActivations {
  requireReluNetwork("followedActivations: network", relu);
  const { inputRange } = checkOptions("followedActivations", options, { inputRange: true });
  if (inputRange !== undefined) checkFinite("inputRange", inputRange, { above: 0 });
  return followed(
    relu,
    foldNetwork(relu, { pixels: options.inputRange === undefined, signedCounts: false, levels: Infinity }),
  );
}

class Builder {
  readonly nodes: SpikingNode[] = [];
  readonly synapses: Synapse[] = [];
  readonly #plan: CodePlan;
  readonly #neuron: NeuronPlan;
  readonly #input: SpikingInput;
  readonly #scales: Scales;
  readonly #sources = new Map<string, CountSource>();

  constructor(plan: CodePlan, neuron: NeuronPlan, input: SpikingInput, scales: Scales) {
    this.#plan = plan;
    this.#neuron = neuron;
    this.#input = input;
    this.#scales = scales;
    const { unit, minimum, maximum } = input.counts as NonNullable<SpikingInput["counts"]>;
    this.#sources.set(input.name, {
      shape: input.shape,
      unit: Float64Array.of(unit),
      shift: null,
      smallest: minimum,
      largest: maximum,
      members: 1,
    });
  }

  add(node: ReturnType<typeof foldNetwork>["nodes"][number]): void {
    if (node.kind === "pool") {
      const { multiplicity, ...pool } = node;
      this.nodes.push(multiplicity === null ? pool : { ...pool, multiplicity });
      this.#sources.set(node.name, pooledSource(node, multiplicity, this.#source(node.from)));
      return;
    }
    const sources = node.synapses.map(({ from }) => this.#source(from));
    const bias = this.#biasOf(node, sources);
    const weights =
      node.kind === "output" ? this.#addOutput(node, sources, bias) : this.#addPopulation(node, sources, bias);
    node.synapses.forEach(({ from, linear }, index) =>
      this.synapses.push({ ...geometryOf(linear), from, to: node.name, delayTicks: 0, weights: weights[index] }),
    );
  }

  #addPopulation(layer: FoldedLayer, sources: readonly CountSource[], bias: Float64Array): readonly Charges[] {
    const { levels, arithmetic, room, rules } = this.#plan;
    const channels = channelsOf(layer.shape);
    const exact = arithmetic === "int32";
    const scale = this.#scales.get(layer.name) ?? new Float64Array(channels).fill(this.#inputScale());
    const unit = scale.map((value) => (exact ? value / levels : value * this.#neuron.unitFactor));
    const shift = layer.complement ? scale.map((value) => -value) : null;
    // The non-adjacent form may be one higher until its last digits.
    const most = levels + rules.overshoot;
    this.#sources.set(layer.name, {
      shape: layer.shape,
      unit,
      shift,
      smallest: layer.rectified ? 0 : -most,
      largest: most,
      members: 1,
    });
    const hints = { ...ceilingOf(layer, scale), ...negativeSideOf(layer) };
    if (!exact) {
      const { population, weights } = mapRateLayer(layer, sources, bias, unit, this.#neuron);
      this.nodes.push({ ...population, ...hints });
      return weights;
    }
    const { weights, bias: charges, threshold } = quantizeLayer(layer, sources, bias, unit, room);
    // A ternary digit rounds by comparing with half a threshold, so it starts at 0.
    const initialPotential = rules.startsAtHalf ? threshold.map((theta) => theta / 2) : new Int32Array(channels);
    this.nodes.push({
      kind: "population",
      rectified: layer.rectified,
      name: layer.name,
      shape: layer.shape,
      bias: charges,
      neuron: { model: "llif", threshold, initialPotential },
      unit,
      ...hints,
    });
    return weights;
  }

  #addOutput(output: FoldedOutput, sources: readonly CountSource[], bias: Float64Array): readonly Charges[] {
    const { name, shape, rectified } = output;
    if (this.#plan.arithmetic === "float32") {
      const mapped = mapRateOutput(output, sources, bias);
      this.nodes.push(mapped.output);
      return mapped.weights;
    }
    const { weights, bias: charges, quantum } = quantizeOutput(output, sources, bias);
    this.nodes.push({
      kind: "output",
      name,
      shape,
      bias: charges,
      unit: new Float64Array(channelsOf(shape)).fill(quantum),
      rectified,
    });
    return weights;
  }

  /** The layer's bias, plus the contribution of its sources' shifts at each position. */
  #biasOf(node: FoldedLayer | FoldedOutput, sources: readonly CountSource[]): Float64Array {
    const shifts = node.synapses.flatMap(({ linear }, index) => {
      const { shift, shape } = sources[index];
      return shift === null ? [] : [applyLinear(linear, repeated(shift, sizeOf(shape)), shape, node.shape)];
    });
    if (shifts.length === 0) return node.bias;
    const all = repeated(node.bias, sizeOf(node.shape)).map((bias, index) =>
      shifts.reduce((sum, shift) => sum + shift[index], bias),
    );
    return compressed(all, channelsOf(node.shape));
  }

  /**
   * Scale of neurons that repeat the input: one of their counts is a whole fraction of an input count, if the levels
   * allow it.
   */
  #inputScale(): number {
    const { unit, minimum, maximum } = this.#input.counts as NonNullable<SpikingInput["counts"]>;
    const range = Math.max(maximum, -minimum);
    const { levels, arithmetic } = this.#plan;
    return arithmetic === "float32" || levels < range ? unit * range : (unit * levels) / Math.floor(levels / range);
  }

  #source(name: string): CountSource {
    return this.#sources.get(name) as CountSource;
  }
}

/** Intended saturation of a population: at the ReLU's ceiling, or for a complement where its value is zero. */
function ceilingOf(layer: FoldedLayer, scale: Float64Array): { readonly ceiling?: Float64Array } {
  if (layer.complement) return { ceiling: scale };
  return layer.ceiling === Infinity ? {} : { ceiling: new Float64Array(scale.length).fill(layer.ceiling) };
}

function negativeSideOf({ negativeOf, complement }: FoldedLayer): Pick<Population, "negativeOf"> {
  return negativeOf === null
    ? {}
    : { negativeOf: { population: negativeOf.layer, slope: negativeOf.slope, complement } };
}

type Geometry<T> = T extends Synapse ? Omit<T, "from" | "to" | "delayTicks" | "weights"> : never;

function geometryOf(linear: Linear): Geometry<Synapse> {
  if (linear.kind === "dense" || linear.kind === "identity") return { kind: linear.kind };
  const { kind, kernel, stride, dilation, padding, groups } = linear;
  return { kind, kernel, stride, dilation, padding, groups };
}
