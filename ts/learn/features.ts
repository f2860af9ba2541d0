// Activations of a ReLU network's first output for images, in parts, so that memory stays small.
import { checkFunction, checkSignal } from "../check.ts";
import { createFloatPass } from "../engine/passes/float.ts";
import { throwIfAborted } from "../errors.ts";
import type { ReluNetwork } from "../relu/network.ts";

const imagesPerPart = 256;

export interface Progress {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** @throws {LlifError} ARGUMENT */
export function checkProgress(place: string, { signal, onProgress }: Progress): void {
  checkSignal(`${place}: signal`, signal);
  if (onProgress !== undefined) checkFunction(`${place}: onProgress`, onProgress);
}

/**
 * @param images shape [images, inputs], pixels.
 * @param take gets the activations, shape [part, units], of images from `first` on; they hold until it returns.
 */
export async function eachActivation(
  network: ReluNetwork,
  images: Uint8Array,
  inputs: number,
  take: (activations: Float32Array, first: number, count: number) => void,
  { signal, onProgress }: Progress = {},
): Promise<void> {
  const pass = await createFloatPass(network);
  const total = images.length / inputs;
  try {
    for (let first = 0; first < total; first += imagesPerPart) {
      throwIfAborted(signal);
      const count = Math.min(imagesPerPart, total - first);
      const { outputs } = pass.run(images.subarray(first * inputs, (first + count) * inputs), count);
      take(outputs[network.outputs[0]], first, count);
      onProgress?.(first + count, total);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  } finally {
    pass.dispose();
  }
}
