// Random ReLU graphs of every operator that is mapped.
import fc from "fast-check";
import { LlifError } from "../../ts/errors.ts";
import { toSpiking, type ToSpikingOptions } from "../../ts/mapping/to-spiking.ts";
import { checkReluNetwork, outputShapeOf } from "../../ts/relu/check.ts";
import type { ReluNetwork, ReluNode } from "../../ts/relu/network.ts";
import { windowedExtents } from "../../ts/relu/shapes.ts";
import type { SpikingNetwork } from "../../ts/spiking/network.ts";
import { sizeOf, type Shape } from "../../ts/tensor.ts";
import { Draw } from "../draw.ts";

type Draft = ReluNode extends infer Node
  ? Node extends ReluNode
    ? Omit<Node, "name" | "shape"> & { shape?: Shape }
    : never
  : never;

/** A random graph of every operator that is mapped, in any order: branches, sums, concatenations, pools before and after ReLUs, shifts before padding. */
export function randomGraph(
  seed: number,
  steps = 8,
): { readonly relu: ReluNetwork; readonly pixels: readonly Uint8Array[] } {
  const draw = new Draw(seed);
  const nodes: ReluNode[] = [];
  const add = (draft: Draft): ReluNode => {
    const inputs = draft.from.map((source) => nodes.find((node) => node.name === source)?.shape ?? []);
    const named = { shape: [], ...draft, name: `${draft.kind}${nodes.length}` } as ReluNode;
    const node = { ...named, shape: outputShapeOf(named, inputs) } as ReluNode;
    nodes.push(node);
    return node;
  };
  const channels = draw.integer(1, 3);
  // One row: a one-dimensional network.
  let last = add({
    kind: "input",
    from: [],
    shape: [draw.chance(15) ? 1 : draw.integer(5, 8), draw.integer(5, 8), channels],
  });
  const convolve = (from: ReluNode, outputs: number, same: boolean): ReluNode => {
    const inputs = from.shape[2];
    const size = Math.min(draw.of(1, 2, 3), from.shape[1]);
    const rows = Math.min(size, from.shape[0]);
    // A window of taps apart still fits one that is not padded.
    const dilated = (extent: number, taps: number) =>
      taps > 1 && 2 * (taps - 1) + 1 <= extent && draw.chance(25) ? 2 : 1;
    const dilation = [dilated(from.shape[0], rows), dilated(from.shape[1], size)] as const;
    const divides = inputs % 2 === 0 && outputs % 2 === 0;
    const groups = draw.chance(20) && outputs % inputs === 0 ? inputs : divides && draw.chance(30) ? 2 : 1;
    const around = (taps: number, step: number) => {
      const most = (taps - 1) * step;
      const before = same ? Math.floor(most / 2) : draw.integer(0, taps - 1);
      return [before, same ? most - before : draw.integer(0, taps - 1)];
    };
    const [[top, bottom], [left, right]] = [around(rows, dilation[0]), around(size, dilation[1])];
    const stride = same ? 1 : draw.integer(1, 2);
    const weights = {
      shape: [rows, size, inputs / groups, outputs],
      data: draw.floats((rows * size * inputs * outputs) / groups, 1.5 / Math.sqrt((rows * size * inputs) / groups)),
    };
    return add({
      kind: "conv2d",
      from: [from.name],
      weights,
      bias: draw.floats(outputs, 0.3),
      groups,
      kernel: [rows, size],
      stride: [stride, stride],
      dilation,
      padding: { top, left, bottom, right },
    });
  };
  const window = (oneRow: boolean) => {
    const cells = draw.integer(0, 1);
    return {
      kernel: [oneRow ? 1 : draw.integer(2, 3), 2],
      stride: [draw.integer(1, 2), draw.integer(1, 2)],
      dilation: [1, 1],
      padding: { top: oneRow ? 0 : cells, left: 0, bottom: 0, right: cells },
    } as const;
  };
  const affine = (from: ReluNode): ReluNode => {
    const length = from.shape[from.shape.length - 1];
    const scale = draw.floats(length).map((value) => (draw.chance(80) ? 0.5 + Math.abs(value) : value));
    return add({ kind: "affine", from: [from.name], scale, shift: draw.floats(length, 0.4) });
  };
  const activate = (from: ReluNode): ReluNode => {
    const slopes = draw.integer(0, 9);
    const channels = from.shape[from.shape.length - 1];
    const slope =
      slopes === 0 ? new Float32Array(channels).fill(0.1) : slopes === 1 ? draw.floats(channels, 0.5) : undefined;
    return add({
      kind: "relu",
      from: [from.name],
      ceiling: slope === undefined ? draw.of(Infinity, Infinity, 0.8) : Infinity,
      ...(slope === undefined ? {} : { slope }),
    });
  };
  const earlier = () =>
    nodes.filter(
      (node) => node.shape.length === 3 && node.shape[0] === last.shape[0] && node.shape[1] === last.shape[1],
    );

  last = convolve(last, draw.integer(2, 4), draw.chance(70));
  for (let step = 0; step < steps; step++) {
    switch (draw.integer(0, 13)) {
      case 0:
      case 1:
        last = convolve(last, draw.integer(1, 3) * 2, draw.chance(60));
        break;
      case 2:
        last = affine(last);
        break;
      case 3:
      case 4:
      case 5:
        last = activate(last);
        break;
      case 6:
      case 7: {
        const shape = last.shape;
        const chosen = window(shape[0] === 1);
        if (shape[1] < 4 || (shape[0] > 1 && shape[0] < 4)) break;
        const extents = windowedExtents("pool", shape, chosen, draw.chance(30));
        const common = { from: [last.name], ...chosen, shape: [...extents, shape[2]] };
        last = draw.chance(50)
          ? add({ kind: "maxPool", ...common })
          : add({ kind: "averagePool", ...common, countPadding: draw.chance(50) });
        break;
      }
      case 8:
      case 9: {
        const partners = earlier().filter((node) => node !== last && node.shape[2] === last.shape[2]);
        if (partners.length === 0)
          last = add({ kind: "add", from: [last.name, convolve(last, last.shape[2], true).name] });
        else last = add({ kind: "add", from: [last.name, draw.of(...partners).name] });
        break;
      }
      case 12:
        if (last.shape[0] > 9 || last.shape[1] > 9) break;
        last = add({
          kind: "pad",
          from: [last.name],
          padding: {
            top: draw.integer(0, 2),
            left: draw.integer(0, 1),
            bottom: draw.integer(0, 1),
            right: draw.integer(0, 2),
          },
        });
        break;
      case 13: {
        if (last.shape[0] > 5 || last.shape[1] > 5) break;
        const inputs = last.shape[2];
        const outputs = draw.integer(1, 3) * 2;
        const groups = inputs % 2 === 0 && draw.chance(30) ? 2 : 1;
        const weights = {
          shape: [2, 3, inputs / groups, outputs],
          data: draw.floats((6 * inputs * outputs) / groups, 1.5 / Math.sqrt((6 * inputs) / groups)),
        };
        const stride = [draw.integer(1, 2), draw.integer(1, 2)] as const;
        last = add({
          kind: "convTranspose2d",
          from: [last.name],
          weights,
          bias: draw.floats(outputs, 0.3),
          groups,
          kernel: [2, 3],
          stride,
          dilation: [1, 1],
          padding: { top: draw.integer(0, 1), left: draw.integer(0, 1), bottom: 0, right: 0 },
        });
        break;
      }
      default: {
        if (last.shape[2] > 12) break;
        last = add({ kind: "concat", from: [last.name, draw.of(...earlier()).name] });
      }
    }
  }
  const outputs: string[] = [];
  if (draw.chance(30)) outputs.push(last.name);
  if (draw.chance(30))
    last = add({
      kind: "averagePool",
      from: [last.name],
      kernel: [last.shape[0], last.shape[1]],
      stride: [1, 1],
      dilation: [1, 1],
      padding: { top: 0, left: 0, bottom: 0, right: 0 },
      countPadding: false,
      shape: [1, 1, last.shape[2]],
    });
  last = add({ kind: "reshape", from: [last.name], shape: [sizeOf(last.shape)] });
  if (draw.chance(30)) last = affine(last);
  if (draw.chance(40)) last = add({ kind: "relu", from: [last.name], ceiling: Infinity });
  const dense = (from: ReluNode, units: number) =>
    add({
      kind: "dense",
      from: [from.name],
      weights: {
        shape: [units, from.shape[0]],
        data: draw.floats(units * from.shape[0], 1 / Math.sqrt(from.shape[0])),
      },
      bias: draw.floats(units, 0.2),
    });
  if (draw.chance(40)) last = dense(last, draw.integer(3, 6));
  if (draw.chance(40)) last = add({ kind: "relu", from: [last.name], ceiling: Infinity });
  last = dense(last, draw.integer(2, 5));
  if (draw.chance(20)) last = add({ kind: "softmax", from: [last.name] });
  outputs.push(last.name);
  const convention = {
    scale: 1 / 255,
    mean: Array.from(draw.floats(channels, 0.5)),
    std: [0.5],
    channelOrder: channels === 3 ? ("RGB" as const) : ("gray" as const),
  };
  const relu = checkReluNetwork({
    name: `graph ${seed}`,
    nodes,
    outputs: [...new Set(outputs)],
    convention,
    classes: [],
  });
  const pixels = Array.from({ length: 3 }, () =>
    Uint8Array.from({ length: sizeOf(nodes[0].shape) }, () => draw.integer(0, 255)),
  );
  return { relu, pixels };
}

/** A graph whose charges do not fit 32 bits is refused by name, and is no case of these properties. */
export async function mapped(relu: ReluNetwork, options: ToSpikingOptions): Promise<SpikingNetwork> {
  try {
    return await toSpiking(relu, options);
  } catch (error) {
    fc.pre(!(error instanceof LlifError && error.code === "PRECISION"));
    throw error;
  }
}
