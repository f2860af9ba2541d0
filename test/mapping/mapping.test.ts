// The mapping of shipped models, and its options.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readIdx } from "../../ts/data/idx.ts";
import { createTwinPass } from "../../ts/engine/passes/twin.ts";
import { referenceEngine } from "../../ts/engine/reference.ts";
import { parseDescription } from "../../ts/formats/description.ts";
import { readLlif, writeLlif } from "../../ts/formats/llif.ts";
import { readOnnx } from "../../ts/formats/onnx/read.ts";
import { toRelu } from "../../ts/mapping/to-relu.ts";
import { toSpiking } from "../../ts/mapping/to-spiking.ts";
import { quantizedTwin } from "../../ts/mapping/twin.ts";
import { argmax, forwardLogits, inputFromPixels } from "../../ts/relu/forward.ts";
import { reluNetwork } from "../../ts/relu/builder.ts";
import { defaultConvention, type ReluNode } from "../../ts/relu/network.ts";
import { engines } from "../theorems/engines.ts";

const images = readIdx(readFileSync(new URL("../../models/mnist-500-images-idx3-ubyte.gz", import.meta.url))).data;
const image = (index: number) => Uint8Array.from(images.subarray(index * 784, (index + 1) * 784));
const samples = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => image(from + index));

function model(name: string) {
  const file = (ending: string) => readFileSync(new URL(`../../models/${name}.${ending}`, import.meta.url));
  const description = parseDescription(JSON.parse(file("json").toString()));
  return readOnnx(new Uint8Array(file("onnx")), description);
}

describe.each(["mnist-8", "mnist-mlp"])("%s", (name) => {
  const relu = model(name);

  const codes = [
    { code: "phase", bits: 8 },
    { code: "rate", schedule: "layerwise", ticks: 15 },
    { code: "ttfs", bits: 8 },
  ] as const;
  it.each(codes.flatMap((choice) => engines.map((engine) => ({ ...choice, engine, on: engine.name }))))(
    "$code layerwise equals the twin, neuron by neuron: $on engine",
    async ({ engine, on: _, ...choice }) => {
      const network = await toSpiking(relu, { ...choice, calibration: samples(100, 120) });
      const simulator = await engine.createSimulator(network);
      const twin = quantizedTwin(network);
      const fast = await createTwinPass(network, { keep: "all" });
      for (const pixels of samples(0, 2)) {
        const expected = twin.run(pixels);
        const { counts, charges } = simulator.run(pixels);
        expect(counts).toEqual(expected.counts);
        expect(charges).toEqual(expected.charges);
        const passed = fast.run(pixels, 1);
        for (const [population, values] of Object.entries(expected.counts))
          expect(Array.from(passed.counts[population])).toEqual(Array.from(values));
        for (const [output, values] of Object.entries(expected.charges))
          expect(Array.from(passed.charges[output])).toEqual(Array.from(values));
      }
      fast.dispose();
      simulator.dispose();
    },
  );

  it("decides as the float network at 10 bits", async () => {
    const twin = quantizedTwin(await toSpiking(relu, { bits: 10, calibration: samples(100, 140) }));
    for (const pixels of samples(0, 12)) {
      const [charges] = Object.values(twin.run(pixels).charges);
      expect(argmax(charges)).toBe(argmax(forwardLogits(relu, inputFromPixels(relu, pixels))));
    }
  });

  it("maps back, and survives its file", async () => {
    const network = await toSpiking(relu, { code: "rate", calibration: samples(100, 110) });
    const bytes = writeLlif(network);
    const read = readLlif(bytes);
    expect(Buffer.compare(writeLlif(read), bytes)).toBe(0);
    const back = toRelu(read);
    const expected = forwardLogits(relu, inputFromPixels(relu, image(0)));
    const largest = Math.max(...expected.map(Math.abs));
    forwardLogits(back, inputFromPixels(back, image(0))).forEach((logit, index) =>
      expect(Math.abs(logit - expected[index]) / largest).toBeLessThan(1e-4),
    );
  });
});

describe("options", () => {
  const relu = model("mnist-8");

  it("analytic scales need no data and never clip", async () => {
    const network = await toSpiking(relu, { bits: 10, scales: "analytic" });
    const { counts } = quantizedTwin(network).run(image(3));
    for (const values of Object.values(counts)) expect(Math.max(...values)).toBeLessThan(network.levels);
  });

  it("asks for calibration images", async () => {
    await expect(toSpiking(relu)).rejects.toThrow(
      'scales "max": expected calibration images, got none; a few hundred inputs that are like those to come',
    );
    await expect(toSpiking(relu, { calibration: [] })).rejects.toMatchObject({ code: "DATA" });
  });

  it("names each node that is not mapped", async () => {
    const window = {
      kernel: [1, 1],
      stride: [1, 1],
      dilation: [1, 1],
      padding: { top: 0, left: 0, bottom: 0, right: 0 },
    } as const;
    const nodes: ReluNode[] = [
      { kind: "input", name: "input", from: [], shape: [2, 2, 1] },
      { kind: "concat", name: "both", from: ["input", "input"], shape: [2, 2, 2] },
      { kind: "reshape", name: "wide", from: ["both"], shape: [1, 4, 2] },
      { kind: "maxPool", name: "first", from: ["wide"], shape: [1, 4, 2], ...window },
      { kind: "averagePool", name: "second", from: ["wide"], shape: [1, 4, 2], countPadding: false, ...window },
    ];
    const network = { name: "odd", nodes, outputs: ["first", "second"], convention: defaultConvention, classes: [] };
    await expect(toSpiking(network, { scales: "analytic" })).rejects.toMatchObject({
      code: "UNSUPPORTED",
      nodes: ["first", "second"],
    });
  });

  it("normalisation folds into the first layer", async () => {
    const weights = { shape: [3, 3, 1, 2], data: Float32Array.from({ length: 18 }, (_, index) => Math.sin(index)) };
    const head = { shape: [2, 32], data: Float32Array.from({ length: 64 }, (_, index) => Math.cos(index)) };
    const convention = { scale: 1 / 255, mean: [0.4], std: [0.3], channelOrder: "gray" as const };
    const normalised = reluNetwork({ input: [4, 4, 1], convention })
      .conv2d({ weights, padding: 1 })
      .relu()
      .flatten()
      .dense({ weights: head })
      .build();
    const pixels = Uint8Array.from({ length: 16 }, (_, index) => (index * 53) % 256);
    const network = await toSpiking(normalised, { bits: 12, calibration: [pixels] });
    const simulator = await referenceEngine().createSimulator(network);
    const { logits } = simulator.run(pixels);
    const expected = forwardLogits(normalised, inputFromPixels(normalised, pixels));
    logits.forEach((logit, index) => expect(Math.abs(logit - expected[index])).toBeLessThan(0.02));
  });
});
