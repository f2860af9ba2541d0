// Refined phase on the command line: what each command tells of it.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readIdx } from "../../ts/data/idx.ts";
import { readNpz, writeNpy } from "../../ts/data/npy.ts";
import { digits, llif, models, temporaryFolder } from "./cli.ts";

const folder = temporaryFolder();
const file = (name: string) => join(folder, name);
const mnist8 = join(models, "mnist-8.onnx");
const refined = ["--code", "phase", "--schedule", "synchronous", "--spikes", "signed"];
const calibrated = ["--calibration", digits, "--calibration-images", "100", "--allow-overlap"];

async function json(words: readonly string[]) {
  const { code, out, err } = await llif([...words, "--json"]);
  expect({ code, err: code === 0 ? "" : err }).toEqual({ code: 0, err: "" });
  return JSON.parse(out);
}

describe("evaluate", () => {
  const words = ["evaluate", mnist8, "--data", digits, "--limit", "30", ...refined, "--lazy", "0.5", ...calibrated];

  it("tells accuracy, disagreements and cost after every tick, as numbers and as a table", async () => {
    const report = await json(words);
    expect(report).toMatchObject({ windowTicks: 8, latencyTicks: 8, levels: 255, twinMismatches: 0 });
    expect(report.perTick.map(({ tick }: { tick: number }) => tick)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    let [spikes, operations] = [0, 0];
    for (const read of report.perTick) {
      expect(read.twinMismatches).toBe(0);
      expect(read.spikesPerSample).toBeGreaterThanOrEqual(spikes);
      expect(read.synapticOperationsPerSample).toBeGreaterThanOrEqual(operations);
      expect(read.intervals.disagreements[1]).toBeGreaterThan(read.disagreements);
      [spikes, operations] = [read.spikesPerSample, read.synapticOperationsPerSample];
    }
    const { accuracy, disagreements, spikesPerSample, synapticOperationsPerSample } = report.perTick[7];
    expect(report).toMatchObject({
      spikingAccuracy: accuracy,
      disagreements,
      spikesPerSample,
      synapticOperationsPerSample,
    });
    expect(report.perTick[0].disagreements).toBeGreaterThan(disagreements);
    const { out } = await llif(words);
    expect(out).toMatch(/after tick +accuracy +disagreements +twin mismatches +spikes +synaptic operations\n +1 /);
    expect(out).toMatch(/\n +8 +\d/);
  });

  it("says no twin of the ticks before the last where neurons are lazy", async () => {
    const lazy = [
      "evaluate",
      mnist8,
      "--data",
      digits,
      ...refined,
      ...calibrated,
      "--limit",
      "10",
      "--quanta",
      "16,4,1",
      "--bits",
      "6",
    ];
    const { perTick } = await json(lazy);
    expect(perTick.map(({ twinMismatches }: { twinMismatches: number }) => twinMismatches)).toEqual([null, null, 0]);
    expect((await llif(lazy)).out).toMatch(/\n +2 .*–/);
  });

  it("the twin alone tells the same decisions, and other codes have no such table", async () => {
    const strip = (report: { perTick: { accuracy: number; disagreements: number }[] }) =>
      report.perTick.map(({ accuracy, disagreements }) => [accuracy, disagreements]);
    expect(strip(await json([...words, "--engine", "twin"]))).toEqual(strip(await json(words)));
    expect((await llif([...words, "--engine", "twin"])).out).toMatch(
      /after tick +accuracy +disagreements +twin mismatches\n/,
    );
    expect(await json(["evaluate", mnist8, "--data", digits, "--limit", "5", ...calibrated])).not.toHaveProperty(
      "perTick",
    );
  });

  it("goes on in worker threads, and reproduces from a manifest, tick by tick", async () => {
    const manifests = ["1", "2"].map((workers) => {
      const manifest = file(`workers-${workers}.json`);
      execFileSync(
        process.execPath,
        [join(models, "../dist/cli.js"), ...words, "--workers", workers, "--manifest", manifest, "--json"],
        { stdio: ["ignore", "pipe", "ignore"] },
      );
      return JSON.parse(readFileSync(manifest, "utf8"));
    });
    expect(manifests[1].digest).toBe(manifests[0].digest);
    expect(manifests[1].report.perTick).toEqual(manifests[0].report.perTick);
    expect(await llif(["reproduce", file("workers-2.json")])).toMatchObject({ code: 0 });
    writeFileSync(file("wrong.json"), JSON.stringify({ ...manifests[0], digest: "0".repeat(64) }));
    expect(await llif(["reproduce", file("wrong.json")])).toMatchObject({ code: 1 });
  });

  it("reproduces a manifest that has no ahead, as from when all layers had the same quanta", async () => {
    const manifest = file("alike.json");
    const alike = await json([...words, "--ahead", "0", "--manifest", manifest]);
    expect(alike.spikesPerSample).not.toBe((await json(words)).spikesPerSample);
    const { mapping, ...rest } = JSON.parse(readFileSync(manifest, "utf8"));
    const { ahead, ...older } = mapping;
    expect(ahead).toBe(0);
    writeFileSync(manifest, JSON.stringify({ ...rest, mapping: older }));
    expect(await llif(["reproduce", manifest])).toMatchObject({ code: 0 });
  });

  it("reads results that it has kept", async () => {
    const before = process.env["LLIF_CACHE"];
    process.env["LLIF_CACHE"] = file("cache");
    try {
      const first = await json(words);
      const again = await json(words);
      expect(again.perTick).toEqual(first.perTick);
      expect([again.reluSeconds, again.twinSeconds]).toEqual([first.reluSeconds, first.twinSeconds]);
    } finally {
      if (before === undefined) delete process.env["LLIF_CACHE"];
      else process.env["LLIF_CACHE"] = before;
    }
  });
});

describe("evaluate --until-decided", () => {
  const few = ["--decide-errors", "0.1"];
  const words = [
    "evaluate",
    mnist8,
    "--data",
    digits,
    "--limit",
    "20",
    ...refined,
    ...calibrated,
    "--until-decided",
    ...few,
  ];

  it("tells what stopping by margins saves and changes, beside certificate C1", async () => {
    const { perTick, untilDecided, ...report } = await json([...words, "--certify"]);
    const [margin, certificate, either] = untilDecided.rules;
    expect(untilDecided.margins).toMatchObject({ ticks: [1, 2, 3, 4, 5, 6, 7, 8], errorRate: 0.1 });
    expect(untilDecided.rules.map(({ rule }: { rule: string }) => rule)).toEqual(["margin", "certificate", "either"]);
    expect(margin.meanTicks).toBeLessThan(8);
    expect(either.meanTicks).toBeLessThanOrEqual(Math.min(margin.meanTicks, certificate.meanTicks));
    expect(certificate.changed).toBeLessThanOrEqual(report.disagreements);
    expect(margin.spikesPerSample).toBeLessThan(report.spikesPerSample);
    for (const { stoppedAfter, decidedBy } of untilDecided.rules) {
      expect(stoppedAfter.reduce((sum: number, share: number) => sum + share, 0)).toBeCloseTo(1);
      expect(decidedBy.certificate + decidedBy.margin + decidedBy.end).toBe(20);
    }
    // The certificate proves more and more, and at the end what it proves of the whole run.
    expect(perTick[7].certified).toBe(report.certificates.c1.certified);
    expect(perTick[7].certified).toBeGreaterThan(perTick[0].certified);
    expect(report.certificates.c1.unlikeFloat).toBe(0);
    const { out } = await llif([...words, "--certify"]);
    expect(out).toMatch(/until decided by +ticks, mean +1 +2 .*8 \(end\) +changed/);
    expect(out).toMatch(/\ncertificate C1 +\d/);
    expect(out).toContain("Margins for at most 10 % changed decisions (95 % confidence)");
    expect(out).not.toMatch(/early exit|last window/);
  });

  it("reproduces with its margins", async () => {
    const manifest = file("margins.json");
    await json([...words, "--manifest", manifest]);
    const recorded = JSON.parse(readFileSync(manifest, "utf8"));
    expect(recorded.untilDecided).toEqual({ errorRate: 0.1, images: null });
    expect(await llif(["reproduce", manifest])).toMatchObject({ code: 0 });
    recorded.report.untilDecided.margins.margins[0]++;
    writeFileSync(manifest, JSON.stringify(recorded));
    expect((await llif(["reproduce", manifest])).err).toContain("not reproduced: the margins");
  });

  it("refuses what has no margins", async () => {
    const refusal = async (...more: string[]) =>
      (await llif(["evaluate", mnist8, "--data", digits, ...calibrated, ...more])).err;
    expect(await refusal("--until-decided")).toContain("--until-decided: expected synchronous phase");
    expect(await refusal(...refined, "--decide-errors", "0.1")).toContain("--decide-errors: expected --until-decided");
    expect(await refusal(...refined, "--until-decided")).toContain("calibration images beside the 100 of the scales");
    expect(await refusal(...refined, "--until-decided", ...few, "--engine", "twin")).toContain("expected a simulation");
    expect(await refusal(...refined, "--until-decided", ...few, "--decide-images", "20")).toContain(
      "samples for an error rate of 0.1, got 20",
    );
  });
});

describe("sweep", () => {
  it("reads one network after each number of ticks", async () => {
    const words = [
      "sweep",
      mnist8,
      "--data",
      digits,
      "--limit",
      "30",
      "--codes",
      "phase-refined,phase",
      "--bits",
      "3,5,7",
      ...calibrated,
    ];
    const { points } = await json([...words, "--plot", file("sweep.svg")]);
    const { perTick } = await json([
      "evaluate",
      mnist8,
      "--data",
      digits,
      "--limit",
      "30",
      ...refined,
      "--bits",
      "7",
      ...calibrated,
    ]);
    const own = points.filter(({ name }: { name: string }) => name === "phase-refined");
    expect(own).toHaveLength(3);
    for (const { report } of own) {
      const { disagreements, spikesPerSample, synapticOperationsPerSample } = perTick[report.latencyTicks - 1];
      // Lazy, as without --lazy, a run equals a twin after its last tick alone.
      const twinMismatches = report.latencyTicks === 7 ? 0 : null;
      expect(report).toMatchObject({ disagreements, spikesPerSample, synapticOperationsPerSample, twinMismatches });
      expect(report).not.toHaveProperty("perTick");
    }
    expect(readFileSync(file("sweep.svg"), "utf8")).toContain("phase-refined");
  });

  it("prices each precision", async () => {
    const words = ["sweep", mnist8, "--data", digits, "--limit", "5", "--codes", "phase-refined", ...calibrated];
    const { points } = await json([...words, "--bits", "4,6", "--energy"]);
    for (const { report } of points) {
      expect(report.twinMismatches).toBe(0);
      expect(report.energy.spiking.Effective_ACs).toBeLessThanOrEqual(report.synapticOperationsPerSample);
    }
    expect(points.map(({ bits }: { bits: number }) => bits)).toEqual([4, 6]);
  });
});

describe("other commands", () => {
  it("convert chooses its bits if asked, and inspect tells what its spikes count", async () => {
    const network = file("auto.llif");
    const words = ["convert", mnist8, "-o", network, "--calibration", digits, ...refined, "--bits", "auto"];
    const { code, out, err } = await llif([...words, "--json"]);
    expect(code).toBe(0);
    const { bits, ahead, lazy } = JSON.parse(out).mapping;
    expect([ahead, lazy]).toEqual([2, 0.7]);
    expect(err).toMatch(new RegExp(`^--bits auto: ${bits} bits, the fewest without a disagreement on 100 held-out`));
    const counts = Array.from({ length: bits }, (_, tick) => 2 ** (bits - 1 - tick));
    const first = counts.map((_, tick) => counts[tick + 2] ?? 1);
    expect((await llif(["inspect", network])).out).toContain(
      `phase, synchronous, signed spikes (a spike counts ${first.join(", ")} in the first layer, ${counts.join(", ")} in the last; lazy ${lazy}), ${2 ** bits - 1} levels in ${bits} ticks`,
    );
    expect((await llif([...words, "--quanta", "4,1"])).err).toContain("--bits auto: expected no --quanta");
  });

  it("diagnose counts what layers send, and knows that its counts are exact", async () => {
    const words = [mnist8, "--data", digits, "--limit", "8", ...refined, "--bits", "3", ...calibrated];
    const { layers, advice } = await json(["diagnose", ...words, "--plot", file("layers.svg")]);
    const { spikesPerSample } = await json(["evaluate", ...words]);
    const spikes = layers.reduce((sum: number, layer: { spikes: number }) => sum + layer.spikes, 0);
    expect(spikes).toBeCloseTo(spikesPerSample, 6);
    const changes = advice.map(({ change }: { change: string }) => change).join();
    expect(changes).toContain("more --bits");
    expect(changes).not.toContain("layerwise");
    expect(readFileSync(file("layers.svg"), "utf8")).toContain("Synaptic operations");
  });

  it("with quanta by layer: convert keeps them, inspect tells them, and every tick has its twin", async () => {
    const network = file("ahead.llif");
    const own = [...refined, "--lazy", "0.5", "--ahead", "2.5"];
    const { mapping } = await json(["convert", mnist8, "-o", network, ...own, ...calibrated.slice(0, 4)]);
    expect(mapping).toMatchObject({ bits: 8, ahead: 2.5, lazy: 0.5 });
    expect((await llif(["inspect", network])).out).toContain(
      "(a spike counts 16, 8, 4, 2, 1, 1, 1, 1 in the first layer, 128, 64, 32, 16, 8, 4, 2, 1 in the last; lazy 0.5)",
    );
    const data = ["--data", digits, "--limit", "20"];
    const report = await json(["evaluate", network, ...data]);
    expect(report.perTick.map(({ twinMismatches }: { twinMismatches: number }) => twinMismatches)).toEqual(
      new Array(8).fill(0),
    );
    const image = readIdx(new Uint8Array(readFileSync(digits))).data.slice(0, 784) as Uint8Array;
    writeFileSync(file("first.npy"), writeNpy({ shape: [28, 28], data: image }));
    await json(["run", network, "--input", file("first.npy"), "--plot", file("ahead.svg")]);
    const svg = readFileSync(file("ahead.svg"), "utf8");
    for (const text of ["×16<", "×128<"]) expect(svg.split(text).length - 1).toBe(text === "×128<" ? 1 : 2);
    expect((await llif(["inspect", mnist8, "--ahead", "2"])).err).toContain("ahead");
    expect((await llif(["evaluate", mnist8, ...data, ...refined, "--ahead", "17"])).err).toContain(
      "--ahead: expected a number from 0 to 16",
    );
    expect((await llif(["evaluate", mnist8, ...data, "--ahead", "2"])).err).toContain(
      'ahead: expected code "phase" with schedule "synchronous" and signed spikes',
    );
  });

  it("run draws signs and weights, and saves signs", async () => {
    const image = readIdx(new Uint8Array(readFileSync(digits))).data.slice(0, 784) as Uint8Array;
    writeFileSync(file("digit.npy"), writeNpy({ shape: [28, 28], data: image }));
    const words = ["run", mnist8, "--input", file("digit.npy"), ...refined, "--calibration", digits];
    const [{ spikes }] = await json([...words, "--plot", file("raster.svg"), "--save-spikes", file("spikes.npz")]);
    const svg = readFileSync(file("raster.svg"), "utf8");
    for (const text of ["×128", "×1<", "of them −1", "at most", "Blue: +1, orange: −1"]) expect(svg).toContain(text);
    const saved = readNpz(new Uint8Array(readFileSync(file("spikes.npz"))));
    const signs = Array.from(saved.get("sign")?.data ?? [], Number);
    expect(signs).toHaveLength(spikes);
    expect([...new Set(signs)].sort()).toEqual([-1, 1]);
  });
});
