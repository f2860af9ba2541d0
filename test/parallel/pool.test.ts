// `pool()` with real threads: results, order, dead workers.
import { afterEach, describe, expect, it } from "vitest";
import { evaluateInWorkers, workersFor } from "../../ts/parallel/evaluate.ts";
import { openContenders } from "../../ts/parallel/contenders.ts";
import { pool } from "../../ts/parallel/pool.ts";
import { digestBytes } from "../../ts/analyze/evaluation.ts";
import { evaluateAt } from "../../ts/analyze/evaluate.ts";
import { imageDataset } from "../../ts/data/dataset.ts";
import { layerNetwork, randomSpikes } from "../../ts/timing/layers.ts";
import { createSimulator } from "../../ts/engine/create.ts";
import { toSpiking } from "../../ts/mapping/to-spiking.ts";
import { currentPlatform, providePlatform, type WorkerHandle } from "../../ts/platform.ts";
import { randomGraph } from "../analyze/graphs.ts";
import { tameWorkers } from "./tame.ts";

const platform = currentPlatform();
afterEach(() => providePlatform(platform));

const { network: relu, image } = randomGraph(11);
const network = await toSpiking(relu, { code: "phase", bits: 5, scales: "analytic" });
const record = { spikes: [network.nodes[0].name] } as const;
const samples = Array.from({ length: 50 }, (_, index) => image.map((pixel, at) => (pixel + 7 * index + at) % 256));

async function alone() {
  const simulator = await createSimulator(network, { record });
  return samples.map((sample) => simulator.run(sample));
}

describe("pool", () => {
  it.each([1, 2, 3])("of %i real threads gives what one simulator gives, in order", async (size) => {
    using workers = await pool(network, { size, record });
    expect(workers.size).toBe(size);
    const progress: number[] = [];
    expect(await workers.runBatch(samples, { onProgress: (done) => progress.push(done) })).toEqual(await alone());
    expect(progress.at(-1)).toBe(samples.length);
    expect(await workers.run(samples[3])).toEqual((await alone())[3]);
  });

  it.each(["wasm", "reference"] as const)("hands over large results whole, run after run: %s", async (engine) => {
    const wide = layerNetwork(
      { kind: "dense", inputs: 64, units: 4096 },
      { code: "layerwise", ticks: 8, activity: 0.2 },
    );
    const input = { spikes: randomSpikes(wide, 8, 0.2) };
    const simulator = await createSimulator(wide, { engine });
    const expected = simulator.run(input);
    expect(expected.counts["layer"]).toContain(1);
    using workers = await pool(wide, { size: 1, engine });
    for (let run = 0; run < 3; run++) expect(await workers.runBatch([input, input])).toEqual([expected, expected]);
  });

  it("posts the bytes of a sample, not the buffer that it is a view of", async () => {
    const posted: Uint8Array[] = [];
    tameWorkers((message) => {
      if (message.kind === "run") posted.push(...(message as unknown as { samples: Uint8Array[] }).samples);
      return false;
    });
    using workers = await pool(network, { size: 2, record });
    const all = Buffer.concat(samples);
    expect(
      await workers.runBatch(samples.map((_, index) => all.subarray(index * image.length, (index + 1) * image.length))),
    ).toEqual(await alone());
    expect(posted.map(({ buffer }) => buffer.byteLength)).toEqual(samples.map(() => image.length));
  });

  it("replaces a worker that dies, and its work is done again", async () => {
    const tame = tameWorkers(({ kind }, born) => kind === "run" && (born === 0 || born === 2));
    using workers = await pool(network, { size: 2, record });
    expect(await workers.runBatch(samples)).toEqual(await alone());
    expect(tame.born()).toBe(4);
  });

  it("replaces a real thread that is ended from outside", async () => {
    const handles: WorkerHandle[] = [];
    providePlatform({
      ...platform,
      spawnWorker() {
        const handle = platform.spawnWorker?.() as WorkerHandle;
        handles.push(handle);
        return handle;
      },
    });
    using workers = await pool(network, { size: 2, record });
    const running = workers.runBatch(samples);
    handles[0].terminate();
    expect(await running).toEqual(await alone());
    expect(handles.length).toBe(3);
  });

  it("blames work over which workers keep dying, and goes on with other work", async () => {
    let deadly = true;
    tameWorkers(({ kind }) => kind === "run" && deadly);
    using workers = await pool(network, { size: 1 });
    await expect(workers.run(samples[0])).rejects.toThrow(
      "3 workers died over the same work; the last: struck by lightning",
    );
    deadly = false;
    expect((await workers.run(samples[0])).counts).toEqual((await alone())[0].counts);
  });

  it("does not start if its workers cannot", async () => {
    tameWorkers(({ kind }) => kind === "simulator");
    await expect(pool(network, { size: 2 })).rejects.toThrow("a worker died as it started: struck by lightning");
    const { spawnWorker: _, ...without } = platform;
    providePlatform(without);
    await expect(pool(network)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  it("passes on what a simulator refuses, and lives on", async () => {
    using workers = await pool(network, { size: 1 });
    await expect(workers.run(new Uint8Array(3))).rejects.toMatchObject({ code: "SHAPE" });
    await expect(workers.run(samples[0], { keepState: true } as object)).rejects.toThrow("share no state");
    await expect(pool(network, { record: { spikes: ["nobody"] } })).rejects.toThrow('got "nobody"');
    expect((await workers.run(samples[0])).logits).toEqual((await alone())[0].logits);
  });

  it("can be cancelled, and used again", async () => {
    tameWorkers(() => false);
    using workers = await pool(network, { size: 1 });
    const abort = new AbortController();
    const running = workers.runBatch(samples, { signal: abort.signal, onProgress: () => abort.abort() });
    await expect(running).rejects.toMatchObject({ code: "ABORTED" });
    await expect(workers.runBatch(samples, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
    expect(await workers.runBatch(samples.slice(0, 5))).toHaveLength(5);
  });

  it("refuses what has no answer when it is disposed, and everything after", async () => {
    tameWorkers(() => false);
    const workers = await pool(network, { size: 1 });
    const running = workers.runBatch(samples);
    workers.dispose();
    workers.dispose();
    await expect(running).rejects.toMatchObject({ code: "DISPOSED" });
    await expect(workers.run(samples[0])).rejects.toMatchObject({ code: "DISPOSED" });
  });
});

it.each([
  ["phase", network],
  [
    "refined phase",
    await toSpiking(relu, { code: "phase", schedule: "synchronous", spikes: "signed", bits: 5, scales: "analytic" }),
  ],
])("evaluates in workers as in one thread: decisions, proofs, operations, known results: %s", async (_, network) => {
  const count = 150;
  const data = imageDataset({
    name: "made",
    split: "test",
    shape: relu.nodes[0].shape as [number, number, number],
    classes: ["a", "b", "c", "d"],
    images: Uint8Array.from({ length: count * image.length }, (_, index) => (index * 89 + (index >> 4) * 13) % 256),
    labels: Uint8Array.from({ length: count }, (_, index) => index % 4),
  });
  const choice = {
    relu,
    network,
    engine: "wasm",
    certify: true,
    energy: true,
    encoding: { encoding: "constant", seed: 0 },
    reluKnown: false,
  } as const;
  const here = await openContenders(choice);
  const [expected] = await evaluateAt(here.contenders, data);
  here.dispose();
  const {
    evaluations: [actual],
    engine,
  } = await evaluateInWorkers(choice, data, { size: 2 });
  expect({ ...actual, microseconds: null }).toEqual({ ...expected, microseconds: null });
  expect(digestBytes(actual)).toEqual(digestBytes(expected));
  expect(engine).toBe("wasm");
  expect(actual.activity?.samples).toBe(count);
});

describe("threads of an evaluation", () => {
  const wide = (code: "rate" | "phase", ticks: number) =>
    layerNetwork({ kind: "dense", inputs: 1024, units: 1024 }, { code, ticks, activity: 0.1 });
  const given = (parallelism?: () => number) => providePlatform({ ...platform, parallelism });

  it("are as many as the machine runs side by side, and no more than are worth starting", () => {
    given(() => 6);
    const network = wide("phase", 8);
    expect(workersFor(network, 1e6)).toBe(6);
    expect(workersFor(network, 1100)).toBe(2);
    expect(workersFor(network, 1)).toBe(1);
    // A long synchronous run is more work, but no thread is without an image.
    expect(workersFor(wide("rate", 2048), 9)).toBe(2);
    expect(workersFor(wide("rate", 8), 9)).toBe(1);
    given();
    expect(workersFor(network, 1e6)).toBe(1);
    providePlatform({ ...platform, spawnWorker: undefined });
    expect(workersFor(network, 1e6)).toBe(1);
  });
});
