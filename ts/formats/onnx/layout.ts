// Tracks how the elements of an ONNX value are ordered in the channels-last network.
import { formatShape, sizeOf, type Shape } from "../../tensor.ts";

/**
 * A value computed from the model's input. In the file it has the extents `dims`; the node has the same elements in
 * another order. `factors` are extents in the file's order whose product is the size; permuted by `order` they give the
 * node's order. So a flatten changes only `dims`, and later weights still know the place of each element.
 */
export interface Flow {
  readonly kind: "flow";
  /** Name of the ReluNetwork node. */
  readonly node: string;
  /** Whether the file's shape has a batch dimension in front of `dims`. */
  readonly batch: boolean;
  readonly dims: readonly number[];
  readonly factors: readonly number[];
  readonly order: readonly number[];
  /** Number of leading extents that the file merges into the batch: 1 for [4,3] as [N·4,3]. */
  readonly merged?: number;
}

export function identityOrder(rank: number): number[] {
  return Array.from({ length: rank }, (_, axis) => axis);
}

/** A canonical layout, without unit extents and with neighbouring axes merged: equal for equal orders of elements. */
export function normalForm(
  factors: readonly number[],
  order: readonly number[],
): { factors: number[]; order: number[] } {
  const runs: number[][] = [];
  for (const axis of order.filter((candidate) => factors[candidate] !== 1)) {
    const last = runs.at(-1);
    const expected = last === undefined ? -1 : nextAxis(factors, last[last.length - 1]);
    if (last !== undefined && axis === expected) last.push(axis);
    else runs.push([axis]);
  }
  const sorted = [...runs].sort((a, b) => a[0] - b[0]);
  return {
    factors: sorted.map((run) => sizeOf(run.map((axis) => factors[axis]))),
    order: runs.map((run) => sorted.indexOf(run)),
  };
}

function nextAxis(factors: readonly number[], axis: number): number {
  let next = axis + 1;
  while (next < factors.length && factors[next] === 1) next++;
  return next;
}

export function sameLayout(
  flow: Pick<Flow, "factors" | "order">,
  factors: readonly number[],
  order: readonly number[],
): boolean {
  return JSON.stringify(normalForm(flow.factors, flow.order)) === JSON.stringify(normalForm(factors, order));
}

/** The same elements with other extents; splits and joins the factors to fit, if possible. */
export function reshaped(flow: Flow, dims: readonly number[], batch = flow.batch): Flow {
  const fitted = refitted(flow, dims);
  if (fitted === undefined) return { ...flow, batch, dims };
  return { ...flow, batch, dims, ...fitted };
}

type Layout = Pick<Flow, "factors" | "order">;

function refitted(flow: Layout, dims: readonly number[]): Layout | undefined {
  const own = normalForm(flow.factors, flow.order);
  if (own.factors.length <= 1) return { factors: dims, order: identityOrder(dims.length) };
  const cuts = [...new Set([...boundaries(own.factors), ...boundaries(dims)])].sort((a, b) => a - b);
  const fine = cuts.map((cut, index) => cut / (cuts[index - 1] ?? 1));
  if (!fine.every(Number.isInteger)) return undefined;
  // The factors were collected from the innermost one outwards.
  const factors = fine.reverse();
  const order = own.order.flatMap((axis) => partsOf(own.factors, axis, factors));
  return joined({ factors, order }, dims) ?? { factors, order };
}

/** Products of the innermost extents, without 1. */
function boundaries(extents: readonly number[]): number[] {
  let product = 1;
  return [...extents].reverse().flatMap((extent) => (extent === 1 ? [] : [(product *= extent)]));
}

/** The factors of one extent. */
function partsOf(extents: readonly number[], axis: number, factors: readonly number[]): number[] {
  const inner = sizeOf(extents.slice(axis + 1));
  const outer = inner * extents[axis];
  return identityOrder(factors.length).filter((part) => {
    const own = sizeOf(factors.slice(part));
    return own > inner && own <= outer;
  });
}

/** Joins the factors to the extents themselves, if each extent's factors are neighbours in the node too. */
function joined({ factors, order }: Layout, dims: readonly number[]): Layout | undefined {
  const axes: number[] = [];
  for (const axis of identityOrder(dims.length).filter((candidate) => dims[candidate] !== 1)) {
    const parts = partsOf(dims, axis, factors);
    const start = order.indexOf(parts[0]);
    if (parts.some((part, index) => order[start + index] !== part)) return undefined;
    axes[start] = axis;
  }
  const units = identityOrder(dims.length).filter((axis) => dims[axis] === 1);
  return { factors: dims, order: [...units, ...axes.filter((axis) => axis !== undefined)] };
}

/** Whether the factors are the file's extents, so that axes of the file are axes of the node. */
export function isAligned(flow: Flow): boolean {
  return flow.factors.length === flow.dims.length && flow.factors.every((extent, axis) => extent === flow.dims[axis]);
}

/** Shape in the node's order of an aligned value. */
export function nodeShape(flow: Flow): Shape {
  return flow.order.map((axis) => flow.factors[axis]);
}

/** For each element in the file's order, its index in the node's order. */
export function nodeIndices({ factors, order }: Pick<Flow, "factors" | "order">): Uint32Array {
  const strides = new Array<number>(factors.length).fill(0);
  let stride = 1;
  for (let position = order.length - 1; position >= 0; position--) {
    strides[order[position]] = stride;
    stride *= factors[order[position]];
  }
  const indices = new Uint32Array(stride);
  const counters = new Array<number>(factors.length).fill(0);
  let target = 0;
  for (let index = 0; index < indices.length; index++) {
    indices[index] = target;
    for (let axis = factors.length - 1; axis >= 0; axis--) {
      target += strides[axis];
      if (++counters[axis] < factors[axis]) break;
      target -= strides[axis] * factors[axis];
      counters[axis] = 0;
    }
  }
  return indices;
}

/** Number of the file's extents after the batch. */
export function rankOf(flow: Flow): number {
  return flow.dims.length + (flow.batch ? 1 : 0) - (flow.merged ?? 0);
}

/** `[N,16,4,4]`, for messages. */
export function formatFlow(flow: Flow): string {
  const { dims, merged = 0 } = flow;
  if (!flow.batch) return formatShape(dims);
  return `[${[["N", ...dims.slice(0, merged)].join("·"), ...dims.slice(merged)].join(",")}]`;
}
