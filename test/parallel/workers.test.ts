// What a pool does with questions that cannot be posted, are cancelled, or break their worker.
import { spawnSync } from "node:child_process";
import { getEventListeners } from "node:events";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { RunInput } from "../../ts/engine/engine.ts";
import { createSimulator } from "../../ts/engine/create.ts";
import { pool } from "../../ts/parallel/pool.ts";
import { currentPlatform, providePlatform, type WorkerHandle } from "../../ts/platform.ts";
import { population, spikingNetwork } from "../../ts/spiking/builder.ts";
import { doomedNetwork } from "../boundary/doomed.ts";
import { tameWorkers } from "./tame.ts";

const platform = currentPlatform();
afterEach(() => {
  providePlatform(platform);
  vi.restoreAllMocks();
});

const network = population({ name: "one", weights: [[1, 2]], threshold: 1, ticks: 10 });
const good = Uint8Array.of(1, 2);
const counted = async (run: Promise<{ counts: Readonly<Record<string, ArrayLike<number>>> }>): Promise<number> =>
  (await run).counts.one[0];
const numbered = (index: number): Float32Array => Float32Array.of((index % 11) / 10, 0);
const engines = ["wasm", "reference"] as const;

async function expectedCounts(
  samples: readonly RunInput[],
  engine: (typeof engines)[number] = "wasm",
): Promise<number[]> {
  const simulator = await createSimulator(network, { engine });
  return samples.map((sample) => simulator.run(sample).counts.one[0]);
}

/** A real thread whose messages a test may see. */
function watchedWorkers(): { readonly handles: WorkerHandle[]; readonly ended: () => number } {
  const handles: WorkerHandle[] = [];
  let ended = 0;
  providePlatform({
    ...platform,
    spawnWorker() {
      const handle = platform.spawnWorker?.() as WorkerHandle;
      handles.push(handle);
      return { ...handle, terminate: () => (ended++, handle.terminate()) };
    },
  });
  return { handles, ended: () => ended };
}

describe("an input that cannot be posted", () => {
  const cyclic: { values: Uint8Array; self?: unknown } = { values: good };
  cyclic.self = cyclic;
  const inputs: Record<string, unknown> = {
    "holds a function": { values: good, label: () => "7" },
    "holds a symbol": { values: good, label: Symbol("seven") },
    "holds itself": cyclic,
    "throws as it is read": {
      values: good,
      get label() {
        throw new Error("not today");
      },
    },
    "is a function": () => good,
  };
  it.each(Object.entries(inputs))("that %s is refused, and its worker goes on", async (_, bad) => {
    using workers = await pool(network, { size: 1 });
    const refused = { name: "LlifError", code: "ARGUMENT" };
    await expect(workers.run(bad as RunInput)).rejects.toMatchObject(refused);
    expect(await counted(workers.run(good))).toBe(10);
    // Behind others, too: then it is posted as an answer comes.
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => counted(workers.run(index % 7 === 3 ? (bad as RunInput) : good))),
    );
    expect(all.map(({ status }) => status)).toEqual(
      Array.from({ length: 20 }, (_, index) => (index % 7 === 3 ? "rejected" : "fulfilled")),
    );
    await expect(workers.runBatch([good, good, bad as RunInput, good])).rejects.toMatchObject(refused);
    await expect(workers.run(good, { label: () => "7" } as object)).rejects.toMatchObject(refused);
    expect(await counted(workers.run(good))).toBe(10);
  });

  it("makes no pool where it is the network's or the recording's", async () => {
    await expect(pool({ ...network, note: () => "7" } as typeof network, { size: 2 })).rejects.toMatchObject({
      code: "ARGUMENT",
    });
  });
});

describe("a signal", () => {
  it("has one listener while runs and batches wait for it, and none afterwards", async () => {
    using workers = await pool(network, { size: 2 });
    const { signal } = new AbortController();
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const running = [
      ...Array.from({ length: 30 }, () => workers.run(good, { signal })),
      ...Array.from({ length: 30 }, () => workers.run(good, {}, signal)),
      workers.runBatch(
        Array.from({ length: 300 }, () => good),
        { signal },
      ),
    ];
    await Promise.resolve();
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    await Promise.all(running);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    await workers.runBatch([good], { signal });
    await expect(workers.run(new Uint8Array(7), { signal })).rejects.toMatchObject({ code: "SHAPE" });
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    expect(warned).not.toHaveBeenCalled();
  });

  it("that is aborted refuses all who wait for it, and no other; its listener goes", async () => {
    using workers = await pool(network, { size: 1 });
    const abort = new AbortController();
    const cancelled = [
      workers.run(good, { signal: abort.signal }),
      workers.runBatch([good, good], { signal: abort.signal }),
    ];
    const others = [counted(workers.run(good)), counted(workers.run(good))];
    abort.abort(new Error("enough"));
    for (const run of cancelled)
      await expect(run).rejects.toMatchObject({ code: "ABORTED", cause: { message: "enough" } });
    expect(await Promise.all(others)).toEqual([10, 10]);
    await expect(workers.run(good, {}, abort.signal)).rejects.toMatchObject({ code: "ABORTED" });
    expect(getEventListeners(abort.signal, "abort")).toHaveLength(0);
  });

  it("frees a worker that would be at work for long", async () => {
    const { handles } = watchedWorkers();
    // A minute and more.
    const long = spikingNetwork({ inputs: [400] })
      .population({
        name: "wide",
        weights: Array.from({ length: 2000 }, () => new Float32Array(400).fill(0.01)),
        threshold: 1,
      })
      .build();
    using workers = await pool(long, { size: 1 });
    const abort = new AbortController();
    const running = workers.run(new Float32Array(400).fill(1), { ticks: 2 ** 24, signal: abort.signal });
    const behind = workers.run(new Float32Array(400), { ticks: 1 });
    abort.abort();
    await expect(running).rejects.toMatchObject({ code: "ABORTED" });
    expect((await behind).statistics.spikes).toBe(0);
    expect(handles.length).toBe(2);
  });
});

describe("a worker whose engine failed", () => {
  it("is replaced: out of memory once, right the next time", async () => {
    const { handles, ended } = watchedWorkers();
    using workers = await pool(doomedNetwork(), { size: 1 });
    const input = Float32Array.of(1, 0.5);
    const few = (await createSimulator(doomedNetwork())).run(input);
    const [failed, ...then] = await Promise.allSettled([
      workers.run(Float32Array.of(1000, 0)),
      workers.run(input),
      workers.run(input),
    ]);
    expect(failed).toMatchObject({
      status: "rejected",
      reason: { code: "ENGINE", message: expect.stringContaining("memory") },
    });
    expect(then).toEqual([few, few].map((value) => ({ status: "fulfilled", value })));
    expect([handles.length, ended()]).toEqual([2, 1]);
  });

  it("and that dies whenever it starts again fails its pool's work, once for each question", async () => {
    let healthy = true;
    const tame = tameWorkers(({ kind }) => (kind === "simulator" ? !healthy : !healthy));
    using workers = await pool(network, { size: 2 });
    expect(await counted(workers.run(good))).toBe(10);
    healthy = false;
    await expect(workers.run(good)).rejects.toMatchObject({
      code: "ENGINE",
      message: expect.stringContaining("died as it started"),
    });
    const born = tame.born();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(tame.born()).toBe(born);
    healthy = true;
    expect(await counted(workers.run(good))).toBe(10);
  });

  it("or that cannot be made at all leaves no promise behind", async () => {
    let made = 0;
    const { spawnWorker } = platform;
    providePlatform({
      ...platform,
      spawnWorker() {
        if (++made === 2) throw new Error("no more threads");
        return spawnWorker?.() as WorkerHandle;
      },
    });
    await expect(pool(network, { size: 3 })).rejects.toMatchObject({
      code: "ENGINE",
      message: "workers: a worker could not be started: no more threads",
    });
  });
});

describe("samples", () => {
  it("of one array that is filled anew are those of the moment of the call", async () => {
    using workers = await pool(network, { size: 1 });
    const buffer = new Float32Array(2);
    const runs = Array.from({ length: 12 }, (_, index) => {
      buffer.set(numbered(index));
      return counted(workers.run({ values: buffer }));
    });
    buffer.fill(9);
    expect(await Promise.all(runs)).toEqual(
      await expectedCounts(Array.from({ length: 12 }, (_, index) => numbered(index))),
    );
  });

  it.each(engines)("of a generator are taken as workers come free, copied, and in order: %s", async (engine) => {
    using workers = await pool(network, { size: 2, engine });
    const buffer = new Float32Array(2);
    let given = 0;
    let mostAhead = 0;
    let done = 0;
    function* samples(): Generator<Float32Array> {
      for (; given < 2000; given++) {
        mostAhead = Math.max(mostAhead, given - done);
        buffer.set(numbered(given));
        yield buffer;
      }
    }
    const progress: number[][] = [];
    const results = await workers.runBatch(samples(), {
      onProgress: (...reached) => progress.push(reached) && ([done] = reached),
    });
    expect(results.map(({ counts }) => counts.one[0])).toEqual(
      await expectedCounts(
        Array.from({ length: 2000 }, (_, index) => numbered(index)),
        engine,
      ),
    );
    expect(mostAhead).toBeLessThan(300);
    expect(progress.at(-1)).toEqual([2000, 2000]);
    expect(progress.every(([reached, total]) => reached <= total)).toBe(true);
  });

  it("of a generator without end can be cancelled, and the generator is closed", async () => {
    using workers = await pool(network, { size: 2 });
    const abort = new AbortController();
    let closed = false;
    function* endless(): Generator<Uint8Array> {
      try {
        for (;;) yield good;
      } finally {
        closed = true;
      }
    }
    await expect(
      workers.runBatch(endless(), { signal: abort.signal, onProgress: (done) => done > 200 && abort.abort() }),
    ).rejects.toMatchObject({ code: "ABORTED" });
    expect(closed).toBe(true);
    expect(await counted(workers.run(good))).toBe(10);
  });

  it("of a generator that throws, and a progress that throws, end the batch with that error", async () => {
    using workers = await pool(network, { size: 2 });
    function* broken(): Generator<Uint8Array> {
      yield good;
      throw new Error("no more images");
    }
    await expect(workers.runBatch(broken())).rejects.toThrow("no more images");
    await expect(
      workers.runBatch([good, good], {
        onProgress: () => {
          throw new Error("no terminal");
        },
      }),
    ).rejects.toThrow("no terminal");
    await expect(
      workers.runBatch([good, new Uint8Array(3), ...Array.from({ length: 200 }, () => good)]),
    ).rejects.toMatchObject({ code: "SHAPE" });
    for (const inputs of [7, null, undefined, {}, "ab"])
      await expect(workers.runBatch(inputs as unknown as RunInput[])).rejects.toMatchObject({ code: "ARGUMENT" });
    expect(await workers.runBatch([])).toEqual([]);
    expect(await workers.runBatch(new Set([good]))).toHaveLength(1);
  });
});

describe("a Node process", () => {
  const dist = fileURLToPath(new URL("../../dist", import.meta.url));
  const script = (entry: string, end: string): string => `
    const { pool, population } = await import(${JSON.stringify(pathToFileURL(entry).href)});
    const workers = await pool(population({ weights: [[1, 2]], threshold: 1, ticks: 10 }), { size: 2 });
    const { counts } = await workers.run(Uint8Array.of(1, 2));
    console.log(counts.population1[0]);
    ${end}`;
  const run = (words: string[], input?: string) => {
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, words, {
      encoding: "utf8",
      timeout: 60_000,
      input,
    });
    return { status, signal, stdout: stdout.trim(), stderr };
  };
  const ended = { status: 0, signal: null, stdout: "10", stderr: "" };

  it("ends although an idle pool was not disposed, and waits for one at work", () => {
    expect(run(["--input-type=module", "-e", script(join(dist, "node.js"), "")])).toEqual(ended);
    expect(
      run([
        "--input-type=module",
        "-e",
        script(
          join(dist, "node.js"),
          "workers.runBatch(Array.from({ length: 1000 }, () => Uint8Array.of(1, 2))).then((results) => process.exitCode = results.length - 1000);",
        ),
      ]),
    ).toEqual(ended);
    expect(
      run([
        "--input-type=module",
        "-e",
        script(
          join(dist, "node.js"),
          "const abort = new AbortController(); workers.run(Uint8Array.of(1, 2), { ticks: 2 ** 24, signal: abort.signal }).catch(() => undefined); setTimeout(() => abort.abort(), 20);",
        ),
      ]),
    ).toEqual(ended);
  });

  it("starts workers from a script on its command line or its standard input, and from a path with spaces", () => {
    const folder = mkdtempSync(join(tmpdir(), "llif a b "));
    try {
      cpSync(dist, join(folder, "dist 100%#"), { recursive: true });
      symlinkSync(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(folder, "node_modules"));
      const text = script(join(folder, "dist 100%#", "node.js"), "workers.dispose();");
      expect(run(["--input-type=module", "-e", text])).toEqual(ended);
      expect(run(["--input-type=module"], text)).toEqual(ended);
      expect(
        run(["--input-type=module", "--expose-gc", "--no-warnings", "--max-old-space-size=200", "-e", text]),
      ).toEqual(ended);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
