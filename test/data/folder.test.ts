// Image folders as data sets.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { encode } from "fast-png";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadImageFolder } from "../../ts/cli/image-folder.ts";
import { jpegGray } from "./fixtures.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "llif-images-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function put(path: string, bytes: Uint8Array): void {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), bytes);
}

/** A gray PNG of one value. */
const gray = (height: number, width: number, value: number): Uint8Array =>
  encode({ height, width, channels: 1, data: new Uint8Array(height * width).fill(value) });

describe("loadImageFolder", () => {
  it("labels by subfolder, everything sorted", async () => {
    put("dog/2.png", gray(2, 3, 20));
    put("dog/10.png", gray(2, 3, 10));
    put("cat/x.PNG", gray(2, 3, 5));
    put(".hidden/y.png", gray(1, 1, 1));
    put("cat/.DS_Store", new Uint8Array(1));
    const dataset = await loadImageFolder(folder);
    expect(dataset).toMatchObject({ name: basename(folder), classes: ["cat", "dog"], count: 3, shape: [2, 3, 1] });
    expect([...dataset.labels!]).toEqual([0, 1, 1]);
    expect([...dataset.images].filter((_, index) => index % 6 === 0)).toEqual([5, 10, 20]);
  });

  it("takes a flat folder as images without labels, and refuses a mixture", async () => {
    put("2.png", gray(2, 3, 20));
    put("10.png", gray(2, 3, 10));
    put("notes.txt", new Uint8Array(3));
    const dataset = await loadImageFolder(folder, { classes: ["cat", "dog"] });
    expect(dataset).toMatchObject({ count: 2, shape: [2, 3, 1], labels: null, classes: ["cat", "dog"] });
    expect([dataset.images[0], dataset.images[6]]).toEqual([10, 20]);
    put("cat/1.png", gray(2, 3, 5));
    await expect(loadImageFolder(folder)).rejects.toMatchObject({
      code: "DATA",
      message: expect.stringMatching(/either in subfolders, .* or without labels .* got both \("cat", "10\.png"\)/),
    });
  });

  it.runIf(process.platform !== "win32")("follows links to folders and images, and says what it skips", async () => {
    put("real/dog/1.png", gray(2, 3, 20));
    put("set/cat/1.png", gray(2, 3, 5));
    symlinkSync("../../real/dog/1.png", join(folder, "set/cat/2.png"));
    symlinkSync("../real/dog", join(folder, "set/dog"));
    symlinkSync("nowhere", join(folder, "set/lost"));
    put("set/notes.txt", new Uint8Array(3));
    execFileSync("mkfifo", [join(folder, "set/pipe.png")]);
    const skipped: string[] = [];
    const dataset = await loadImageFolder(join(folder, "set"), { onSkip: (message) => skipped.push(message) });
    expect(dataset).toMatchObject({ classes: ["cat", "dog"], count: 3 });
    expect([...dataset.labels!]).toEqual([0, 0, 1]);
    expect([...dataset.images].filter((_, index) => index % 6 === 0)).toEqual([5, 20, 20]);
    expect(skipped).toEqual([
      expect.stringContaining(
        'skipped "lost" (a broken link), "notes.txt", "pipe.png" (a FIFO): expected PNG and JPEG files, or folders of them',
      ),
    ]);
  });

  it.runIf(process.platform !== "win32")(
    "refuses pipes and circles inside a class, and does not wait for them",
    async () => {
      put("set/cat/1.png", gray(2, 3, 5));
      execFileSync("mkfifo", [join(folder, "set/cat/2.png")]);
      await expect(loadImageFolder(join(folder, "set"))).rejects.toThrow(
        /expected only PNG and JPEG files, got "cat\/2\.png", a FIFO/,
      );
      rmSync(join(folder, "set/cat/2.png"));
      symlinkSync("..", join(folder, "set/cat/up.png"));
      await expect(loadImageFolder(join(folder, "set"))).rejects.toThrow(/got "cat\/up\.png", a folder/);
    },
  );

  it("takes labels from the model's classes, and refuses others", async () => {
    put("7/a.png", gray(2, 2, 1));
    const classes = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    expect([...(await loadImageFolder(folder, { classes })).labels!]).toEqual([7]);
    put("seven/a.png", gray(2, 2, 1));
    await expect(loadImageFolder(folder, { classes })).rejects.toThrow(/named as the model's classes .*got "seven"/);
  });

  it("refuses mixed sizes, unless each image is prepared", async () => {
    put("a/1.png", gray(4, 4, 9));
    put("a/2.jpg", jpegGray);
    await expect(loadImageFolder(folder)).rejects.toMatchObject({
      code: "DATA",
      message: expect.stringMatching(/expected images of one shape, got \[4,4,1\] and, in ".*2\.jpg", \[9,11,1\]/),
    });
    const prepare = { convention: { channelOrder: "RGB", resize: [5, 5] }, shape: [5, 5, 3] } as const;
    expect(await loadImageFolder(folder, { prepare })).toMatchObject({ count: 2, shape: [5, 5, 3] });
  });

  it("refuses missing and empty folders, empty classes, other files, and images that do not decode", async () => {
    await expect(loadImageFolder(join(folder, "none"))).rejects.toMatchObject({ code: "FILE" });
    await expect(loadImageFolder(folder)).rejects.toMatchObject({
      code: "DATA",
      message: expect.stringMatching(/subfolder of them for each class, got none/),
    });
    mkdirSync(join(folder, "a"));
    await expect(loadImageFolder(folder)).rejects.toThrow(/expected images in subfolder "a", got none/);
    put("a/1.png", gray(4, 4, 9).subarray(0, 50));
    await expect(loadImageFolder(folder)).rejects.toMatchObject({
      code: "FORMAT",
      message: expect.stringMatching(/1\.png": truncated or corrupt PNG/),
    });
    put("a/notes.txt", new Uint8Array(3));
    await expect(loadImageFolder(folder)).rejects.toThrow(/expected only PNG and JPEG files, got "a.notes\.txt"/);
  });

  it("stops when aborted", async () => {
    put("a/1.png", gray(4, 4, 9));
    await expect(loadImageFolder(folder, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
  });
});
