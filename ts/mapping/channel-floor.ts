// Least scales of channels, from the weights of their readers. A rescaling that does not change the network's function
// does not change the mapping.
import { largestSum } from "../spiking/charge-range.ts";
import { forEachWeight } from "../spiking/weights.ts";
import { sizeOf, type Shape } from "../tensor.ts";
import type { FoldedLayer, FoldedNetwork, FoldedOutput } from "./fold/graph.ts";
import type { Linear } from "./fold/linear.ts";

/** A source that can be read: a layer, or a pool of one. */
interface Readable {
  /** Largest value of each channel of the layer. */
  readonly largest: Float64Array;
  /** Number of the layer's values that one readable value adds up. */
  readonly members: number;
}

/**
 * The least scale of each channel, before any margin: a share of the value at which a reader would take as much from
 * the channel as from its loudest source, min over the reader's rows i of max_j(largest_j · |w_ij|) / |w_ic|, where |w|
 * is the largest weight of a row for a channel.
 *
 * A row is an output channel of the reader; all channels of an output are one row, because they are compared with each
 * other. If a row reads only this channel (residual sums, depthwise convolutions), or after pools, the reader's own
 * readers count. A silent channel without such readers gets the largest value that it takes from one source. No silent
 * channel gets less than a share of its bias, which could not be told in units of a far smaller scale.
 * @param largest value of each channel, by layer.
 * @see docs/mathematics.md, scales
 */
export function channelFloors(
  folded: FoldedNetwork,
  largest: ReadonlyMap<string, Float64Array>,
  share: number,
): Map<string, Float64Array> {
  const readables = readablesOf(folded, largest);
  const equal = equalValues(folded, readables);
  const floors = new Map<string, Float64Array>();
  for (const node of folded.nodes) {
    const readable = readables.get(node.name);
    if (node.kind !== "layer" || readable === undefined) continue;
    const taken = readable.largest.some((value) => value === 0) ? loudestOf(node, readables, 1) : null;
    const bias = largestBias(node, readable.largest.length);
    const floor = (equal.get(node.name) as Float64Array).map((value, channel) => {
      const least = readable.largest[channel] > 0 ? 0 : bias[channel] * leastOfBias;
      if (value < Infinity) return Math.max(value * share, least);
      if (readable.largest[channel] > 0 || taken === null) return 0;
      let most = 0;
      for (let row = channel; row < taken.length; row += readable.largest.length) most = Math.max(most, taken[row]);
      // Later layers use this value, because they may have been silent too.
      return (readable.largest[channel] = Math.max(most, least) || 1);
    });
    floors.set(node.name, floor);
  }
  return floors;
}

/** 16 bits of counts, and 12 of the bias in full scales, leave room in 32 for a threshold and the inputs. */
const leastOfBias = 2 ** -12;

function largestBias({ bias }: FoldedLayer, channels: number): Float64Array {
  const largest = new Float64Array(channels);
  bias.forEach((value, index) => {
    if (Math.abs(value) > largest[index % channels]) largest[index % channels] = Math.abs(value);
  });
  return largest;
}

/**
 * Per readable and channel, the value that counts as much as the loudest source; Infinity without a deciding reader.
 */
function equalValues(folded: FoldedNetwork, readables: ReadonlyMap<string, Readable>): Map<string, Float64Array> {
  const equal = new Map(
    [...readables].map(([name, { largest }]) => [name, new Float64Array(largest.length).fill(Infinity)]),
  );
  const lower = (name: string, channel: number, value: number): void => {
    const values = equal.get(name) as Float64Array;
    if (value < values[channel]) values[channel] = value;
  };
  for (const node of [...folded.nodes].reverse()) {
    const own = equal.get(node.name);
    if (node.kind === "pool") {
      own?.forEach((value, channel) => lower(node.from, channel, value));
      continue;
    }
    const loudest = loudestOf(node, readables, 0);
    for (const { from, linear } of node.synapses) {
      const readable = readables.get(from);
      if (readable === undefined) continue;
      const { largest, members } = readable;
      const through = own !== undefined && readsOneChannel(linear, largest.length);
      forEachWeight(linear, node.shape, (output, input, weight) => {
        const whole = through ? own[output % own.length] : loudest[output % loudest.length];
        if (weight !== 0 && whole > 0) lower(from, input % largest.length, whole / (Math.abs(weight) * members));
      });
    }
  }
  return equal;
}

/** Layers and pools of them. */
function readablesOf(folded: FoldedNetwork, largest: ReadonlyMap<string, Float64Array>): Map<string, Readable> {
  const readables = new Map<string, Readable>();
  const shapes = new Map<string, Shape>(folded.nodes.map(({ name, shape }) => [name, shape]));
  for (const node of folded.nodes) {
    if (node.kind === "pool") {
      const source = readables.get(node.from);
      if (source === undefined) continue;
      const cells = node.mode === "max" ? 1 : largestSum(node, node.multiplicity, shapes.get(node.from) as Shape);
      readables.set(node.name, { largest: source.largest, members: source.members * cells });
    } else if (node.kind === "layer" && largest.has(node.name)) {
      readables.set(node.name, {
        largest: (largest.get(node.name) as Float64Array).map((value) => Math.min(value, node.ceiling)),
        members: 1,
      });
    }
  }
  return readables;
}

/**
 * The most that each row of a node takes from one channel; 0 if all its sources were silent.
 * @param input the input's value.
 */
function loudestOf(
  node: FoldedLayer | FoldedOutput,
  readables: ReadonlyMap<string, Readable>,
  input: number,
): Float64Array {
  const rows = new Float64Array(node.kind === "output" ? 1 : sizeOf(node.shape));
  for (const { from, linear } of node.synapses) {
    const { largest, members } = readables.get(from) ?? { largest: Float64Array.of(input), members: 1 };
    forEachWeight(linear, node.shape, (output, source, weight) => {
      const row = output % rows.length;
      rows[row] = Math.max(rows[row], largest[source % largest.length] * Math.abs(weight) * members);
    });
  }
  return rows;
}

/** Whether each channel of the reader reads only one of `channels` channels. */
function readsOneChannel(linear: Linear, channels: number): boolean {
  return linear.kind === "identity" || (linear.kind !== "dense" && linear.groups === channels);
}
