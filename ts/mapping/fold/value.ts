import type { MaxPoolNode, Padding } from "../../relu/network.ts";
import { channelsOf, sizeOf, type Shape } from "../../tensor.ts";
import type { Activation, FoldedSynapse, Place } from "./graph.ts";
import { compressed, repeated } from "./linear.ts";

/** What a node of the ReLU network holds, in terms of spikes: pieces side by side, as a concatenation makes them. */
export interface Value {
  readonly shape: Shape;
  readonly pieces: readonly Piece[];
}

/** An affine sum of sources: Σ linear(source) + bias, padded with zeros, then max-pooled. */
export interface Piece {
  /** Of the sum, before padding and pools. */
  readonly shape: Shape;
  readonly parts: readonly FoldedSynapse[];
  /** One for all, one for each channel, or one for each element. */
  readonly bias: Float64Array;
  readonly padding: Padding | null;
  /** Of a sum before its ReLU: they follow the ReLU instead, which changes nothing since it is monotone. */
  readonly pools: readonly MaxPoolNode[];
  /** Where its elements lie in the value. */
  readonly place: Place;
  /** Node whose values these are, and where: what a scale is calibrated on. */
  readonly origin: Omit<Activation, "side">;
  /** Name for the neurons that will hold it: of the weighted node, or of the sum. */
  readonly name: string | null;
}

/** What a source of spikes can stand for. */
export interface Source {
  readonly shape: Shape;
  /** Whether its values can be negative. */
  readonly signed: boolean;
  /** A max pool can read it. */
  readonly poolable: boolean;
  /** Sources of one group rise and fall together, so a max pool of their sum is the sum of their max pools. */
  readonly group: string;
}

export function wholePlace(size: number): Place {
  return { offset: 0, block: size, stride: size };
}

export function placed({ offset, block, stride }: Place, index: number): number {
  return Math.floor(index / block) * stride + offset + (index % block);
}

/** Piece of a value of one piece that is its source, as it is. */
export function sourcePiece(source: string, shape: Shape, node: string): Piece {
  const place = wholePlace(sizeOf(shape));
  return {
    shape,
    parts: [{ from: source, linear: { kind: "identity", weights: Float64Array.of(1) } }],
    bias: Float64Array.of(0),
    padding: null,
    pools: [],
    place,
    origin: { node, place, size: sizeOf(shape) },
    name: null,
  };
}

/** Without a weighted part: all its sources fire already. */
export function isLight(piece: Piece): boolean {
  return piece.pools.length === 0 && piece.parts.every(({ linear }) => linear.kind === "identity");
}

export function isNonNegative(piece: Piece, sources: ReadonlyMap<string, Source>): boolean {
  return (
    isLight(piece) &&
    piece.bias.every((term) => term >= 0) &&
    piece.parts.every(
      ({ from, linear }) => sources.get(from)?.signed === false && linear.weights.every((weight) => weight >= 0),
    )
  );
}

/** Shape after padding and pools. */
export function outerShape(piece: Piece): Shape {
  if (piece.pools.length > 0) return piece.pools[piece.pools.length - 1].shape;
  if (piece.padding === null) return piece.shape;
  const [height, width, channels] = piece.shape;
  const { top, bottom, left, right } = piece.padding;
  return [height + top + bottom, width + left + right, channels];
}

/** The place after a window or padding has changed the piece's size. */
export function resizedPlace(piece: Piece, size: number): Place {
  const before = sizeOf(outerShape(piece));
  return piece.place.block === before && piece.place.stride === before ? wholePlace(size) : piece.place;
}

/** Values by channel of the whole (modulo their number), as the piece's own elements take them: one for all, a channel, or an element. */
export function valuesOfPiece(values: ArrayLike<number>, piece: Piece): Float64Array {
  if (values.length === 1) return Float64Array.of(values[0]);
  const shape = outerShape(piece);
  const { place } = piece;
  const channels = channelsOf(shape);
  const wanted = (index: number) => values[placed(place, index) % values.length];
  const whole = place.block === sizeOf(shape);
  const repeats = whole
    ? channels % values.length === 0
    : place.block === channels && place.stride % values.length === 0;
  if (repeats) return Float64Array.from({ length: channels }, (_, channel) => wanted(channel));
  return compressed(
    Float64Array.from({ length: sizeOf(shape) }, (_, index) => wanted(index)),
    channels,
  );
}

/** Element by element, each side read modulo its length. */
export function combined(a: Float64Array, b: Float64Array, f: (a: number, b: number) => number): Float64Array {
  const length = Math.max(a.length, b.length);
  const [left, right] = [repeated(a, length), repeated(b, length)];
  return left.map((value, index) => f(value, right[index]));
}

export function isZero(values: Float64Array): boolean {
  return values.every((value) => value === 0);
}
