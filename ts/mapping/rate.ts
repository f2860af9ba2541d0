// Maps layers to synchronous float32 rate neurons, in plain charges or SI units.
import { checkFinite, checkInteger, checkOneOf } from "../check.ts";
import { LlifError } from "../errors.ts";
import type { LlifNeuron, Population, SpikingOutput } from "../spiking/network.ts";
import type { ResetKind, UniformRefractory } from "../spiking/neurons/llif-options.ts";
import { biologicalNeuron, type BiologicalNeuron } from "../spiking/neuron.ts";
import { channelsOf } from "../tensor.ts";
import type { CodePlan } from "./code.ts";
import { equivalentLeakCharge } from "./equations.ts";
import type { FoldedLayer, FoldedOutput } from "./fold/graph.ts";
import { forEachWeight } from "../spiking/weights.ts";
import type { Linear } from "./fold/linear.ts";
import type { CountSource } from "./sources.ts";

/** The neuron of a synchronous `rate` network. The other codes have a fixed neuron. */
export interface RateNeuronOptions {
  /** Ohmic leak: membrane time constant in ticks. Default: the constant leak. */
  readonly timeConstantTicks?: number;
  /**
   * In SI units: θ = C·V_th, weights are synaptic charges, and each neuron's leak current carries its bias,
   * I_leak = I_inj − (b·θ/s)/dt − I_eq. Excludes the other options of this interface.
   */
  readonly neuron?: BiologicalNeuron;
  /** Default "soft". "hard" loses the charge above threshold, so rates are too low (T5). */
  readonly reset?: ResetKind;
  /**
   * Lower bound of the membrane potential in thresholds, at most 0; default: none. Above −2D the neuron is not a ReLU
   * (T4).
   */
  readonly floor?: number;
  /**
   * A number of ticks, during which input is integrated: a clipped ReLU, whose ceiling the scales raise (T6).
   */
  readonly refractory?: number | UniformRefractory;
  /** Most spikes a tick, for activations above the scale. Default 1. */
  readonly spikesPerTick?: number;
}

/** The neuron of a whole network, in charges. */
export interface NeuronPlan {
  readonly threshold: number;
  readonly initialPotential: number;
  readonly floor: number;
  readonly leakFactor: number;
  readonly reset: ResetKind;
  readonly refractory: UniformRefractory;
  readonly spikesPerTick: number;
  readonly dtSeconds: number;
  /**
   * Activation of one spike a tick, in scales: n + 1 with n refractory ticks, so that the scale can still be reached.
   */
  readonly unitFactor: number;
}

/** @throws {LlifError} ARGUMENT for an option that the code does not have. */
export function planNeuron(
  { rules: { neurons, startsAtHalf, flags } }: CodePlan,
  options: RateNeuronOptions,
): NeuronPlan {
  const names = ["timeConstantTicks", "neuron", "reset", "floor", "refractory", "spikesPerTick"] as const;
  const given = names.filter((name) => options[name] !== undefined);
  if (neurons === "plain" && given.length > 0) {
    throw new LlifError(
      "ARGUMENT",
      `${given.join(", ")}: expected a synchronous rate network with unsigned spikes; ${flags.code}, ${flags.schedule}, ${flags.spikes} has one kind of neuron only`,
    );
  }
  if (options.neuron !== undefined) {
    if (given.length > 1)
      throw new LlifError(
        "ARGUMENT",
        `neuron: expected no ${given.filter((name) => name !== "neuron").join(", ")} beside it; the neuron has its own`,
      );
    return planBiological(options.neuron);
  }
  const reset = checkOneOf("reset", options.reset ?? "soft", ["soft", "hard"] as const);
  const refractory =
    typeof options.refractory === "object"
      ? options.refractory
      : { ticks: options.refractory ?? 0, input: "integrate" as const };
  checkInteger("refractory ticks", refractory.ticks, 0, 2 ** 24);
  return {
    threshold: 1,
    initialPotential: startsAtHalf && reset === "soft" ? 0.5 : 0,
    floor: options.floor === undefined ? -Infinity : checkFinite("floor", options.floor, { to: 0 }),
    leakFactor:
      options.timeConstantTicks === undefined
        ? 1
        : Math.exp(-1 / checkFinite("timeConstantTicks", options.timeConstantTicks, { above: 0 })),
    reset,
    refractory,
    spikesPerTick: checkInteger("spikesPerTick", options.spikesPerTick ?? 1, 1, 2 ** 24),
    dtSeconds: 1,
    unitFactor: refractory.ticks + 1,
  };
}

function planBiological(neuron: BiologicalNeuron): NeuronPlan {
  const { threshold, initialPotential, floor, refractory, leak, currents, adaptation } = biologicalNeuron(neuron);
  if (!("input" in refractory) || currents !== undefined || adaptation !== undefined)
    throw new LlifError(
      "ARGUMENT",
      "neuron: expected no refractoryClamp, currents or adaptation; the neurons of mapped networks have none",
    );
  return {
    threshold,
    initialPotential: neuron.initialVolt === undefined ? threshold / 2 : initialPotential,
    floor,
    leakFactor: leak?.factorPerTick ?? 1,
    reset: "soft",
    refractory,
    spikesPerTick: 1,
    dtSeconds: neuron.dtSeconds,
    unitFactor: refractory.ticks + 1,
  };
}

interface MappedPopulation {
  readonly population: Population;
  readonly weights: readonly Float32Array[];
}

/**
 * q = θ·w·s_source/s_target, c = θ·b/s_target, both per tick (real-valued ttfs: per window); T10's I_eq compensates an
 * ohmic leak.
 */
export function mapRateLayer(
  layer: FoldedLayer,
  sources: readonly CountSource[],
  bias: Float64Array,
  unit: Float64Array,
  neuron: NeuronPlan,
): MappedPopulation {
  const { name, shape } = layer;
  const channels = channelsOf(shape);
  const { threshold, leakFactor } = neuron;
  // Intended saturation is at one spike a tick.
  const spikesPerTick = layer.ceiling < Infinity || layer.complement ? 1 : neuron.spikesPerTick;
  const leak = equivalentLeakCharge(leakFactor, threshold);
  const shift = layer.complement ? threshold / neuron.unitFactor : 0;
  return {
    weights: chargesOf(layer, sources, (channel) => threshold / unit[channel]),
    population: {
      kind: "population",
      rectified: true,
      name,
      shape,
      unit,
      neuron: neuronOf(neuron, channels, spikesPerTick),
      bias: Float32Array.from(bias, (value, index) => (threshold * value) / unit[index % channels] + leak + shift),
    },
  };
}

function neuronOf(plan: NeuronPlan, channels: number, spikesPerTick: number): LlifNeuron {
  const { threshold, initialPotential, floor, leakFactor, reset, refractory } = plan;
  const filled = (value: number) => new Float32Array(channels).fill(value);
  const { ticks, input } = refractory;
  return {
    model: "llif",
    threshold: filled(threshold),
    initialPotential: filled(initialPotential),
    ...(leakFactor === 1 ? {} : { leak: { factorPerTick: filled(leakFactor) } }),
    ...(floor === -Infinity ? {} : { floor: filled(floor) }),
    ...(reset === "soft" ? {} : { reset: { hard: new Uint8Array(channels).fill(1) } }),
    ...(ticks === 0 ? {} : { refractory: { ticks: new Uint32Array(channels).fill(ticks), input } }),
    ...(spikesPerTick === 1 ? {} : { spikesPerTick }),
  };
}

/** Maps an output; its charges are in units of the output. */
export function mapRateOutput(
  output: FoldedOutput,
  sources: readonly CountSource[],
  bias: Float64Array,
): { readonly output: SpikingOutput; readonly weights: readonly Float32Array[] } {
  const { name, shape, rectified } = output;
  const unit = new Float64Array(channelsOf(shape)).fill(1);
  return {
    output: { kind: "output", name, shape, bias: Float32Array.from(bias), unit, rectified },
    weights: chargesOf(output, sources, () => 1),
  };
}

function chargesOf(
  node: FoldedLayer | FoldedOutput,
  sources: readonly CountSource[],
  factor: (channel: number) => number,
): Float32Array[] {
  const channels = channelsOf(node.shape);
  return node.synapses.map(({ linear }: { linear: Linear }, number) => {
    const { unit } = sources[number];
    const weights = new Float32Array(linear.weights.length);
    forEachWeight(
      linear,
      node.shape,
      (output, input, weight, index) =>
        (weights[index] = weight * unit[input % unit.length] * factor(output % channels)),
    );
    const wrong = weights.findIndex((weight) => !Number.isFinite(weight));
    if (wrong >= 0)
      throw new LlifError(
        "PRECISION",
        `${node.kind} "${node.name}": expected finite charges in float32, got ${weights[wrong]}; a weight is no number, or the values overflow`,
        { nodes: [node.name] },
      );
    return weights;
  });
}
