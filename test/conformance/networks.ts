import fc from "fast-check";
import type { Conv2dSynapse, Population, SpikingNetwork, SpikingNode, SpikingPool, Synapse } from "../../ts/spiking/network.ts";
import { sizeOf, type Shape } from "../../ts/tensor.ts";
import { Draw } from "../draw.ts";
import { windowedExtents } from "../../ts/relu/shapes.ts";

export type Variant = "synchronous rate" | "layerwise rate" | "phase";

export interface Sample {
  readonly ticks: number[];
  readonly neurons: number[];
}

export interface Case {
  readonly network: SpikingNetwork;
  readonly ticks: number;
  readonly values: Float32Array;
  readonly spikes: Sample;
}

/** A random network with every operator, and inputs for it: constant values and spikes in random order. */
export function cases(variant: Variant): fc.Arbitrary<Case> {
  return fc.record({ seed: fc.nat(2 ** 31 - 1), layers: fc.integer({ min: 1, max: 4 }) }).map(({ seed, layers }) => makeCase(variant, seed, layers));
}

function makeCase(variant: Variant, seed: number, layers: number): Case {
  const draw = new Draw(seed);
  const integers = variant !== "synchronous rate";
  const charges = (length: number, from: number, to: number): Float32Array | Int32Array =>
    integers ? Int32Array.from({ length }, () => draw.integer(from, to)) : Float32Array.from({ length }, () => draw.integer(from * 1000, to * 1000) / 777);
  const windowTicks = variant === "phase" ? draw.integer(1, 8) : draw.integer(1, 20);
  const inputShape: Shape = draw.chance(70) ? [draw.integer(1, 9), draw.integer(1, 9), draw.of(1, 2, 4, 6)] : [draw.integer(1, 70)];
  const nodes: SpikingNode[] = [];
  const synapses: Synapse[] = [];
  let last = { name: "input", shape: inputShape };

  for (let layer = 0; layer < layers; layer++) {
    const name = `layer${layer}`;
    const choice = draw.integer(0, 9);
    if (layer > 0 && last.shape.length === 3 && choice >= 8) {
      const pool = drawPool(draw, name, last.name, last.shape);
      if (pool !== undefined) {
        nodes.push(pool);
        last = pool;
        continue;
      }
    }
    const synapse = choice >= 3 ? drawConv(draw, last, name, charges) : undefined;
    if (synapse !== undefined) {
      synapses.push(synapse.synapse);
      nodes.push(drawPopulation(draw, name, synapse.shape, integers, charges));
    } else {
      const identity = choice === 2;
      const shape = identity ? last.shape : [draw.integer(1, 70)];
      const size = sizeOf(shape);
      nodes.push(drawPopulation(draw, name, shape, integers, charges));
      synapses.push(
        identity
          ? { kind: "identity", from: last.name, to: name, delayTicks: 0, weights: charges(draw.of(size, shape[shape.length - 1]), -9, 20) }
          : { kind: "dense", from: last.name, to: name, delayTicks: 0, weights: charges(size * sizeOf(last.shape), -9, 11) },
      );
    }
    // A second synapse, from any earlier node: a residual edge, also across depths.
    const node = nodes[nodes.length - 1];
    if (draw.chance(30)) {
      const source = draw.of<{ name: string; shape: Shape }>({ name: "input", shape: inputShape }, ...nodes.slice(0, -1));
      synapses.push({ kind: "dense", from: source.name, to: name, delayTicks: 0, weights: charges(sizeOf(node.shape) * sizeOf(source.shape), -5, 5) });
    }
    last = node;
  }
  for (let output = 0; output < draw.integer(0, 2); output++) {
    const size = draw.integer(1, 12);
    const name = `output${output}`;
    nodes.push({ kind: "output", name, shape: [size], bias: charges(size, -20, 20), unit: new Float64Array(size).fill(0.125), rectified: draw.chance(30) });
    synapses.push({ kind: "dense", from: last.name, to: name, delayTicks: 0, weights: charges(size * sizeOf(last.shape), -9, 9) });
  }
  const phase = variant === "phase";
  const network: SpikingNetwork = {
    name: "random",
    code: phase ? "phase" : "rate",
    schedule: integers ? "layerwise" : "synchronous",
    spikes: "unsigned",
    arithmetic: integers ? "int32" : "float32",
    windowTicks,
    levels: phase ? 2 ** windowTicks - 1 : windowTicks,
    dtSeconds: 1,
    input: { name: "input", shape: inputShape, counts: integers ? { unit: 1, minimum: -255, maximum: 255 } : null },
    nodes,
    synapses,
    convention: { scale: 1, mean: [0], std: [1], channelOrder: "gray" },
    classes: [],
  };
  const inputs = sizeOf(inputShape);
  const spikeCount = draw.integer(0, Math.ceil((inputs * windowTicks * draw.of(0, 5, 30, 100)) / 100));
  return {
    network,
    ticks: windowTicks,
    values: Float32Array.from({ length: inputs }, () => (integers ? draw.integer(-20, 60) : draw.integer(-3000, 9000) / 999)),
    spikes: {
      ticks: Array.from({ length: spikeCount }, () => draw.integer(0, windowTicks - 1)),
      neurons: Array.from({ length: spikeCount }, () => draw.integer(0, inputs - 1)),
    },
  };
}

type Charge = (length: number, from: number, to: number) => Float32Array | Int32Array;

function drawPopulation(draw: Draw, name: string, shape: Shape, integers: boolean, charges: Charge): Population {
  const channels = shape[shape.length - 1];
  const length = (): number => draw.of(channels, sizeOf(shape));
  const several = !integers && draw.chance(25);
  const threshold = several ? Float32Array.from({ length: length() }, () => draw.of(8, 16, 64)) : charges(length(), 10, 90);
  return {
    kind: "population", rectified: true,
    name,
    shape,
    bias: charges(length(), -8, 12),
    threshold,
    initialPotential: charges(length(), -5, 30),
    floor: integers || draw.chance(60) ? -Infinity : draw.of(0, -7.3, -40),
    leakFactor: integers || draw.chance(50) ? 1 : draw.of(0.9, 0.5, Math.exp(-1 / 20)),
    reset: !integers && !several && draw.chance(40) ? "hard" : "soft",
    spikesPerTick: several ? draw.of(2, 5, 1000) : 1,
    refractory: integers || draw.chance(60) ? { ticks: 0, input: "integrate" } : { ticks: draw.integer(1, 4), input: draw.of("integrate", "discard") },
    unit: new Float64Array(channels).fill(1),
  };
}

function drawWindow(draw: Draw, kernel: [number, number]): Omit<Conv2dSynapse, "kind" | "weights" | "groups" | "from" | "to" | "delayTicks"> {
  return {
    kernel,
    stride: [draw.integer(1, 2), draw.integer(1, 2)],
    dilation: [draw.of(1, 1, 2), draw.of(1, 1, 2)],
    padding: { top: draw.integer(0, 1), left: draw.integer(0, 1), bottom: draw.integer(0, 1), right: draw.integer(0, 1) },
  };
}

function drawConv(draw: Draw, source: { name: string; shape: Shape }, to: string, charges: Charge): { synapse: Conv2dSynapse; shape: Shape } | undefined {
  if (source.shape.length !== 3) return undefined;
  const inputs = source.shape[2];
  const window = drawWindow(draw, [draw.integer(1, 3), draw.integer(1, 3)]);
  const groups = draw.of(...[1, 1, 2, inputs].filter((count) => inputs % count === 0));
  const outputs = groups * draw.integer(1, groups > 2 ? 2 : 9);
  const extents = extentsOf(source.shape, window);
  if (extents === undefined) return undefined;
  const weights = charges(window.kernel[0] * window.kernel[1] * (inputs / groups) * outputs, -12, 14);
  return { synapse: { kind: "conv2d", from: source.name, to, delayTicks: 0, ...window, weights, groups }, shape: [...extents, outputs] };
}

function drawPool(draw: Draw, name: string, from: string, shape: Shape): SpikingPool | undefined {
  const window = { ...drawWindow(draw, [draw.integer(1, 3), draw.integer(1, 3)]), dilation: [1, 1] as const };
  const extents = extentsOf(shape, window);
  return extents === undefined ? undefined : { kind: "pool", name, from, mode: draw.of("max", "sum"), ...window, shape: [...extents, shape[2]] };
}

function extentsOf(shape: Shape, window: Parameters<typeof windowedExtents>[2]): [number, number] | undefined {
  try {
    return windowedExtents("random", shape, window);
  } catch {
    return undefined;
  }
}
