// Measures activation maxima on calibration images, from which the mapping takes its scales.
import { throwIfAborted } from "../errors.ts";
import { contentHash, sha256, slice, type ImageDataset } from "../data/dataset.ts";
import { createFloatPass, type FloatPass } from "../engine/passes/float.ts";
import type { ActivationMaxima } from "../mapping/scales.ts";
import { followedActivations, type ToSpikingOptions } from "../mapping/to-spiking.ts";
import type { ReluNetwork } from "../relu/network.ts";
import { imagesOf } from "./data-files.ts";
import type { Io } from "./io.ts";
import type { ScaleName } from "./options.ts";
import { wasmHash } from "./provenance.ts";
import { keyOf, sealedCache } from "./sealed-cache.ts";
import { formatCount } from "./text.ts";

/** Images between two checks of the signal and two lines of progress. */
const batchSize = 64;

/** Calls `body` with the calibration of some images, and frees the float pass afterwards. */
export async function withCalibration<T>(
  model: ReluNetwork,
  scales: ScaleName,
  calibration: Calibration | null,
  io: Io,
  body: (options: ToSpikingOptions) => Promise<T>,
): Promise<T> {
  if (calibration === null) return body({});
  const { images, cached } = calibration;
  if (scales === "max") return body({ maxima: await maximaOf(model, images, cached, io), maximaImages: images.count });
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

/**
 * Kept for this process, because a sweep asks for them once per network, and in the user's cache folder under a hash of everything they
 * depend on.
 * @param cached whether files of the cache may be read and written.
 */
export async function maximaOf(
  model: ReluNetwork,
  images: ImageDataset,
  cached: boolean,
  io: Io,
): Promise<ActivationMaxima> {
  const known = keptMaxima.get(model);
  if (known?.images === images) return known.maxima;
  const { network, nodes } = followedActivations(model);
  const key = cached ? await maximaKey(network, nodes, images) : null;
  const stored = key === null ? null : await maximaCache.read(key);
  if (stored !== null) {
    const maxima = Object.fromEntries(nodes.map((node) => [node, Float32Array.from(stored[node], lifted)]));
    keptMaxima.set(model, { images, maxima });
    return maxima;
  }
  const pass = await createFloatPass(network, { maxima: nodes });
  try {
    await runAll(pass, model, images, io);
    const maxima = pass.maxima();
    keptMaxima.set(model, { images, maxima });
    const values = nodes.flatMap((node) => Array.from(maxima[node]));
    if (key !== null && values.every((value) => Number.isFinite(value) || value === -Infinity))
      await maximaCache.write(
        key,
        Object.fromEntries(nodes.map((node) => [node, Array.from(maxima[node], (value) => lowered(value))])),
      );
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

/** Of about 30 kB each. */
const mostFiles = 500;

/** By node; null: no value was seen, −Infinity, which JSON does not have. */
type StoredMaxima = Readonly<Record<string, readonly (number | null)[]>>;

const lifted = (value: number | null): number => value ?? -Infinity;
const lowered = (value: number): number | null => (Number.isFinite(value) ? value : null);

const maximaCache = sealedCache<StoredMaxima>("maxima", mostFiles, (stored) =>
  Object.values(stored).every(Array.isArray),
);

async function maximaKey(network: ReluNetwork, nodes: readonly string[], images: ImageDataset): Promise<string> {
  const arrays: ArrayBufferView[] = [];
  const structure = JSON.stringify(network, (_, value: unknown) =>
    ArrayBuffer.isView(value) ? { array: arrays.push(value) } : value,
  );
  const bytesOf = (view: ArrayBufferView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return keyOf({
    kind: "maxima",
    version: 1,
    wasm: await wasmHash(),
    structure,
    arrays: await Promise.all(arrays.map((view) => sha256(bytesOf(view)))),
    nodes,
    images: await contentHash(images),
  });
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
  /** Whether what is measured on the images is kept on disk. */
  readonly cached: boolean;
}
