// What folding knows of a node's value: a sum of linear maps of neurons.
import type { MaxPoolNode, Padding } from "../../relu/network.ts";
import { channelsOf, sizeOf, type Shape } from "../../tensor.ts";
import type { Activation, FoldedSynapse, Place } from "./graph.ts";
import { compressed, repeated } from "./linear.ts";

/** The value of a ReLU network's node in terms of spikes: pieces side by side, as after a concatenation. */
export interface Value {
  readonly shape: Shape;
  readonly pieces: readonly Piece[];
}

/** An affine sum of sources: Σ linear(source) + bias, padded with zeros, then max-pooled. */
export interface Piece {
  /** Shape of the sum, before padding and pools. */
  readonly shape: Shape;
  readonly parts: readonly FoldedSynapse[];
  /** One for all, one per channel, or one per element. */
  readonly bias: Float64Array;
  readonly padding: Padding | null;
  /** Pools of a sum before its ReLU. They are moved after the ReLU, which is monotone, so nothing changes. */
  readonly pools: readonly MaxPoolNode[];
  /** Place of its elements in the value. */
  readonly place: Place;
  /** The node and place of these values, from which the scale is calibrated. */
  readonly origin: Omit<Activation, "side">;
  /** Name for its neurons: the weighted node's or the sum's. */
  readonly name: string | null;
}

/** Properties of a source of spikes. */
export interface Source {
  readonly shape: Shape;
  /** Whether its values can be negative. */
  readonly signed: boolean;
  /** Whether a max pool can read it. */
  readonly poolable: boolean;
  /**
   * Sources of one group depend monotonically on one value, so the max pool of their sum is the sum of their max pools.
   */
  readonly group: string;
}

export function wholePlace(size: number): Place {
  return { offset: 0, block: size, stride: size };
}

export function placed({ offset, block, stride }: Place, index: number): number {
  return Math.floor(index / block) * stride + offset + (index % block);
}

/** A piece that is one source, unchanged. */
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

/** Whether a piece has no weighted part: all its sources are spikes already. */
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

/** Shape of a piece after padding and pools. */
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

/** Values per channel of the whole value, selected for the piece: one for all, per channel, or per element. */
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

/** Combines two arrays elementwise; the shorter one repeats. */
export function combined(a: Float64Array, b: Float64Array, f: (a: number, b: number) => number): Float64Array {
  const length = Math.max(a.length, b.length);
  const [left, right] = [repeated(a, length), repeated(b, length)];
  return left.map((value, index) => f(value, right[index]));
}

export function isZero(values: Float64Array): boolean {
  return values.every((value) => value === 0);
}

/** The value with each of its pieces changed. */
export function eachPiece(value: Value, change: (piece: Piece) => Piece): Value {
  return { ...value, pieces: value.pieces.map(change) };
}
