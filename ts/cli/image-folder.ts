// Loads a folder of PNG and JPEG images as a data set.
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { LlifError, throwIfAborted } from "../errors.ts";
import { formatShape, sameShape, type Shape } from "../tensor.ts";
import { imageDataset, type ImageDataset } from "../data/dataset.ts";
import { decodeImage } from "../data/images.ts";
import type { DecodedImage } from "../data/decoded-image.ts";
import { prepareImage, type PixelConvention } from "../data/prepare.ts";
import type { LoadOptions } from "./data-cache.ts";
import { kindOf } from "./io.ts";

export interface ImageFolderOptions extends LoadOptions {
  /** Fits each image to a model's input when it is read, so that a folder of mixed sizes can be used. */
  readonly prepare?: { readonly convention: PixelConvention; readonly shape: Shape };
  /** Class names of the model: labels are then indices into them, and each subfolder must have one of these names. */
  readonly classes?: readonly string[];
  /** Called once with the names of other things in the folder, which are skipped. */
  readonly onSkip?: (message: string) => void;
}

const imageEnding = /\.(png|jpe?g)$/i;

/**
 * Loads PNG and JPEG images from one subfolder per class, or, without labels, from the folder itself. Classes and files
 * are sorted by name, by code unit.
 * @throws {LlifError} `FILE` if the folder cannot be read, `DATA` if it is empty, contains something else, or its
 * images differ in size, `FORMAT` if an image does not decode, `ABORTED`.
 */
export async function loadImageFolder(path: string, options: ImageFolderOptions = {}): Promise<ImageDataset> {
  const place = `image folder "${path}"`;
  const { classes, files, labelled } = await listImages(path, place, options);
  const images: Uint8Array[] = [];
  let shape: readonly [number, number, number] | undefined;
  for (const { file } of files) {
    throwIfAborted(options.signal);
    const image = await readImage(file, options.prepare);
    shape ??= image.shape;
    if (!sameShape(image.shape, shape)) {
      throw new LlifError(
        "DATA",
        `${place}: expected images of one shape, got ${formatShape(shape)} and, in "${file}", ${formatShape(image.shape)}`,
      );
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

async function listImages(path: string, place: string, { classes: known, onSkip }: ImageFolderOptions) {
  const entries = await list(path, place);
  const names = entries.filter(({ kind }) => kind === "folder").map(({ name }) => name);
  const flat = entries.filter(({ name, kind }) => kind === "file" && imageEnding.test(name)).map(({ name }) => name);
  if (names.length > 0 && flat.length > 0) {
    throw new LlifError(
      "DATA",
      `${place}: expected images either in subfolders, one for each class, or without labels in the folder itself, got both ("${names[0]}", "${flat[0]}")`,
    );
  }
  const skipped = entries
    .filter(({ name, kind }) => kind !== "folder" && !flat.includes(name))
    .map(({ name, kind }) => `"${name}"${kind === "file" ? "" : ` (a ${kind})`}`);
  if (skipped.length > 0)
    onSkip?.(
      `${place}: skipped ${skipped.slice(0, 5).join(", ")}${skipped.length > 5 ? ` and ${skipped.length - 5} more` : ""}: expected PNG and JPEG files, or folders of them`,
    );
  if (flat.length > 0)
    return { classes: known ?? [], files: flat.map((name) => ({ file: join(path, name), label: 0 })), labelled: false };
  const classes = known ?? names;
  const stray = names.find((name) => !classes.includes(name));
  if (stray !== undefined) {
    throw new LlifError(
      "DATA",
      `${place}: expected subfolders named as the model's classes (${classes.slice(0, 10).join(", ")}), got "${stray}"`,
    );
  }
  const files: { file: string; label: number }[] = [];
  for (const name of names) {
    const images = await list(join(path, name), place);
    const other = images.find((entry) => entry.kind !== "file" || !imageEnding.test(entry.name));
    if (other !== undefined)
      throw new LlifError(
        "DATA",
        `${place}: expected only PNG and JPEG files, got "${join(name, other.name)}"${other.kind === "file" ? "" : `, a ${other.kind}`}`,
      );
    if (images.length === 0) throw new LlifError("DATA", `${place}: expected images in subfolder "${name}", got none`);
    for (const image of images) files.push({ file: join(path, name, image.name), label: classes.indexOf(name) });
  }
  if (files.length === 0)
    throw new LlifError(
      "DATA",
      `${place}: expected PNG or JPEG images, or a subfolder of them for each class, got none`,
    );
  return { classes, files, labelled: true };
}

interface Entry {
  readonly name: string;
  /** Kind of the entry, or of the link's target: `file`, `folder`, `FIFO`, `socket`, `device`, `broken link`. */
  readonly kind: string;
}

/** Entries of a folder, sorted, without hidden ones. Links are followed one level, so they cannot form a circle. */
async function list(path: string, place: string): Promise<Entry[]> {
  try {
    const names = (await readdir(path)).filter((name) => !name.startsWith(".")).sort();
    return await Promise.all(
      names.map(async (name) => ({ name, kind: await stat(join(path, name)).then(kindOf, () => "broken link") })),
    );
  } catch (cause) {
    throw new LlifError(
      "FILE",
      `${place}: cannot be read (${cause instanceof Error ? cause.message : String(cause)})`,
      { cause },
    );
  }
}
