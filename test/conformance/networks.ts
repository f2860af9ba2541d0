// Random networks and samples of every code for the conformance tests.
import fc from "fast-check";
import type { Engine } from "../../ts/engine/engine.ts";
import {
  hasSignedSpikes,
  isSynchronous,
  type Conv2dSynapse,
  type ConvTranspose2dSynapse,
  type LlifNeuron,
  type Population,
  type SpikingNetwork,
  type SpikingNode,
  type SpikingPool,
  type Synapse,
} from "../../ts/spiking/network.ts";
import { sizeOf, type Shape } from "../../ts/tensor.ts";
import { Draw } from "../draw.ts";
import { windowedExtents } from "../../ts/relu/shapes.ts";

/** Every code. */
export const variants = {
  "synchronous rate": { code: { kind: "rate" }, arithmetic: "float32" },
  "signed rate": { code: { kind: "signedRate", settles: false }, arithmetic: "int32" },
  "layerwise rate": { code: { kind: "windowRate" }, arithmetic: "int32" },
  phase: { code: { kind: "phase", digits: "binary" }, arithmetic: "int32" },
  "ternary phase": { code: { kind: "phase", digits: "ternary" }, arithmetic: "int32" },
  "non-adjacent phase": { code: { kind: "phase", digits: "nonAdjacent" }, arithmetic: "int32" },
  "refined phase": {
    code: { kind: "refinedPhase", bits: 4, quanta: [8, 4, 2, 1], laziness: 0.5 },
    arithmetic: "int32",
  },
  "lazy phase": { code: { kind: "refinedPhase", bits: 5, quanta: [27, 9, 3, 1], laziness: 0.75 }, arithmetic: "int32" },
  "phase by layer": {
    code: { kind: "refinedPhase", bits: 5, quanta: [16, 8, 4, 2, 1], laziness: 0.5, ahead: 2.5 },
    arithmetic: "int32",
  },
  "ttfs slots": { code: { kind: "slots" }, arithmetic: "int32" },
  "ttfs times": { code: { kind: "times" }, arithmetic: "float32" },
} as const satisfies Record<string, Pick<SpikingNetwork, "code" | "arithmetic">>;

export type Variant = keyof typeof variants;

/** What an engine refuses by name, and nothing else. */
export const refusedBy: Readonly<Record<Engine["name"], readonly Variant[]>> = { reference: [], wasm: [] };

export interface Sample {
  readonly ticks: number[];
  readonly neurons: number[];
  readonly signs?: number[];
  readonly times?: number[];
}

export interface Case {
  readonly network: SpikingNetwork;
  readonly ticks: number;
  readonly values: Float32Array;
  readonly spikes: Sample;
}

/** Operators that an engine may lack. */
export type Operator = "convTranspose2d" | "multiplicity";

/** A random network with every operator but those, and inputs for it: constant values and spikes in random order. */
export function cases(variant: Variant, without: readonly Operator[] = []): fc.Arbitrary<Case> {
  return fc
    .record({ seed: fc.nat(2 ** 31 - 1), layers: fc.integer({ min: 1, max: 4 }) })
    .map(({ seed, layers }) => makeCase(variant, seed, layers, without));
}

function makeCase(variant: Variant, seed: number, layers: number, without: readonly Operator[]): Case {
  const draw = new Draw(seed);
  const axes = variants[variant];
  const integers = axes.arithmetic === "int32";
  const charges = (length: number, from: number, to: number): Float32Array | Int32Array =>
    integers
      ? Int32Array.from({ length }, () => draw.integer(from, to))
      : Float32Array.from({ length }, () => draw.integer(from * 1000, to * 1000) / 777);
  const { windowTicks, levels } = drawWindowTicks(draw, variant);
  const inputShape: Shape = draw.chance(70)
    ? [draw.integer(1, 9), draw.integer(1, 9), draw.of(1, 2, 4, 6)]
    : [draw.integer(1, 70)];
  const nodes: SpikingNode[] = [];
  const synapses: Synapse[] = [];
  let last = { name: "input", shape: inputShape };

  for (let layer = 0; layer < layers; layer++) {
    const name = `layer${layer}`;
    const choice = draw.integer(0, 9);
    if (layer > 0 && last.shape.length === 3 && choice >= 8) {
      const summed = nodes.some((node) => node.name === last.name && node.kind === "pool" && node.mode === "sum");
      const pool = drawPool(draw, name, last, summed && !isSynchronous(axes), without);
      if (pool !== undefined) {
        nodes.push(pool);
        last = pool;
        continue;
      }
    }
    const synapse = choice >= 3 ? drawConv(draw, last, name, charges, without) : undefined;
    if (synapse !== undefined) {
      synapses.push(synapse.synapse);
      nodes.push(drawPopulation(draw, name, synapse.shape, variant, charges));
    } else {
      const identity = choice === 2;
      const shape = identity ? last.shape : [draw.integer(1, 70)];
      const size = sizeOf(shape);
      nodes.push(drawPopulation(draw, name, shape, variant, charges));
      synapses.push(
        identity
          ? {
              kind: "identity",
              from: last.name,
              to: name,
              delayTicks: 0,
              weights: charges(draw.of(size, shape[shape.length - 1]), -9, 20),
            }
          : {
              kind: "dense",
              from: last.name,
              to: name,
              delayTicks: 0,
              weights: charges(size * sizeOf(last.shape), -9, 11),
            },
      );
    }
    // A second synapse, from any earlier node: a residual edge, also across depths.
    const node = nodes[nodes.length - 1];
    if (draw.chance(30)) {
      const source = draw.of<{ name: string; shape: Shape }>(
        { name: "input", shape: inputShape },
        ...nodes.slice(0, -1),
      );
      synapses.push({
        kind: "dense",
        from: source.name,
        to: name,
        delayTicks: 0,
        weights: charges(sizeOf(node.shape) * sizeOf(source.shape), -5, 5),
      });
    }
    last = node;
  }
  for (let output = 0; output < draw.integer(0, 2); output++) {
    const size = draw.integer(1, 12);
    const name = `output${output}`;
    nodes.push({
      kind: "output",
      name,
      shape: [size],
      bias: charges(size, -20, 20),
      unit: new Float64Array(size).fill(0.125),
      rectified: draw.chance(30),
    });
    synapses.push({
      kind: "dense",
      from: last.name,
      to: name,
      delayTicks: 0,
      weights: charges(size * sizeOf(last.shape), -9, 9),
    });
  }
  // Numbers of their own, so that the other synapses stay as they are.
  if (variant === "synchronous rate")
    synapses.push(...drawSparse(new Draw(seed + 1), { name: "input", shape: inputShape }, nodes));
  const network: SpikingNetwork = {
    name: "random",
    ...axes,
    windowTicks,
    levels,
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
    values: Float32Array.from({ length: inputs }, () =>
      integers ? draw.integer(-20, 60) : draw.integer(-3000, 9000) / 999,
    ),
    spikes: {
      ticks: Array.from({ length: spikeCount }, () => draw.integer(0, windowTicks - 1)),
      neurons: Array.from({ length: spikeCount }, () => draw.integer(0, inputs - 1)),
      ...(hasSignedSpikes(axes) ? { signs: Array.from({ length: spikeCount }, () => draw.of(-1, 1, 1)) } : {}),
      ...(variant === "ttfs times"
        ? { times: Array.from({ length: spikeCount }, () => draw.integer(0, 1000) / 1000) }
        : {}),
    },
  };
}

function drawWindowTicks(draw: Draw, variant: Variant): Pick<SpikingNetwork, "windowTicks" | "levels"> {
  switch (variant) {
    case "phase": {
      const windowTicks = draw.integer(1, 8);
      return { windowTicks, levels: 2 ** windowTicks - 1 };
    }
    case "ternary phase": {
      const windowTicks = draw.integer(1, 6);
      return { windowTicks, levels: (3 ** windowTicks - 1) / 2 };
    }
    case "non-adjacent phase": {
      const windowTicks = draw.integer(2, 9);
      return { windowTicks, levels: 2 ** (windowTicks - 1) - 1 };
    }
    case "refined phase":
    case "lazy phase":
    case "phase by layer": {
      const { bits, quanta } = variants[variant].code;
      return { windowTicks: quanta.length, levels: 2 ** bits - 1 };
    }
    case "ttfs times":
      return { windowTicks: 1, levels: 0 };
    default: {
      const windowTicks = draw.integer(1, 20);
      return { windowTicks, levels: windowTicks };
    }
  }
}

type Charge = (length: number, from: number, to: number) => Float32Array | Int32Array;

function drawPopulation(draw: Draw, name: string, shape: Shape, variant: Variant, charges: Charge): Population {
  const plain = variant !== "synchronous rate";
  const { kind } = variants[variant].code;
  const halved = variant === "ternary phase" || kind === "refinedPhase";
  const channels = shape[shape.length - 1];
  const length = (): number => draw.of(channels, sizeOf(shape));
  const several = !plain && draw.chance(25);
  const threshold = several
    ? Float32Array.from({ length: length() }, () => draw.of(8, 16, 64))
    : charges(length(), 10, 90).map((value) => (halved ? 2 * value : value));
  return {
    kind: "population",
    rectified: true,
    name,
    shape,
    bias: charges(length(), -8, 12),
    neuron: {
      model: "llif",
      threshold,
      initialPotential:
        variant === "ttfs times"
          ? new Float32Array(channels)
          : kind === "refinedPhase"
            ? new Int32Array(channels)
            : charges(length(), -5, 30),
      ...(plain ? {} : drawDynamics(draw, shape, several)),
    },
    unit: new Float64Array(channels).fill(1),
  };
}

/** Each parameter absent, the same for all neurons, one a channel, or one a neuron. */
function drawDynamics(
  draw: Draw,
  shape: Shape,
  several: boolean,
): Pick<LlifNeuron, "leak" | "floor" | "reset" | "refractory" | "spikesPerTick"> {
  const row = <T>(values: readonly T[]): T[] => {
    const length = draw.of(shape[shape.length - 1], sizeOf(shape));
    const same = draw.chance(40) ? [draw.of(...values)] : values;
    return Array.from({ length }, () => draw.of(...same));
  };
  return {
    ...(draw.chance(50) ? {} : { leak: { factorPerTick: Float32Array.from(row([1, 0.9, 0.5, Math.exp(-1 / 20)])) } }),
    ...(draw.chance(60) ? {} : { floor: Float32Array.from(row([-Infinity, 0, -7.3, -40])) }),
    ...(several || draw.chance(60) ? {} : { reset: { hard: Uint8Array.from(row([0, 1])) } }),
    ...(draw.chance(60)
      ? {}
      : {
          refractory: {
            ticks: Uint32Array.from(row([0, 1, 2, 3, 4])),
            input: draw.of<"integrate" | "discard">("integrate", "discard"),
          },
        }),
    ...(several ? { spikesPerTick: draw.of(2, 5, 1000) } : {}),
  };
}

/** Sparse synapses from earlier nodes into some layers; sources without targets, and targets that repeat. */
function drawSparse(
  draw: Draw,
  input: { readonly name: string; readonly shape: Shape },
  nodes: readonly SpikingNode[],
): Synapse[] {
  return nodes.flatMap((node, index): Synapse[] => {
    if (node.kind === "pool" || draw.chance(65)) return [];
    const before = nodes.slice(0, index).filter(({ kind }) => kind !== "output");
    const source = draw.of<{ readonly name: string; readonly shape: Shape }>(input, ...before);
    const [offsets, targets] = [[0], [] as number[]];
    for (let neuron = 0; neuron < sizeOf(source.shape); neuron++) {
      const own = Array.from({ length: draw.of(0, 1, 2, 5) }, () => draw.integer(0, sizeOf(node.shape) - 1));
      targets.push(...own.sort((a, b) => a - b));
      offsets.push(targets.length);
    }
    return [
      {
        kind: "sparse",
        from: source.name,
        to: node.name,
        delayTicks: 0,
        offsets: Uint32Array.from(offsets),
        targets: Uint32Array.from(targets),
        weights: Float32Array.from(targets, () => draw.integer(-9000, 11000) / 777),
      },
    ];
  });
}

function drawWindow(
  draw: Draw,
  kernel: [number, number],
): Omit<Conv2dSynapse, "kind" | "weights" | "groups" | "from" | "to" | "delayTicks"> {
  return {
    kernel,
    stride: [draw.integer(1, 2), draw.integer(1, 2)],
    dilation: [draw.of(1, 1, 2), draw.of(1, 1, 2)],
    padding: {
      top: draw.integer(0, 1),
      left: draw.integer(0, 1),
      bottom: draw.integer(0, 1),
      right: draw.integer(0, 1),
    },
  };
}

function drawConv(
  draw: Draw,
  source: { name: string; shape: Shape },
  to: string,
  charges: Charge,
  without: readonly Operator[],
): { synapse: Conv2dSynapse | ConvTranspose2dSynapse; shape: Shape } | undefined {
  if (source.shape.length !== 3) return undefined;
  const inputs = source.shape[2];
  const window = drawWindow(draw, [draw.integer(1, 3), draw.integer(1, 3)]);
  const groups = draw.of(...[1, 1, 2, inputs].filter((count) => inputs % count === 0));
  const outputs = groups * draw.integer(1, groups > 2 ? 2 : 9);
  const transposed = !without.includes("convTranspose2d") && draw.chance(20);
  const extents = transposed ? transposedExtents(draw, source.shape, window) : extentsOf(source.shape, window);
  if (extents === undefined) return undefined;
  const weights = charges(window.kernel[0] * window.kernel[1] * (inputs / groups) * outputs, -12, 14);
  return {
    synapse: {
      kind: transposed ? "convTranspose2d" : "conv2d",
      from: source.name,
      to,
      delayTicks: 0,
      ...window,
      weights,
      groups,
    },
    shape: [...extents, outputs],
  };
}

/** Also a window of one cell with padding: how zero padding passes. */
function drawPool(
  draw: Draw,
  name: string,
  source: { readonly name: string; readonly shape: Shape },
  sumOnly: boolean,
  without: readonly Operator[],
): SpikingPool | undefined {
  const window = {
    ...drawWindow(draw, draw.chance(15) ? [1, 1] : [draw.integer(1, 3), draw.integer(1, 3)]),
    dilation: [1, 1] as const,
  };
  const extents = extentsOf(source.shape, window);
  if (extents === undefined) return undefined;
  const mode = sumOnly ? "sum" : draw.of("max", "sum");
  const multiplicity =
    mode === "sum" && !without.includes("multiplicity") && draw.chance(40)
      ? { multiplicity: Uint32Array.from({ length: extents[0] * extents[1] }, () => draw.integer(1, 3)) }
      : {};
  return {
    kind: "pool",
    name,
    from: source.name,
    mode,
    ...window,
    shape: [...extents, source.shape[2]],
    ...multiplicity,
  };
}

/** With up to a stride less one of output padding. */
function transposedExtents(
  draw: Draw,
  shape: Shape,
  { kernel, stride, dilation, padding }: Parameters<typeof windowedExtents>[2],
): [number, number] | undefined {
  const extents = [0, 1].map((axis) => {
    const around = axis === 0 ? padding.top + padding.bottom : padding.left + padding.right;
    return (
      (shape[axis] - 1) * stride[axis] +
      (kernel[axis] - 1) * dilation[axis] +
      1 -
      around +
      draw.integer(0, stride[axis] - 1)
    );
  });
  return extents.every((extent) => extent > 0) ? [extents[0], extents[1]] : undefined;
}

function extentsOf(shape: Shape, window: Parameters<typeof windowedExtents>[2]): [number, number] | undefined {
  try {
    return windowedExtents("random", shape, window);
  } catch {
    return undefined;
  }
}
