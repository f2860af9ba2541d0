// Models with more than one output.
import { describe, expect, it } from "vitest";
import { evaluate } from "../../ts/analyze/evaluate.ts";
import { imageDataset } from "../../ts/data/dataset.ts";
import { createFloatPass } from "../../ts/engine/passes/float.ts";
import { createTwinPass } from "../../ts/engine/passes/twin.ts";
import { readOnnx } from "../../ts/formats/onnx/read.ts";
import { writeOnnx } from "../../ts/formats/onnx/write.ts";
import { toRelu } from "../../ts/mapping/to-relu.ts";
import { toSpiking, type ToSpikingOptions } from "../../ts/mapping/to-spiking.ts";
import { checkReluNetwork } from "../../ts/relu/check.ts";
import { argmax, forward, inputFromPixels } from "../../ts/relu/forward.ts";
import type { ReluNetwork, ReluNode } from "../../ts/relu/network.ts";
import { outputsOf } from "../../ts/spiking/network.ts";
import { Draw } from "../draw.ts";
import { engines } from "../theorems/engines.ts";

const draw = new Draw(11);
const dense = (name: string, from: string, outputs: number, inputs: number): ReluNode => ({
  kind: "dense",
  name,
  from: [from],
  shape: [outputs],
  weights: { shape: [outputs, inputs], data: draw.floats(outputs * inputs, 1.5 / Math.sqrt(inputs)) },
  bias: draw.floats(outputs, 0.2),
});
const nodes: ReluNode[] = [
  { kind: "input", name: "input", from: [], shape: [16] },
  dense("trunk", "input", 12, 16),
  { kind: "relu", name: "active", from: ["trunk"], shape: [12], ceiling: Infinity },
  dense("classes", "active", 4, 12),
  dense("box", "active", 3, 12),
  { kind: "softmax", name: "probabilities", from: ["classes"], shape: [4] },
];
const convention = { scale: 1 / 255, mean: [0], std: [1], channelOrder: "gray" } as const;
const images = Array.from({ length: 12 }, () => Uint8Array.from({ length: 16 }, () => draw.integer(0, 255)));

/** A value may be an output both before and after its softmax, and a hidden value may be one. */
const cases: Readonly<Record<string, readonly string[]>> = {
  "two heads": ["classes", "box"],
  "the other order": ["box", "probabilities"],
  "logits and their softmax": ["classes", "probabilities"],
  "a hidden layer": ["classes", "active"],
  "the sum before a hidden layer": ["classes", "trunk"],
};
const networkOf = (outputs: readonly string[]): ReluNetwork => {
  const needed = nodes
    .filter(({ name, kind }) => kind !== "softmax" || outputs.includes(name))
    .filter(({ name }) => !["box"].includes(name) || outputs.includes(name));
  return checkReluNetwork({ name: "several", nodes: needed, outputs, convention, classes: [] });
};
/** Before a softmax. */
const valuesOf = (relu: ReluNetwork, image: Uint8Array) => {
  const values = forward(relu, inputFromPixels(relu, image));
  return relu.outputs.map((name) => {
    const node = relu.nodes.find((candidate) => candidate.name === name);
    return [...(values.get(node?.kind === "softmax" ? node.from[0] : name) as Float32Array)];
  });
};
const codes: readonly ToSpikingOptions[] = [
  { bits: 12 },
  { bits: 8, spikes: "signed" },
  { code: "ttfs" },
  { code: "ttfs", bits: 10 },
  { code: "rate", ticks: 2000 },
  { code: "rate", spikes: "signed", ticks: 2000 },
];

describe.each(Object.keys(cases))("several outputs: %s", (name) => {
  const relu = networkOf(cases[name]);

  it("survive an ONNX file, in their order", () => {
    const back = readOnnx(writeOnnx(relu));
    expect(back.outputs).toEqual(relu.outputs);
    for (const image of images.slice(0, 3))
      valuesOf(back, image).forEach((values, output) =>
        values.forEach((value, index) => expect(value).toBeCloseTo(valuesOf(relu, image)[output][index], 4)),
      );
  });

  it.each(codes)("are simulated, in their order, and mapped back: %o", async (options) => {
    const network = await toSpiking(relu, { ...options, calibration: images });
    const outputs = outputsOf(network);
    expect(outputs).toHaveLength(relu.outputs.length);
    const back = toRelu(network);
    expect(back.outputs).toHaveLength(relu.outputs.length);
    for (const engine of engines) {
      const simulator = await engine.createSimulator(network);
      for (const image of images.slice(0, 4)) {
        const { charges, logits } = simulator.run(image);
        const expected = valuesOf(relu, image);
        outputs.forEach((output, number) => {
          const ticks = network.code.kind === "rate" ? network.windowTicks : 1;
          expected[number].forEach((value, index) => {
            const found = (charges[output.name][index] * output.unit[index % output.unit.length]) / ticks;
            expect(Math.abs((output.rectified ? Math.max(0, found) : found) - value)).toBeLessThan(0.03);
          });
        });
        expect(logits).toHaveLength(expected[0].length);
        valuesOf(back, image).forEach((values, number) =>
          values.forEach((value, index) => expect(Math.abs(value - expected[number][index])).toBeLessThan(0.03)),
        );
      }
      simulator.dispose();
    }
  });

  it("are decided by the first", async () => {
    const network = await toSpiking(relu, { bits: 12, calibration: images });
    const simulator = await engines[0].createSimulator(network);
    const [forwardPass, twin] = [await createFloatPass(relu), await createTwinPass(network, { keep: "all" })];
    const data = imageDataset({
      name: "made",
      split: "test",
      shape: [1, 16, 1],
      images: Uint8Array.from(images.flatMap((image) => [...image])),
      labels: null,
      classes: [],
    });
    const { spikingDecisions, reluDecisions, twinMismatches } = await evaluate(
      { network, reluOutput: relu.outputs[0], forward: forwardPass, simulator, twin },
      data,
    );
    const expected = images.map((image) => argmax(Float64Array.from(valuesOf(relu, image)[0])));
    expect([...reluDecisions]).toEqual(expected);
    expect([...spikingDecisions]).toEqual(expected);
    expect(twinMismatches).toBe(0);
    for (const resource of [simulator, forwardPass, twin]) resource.dispose();
  });
});
