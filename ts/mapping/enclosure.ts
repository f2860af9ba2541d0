// Interval enclosures of a float network's values: every node's, from those of its sources, rounding included.
import { averageDivisors, inputFromPixels } from "../relu/forward.ts";
import type { Conv2dNode, ConvTranspose2dNode, DenseNode, ReluNetwork, ReluNode } from "../relu/network.ts";
import { forEachPooled } from "../relu/windows.ts";
import { channelsOf, sizeOf, type Shape } from "../tensor.ts";

/** Runs a network of one weighted node over a batch, shape [samples, inputs]. `createFloatPass` makes a fast one. */
export interface LinearPass {
  run(batch: Float32Array, samples: number): { readonly outputs: Readonly<Record<string, Float32Array>> };
  dispose?(): void;
}

/** The float network's values lie within `radius` of `centre`, element by element; shape [samples, elements]. */
export interface Enclosure {
  readonly centre: Float32Array;
  readonly radius: Float32Array;
}

/** Half a unit in the last place of float32, relative. */
const unitRoundoff = 2 ** -24;
/** Absolute error of products that underflow, summed over any layer. */
export const underflow = 1e-32;

/** Relative error of a float32 sum of `terms` rounded products, times Σ|w·x|, in any order (Higham 2002, §3.1). */
export function gamma(terms: number): number {
  return (terms * unitRoundoff) / (1 - terms * unitRoundoff);
}

/** W·x + b, and |W|·x + 2γ|b|. */
export interface LinearPasses {
  readonly centre: LinearPass;
  readonly spread: LinearPass;
  readonly gamma: number;
}

/** Kinds of nodes with interval bounds. */
export const enclosable: ReadonlySet<string> = new Set([
  "input",
  "dense",
  "conv2d",
  "convTranspose2d",
  "affine",
  "pad",
  "relu",
  "maxPool",
  "averagePool",
  "reshape",
  "add",
  "concat",
  "softmax",
]);

export type LinearNode = DenseNode | Conv2dNode | ConvTranspose2dNode;

export async function linearPasses(
  node: LinearNode,
  input: Shape,
  makePass: (network: ReluNetwork) => Promise<LinearPass>,
): Promise<LinearPasses> {
  const terms = node.kind === "dense" ? sizeOf(input) : node.kernel[0] * node.kernel[1] * node.weights.shape[2];
  const error = gamma(terms + 2);
  const single = (replaced: LinearNode): ReluNetwork => ({
    name: node.name,
    outputs: [node.name],
    classes: [],
    convention: { scale: 1, mean: [0], std: [1], channelOrder: "gray" },
    nodes: [
      { kind: "input", name: `${node.name}.source`, from: [], shape: input },
      { ...replaced, from: [`${node.name}.source`] },
    ],
  });
  const weights = { ...node.weights, data: node.weights.data.map(Math.abs) as typeof node.weights.data };
  const bias = node.bias.map((value) => up(2 * error * Math.abs(value)));
  return {
    centre: await makePass(single(node)),
    spread: await makePass(single({ ...node, weights, bias })),
    gamma: error,
  };
}

/** Rounds up to float32. */
function up(value: number): number {
  return value * (1 + 2 ** -22) + underflow;
}

/** Rounds the centre to float32 and widens the radius by the change. */
function put({ centre, radius }: Enclosure, index: number, middle: number, distance: number): void {
  centre[index] = middle;
  radius[index] = up(distance + Math.abs(centre[index] - middle) + Math.abs(middle) * 2 ** -50);
}

function empty(size: number): Enclosure {
  return { centre: new Float32Array(size), radius: new Float32Array(size) };
}

export function encloseInput(network: ReluNetwork, batch: Uint8Array | Float32Array): Enclosure {
  const centre = batch instanceof Uint8Array ? inputFromPixels(network, batch) : batch;
  return { centre, radius: centre.map((value) => up(Math.abs(value) * unitRoundoff)) };
}

/** Re-centres an enclosure on the spiking network's activations. */
export function recentred({ centre, radius }: Enclosure, activations: Float32Array): Enclosure {
  const moved = empty(centre.length);
  for (let index = 0; index < centre.length; index++)
    put(moved, index, activations[index], Math.abs(activations[index] - centre[index]) + radius[index]);
  return moved;
}

export function enclose(
  node: Exclude<ReluNode, { kind: "input" }>,
  shapes: readonly Shape[],
  sources: readonly Enclosure[],
  samples: number,
  passes: LinearPasses | null,
): Enclosure {
  const [source] = sources;
  const size = sizeOf(node.shape);
  switch (node.kind) {
    case "dense":
    case "conv2d":
    case "convTranspose2d":
      return encloseLinear(node.name, passes as LinearPasses, source, samples);
    case "reshape":
    case "softmax":
      // A softmax keeps the order of its inputs, and only the decision is read after it.
      return source;
    case "affine": {
      const result = empty(source.centre.length);
      for (let index = 0; index < result.centre.length; index++) {
        const [scale, shift] = [node.scale[index % node.scale.length], node.shift[index % node.shift.length]];
        const [centre, radius] = [source.centre[index], source.radius[index]];
        const rounding = gamma(3) * (Math.abs(scale) * (Math.abs(centre) + radius) + Math.abs(shift));
        put(result, index, scale * centre + shift, Math.abs(scale) * radius + rounding);
      }
      return result;
    }
    case "relu": {
      const result = empty(source.centre.length);
      const { ceiling, slope } = node;
      for (let index = 0; index < result.centre.length; index++) {
        const [from, to] = [source.centre[index] - source.radius[index], source.centre[index] + source.radius[index]];
        const factor = slope === undefined ? 0 : slope[index % slope.length];
        const at = (value: number) => (value < 0 ? factor * value : Math.min(value, ceiling));
        // With a negative slope the extreme value is 0, at zero.
        const turn = from < 0 && to > 0 ? 0 : at(from);
        const [low, high] = [Math.min(at(from), at(to), turn), Math.max(at(from), at(to), turn)];
        put(
          result,
          index,
          (low + high) / 2,
          (high - low) / 2 + (factor === 0 ? 0 : gamma(1) * Math.max(Math.abs(low), Math.abs(high))),
        );
      }
      return result;
    }
    case "pad": {
      const [height, width, channels] = shapes[0];
      const result = empty(samples * size);
      for (let sample = 0; sample < samples; sample++)
        for (let row = 0; row < height; row++) {
          const from = (sample * height + row) * width * channels;
          const to = sample * size + ((node.padding.top + row) * node.shape[1] + node.padding.left) * channels;
          result.centre.set(source.centre.subarray(from, from + width * channels), to);
          result.radius.set(source.radius.subarray(from, from + width * channels), to);
        }
      return result;
    }
    case "maxPool": {
      // |max a − max c| ≤ max |a − c|; Math.max lets a NaN through, which certifies nothing.
      const result: Enclosure = {
        centre: new Float32Array(samples * size).fill(-Infinity),
        radius: new Float32Array(samples * size),
      };
      const inputs = sizeOf(shapes[0]);
      forEachPooled(node, shapes[0], node.shape, (output, input) => {
        for (let sample = 0; sample < samples; sample++) {
          const [to, from] = [sample * size + output, sample * inputs + input];
          result.centre[to] = Math.max(result.centre[to], source.centre[from]);
          result.radius[to] = Math.max(result.radius[to], source.radius[from]);
        }
      });
      return result;
    }
    case "averagePool": {
      const divisors = averageDivisors(node, shapes[0]);
      const channels = channelsOf(node.shape);
      const inputs = sizeOf(shapes[0]);
      const sums = {
        centre: new Float64Array(samples * size),
        radius: new Float64Array(samples * size),
        magnitude: new Float64Array(samples * size),
      };
      forEachPooled(node, shapes[0], node.shape, (output, input) => {
        for (let sample = 0; sample < samples; sample++) {
          const [to, from] = [sample * size + output, sample * inputs + input];
          sums.centre[to] += source.centre[from];
          sums.radius[to] += source.radius[from];
          sums.magnitude[to] += Math.abs(source.centre[from]) + source.radius[from];
        }
      });
      const result = empty(samples * size);
      const rounding = gamma(node.kernel[0] * node.kernel[1] + 3);
      for (let index = 0; index < result.centre.length; index++) {
        const divisor = divisors[Math.floor((index % size) / channels)];
        put(
          result,
          index,
          sums.centre[index] / divisor,
          (sums.radius[index] + rounding * sums.magnitude[index]) / divisor,
        );
      }
      return result;
    }
    case "add": {
      const result = empty(samples * size);
      const rounding = gamma(sources.length);
      for (let index = 0; index < result.centre.length; index++) {
        let [centre, radius, magnitude] = [0, 0, 0];
        for (const term of sources) {
          centre += term.centre[index];
          radius += term.radius[index];
          magnitude += Math.abs(term.centre[index]) + term.radius[index];
        }
        put(result, index, centre, radius + rounding * magnitude);
      }
      return result;
    }
    case "concat":
      return {
        centre: concatenated(
          sources.map(({ centre }) => centre),
          shapes,
          samples * size,
        ),
        radius: concatenated(
          sources.map(({ radius }) => radius),
          shapes,
          samples * size,
        ),
      };
  }
}

/** The first γ is for the rounding of the pass, the second for the float network's own. */
function encloseLinear(name: string, passes: LinearPasses, source: Enclosure, samples: number): Enclosure {
  const { gamma: error } = passes;
  const spread = source.radius.map((radius, index) =>
    up(radius * (1 + error) + 2 * error * Math.abs(source.centre[index])),
  );
  const centre = passes.centre.run(source.centre, samples).outputs[name];
  const radius = passes.spread.run(spread, samples).outputs[name];
  return { centre, radius: radius.map((value) => up(value * (1 + 2 * error))) };
}

function concatenated(sources: readonly Float32Array[], shapes: readonly Shape[], size: number): Float32Array {
  const channels = shapes.map(channelsOf);
  const total = channels.reduce((sum, count) => sum + count, 0);
  const result = new Float32Array(size);
  let offset = 0;
  sources.forEach((source, part) => {
    for (let index = 0; index < source.length; index++)
      result[Math.floor(index / channels[part]) * total + offset + (index % channels[part])] = source[index];
    offset += channels[part];
  });
  return result;
}
