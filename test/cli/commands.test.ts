// The commands evaluate, run, sweep, curve and the rest, with their JSON and plots.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readIdx } from "../../ts/data/idx.ts";
import { readNpz, writeNpy } from "../../ts/data/npy.ts";
import { resolveEngine } from "../../ts/engine/create.ts";
import { writeOnnx } from "../../ts/formats/onnx/write.ts";
import { reluNetwork } from "../../ts/relu/builder.ts";
import { integerList } from "../../ts/cli/options.ts";
import { digits, llif, models, temporaryFolder } from "./cli.ts";

const folder = temporaryFolder();
const file = (name: string) => join(folder, name);
const mnist8 = join(models, "mnist-8.onnx");
const calibrated = ["--calibration", digits, "--calibration-images", "100", "--allow-overlap"];

const keys = [
  "model",
  "data",
  "code",
  "schedule",
  "engine",
  "samples",
  "reluAccuracy",
  "spikingAccuracy",
  "disagreements",
  "intervals",
  "mcnemar",
  "twinMismatches",
  "windowTicks",
  "latencyTicks",
  "intervalTicks",
  "spikesPerSample",
  "synapticOperationsPerSample",
  "additionsPerSample",
  "seconds",
  "reluSeconds",
  "twinSeconds",
];

async function json(words: readonly string[]) {
  const { code, out, err } = await llif([...words, "--json"]);
  expect({ code, err: code === 0 ? "" : err }).toEqual({ code: 0, err: "" });
  return JSON.parse(out);
}

describe("evaluate", () => {
  it("phase: every key, and no mismatch with the twin", async () => {
    const report = await json(["evaluate", mnist8, "--data", digits, ...calibrated]);
    expect(Object.keys(report)).toEqual(expect.arrayContaining(keys));
    expect(report).toMatchObject({
      model: "mnist-8",
      code: "phase",
      schedule: "layerwise",
      samples: 500,
      twinMismatches: 0,
      windowTicks: 8,
      intervalTicks: 8,
    });
    expect(report.latencyTicks % 8).toBe(0);
    expect(report.spikingAccuracy).toBeGreaterThan(0.97);
    expect(report.disagreements).toBeLessThanOrEqual(2);
  });

  it("synchronous rate: no twin, and said so", async () => {
    const report = await json([
      "evaluate",
      mnist8,
      "--data",
      digits,
      "--limit",
      "20",
      "--code",
      "rate",
      "--ticks",
      "64",
      ...calibrated,
    ]);
    expect(report).toMatchObject({
      code: "rate",
      schedule: "synchronous",
      samples: 20,
      twinMismatches: null,
      twinSeconds: null,
      windowTicks: 64,
      latencyTicks: 64,
    });
  });

  it("gives the same by both engines, and the twin decides alike without a simulation", async () => {
    const words = ["evaluate", mnist8, "--data", digits, "--limit", "25", "--scales", "analytic", "--bits", "6"];
    const [fast, reference, twin] = await Promise.all(
      ["auto", "reference", "twin"].map((engine) => json([...words, "--engine", engine])),
    );
    const { seconds: _a, reluSeconds: _b, twinSeconds: _c, engine, ...same } = fast;
    expect(reference).toMatchObject({ ...same, engine: "reference" });
    expect(engine).toBe(resolveEngine().name);
    expect(twin).toMatchObject({
      engine: "twin",
      seconds: null,
      spikesPerSample: null,
      spikingAccuracy: fast.spikingAccuracy,
      disagreements: fast.disagreements,
    });
  });

  it("writes a manifest that reproduces, and sees what differs", async () => {
    const manifest = file("run.json");
    await json(["evaluate", mnist8, "--data", digits, "--limit", "30", ...calibrated, "--manifest", manifest]);
    const again = await llif(["reproduce", manifest]);
    expect(again.out).toContain("reproduced: every decision and every spike count is the same");
    expect(again.code).toBe(0);

    const recorded = JSON.parse(readFileSync(manifest, "utf8"));
    expect(recorded).toMatchObject({
      llif: expect.any(String),
      wasm: expect.stringMatching(/^[0-9a-f]{64}$/),
      processor: expect.any(String),
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    writeFileSync(manifest, JSON.stringify({ ...recorded, digest: "0".repeat(64) }));
    const other = await llif(["reproduce", manifest]);
    expect(other.code).toBe(1);
    expect(other.err).toContain("not reproduced: the digest of decisions and spike counts: expected 000000000000");

    const several = file("runs.json");
    writeFileSync(
      several,
      JSON.stringify({
        runs: [
          { name: "right", manifest: recorded },
          { name: "wrong", manifest: { ...recorded, digest: "1".repeat(64) } },
          { name: "failed" },
        ],
      }),
    );
    expect(await llif(["reproduce", several, "--run", "right"])).toMatchObject({ code: 0 });
    expect((await llif(["reproduce", several, "--run", "wrong"])).err).toContain("(wrong): not reproduced");
    expect((await llif(["reproduce", several])).err).toContain("expected --run with one of right, wrong, got none");
    expect((await llif(["reproduce", several, "--run", "failed"])).err).toContain('got "failed"');
  });

  it("lists the images on which the networks differ, with the float network's margin", async () => {
    const words = ["evaluate", mnist8, "--data", digits, "--bits", "2", "--differences", ...calibrated];
    const report = await json(words);
    expect(report.disagreements).toBeGreaterThan(0);
    expect(report.differences).toHaveLength(report.disagreements);
    for (const { relu, spiking, floatMargin } of report.differences) {
      expect(spiking).not.toBe(relu);
      expect(floatMargin).toBeGreaterThanOrEqual(0);
    }
    const closest = report.differences.reduce((a: { floatMargin: number }, b: { floatMargin: number }) =>
      a.floatMargin <= b.floatMargin ? a : b,
    );
    expect((await llif(words)).out).toContain(
      `on images            ${closest.image} (class ${closest.relu} → ${closest.spiking}, float margin`,
    );
  });
});

describe("evaluate in every code", () => {
  it.each([
    [
      ["--spikes", "signed", "--bits", "7"],
      { code: "phase", spikes: "signed", windowTicks: 7, levels: 1093, twinMismatches: 0 },
    ],
    [
      ["--non-adjacent", "--bits", "7"],
      { code: "phase", spikes: "signed", windowTicks: 8, levels: 127, twinMismatches: 0 },
    ],
    [["--code", "ttfs", "--bits", "6"], { code: "ttfs", windowTicks: 63, levels: 63, twinMismatches: 0 }],
    [["--code", "ttfs"], { code: "ttfs", levels: 0, twinMismatches: null, disagreements: 0 }],
    [
      ["--code", "rate", "--spikes", "signed", "--ticks", "64"],
      { code: "rate", schedule: "synchronous", spikes: "signed", windowTicks: 64, twinMismatches: 0 },
    ],
    [
      ["--code", "rate", "--schedule", "layerwise", "--ticks", "31"],
      { code: "rate", schedule: "layerwise", windowTicks: 31, twinMismatches: 0 },
    ],
  ])("%j", async (words, expected) => {
    const report = await json(["evaluate", mnist8, "--data", digits, "--limit", "12", ...words, ...calibrated]);
    expect(report).toMatchObject(expected);
    expect(report.disagreements).toBeLessThanOrEqual(1);
  });

  it("Poisson input reproduces from its manifest, seed and all", async () => {
    const words = [
      "evaluate",
      mnist8,
      "--data",
      digits,
      "--limit",
      "10",
      "--code",
      "rate",
      "--ticks",
      "40",
      "--encoding",
      "poisson",
      ...calibrated,
    ];
    const digest = async (seed: string) => {
      await json([...words, "--poisson-seed", seed, "--manifest", file(`poisson-${seed}.json`)]);
      return JSON.parse(readFileSync(file(`poisson-${seed}.json`), "utf8"));
    };
    const [first, second] = [await digest("1"), await digest("2")];
    expect(first.encoding).toEqual({ encoding: "poisson", seed: 1 });
    expect(second.digest).not.toBe(first.digest);
    expect((await llif(["reproduce", file("poisson-1.json")])).out).toContain("reproduced");
  });

  it("refuses what does not go together", async () => {
    const refusal = async (...words: string[]) =>
      (await llif(["evaluate", mnist8, "--data", digits, "--limit", "2", "--scales", "analytic", ...words])).err;
    expect(await refusal("--code", "ttfs", "--schedule", "synchronous")).toContain(
      "--code ttfs: expected --schedule layerwise",
    );
    expect(await refusal("--code", "ttfs", "--spikes", "signed")).toContain('code "ttfs" expected "unsigned"');
    expect(await refusal("--code", "rate", "--non-adjacent")).toContain('nonAdjacent: expected code "phase"');
    expect(await refusal("--poisson-seed", "3")).toContain("--poisson-seed: expected --encoding poisson");
    expect(await refusal("--encoding", "poisson")).toContain("expected code synchronous rate");
    expect(await refusal("--spikes", "signed", "--ticks", "11")).toContain(
      "at most 10 for phase, where a tick is a ternary digit",
    );
  });
});

describe("evaluate proves and prices", () => {
  it("--certify: no proof is refuted, and no early decision changes", async () => {
    const report = await json(["evaluate", mnist8, "--data", digits, "--certify", ...calibrated]);
    expect(report.certificates.c1).toMatchObject({ unlikeFloat: 0 });
    expect(report.certificates.c1.certified).toBeGreaterThan(450);
    expect(report.certificates.c3.changed).toBe(0);
    expect(report.certificates.c3.ticksSaved).toBeGreaterThan(1);
    const { out } = await llif(["evaluate", mnist8, "--data", digits, "--limit", "20", "--certify", ...calibrated]);
    expect(out).toMatch(/of 20 decisions are provably the float network's/);
    expect(out).toMatch(/of its 8 ticks early, on average; 0 decisions changed/);
    const rate = [
      "evaluate",
      mnist8,
      "--data",
      digits,
      "--limit",
      "10",
      "--certify",
      "--code",
      "rate",
      "--ticks",
      "64",
      ...calibrated,
    ];
    const { certificates } = await json(rate);
    expect(certificates.c2.changed).toBe(0);
    expect(certificates.c2.ticksSaved).toBeGreaterThan(1);
    expect(certificates.c3).toBeNull();
    expect((await llif(rate)).out).toMatch(
      /early exit \(C2\) +decides \d+\.\d\d of its 64 ticks early, on average; 0 decisions changed/,
    );
  });

  it("--energy: beside both baselines, and called an estimate", async () => {
    const words = ["evaluate", mnist8, "--data", digits, "--limit", "20", "--energy", ...calibrated];
    const report = await json(words);
    expect(report.energy).toMatchObject({
      estimate: true,
      sources: [expect.stringContaining("Horowitz"), expect.stringContaining("Lemaire")],
    });
    expect(report.energy.float.Dense).toBe(134 ** 2 * 8 + 64 ** 2 * 8 * 16 + 2560);
    expect(report.energy.spiking.Effective_ACs).toBeLessThanOrEqual(report.synapticOperationsPerSample);
    expect(report.energy.quantized.Effective_MACs).toBeGreaterThan(0);
    const { out } = await llif(words);
    expect(out).toMatch(/ESTIMATE[^]*float network[^]*quantised, zeros skipped[^]*spiking network/);
    const { code, err } = await llif([...words, "--engine", "twin"]);
    expect(code).toBe(1);
    expect(err).toContain("llif: --energy: expected a simulation, got --engine twin\n");
    expect(
      (
        await json([
          "evaluate",
          mnist8,
          "--data",
          digits,
          "--limit",
          "5",
          "--energy",
          "--code",
          "rate",
          "--ticks",
          "16",
          ...calibrated,
        ])
      ).energy.quantized,
    ).toBeNull();
  });

  it.each([
    ["phase", []],
    ["rate, long enough for several threads", ["--code", "rate", "--spikes", "signed", "--ticks", "256"]],
  ])("--workers: the same digest by any number of threads, and by default: %s", (_, mapping) => {
    const words = ["evaluate", mnist8, "--data", digits, "--limit", "130", "--no-cache", ...mapping, ...calibrated];
    const digests = new Set();
    for (const workers of ["1", "2", "by default"]) {
      // Threads run no TypeScript: the command line of the package.
      const printed = execFileSync(
        process.execPath,
        [
          join(models, "../dist/cli.js"),
          ...words,
          ...(workers === "by default" ? [] : ["--workers", workers]),
          "--manifest",
          file(`workers-${workers}.json`),
          "--json",
        ],
        { stdio: ["ignore", "pipe", "ignore"] },
      );
      const report = JSON.parse(String(printed));
      expect(report).toMatchObject({ samples: 130, twinMismatches: 0 });
      digests.add(JSON.parse(readFileSync(file(`workers-${workers}.json`), "utf8")).digest);
    }
    expect(digests.size).toBe(1);
  });

  it("keeps decisions of the float network and the twin, unless told not to", async () => {
    const before = process.env["LLIF_CACHE"];
    process.env["LLIF_CACHE"] = file("cache");
    try {
      const words = ["evaluate", mnist8, "--data", digits, "--limit", "40", ...calibrated];
      await json([...words, "--no-cache"]);
      expect(existsSync(file("cache/results"))).toBe(false);
      expect(existsSync(file("cache/maxima"))).toBe(false);
      const first = await json(words);
      expect(readdirSync(file("cache/results"))).toHaveLength(2);
      const { seconds: _a, ...again } = await json(words);
      const { seconds: _b, ...expected } = first;
      expect(again).toEqual(expected);
      // Edited, but of the right form: other decisions, another time.
      for (const name of readdirSync(file("cache/results"))) {
        const kept = JSON.parse(readFileSync(join(file("cache/results"), name), "utf8"));
        const decisions = kept.stored.decisions.map((decision: number) => (decision + 1) % 10);
        writeFileSync(
          join(file("cache/results"), name),
          JSON.stringify({ ...kept, stored: { ...kept.stored, decisions } }),
        );
      }
      expect((await json(words)).reluAccuracy).toBe(first.reluAccuracy);
      expect(await json(words)).toMatchObject({ disagreements: first.disagreements, twinMismatches: 0 });
      // Maxima of the calibration images, by what they depend on; an edited file is not believed.
      const [maxima, ...others] = readdirSync(file("cache/maxima"));
      expect(others).toEqual([]);
      const { digest } = await json(words);
      const edited = readFileSync(join(file("cache/maxima"), maxima), "utf8").replace(/\d\.\d+/, "0.5");
      writeFileSync(join(file("cache/maxima"), maxima), edited);
      expect((await json(words)).digest).toBe(digest);
      expect(readFileSync(join(file("cache/maxima"), maxima), "utf8")).not.toBe(edited);
      await json([...words, "--seed", "3", "--calibration-images", "30"]);
      expect(readdirSync(file("cache/maxima"))).toHaveLength(2);
      for (const name of readdirSync(file("cache/results"))) writeFileSync(join(file("cache/results"), name), "{");
      expect((await json(words)).disagreements).toBe(first.disagreements);
    } finally {
      if (before === undefined) delete process.env["LLIF_CACHE"];
      else process.env["LLIF_CACHE"] = before;
    }
  });
});

describe("diagnose", () => {
  it("tells of every layer, and what to change", async () => {
    const words = [
      "diagnose",
      mnist8,
      "--data",
      digits,
      "--limit",
      "10",
      "--bits",
      "3",
      "--scales",
      "percentile",
      "--percentile",
      "90",
      "--calibration",
      digits,
      "--calibration-images",
      "50",
      "--allow-overlap",
    ];
    const report = await json([...words, "--plot", file("layers.svg")]);
    expect(report).toMatchObject({ model: "mnist-8", samples: 10, code: "phase, 3 bits", notCompared: [] });
    expect(report.layers.map(({ kind }: { kind: string }) => kind)).toEqual(["population", "population", "output"]);
    expect(report.advice[0].finding).toContain("clips");
    expect(readFileSync(file("layers.svg"), "utf8")).toContain("mnist-8, phase, 3 bits: each layer beside its ReLU");
    const { out } = await llif(words);
    expect(out).toMatch(/Look at:[^]*Change: /);
  });
});

describe("inspect", () => {
  it("inspects", async () => {
    const inspection = await json(["inspect", mnist8]);
    expect(inspection).toMatchObject({
      model: "mnist-8",
      format: "onnx",
      multiplyAccumulates: 786560,
      parameters: 5994,
      refused: null,
    });
    expect((await llif(["inspect", mnist8])).out).toContain("ticks to a decision");
  });

  it("does all at once without a command", async () => {
    const { inspection, evaluation } = await json([mnist8, "--data", digits, "--limit", "10", "--scales", "analytic"]);
    expect(inspection.model).toBe("mnist-8");
    expect(evaluation.samples).toBe(10);
  });
});

describe("run", () => {
  it("decides arrays, draws the spikes, and saves them for NumPy", async () => {
    const images = readIdx(new Uint8Array(readFileSync(digits)));
    writeFileSync(file("two.npy"), writeNpy({ shape: [2, 28, 28, 1], data: images.data.slice(0, 2 * 784) }));
    const labels = readIdx(new Uint8Array(readFileSync(digits.replace("images-idx3", "labels-idx1")))).data;
    const results = await json([
      "run",
      mnist8,
      "--input",
      file("two.npy"),
      "--scales",
      "analytic",
      "--plot",
      file("raster.svg"),
      "--save-spikes",
      file("out.npz"),
    ]);
    expect(results.map(({ top }: { top: { label: string }[] }) => top[0].label)).toEqual([
      String(labels[0]),
      String(labels[1]),
    ]);
    const svg = readFileSync(file("raster.svg"), "utf8");
    expect(svg).toContain(`deciding “${labels[0]}” on two.npy[0]`);
    const arrays = readNpz(new Uint8Array(readFileSync(file("out.npz"))));
    expect([...arrays.keys()].sort()).toEqual(["layer", "layer_names", "neuron", "sample", "tick"]);
    expect(arrays.get("tick")?.data.length).toBe(results[0].spikes + results[1].spikes);
  });

  it("takes the scales from the inputs where none are given, says so, and shows what the ReLU network says", async () => {
    const cnn = join(models, "mnist-cnn.onnx");
    const images = readIdx(new Uint8Array(readFileSync(digits))).data;
    writeFileSync(file("pixels.npy"), writeNpy({ shape: [28, 28], data: images.slice(0, 784) }));
    writeFileSync(
      file("values.npy"),
      writeNpy({ shape: [28, 28], data: Float64Array.from(images.slice(0, 784), (pixel) => pixel / 255) }),
    );
    const { code, out, err } = await llif(["run", cnn, "--input", file("pixels.npy"), file("values.npy")]);
    expect({ code, err }).toEqual({
      code: 0,
      err: expect.stringMatching(/^note: the activation scales come from the inputs themselves/),
    });
    expect(out).toMatch(/pixels\.npy\n {2}class +spiking +ReLU\n {2}7 /);
    expect(out).not.toContain("the ReLU network decides");
    const [pixels, values] = await llif(["run", cnn, "--input", file("pixels.npy"), file("values.npy"), "--json"]).then(
      ({ out: text }) => JSON.parse(text),
    );
    expect(pixels.reluDecision).toEqual({ index: 7, label: "7" });
    expect(Math.abs(pixels.top[0].logit - pixels.top[0].reluLogit)).toBeLessThan(0.5);
    expect({ ...values, input: "" }).toEqual({ ...pixels, input: "" });
  });
});

describe("run with arrays", () => {
  it("takes an array with the channels first, or last, as the same image, and refuses the rest", async () => {
    const weights = (outputs: number, inputs: number) => ({
      shape: [outputs, inputs],
      data: Float32Array.from({ length: outputs * inputs }, (_, index) => ((index * 37) % 101) / 101 - 0.4),
    });
    writeFileSync(
      file("rgb.onnx"),
      writeOnnx(
        reluNetwork({ input: [4, 5, 3] })
          .dense({ weights: weights(7, 60) })
          .relu()
          .dense({ weights: weights(3, 7) })
          .build(),
      ),
    );
    const last = Float32Array.from({ length: 60 }, (_, index) => ((index * 17) % 59) / 59);
    const first = last.map((_, index) => last[(index % 20) * 3 + Math.floor(index / 20)]);
    const pixels = (values: Float32Array) => Uint8Array.from(values, (value) => Math.round(255 * value));
    const results = [];
    for (const [name, shape, data] of [
      ["last", [4, 5, 3], last],
      ["first", [1, 3, 4, 5], first],
      ["last-pixels", [4, 5, 3], pixels(last)],
      ["first-pixels", [3, 4, 5], pixels(first)],
    ] as const) {
      writeFileSync(file(`${name}.npy`), writeNpy({ shape: [...shape], data }));
      const [{ input: _, ...result }] = await json([
        "run",
        file("rgb.onnx"),
        "--input",
        file(`${name}.npy`),
        "--scales",
        "analytic",
      ]);
      results.push(result);
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[3]).toEqual(results[2]);
    writeFileSync(file("other.npy"), writeNpy({ shape: [5, 3, 4], data: last }));
    expect((await llif(["run", file("rgb.onnx"), "--input", file("other.npy"), "--scales", "analytic"])).err).toMatch(
      /other\.npy": expected shape \[4,5,3\].* got \[5,3,4\]\n$/,
    );
  });
});

describe("curve and sweep", () => {
  it("stays within the bound of its theorem", async () => {
    const curve = await json([
      "curve",
      "--leak",
      "ohmic",
      "--ticks",
      "2000",
      "--points",
      "21",
      "--plot",
      file("curve.svg"),
    ]);
    expect(curve).toMatchObject({ theorem: "T10", withinBound: true });
    expect(curve.points).toHaveLength(21);
    expect(readFileSync(file("curve.svg"), "utf8")).toContain("ohmic leak, soft reset");
  });

  it("has a point for each setting of each code", async () => {
    const words = [
      "sweep",
      mnist8,
      "--data",
      digits,
      "--limit",
      "10",
      "--scales",
      "analytic",
      "--ticks",
      "6,32",
      "--bits",
      "5",
    ];
    const { points, skipped } = await json([...words, "--plot", file("sweep.svg")]);
    const shown = points.map(
      ({ name, report }: { name: string; report: { windowTicks: number } }) => `${name} ${report.windowTicks}`,
    );
    expect(shown).toEqual(
      expect.arrayContaining([
        "phase 5",
        "phase 6",
        "rate-layerwise 6",
        "rate-layerwise 31",
        "rate-layerwise 32",
        "rate 6",
        "rate 31",
        "rate 32",
      ]),
    );
    expect(skipped).toEqual(expect.arrayContaining([expect.objectContaining({ name: "phase", ticks: 32 })]));
    // Nothing is silently left out: 3 settings in each code, but that 5 bits are 6 ticks of the non-adjacent form; real-valued times once.
    expect(points.length + skipped.length).toBe(8 * 3 - 1 + 1);
    expect(readFileSync(file("sweep.svg"), "utf8")).toContain("mnist-8 on 10 images");
  });

  it("prices each setting beside its baselines, and takes some codes alone", async () => {
    const words = [
      "sweep",
      mnist8,
      "--data",
      digits,
      "--limit",
      "10",
      "--scales",
      "analytic",
      "--codes",
      "phase,rate",
      "--bits",
      "4",
      "--ticks",
      "8",
      "--energy",
    ];
    const { points } = await json([...words, "--plot", file("energy.svg")]);
    expect(
      points.map(({ name, report }: { name: string; report: { energy: { estimate: boolean } } }) => [
        name,
        report.energy.estimate,
      ]),
    ).toEqual([
      ["phase", true],
      ["phase", true],
      ["rate", true],
      ["rate", true],
    ]);
    expect(readFileSync(file("energy.svg"), "utf8")).toContain("estimated energy");
    expect((await llif(words)).out).toMatch(/energy \(estimate\)[^]*ESTIMATE/);
    expect((await llif(["sweep", mnist8, "--data", digits, "--codes", "phase,morse"])).err).toContain(
      "expected some of phase, phase-signed",
    );
  });

  it.each([
    ["4,8,…,64", [4, 8, 16, 32, 64]],
    ["2,3,...,6", [2, 3, 4, 5, 6]],
    ["10,5,10", [5, 10]],
    ["2,4,...,10", [2, 4, 8, 10]],
  ])("reads the list %s", (text, list) => {
    expect(integerList("--bits", 1, 100)(text)).toEqual(list);
  });
});

it("teaches by --help", async () => {
  for (const command of [
    "inspect",
    "convert",
    "to-relu",
    "run",
    "evaluate",
    "reproduce",
    "diagnose",
    "curve",
    "sweep",
  ]) {
    const { code, out } = await llif([command, "--help"]);
    expect(code).toBe(0);
    expect(out).toMatch(/Examples?:\n {2}llif /);
  }
  expect((await llif(["--help"])).out).toContain("llif models/mnist-cnn.onnx --data mnist");
});
