import { LlifError } from "../../errors.ts";
import { formatShape, sameShape, sizeOf, type Shape } from "../../tensor.ts";
import { checkNode, checkWindow } from "../../relu/check.ts";
import type { ReluNode } from "../../relu/network.ts";
import { outputShapeOf } from "../../relu/shapes.ts";
import { Refusal, type Attributes } from "./attributes.ts";
import type { Constant } from "./constants.ts";
import { channelsFirst, formatFlow, identityOrder, isAligned, nodeShape, sameLayout, type Flow } from "./layout.ts";

export type Value = Constant | Flow;

/** What an operator sees of its node. */
export interface Call {
  /** Unique name for the ReluNetwork node. */
  readonly name: string;
  /** `node "conv1" (Conv)`, for messages. */
  readonly place: string;
  readonly operator: string;
  /** `undefined` for an optional input left out. */
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  /** Version of the default operator set. */
  readonly opset: number;
  readonly graph: Graph;
  /** Names of the outputs that something reads, by position; "" elsewhere. */
  readonly used: readonly string[];
  /** Whether this node alone reads its first input. */
  readonly soleReader: boolean;
}

export type Operator = (call: Call) => Value;

/** The ReluNetwork under construction. */
export class Graph {
  readonly nodes: ReluNode[] = [];
  readonly #shapes = new Map<string, Shape>();

  /** Adds a node, its shape inferred where the kind determines it. */
  add(draft: ReluNode): ReluNode {
    if ("kernel" in draft) checkWindow(`layer "${draft.name}"`, draft);
    const inputs = draft.from.map((name) => this.shapeOf(name));
    const node = { ...draft, shape: outputShapeOf(draft, inputs) };
    checkNode(node, inputs);
    this.nodes.push(node);
    this.#shapes.set(node.name, node.shape);
    return node;
  }

  /** Replaces a node by one of the same shape. */
  replace(node: ReluNode): void {
    this.nodes[this.nodes.findIndex((other) => other.name === node.name)] = node;
  }

  node(name: string): ReluNode | undefined {
    return this.nodes.find((node) => node.name === name);
  }

  has(name: string): boolean {
    return this.#shapes.has(name);
  }

  shapeOf(name: string): Shape {
    return this.#shapes.get(name) ?? [];
  }

  /** Name of a node with the elements of `flow` in the given shape. */
  inShape(flow: Flow, shape: Shape): string {
    if (sameShape(this.shapeOf(flow.node), shape)) return flow.node;
    let name = `${flow.node}_${shape.length === 1 ? "flatten" : "reshape"}`;
    while (this.#shapes.has(name)) {
      const existing = this.node(name);
      if (existing?.kind === "reshape" && existing.from[0] === flow.node && sameShape(existing.shape, shape)) return name;
      name += "_";
    }
    return this.add({ kind: "reshape", name, from: [flow.node], shape }).name;
  }
}

/** The input at `position`, computed from the model's input. */
export function flowInput(call: Call, position: number, label: string): Flow {
  const value = call.inputs[position];
  if (value === undefined) throw new LlifError("FORMAT", `${call.place}: input ${label} is missing`);
  if (value.kind === "constant") throw new Refusal(`expected ${label} computed from the model's input, got a constant`);
  return value;
}

/** The input at `position`, known when the model is read. */
export function constantInput(call: Call, position: number, label: string): Constant {
  const value = optionalConstant(call, position, label);
  if (value === undefined) throw new LlifError("FORMAT", `${call.place}: input ${label} is missing`);
  return value;
}

export function optionalConstant(call: Call, position: number, label: string): Constant | undefined {
  const value = call.inputs[position];
  if (value?.kind === "flow") throw new Refusal(`expected a constant ${label}, got one computed from the model's input`);
  return value;
}

/** A flow of [N, channels, height, width], its node in the shape [height, width, channels]. */
export function asImage(call: Call, flow: Flow): { from: string; dims: readonly number[]; shape: Shape } {
  if (!flow.batch || flow.dims.length !== 3) {
    const hint = flow.batch && flow.dims.length === 2 ? "one-dimensional layers are not supported; insert a unit axis" : "expected [N,channels,height,width]";
    throw new Refusal(`${hint}, got ${formatFlow(flow)}`);
  }
  const [channels, height, width] = flow.dims;
  if (!sameLayout(flow, flow.dims, channelsFirst)) {
    throw new Refusal(`its input ${formatFlow(flow)} was reshaped or transposed so that it is not an image any more; reshape only before dense layers`);
  }
  const shape = [height, width, channels];
  return { from: call.graph.inShape(flow, shape), dims: flow.dims, shape };
}

/** The flow of an image node [height, width, channels]. */
export function imageFlow(node: ReluNode): Flow {
  const [height, width, channels] = node.shape;
  const dims = [channels, height, width];
  return { kind: "flow", node: node.name, batch: true, dims, factors: dims, order: channelsFirst };
}

/** A vector that the file and the node order alike. */
export function vectorFlow(node: ReluNode, batch: boolean): Flow {
  return { kind: "flow", node: node.name, batch, dims: node.shape, factors: node.shape, order: identityOrder(node.shape.length) };
}

/** A node that holds an aligned value in its natural shape, else flat. */
export function inNaturalShape(graph: Graph, flow: Flow): string {
  return graph.inShape(flow, isAligned(flow) ? nodeShape(flow) : [sizeOf(flow.dims)]);
}

/** Axis of `dims` for an ONNX axis, which counts the batch; refuses the batch itself. */
export function axisOf(call: Call, flow: Flow, axis: number): number {
  const rank = flow.dims.length + (flow.batch ? 1 : 0);
  const positive = axis < 0 ? axis + rank : axis;
  if (positive < 0 || positive >= rank) {
    throw new LlifError("SHAPE", `${call.place}: axis: expected from ${-rank} to ${rank - 1} for shape ${formatFlow(flow)}, got ${axis}`);
  }
  if (flow.batch && positive === 0) throw new Refusal("works across the batch dimension");
  return positive - (flow.batch ? 1 : 0);
}

export function shapeError(call: Call, expected: string, got: Shape): LlifError {
  return new LlifError("SHAPE", `${call.place}: expected ${expected}, got ${formatShape(got)}`);
}
