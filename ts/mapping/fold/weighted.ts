// Folds dense layers and convolutions.
import type { Conv2dNode, ConvTranspose2dNode, DenseNode, Padding, Window2d } from "../../relu/network.ts";
import { channelsOf, sameShape, sizeOf, type Shape } from "../../tensor.ts";
import type { FoldedSynapse } from "./graph.ts";
import {
  addPadding,
  applyLinear,
  compressed,
  type Linear,
  mapWeights,
  noPadding,
  repeated,
  ungrouped,
  type Windowed,
} from "./linear.ts";
import { isZero, outerShape, type Piece, placed, type Value, wholePlace } from "./value.ts";

/** W·x + b of a value whose pieces have no weights and, for a dense layer, no padding: one synapse per source. */
export function foldWeighted(node: DenseNode | WindowedNode, value: Value): Piece {
  const outputs = channelsOf(node.shape);
  const bias = repeated(Float64Array.from(node.bias), outputs).slice();
  const parts: FoldedSynapse[] = [];
  let shifts: Float64Array | null = null;
  for (const piece of value.pieces) {
    const linear = node.kind === "dense" ? denseOf(node, piece) : windowedOf(node, value.shape, piece);
    for (const part of piece.parts)
      parts.push({ from: part.from, linear: scaled(linear, node.shape, part.linear.weights) });
    if (isZero(piece.bias)) continue;
    const shift = applyLinear(linear, repeated(piece.bias, sizeOf(piece.shape)), piece.shape, node.shape);
    shifts = shifts === null ? shift : shifts.map((term, index) => term + shift[index]);
  }
  const place = wholePlace(sizeOf(node.shape));
  return {
    shape: node.shape,
    parts,
    bias:
      shifts === null
        ? bias
        : compressed(
            shifts.map((term, index) => term + bias[index % outputs]),
            outputs,
          ),
    padding: null,
    pools: [],
    place,
    origin: { node: node.name, place, size: sizeOf(node.shape) },
    name: node.name,
  };
}

export type WindowedNode = Conv2dNode | ConvTranspose2dNode;

export function windowOf({ kernel, stride, dilation, padding }: Window2d): Window2d {
  return { kernel, stride, dilation, padding };
}

/** Columns of the weights that read this piece. */
function denseOf(node: DenseNode, piece: Piece): Linear {
  const inputs = sizeOf(piece.shape);
  const [outputs, all] = node.weights.shape;
  const { data } = node.weights;
  if (inputs === all) return { kind: "dense", weights: Float64Array.from(data) };
  const weights = new Float64Array(outputs * inputs);
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++)
      weights[output * inputs + input] = data[output * all + placed(piece.place, input)];
  }
  return { kind: "dense", weights };
}

/** The part of the convolution that reads this piece's channels, with the piece's padding added. */
function windowedOf(node: WindowedNode, whole: Shape, piece: Piece): Windowed {
  const all = channelsOf(whole);
  const channels = channelsOf(piece.shape);
  const outputs = channelsOf(node.shape);
  const linear: Windowed = {
    ...windowOf(node),
    kind: node.kind,
    groups: node.groups,
    weights: Float64Array.from(node.weights.data),
  };
  const padded = { ...linear, padding: paddingOf(linear, piece.padding ?? noPadding) };
  if (channels === all) return padded;
  const { offset } = piece.place;
  const { weights, ...rest } = ungrouped(padded, all, outputs);
  const taps = node.kernel[0] * node.kernel[1];
  const part = new Float64Array(taps * channels * outputs);
  for (let tap = 0; tap < taps; tap++)
    part.set(
      weights.subarray((tap * all + offset) * outputs, (tap * all + offset + channels) * outputs),
      tap * channels * outputs,
    );
  return { ...rest, weights: part };
}

/** Adds the input's padding to a convolution's. A transposed one cannot take it, so its input is padded first. */
function paddingOf(linear: Windowed, padding: Padding): Padding {
  return linear.kind === "conv2d" ? addPadding(linear.padding, padding) : linear.padding;
}

/** Multiplies weights by the scale of their source element. */
function scaled(linear: Linear, to: Shape, scale: Float64Array): Linear {
  if (scale.every((factor) => factor === 1)) return linear;
  return mapWeights(linear, to, (weight, _output, input) => weight * scale[input % scale.length]);
}

/**
 * Multiplies the rows of a sum by `scale`, repeated; null if the weights are shared between rows of different scale.
 */
export function scaleOutputs(piece: Piece, scale: Float64Array): Piece | null {
  const channels = channelsOf(piece.shape);
  if (
    scale.length > channels &&
    piece.parts.some(({ linear }) => linear.kind === "conv2d" || linear.kind === "convTranspose2d")
  )
    return null;
  const parts = piece.parts.map(({ from, linear }) => {
    const room: Linear =
      linear.kind === "identity" ? { kind: "identity", weights: repeated(linear.weights, scale.length) } : linear;
    return { from, linear: mapWeights(room, piece.shape, (weight, output) => weight * scale[output % scale.length]) };
  });
  return {
    ...piece,
    parts,
    bias: repeated(piece.bias, scale.length).map((term, index) => term * scale[index % scale.length]),
  };
}

/** Embeds the piece's sum into a larger tensor with zeros elsewhere; null if its synapses cannot express that. */
export function placeParts(
  piece: Piece,
  whole: Shape,
  shapeOf: (source: string) => Shape,
): readonly FoldedSynapse[] | null {
  const shape = outerShape(piece);
  if (sizeOf(shape) === sizeOf(whole)) return piece.parts;
  const [channels, all] = [channelsOf(shape), channelsOf(whole)];
  const { offset, block } = piece.place;
  const parts: FoldedSynapse[] = [];
  for (const { from, linear } of piece.parts) {
    const diagonal = linear.kind === "identity";
    const image =
      whole.length === 3 &&
      block === channels &&
      (!diagonal || (linear.weights.length <= channels && sameShape(shapeOf(from), shape)));
    if (image && linear.kind !== "dense") {
      const source = channelsOf(shapeOf(from));
      const square: Windowed =
        linear.kind === "identity" ? pointwise(linear, channels) : ungrouped(linear, source, channels);
      const rows = square.weights.length / channels;
      const weights = new Float64Array(rows * all);
      for (let row = 0; row < rows; row++)
        weights.set(square.weights.subarray(row * channels, (row + 1) * channels), row * all + offset);
      parts.push({ from, linear: { ...square, weights } });
    } else if (whole.length === 1 && (linear.kind === "dense" || linear.kind === "identity")) {
      const inputs = sizeOf(shapeOf(from));
      const weights = new Float64Array(sizeOf(whole) * inputs);
      for (let output = 0; output < sizeOf(shape); output++) {
        const row = placed(piece.place, output) * inputs;
        if (linear.kind === "identity") weights[row + output] = linear.weights[output % linear.weights.length];
        else weights.set(linear.weights.subarray(output * inputs, (output + 1) * inputs), row);
      }
      parts.push({ from, linear: { kind: "dense", weights } });
    } else return null;
  }
  return parts;
}

/** An identity as a convolution with one tap. */
function pointwise(linear: Linear, channels: number): Windowed {
  const weights = new Float64Array(channels * channels);
  for (let channel = 0; channel < channels; channel++)
    weights[channel * channels + channel] = linear.weights[channel % linear.weights.length];
  return { kind: "conv2d", kernel: [1, 1], stride: [1, 1], dilation: [1, 1], padding: noPadding, groups: 1, weights };
}
