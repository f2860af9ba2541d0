// The command `learn`: reports, files, resuming, manifests, and what it refuses.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readLearner } from "../../ts/learn/file.ts";
import { digits, llif, temporaryFolder } from "./cli.ts";

const folder = temporaryFolder();
const file = (name: string) => join(folder, name);

/** The 500 digits twice, without what would make them images of the test. */
const doubled = file("doubled-images-idx3-ubyte.gz");
for (const [kind, header] of [
  ["images-idx3", 16],
  ["labels-idx1", 8],
] as const) {
  const bytes = gunzipSync(readFileSync(digits.replace("images-idx3", kind)));
  const twice = Buffer.concat([bytes, bytes.subarray(header)]);
  twice.writeUInt32BE(1000, 4);
  writeFileSync(doubled.replace("images-idx3", kind), gzipSync(twice));
}
const learn = ["learn", "--data", doubled, "--neurons", "30"];
const evaluated = [...learn, "--test", digits, "--test-limit", "200", "--allow-overlap"];

async function json(words: readonly string[]) {
  const { code, out, err } = await llif([...words, "--json"]);
  expect({ code, err: err.replaceAll(/^warning: .*\n/gm, "") }).toEqual({ code: 0, err: "" });
  return JSON.parse(out);
}

async function refused(words: readonly string[], message: RegExp) {
  const { code, out, err } = await llif(words);
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(err).toMatch(message);
}

describe("learn", () => {
  it("learns, names, trains a read-out, evaluates, and writes model, plot and manifest, which reproduces", async () => {
    const words = [...evaluated, "-o", file("a.onnx"), "--plot", file("a.svg"), "--manifest", file("a-run.json")];
    const facts = await json(words);
    expect(facts).toMatchObject({
      neurons: 30,
      rule: { kind: "winner", leak: "none", maxTicks: 64 },
      learntImages: 1000,
      silent: 0,
      readout: "delta",
      evaluation: { samples: 200, twinMismatches: 0, code: "phase" },
    });
    expect(facts.labelAccuracy.accuracy).toBeGreaterThan(0.5);
    expect(facts.evaluation.reluAccuracy).toBeGreaterThan(0.7);
    expect(facts.evaluation.disagreements).toBeLessThanOrEqual(2);
    expect(facts.wins.most).toBeGreaterThan(facts.wins.least);
    expect(readFileSync(file("a.svg"), "utf8").match(/<image /g)).toHaveLength(30);
    const again = await llif(["reproduce", file("a-run.json")]);
    expect(again).toMatchObject({ code: 0, out: expect.stringMatching(/reproduced: every decision/) });
    const { report } = JSON.parse(readFileSync(file("a-run.json"), "utf8"));
    const plain = await json([
      ...["evaluate", file("a.onnx"), "--data", digits, "--limit", "200"],
      ...["--calibration", doubled, "--allow-overlap"],
    ]);
    expect(plain).toMatchObject({ reluAccuracy: report.reluAccuracy, spikingAccuracy: report.spikingAccuracy });
  });

  it("notices another seed in a manifest", async () => {
    await json([...evaluated, "--manifest", file("b.json")]);
    const manifest = JSON.parse(readFileSync(file("b.json"), "utf8"));
    writeFileSync(file("b.json"), JSON.stringify({ ...manifest, learning: { ...manifest.learning, seed: 1 } }));
    const { code, err } = await llif(["reproduce", file("b.json")]);
    expect(code).toBe(1);
    expect(err).toMatch(/not reproduced: what was learnt: expected .*; the model file: expected/);
  });

  it("resumes from a .llif file as if it had not stopped; the file evaluates as any other", async () => {
    await json([...learn, "--readout", "none", "--epochs", "2", "-o", file("whole.llif")]);
    await json([...evaluated, "-o", file("first.llif"), "--bits", "6"]);
    await json([
      ...["learn", "--data", doubled, "--readout", "none", "--seed", "1"],
      ...["--resume", file("first.llif"), "-o", file("second.llif")],
    ]);
    const [whole, second] = ["whole", "second"].map((name) => readLearner(readFileSync(file(`${name}.llif`))));
    expect(second).toEqual(whole);
    const report = await json(["evaluate", file("first.llif"), "--data", digits, "--limit", "100"]);
    expect(report).toMatchObject({ samples: 100, twinMismatches: 0, windowTicks: 6 });
    expect(await llif(["run", file("second.llif"), "--input", join(folder, "none.png")])).toMatchObject({ code: 1 });
  });

  it("learns by the rule pair, reproduces it, and resumes it as if it had not stopped", async () => {
    const pair = ["--rule", "pair", "--threshold-rise", "0.4", "--threshold-decay", "0.0001"];
    const facts = await json([...evaluated, ...pair, "-o", file("p.onnx"), "--manifest", file("p-run.json")]);
    expect(facts).toMatchObject({
      rule: { kind: "pair", ticks: 60, thresholdRise: 0.4, thresholdDecay: 0.0001, plasticity: { rule: "stdp" } },
      ticksPerImage: 60,
      evaluation: { samples: 200, twinMismatches: 0 },
    });
    expect(facts.spikesPerImage).toBeGreaterThan(1);
    expect(facts.labelAccuracy.accuracy).toBeGreaterThan(0.5);
    const again = await llif(["reproduce", file("p-run.json")]);
    expect(again).toMatchObject({ code: 0, out: expect.stringMatching(/reproduced: every decision/) });
    await json([...learn, ...pair, "--readout", "none", "--epochs", "2", "-o", file("p-whole.llif")]);
    await json([...learn, ...pair, "--readout", "none", "-o", file("p-first.llif"), "--plot", file("p.svg")]);
    await json([
      ...["learn", "--data", doubled, "--readout", "none", "--seed", "1"],
      ...["--resume", file("p-first.llif"), "-o", file("p-second.llif")],
    ]);
    const [whole, second] = ["p-whole", "p-second"].map((name) => readLearner(readFileSync(file(`${name}.llif`))));
    expect(second).toEqual(whole);
    expect(readFileSync(file("p.svg"), "utf8").match(/<image /g)).toHaveLength(30);
  });

  it("prints a table, and names neurons by few labels", async () => {
    const { code, out } = await llif([...evaluated, "--labels", "50", "--readout", "label", "--leak", "half-square"]);
    expect(code).toBe(0);
    expect(out).toMatch(/learnt +30 neurons, 1,000 images of doubled, seed 0/);
    expect(out).toMatch(/label accuracy +\d+\.\d\d %.*\(50 labels name the neurons\)/);
    expect(out).toMatch(/read-out +mean of the neurons of a class, 50 labels/);
    expect(out).toMatch(/twin mismatches +0 of all/);
  });

  it("stops when cancelled, and writes nothing", async () => {
    const abort = new AbortController();
    abort.abort();
    expect(await llif([...evaluated, "-o", file("never.onnx")], abort.signal)).toMatchObject({ code: 130, out: "" });
    expect(existsSync(file("never.onnx"))).toBe(false);
  });

  it.each([
    [[...learn], /--test: expected images to evaluate on beside --data/],
    [[...learn, "--readout", "none", "--code", "rate"], /--code: --readout none: nothing is mapped/],
    [[...learn, "--readout", "none", "--manifest", file("c.json")], /--manifest: expected a read-out/],
    [[...learn, "--readout", "none", "-o", file("c.txt")], /--output: expected a name that ends in \.onnx or \.llif/],
    [
      [...evaluated, "-o", file("d.onnx"), "--manifest", file("d.json")],
      /d\.json": expected another name, .* description of ".*d\.onnx"/,
    ],
    [[...learn, "--readout", "none", "--limit", "100"], /--limit: expected at least 500 images/],
    [
      [...learn, "--readout", "none", "--threshold", "100000"],
      /every image was silent: .* take a threshold of about \d+/,
    ],
    [
      ["learn", "--data", "photos", "--readout", "none"],
      /data set "photos": expected mnist, fashion-mnist, cifar10, or an IDX file/,
    ],
    [["learn", "--data", doubled, "--neurons", "0"], /--neurons: expected an integer from 1/],
    [[...learn, "--rule", "pair", "--leak", "half-square"], /--leak: expected --rule winner, got pair/],
    [[...learn, "--threshold-rise", "1"], /--threshold-rise: expected --rule pair, got winner/],
    [["learn", "--data", doubled, "--resume", "l.llif", "--rule", "pair"], /--rule: "l\.llif" has its own/],
    [["learn", "--data", doubled, "--resume", "l.llif", "--neurons", "4"], /--neurons: "l\.llif" has its own/],
    [["learn", "--data", doubled, "--readout", "none", "--resume", digits], /mnist-500.*: /],
  ])("refuses %#", async (words, message) => refused(words, message));
});
