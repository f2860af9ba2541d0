// Input encodings mean the same values to a network.
import { describe, expect, it } from "vitest";
import { inputEncoder, spikesBetween, spikesOfInputs, type Encoding } from "../../ts/analyze/encoding.ts";
import { evaluateAt } from "../../ts/analyze/evaluate.ts";
import type { Contenders } from "../../ts/analyze/contenders.ts";
import { imageDataset } from "../../ts/data/dataset.ts";
import { referenceEngine } from "../../ts/engine/reference.ts";
import { toSpiking, type ToSpikingOptions } from "../../ts/mapping/to-spiking.ts";
import { forwardLogits } from "../../ts/relu/forward.ts";
import { randomGraph } from "./graphs.ts";

const { network: relu, image } = randomGraph(21);
const choice = (encoding: Encoding, seed = 0) => ({ encoding, seed });
const map = (options: ToSpikingOptions) => toSpiking(relu, { ...options, scales: "analytic" });

async function run(options: ToSpikingOptions, encoding: Encoding, seed = 0, index = 0) {
  const mapped = await map(options);
  const { network, encode } = inputEncoder(mapped, choice(encoding, seed));
  const simulator = await referenceEngine().createSimulator(network, {});
  const { input, spikes } = encode(image, index, network.windowTicks);
  return { result: simulator.run(input), spikes, network };
}

describe("input encodings", () => {
  it.each([
    ["phase", "phase", { code: "phase", bits: 8 }],
    ["ternary phase", "phase", { code: "phase", spikes: "signed", bits: 6 }],
    ["non-adjacent phase", "phase", { code: "phase", spikes: "signed", nonAdjacent: true, bits: 8 }],
    ["ttfs", "ttfs", { code: "ttfs", bits: 8 }],
    ["layerwise rate", "regular", { code: "rate", schedule: "layerwise", ticks: 300 }],
  ] as const)("are exact where the code is: %s", async (_, encoding, options) => {
    const constant = await run(options, "constant");
    const encoded = await run(options, encoding);
    expect(encoded.result.counts).toEqual(constant.result.counts);
    expect(encoded.result.charges).toEqual(constant.result.charges);
    expect(encoded.spikes?.neurons.length).toBeGreaterThan(10);
    expect(encoded.result.statistics.synapticOperations).toBeGreaterThan(constant.result.statistics.synapticOperations);
  });

  it("of synchronous rate stand for the same values: regular soon, Poisson in the mean", async () => {
    const exact = forwardLogits(
      relu,
      Float32Array.from(image, (pixel) => pixel / 255),
    );
    const largest = Math.max(...exact.map(Math.abs));
    const error = (logits: Float64Array) =>
      Math.max(...logits.map((logit, index) => Math.abs(logit - exact[index]))) / largest;
    const ticks = { code: "rate", ticks: 2000 } as const;
    expect(error((await run(ticks, "regular")).result.logits)).toBeLessThan(0.15);
    const draws = await Promise.all([1, 2, 3, 4].map((seed) => run(ticks, "poisson", seed)));
    const mean = Float64Array.from(exact, (_, index) =>
      draws.reduce((sum, { result }) => sum + result.logits[index] / draws.length, 0),
    );
    expect(error(mean)).toBeLessThan(0.3);
    expect(new Set(draws.map(({ spikes }) => spikes?.neurons.length)).size).toBeGreaterThan(1);
  });

  it("Poisson spikes depend on seed and image alone", async () => {
    const ticks = { code: "rate", ticks: 50 } as const;
    const [once, again, other, next] = await Promise.all([
      run(ticks, "poisson", 5, 3),
      run(ticks, "poisson", 5, 3),
      run(ticks, "poisson", 6, 3),
      run(ticks, "poisson", 5, 4),
    ]);
    expect(again.result).toEqual(once.result);
    expect(other.spikes).not.toEqual(once.spikes);
    expect(next.spikes).not.toEqual(once.spikes);
  });

  it("refuses what does not fit, and says what would", async () => {
    const refused = async (encoding: Encoding, options: ToSpikingOptions) =>
      inputEncoder(await map(options), choice(encoding));
    await expect(refused("poisson", { code: "phase" })).rejects.toThrow("expected code synchronous rate");
    await expect(refused("phase", { code: "rate" })).rejects.toThrow('encoding "constant" fits every code');
    await expect(refused("phase", { code: "phase", bits: 7 })).rejects.toThrow(
      "expected a window that reaches 255, as pixels do; this one reaches 127",
    );
    await expect(refused("ttfs", { code: "phase" })).rejects.toThrow("expected code ttfs");
    await expect(refused("regular", { code: "rate", schedule: "layerwise", ticks: 100 })).rejects.toThrow(
      "reaches 255",
    );
  });
});

it("a run that is read in between gives the same by its parts", async () => {
  const mapped = await map({ code: "rate", ticks: 40 });
  const encoder = inputEncoder(mapped, choice("poisson", 9));
  const simulator = await referenceEngine().createSimulator(encoder.network, {});
  const data = imageDataset({
    name: "one",
    split: "test",
    shape: relu.nodes[0].shape as [number, number, number],
    images: image,
    labels: null,
    classes: [],
  });
  const forward = { run: () => ({ outputs: { y: Float32Array.of(1, 0, 0, 0) } }) };
  const contenders: Contenders = { network: encoder.network, reluOutput: "y", forward, simulator, twin: null, encoder };
  const [at10, at40] = await evaluateAt(contenders, data, { ticks: [10, 40] });
  const [whole] = await evaluateAt(contenders, data, { ticks: [40] });
  expect(at40.spikes).toEqual(whole.spikes);
  expect(at40.spikingDecisions).toEqual(whole.spikingDecisions);
  expect(at10.spikes[0]).toBeLessThan(at40.spikes[0]);
  const { spikes } = encoder.encode(image, 0, 40);
  if (spikes === null) throw new Error("no spikes");
  const parts = [spikesBetween(spikes, 0, 13), spikesBetween(spikes, 13, 40)];
  expect(parts[0].ticks.length + parts[1].ticks.length).toBe(spikes.ticks.length);
  expect(
    [...spikesOfInputs(parts[0], image.length)].map(
      (count, neuron) => count + spikesOfInputs(parts[1], image.length)[neuron],
    ),
  ).toEqual([...spikesOfInputs(spikes, image.length)]);
});
