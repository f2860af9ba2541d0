// Compares the first classes (top-k) of two networks.
import { slice, type ImageDataset } from "../data/dataset.ts";
import { throwIfAborted } from "../errors.ts";
import { outputsOf, type SpikingNetwork } from "../spiking/network.ts";
import { sizeOf } from "../tensor.ts";
import type { ForwardPass, TwinCounter } from "./contenders.ts";

/** Number of images with the same first classes in the float and the spiking network. */
export interface TopClassesReport {
  /** k of top-k. */
  readonly classes: number;
  readonly samples: number;
  /** Images with the same k classes in the same order; `sameSet`: in any order. */
  readonly sameOrder: number;
  readonly sameSet: number;
}

const batchSize = 8;

/** Indices of the k largest logits, largest first; ties: the lowest index first. */
export function topIndices(logits: ArrayLike<number>, k: number): number[] {
  const order = Array.from({ length: logits.length }, (_, index) => index);
  return order.sort((a, b) => logits[b] - logits[a] || a - b).slice(0, k);
}

/**
 * Compares the first `k` classes of the float network and the quantised twin, whose classes are the spiking network's
 * if no count differs.
 * @throws {LlifError} ABORTED.
 */
export async function compareTopClasses(
  network: SpikingNetwork,
  contenders: { readonly forward: ForwardPass; readonly reluOutput: string; readonly twin: TwinCounter },
  data: ImageDataset,
  k: number,
  options: { readonly signal?: AbortSignal; readonly onProgress?: (done: number, total: number) => void } = {},
): Promise<TopClassesReport> {
  const [output] = outputsOf(network);
  const classes = sizeOf(output.shape);
  let [sameOrder, sameSet] = [0, 0];
  for (let first = 0; first < data.count; first += batchSize) {
    throwIfAborted(options.signal);
    const shard = slice(data, first, first + batchSize);
    const float = contenders.forward.run(shard.images, shard.count).outputs[contenders.reluOutput];
    const charges = contenders.twin.run(shard.images, shard.count).charges[output.name];
    for (let index = 0; index < shard.count; index++) {
      const logits = Float64Array.from(
        { length: classes },
        (_, at) => charges[index * classes + at] * output.unit[at % output.unit.length],
      );
      const spiking = topIndices(output.rectified ? logits.map((logit) => Math.max(0, logit)) : logits, k);
      const relu = topIndices(float.subarray(index * classes, (index + 1) * classes), k);
      if (relu.every((one, rank) => one === spiking[rank])) sameOrder++;
      if (relu.every((one) => spiking.includes(one))) sameSet++;
    }
    options.onProgress?.(first + shard.count, data.count);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return { classes: Math.min(k, classes), samples: data.count, sameOrder, sameSet };
}
