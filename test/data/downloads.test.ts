// The data sets that are downloaded: known counts and labels.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, type TestContext } from "vitest";
import { loadDataset, type DatasetName } from "../../ts/cli/data-cache.ts";
import { sample, slice, contentHash, type ImageDataset, type Split } from "../../ts/data/dataset.ts";
import { LlifError } from "../../ts/errors.ts";
import { requireOrSkip } from "../requires.ts";

/** Skips where the package manager is missing or offline; a wrong checksum or content still fails. */
async function load(context: TestContext, name: DatasetName, split: Split): Promise<ImageDataset> {
  let reason = "";
  const dataset = await loadDataset(name, split).catch((error: unknown) => {
    if (!(error instanceof LlifError) || !error.message.includes("cannot be fetched")) throw error;
    reason = error.message;
    return undefined;
  });
  return requireOrSkip(context, dataset, reason);
}

function histogram({ labels, classes }: ImageDataset): number[] {
  const counts = new Array<number>(classes.length).fill(0);
  for (const label of labels ?? []) counts[label]++;
  return counts;
}

describe("data sets that are fetched", () => {
  it("MNIST, test set: counts, first labels, histogram", { timeout: 120_000 }, async (context) => {
    const mnist = await load(context, "mnist", "test");
    expect(mnist).toMatchObject({ count: 10_000, shape: [28, 28, 1] });
    expect([...mnist.labels!.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4]);
    expect(histogram(mnist)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    expect(sample(mnist, 0).reduce((sum, pixel) => sum + pixel, 0)).toBe(18_454);
    expect(await contentHash(slice(mnist, 0, 9999))).not.toBe(await contentHash(mnist));
  });

  it("MNIST, training set", { timeout: 120_000 }, async (context) => {
    const mnist = await load(context, "mnist", "train");
    expect(mnist).toMatchObject({ count: 60_000, shape: [28, 28, 1] });
    expect([...mnist.labels!.subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
    expect(histogram(mnist)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  });

  it("Fashion-MNIST, both sets: balanced", { timeout: 240_000 }, async (context) => {
    const test = await load(context, "fashion-mnist", "test");
    expect(test).toMatchObject({ count: 10_000, shape: [28, 28, 1] });
    expect([...test.labels!.subarray(0, 5)]).toEqual([9, 2, 1, 1, 6]);
    expect(histogram(test)).toEqual(new Array(10).fill(1000));
    const train = await load(context, "fashion-mnist", "train");
    expect(train.count).toBe(60_000);
    expect(histogram(train)).toEqual(new Array(10).fill(6000));
  });

  it("CIFAR-10, both sets: balanced", { timeout: 240_000 }, async (context) => {
    const test = await load(context, "cifar10", "test");
    expect(test).toMatchObject({ count: 10_000, shape: [32, 32, 3] });
    expect([...test.labels!.subarray(0, 5)]).toEqual([3, 8, 8, 0, 6]);
    expect(histogram(test)).toEqual(new Array(10).fill(1000));
    const train = await load(context, "cifar10", "train");
    expect([...train.labels!.subarray(0, 5)]).toEqual([6, 9, 9, 4, 1]);
    expect(histogram(train)).toEqual(new Array(10).fill(5000));
  });

  it("an abort in the middle of npm leaves nothing", { timeout: 60_000 }, async () => {
    const cache = mkdtempSync(join(tmpdir(), "llif-abort-"));
    const saved = process.env.LLIF_CACHE;
    process.env.LLIF_CACHE = cache;
    try {
      const controller = new AbortController();
      const loading = loadDataset("mnist", "test", { signal: controller.signal });
      setTimeout(() => controller.abort(), 150);
      await expect(loading).rejects.toMatchObject({ code: "ABORTED" });
      expect(readdirSync(join(cache, "datasets", "mnist"))).toEqual([".unfinished"]);
      expect(readdirSync(join(cache, "datasets", "mnist", ".unfinished"))).toEqual([]);
    } finally {
      if (saved === undefined) delete process.env.LLIF_CACHE;
      else process.env.LLIF_CACHE = saved;
      rmSync(cache, { recursive: true, force: true });
    }
  });

  it("Ctrl-C in the middle of a fetch ends the process and leaves nothing", { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "llif-interrupt-"));
    const script = join(folder, "script.mjs");
    try {
      const source = `import { acquireFiles } from ${JSON.stringify(join(process.cwd(), "ts/cli/verified-files.ts"))};
        const obtain = () => new Promise(() => { console.log("started"); setInterval(() => {}, 1000); });
        await acquireFiles(process.argv[2], [{ name: "a", sha256: "" }], { place: "x", obtain });`;
      execFileSync("npx", ["esbuild", "--bundle", "--platform=node", "--format=esm", `--outfile=${script}`], {
        input: source,
        stdio: ["pipe", "ignore", "pipe"],
      });
      const cache = join(folder, "cache");
      const child = spawn(process.execPath, [script, cache], { stdio: ["ignore", "pipe", "inherit"] });
      await new Promise((resolve) => child.stdout.once("data", resolve));
      expect(readdirSync(join(cache, ".unfinished")).length).toBe(1);
      child.kill("SIGINT");
      const signal = await new Promise((resolve) => child.once("exit", (_, name) => resolve(name)));
      expect(signal).toBe("SIGINT");
      expect(readdirSync(join(cache, ".unfinished"))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
