// Certificate C1: proves that the float network makes the same decision for a sample.
import { requireReluNetwork } from "../relu/check.ts";
import { checkFunction, checkInteger, checkNumbers, checkObject, describe, isTypedArray } from "../check.ts";
import { LlifError } from "../errors.ts";
import { averageDivisors, forward, inputFromPixels, logitsNode } from "../relu/forward.ts";
import {
  inputOf,
  type Conv2dNode,
  type ConvTranspose2dNode,
  type DenseNode,
  type ReluNetwork,
  type ReluNode,
} from "../relu/network.ts";
import { forEachPooled } from "../relu/windows.ts";
import { channelsOf, sizeOf, type Shape } from "../tensor.ts";

/** Runs a network of one weighted node over a batch, shape [samples, inputs]. `createFloatPass` makes a fast one. */
export interface LinearPass {
  run(batch: Float32Array, samples: number): { readonly outputs: Readonly<Record<string, Float32Array>> };
  dispose?(): void;
}

/** Finds the decisions of a spiking network that the float network provably shares. */
export interface Certifier {
  /**
   * @param batch shape [samples, inputs]: uint8 pixels, or float32 after the input convention.
   * @param activations decoded from the spiking network's counts, by node of the ReLU network, shape [samples,
   * elements]. Wrong values cannot cause a false certificate.
   * @param decisions the spiking network's decisions, one per sample.
   * @returns 1 if the float network provably makes the same decision, in exact arithmetic and in float32 with any order
   * of sums.
   */
  certify(
    batch: Uint8Array | Float32Array,
    samples: number,
    activations: Readonly<Record<string, Float32Array>>,
    decisions: ArrayLike<number>,
  ): Uint8Array;
  dispose(): void;
}

/** The float network's values lie within `radius` of `centre`, element by element; shape [samples, elements]. */
interface Enclosure {
  readonly centre: Float32Array;
  readonly radius: Float32Array;
}

/** Half a unit in the last place of float32, relative. */
const unitRoundoff = 2 ** -24;
/** Absolute error of products that underflow, summed over any layer. */
const underflow = 1e-32;

/** Relative error of a float32 sum of `terms` rounded products, times Σ|w·x|, in any order (Higham 2002, §3.1). */
function gamma(terms: number): number {
  return (terms * unitRoundoff) / (1 - terms * unitRoundoff);
}

/**
 * Certificate C1: interval propagation through the ReLU network with the float weights, re-centred at each layer on the
 * spiking network's activations. Useful for shallow networks; in deep ones the bounds exceed the margins.
 * @param makePass makes a pass for one weighted node; called twice per node.
 * @throws {LlifError} UNSUPPORTED naming the nodes without interval bounds.
 * @see docs/mathematics.md C1
 */
export async function createCertifier(
  network: ReluNetwork,
  makePass: (network: ReluNetwork) => LinearPass | Promise<LinearPass> = plainPass,
): Promise<Certifier> {
  requireReluNetwork("createCertifier: network", network);
  checkFunction("createCertifier: makePass", makePass);
  const logits = logitsNode(network);
  const shapes = new Map<string, Shape>(network.nodes.map((node) => [node.name, node.shape]));
  const steps: Step[] = [];
  const needed = nodesBefore(network, logits);
  const unknown = needed.filter((node) => !supported.has(node.kind)).map(({ name }) => name);
  if (unknown.length > 0)
    throw new LlifError(
      "UNSUPPORTED",
      `network "${network.name}": no certificate: intervals through ${unknown.join(", ")} are not known`,
      { nodes: unknown },
    );
  const made: LinearPass[] = [];
  const disposeAll = (): void => made.splice(0).forEach((pass) => pass.dispose?.());
  const keeping = async (single: ReluNetwork): Promise<LinearPass> => {
    const pass = await makePass(single);
    checkFunction(
      "createCertifier: answer of makePass: run",
      checkObject("createCertifier: answer of makePass", pass).run,
    );
    made.push(pass);
    return pass;
  };
  for (const node of needed) {
    const inputs = node.from.map((name) => shapes.get(name) as Shape);
    const decides = node.name === logits && node.kind === "dense";
    if (decides) continue;
    const passes =
      node.kind === "dense" || node.kind === "conv2d" || node.kind === "convTranspose2d"
        ? await linearPasses(node, inputs[0], keeping).catch((cause: unknown) => {
            disposeAll();
            throw cause;
          })
        : null;
    steps.push({ node, inputs, passes });
  }
  const last = network.nodes.find(({ name }) => name === logits) as ReluNode;

  return {
    certify(batch, samples, activations, decisions) {
      checkInteger("certify: samples", samples, 1);
      if (!isTypedArray(batch, "Uint8Array") && !isTypedArray(batch, "Float32Array"))
        throw new LlifError(
          "ARGUMENT",
          `certify: batch: expected a Uint8Array or a Float32Array, got ${describe(batch)}`,
        );
      checkNumbers("certify: batch", batch, { length: samples * sizeOf(inputOf(network).shape) });
      checkObject("certify: activations", activations);
      for (const [name, values] of Object.entries(activations))
        if (!isTypedArray(values, "Float32Array"))
          throw new LlifError(
            "ARGUMENT",
            `certify: activations: ${name}: expected a Float32Array, got ${describe(values)}`,
          );
      checkNumbers("certify: decisions", decisions, { length: samples });
      const known = new Map<string, Enclosure>();
      for (const { node, inputs, passes } of steps) {
        const sources = node.from.map((name) => known.get(name) as Enclosure);
        const enclosure =
          node.kind === "input" ? encloseInput(network, batch) : enclose(node, inputs, sources, samples, passes);
        const given = activations[node.name];
        known.set(node.name, given === undefined ? enclosure : takeUp(enclosure, given));
      }
      const decided = new Uint8Array(samples);
      for (let sample = 0; sample < samples; sample++) {
        const final =
          last.kind === "dense"
            ? decidesDense(last, known.get(last.from[0]) as Enclosure, sample, decisions[sample])
            : decidesApart(known.get(logits) as Enclosure, samples, sample, decisions[sample]);
        decided[sample] = final ? 1 : 0;
      }
      return decided;
    },
    dispose: disposeAll,
  };
}

interface Step {
  readonly node: ReluNode;
  readonly inputs: readonly Shape[];
  readonly passes: LinearPasses | null;
}

/** W·x + b, and |W|·x + 2γ|b|. */
interface LinearPasses {
  readonly centre: LinearPass;
  readonly spread: LinearPass;
  readonly gamma: number;
}

const supported: ReadonlySet<string> = new Set([
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

function nodesBefore(network: ReluNetwork, last: string): ReluNode[] {
  const wanted = new Set([last]);
  for (const node of [...network.nodes].reverse())
    if (wanted.has(node.name)) for (const name of node.from) wanted.add(name);
  return network.nodes.filter(({ name }) => wanted.has(name));
}

function plainPass(network: ReluNetwork): LinearPass {
  const [output] = network.outputs;
  const inputs = sizeOf(inputOf(network).shape);
  return {
    run(batch, samples) {
      const values = Array.from(
        { length: samples },
        (_, sample) =>
          forward(network, batch.subarray(sample * inputs, (sample + 1) * inputs)).get(output) as Float32Array,
      );
      const joined = new Float32Array(samples * (values[0]?.length ?? 0));
      values.forEach((row, sample) => joined.set(row, sample * row.length));
      return { outputs: { [output]: joined } };
    },
  };
}

type LinearNode = DenseNode | Conv2dNode | ConvTranspose2dNode;

async function linearPasses(
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

function encloseInput(network: ReluNetwork, batch: Uint8Array | Float32Array): Enclosure {
  const centre = batch instanceof Uint8Array ? inputFromPixels(network, batch) : batch;
  return { centre, radius: centre.map((value) => up(Math.abs(value) * unitRoundoff)) };
}

/** Re-centres an enclosure on the spiking network's activations. */
function takeUp({ centre, radius }: Enclosure, activations: Float32Array): Enclosure {
  const moved = empty(centre.length);
  for (let index = 0; index < centre.length; index++)
    put(moved, index, activations[index], Math.abs(activations[index] - centre[index]) + radius[index]);
  return moved;
}

function enclose(
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

/** y_p − y_k > Σ_j |w_pj − w_kj|·ε_j for all k ≠ p, with room for rounding. */
function decidesDense(
  { weights: { data }, bias }: DenseNode,
  { centre, radius }: Enclosure,
  sample: number,
  decision: number,
): boolean {
  const inputs = data.length / bias.length;
  const start = sample * inputs;
  const error = gamma(inputs + 2) + 1e-12;
  const row = decision * inputs;
  for (let other = 0; other < bias.length; other++) {
    if (other === decision) continue;
    let gap = bias[decision] - bias[other];
    let slack = error * (Math.abs(bias[decision]) + Math.abs(bias[other]));
    for (let input = 0; input < inputs; input++) {
      const [mine, theirs] = [data[row + input], data[other * inputs + input]];
      const [middle, distance] = [centre[start + input], radius[start + input]];
      gap += (mine - theirs) * middle;
      slack +=
        Math.abs(mine - theirs) * distance +
        error * (Math.abs(mine) + Math.abs(theirs)) * (Math.abs(middle) + distance);
    }
    if (!(gap > slack + underflow)) return false;
  }
  return true;
}

/** For logits that are not a weighted sum, which have separate intervals. */
function decidesApart({ centre, radius }: Enclosure, samples: number, sample: number, decision: number): boolean {
  const classes = centre.length / samples;
  const mine = sample * classes + decision;
  for (let other = 0; other < classes; other++) {
    const theirs = sample * classes + other;
    if (other !== decision && !(centre[mine] - centre[theirs] > (radius[mine] + radius[theirs]) * (1 + 1e-9)))
      return false;
  }
  return true;
}
