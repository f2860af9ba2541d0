import { formatShape, sizeOf, type Shape } from "../../tensor.ts";

/**
 * A value computed from the model's input. The file sees it with the extents `dims`; the node holds the same elements in another
 * order. `factors` are extents in the file's order whose product is the size; transposed by `order` they are the node's order. So a
 * flatten changes `dims` alone, and the weights behind it still know where each element went.
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
  /** How many of the first extents the file counts to the batch: [N·4,3] for 1 of [4,3]. */
  readonly merged?: number;
}

export function identityOrder(rank: number): number[] {
  return Array.from({ length: rank }, (_, axis) => axis);
}

/** A layout without unit extents and with axes merged that stay neighbours: equal for equal element orders. */
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

/** The same elements under other extents; splits and joins the factors so that they fit, where that is possible. */
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
  // From the innermost factor outwards, back in the file's order.
  const factors = fine.reverse();
  const order = own.order.flatMap((axis) => partsOf(own.factors, axis, factors));
  return joined({ factors, order }, dims) ?? { factors, order };
}

/** Products of the innermost extents, without 1. */
function boundaries(extents: readonly number[]): number[] {
  let product = 1;
  return [...extents].reverse().flatMap((extent) => (extent === 1 ? [] : [(product *= extent)]));
}

/** The finer factors into which one extent was cut. */
function partsOf(extents: readonly number[], axis: number, factors: readonly number[]): number[] {
  const inner = sizeOf(extents.slice(axis + 1));
  const outer = inner * extents[axis];
  return identityOrder(factors.length).filter((part) => {
    const own = sizeOf(factors.slice(part));
    return own > inner && own <= outer;
  });
}

/** Factors that are the extents themselves: each extent's parts lie side by side in the node too. */
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

/** Whether the factors are the extents the file sees, so that one axis can be spoken of. */
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

/** Extents that the file sees behind the batch. */
export function rankOf(flow: Flow): number {
  return flow.dims.length + (flow.batch ? 1 : 0) - (flow.merged ?? 0);
}

/** `[N,16,4,4]`, for messages. */
export function formatFlow(flow: Flow): string {
  const { dims, merged = 0 } = flow;
  if (!flow.batch) return formatShape(dims);
  return `[${[["N", ...dims.slice(0, merged)].join("·"), ...dims.slice(merged)].join(",")}]`;
}
