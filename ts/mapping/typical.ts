// Estimates usual activations from the weights alone, to judge how loose analytic scales are.
import type { ReluNetwork } from "../relu/network.ts";
import { channelsOf, sizeOf, type Shape } from "../tensor.ts";
import { forEachWeight } from "../spiking/weights.ts";
import type { FoldedNetwork } from "./fold/graph.ts";
import { pooledSource } from "./sources.ts";

/** Moments by channel. */
interface Moments {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/**
 * Root mean square of each channel's activation, by layer, assuming independent values and normal sums. Real inputs are
 * correlated, so real values are a few times larger.
 */
export function typicalActivations(
  relu: ReluNetwork,
  folded: FoldedNetwork,
  inputRange?: number,
): Map<string, Float64Array> {
  const pixel = 255 * relu.convention.scale;
  const input: Moments =
    inputRange === undefined
      ? { mean: Float64Array.of(pixel / 2), variance: Float64Array.of(pixel ** 2 / 12) }
      : { mean: Float64Array.of(0), variance: Float64Array.of(inputRange ** 2 / 3) };
  const moments = new Map([[folded.input.name, input]]);
  const shapes = new Map<string, Shape>([
    [folded.input.name, folded.input.shape],
    ...folded.nodes.map(({ name, shape }) => [name, shape] as const),
  ]);
  const typical = new Map<string, Float64Array>();
  for (const node of folded.nodes) {
    if (node.kind === "output") continue;
    if (node.kind === "pool") {
      const { mean, variance } = moments.get(node.from) as Moments;
      const { members } = pooledSource(node, node.multiplicity, {
        shape: shapes.get(node.from) as Shape,
        unit: Float64Array.of(1),
        shift: null,
        smallest: 0,
        largest: 1,
        members: 1,
      });
      moments.set(node.name, {
        mean: mean.map((value) => value * members),
        variance: variance.map((value) => value * members),
      });
      continue;
    }
    const channels = channelsOf(node.shape);
    const [mean, variance] = [new Float64Array(channels), new Float64Array(channels)];
    node.bias.forEach((bias, index) => (mean[index % channels] += (bias * channels) / node.bias.length));
    for (const { from, linear } of node.synapses) {
      const source = moments.get(from) as Moments;
      const rows =
        linear.kind === "dense" ? sizeOf(node.shape) : linear.kind === "identity" ? linear.weights.length : channels;
      const share = channels / Math.max(channels, rows);
      forEachWeight(linear, node.shape, (output, place, weight) => {
        const channel = place % source.mean.length;
        mean[output % channels] += weight * source.mean[channel] * share;
        variance[output % channels] += weight ** 2 * source.variance[channel] * share;
      });
    }
    const clipped = mean.map(() => 0);
    const squares = mean.map((value, channel) => {
      const deviation = Math.sqrt(variance[channel]);
      if (!node.rectified) return ((clipped[channel] = value), value ** 2 + variance[channel]);
      // A complement represents values below zero.
      const sign = node.complement ? -1 : 1;
      const [first, second] = rectifiedMoments(sign * value, deviation);
      clipped[channel] = sign * first;
      return second;
    });
    moments.set(node.name, {
      mean: clipped,
      variance: squares.map((square, channel) => Math.max(0, square - clipped[channel] ** 2)),
    });
    typical.set(node.name, squares.map(Math.sqrt));
  }
  return typical;
}

/**
 * E[max(0, z)] and E[max(0, z)²] of a normal z; its distribution function is approximated by a logistic one, within 1
 * %.
 */
function rectifiedMoments(mean: number, deviation: number): [number, number] {
  if (deviation === 0) return [Math.max(0, mean), Math.max(0, mean) ** 2];
  const ratio = mean / deviation;
  const density = (deviation * Math.exp(-(ratio ** 2) / 2)) / Math.sqrt(2 * Math.PI);
  const above = 1 / (1 + Math.exp(-1.702 * ratio));
  return [Math.max(0, density + mean * above), Math.max(0, (mean ** 2 + deviation ** 2) * above + mean * density)];
}
