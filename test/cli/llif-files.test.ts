import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeOnnx } from "../../ts/formats/onnx/write.ts";
import { reluNetwork } from "../../ts/relu/builder.ts";
import { digits, llif, models, temporaryFolder } from "./cli.ts";

const folder = temporaryFolder();
const file = (name: string) => join(folder, name);
const mnist8 = join(models, "mnist-8.onnx");

async function json(words: readonly string[]) {
  const { code, out, err } = await llif([...words, "--json"]);
  expect({ code, err: code === 0 ? "" : err }).toEqual({ code: 0, err: "" });
  return JSON.parse(out);
}

describe("convert, to-relu", () => {
  it("maps to signed rate that settles, which evaluate refuses by name", async () => {
    const network = file("settles.llif");
    const words = ["convert", mnist8, "-o", network, "--scales", "analytic", "--code", "rate", "--ticks", "8", "--settles"];
    expect((await llif(words)).err).toContain('settles: expected code "rate" with signed spikes');
    expect((await json([...words, "--spikes", "signed"])).mapping).toMatchObject({ settles: true, spikes: "signed" });
    expect((await llif(["evaluate", network, "--data", digits, "--limit", "2"])).err).toContain("it settles, so that every sample has a latency of its own");
  });

  it("says by which of several outputs a model decides", async () => {
    const ones = (...shape: [number, number]) => ({ shape, data: new Float32Array(shape[0] * shape[1]).fill(0.01) });
    const relu = reluNetwork({ input: [28, 28, 1] }).dense({ weights: ones(3, 784) }).relu({ name: "active" }).dense({ weights: ones(10, 3), name: "classes" }).build();
    const model = file("two.onnx");
    await writeFile(model, writeOnnx({ ...relu, outputs: ["classes", "active"] }));
    const words = ["evaluate", model, "--data", digits, "--limit", "2", "--scales", "analytic"];
    expect((await llif(words)).err).toContain('decisions are those of output "classes", the first of 2');
    expect((await llif(["evaluate", mnist8, ...words.slice(2)])).err).not.toContain("decisions are those");
  });

  it("converts to a file that evaluates, inspects and turns back into a ReLU network", async () => {
    const [network, back] = [file("mnist-8.llif"), file("back.onnx")];
    await json(["convert", mnist8, "-o", network, "--calibration", digits, "--bits", "8"]);
    const direct = await json(["evaluate", mnist8, "--data", digits, "--limit", "50", "--calibration", digits, "--allow-overlap"]);
    const fromFile = await json(["evaluate", network, "--data", digits, "--limit", "50"]);
    expect(fromFile).toMatchObject({ comparedWith: "toRelu", spikingAccuracy: direct.spikingAccuracy, spikesPerSample: direct.spikesPerSample, twinMismatches: 0 });
    expect((await llif(["evaluate", network, "--data", digits, "--limit", "5"])).out).toContain("compared with toRelu(network)");
    await json(["to-relu", network, "-o", back]);
    expect((await json(["inspect", back])).multiplyAccumulates).toBeGreaterThan(0);
    expect((await llif(["evaluate", network, "--data", digits, "--bits", "4"])).err).toContain("is mapped already");
  });

  it("says what it chose for every layer, and chooses the bits if asked", async () => {
    const network = file("auto.llif");
    const { code, out, err } = await llif(["convert", mnist8, "-o", network, "--calibration", digits, "--bits", "auto", "--json"]);
    expect(code).toBe(0);
    const { mapping, layers, warnings } = JSON.parse(out);
    expect(err).toMatch(new RegExp(`^--bits auto: ${mapping.bits} bits, the smallest number without a disagreement on 100 held-back images \\(2: \\d+, .*${mapping.bits}: 0\\)`));
    expect(mapping.automatic).toBeUndefined();
    expect(layers[0]).toMatchObject({ kind: "population", accumulator: "i16 blocks" });
    expect(Array.isArray(warnings)).toBe(true);
    expect((await llif(["inspect", network])).out).toMatch(/layer +shape +from +scale +ceiling +p +charge bits +sums/);
    expect((await llif(["convert", mnist8, "-o", network, "--scales", "analytic", "--bits", "auto"])).err).toContain("--bits auto: expected --calibration <set>");
    expect((await llif(["convert", mnist8, "-o", network, "--calibration", digits, "--bits", "auto", "--code", "rate"])).err).toContain("--bits auto: expected an exact code");
  });
});
