// Activations of either sign: pairs of populations, mapped back as one.
import { describe, expect, it } from "vitest";
import { readLlif, writeLlif } from "../../ts/formats/llif.ts";
import { negativeSides } from "../../ts/mapping/negative-sides.ts";
import { requireMapped } from "../../ts/spiking/mapped.ts";
import { toRelu } from "../../ts/mapping/to-relu.ts";
import { toSpiking, type ToSpikingOptions } from "../../ts/mapping/to-spiking.ts";
import { reluNetwork } from "../../ts/relu/builder.ts";
import { forwardLogits, inputFromPixels } from "../../ts/relu/forward.ts";
import type { ReluNetwork } from "../../ts/relu/network.ts";
import { populationsOf, type SpikingNetwork } from "../../ts/spiking/network.ts";
import { Draw } from "../draw.ts";

const gray = { scale: 1 / 255, mean: [0.4], std: [0.3], channelOrder: "gray" } as const;
const draw = new Draw(5);
const conv = (inputs: number, outputs: number, name: string) => ({
  name,
  weights: { shape: [3, 3, inputs, outputs], data: draw.floats(9 * inputs * outputs, 1 / Math.sqrt(inputs)) },
  bias: draw.floats(outputs, 0.2),
});
const dense = (inputs: number, outputs: number, name: string) => ({
  name,
  weights: { shape: [outputs, inputs], data: draw.floats(outputs * inputs, 1 / Math.sqrt(inputs)) },
  bias: draw.floats(outputs, 0.2),
});
const slopes = Float32Array.of(0.25, -0.5, 0, 1.5);
const leak = (slope: number) => new Float32Array(4).fill(slope);
const start = () =>
  reluNetwork({ input: [8, 8, 1], name: "leaky", convention: gray }).conv2d({ ...conv(1, 4, "first"), padding: 1 });

const models: Readonly<Record<string, ReluNetwork>> = {
  LeakyReLU: start()
    .relu({ slope: leak(0.1) })
    .conv2d(conv(4, 3, "second"))
    .relu()
    .flatten()
    .dense(dense(108, 5, "logits"))
    .build(),
  "PReLU, a slope below 0 and one above 1": start()
    .relu({ slope: slopes })
    .conv2d(conv(4, 3, "second"))
    .relu()
    .flatten()
    .dense(dense(108, 5, "logits"))
    .build(),
  "with a ceiling": start()
    .relu({ slope: leak(0.2), ceiling: 0.7 })
    .conv2d(conv(4, 3, "second"))
    .relu()
    .flatten()
    .dense(dense(108, 5, "logits"))
    .build(),
  "before a max pool": start()
    .relu({ slope: leak(0.3) })
    .maxPool({ size: 2 })
    .conv2d(conv(4, 3, "second"))
    .relu()
    .flatten()
    .dense(dense(12, 5, "logits"))
    .build(),
  "before a padded max pool and a padded layer": start()
    .relu({ slope: leak(0.3) })
    .maxPool({ size: 3, stride: 2, padding: 1 })
    .conv2d({ ...conv(4, 3, "second"), padding: 1 })
    .relu()
    .flatten()
    .dense(dense(48, 5, "logits"))
    .build(),
  "before an average pool": start()
    .relu({ slope: slopes })
    .averagePool({ size: 2 })
    .conv2d(conv(4, 3, "second"))
    .relu()
    .flatten()
    .dense(dense(12, 5, "logits"))
    .build(),
  "straight into the output": start()
    .relu({ slope: leak(0.1) })
    .flatten()
    .dense(dense(256, 5, "logits"))
    .build(),
};

const codes: readonly ToSpikingOptions[] = [
  { bits: 12 },
  { bits: 8, spikes: "signed" },
  { bits: 11, nonAdjacent: true },
  { code: "ttfs" },
  { code: "ttfs", bits: 10 },
  { code: "rate" },
  { code: "rate", timeConstantTicks: 40, refractory: 1 },
  { code: "rate", ticks: 900, spikes: "signed" },
];
const images = Array.from({ length: 6 }, () => Uint8Array.from({ length: 64 }, () => draw.integer(0, 255)));
const activationsOf = ({ nodes }: ReluNetwork) =>
  nodes.flatMap((node) =>
    node.kind === "relu" ? [{ slope: node.slope === undefined ? null : [...node.slope], ceiling: node.ceiling }] : [],
  );

describe.each(Object.keys(models))("%s", (name) => {
  const relu = models[name];

  it.each(codes)("comes back as one activation with its slopes: %o", async (options) => {
    const network = await toSpiking(relu, { ...options, calibration: images });
    expect(populationsOf(network).filter(({ negativeOf }) => negativeOf !== undefined)).toHaveLength(1);
    const back = toRelu(readLlif(writeLlif(network)));
    expect(activationsOf(back)).toEqual(activationsOf(relu));
    for (const image of images) {
      const [found, expected] = [back, relu].map((model) => forwardLogits(model, inputFromPixels(model, image)));
      const largest = Math.max(...expected.map(Math.abs));
      found.forEach((logit, index) =>
        expect(Math.abs(logit - expected[index]) / largest).toBeLessThan(network.arithmetic === "int32" ? 0.02 : 1e-4),
      );
    }
  });
});

describe("a linear layer between weighted ones", () => {
  const relu = start()
    .relu()
    .conv2d(conv(4, 2, "bottleneck"))
    .conv2d(conv(2, 3, "last"))
    .relu()
    .flatten()
    .dense(dense(48, 5, "logits"))
    .build();

  it.each(codes)("comes back without a ReLU: %o", async (options) => {
    const back = toRelu(await toSpiking(relu, { ...options, calibration: images }));
    expect(activationsOf(back)).toHaveLength(2);
  });
});

describe("a pair whose sides were changed apart", () => {
  const relu = models.LeakyReLU;
  const changed = (network: SpikingNetwork, from: string, to: string): SpikingNetwork => ({
    ...network,
    synapses: network.synapses.map((synapse) =>
      synapse.from === from && synapse.to === to
        ? { ...synapse, weights: synapse.weights.map((weight, index) => (index === 7 ? weight + 500 : weight)) }
        : synapse,
    ) as SpikingNetwork["synapses"],
  });

  it.each([
    ["first.minus", "second"],
    ["input", "first.minus"],
    ["first", "second"],
    ["input", "first"],
  ])("comes back as two ReLUs: %s to %s", async (from, to) => {
    const network = await toSpiking(relu, { bits: 8, calibration: images });
    expect(negativeSides(requireMapped("pairs", network)).slopes.size).toBe(1);
    const other = changed(network, from, to);
    expect(other.synapses).not.toEqual(network.synapses);
    expect(negativeSides(requireMapped("pairs", other)).slopes.size).toBe(0);
    expect(activationsOf(toRelu(other)).every(({ slope }) => slope === null)).toBe(true);
    expect(activationsOf(toRelu(other))).toHaveLength(3);
  });

  it("is no pair where only one side is read, or the bias is another", async () => {
    const network = await toSpiking(relu, { bits: 8, calibration: images });
    const unread = { ...network, synapses: network.synapses.filter(({ from }) => from !== "first") };
    expect(negativeSides(requireMapped("pairs", unread)).slopes.size).toBe(0);
    const biased = {
      ...network,
      nodes: network.nodes.map((node) =>
        node.name === "first" && node.kind === "population"
          ? { ...node, bias: node.bias.map((value) => value + 90) }
          : node,
      ),
    };
    expect(negativeSides(requireMapped("pairs", biased as SpikingNetwork)).slopes.size).toBe(0);
  });

  it("is refused where it names no population of its shape", async () => {
    const network = await toSpiking(relu, { bits: 8, calibration: images });
    const renamed = {
      ...network,
      nodes: network.nodes.map((node) =>
        node.name === "first.minus"
          ? { ...node, negativeOf: { population: "second", slope: new Float64Array(4), complement: false } }
          : node,
      ),
    };
    expect(() => readLlif(writeLlif(renamed as SpikingNetwork))).toThrow(
      'negativeOf: expected a population of shape [8,8,4], got population "second" of shape [6,6,3]',
    );
  });
});
