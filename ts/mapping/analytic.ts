// Scales that need no images: interval bounds of every activation.
import type { ReluNetwork } from "../relu/network.ts";
import { channelsOf } from "../tensor.ts";
import type { FoldedNetwork } from "./fold/graph.ts";
import { forEachWeight } from "../spiking/weights.ts";
import { pooledSource, type CountSource } from "./sources.ts";
import { typicalActivations } from "./typical.ts";

/** Smallest and largest possible activation of each channel of a source. */
interface Range {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/**
 * s = (Σ w⁺·s_source + b)⁺, and likewise for negative sides. Never clips pixels in 0…255 or values within `inputRange`.
 * @see docs/mathematics.md, scales
 */
export function analyticScales(
  relu: ReluNetwork,
  folded: FoldedNetwork,
  inputRange?: number,
): Map<string, Float64Array> {
  const input: Range =
    inputRange === undefined
      ? { low: Float64Array.of(0), high: Float64Array.of(255 * relu.convention.scale) }
      : { low: Float64Array.of(-inputRange), high: Float64Array.of(inputRange) };
  const ranges = new Map<string, Range>([[folded.input.name, input]]);
  const scales = new Map<string, Float64Array>();
  const shapes = new Map([
    [folded.input.name, folded.input.shape],
    ...folded.nodes.map((node) => [node.name, node.shape] as const),
  ]);
  for (const node of folded.nodes) {
    if (node.kind === "pool") {
      const range = ranges.get(node.from) as Range;
      const one: CountSource = {
        shape: shapes.get(node.from) ?? [],
        unit: Float64Array.of(1),
        shift: null,
        smallest: 0,
        largest: 1,
        members: 1,
      };
      const members = pooledSource(node, node.multiplicity, one).largest;
      ranges.set(node.name, {
        low: range.low.map((value) => Math.min(value, value * members)),
        high: range.high.map((value) => value * members),
      });
      continue;
    }
    const channels = channelsOf(node.shape);
    const high = new Float64Array(channels).fill(-Infinity);
    const low = new Float64Array(channels).fill(Infinity);
    node.bias.forEach((bias, index) => {
      high[index % channels] = Math.max(high[index % channels], bias);
      low[index % channels] = Math.min(low[index % channels], bias);
    });
    for (const { from, linear } of node.synapses) {
      const range = ranges.get(from) as Range;
      const [most, least] = [new Float64Array(channels), new Float64Array(channels)];
      const diagonal = linear.kind === "identity";
      forEachWeight(linear, node.shape, (output, input, weight) => {
        const channel = output % channels;
        const a = weight * range.low[input % range.low.length];
        const b = weight * range.high[input % range.high.length];
        most[channel] = diagonal ? Math.max(most[channel], a, b) : most[channel] + Math.max(0, a, b);
        least[channel] = diagonal ? Math.min(least[channel], a, b) : least[channel] + Math.min(0, a, b);
      });
      for (let channel = 0; channel < channels; channel++) {
        high[channel] += most[channel];
        low[channel] += least[channel];
      }
    }
    if (node.kind === "output") continue;
    const positive = high.map((value) => Math.min(node.ceiling, Math.max(0, value)));
    const negative = low.map((value) => Math.max(0, -value));
    const { side } = node.activation ?? { side: "both" };
    if (node.activation === null) {
      ranges.set(node.name, ranges.get(folded.input.name) as Range);
    } else if (node.complement) {
      scales.set(node.name, negative);
      ranges.set(node.name, { low: negative.map((value) => -value), high: new Float64Array(channels) });
    } else if (side === "both") {
      const both = positive.map((value, channel) => Math.max(value, negative[channel]));
      scales.set(node.name, both);
      ranges.set(node.name, { low: both.map((value) => -value), high: both });
    } else {
      // A negative side has negated weights, so its positive part counts.
      scales.set(node.name, positive);
      ranges.set(node.name, { low: new Float64Array(channels), high: positive });
    }
  }
  return scales;
}

/** Calibrated scales are about eight times the root mean square of the activations. */
const usualRatio = 8;

/** How far the bounds are above usual values. */
export interface BoundLoss {
  /** The layer with the loosest bounds, judged by its best channel. */
  readonly layer: string;
  /** Log2 of the scale relative to a usual calibrated scale. */
  readonly bits: number;
  /** The cost, and what to do instead. */
  readonly advice: string;
}

/** Bounds grow layer by layer. Null if they lose at most two bits, or if T leaves eight bits besides. */
export function boundLoss(
  relu: ReluNetwork,
  folded: FoldedNetwork,
  scales: ReadonlyMap<string, Float64Array>,
  levels: number,
  inputRange?: number,
): BoundLoss | null {
  const typical = typicalActivations(relu, folded, inputRange);
  let [worst, layer] = [0, ""];
  for (const node of folded.nodes) {
    const scale = scales.get(node.name);
    if (node.kind !== "layer" || scale === undefined || node.activation?.side === "negative") continue;
    const values = typical.get(node.name) as Float64Array;
    // Channels that are always zero need no levels.
    const least =
      scale.reduce(
        (best, bound, channel) => (values[channel] > 0 && bound > 0 ? Math.min(best, bound / values[channel]) : best),
        Infinity,
      ) / usualRatio;
    if (least < Infinity && least > worst) [worst, layer] = [least, node.name];
  }
  const bits = Math.ceil(Math.log2(worst));
  if (!(bits > 2) || levels >= 2 ** (8 + bits) - 1) return null;
  const advice = `scales "analytic": bounds from the weights are about 2^${bits} times what values usually reach in layer "${layer}", so as much as calibrated scales carry in 8 bits would take ${8 + bits} bits, or 2^${8 + bits} ticks of rate; give calibration inputs (scales "max") instead`;
  return { layer, bits, advice };
}
