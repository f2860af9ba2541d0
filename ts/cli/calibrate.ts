// Measures activation maxima on calibration images, from which the mapping takes its scales.
import { throwIfAborted } from "../errors.ts";
import { slice, type ImageDataset } from "../data/dataset.ts";
import { createFloatPass, type FloatPass } from "../engine/passes.ts";
import type { ActivationMaxima } from "../mapping/scales.ts";
import { followedActivations, type ToSpikingOptions } from "../mapping/to-spiking.ts";
import type { ReluNetwork } from "../relu/network.ts";
import { imagesOf } from "./data-files.ts";
import type { Io } from "./io.ts";
import type { ScaleName } from "./options.ts";
import { formatCount } from "./text.ts";

/** Images between two checks of the signal and two lines of progress. */
const batchSize = 64;

/** Calls `body` with the calibration of some images, and frees the float pass afterwards. */
export async function withCalibration<T>(
  model: ReluNetwork,
  scales: ScaleName,
  images: ImageDataset | null,
  io: Io,
  body: (options: ToSpikingOptions) => Promise<T>,
): Promise<T> {
  if (images === null) return body({});
  if (scales === "max") return body({ maxima: await maximaOf(model, images, io), maximaImages: images.count });
  const { network, nodes } = followedActivations(model);
  const pass = await createFloatPass(network, { keep: nodes });
  try {
    return await body({
      calibration: imagesOf(images),
      pass,
      onProgress: (done) => io.progress(line(model, done, images.count)),
    });
  } finally {
    pass.dispose();
  }
}

/** Kept, because a sweep asks for them once per network. */
export async function maximaOf(model: ReluNetwork, images: ImageDataset, io: Io): Promise<ActivationMaxima> {
  const known = keptMaxima.get(model);
  if (known?.images === images) return known.maxima;
  const { network, nodes } = followedActivations(model);
  const pass = await createFloatPass(network, { maxima: nodes });
  try {
    await runAll(pass, model, images, io);
    const maxima = pass.maxima();
    keptMaxima.set(model, { images, maxima });
    return maxima;
  } finally {
    pass.dispose();
  }
}

async function runAll(pass: FloatPass, model: ReluNetwork, images: ImageDataset, io: Io): Promise<void> {
  for (let first = 0; first < images.count; first += batchSize) {
    throwIfAborted(io.signal);
    const batch = slice(images, first, first + batchSize);
    pass.run(batch.images, batch.count);
    io.progress(line(model, first + batch.count, images.count));
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

const keptMaxima = new WeakMap<ReluNetwork, { readonly images: ImageDataset; readonly maxima: ActivationMaxima }>();

function line(model: ReluNetwork, done: number, total: number): string {
  return `${model.name}: activation scales from ${formatCount(done)} of ${formatCount(total)} images`;
}

export interface Calibration {
  readonly name: string;
  readonly images: ImageDataset;
  /**
   * Images of the same set that are not used for scales, to choose the bits; null unless `--bits auto` asks for them.
   */
  readonly heldOut: ImageDataset | null;
}
