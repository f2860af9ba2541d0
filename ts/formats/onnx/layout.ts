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
}

export function identityOrder(rank: number): number[] {
  return Array.from({ length: rank }, (_, axis) => axis);
}

/** A layout without unit extents and with axes merged that stay neighbours: equal for equal element orders. */
export function normalForm(factors: readonly number[], order: readonly number[]): { factors: number[]; order: number[] } {
  const runs: number[][] = [];
  for (const axis of order.filter((candidate) => factors[candidate] !== 1)) {
    const last = runs.at(-1);
    const expected = last === undefined ? -1 : nextAxis(factors, last[last.length - 1]);
    if (last !== undefined && axis === expected) last.push(axis);
    else runs.push([axis]);
  }
  const sorted = [...runs].sort((a, b) => a[0] - b[0]);
  return { factors: sorted.map((run) => sizeOf(run.map((axis) => factors[axis]))), order: runs.map((run) => sorted.indexOf(run)) };
}

function nextAxis(factors: readonly number[], axis: number): number {
  let next = axis + 1;
  while (next < factors.length && factors[next] === 1) next++;
  return next;
}

export function sameLayout(flow: Pick<Flow, "factors" | "order">, factors: readonly number[], order: readonly number[]): boolean {
  return JSON.stringify(normalForm(flow.factors, flow.order)) === JSON.stringify(normalForm(factors, order));
}

/** The same elements under other extents; refits the factors to them where that is possible. */
export function reshaped(flow: Flow, dims: readonly number[], batch = flow.batch): Flow {
  const real = flow.order.filter((axis) => flow.factors[axis] !== 1);
  const factorAxes = [...real].sort((a, b) => a - b);
  const axes = identityOrder(dims.length).filter((axis) => dims[axis] !== 1);
  const units = identityOrder(dims.length).filter((axis) => dims[axis] === 1);
  if (axes.length === factorAxes.length && axes.every((axis, index) => dims[axis] === flow.factors[factorAxes[index]])) {
    return { ...flow, batch, dims, factors: dims, order: [...units, ...real.map((axis) => axes[factorAxes.indexOf(axis)])] };
  }
  if (normalForm(flow.factors, flow.order).factors.length <= 1) {
    return { ...flow, batch, dims, factors: dims, order: identityOrder(dims.length) };
  }
  return { ...flow, batch, dims };
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

/** `[N,16,4,4]`, for messages. */
export function formatFlow(flow: Flow): string {
  return flow.batch ? `[${["N", ...flow.dims].join(",")}]` : formatShape(flow.dims);
}
