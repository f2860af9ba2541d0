// Opens what `--data` and `--calibration` name: a known data set, an image folder, or IDX files.
import { basename } from "node:path";
import { LlifError } from "../errors.ts";
import { checkInteger } from "../check.ts";
import { imageDataset, sample, slice, type ImageDataset, type Split } from "../data/dataset.ts";
import { datasetFromIdx } from "../data/mnist.ts";
import { prepareDataset } from "../data/prepare.ts";
import { pcg32 } from "../random.ts";
import { inputOf, type ReluNetwork } from "../relu/network.ts";
import { sizeOf } from "../tensor.ts";
import { datasetNames, loadDataset, type DatasetName } from "./data-cache.ts";
import { imagenetCalibration, imagenetNames, loadImagenet, type ImagenetName } from "./imagenet.ts";
import { loadImageFolder } from "./image-folder.ts";
import { exists, isFolder, readInput, type Io } from "./io.ts";

export interface DataRequest {
  /**
   * Name of a known set, a folder of images (labelled by subfolder, or flat and unlabelled), or an IDX file of images.
   */
  readonly data: string;
  readonly split: Split;
}

const knownNames: readonly string[] = [...datasetNames, ...imagenetNames];

export function isKnownDataset(name: string): name is DatasetName | ImagenetName {
  return knownNames.includes(name);
}

export function isImagenet(name: string): name is ImagenetName {
  return (imagenetNames as readonly string[]).includes(name);
}

/** The images of a known set that give the scales when `evaluated` is evaluated. */
export function calibrationFor(evaluated: DataRequest): DataRequest | null {
  if (isImagenet(evaluated.data)) return imagenetCalibration(evaluated.split);
  return isKnownDataset(evaluated.data) ? { data: evaluated.data, split: "train" } : null;
}

/**
 * Loads images in the form that the model takes.
 * @throws {LlifError} ARGUMENT for an unknown name; the loaders' errors.
 */
export async function openData(request: DataRequest, model: ReluNetwork, io: Io): Promise<ImageDataset> {
  const { data, split } = request;
  const input = inputOf(model).shape;
  const shape = input.length === 1 ? imageShape(input[0], model.convention.channelOrder) : input;
  const onProgress = (message: string) => io.progress(message);
  if (isKnownDataset(data)) {
    if (!isImagenet(data))
      return prepareDataset(await loadDataset(data, split, { signal: io.signal, onProgress }), model.convention, shape);
    return loadImagenet(data, split, {
      convention: model.convention,
      shape,
      classes: model.classes,
      outputs: outputCount(model),
      signal: io.signal,
      onProgress,
    });
  }
  if (await isFolder(data)) {
    const classes = model.classes.length === 0 ? undefined : model.classes;
    return loadImageFolder(data, {
      prepare: { convention: model.convention, shape },
      classes,
      signal: io.signal,
      onProgress,
      onSkip: (message) => io.err(`note: ${message}`),
    });
  }
  if (!(await exists(data))) {
    throw new LlifError(
      "DATA",
      `data set "${data}": expected ${knownNames.join(", ")}, a folder of images, or an IDX file; found none of these`,
    );
  }
  return prepareDataset(await openIdx(data, split, model), model.convention, shape);
}

/**
 * Loads images of a known set or of IDX files as they are, for a network that does not exist yet.
 * @throws {LlifError} ARGUMENT for anything else; the loaders' errors.
 */
export async function openRawData({ data, split }: DataRequest, io: Io): Promise<ImageDataset> {
  const known = datasetNames.find((name) => name === data);
  if (known !== undefined)
    return loadDataset(known, split, { signal: io.signal, onProgress: (message) => io.progress(message) });
  const labels = labelsBeside(data);
  if (isKnownDataset(data) || labels === data || !(await exists(data)))
    throw new LlifError(
      "DATA",
      `data set "${data}": expected ${datasetNames.join(", ")}, or an IDX file whose name holds "images-idx3", with "labels-idx1" beside it`,
    );
  const classes = Array.from({ length: 256 }, (_, index) => String(index));
  const all = datasetFromIdx(await readInput(data), await readInput(labels), { name: nameOfIdx(data), split, classes });
  const used = Array.from(all.labels ?? []).reduce((most, label) => Math.max(most, label + 1), 0);
  return { ...all, classes: classes.slice(0, used) };
}

/** Shape of the images for a model with a flat input: [784] takes 28×28 images, row by row. */
function imageShape(values: number, order: "RGB" | "BGR" | "gray"): readonly [number, number, number] {
  const channels = order === "gray" ? 1 : 3;
  const side = Math.sqrt(values / channels);
  return Number.isInteger(side) ? [side, side, channels] : [1, values, 1];
}

function outputCount(model: ReluNetwork): number {
  return sizeOf(model.nodes.find((node) => node.name === model.outputs[0])?.shape ?? [0]);
}

/** Paths of the single files that `openData` reads for data and calibration. */
export function dataFiles({ data, calibration }: { readonly data?: string; readonly calibration?: string }): string[] {
  return [data, calibration].flatMap((path) =>
    path === undefined || isKnownDataset(path) ? [] : [path, labelsBeside(path)],
  );
}

function labelsBeside(path: string): string {
  return path.replace("images-idx3", "labels-idx1");
}

async function openIdx(path: string, split: Split, model: ReluNetwork): Promise<ImageDataset> {
  const labels = labelsBeside(path);
  if (labels === path)
    throw new LlifError(
      "DATA",
      `"${path}": expected an IDX file whose name holds "images-idx3", with "labels-idx1" beside it`,
    );
  const classes =
    model.classes.length > 0 ? model.classes : Array.from({ length: outputCount(model) }, (_, index) => String(index));
  return datasetFromIdx(await readInput(path), await readInput(labels), { name: nameOfIdx(path), split, classes });
}

function nameOfIdx(path: string): string {
  return basename(path).replace(/-?images-idx3.*$/, "") || basename(path);
}

/** The first images, or random ones by a seeded generator (PCG32, Fisher–Yates). */
export function takeImages(data: ImageDataset, count: number, seed: number | undefined): ImageDataset {
  checkInteger("number of calibration images", count, 1);
  if (seed === undefined || count >= data.count) return slice(data, 0, count);
  const random = pcg32(checkInteger("--seed", seed, 0));
  const order = Uint32Array.from({ length: data.count }, (_, index) => index);
  const images = new Uint8Array(count * sizeOf(data.shape));
  const labels = new Uint16Array(count);
  for (let taken = 0; taken < count; taken++) {
    const at = taken + Math.floor((random() / 2 ** 32) * (data.count - taken));
    [order[taken], order[at]] = [order[at], order[taken]];
    images.set(sample(data, order[taken]), taken * sizeOf(data.shape));
    if (data.labels !== null) labels[taken] = data.labels[order[taken]];
  }
  return imageDataset({ ...data, images, labels: data.labels === null ? null : labels });
}

/** Number of images of `evaluated` that are also in `calibration`, pixel for pixel. */
export function countOverlap(calibration: ImageDataset, evaluated: ImageDataset): number {
  const key = (data: ImageDataset, index: number) => Buffer.from(sample(data, index)).toString("latin1");
  const seen = new Set<string>();
  for (let index = 0; index < calibration.count; index++) seen.add(key(calibration, index));
  let overlap = 0;
  for (let index = 0; index < evaluated.count; index++) if (seen.has(key(evaluated, index))) overlap++;
  return overlap;
}

export function* imagesOf(data: ImageDataset): Generator<Uint8Array> {
  for (let index = 0; index < data.count; index++) yield sample(data, index);
}
