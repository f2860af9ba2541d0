// Folds pools and padding.
import { averageDivisors } from "../../relu/forward.ts";
import { forEachPooled } from "../../relu/windows.ts";
import type { AveragePoolNode, MaxPoolNode, Padding } from "../../relu/network.ts";
import { windowedExtents } from "../../relu/shapes.ts";
import { channelsOf, sizeOf, type Shape } from "../../tensor.ts";
import { addPadding, compressed, noPadding, repeated } from "./linear.ts";
import { isPoolable, type Neurons } from "./neurons.ts";
import { isZero, outerShape, type Piece, resizedPlace } from "./value.ts";
import { windowOf } from "./weighted.ts";

/** Pools the piece's sources instead of the piece; null if the maximum of the sum is not the sum of the maxima. */
export function maxPooled(piece: Piece, node: MaxPoolNode, neurons: Neurons): Piece | null {
  // Counts are never below a padded zero.
  const bare = piece.padding !== null && isZero(piece.bias) ? { ...piece, padding: null } : piece;
  if (!isPoolable(bare, neurons)) return null;
  if (piece.padding !== null && piece.parts.some(({ from }) => neurons.sources.get(from)?.signed)) return null;
  const shape = pooledShape(piece, node);
  if (piece.padding !== null && !(joinsPadding(piece, node) && everyWindowTouches(piece, piece.padding, node)))
    return null;
  const parts = piece.parts.map(({ from, linear }) => ({
    linear,
    from: emit(neurons, from, node, shape, piece.padding, "max", null),
  }));
  return { ...bare, shape, parts, place: resizedPlace(piece, sizeOf(shape)) };
}

/** Sums over windows with a common divisor, which goes into the scale. Smaller windows get a multiplicity. */
export function averaged(given: Piece, node: AveragePoolNode, neurons: Neurons): Piece {
  // One padding cannot have zeros that count in the divisor and others that do not.
  const joins =
    (node.countPadding || Object.values(node.padding).every((cells) => cells === 0)) && joinsPadding(given, node);
  const piece = joins ? given : padded(given, neurons);
  const inner = outerShape(piece);
  const divisors = averageDivisors(node, inner);
  const common = leastCommonMultiple(divisors);
  const multiplicity = divisors.every((divisor) => divisor === common)
    ? null
    : divisors.map((divisor) => common / divisor);
  const shape = pooledShape(piece, node);
  const parts = piece.parts.map(({ from, linear }) => ({
    from: emit(neurons, from, node, shape, piece.padding, "sum", multiplicity),
    linear: { ...linear, weights: linear.weights.map((weight) => weight / common) },
  }));
  return {
    ...piece,
    shape,
    parts,
    bias: averagedShift(piece, node, shape, divisors),
    padding: null,
    place: resizedPlace(piece, sizeOf(shape)),
  };
}

/** A pool with windows of one cell, to add zeros around the sources. */
export function padded(piece: Piece, neurons: Neurons): Piece {
  const { padding } = piece;
  if (padding === null) return piece;
  const shape = outerShape(piece);
  const window = { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], padding } as const;
  const parts = piece.parts.map(({ from, linear }) => {
    const name = neurons.uniqueName(`${from}.padded`, `${from}.padded ${piece.origin.node}`);
    neurons.addPool({ ...window, kind: "pool", name, shape, from, mode: "sum", multiplicity: null }, name);
    return { from: name, linear };
  });
  const channels = channelsOf(shape);
  const inside = repeated(piece.bias, sizeOf(piece.shape));
  const bias = new Float64Array(sizeOf(shape));
  if (!isZero(piece.bias))
    forEachPooled({ ...window }, piece.shape, shape, (output, input) => (bias[output] = inside[input]));
  return { ...piece, shape, parts, padding: null, bias: compressed(bias, channels) };
}

/** Whether the pool can take the piece's padding as its own without changing its number of windows. */
function joinsPadding(piece: Piece, node: MaxPoolNode | AveragePoolNode): boolean {
  if (piece.padding === null) return true;
  const window = { ...windowOf(node), padding: addPadding(node.padding, piece.padding) };
  const counts = [false, true].map((ceil) => windowedExtents(node.name, piece.shape, window, ceil));
  return [0, 1].every((axis) => counts.some((extents) => extents[axis] === node.shape[axis]));
}

/** Whether every window touches the input; a max pool of padding alone would have no members. */
function everyWindowTouches(piece: Piece, padding: Padding, node: MaxPoolNode): boolean {
  const touched = new Uint8Array(node.shape[0] * node.shape[1]);
  const window = { ...windowOf(node), padding: addPadding(node.padding, padding) };
  forEachPooled(
    window,
    [piece.shape[0], piece.shape[1], 1],
    [node.shape[0], node.shape[1], 1],
    (output) => (touched[output] = 1),
  );
  return touched.every((hit) => hit === 1);
}

function emit(
  neurons: Neurons,
  from: string,
  node: MaxPoolNode | AveragePoolNode,
  shape: Shape,
  padding: Padding | null,
  mode: "max" | "sum",
  multiplicity: Uint32Array | null,
): string {
  const name = neurons.uniqueName(node.name, `${node.name} ${from}`);
  const window = windowOf(node);
  neurons.addPool(
    {
      ...window,
      padding: addPadding(window.padding, padding ?? noPadding),
      kind: "pool",
      name,
      shape,
      from,
      mode,
      multiplicity,
    },
    node.name,
  );
  return name;
}

/** The pooled shape with the piece's channels, which may be only some of the node's. */
export function pooledShape(piece: Piece, node: MaxPoolNode | AveragePoolNode): Shape {
  return [node.shape[0], node.shape[1], channelsOf(piece.shape)];
}

function averagedShift(piece: Piece, node: AveragePoolNode, shape: Shape, divisors: Uint32Array): Float64Array {
  if (isZero(piece.bias)) return Float64Array.of(0);
  const channels = channelsOf(shape);
  const inside = repeated(piece.bias, sizeOf(piece.shape));
  const bias = new Float64Array(sizeOf(shape));
  const window = { ...windowOf(node), padding: addPadding(node.padding, piece.padding ?? noPadding) };
  forEachPooled(window, piece.shape, shape, (output, input) => (bias[output] += inside[input]));
  return compressed(
    bias.map((sum, index) => sum / divisors[Math.floor(index / channels)]),
    channels,
  );
}

function leastCommonMultiple(values: Uint32Array): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  return [...new Set(values)].reduce((multiple, value) => (multiple / divisor(multiple, value)) * value, 1);
}
