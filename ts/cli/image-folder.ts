import { readdir, readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { LlifError, throwIfAborted } from "../errors.ts";
import { formatShape, sameShape, type Shape } from "../tensor.ts";
import { imageDataset, type ImageDataset } from "../data/dataset.ts";
import { decodeImage, type DecodedImage } from "../data/images.ts";
import { prepareImage, type PixelConvention } from "../data/prepare.ts";
import type { LoadOptions } from "./data-cache.ts";

export interface ImageFolderOptions extends LoadOptions {
  /** Brings each image to a model's input while it is read, so that a folder of mixed sizes can be used. */
  readonly prepare?: { readonly convention: PixelConvention; readonly shape: Shape };
  /** Class names of the model: labels are then indices into these, and each subfolder must bear one of them. */
  readonly classes?: readonly string[];
}

const imageEnding = /\.(png|jpe?g)$/i;

/**
 * Loads PNG and JPEG images that lie in one subfolder for each class, or, without labels, in the folder itself. Classes and
 * files are sorted by their names, by code unit.
 * @throws {LlifError} `FILE` when the folder cannot be read, `DATA` when it is empty, holds something else, or its images
 * differ in size, `FORMAT` when an image does not decode, `ABORTED`.
 */
export async function loadImageFolder(path: string, options: ImageFolderOptions = {}): Promise<ImageDataset> {
  const place = `image folder "${path}"`;
  const { classes, files, labelled } = await listImages(path, place, options.classes);
  const images: Uint8Array[] = [];
  let shape: readonly [number, number, number] | undefined;
  for (const { file } of files) {
    throwIfAborted(options.signal);
    const image = await readImage(file, options.prepare);
    shape ??= image.shape;
    if (!sameShape(image.shape, shape)) {
      throw new LlifError("DATA", `${place}: expected images of one shape, got ${formatShape(shape)} and, in "${file}", ${formatShape(image.shape)}`);
    }
    images.push(image.data);
    if (images.length % 100 === 0) options.onProgress?.(`reading ${images.length} of ${files.length} images`);
  }
  const pixels = new Uint8Array(images.reduce((total, image) => total + image.length, 0));
  images.forEach((image, index) => pixels.set(image, index * image.length));
  return imageDataset({
    name: basename(resolve(path)),
    split: "test",
    shape: shape ?? [0, 0, 0],
    images: pixels,
    labels: labelled ? Uint16Array.from(files, ({ label }) => label) : null,
    classes,
  });
}

async function readImage(file: string, prepare: ImageFolderOptions["prepare"]): Promise<DecodedImage> {
  const place = `image "${file}"`;
  const bytes = await readFile(file).catch((cause: Error) => {
    throw new LlifError("FILE", `${place}: cannot be read (${cause.message})`, { cause });
  });
  const image = decodeImage(bytes, place);
  return prepare === undefined ? image : prepareImage(image, prepare.convention, prepare.shape, place);
}

async function listImages(path: string, place: string, known: readonly string[] | undefined) {
  const folders = await list(path, place);
  const names = folders.filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
  const flat = folders.filter((entry) => entry.isFile() && imageEnding.test(entry.name)).map((entry) => entry.name).sort();
  if (names.length > 0 && flat.length > 0) {
    throw new LlifError("DATA", `${place}: expected images either in subfolders, one for each class, or without labels in the folder itself, got both ("${names[0]}", "${flat[0]}")`);
  }
  if (flat.length > 0) return { classes: known ?? [], files: flat.map((name) => ({ file: join(path, name), label: 0 })), labelled: false };
  const classes = known ?? names;
  const stray = names.find((name) => !classes.includes(name));
  if (stray !== undefined) {
    throw new LlifError("DATA", `${place}: expected subfolders named as the model's classes (${classes.slice(0, 10).join(", ")}), got "${stray}"`);
  }
  const files: { file: string; label: number }[] = [];
  for (const name of names) {
    const entries = (await list(join(path, name), place)).map((entry) => entry.name);
    const other = entries.find((entry) => !imageEnding.test(entry));
    if (other !== undefined) throw new LlifError("DATA", `${place}: expected only PNG and JPEG files, got "${join(name, other)}"`);
    if (entries.length === 0) throw new LlifError("DATA", `${place}: expected images in subfolder "${name}", got none`);
    for (const entry of entries.sort()) files.push({ file: join(path, name, entry), label: classes.indexOf(name) });
  }
  if (files.length === 0) throw new LlifError("DATA", `${place}: expected PNG or JPEG images, or a subfolder of them for each class, got none`);
  return { classes, files, labelled: true };
}

async function list(path: string, place: string) {
  try {
    return (await readdir(path, { withFileTypes: true })).filter((entry) => !entry.name.startsWith("."));
  } catch (cause) {
    throw new LlifError("FILE", `${place}: cannot be read (${cause instanceof Error ? cause.message : String(cause)})`, { cause });
  }
}
