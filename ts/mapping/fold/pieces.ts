// Pieces of values in the forms that layers, pools, sums and outputs can read.
import type { MaxPoolNode, Padding } from "../../relu/network.ts";
import { channelsOf, sameShape, sizeOf, type Shape } from "../../tensor.ts";
import { addPadding, noPadding, repeated } from "./linear.ts";
import type { Neurons } from "./neurons.ts";
import { maxPooled, padded, pooledShape } from "./pools.ts";
import {
  combined,
  eachPiece,
  isLight,
  outerShape,
  type Piece,
  placed,
  resizedPlace,
  type Value,
  valuesOfPiece,
  wholePlace,
} from "./value.ts";
import { placeParts, scaleOutputs } from "./weighted.ts";

/** The reason why a node is not mapped, and what to do instead. */
export class Refusal extends Error {}

/** Gives a piece neurons where it cannot be read as it is. */
export class Pieces {
  readonly #neurons: Neurons;
  /** Name of the network's input. */
  readonly #input: string;

  constructor(neurons: Neurons, input: string) {
    this.#neurons = neurons;
    this.#input = input;
  }

  /** Constant current cannot pass pools or padding, so there the input is repeated as spikes. */
  readable(piece: Piece): Piece {
    return piece.parts.some(({ from }) => from === this.#input) && isLight(piece)
      ? this.#neurons.repeatInput(piece)
      : piece;
  }

  /** The piece in a form that a weighted layer of this kind can read. */
  weightable(piece: Piece, kind: "dense" | "conv2d" | "convTranspose2d", whole: Shape): Piece {
    if (kind === "dense") return this.unpadded(piece);
    const image = this.spatial(piece, whole);
    return kind === "conv2d" ? image : this.unpadded(image);
  }

  /** The piece without weights, with sources of its own shape and one scale per channel. */
  spatial(piece: Piece, whole: Shape): Piece {
    const light = isLight(piece) ? piece : this.#neurons.hold(piece, false);
    this.checkImage(light, whole);
    const fits = light.parts.every(
      ({ from, linear }) =>
        sameShape(this.#neurons.shapeOf(from), light.shape) && linear.weights.length <= channelsOf(light.shape),
    );
    return fits ? light : this.#neurons.hold(this.unpadded(light), false);
  }

  /** A window reads pieces as channels of an image. */
  checkImage(piece: Piece, whole: Shape): void {
    const [height, width, channels] = outerShape(piece);
    const channelwise = piece.place.stride === channelsOf(whole) && piece.place.block === channels;
    if (height === whole[0] && width === whole[1] && (channels === channelsOf(whole) || channelwise)) return;
    throw new Refusal(
      "a window over a concatenation that was reshaped is not mapped; concatenate images along their channels",
    );
  }

  /** The piece with its padding added around the sources. */
  unpadded(piece: Piece): Piece {
    return piece.padding === null ? piece : padded(this.readable(piece), this.#neurons);
  }

  /** Zeros around the value, which the next window uses as its own padding. */
  padded(piece: Piece, padding: Padding, whole: Shape): Piece {
    const image = this.spatial(piece, whole);
    const around = { ...image, padding: addPadding(image.padding ?? noPadding, padding) };
    return { ...around, place: resizedPlace(image, sizeOf(outerShape(around))) };
  }

  scaled(piece: Piece, scale: Float32Array, shift: Float32Array): Piece {
    const [scales, shifts] = [valuesOfPiece(scale, piece), valuesOfPiece(shift, piece)];
    const channels = channelsOf(piece.shape);
    const passes = scales.length <= channels && shifts.length <= channels && scales.every((factor) => factor >= 0);
    const plain = piece.pools.length > 0 && !passes ? this.#neurons.hold(piece, false) : this.unpadded(piece);
    const result = scaleOutputs(plain, scales) ?? (scaleOutputs(this.#neurons.hold(plain, false), scales) as Piece);
    return { ...result, bias: combined(result.bias, shifts, (bias, term) => bias + term) };
  }

  maxPooled(piece: Piece, node: MaxPoolNode, whole: Shape): Piece {
    this.checkImage(piece, whole);
    if (!isLight(piece)) {
      const shape = pooledShape(piece, node);
      return { ...piece, pools: [...piece.pools, { ...node, shape }], place: resizedPlace(piece, sizeOf(shape)) };
    }
    const readable = this.readable(piece);
    return (
      maxPooled(readable, node, this.#neurons) ??
      (maxPooled(this.#neurons.hold(this.unpadded(readable), true), node, this.#neurons) as Piece)
    );
  }

  reshaped(piece: Piece, before: Shape, after: Shape): Piece {
    if (piece.place.block !== sizeOf(before)) return piece;
    const plain = this.unpadded(piece);
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

  sums(values: Value[], name: string): Piece[] {
    const whole = values.map((value) =>
      eachPiece(value, (piece) => (piece.pools.length > 0 ? this.#neurons.hold(piece, false) : this.unpadded(piece))),
    );
    const [first] = whole;
    const aligned = whole.every(
      ({ pieces }) =>
        pieces.length === first.pieces.length && pieces.every((piece, index) => samePlace(piece, first.pieces[index])),
    );
    const pieces = aligned
      ? first.pieces.map((_, index) => whole.map((value) => value.pieces[index]))
      : [whole.map((value) => this.joined(value))];
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

  sideBySide(values: readonly Value[], shape: Shape): Piece[] {
    const total = channelsOf(shape);
    let offset = 0;
    return values.flatMap((value) => {
      const start = offset;
      offset += channelsOf(value.shape);
      return value.pieces.map((piece) => ({ ...piece, place: this.nested(piece, value.shape, start, total) }));
    });
  }

  /** Place of a piece inside a concatenation. */
  nested({ place }: Piece, part: Shape, start: number, total: number): Piece["place"] {
    const channels = channelsOf(part);
    if (place.block === sizeOf(part)) return { offset: start, block: channels, stride: total };
    if (place.stride === channels) return { offset: start + place.offset, block: place.block, stride: total };
    if (channels === sizeOf(part)) return { ...place, offset: start + place.offset };
    throw new Refusal("a concatenation of a reshaped concatenation is not mapped; concatenate before the reshape");
  }

  /** One piece for the whole value. */
  joined(value: Value): Piece {
    if (value.pieces.length === 1) return value.pieces[0];
    const place = wholePlace(sizeOf(value.shape));
    const parts = value.pieces.flatMap((piece) => this.placedParts(piece, value.shape));
    return { ...value.pieces[0], shape: value.shape, parts, bias: this.placedBias(value), place, name: null };
  }

  placedParts(piece: Piece, whole: Shape): Piece["parts"] {
    const shapeOf = (source: string) => this.#neurons.shapeOf(source);
    const parts = placeParts(piece, whole, shapeOf) ?? placeParts(this.#neurons.hold(piece, false), whole, shapeOf);
    if (parts === null)
      throw new Refusal(
        "a sum or an output of concatenated values under another shape is not mapped; reshape them before",
      );
    return parts;
  }

  placedBias(value: Value): Float64Array {
    const bias = new Float64Array(sizeOf(value.shape));
    for (const piece of value.pieces)
      for (let index = 0; index < sizeOf(outerShape(piece)); index++)
        bias[placed(piece.place, index)] = piece.bias[index % piece.bias.length];
    return bias;
  }
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
