// Folds a ReLU network into populations and synapses: batch norm, pooling and sums need no neurons of their own.
import { LlifError } from "../../errors.ts";
import {
  inputOf,
  type AveragePoolNode,
  type ReluActivationNode,
  type ReluNetwork,
  type ReluNode,
} from "../../relu/network.ts";
import { channelsOf, sameShape, sizeOf, type Shape } from "../../tensor.ts";
import type { FoldedNetwork } from "./graph.ts";
import { repeated } from "./linear.ts";
import { Neurons } from "./neurons.ts";
import { Pieces, Refusal } from "./pieces.ts";
import { averaged } from "./pools.ts";
import { eachPiece, isLight, isNonNegative, outerShape, sourcePiece, type Value, valuesOfPiece } from "./value.ts";
import { foldWeighted } from "./weighted.ts";

export interface FoldOptions {
  /** Whether the input is an image of counts 0…255; otherwise it is values of either sign, without a convention. */
  readonly pixels: boolean;
  /** Whether a linear value takes one population with signed counts (T12) instead of one per sign. */
  readonly signedCounts: boolean;
  /** T of an exact code. Global averages whose sums would take most of 32 bits get neurons of their own. */
  readonly levels?: number;
}

/**
 * Largest product of cells, channels and T for which a global average needs no neurons. A weight of the next layer has
 * about 2^33 divided by that product quanta: 2^8 here. A ResNet-50 at 12 bits had 20, whose rounding alone made logits
 * ten times as wrong as all layers before.
 */
const widestAverage = 2 ** 25;

/**
 * Folds a ReLU network into populations, pools and outputs. Every value is an affine sum of spike sources, with a scale
 * and shift per channel or with weights. Neurons are placed at ReLUs, and where a linear value is read by another
 * weighted layer, by a pool, or by more than one sum.
 * @throws {LlifError} UNSUPPORTED naming every node that is not mapped.
 * @see docs/mathematics.md, operators
 */
export function foldNetwork(
  network: ReluNetwork,
  options: FoldOptions = { pixels: true, signedCounts: false },
): FoldedNetwork {
  const folder = new Folder(network, options);
  const refusals = new Map<string, string>();
  const attempt = (name: string, body: () => void): void => {
    try {
      body();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refusals.set(name, error.message);
    }
  };
  for (const node of network.nodes) attempt(node.name, () => folder.fold(node));
  for (const name of network.outputs) attempt(name, () => folder.output(name));
  if (refusals.size > 0) {
    const list = [...refusals].map(([name, reason]) => `"${name}": ${reason}`).join("; ");
    throw new LlifError("UNSUPPORTED", `network "${network.name}": ${refusals.size} node(s) are not mapped: ${list}`, {
      nodes: [...refusals.keys()],
    });
  }
  return folder.folded();
}

class Folder {
  readonly #network: ReluNetwork;
  readonly #options: FoldOptions;
  readonly #values = new Map<string, Value>();
  readonly #readers = new Map<string, ReluNode[]>();
  readonly #input: { readonly name: string; readonly shape: Shape; readonly signed: boolean };
  readonly #neurons: Neurons;
  readonly #pieces: Pieces;

  constructor(network: ReluNetwork, options: FoldOptions) {
    this.#network = network;
    this.#options = options;
    for (const node of network.nodes)
      for (const source of node.from) this.#readers.set(source, [...(this.#readers.get(source) ?? []), node]);
    this.#input = { name: inputOf(network).name, shape: this.#inputShape(), signed: !options.pixels };
    this.#neurons = new Neurons(this.#input, options.signedCounts);
    this.#pieces = new Pieces(this.#neurons, this.#input.name);
  }

  folded(): FoldedNetwork {
    return { input: { name: this.#input.name, shape: this.#input.shape }, nodes: this.#neurons.nodes };
  }

  /** Folds one node; does nothing after a refused node. */
  fold(node: ReluNode): void {
    if (node.from.some((name) => !this.#values.has(name))) return;
    for (const name of node.from) this.#settle(name);
    this.#values.set(
      node.name,
      this.#valueOf(
        node,
        node.from.map((name) => this.#values.get(name) as Value),
      ),
    );
  }

  output(name: string): void {
    const value = this.#values.get(name);
    if (value === undefined) return;
    // An output only integrates, so a value with pending pools or padding gets neurons first.
    const ready = eachPiece(value, (piece) =>
      piece.pools.length > 0 ? this.#neurons.hold(piece, false) : this.#pieces.unpadded(piece),
    );
    const parts = ready.pieces.map((piece) => this.#pieces.placedParts(piece, ready.shape));
    const [first] = ready.pieces;
    const single = ready.pieces.length === 1;
    const channels = channelsOf(single ? first.shape : ready.shape);
    const wanted = (single ? first.name : null) ?? name;
    const rectified = this.#rectifiedOutputs.has(name);
    const shape = single ? first.shape : ready.shape;
    const bias = single ? repeated(first.bias, channels) : this.#pieces.placedBias(ready);
    this.#neurons.addOutput(
      { rectified, shape, synapses: this.#neurons.spread(parts.flat(), shape), bias },
      wanted,
      name,
    );
  }

  readonly #rectifiedOutputs = new Set<string>();

  #valueOf(node: ReluNode, [value, ...others]: Value[]): Value {
    const { shape } = node;
    switch (node.kind) {
      case "input":
        return this.#inputValue(node.name, shape);
      case "dense":
      case "conv2d":
      case "convTranspose2d":
        return {
          shape,
          pieces: [
            foldWeighted(
              node,
              eachPiece(value, (piece) => this.#pieces.weightable(piece, node.kind, value.shape)),
            ),
          ],
        };
      case "affine":
        return this.#renamed(
          eachPiece(value, (piece) => this.#pieces.scaled(piece, node.scale, node.shift)),
          node.name,
        );
      case "relu":
        if (
          this.#endsHere(node) &&
          node.ceiling === Infinity &&
          slopesOf(node) === null &&
          value.pieces.every((piece) => piece.pools.length === 0)
        ) {
          this.#rectifiedOutputs.add(node.name);
          return value;
        }
        return this.#activated(value, node);
      case "pad":
        return this.#renamed(
          { shape, pieces: value.pieces.map((piece) => this.#pieces.padded(piece, node.padding, value.shape)) },
          node.name,
        );
      case "maxPool":
        return this.#renamed(
          { shape, pieces: value.pieces.map((piece) => this.#pieces.maxPooled(piece, node, value.shape)) },
          node.name,
        );
      case "averagePool":
        return this.#narrowed(
          this.#renamed(
            {
              shape,
              pieces: value.pieces.map((piece) =>
                averaged(this.#pieces.readable(this.#pieces.spatial(piece, value.shape)), node, this.#neurons),
              ),
            },
            node.name,
          ),
          node,
        );
      case "reshape":
        return this.#renamed(
          { shape, pieces: value.pieces.map((piece) => this.#pieces.reshaped(piece, value.shape, shape)) },
          node.name,
        );
      case "softmax":
        return value;
      case "add":
        return this.#renamed({ shape, pieces: this.#pieces.sums([value, ...others], node.name) }, node.name);
      case "concat":
        return { shape, pieces: this.#pieces.sideBySide([value, ...others], shape) };
    }
  }

  /** Gives a wide global average neurons with T levels. */
  #narrowed(value: Value, node: AveragePoolNode): Value {
    const [height, width, channels] = node.shape;
    const cells = node.kernel[0] * node.kernel[1];
    if (height * width !== 1 || cells * channels * (this.#options.levels ?? 0) <= widestAverage) return value;
    return eachPiece(value, (piece) =>
      isNonNegative(piece, this.#neurons.sources)
        ? this.#neurons.rectify({ ...piece, name: `${node.name}.mean` }, node.name, Infinity)
        : piece,
    );
  }

  #activated(value: Value, node: ReluActivationNode): Value {
    const slopes = slopesOf(node);
    if (slopes === null)
      return eachPiece(this.#renamed(value, node.name), (piece) =>
        this.#neurons.rectify(this.#pieces.unpadded(piece), node.name, node.ceiling),
      );
    const leaked = eachPiece(value, (piece) => {
      const slope = valuesOfPiece(slopes, piece);
      // A negative slope reverses the order, so pools before it cannot be moved after it.
      const plain =
        piece.pools.length > 0 && slope.some((factor) => factor < 0)
          ? this.#neurons.hold(piece, false)
          : this.#pieces.unpadded(piece);
      return this.#neurons.leak(plain, node.name, slope, node.ceiling, this.#isPooled(node.name));
    });
    return this.#renamed(leaked, node.name);
  }

  #inputValue(name: string, shape: Shape): Value {
    const piece = sourcePiece(name, this.#input.shape, name);
    if (!this.#options.pixels) return { shape, pieces: [piece] };
    const { mean, std } = this.#network.convention;
    const channels = Math.max(mean.length, std.length);
    const at = (values: readonly number[], channel: number) => values[values.length === 1 ? 0 : channel];
    const perChannel = (value: (channel: number) => number) =>
      Float64Array.from({ length: channels }, (_, channel) => value(channel));
    const scale = perChannel((c) => 1 / at(std, c));
    return {
      shape,
      pieces: [
        {
          ...piece,
          parts: [{ from: name, linear: { kind: "identity", weights: scale } }],
          bias: perChannel((c) => -at(mean, c) / at(std, c)),
        },
      ],
    };
  }

  /** The input's shape: a flat input that is only read as an image becomes one. */
  #inputShape(): Shape {
    const { name, shape } = inputOf(this.#network);
    const readers = this.#readers.get(name) ?? [];
    const { mean, std } = this.#network.convention;
    const [first] = readers;
    const same =
      first !== undefined && readers.every((node) => node.kind === "reshape" && sameShape(node.shape, first.shape));
    return same && first.shape.length === 3 && mean.length === 1 && std.length === 1 ? first.shape : shape;
  }

  /** Gives a value neurons if it will be read as spikes, once for all readers. */
  #settle(name: string): void {
    const value = this.#values.get(name) as Value;
    if (value.pieces.every(isLight)) return;
    const readers = this.#readers.get(name) ?? [];
    const asSpikes = readers.some(({ kind }) => readsSpikes.has(kind));
    const repeated =
      readers.length > 2 || (readers.length === 2 && readers.some(({ kind }) => kind === "add" || kind === "concat"));
    if (!asSpikes && !repeated) return;
    this.#values.set(
      name,
      eachPiece(value, (piece) => (isLight(piece) ? piece : this.#neurons.hold(piece, this.#isPooled(name)))),
    );
  }

  #isPooled(name: string): boolean {
    return (this.#readers.get(name) ?? []).some(({ kind }) => kind === "maxPool");
  }

  /** Whether only a network output reads this node. */
  #endsHere(node: ReluNode): boolean {
    const readers = this.#readers.get(node.name) ?? [];
    return readers.length === 0 && this.#network.outputs.includes(node.name);
  }

  /** The same value, now also the value of another node. */
  #renamed(value: Value, node: string): Value {
    return eachPiece(value, (piece) => ({
      ...piece,
      origin: { node, place: piece.place, size: sizeOf(outerShape(piece)) },
    }));
  }
}

/** Nodes that read a linear value as spikes. */
const readsSpikes: ReadonlySet<ReluNode["kind"]> = new Set([
  "dense",
  "conv2d",
  "convTranspose2d",
  "averagePool",
  "pad",
]);

/** Slopes of a ReLU; null for a plain one. */
function slopesOf({ slope }: ReluActivationNode): Float32Array | null {
  if (slope === undefined) return null;
  return slope.every((factor) => factor === 0) ? null : slope;
}
