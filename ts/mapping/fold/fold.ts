// Folds a ReLU network into populations and synapses: batch norm, pooling and sums need no neurons of their own.
import { LlifError } from "../../errors.ts";
import {
  inputOf,
  type AveragePoolNode,
  type MaxPoolNode,
  type Padding,
  type ReluActivationNode,
  type ReluNetwork,
  type ReluNode,
} from "../../relu/network.ts";
import { channelsOf, sameShape, sizeOf, type Shape } from "../../tensor.ts";
import type { FoldedNetwork } from "./graph.ts";
import { addPadding, noPadding, repeated } from "./linear.ts";
import { Neurons } from "./neurons.ts";
import { averaged, maxPooled, padded, pooledShape } from "./pools.ts";
import {
  combined,
  isLight,
  isNonNegative,
  outerShape,
  type Piece,
  placed,
  resizedPlace,
  sourcePiece,
  type Value,
  valuesOfPiece,
  wholePlace,
} from "./value.ts";
import { foldWeighted, placeParts, scaleOutputs } from "./weighted.ts";

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

/** The reason why a node is not mapped, and what to do instead. */
class Refusal extends Error {}

class Folder {
  readonly #network: ReluNetwork;
  readonly #options: FoldOptions;
  readonly #values = new Map<string, Value>();
  readonly #readers = new Map<string, ReluNode[]>();
  readonly #input: { readonly name: string; readonly shape: Shape; readonly signed: boolean };
  readonly #neurons: Neurons;

  constructor(network: ReluNetwork, options: FoldOptions) {
    this.#network = network;
    this.#options = options;
    for (const node of network.nodes)
      for (const source of node.from) this.#readers.set(source, [...(this.#readers.get(source) ?? []), node]);
    this.#input = { name: inputOf(network).name, shape: this.#inputShape(), signed: !options.pixels };
    this.#neurons = new Neurons(this.#input, options.signedCounts);
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
    const ready = this.#eachPiece(value, (piece) =>
      piece.pools.length > 0 ? this.#neurons.hold(piece, false) : this.#unpadded(piece),
    );
    const parts = ready.pieces.map((piece) => this.#placedParts(piece, ready.shape));
    const [first] = ready.pieces;
    const single = ready.pieces.length === 1;
    const channels = channelsOf(single ? first.shape : ready.shape);
    const wanted = (single ? first.name : null) ?? name;
    const rectified = this.#rectifiedOutputs.has(name);
    const shape = single ? first.shape : ready.shape;
    const bias = single ? repeated(first.bias, channels) : this.#placedBias(ready);
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
              this.#eachPiece(value, (piece) => this.#weightable(piece, node.kind, value.shape)),
            ),
          ],
        };
      case "affine":
        return this.#renamed(
          this.#eachPiece(value, (piece) => this.#scaled(piece, node.scale, node.shift)),
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
          { shape, pieces: value.pieces.map((piece) => this.#padded(piece, node.padding, value.shape)) },
          node.name,
        );
      case "maxPool":
        return this.#renamed(
          { shape, pieces: value.pieces.map((piece) => this.#maxPooled(piece, node, value.shape)) },
          node.name,
        );
      case "averagePool":
        return this.#narrowed(
          this.#renamed(
            {
              shape,
              pieces: value.pieces.map((piece) =>
                averaged(this.#readable(this.#spatial(piece, value.shape)), node, this.#neurons),
              ),
            },
            node.name,
          ),
          node,
        );
      case "reshape":
        return this.#renamed(
          { shape, pieces: value.pieces.map((piece) => this.#reshaped(piece, value.shape, shape)) },
          node.name,
        );
      case "softmax":
        return value;
      case "add":
        return this.#renamed({ shape, pieces: this.#sums([value, ...others], node.name) }, node.name);
      case "concat":
        return { shape, pieces: this.#sideBySide([value, ...others], shape) };
    }
  }

  /** Gives a wide global average neurons with T levels. */
  #narrowed(value: Value, node: AveragePoolNode): Value {
    const [height, width, channels] = node.shape;
    const cells = node.kernel[0] * node.kernel[1];
    if (height * width !== 1 || cells * channels * (this.#options.levels ?? 0) <= widestAverage) return value;
    return this.#eachPiece(value, (piece) =>
      isNonNegative(piece, this.#neurons.sources)
        ? this.#neurons.rectify({ ...piece, name: `${node.name}.mean` }, node.name, Infinity)
        : piece,
    );
  }

  #activated(value: Value, node: ReluActivationNode): Value {
    const slopes = slopesOf(node);
    if (slopes === null)
      return this.#eachPiece(this.#renamed(value, node.name), (piece) =>
        this.#neurons.rectify(this.#unpadded(piece), node.name, node.ceiling),
      );
    const leaked = this.#eachPiece(value, (piece) => {
      const slope = valuesOfPiece(slopes, piece);
      // A negative slope reverses the order, so pools before it cannot be moved after it.
      const plain =
        piece.pools.length > 0 && slope.some((factor) => factor < 0)
          ? this.#neurons.hold(piece, false)
          : this.#unpadded(piece);
      return this.#neurons.leak(plain, node.name, slope, node.ceiling, this.#isPooled(node.name));
    });
    return this.#renamed(leaked, node.name);
  }

  /** Zeros around the value, which the next window uses as its own padding. */
  #padded(piece: Piece, padding: Padding, whole: Shape): Piece {
    const image = this.#spatial(piece, whole);
    const around = { ...image, padding: addPadding(image.padding ?? noPadding, padding) };
    return { ...around, place: resizedPlace(image, sizeOf(outerShape(around))) };
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
      this.#eachPiece(value, (piece) => (isLight(piece) ? piece : this.#neurons.hold(piece, this.#isPooled(name)))),
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

  #eachPiece(value: Value, change: (piece: Piece) => Piece): Value {
    return { ...value, pieces: value.pieces.map(change) };
  }

  /** The same value, now also the value of another node. */
  #renamed(value: Value, node: string): Value {
    return this.#eachPiece(value, (piece) => ({
      ...piece,
      origin: { node, place: piece.place, size: sizeOf(outerShape(piece)) },
    }));
  }

  /** Constant current cannot pass pools or padding, so there the input is repeated as spikes. */
  #readable(piece: Piece): Piece {
    return piece.parts.some(({ from }) => from === this.#input.name) && isLight(piece)
      ? this.#neurons.repeatInput(piece)
      : piece;
  }

  /** The piece in a form that a weighted layer of this kind can read. */
  #weightable(piece: Piece, kind: "dense" | "conv2d" | "convTranspose2d", whole: Shape): Piece {
    if (kind === "dense") return this.#unpadded(piece);
    const image = this.#spatial(piece, whole);
    return kind === "conv2d" ? image : this.#unpadded(image);
  }

  /** The piece without weights, with sources of its own shape and one scale per channel. */
  #spatial(piece: Piece, whole: Shape): Piece {
    const light = isLight(piece) ? piece : this.#neurons.hold(piece, false);
    this.#checkImage(light, whole);
    const fits = light.parts.every(
      ({ from, linear }) =>
        sameShape(this.#neurons.shapeOf(from), light.shape) && linear.weights.length <= channelsOf(light.shape),
    );
    return fits ? light : this.#neurons.hold(this.#unpadded(light), false);
  }

  /** A window reads pieces as channels of an image. */
  #checkImage(piece: Piece, whole: Shape): void {
    const [height, width, channels] = outerShape(piece);
    const channelwise = piece.place.stride === channelsOf(whole) && piece.place.block === channels;
    if (height === whole[0] && width === whole[1] && (channels === channelsOf(whole) || channelwise)) return;
    throw new Refusal(
      "a window over a concatenation that was reshaped is not mapped; concatenate images along their channels",
    );
  }

  /** The piece with its padding added around the sources. */
  #unpadded(piece: Piece): Piece {
    return piece.padding === null ? piece : padded(this.#readable(piece), this.#neurons);
  }

  #scaled(piece: Piece, scale: Float32Array, shift: Float32Array): Piece {
    const [scales, shifts] = [valuesOfPiece(scale, piece), valuesOfPiece(shift, piece)];
    const channels = channelsOf(piece.shape);
    const passes = scales.length <= channels && shifts.length <= channels && scales.every((factor) => factor >= 0);
    const plain = piece.pools.length > 0 && !passes ? this.#neurons.hold(piece, false) : this.#unpadded(piece);
    const result = scaleOutputs(plain, scales) ?? (scaleOutputs(this.#neurons.hold(plain, false), scales) as Piece);
    return { ...result, bias: combined(result.bias, shifts, (bias, term) => bias + term) };
  }

  #maxPooled(piece: Piece, node: MaxPoolNode, whole: Shape): Piece {
    this.#checkImage(piece, whole);
    if (!isLight(piece)) {
      const shape = pooledShape(piece, node);
      return { ...piece, pools: [...piece.pools, { ...node, shape }], place: resizedPlace(piece, sizeOf(shape)) };
    }
    const readable = this.#readable(piece);
    return (
      maxPooled(readable, node, this.#neurons) ??
      (maxPooled(this.#neurons.hold(this.#unpadded(readable), true), node, this.#neurons) as Piece)
    );
  }

  #reshaped(piece: Piece, before: Shape, after: Shape): Piece {
    if (piece.place.block !== sizeOf(before)) return piece;
    const plain = this.#unpadded(piece);
    // A sum keeps its layer's shape, unless a window will read it with the new one.
    if (!isLight(plain) && (after.length !== 3 || sameShape(after, outerShape(plain)))) return plain;
    const light = isLight(plain) ? plain : this.#neurons.hold(plain, false);
    const written = (values: Float64Array) =>
      channelsOf(after) % values.length === 0 ? values : repeated(values, sizeOf(after));
    const parts = light.parts.map(({ from, linear }) => ({
      from,
      linear: { ...linear, weights: written(linear.weights) },
    }));
    return { ...light, shape: after, parts, bias: written(light.bias) };
  }

  #sums(values: Value[], name: string): Piece[] {
    const whole = values.map((value) =>
      this.#eachPiece(value, (piece) =>
        piece.pools.length > 0 ? this.#neurons.hold(piece, false) : this.#unpadded(piece),
      ),
    );
    const [first] = whole;
    const aligned = whole.every(
      ({ pieces }) =>
        pieces.length === first.pieces.length && pieces.every((piece, index) => samePlace(piece, first.pieces[index])),
    );
    const pieces = aligned
      ? first.pieces.map((_, index) => whole.map((value) => value.pieces[index]))
      : [whole.map((value) => this.#joined(value))];
    return pieces.map((given) => {
      const shape = given.find(hasWindow)?.shape ?? given[0].shape;
      const terms = given.map((term) =>
        hasWindow(term) && !sameShape(term.shape, shape) ? this.#neurons.hold(term, false) : term,
      );
      const { place, origin } = given[0];
      const bias = terms.map((term) => term.bias).reduce((sum, term) => combined(sum, term, (a, b) => a + b));
      return { shape, place, origin, padding: null, pools: [], name, bias, parts: terms.flatMap(({ parts }) => parts) };
    });
  }

  #sideBySide(values: readonly Value[], shape: Shape): Piece[] {
    const total = channelsOf(shape);
    let offset = 0;
    return values.flatMap((value) => {
      const start = offset;
      offset += channelsOf(value.shape);
      return value.pieces.map((piece) => ({ ...piece, place: this.#nested(piece, value.shape, start, total) }));
    });
  }

  /** Place of a piece inside a concatenation. */
  #nested({ place }: Piece, part: Shape, start: number, total: number): Piece["place"] {
    const channels = channelsOf(part);
    if (place.block === sizeOf(part)) return { offset: start, block: channels, stride: total };
    if (place.stride === channels) return { offset: start + place.offset, block: place.block, stride: total };
    if (channels === sizeOf(part)) return { ...place, offset: start + place.offset };
    throw new Refusal("a concatenation of a reshaped concatenation is not mapped; concatenate before the reshape");
  }

  /** One piece for the whole value. */
  #joined(value: Value): Piece {
    if (value.pieces.length === 1) return value.pieces[0];
    const place = wholePlace(sizeOf(value.shape));
    const parts = value.pieces.flatMap((piece) => this.#placedParts(piece, value.shape));
    return { ...value.pieces[0], shape: value.shape, parts, bias: this.#placedBias(value), place, name: null };
  }

  #placedParts(piece: Piece, whole: Shape): Piece["parts"] {
    const shapeOf = (source: string) => this.#neurons.shapeOf(source);
    const parts = placeParts(piece, whole, shapeOf) ?? placeParts(this.#neurons.hold(piece, false), whole, shapeOf);
    if (parts === null)
      throw new Refusal(
        "a sum or an output of concatenated values under another shape is not mapped; reshape them before",
      );
    return parts;
  }

  #placedBias(value: Value): Float64Array {
    const bias = new Float64Array(sizeOf(value.shape));
    for (const piece of value.pieces)
      for (let index = 0; index < sizeOf(outerShape(piece)); index++)
        bias[placed(piece.place, index)] = piece.bias[index % piece.bias.length];
    return bias;
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

function hasWindow({ parts }: Piece): boolean {
  return parts.some(({ linear }) => linear.kind === "conv2d" || linear.kind === "convTranspose2d");
}

function samePlace(a: Piece, b: Piece): boolean {
  return (
    a.place.offset === b.place.offset &&
    a.place.block === b.place.block &&
    a.place.stride === b.place.stride &&
    sizeOf(a.shape) === sizeOf(b.shape)
  );
}
