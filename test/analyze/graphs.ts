// Random ReLU graphs and a float64 forward pass for them.
import { pcg32 } from "../../ts/random.ts";
import { averageDivisors } from "../../ts/relu/forward.ts";
import { forEachPooled } from "../../ts/relu/windows.ts";
import type { ReluNetwork, ReluNode } from "../../ts/relu/network.ts";
import { channelsOf, sizeOf, type Shape } from "../../ts/tensor.ts";

/** A small network with every kind of node that is mapped: convolutions, pools, a residual sum, a concatenation, ReLU6, BatchNorm. */
export function randomGraph(
  seed: number,
  options: { readonly leaky?: boolean } = {},
): { readonly network: ReluNetwork; readonly image: Uint8Array } {
  const random = pcg32(seed);
  const uniform = () => random() / 2 ** 32;
  const pick = (count: number) => Math.floor(uniform() * count);
  const values = (length: number, size: number) => Float32Array.from({ length }, () => size * (2 * uniform() - 1));
  const side = 4 + pick(3);
  const channels = 1 + pick(2);
  const nodes: ReluNode[] = [{ kind: "input", name: "x", from: [], shape: [side, side, channels] }];
  let last: ReluNode = nodes[0];
  const push = (node: ReluNode): ReluNode => {
    nodes.push(node);
    last = node;
    return node;
  };
  const window = (kernel: number, stride: number, padding: number) => ({
    kernel: [kernel, kernel] as const,
    stride: [stride, stride] as const,
    dilation: [1, 1] as const,
    padding: { top: padding, left: padding, bottom: padding, right: padding },
  });
  const conv = (name: string, from: ReluNode, outputs: number): ReluNode => {
    const inputs = channelsOf(from.shape);
    const weights = { shape: [3, 3, inputs, outputs], data: values(9 * inputs * outputs, 1.5 / Math.sqrt(9 * inputs)) };
    return push({
      kind: "conv2d",
      name,
      from: [from.name],
      shape: [from.shape[0], from.shape[1], outputs],
      ...window(3, 1, 1),
      weights,
      bias: values(outputs, 0.2),
      groups: 1,
    });
  };
  const relu = (name: string, from: ReluNode): ReluNode => {
    const common = {
      kind: "relu",
      name,
      from: [from.name],
      shape: from.shape,
      ceiling: pick(4) === 0 ? 1 : Infinity,
    } as const;
    return push(options.leaky === true ? { ...common, slope: values(channelsOf(from.shape), 0.5) } : common);
  };
  const pool = (kind: "maxPool" | "averagePool", name: string, from: ReluNode): ReluNode => {
    const shape: Shape = [Math.floor(from.shape[0] / 2), Math.floor(from.shape[1] / 2), channelsOf(from.shape)];
    const common = { name, from: [from.name], shape, ...window(2, 2, 0) };
    return push(kind === "maxPool" ? { kind, ...common } : { kind, ...common, countPadding: true });
  };
  let block = relu("a.relu", conv("a", last, 2 + pick(3)));
  if (pick(2) === 0) {
    const width = channelsOf(block.shape);
    const affine = push({
      kind: "affine",
      name: "norm",
      from: [block.name],
      shape: block.shape,
      scale: values(width, 1),
      shift: values(width, 0.2),
    });
    block = relu("b.relu", conv("b", affine, width));
  }
  if (pick(2) === 0) {
    const inner = conv("c", block, channelsOf(block.shape));
    const sum = push({ kind: "add", name: "sum", from: [inner.name, block.name], shape: block.shape });
    block = relu("sum.relu", sum);
  }
  if (options.leaky === true) {
    const shape: Shape = [block.shape[0] + 1, block.shape[1] + 2, channelsOf(block.shape)];
    block = push({
      kind: "pad",
      name: "pad",
      from: [block.name],
      shape,
      padding: { top: 1, left: 0, bottom: 0, right: 2 },
    });
  }
  if (pick(2) === 0) {
    const other = relu("d.relu", conv("d", block, 2));
    block = push({
      kind: "concat",
      name: "side",
      from: [block.name, other.name],
      shape: [...block.shape.slice(0, 2), channelsOf(block.shape) + 2],
    });
  }
  const pooled = pick(3);
  if (pooled > 0) block = pool(pooled === 1 ? "maxPool" : "averagePool", "pool", block);
  const flat = push({ kind: "reshape", name: "flat", from: [block.name], shape: [sizeOf(block.shape)] });
  const inputs = sizeOf(flat.shape);
  push({
    kind: "dense",
    name: "y",
    from: [flat.name],
    shape: [4],
    weights: { shape: [4, inputs], data: values(4 * inputs, 2 / Math.sqrt(inputs)) },
    bias: values(4, 0.1),
  });
  const network = {
    name: `random ${seed}`,
    nodes,
    outputs: ["y"],
    classes: [],
    convention: { scale: 1 / 255, mean: [0], std: [1], channelOrder: "gray" as const },
  };
  return { network, image: Uint8Array.from({ length: side * side * channels }, () => pick(256)) };
}

/** Logits in float64, by other loops than the library's. */
export function doubleForward(network: ReluNetwork, image: Uint8Array): Float64Array {
  const known = new Map<string, { values: Float64Array; shape: Shape }>();
  for (const node of network.nodes)
    known.set(node.name, {
      values: evaluate(
        node,
        node.from.map((name) => known.get(name) as { values: Float64Array; shape: Shape }),
        image,
      ),
      shape: node.shape,
    });
  return known.get(network.outputs[0])?.values as Float64Array;
}

function evaluate(
  node: ReluNode,
  sources: readonly { values: Float64Array; shape: Shape }[],
  image: Uint8Array,
): Float64Array {
  const result = new Float64Array(sizeOf(node.shape));
  switch (node.kind) {
    case "input":
      return Float64Array.from(image, (pixel) => pixel / 255);
    case "dense":
      return result.map((_, output) =>
        sources[0].values.reduce(
          (sum, value, input) => sum + value * node.weights.data[output * sources[0].values.length + input],
          node.bias[output],
        ),
      );
    case "conv2d": {
      const [height, width, channels] = sources[0].shape;
      const [, columns, outputs] = node.shape;
      for (let index = 0; index < result.length; index++) {
        const [output, position] = [index % outputs, Math.floor(index / outputs)];
        result[index] = node.bias[output];
        for (let ky = 0; ky < node.kernel[0]; ky++)
          for (let kx = 0; kx < node.kernel[1]; kx++) {
            const [y, x] = [
              Math.floor(position / columns) * node.stride[0] + ky - node.padding.top,
              (position % columns) * node.stride[1] + kx - node.padding.left,
            ];
            if (y < 0 || x < 0 || y >= height || x >= width) continue;
            for (let channel = 0; channel < channels; channel++)
              result[index] +=
                sources[0].values[(y * width + x) * channels + channel] *
                node.weights.data[((ky * node.kernel[1] + kx) * channels + channel) * outputs + output];
          }
      }
      return result;
    }
    case "affine":
      return sources[0].values.map(
        (value, index) => value * node.scale[index % node.scale.length] + node.shift[index % node.shift.length],
      );
    case "relu":
      return sources[0].values.map((value, index) =>
        value < 0 ? value * (node.slope?.[index % node.slope.length] ?? 0) : Math.min(value, node.ceiling),
      );
    case "maxPool":
      result.fill(-Infinity);
      forEachPooled(
        node,
        sources[0].shape,
        node.shape,
        (output, input) => (result[output] = Math.max(result[output], sources[0].values[input])),
      );
      return result;
    case "averagePool": {
      forEachPooled(
        node,
        sources[0].shape,
        node.shape,
        (output, input) => (result[output] += sources[0].values[input]),
      );
      const divisors = averageDivisors(node, sources[0].shape);
      return result.map((sum, index) => sum / divisors[Math.floor(index / channelsOf(node.shape))]);
    }
    case "pad": {
      const [, width, channels] = sources[0].shape;
      sources[0].values.forEach((value, index) => {
        const position = Math.floor(index / channels);
        result[
          ((Math.floor(position / width) + node.padding.top) * node.shape[1] + (position % width) + node.padding.left) *
            channels +
            (index % channels)
        ] = value;
      });
      return result;
    }
    case "reshape":
      return sources[0].values;
    case "add":
      return result.map((_, index) => sources.reduce((sum, { values }) => sum + values[index], 0));
    case "concat": {
      const channels = channelsOf(node.shape);
      let offset = 0;
      for (const { values, shape } of sources) {
        values.forEach(
          (value, index) =>
            (result[Math.floor(index / channelsOf(shape)) * channels + offset + (index % channelsOf(shape))] = value),
        );
        offset += channelsOf(shape);
      }
      return result;
    }
    default:
      throw new Error(`no float64 pass through ${node.kind}`);
  }
}
