import { checkFinite, checkInteger, checkOneOf } from "../check.ts";
import { LlifError } from "../errors.ts";
import type { ReluNetwork } from "../relu/network.ts";
import type { Charges, Code, Population, ScheduleName, SpikingNetwork, SpikingNode, SpikingOutput, Synapse } from "../spiking/network.ts";
import { channelsOf } from "../tensor.ts";
import { foldNetwork, type FoldedLayer, type FoldedPool } from "./fold.ts";
import { quantizeLayer, quantizeOutput } from "./quantize.ts";
import { activationScales, type ActivationMaxima, type CalibrationImages, forEachWeight, type ScaleMethod } from "./scales.ts";

export interface ToSpikingOptions {
  /** Default "phase". */
  readonly code?: Code;
  /** Default: layerwise for phase, synchronous for rate. */
  readonly schedule?: ScheduleName;
  /** K: 2^K − 1 levels a window; default 8 for phase. */
  readonly bits?: number;
  /** T: ticks of a run, or levels of a layerwise window; default 256 for rate. Not beside `bits`. */
  readonly ticks?: number;
  /** Default "max". */
  readonly scales?: ScaleMethod;
  /** Factor on calibrated scales; default 1.25 for max, 1 for percentile. */
  readonly margin?: number;
  /** Default 99.9. */
  readonly percentile?: number;
  /** One scale a channel (default) or one a layer. */
  readonly perChannel?: boolean;
  /** Images (uint8) or inputs of the ReLU network (float32) that the scales are taken from; training data only. */
  readonly calibration?: CalibrationImages;
  /** Instead of `calibration`, for scales "max": the activations were followed already, say by a fast pass. */
  readonly maxima?: ActivationMaxima;
  /** Ohmic leak, synchronous rate only: membrane time constant in ticks. Default: the constant leak. */
  readonly timeConstantTicks?: number;
  readonly signal?: AbortSignal;
  /** Called after each calibration image. */
  readonly onProgress?: (images: number) => void;
}

/**
 * Maps a trained ReLU network analytically to a spiking one.
 * @throws {LlifError} UNSUPPORTED naming all nodes that are not mapped; PRECISION where integers cannot be exact.
 * @see docs/mathematics.md T3 (rate), T7 (layerwise)
 */
export async function toSpiking(relu: ReluNetwork, options: ToSpikingOptions = {}): Promise<SpikingNetwork> {
  const { code, schedule, windowTicks, levels } = checkCode(options);
  const scaleMethod = checkOneOf("scales", options.scales ?? "max", ["max", "percentile", "analytic"] as const);
  const folded = foldNetwork(relu);
  const scales = await activationScales(relu, folded, {
    scales: scaleMethod,
    margin: checkFinite("margin", options.margin ?? (scaleMethod === "percentile" ? 1 : 1.25), { above: 0 }),
    percentile: checkFinite("percentile", options.percentile ?? 99.9, { above: 0, to: 100 }),
    perChannel: options.perChannel ?? true,
    calibration: options.calibration,
    maxima: options.maxima,
    signal: options.signal,
    onProgress: options.onProgress,
  });
  const exact = schedule === "layerwise";
  if (exact && options.timeConstantTicks !== undefined) throw new LlifError("ARGUMENT", "timeConstantTicks: expected a synchronous network; layerwise windows have no leak");
  const leakFactor = options.timeConstantTicks === undefined ? 1 : Math.exp(-1 / checkFinite("timeConstantTicks", options.timeConstantTicks, { above: 0 }));

  const inputUnit = relu.convention.scale;
  /** Activation of one spike of each source, and the largest count a window of it carries. */
  const sources = new Map<string, Source>([[folded.inputName, { unit: Float64Array.of(inputUnit), largestCount: 255 }]]);
  const nodes: SpikingNode[] = [];
  const synapses: Synapse[] = [];
  for (const node of folded.nodes) {
    const source = sources.get(node.from) as Source;
    if (node.kind === "pool") {
      nodes.push(node);
      sources.set(node.name, { unit: source.unit, largestCount: source.largestCount * poolMembers(node) });
      continue;
    }
    const scale = scales.get(node.name);
    const unit = scale === undefined ? new Float64Array(channelsOf(node.shape)).fill(1) : scale.map((value) => (exact ? value / levels : value));
    const mapped = exact ? mapExact(node, source, unit, levels, code === "phase" ? windowTicks : 0) : mapRate(node, source, unit, leakFactor);
    nodes.push(mapped.node);
    synapses.push({ ...withoutWeights(node), from: node.from, to: node.name, delayTicks: 0, weights: mapped.weights });
    sources.set(node.name, { unit, largestCount: levels });
  }
  return {
    name: relu.name, code, schedule, spikes: "unsigned", arithmetic: exact ? "int32" : "float32", windowTicks, levels, dtSeconds: 1,
    input: { name: folded.inputName, shape: folded.inputShape, counts: { unit: inputUnit, minimum: 0, maximum: 255 } },
    nodes, synapses, convention: relu.convention, classes: relu.classes,
  };
}

export interface Source {
  readonly unit: Float64Array;
  readonly largestCount: number;
}

interface Mapped {
  readonly node: Population | SpikingOutput;
  readonly weights: Charges;
}

function checkCode(options: ToSpikingOptions): { code: "rate" | "phase"; schedule: ScheduleName; windowTicks: number; levels: number } {
  const code = checkOneOf("code", options.code ?? "phase", ["rate", "phase"] as const);
  const schedule = checkOneOf("schedule", options.schedule ?? (code === "phase" ? "layerwise" : "synchronous"), ["synchronous", "layerwise"] as const);
  if (code === "phase" && schedule === "synchronous") throw new LlifError("ARGUMENT", 'schedule: code "phase" expected "layerwise", got "synchronous"');
  if (options.bits !== undefined && options.ticks !== undefined) throw new LlifError("ARGUMENT", "bits and ticks: expected one of them, got both");
  if (code === "phase") {
    const windowTicks = checkInteger("bits", options.bits ?? options.ticks ?? 8, 1, 16);
    return { code, schedule, windowTicks, levels: 2 ** windowTicks - 1 };
  }
  const levels = options.bits === undefined ? checkInteger("ticks", options.ticks ?? 256, 1, 2 ** 24) : 2 ** checkInteger("bits", options.bits, 1, 16) - 1;
  return { code, schedule, windowTicks: levels, levels };
}

function poolMembers({ mode, kernel }: FoldedPool): number {
  return mode === "sum" ? kernel[0] * kernel[1] : 1;
}

function withoutWeights({ linear }: FoldedLayer): { kind: "dense" | "identity" } | Omit<Extract<Synapse, { kind: "conv2d" }>, "from" | "to" | "delayTicks" | "weights"> {
  if (linear.kind !== "conv2d") return { kind: linear.kind };
  const { kind, kernel, stride, dilation, padding, groups } = linear;
  return { kind, kernel, stride, dilation, padding, groups };
}

/** θ = 1, v0 = θ/2: q = w·s_source/s_target, c = b/s_target; T10's I_eq makes up for an ohmic leak. */
function mapRate(layer: FoldedLayer, source: Source, unit: Float64Array, leakFactor: number): Mapped {
  const channels = channelsOf(layer.shape);
  const weights = new Float32Array(layer.linear.weights.length);
  forEachWeight(layer, (output, input, weight, index) => (weights[index] = (weight * source.unit[input % source.unit.length]) / unit[output]));
  const equivalentLeak = layer.kind === "layer" ? (1 - leakFactor) / 2 : 0;
  const bias = Float32Array.from(layer.bias, (value, index) => value / unit[index % channels] + equivalentLeak);
  const { name, shape } = layer;
  if (layer.kind === "output") return { node: { kind: "output", name, shape, bias, unit, rectified: false }, weights };
  const filled = (value: number) => new Float32Array(channels).fill(value);
  return {
    node: {
      kind: "population", name, shape, bias, threshold: filled(1), initialPotential: filled(0.5), floor: -Infinity, leakFactor,
      reset: "soft", spikesPerTick: 1, refractory: { ticks: 0, input: "integrate" }, unit,
    },
    weights,
  };
}

function mapExact(layer: FoldedLayer, source: Source, unit: Float64Array, levels: number, bits: number): Mapped {
  const { name, shape } = layer;
  if (layer.kind === "output") {
    const { weights, bias, quantum } = quantizeOutput(layer, source);
    return { node: { kind: "output", name, shape, bias, unit: new Float64Array(channelsOf(shape)).fill(quantum), rectified: false }, weights };
  }
  const { weights, bias, threshold } = quantizeLayer(layer, source, unit, levels, bits);
  return {
    node: {
      kind: "population", name, shape, bias, threshold, initialPotential: threshold.map((theta) => theta / 2), floor: -Infinity, leakFactor: 1,
      reset: "soft", spikesPerTick: 1, refractory: { ticks: 0, input: "integrate" }, unit,
    },
    weights,
  };
}
