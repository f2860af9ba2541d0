// Counts the targets of each source element of a connection, for activity and energy.
import type { Window2d } from "../relu/network.ts";
import { forEachTap } from "../relu/windows.ts";
import type { Shape } from "../tensor.ts";
import { channelsOf, sizeOf } from "../tensor.ts";

/** A synapse, or a weighted node of a ReLU network. */
export type Connection =
  | { readonly kind: "dense"; readonly weights: ArrayLike<number> }
  | ({
      readonly kind: "conv2d" | "convTranspose2d";
      readonly weights: ArrayLike<number>;
      readonly groups: number;
    } & Window2d)
  | { readonly kind: "identity"; readonly weights: ArrayLike<number> };

/** Number of targets of each source element: all, and those with nonzero weights. */
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
  const { kernel, groups } = connection;
  const groupInputs = channels / groups;
  // Nonzero weights per tap and input channel, over the outputs of its group.
  const counted = new Float64Array(kernel[0] * kernel[1] * channels);
  for (let index = 0; index < weights.length; index++) {
    if (weights[index] === 0) continue;
    const group = Math.floor(((index % outputs) * groups) / outputs);
    const row = Math.floor(index / outputs);
    counted[Math.floor(row / groupInputs) * channels + group * groupInputs + (row % groupInputs)]++;
  }
  forEachTap(connection, from, to, connection.kind === "convTranspose2d", (_, input, tap) => {
    const source = input * channels;
    for (let channel = 0; channel < channels; channel++) {
      fanout.existing[source + channel] += outputs / groups;
      fanout.nonzero[source + channel] += counted[tap * channels + channel];
    }
  });
  return fanout;
}
