// Recognises images among ONNX values and brings their axes to channels last.
import { sizeOf, type Shape } from "../../tensor.ts";
import type { ReluNode } from "../../relu/network.ts";
import { Refusal } from "./attributes.ts";
import { takeElements, type Call } from "./graph.ts";
import { formatFlow, identityOrder, isAligned, nodeIndices, sameLayout, type Flow } from "./layout.ts";

/**
 * A node [height, width, channels] with the value [N, channels, height, width] or [N, channels, length]; a length is a
 * width.
 */
export interface Image {
  readonly from: string;
  readonly shape: readonly [number, number, number];
  /** Number of the file's axes after the channels: 1 or 2. */
  readonly spatial: number;
}

/** The graph, and the first part of new names. */
type Placed = Pick<Call, "graph" | "name">;

/** Permutation from [channels, …spatial axes] to channels last. */
export function channelsLastOrder(spatial: number): number[] {
  return [...identityOrder(spatial).map((axis) => axis + 1), 0];
}

/** The value as an image, whose first axis after the batch is the channels. */
export function asImage(call: Call, value: Flow): Image {
  const flow = !value.batch && value.dims[0] === 1 ? { ...value, batch: true, dims: value.dims.slice(1) } : value;
  const spatial = flow.dims.length - 1;
  if (spatial === 3) throw new Refusal(`three-dimensional images ${formatFlow(value)} are not supported`);
  if (!flow.batch || spatial < 1 || spatial > 2)
    throw new Refusal(`expected [N,channels,height,width] or [N,channels,length], got ${formatFlow(value)}`);
  const [channels, ...extents] = flow.dims;
  const [height, width] = spatial === 1 ? [1, extents[0]] : extents;
  const shape = [height, width, channels] as const;
  const node = arranged(call, flow, flow.dims, channelsLastOrder(spatial));
  return { from: call.graph.inShape(node, shape), shape, spatial };
}

/** The value of an image node, in the file's order. */
export function imageFlow(node: ReluNode, spatial: number): Flow {
  const [height, width, channels] = node.shape;
  const dims = spatial === 1 ? [channels, width] : [channels, height, width];
  return { kind: "flow", node: node.name, batch: true, dims, factors: dims, order: channelsLastOrder(spatial) };
}

/**
 * A value as an image, with the file's axes of rows, columns and channels; −1 for an axis that the file does not have.
 */
export interface OrientedImage {
  readonly from: string;
  readonly shape: readonly [number, number, number];
  readonly rows: number;
  readonly columns: number;
  readonly channels: number;
  /** The value; its factors are the file's extents. */
  readonly flow: Flow;
}

/** The axes in the node's order, or channels first if a reshape mixed them. */
export function oriented(call: Call, value: Flow): OrientedImage {
  const flow = isAligned(value) ? value : rearranged(call, value);
  const real = flow.order.length > 3 ? flow.order.filter((axis) => flow.dims[axis] !== 1) : flow.order;
  if (real.length > 3)
    throw new Refusal(`its input ${formatFlow(flow)} has more than three axes; only images are supported`);
  const [rows, columns, channels] = [...new Array<number>(3 - real.length).fill(-1), ...real];
  const extent = (axis: number): number => (axis < 0 ? 1 : flow.dims[axis]);
  const shape = [extent(rows), extent(columns), extent(channels)] as const;
  return { from: call.graph.inShape(flow.node, shape), shape, rows, columns, channels, flow };
}

function rearranged(call: Call, flow: Flow): Flow {
  const order = channelsLastOrder(Math.max(0, flow.dims.length - 1));
  return { ...flow, node: arranged(call, flow, flow.dims, order), factors: flow.dims, order };
}

/** Whether one axis of the file is the node's last axis, the channels. */
export function isChannelAxis(flow: Flow, axis: number): boolean {
  return isAligned(flow) && flow.order.filter((other) => flow.dims[other] !== 1).at(-1) === axis;
}

/** A node with the elements of `flow` whose last extent is the channels, an axis with `isChannelAxis`. */
export function withChannels(call: Call, flow: Flow, axis: number): string {
  const { graph } = call;
  const own = graph.shapeOf(flow.node);
  const channels = flow.dims[axis];
  if (own.at(-1) === channels) return flow.node;
  const positions = flow.order
    .filter((other) => other !== axis && flow.dims[other] !== 1)
    .map((other) => flow.dims[other]);
  if (positions.length === 0) return graph.inShape(flow.node, [channels]);
  return graph.inShape(flow.node, imageShape(positions, channels));
}

/** [height, width, channels] for positions along any number of axes. */
export function imageShape(positions: Shape, channels: number): Shape {
  return positions.length === 2 ? [...positions, channels] : [1, sizeOf(positions), channels];
}

/**
 * Name of a node with the elements of `flow` in the given order. To change the order, the rows of a preceding dense
 * layer are reordered, or a 1×1 convolution permutes the channels.
 */
export function arranged(call: Placed, flow: Flow, factors: readonly number[], order: readonly number[]): string {
  if (sameLayout(flow, factors, order)) return flow.node;
  takeElements(call, 3 * sizeOf(flow.dims));
  const now = nodeIndices(flow);
  const wanted = nodeIndices({ factors, order });
  const sources = new Uint32Array(now.length);
  now.forEach((source, index) => (sources[wanted[index]] = source));
  const moved =
    call.graph.permuted(flow.node, sources) ??
    permutedChannels(call, flow.node, sources, factors[order[order.length - 1]]);
  if (moved === undefined) {
    throw new Refusal(
      `its input ${formatFlow(flow)} was reshaped or transposed so that it is not an image any more; reshape only before dense layers`,
    );
  }
  return moved;
}

function permutedChannels(call: Placed, from: string, sources: Uint32Array, channels: number): string | undefined {
  const moves = (source: number, index: number): boolean =>
    source - (index - (index % channels)) === sources[index % channels];
  if (
    channels > largestPermutation ||
    !sources.every(moves) ||
    !sources.subarray(0, channels).every((source) => source < channels)
  )
    return undefined;
  return selectedChannels(call, from, sources.length / channels, channels, [...sources.subarray(0, channels)]);
}

const largestPermutation = 2 ** 12;
/** Most weights that an operator without weights may be converted to. */
const largestWeights = 2 ** 26;

/** @throws {Refusal} if an operator without weights would need too many. */
export function checkWeights(count: number): void {
  if (count > largestWeights)
    throw new Refusal(`as a convolution it would have ${count} weights; at most ${largestWeights} are supported`);
}

/** Selects channels of a node in any order; −1 for zeros. */
export function selectedChannels(
  call: Placed,
  from: string,
  positions: number,
  channels: number,
  selection: readonly number[],
): string {
  const { graph } = call;
  const own = graph.shapeOf(from);
  const shape = own.length === 3 && own[2] === channels ? own : [1, positions, channels];
  checkWeights(channels * selection.length);
  takeElements(call, channels * selection.length);
  const data = new Float32Array(channels * selection.length);
  selection.forEach((channel, output) => {
    if (channel >= 0) data[channel * selection.length + output] = 1;
  });
  return graph.add({
    kind: "conv2d",
    name: graph.freeName(`${call.name}.channels`),
    from: [graph.inShape(from, shape)],
    shape: [],
    kernel: [1, 1],
    stride: [1, 1],
    dilation: [1, 1],
    padding: noPadding,
    groups: 1,
    weights: { shape: [1, 1, channels, selection.length], data },
    bias: new Float32Array(selection.length),
  }).name;
}

export const noPadding = { top: 0, left: 0, bottom: 0, right: 0 } as const;
