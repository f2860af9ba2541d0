// `.llif` files on the command line: convert, inspect, run, to-relu.
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeOnnx } from "../../ts/formats/onnx/write.ts";
import { writeNpy } from "../../ts/data/npy.ts";
import { writeLlif } from "../../ts/formats/llif.ts";
import { reluNetwork } from "../../ts/relu/builder.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import type { SpikingNetwork } from "../../ts/spiking/network.ts";
import { digits, llif, models, temporaryFolder } from "./cli.ts";

const folder = temporaryFolder();
const file = (name: string) => join(folder, name);
const mnist8 = join(models, "mnist-8.onnx");

async function json(words: readonly string[]) {
  const { code, out, err } = await llif([...words, "--json"]);
  expect({ code, err: code === 0 ? "" : err }).toEqual({ code: 0, err: "" });
  return JSON.parse(out);
}

describe("a network made by hand", () => {
  const write = async (name: string, network: SpikingNetwork) => {
    await writeFile(file(name), writeLlif(network));
    return file(name);
  };
  const layer = () => spikingNetwork({ inputs: [2], ticks: 9 }).dense({ threshold: 1, weights: [[1, 0.5]], name: "a" });
  const commands = (model: string): string[][] => [
    ["inspect", model],
    ["run", model, "--input", file("pair.npy")],
    ["to-relu", model, "-o", file("hand.onnx")],
    ["evaluate", model, "--data", digits],
    ["diagnose", model, "--data", digits],
    ["convert", model, "-o", file("hand.llif")],
    ["sweep", model, "--data", digits],
    ["bench", model],
    [model, "--data", digits],
  ];

  it.each<[string, () => SpikingNetwork, RegExp]>([
    [
      "recurrent",
      () =>
        layer()
          .connect({ from: "a", to: "a", weights: [[-0.5]] })
          .output({ weights: [[1]] })
          .build(),
      /expected a network that stands for a ReLU network: .*"a"/,
    ],
    ["without output", () => layer().build(), /expected a network with an output to decide by, got none/],
  ])("%s: is inspected, run and timed, and refused clearly by what compares it", async (name, make, refusal) => {
    await writeFile(file("pair.npy"), writeNpy({ shape: [1, 2], data: Float32Array.of(0.3, 0.4) }));
    const model = await write(`${name}.llif`, make());
    for (const words of commands(model)) {
      const { code, out, err } = await llif(words);
      if (["inspect", "run", "bench"].includes(words[0]))
        expect({ code, err, words }).toEqual({ code: 0, err: "", words });
      else
        expect({ code, err }).toEqual({
          code: 1,
          err: ["convert", "sweep"].includes(words[0])
            ? expect.stringContaining("expected a ReLU network")
            : expect.stringMatching(refusal),
        });
      if (words[0] === "inspect" && name === "recurrent") expect(out).toContain("no ReLU network stands for it");
    }
    const [decided] = await json(["run", model, "--input", file("pair.npy")]);
    // 0.3 + 0.5 · 0.4 a tick: four spikes in nine ticks; the inhibition of its own spikes makes it fewer.
    expect(decided).toMatchObject(
      name === "recurrent"
        ? { top: [{ index: 0 }], spikes: 3, reluDecision: null }
        : { top: [], spikes: 4, spikesOfLayers: { a: 4 } },
    );
  });

  it("has names that steer nothing on the terminal, and break no drawing", async () => {
    const bad = "\u001b]0;owned\u0007\u001b[31mred\u009b2J\u202e\u0000<&>\"'\ud800\nline";
    const network = spikingNetwork({ inputs: [2], ticks: 9, name: bad, classes: [bad] })
      .dense({ threshold: 1, weights: [[1, 0.5]], name: bad })
      .output({ weights: [[1]] })
      .build();
    const model = await write("names.llif", network);
    await writeFile(file("pair.npy"), writeNpy({ shape: [1, 2], data: Float32Array.of(0.3, 0.4) }));
    for (const words of [
      ["inspect", model],
      ["inspect", model, "--json"],
      ["run", model, "--input", file("pair.npy"), "--plot", file("names.svg")],
      ["run", model, "--input", file(bad.replaceAll("\u0000", ""))],
      ["inspect", bad],
      ["evaluate", model, "--data", bad],
    ]) {
      const { out, err } = await llif(words);
      expect(`${out}${err}`).not.toMatch(/[^\P{Cc}\n]|[\u2028-\u202e]/u);
      expect(err.trim().split("\n").length).toBe(1);
    }
    expect((await llif(["inspect", model])).out).toContain("\\u001b[31mred");
    const svg = readFileSync(file("names.svg"), "utf8");
    expect(svg).toContain("\\u001b[31mred");
    expect(svg).not.toMatch(/[^\P{Cc}\n\t]|\p{Surrogate}/u);
    // Neither tags in attributes nor unknown entities.
    expect(svg).not.toMatch(/="[^"]*</);
    expect(svg).not.toMatch(/&(?!(?:amp|lt|gt|quot|#\d+|#x[\da-f]+);)/);
  });
});

describe("convert, to-relu", () => {
  it("maps to signed rate that settles, which evaluate refuses by name", async () => {
    const network = file("settles.llif");
    const words = [
      "convert",
      mnist8,
      "-o",
      network,
      "--scales",
      "analytic",
      "--code",
      "rate",
      "--ticks",
      "8",
      "--settles",
    ];
    expect((await llif(words)).err).toContain('settles: expected code "rate" with signed spikes');
    expect((await json([...words, "--spikes", "signed"])).mapping).toMatchObject({ settles: true, spikes: "signed" });
    expect((await llif(["evaluate", network, "--data", digits, "--limit", "2"])).err).toContain(
      "it settles, so that every sample has a latency of its own",
    );
  });

  it("says by which of several outputs a model decides", async () => {
    const ones = (...shape: [number, number]) => ({ shape, data: new Float32Array(shape[0] * shape[1]).fill(0.01) });
    const relu = reluNetwork({ input: [28, 28, 1] })
      .dense({ weights: ones(3, 784) })
      .relu({ name: "active" })
      .dense({ weights: ones(10, 3), name: "classes" })
      .build();
    const model = file("two.onnx");
    await writeFile(model, writeOnnx({ ...relu, outputs: ["classes", "active"] }));
    const words = ["evaluate", model, "--data", digits, "--limit", "2", "--scales", "analytic"];
    expect((await llif(words)).err).toContain('decisions are made by output "classes", the first of 2');
    expect((await llif(["evaluate", mnist8, ...words.slice(2)])).err).not.toContain("decisions are those");
  });

  it("converts to a file that evaluates, inspects and turns back into a ReLU network", async () => {
    const [network, back] = [file("mnist-8.llif"), file("back.onnx")];
    await json(["convert", mnist8, "-o", network, "--calibration", digits, "--bits", "8"]);
    const direct = await json([
      "evaluate",
      mnist8,
      "--data",
      digits,
      "--limit",
      "50",
      "--calibration",
      digits,
      "--allow-overlap",
    ]);
    const fromFile = await json(["evaluate", network, "--data", digits, "--limit", "50"]);
    expect(fromFile).toMatchObject({
      comparedWith: "toRelu",
      spikingAccuracy: direct.spikingAccuracy,
      spikesPerSample: direct.spikesPerSample,
      twinMismatches: 0,
    });
    expect((await llif(["evaluate", network, "--data", digits, "--limit", "5"])).out).toContain(
      "compared with toRelu(network)",
    );
    await json(["to-relu", network, "-o", back]);
    expect((await json(["inspect", back])).multiplyAccumulates).toBeGreaterThan(0);
    expect((await llif(["evaluate", network, "--data", digits, "--bits", "4"])).err).toContain("is mapped already");
  });

  it("says what it chose for every layer, and chooses the bits if asked", async () => {
    const network = file("auto.llif");
    const { code, out, err } = await llif([
      "convert",
      mnist8,
      "-o",
      network,
      "--calibration",
      digits,
      "--bits",
      "auto",
      "--json",
    ]);
    expect(code).toBe(0);
    const { mapping, layers, warnings } = JSON.parse(out);
    expect(err).toMatch(
      new RegExp(
        `^--bits auto: ${mapping.bits} bits, the fewest without a disagreement on 100 held-out images \\(2: \\d+, .*${mapping.bits}: 0\\)`,
      ),
    );
    expect(mapping.automatic).toBeUndefined();
    expect(layers[0]).toMatchObject({ kind: "population", accumulator: "i16 blocks" });
    expect(Array.isArray(warnings)).toBe(true);
    expect((await llif(["inspect", network])).out).toMatch(/layer +shape +from +scale +ceiling +p +charge bits +sums/);
    expect((await llif(["convert", mnist8, "-o", network, "--scales", "analytic", "--bits", "auto"])).err).toContain(
      "--bits auto: expected --calibration <set>",
    );
    expect(
      (await llif(["convert", mnist8, "-o", network, "--calibration", digits, "--bits", "auto", "--code", "rate"])).err,
    ).toContain("--bits auto: expected an exact code");
  });
});

describe("a live network", () => {
  it("is inspected by its parts, without a ReLU network, and refused by what compares it, by the part", async () => {
    const network = spikingNetwork({ inputs: 2, name: "brain", dtSeconds: 1e-4 })
      .population({
        name: "cells",
        units: 10,
        input: "none",
        threshold: 7,
        leak: { kind: "ohmic", timeConstantTicks: 200 },
        currents: { g: { timeConstantTicks: 50 } },
      })
      .connect({ name: "loop", from: "cells", to: "cells", into: "g", delayTicks: 18, identity: 1 })
      .build();
    await writeFile(file("live.llif"), writeLlif(network));
    const { code, out } = await llif(["inspect", file("live.llif")]);
    expect(code).toBe(0);
    expect(out).toContain("brain: 10 neurons, 10 connections; at least ");
    expect(out).toContain("cells [10]: threshold 7; ohmic leak, time constant 200 ticks; soft reset; current g, time");
    expect(out).toMatch(/loop +cells +cells +g +identity +10 +1 +18$/m);
    expect(out).not.toContain("multiply-accumulates");
    expect((await json(["inspect", file("live.llif")])).summary.live.synapses).toHaveLength(1);
    for (const words of [
      ["to-relu", file("live.llif"), "-o", file("live.onnx")],
      ["evaluate", file("live.llif"), "--data", digits],
      ["diagnose", file("live.llif"), "--data", digits],
    ]) {
      const { code, err } = await llif(words);
      expect({ code, err }).toEqual({
        code: 1,
        err: expect.stringContaining(
          'population "cells" has synaptic currents, which only simulators of live networks know',
        ),
      });
    }
  });
});
