import type { Window2d } from "../relu/network.ts";
import type { Shape } from "../tensor.ts";
import { channelsOf, sizeOf } from "../tensor.ts";

/** What a synapse and a weighted node of a ReLU network have in common. */
export type Connection =
  | { readonly kind: "dense"; readonly weights: ArrayLike<number> }
  | ({
      readonly kind: "conv2d" | "convTranspose2d";
      readonly weights: ArrayLike<number>;
      readonly groups: number;
    } & Window2d)
  | { readonly kind: "identity"; readonly weights: ArrayLike<number> };

/** How many targets each source element has, in all and with a weight other than zero. */
export interface Fanout {
  readonly existing: Float64Array;
  readonly nonzero: Float64Array;
}

export function fanoutOf(connection: Connection, from: Shape, to: Shape): Fanout {
  const inputs = sizeOf(from);
  const fanout = { existing: new Float64Array(inputs), nonzero: new Float64Array(inputs) };
  const { weights } = connection;
  if (connection.kind === "identity") {
    fanout.existing.fill(1);
    for (let index = 0; index < inputs; index++) fanout.nonzero[index] = weights[index % weights.length] === 0 ? 0 : 1;
    return fanout;
  }
  if (connection.kind === "dense") {
    fanout.existing.fill(weights.length / inputs);
    for (let index = 0; index < weights.length; index++) if (weights[index] !== 0) fanout.nonzero[index % inputs]++;
    return fanout;
  }
  const channels = channelsOf(from);
  const outputs = channelsOf(to);
  const { kernel, stride, dilation, padding, groups } = connection;
  const groupInputs = channels / groups;
  // Weights other than zero of each tap and input channel, over the outputs of its group.
  const counted = new Float64Array(kernel[0] * kernel[1] * channels);
  for (let index = 0; index < weights.length; index++) {
    if (weights[index] === 0) continue;
    const group = Math.floor(((index % outputs) * groups) / outputs);
    const row = Math.floor(index / outputs);
    counted[Math.floor(row / groupInputs) * channels + group * groupInputs + (row % groupInputs)]++;
  }
  // A transposed convolution walks the same pairs with the roles of its two sides exchanged.
  const transposed = connection.kind === "convTranspose2d";
  const [rows, columns] = transposed ? from : to;
  const [bottom, right] = transposed ? to : from;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      for (let tap = 0; tap < kernel[0] * kernel[1]; tap++) {
        const y = row * stride[0] - padding.top + Math.floor(tap / kernel[1]) * dilation[0];
        const x = column * stride[1] - padding.left + (tap % kernel[1]) * dilation[1];
        if (y < 0 || y >= bottom || x < 0 || x >= right) continue;
        const source = (transposed ? row * columns + column : y * right + x) * channels;
        for (let channel = 0; channel < channels; channel++) {
          fanout.existing[source + channel] += outputs / groups;
          fanout.nonzero[source + channel] += counted[tap * channels + channel];
        }
      }
  return fanout;
}
