// Single layers with random weights and random input spikes, the same in every runtime.
import { rulesOf, type Code } from "../spiking/code.ts";
import type { Charges, Conv2dSynapse, DenseSynapse, SpikingNetwork } from "../spiking/network.ts";
import { sizeOf, type Shape } from "../tensor.ts";

/** A dense layer, or a 3×3 convolution with padding 1 that keeps height, width and channels. */
export type LayerKind =
  | { readonly kind: "dense"; readonly inputs: number; readonly units: number }
  | { readonly kind: "conv"; readonly size: number; readonly channels: number };

export interface LayerCode {
  readonly code: "layerwise" | "phase" | "rate";
  readonly ticks: number;
  /** Share of inputs that spike in a tick. Weights are scaled by it, so that about a tenth of the outputs fire. */
  readonly activity: number;
  /** `rate` only: factor on the membrane potential each tick; default 1. */
  readonly leakFactor?: number;
}

/** Mulberry32: uniform numbers in [0, 1), the same in every runtime. */
export function uniform(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Sum of twelve uniform numbers, minus six: nearly normal, without logarithms, which runtimes may round differently.
 */
function nearNormal(random: () => number): number {
  let sum = -6;
  for (let term = 0; term < 12; term++) sum += random();
  return sum;
}

/** One layer with random weights. */
export function layerNetwork(
  layer: LayerKind,
  { code, ticks, activity, leakFactor = 1 }: LayerCode,
  seed = 1,
): SpikingNetwork {
  const shape: Shape = layer.kind === "dense" ? [layer.units] : [layer.size, layer.size, layer.channels];
  const inputShape: Shape = layer.kind === "dense" ? [layer.inputs] : shape;
  const fanIn = layer.kind === "dense" ? layer.inputs : 9 * layer.channels;
  const channels = shape[shape.length - 1];
  const exact = code !== "rate";
  const levels = rulesOf(networkCodes[code]).levels(ticks);
  // Chosen as in the mapping: ⌈log2 levels⌉ + 4 bits.
  const threshold = exact ? 2 ** (Math.ceil(Math.log2(levels)) + 4) : rateThreshold;
  const spread = chargeSpread(code, ticks, levels, activity, threshold) / Math.sqrt(fanIn);
  const random = uniform(seed);
  const draw = exact
    ? () => Math.round(nearNormal(random) * spread)
    : () => Math.round(nearNormal(random) * spread * 256) / 256;
  const charges = (length: number): Charges => (exact ? new Int32Array(length) : new Float32Array(length));
  const weights = charges(fanIn * channels);
  for (let index = 0; index < weights.length; index++) weights[index] = draw();
  const filled = (value: number) => charges(channels).fill(value);
  const synapse = { from: "input", to: "layer", delayTicks: 0, weights };
  return {
    name: layer.kind,
    code: networkCodes[code],
    arithmetic: exact ? "int32" : "float32",
    windowTicks: ticks,
    levels,
    dtSeconds: 1,
    input: { name: "input", shape: inputShape, counts: null },
    nodes: [
      {
        kind: "population",
        rectified: true,
        name: "layer",
        shape,
        bias: filled(0),
        neuron: {
          model: "llif",
          threshold: filled(threshold),
          initialPotential: filled(exact ? threshold / 2 : 0.5),
          ...(leakFactor === 1 ? {} : { leak: { factorPerTick: new Float32Array(channels).fill(leakFactor) } }),
        },
        unit: new Float64Array(channels).fill(1),
      },
    ],
    synapses: [layer.kind === "dense" ? ({ kind: "dense", ...synapse } satisfies DenseSynapse) : convolution(synapse)],
    convention: { scale: 1, mean: [0], std: [1], channelOrder: "gray" },
    classes: [],
  };
}

const networkCodes: Readonly<Record<LayerCode["code"], Code>> = {
  layerwise: { kind: "windowRate" },
  phase: { kind: "phase", digits: "binary" },
  rate: { kind: "rate" },
};

/** Not on the grid of the weights, so that no potential ever equals it: simulators differ at v = θ. */
export const rateThreshold = 1 + 2 ** -16;

/** Standard deviation that the sum over a unit fan-in must have for the outputs to use a quarter of their range. */
function chargeSpread(
  code: LayerCode["code"],
  ticks: number,
  levels: number,
  activity: number,
  threshold: number,
): number {
  if (code === "rate") return (0.25 * threshold) / activity;
  const squares = code === "phase" ? (4 ** ticks - 1) / 3 : ticks;
  const meanSquare = activity * (1 - activity) * squares + (levels * activity) ** 2;
  return (0.25 * levels * threshold) / Math.sqrt(meanSquare);
}

function convolution(
  synapse: Omit<Conv2dSynapse, "kind" | "groups" | "kernel" | "stride" | "dilation" | "padding">,
): Conv2dSynapse {
  return {
    kind: "conv2d",
    ...synapse,
    kernel: [3, 3],
    stride: [1, 1],
    dilation: [1, 1],
    padding: { top: 1, left: 1, bottom: 1, right: 1 },
    groups: 1,
  };
}

export interface SpikeInput {
  readonly ticks: Uint32Array;
  readonly neurons: Uint32Array;
}

/** Independent spikes with the same probability in each tick, sorted by (tick, neuron). */
export function randomSpikes(network: SpikingNetwork, ticks: number, activity: number, seed = 2): SpikeInput {
  const random = uniform(seed);
  const size = sizeOf(network.input.shape);
  const at: number[] = [];
  const neurons: number[] = [];
  for (let tick = 0; tick < ticks; tick++) {
    for (let neuron = 0; neuron < size; neuron++) {
      if (random() >= activity) continue;
      at.push(tick);
      neurons.push(neuron);
    }
  }
  return { ticks: Uint32Array.from(at), neurons: Uint32Array.from(neurons) };
}
