// Builds the ReLU network of a Keras model, node by node.
import type { Budget } from "../../budget.ts";
import { LlifError } from "../../errors.ts";
import { checkNode, checkWindow } from "../../relu/check.ts";
import type { Padding, ReluNode } from "../../relu/network.ts";
import { outputShapeOf } from "../../relu/shapes.ts";
import { formatShape, sameShape, type Shape } from "../../tensor.ts";
import { quoted } from "../../text.ts";
import { freeName } from "../names.ts";

/** The reason why a layer is not supported; collected over the whole model. */
export class Refusal extends Error {}

/** The value of a layer. */
export interface Value {
  /** Name of its node. */
  readonly node: string;
  /** Zeros around it that no node has added yet: the next window uses them as its own padding. */
  readonly padding?: Padding;
}

/** The ReluNetwork under construction. */
export class Graph {
  readonly nodes: ReluNode[] = [];
  readonly budget: Budget;
  readonly #byName = new Map<string, ReluNode>();
  readonly #numbers = new Map<string, number>();
  /** Nodes that are never negative. */
  readonly #nonNegative = new Set<string>();

  constructor(budget: Budget) {
    this.budget = budget;
  }

  /** Adds a node under a unique name; infers its shape if its kind determines it. */
  add(draft: ReluNode): ReluNode {
    if ("kernel" in draft) checkWindow(`layer "${draft.name}"`, draft);
    this.budget.take("nodes", 1, `layer ${quoted(draft.name)}`);
    const name = freeName(draft.name, this.#byName, this.#numbers);
    const inputs = draft.from.map((source) => this.shapeOf(source));
    const named = { ...draft, name };
    const node = { ...named, shape: outputShapeOf(named, inputs) };
    checkNode(node, inputs);
    this.nodes.push(node);
    this.#byName.set(name, node);
    if (isNonNegative(node, this.#nonNegative)) this.#nonNegative.add(name);
    return node;
  }

  node(name: string): ReluNode {
    const node = this.#byName.get(name);
    if (node === undefined)
      throw new LlifError("FORMAT", `layer ${quoted(name)}: expected to be computed before it is used`, {
        nodes: [name],
      });
    return node;
  }

  shapeOf(name: string): Shape {
    return this.node(name).shape;
  }

  /** Name of a node with the same elements in the given shape. */
  reshaped(name: string, shape: Shape, wanted = `${name}_reshape`): string {
    const node = this.node(name);
    if (sameShape(node.shape, shape)) return name;
    if (node.kind === "reshape" && sameShape(this.shapeOf(node.from[0]), shape)) return node.from[0];
    return this.add({ kind: "reshape", name: wanted, from: [name], shape }).name;
  }

  /** Name of a node with the value and its padding. */
  padded({ node, padding = noPadding }: Value): string {
    if (!isPadded(padding)) return node;
    const shape = this.shapeOf(node);
    const image = shape.length === 3 ? node : this.reshaped(node, [1, ...shape]);
    const { name } = this.add({ kind: "pad", name: `${node}_pad`, from: [image], shape: [], padding });
    return shape.length === 3 ? name : this.reshaped(name, this.shapeOf(name).slice(1));
  }

  /** Whether a node is known to be never negative. */
  isNonNegative(name: string): boolean {
    return this.#nonNegative.has(name);
  }
}

function isNonNegative(node: ReluNode, known: ReadonlySet<string>): boolean {
  switch (node.kind) {
    case "softmax":
      return true;
    case "relu":
      return node.slope === undefined;
    case "pad":
    case "maxPool":
    case "averagePool":
    case "reshape":
    case "add":
    case "concat":
      return node.from.every((source) => known.has(source));
    default:
      return false;
  }
}

export const noPadding: Padding = { top: 0, left: 0, bottom: 0, right: 0 };

export function addPadding(a: Padding, b: Padding): Padding {
  return { top: a.top + b.top, left: a.left + b.left, bottom: a.bottom + b.bottom, right: a.right + b.right };
}

export function isPadded({ top, left, bottom, right }: Padding): boolean {
  return top + left + bottom + right > 0;
}

export function expectImage(shape: Shape): readonly [number, number, number] {
  if (shape.length !== 3) throw new Refusal(`expected an image [height,width,channels], got ${formatShape(shape)}`);
  return [shape[0], shape[1], shape[2]];
}
