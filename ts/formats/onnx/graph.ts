// Builds the ReLU network of an ONNX graph, node by node.
import type { Budget } from "../../budget.ts";
import { LlifError } from "../../errors.ts";
import { formatShape, sameShape, type Shape } from "../../tensor.ts";
import { checkNode, checkWindow } from "../../relu/check.ts";
import type { ReluNode } from "../../relu/network.ts";
import { outputShapeOf } from "../../relu/shapes.ts";
import { quoted } from "../../text.ts";
import { freeName } from "../names.ts";
import { Refusal, type Attributes } from "./attributes.ts";
import type { Constant, ExternalFiles } from "./constants.ts";
import { formatFlow, identityOrder, type Flow } from "./layout.ts";

export type Value = Constant | Flow;

/** The arguments of an operator's conversion. */
export interface Call {
  /** Unique name for the ReluNetwork node. */
  readonly name: string;
  /** `node "conv1" (Conv)`, for messages. */
  readonly place: string;
  readonly operator: string;
  /** `undefined` for an absent optional input. */
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  /** Version of the default operator set. */
  readonly opset: number;
  readonly graph: Graph;
  /** Names of the outputs that are read, by position; "" for others. */
  readonly used: readonly string[];
  /** Whether only this node reads its first input. */
  readonly soleReader: boolean;
}

/** Converts a node. @returns the value of its first output, or of all outputs. */
export type Operator = (call: Call) => Value | readonly Value[];

/** The ReluNetwork under construction. */
export class Graph {
  readonly nodes: ReluNode[] = [];
  readonly files: ExternalFiles;
  readonly budget: Budget;
  /** Batch size in computed shapes; NaN if it is dynamic. */
  batchSize = NaN;
  readonly #shapes = new Map<string, Shape>();
  readonly #byName = new Map<string, ReluNode>();
  readonly #positions = new Map<string, number>();
  readonly #numbers = new Map<string, number>();
  /** Names of reshaped nodes, by source and shape. */
  readonly #inShapes = new Map<string, string>();

  constructor(files: ExternalFiles, budget: Budget) {
    this.files = files;
    this.budget = budget;
  }

  /** Adds a node; infers its shape if its kind determines it. */
  add(draft: ReluNode): ReluNode {
    const place = `layer ${quoted(draft.name)}`;
    this.budget.take("nodes", 1, place);
    this.budget.checkTime(place);
    if ("kernel" in draft) checkWindow(place, draft);
    const inputs = draft.from.map((name) => this.shapeOf(name));
    const node = { ...draft, shape: outputShapeOf(draft, inputs) };
    checkNode(node, inputs);
    this.#positions.set(node.name, this.nodes.length);
    this.nodes.push(node);
    this.#shapes.set(node.name, node.shape);
    this.#byName.set(node.name, node);
    return node;
  }

  /** Replaces a node by one of the same shape. */
  replace(node: ReluNode): void {
    this.nodes[this.#positions.get(node.name) ?? this.nodes.length] = node;
    this.#byName.set(node.name, node);
  }

  node(name: string): ReluNode | undefined {
    return this.#byName.get(name);
  }

  has(name: string): boolean {
    return this.#shapes.has(name);
  }

  freeName(wanted: string): string {
    return freeName(wanted === "" ? "node" : wanted, this, this.#numbers);
  }

  shapeOf(name: string): Shape {
    return this.#shapes.get(name) ?? [];
  }

  /** Name of a node with the elements of `from` in the given shape. */
  inShape(from: string, shape: Shape): string {
    if (sameShape(this.shapeOf(from), shape)) return from;
    const key = `${shape.join(",")} ${from}`;
    const existing = this.#inShapes.get(key);
    if (existing !== undefined) return existing;
    const name = this.freeName(`${from}_${shape.length === 1 ? "flatten" : "reshape"}`);
    this.#inShapes.set(key, name);
    return this.add({ kind: "reshape", name, from: [from], shape }).name;
  }

  /**
   * A flat copy of a node whose element j is the node's element `sources[j]`, made by reordering the rows of a dense
   * layer before it. `undefined` if there is no dense layer with only elementwise layers between.
   * @param known earlier results, because sums may read a node many times.
   */
  permuted(
    name: string,
    sources: Uint32Array,
    known = new Map<string, string | undefined>(),
    depth = 0,
  ): string | undefined {
    if (!known.has(name)) known.set(name, this.#permuted(name, sources, known, depth));
    return known.get(name);
  }

  #permuted(
    name: string,
    sources: Uint32Array,
    known: Map<string, string | undefined>,
    depth: number,
  ): string | undefined {
    const node = this.node(name);
    if (node === undefined || !["dense", "affine", "relu", "reshape", "add"].includes(node.kind)) return undefined;
    const place = `layer ${quoted(name)} in another order`;
    this.budget.checkDepth(depth, place);
    this.budget.take("elements", sources.length, place);
    const base = { name: this.freeName(`${name}.permuted`), shape: [sources.length] };
    const spread = (values: Float32Array): Float32Array =>
      Float32Array.from(sources, (source) => values[source % values.length]);
    if (node.kind === "dense") {
      const [outputs, inputs] = node.weights.shape;
      this.budget.take("elements", outputs * inputs, place);
      const data = new Float32Array(outputs * inputs);
      sources.forEach((source, row) =>
        data.set(node.weights.data.subarray(source * inputs, (source + 1) * inputs), row * inputs),
      );
      return this.add({ ...node, ...base, weights: { shape: [outputs, inputs], data }, bias: spread(node.bias) }).name;
    }
    const from = node.from.flatMap((other) => this.permuted(other, sources, known, depth + 1) ?? []);
    if (from.length < node.from.length) return undefined;
    const own = { ...base, name: this.freeName(base.name), from };
    if (node.kind === "affine")
      return this.add({ ...node, ...own, scale: spread(node.scale), shift: spread(node.shift) }).name;
    if (node.kind === "relu")
      return this.add(node.slope === undefined ? { ...node, ...own } : { ...node, ...own, slope: spread(node.slope) })
        .name;
    return node.kind === "reshape" ? from[0] : this.add({ ...node, ...own }).name;
  }
}

/** The input at `position`, which must be computed from the model's input. */
export function flowInput(call: Call, position: number, label: string): Flow {
  return unmerged(elementInput(call, position, label));
}

/** Like `flowInput`, for operators that treat all rows alike, so that a sample's rows may be part of the batch. */
export function elementInput(call: Call, position: number, label: string): Flow {
  const value = call.inputs[position];
  if (value === undefined) throw new LlifError("FORMAT", `${call.place}: input ${label} is missing`);
  if (value.kind === "constant") throw new Refusal(`expected ${label} computed from the model's input, got a constant`);
  return value;
}

export function unmerged<T extends Value>(value: T): T {
  if (value.kind === "flow" && (value.merged ?? 0) > 0)
    throw new Refusal(`its input ${formatFlow(value)} has features in the batch`);
  return value;
}

/** The first input, constant or not. @param rows whether a sample's rows may be part of the batch. */
export function required(call: Call, rows = false): Value {
  const value = call.inputs[0];
  if (value === undefined) throw new LlifError("FORMAT", `${call.place}: its input is missing`);
  return rows ? value : unmerged(value);
}

/** The input at `position`, which must be a constant. */
export function constantInput(call: Call, position: number, label: string): Constant {
  const value = optionalConstant(call, position, label);
  if (value === undefined) throw new LlifError("FORMAT", `${call.place}: input ${label} is missing`);
  return value;
}

/** Most numbers of a shape, a list of axes and so on. */
const longestList = 1024;

/** Numbers of a constant that lists extents, axes, starts and so on. */
export function listOf(call: Call, constant: Constant | undefined, label: string): number[] | undefined {
  if (constant === undefined) return undefined;
  if (constant.data.length > longestList)
    throw new LlifError(
      "SHAPE",
      `${call.place}: ${label}: expected at most ${longestList} numbers, got ${constant.data.length}`,
    );
  return [...constant.data];
}

/** Takes the numbers that a node makes from the budget. */
export function takeElements(call: Pick<Call, "graph" | "name"> & Partial<Pick<Call, "place">>, count: number): void {
  const place = call.place ?? `node ${quoted(call.name)}`;
  call.graph.budget.take("elements", count, place);
  call.graph.budget.checkTime(place);
}

export function optionalConstant(call: Call, position: number, label: string): Constant | undefined {
  const value = call.inputs[position];
  if (value?.kind === "flow")
    throw new Refusal(`expected a constant ${label}, got one computed from the model's input`);
  return value;
}

/** Adds a node with one input, named after the file's node. */
export function step(call: Call, suffix: string, from: string, draft: StepDraft): ReluNode {
  return call.graph.add({
    ...draft,
    name: call.graph.freeName(suffix === "" ? call.name : `${call.name}.${suffix}`),
    from: [from],
    shape: draft.shape ?? [],
  } as ReluNode);
}

type StepDraft = ReluNode extends infer Node
  ? Node extends ReluNode
    ? Omit<Node, "name" | "from" | "shape"> & { readonly shape?: Shape }
    : never
  : never;

/** A vector, whose order is the same in the file and in the node. */
export function vectorFlow(node: ReluNode, batch: boolean): Flow {
  return {
    kind: "flow",
    node: node.name,
    batch,
    dims: node.shape,
    factors: node.shape,
    order: identityOrder(node.shape.length),
  };
}

/** Axis of `dims` for an ONNX axis, which counts the batch too; refuses the batch itself. */
export function axisOf(call: Call, flow: Flow, axis: number): number {
  const rank = flow.dims.length + (flow.batch ? 1 : 0);
  const positive = axis < 0 ? axis + rank : axis;
  if (positive < 0 || positive >= rank) {
    throw new LlifError(
      "SHAPE",
      `${call.place}: axis: expected from ${-rank} to ${rank - 1} for shape ${formatFlow(flow)}, got ${axis}`,
    );
  }
  if (flow.batch && positive === 0) throw new Refusal("works across the batch dimension");
  return positive - (flow.batch ? 1 : 0);
}

export function shapeError(call: Call, expected: string, got: Shape): LlifError {
  return new LlifError("SHAPE", `${call.place}: expected ${expected}, got ${formatShape(got)}`);
}
