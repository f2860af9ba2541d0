// A ReLU network may be rescaled channel by channel without changing its function; the mapping must not care.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTwinPass } from "../../ts/engine/passes/twin.ts";
import { quantizedTwin } from "../../ts/mapping/twin.ts";
import { toSpiking, type ToSpikingOptions } from "../../ts/mapping/to-spiking.ts";
import { argmax } from "../../ts/relu/forward.ts";
import { reluNetwork } from "../../ts/relu/builder.ts";
import type { AffineNode, ReluNetwork, ReluNode } from "../../ts/relu/network.ts";
import { populationsOf, type SpikingNetwork } from "../../ts/spiking/network.ts";
import { channelsOf } from "../../ts/tensor.ts";
import { Draw } from "../draw.ts";
import { engines, simulate } from "../theorems/engines.ts";
import { digits, shippedModel } from "./models.ts";
import { mapped, randomGraph } from "./random.ts";

/** The same function: channels times a factor before their ReLU, and over it behind, which folds into the weights around. */
function rescaled(
  relu: ReluNetwork,
  factor: () => number,
): { readonly relu: ReluNetwork; readonly factors: ReadonlyMap<string, Float32Array> } {
  const factors = new Map<string, Float32Array>();
  const nodes = relu.nodes.flatMap((node): ReluNode[] => {
    const from = node.from.map((name) => (factors.has(name) ? `${name}.back` : name));
    const readers = relu.nodes.filter((other) => other.from.includes(node.name));
    const plain =
      node.kind === "relu" &&
      node.ceiling === Infinity &&
      (node.slope === undefined || !readers.some(({ kind }) => kind === "maxPool"));
    // A flat one behind an image has the image's channels.
    const channelwise =
      node.shape.length === 3 || relu.nodes.some(({ name, kind }) => name === node.from[0] && kind === "dense");
    if (!plain || !channelwise || readers.length === 0 || relu.outputs.includes(node.name))
      return [{ ...node, from } as ReluNode];
    const scale = new Float32Array(channelsOf(node.shape)).map(factor);
    factors.set(node.name, scale);
    const affine = (name: string, source: string, values: Float32Array): AffineNode => ({
      kind: "affine",
      name,
      from: [source],
      shape: node.shape,
      scale: values,
      shift: new Float32Array(values.length),
    });
    return [
      affine(`${node.name}.scaled`, from[0], scale),
      { ...node, from: [`${node.name}.scaled`] },
      affine(
        `${node.name}.back`,
        node.name,
        scale.map((value) => 1 / value),
      ),
    ];
  });
  return { relu: { ...relu, nodes }, factors };
}

const twinOf = (network: SpikingNetwork, pixels: Uint8Array) => quantizedTwin(network).run(pixels);

describe("a rescale by powers of two", () => {
  const codes: ToSpikingOptions[] = [
    { bits: 8 },
    { bits: 5, spikes: "signed" },
    { bits: 6, code: "ttfs" },
    { bits: 8, channelFloor: 1 / 2 },
    { bits: 8, scales: "percentile", percentile: 99 },
  ];

  it("changes no count of a random network", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), fc.constantFrom(...codes), async (seed, options) => {
        const { relu, pixels } = randomGraph(seed);
        const draw = new Draw(seed);
        const other = rescaled(relu, () => 2 ** draw.integer(-14, 14)).relu;
        const map = (network: ReluNetwork) => mapped(network, { ...options, calibration: pixels.slice(0, 2) });
        const [plain, scaled] = [await map(relu), await map(other)];
        // Where a sum is held by neurons may hang on the nodes around it.
        fc.pre(plain.nodes.map(({ name }) => name).join() === scaled.nodes.map(({ name }) => name).join());
        for (const image of pixels)
          expect(Object.values(twinOf(scaled, image).counts)).toEqual(Object.values(twinOf(plain, image).counts));
        expect(Object.values(twinOf(scaled, pixels[2]).charges)).toEqual(
          Object.values(twinOf(plain, pixels[2]).charges),
        );
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  it.each(engines.map((engine) => ({ on: engine.name, engine })))(
    "nor of a shipped model: $on engine",
    async ({ engine }) => {
      const relu = shippedModel("mnist-cnn");
      const draw = new Draw(3);
      const other = rescaled(relu, () => 2 ** draw.integer(-14, 14)).relu;
      const calibration = digits(100, 110);
      const [plain, scaled] = await Promise.all(
        [relu, other].map((network) => toSpiking(network, { bits: 8, calibration })),
      );
      for (const pixels of digits(0, 1)) {
        const [expected, found] = [await simulate(engine, plain, pixels), await simulate(engine, scaled, pixels)];
        expect(Object.values(found.counts)).toEqual(Object.values(expected.counts));
        expect(found.charges).toEqual(expected.charges);
        expect(Object.values(expected.counts)).toEqual(Object.values(twinOf(plain, pixels).counts));
      }
    },
  );
});

describe("a rescale by up to ten thousand", () => {
  it("changes scales as it does the values, weights by a quantum at most, and no decision", async () => {
    const relu = shippedModel("mnist-8");
    const draw = new Draw(5);
    const { relu: other, factors } = rescaled(relu, () => 10 ** (draw.integer(-400, 400) / 100));
    const calibration = digits(300, 340);
    const [plain, scaled] = await Promise.all(
      [relu, other].map((network) => toSpiking(network, { bits: 10, calibration })),
    );
    const [before, after] = [populationsOf(plain), populationsOf(scaled)];
    [...factors.values()].forEach((factor, layer) => {
      after[layer].unit.forEach((unit, channel) =>
        expect(unit / factor[channel] / before[layer].unit[channel]).toBeCloseTo(1, 4),
      );
    });
    after.forEach(({ neuron }, layer) => expect(neuron.threshold).toEqual(before[layer].neuron.threshold));
    scaled.synapses.forEach(({ weights }, number) =>
      weights.forEach((weight, index) =>
        expect(Math.abs(weight - plain.synapses[number].weights[index])).toBeLessThanOrEqual(1),
      ),
    );
    const images = Uint8Array.from(digits(0, 200).flatMap((pixels) => [...pixels]));
    const decisions = await Promise.all(
      [plain, scaled].map(async (network) => {
        const pass = await createTwinPass(network);
        const [charges] = Object.values(pass.run(images, 200).charges);
        pass.dispose();
        return Array.from({ length: 200 }, (_, sample) => argmax(charges.subarray(10 * sample, 10 * sample + 10)));
      }),
    );
    expect(decisions[1]).toEqual(decisions[0]);
  });
});

describe("channel floor", () => {
  /** A hidden layer of two channels, the second silent in calibration, and one output that takes it with weight `weight`. */
  const network = (weight: number, bias = -10) =>
    reluNetwork({ input: [2] })
      .dense({
        name: "hidden",
        weights: { shape: [2, 2], data: Float32Array.of(1, 0, 0, 3) },
        bias: Float32Array.of(0, bias),
      })
      .relu()
      .dense({ name: "out", weights: { shape: [1, 2], data: Float32Array.of(1, weight) } })
      .build();
  const scales = async (relu: ReluNetwork, options: ToSpikingOptions = {}) => {
    const [hidden] = populationsOf(
      await toSpiking(relu, {
        bits: 8,
        calibration: [Uint8Array.of(255, 0)],
        margin: 1,
        channelFloor: 1 / 4,
        ...options,
      }),
    );
    return Array.from(hidden.unit, (unit) => unit * 255);
  };

  it("of a silent channel is a share of what its reader takes from the loudest", async () => {
    expect(await scales(network(1))).toEqual([1, 1 / 4]);
    expect(await scales(network(8))).toEqual([1, 1 / 32]);
    expect(await scales(network(1 / 8))).toEqual([1, 2]);
  });

  it("of a channel that nobody takes is what its own inputs could make of it, where it was silent", async () => {
    expect(await scales(network(0))).toEqual([1, 3]);
    expect(await scales(network(0, 1 / 64))).toEqual([1, 1 / 64]);
  });

  it("is judged through pools and depthwise convolutions", async () => {
    const one = (values: readonly number[], shape: readonly number[]) => ({
      shape: [...shape],
      data: Float32Array.from(values),
    });
    const start = () =>
      reluNetwork({ input: [2, 2, 2] })
        .conv2d({ name: "a", weights: one([1, 0, 0, 1], [1, 1, 2, 2]), bias: Float32Array.of(0, -10) })
        .relu();
    const image = Uint8Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? 255 : 0));
    const layers = async (relu: ReluNetwork) => {
      const network = await toSpiking(relu, { bits: 8, calibration: [image], margin: 1, channelFloor: 1 / 4 });
      return Object.fromEntries(
        populationsOf(network).map(({ name, unit }) => [name, Array.from(unit, (step) => step * 255)]),
      );
    };
    const read = (weight: number) => ({ name: "out", weights: one([1, weight], [1, 2]) });
    expect(await layers(start().maxPool({ size: 2 }).flatten().dense(read(8)).build())).toMatchObject({
      a: [1, 1 / 32],
    });
    expect(await layers(start().globalAveragePool().flatten().dense(read(8)).build())).toMatchObject({
      a: [1, 1 / 32],
    });
    const depthwise = start()
      .conv2d({ name: "b", weights: one([1, 4], [1, 1, 1, 2]), groups: 2 })
      .relu()
      .globalAveragePool()
      .flatten()
      .dense(read(8))
      .build();
    expect(await layers(depthwise)).toMatchObject({ a: [1, 1 / 128], b: [1, 1 / 32] });
  });

  it("is not lost in the bias of a channel that never fires and that nobody reads", async () => {
    // As a trained EfficientNet has them: weights of 1e-11 beside a bias of -1, behind them a depthwise weight of 0.
    const one = (values: readonly number[], shape: readonly number[]) => ({ shape, data: Float32Array.from(values) });
    const relu = reluNetwork({ input: [1, 2, 1] })
      .conv2d({ name: "stem", weights: one([1, 2e-11], [1, 1, 1, 2]), bias: Float32Array.of(0, -1) })
      .relu()
      .conv2d({ name: "depthwise", weights: one([1, 0], [1, 1, 1, 2]), bias: Float32Array.of(0, -1), groups: 2 })
      .relu()
      .flatten()
      .dense({ name: "out", weights: one([1, 1, 1, 1], [1, 4]) })
      .build();
    for (const bits of [8, 12, 16]) {
      const network = await toSpiking(relu, { bits, calibration: [Uint8Array.of(255, 100)], margin: 1 });
      const [stem] = populationsOf(network);
      expect(stem.unit[1] * (2 ** bits - 1)).toBeGreaterThan(1e-5);
      expect(twinOf(network, Uint8Array.of(255, 100)).counts[stem.name][1]).toBe(0);
    }
  });
});
