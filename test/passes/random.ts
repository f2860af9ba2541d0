// Random networks and inputs for the passes.
import type { ReluNetwork, ReluNode } from "../../ts/relu/network.ts";
import { checkReluNetwork, outputShapeOf } from "../../ts/relu/check.ts";
import { transposedExtents, windowedExtents } from "../../ts/relu/shapes.ts";
import { sizeOf, type Shape } from "../../ts/tensor.ts";
import { pseudoRandom } from "../formats/random.ts";

export const integer = (random: () => number, from: number, to: number): number =>
  from + Math.floor(random() * (to - from + 1));

export function floats(random: () => number, length: number, spread = 1): Float32Array {
  return Float32Array.from({ length }, () => (random() * 2 - 1) * spread);
}

type Draft = ReluNode extends infer Node
  ? Node extends ReluNode
    ? Omit<Node, "name" | "shape"> & { shape?: Shape }
    : never
  : never;

/** A network in which every operator occurs, residual and concatenated branches included, with random sizes. */
export function randomReluNetwork(seed: number): ReluNetwork {
  const random = pseudoRandom(seed);
  const pick = (from: number, to: number) => integer(random, from, to);
  const nodes: ReluNode[] = [];
  const add = (name: string, draft: Draft): Shape => {
    const inputs = draft.from.map((source) => nodes.find((node) => node.name === source)?.shape ?? []);
    const node = { shape: [], ...draft, name } as ReluNode;
    nodes.push({ ...node, shape: outputShapeOf(node, inputs) } as ReluNode);
    return nodes[nodes.length - 1].shape;
  };
  const conv = (
    name: string,
    from: string,
    input: Shape,
    outputs: number,
    size: number,
    groups = 1,
    stride = 1,
    dilation = 1,
  ): Shape => {
    const before = pick(0, size - 1);
    const padding = {
      top: before,
      left: size - 1 - before,
      bottom: dilation * (size - 1) - before,
      right: (dilation - 1) * (size - 1) + before,
    };
    const weights = {
      shape: [size, size, input[2] / groups, outputs],
      data: floats(random, (size * size * input[2] * outputs) / groups),
    };
    return add(name, {
      kind: "conv2d",
      from: [from],
      weights,
      bias: floats(random, outputs),
      groups,
      kernel: [size, size],
      stride: [stride, stride],
      dilation: [dilation, dilation],
      padding,
    });
  };
  const transposed = (name: string, from: string, input: Shape, outputs: number, groups: number): Shape => {
    const size = [pick(1, 3), pick(1, 3)] as const;
    const window = {
      kernel: size,
      stride: [pick(1, 3), pick(1, 3)],
      dilation: [pick(1, 2), pick(1, 2)],
      padding: { top: pick(0, size[0] - 1), left: 0, bottom: 0, right: pick(0, size[1] - 1) },
    } as const;
    const more = [0, 1].map((axis) => pick(0, Math.max(window.stride[axis], window.dilation[axis]) - 1));
    const shape = transposedExtents(name, input, window).map((extent, axis) => extent + more[axis]);
    const weights = {
      shape: [...size, input[2] / groups, outputs],
      data: floats(random, (size[0] * size[1] * input[2] * outputs) / groups),
    };
    return add(name, {
      kind: "convTranspose2d",
      from: [from],
      ...window,
      weights,
      bias: floats(random, outputs),
      groups,
      shape,
    });
  };
  const vector = (channels: number) => ({ scale: floats(random, channels), shift: floats(random, channels) });

  const input = add("input", { kind: "input", from: [], shape: [pick(6, 9), pick(6, 9), pick(1, 3)] });
  const one = conv("conv1", "input", input, 2 * pick(1, 4), pick(1, 3), 1, 1, pick(1, 2));
  add("affine1", { kind: "affine", from: ["conv1"], ...vector(one[2]) });
  add("relu1", { kind: "relu", from: ["affine1"], ceiling: [Infinity, 0.7, 6][pick(0, 2)] });
  conv("grouped", "relu1", one, one[2], 3, 2);
  add("sum", { kind: "add", from: ["grouped", "relu1", "conv1"] });
  conv("depthwise", "sum", one, one[2], 2, one[2]);
  const joined = add("concat", { kind: "concat", from: ["depthwise", "input", "sum"] });
  const cells = pick(0, 1);
  const window = {
    kernel: [3, 2],
    stride: [pick(1, 2), 2],
    dilation: [1, 1],
    padding: { top: cells, left: 0, bottom: cells, right: cells },
  } as const;
  const extents = (shape: Shape) => [...windowedExtents("pool", shape, window, random() < 0.5), shape[2]];
  const largest = add("maxPool", { kind: "maxPool", from: ["concat"], ...window, shape: extents(joined) });
  add("averagePool", {
    kind: "averagePool",
    from: ["concat"],
    ...window,
    countPadding: random() < 0.5,
    shape: extents(joined),
  });
  const strided = conv("strided", "maxPool", largest, pick(1, 9), 2, 1, 2);
  const shifted = { top: pick(0, 2), left: pick(0, 2), bottom: pick(0, 2), right: pick(0, 2) };
  const padded = add("pad", { kind: "pad", from: ["strided"], padding: shifted });
  add("leaky", { kind: "relu", from: ["pad"], ceiling: [Infinity, 0.5][pick(0, 1)], slope: floats(random, padded[2]) });
  transposed("transposed1", "leaky", padded, pick(1, 6), 1);
  transposed("transposed2", "sum", one, one[2], 2);
  add("relu2", { kind: "relu", from: ["strided"], ceiling: Infinity });
  add("flat", { kind: "reshape", from: ["relu2"], shape: [sizeOf(strided)] });
  const outputs = pick(2, 11);
  add("dense", {
    kind: "dense",
    from: ["flat"],
    weights: { shape: [outputs, sizeOf(strided)], data: floats(random, outputs * sizeOf(strided)) },
    bias: floats(random, outputs),
  });
  add("softmax", { kind: "softmax", from: ["dense"] });
  const channels = input[2];
  return checkReluNetwork({
    name: `random ${seed}`,
    nodes,
    outputs: ["softmax", "averagePool"],
    convention: {
      scale: 1 / 255,
      mean: Array.from(floats(random, channels)),
      std: [0.3],
      channelOrder: channels === 3 ? "RGB" : "gray",
    },
    classes: [],
  });
}
