// Options of the mapping: neurons in SI units, saturation, real-valued inputs, precision.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { referenceEngine } from "../../ts/engine/reference.ts";
import { pcg32 } from "../../ts/random.ts";
import { biologicalParameters } from "../../ts/mapping/biological.ts";
import { hardResetCount } from "../../ts/mapping/equations.ts";
import { formatSummary, summarize } from "../../ts/mapping/summary.ts";
import { toRelu } from "../../ts/mapping/to-relu.ts";
import { toSpiking, type ToSpikingOptions } from "../../ts/mapping/to-spiking.ts";
import { quantizedTwin } from "../../ts/mapping/twin.ts";
import { reluNetwork } from "../../ts/relu/builder.ts";
import { forward, forwardLogits, inputFromPixels } from "../../ts/relu/forward.ts";
import type { ReluNetwork } from "../../ts/relu/network.ts";
import { populationsOf, type Population } from "../../ts/spiking/network.ts";

const gray = { scale: 1 / 255, mean: [0], std: [1], channelOrder: "gray" } as const;

function floats(seed: number, length: number, spread = 1): Float32Array {
  const next = pcg32(seed);
  return Float32Array.from({ length }, () => ((next() / 2 ** 32) * 2 - 1) * spread);
}

/** Two hidden layers on 12 inputs. */
function perceptron(seed: number, ceiling = Infinity): ReluNetwork {
  const weights = (outputs: number, inputs: number, part: number) => ({
    shape: [outputs, inputs],
    data: floats(seed + part, outputs * inputs, 2 / Math.sqrt(inputs)),
  });
  return reluNetwork({ input: [12], name: "perceptron", convention: gray })
    .dense({ weights: weights(10, 12, 1), bias: floats(seed + 2, 10, 0.2), name: "first" })
    .relu({ ceiling })
    .dense({ weights: weights(8, 10, 3), bias: floats(seed + 4, 8, 0.2), name: "second" })
    .relu({ ceiling })
    .dense({ weights: weights(4, 8, 5), bias: floats(seed + 6, 4, 0.2), name: "logits" })
    .build();
}

const pixels = (seed: number) => Uint8Array.from(floats(seed, 12), (value) => Math.round((value + 1) * 127));
const calibration = Array.from({ length: 10 }, (_, index) => pixels(100 + index));

async function logitsAfter(relu: ReluNetwork, options: ToSpikingOptions, ticks: number, image: Uint8Array) {
  const network = await toSpiking(relu, { code: "rate", ticks, calibration, ...options });
  const simulator = await referenceEngine().createSimulator(network);
  const { logits } = simulator.run(image);
  simulator.dispose();
  return logits;
}

describe("the neuron of synchronous rate", () => {
  const relu = perceptron(1);
  const image = pixels(7);
  const expected = forwardLogits(relu, inputFromPixels(relu, image));
  const error = (logits: ArrayLike<number>) =>
    Math.max(...Array.from(logits, (logit, index) => Math.abs(logit - expected[index])));

  const neuron = { capacitanceFarad: 2e-10, thresholdVolt: 0.015, dtSeconds: 1e-3 };
  it.each<[string, ToSpikingOptions]>([
    ["plain", {}],
    ["multi-spike", { spikesPerTick: 4 }],
    ["refractory", { refractory: 1 }],
    ["biological", { neuron }],
    ["biological, refractory", { neuron: { ...neuron, refractorySeconds: 2e-3 } }],
    [
      "biological, injected current",
      { neuron: { ...neuron, injectedCurrentAmpere: 3e-10, leakCurrentAmpere: -1e-10 } },
    ],
    ["biological, long membrane time", { neuron: { ...neuron, resistanceOhm: 1e12, restVolt: -0.01 } }],
  ])("%s: converges to the ReLU network, and comes back as it", async (_name, options) => {
    expect(error(await logitsAfter(relu, options, 4000, image))).toBeLessThan(0.02);
    const back = toRelu(await toSpiking(relu, { code: "rate", calibration, ...options }));
    expect(error(forwardLogits(back, inputFromPixels(back, image)))).toBeLessThan(1e-5);
  });

  it("biological parameters stay in the network: θ = C·V_th, dt, and the leak current carries the bias", async () => {
    const network = await toSpiking(relu, { code: "rate", calibration, neuron });
    const [first] = populationsOf(network);
    const theta = neuron.capacitanceFarad * neuron.thresholdVolt * 2 ** 40;
    expect(network.dtSeconds).toBe(1e-3);
    expect(first.neuron.threshold[0]).toBeCloseTo(theta, 6);
    const { bias } = relu.nodes[1] as { bias: Float32Array };
    first.bias.forEach((charge, index) => expect(charge / theta).toBeCloseTo(bias[index] / first.unit[index], 5));
  });

  it("biological parameters come back: b = s·(I_inj − I_leak − I_eq)·R·C·(1 − α)/θ, w = q·s_target/(θ·s_source)", async () => {
    const leaky = { ...neuron, resistanceOhm: 1e8, restVolt: -0.01, resetVolt: 0, injectedCurrentAmpere: 2e-10 };
    const network = await toSpiking(relu, { code: "rate", calibration, neuron: leaky });
    const { leakCurrentAmpere, synapticChargeCoulomb, activationPerHertz } = biologicalParameters(network, leaky);
    const theta = leaky.capacitanceFarad * leaky.thresholdVolt;
    const alpha = Math.exp(-leaky.dtSeconds / (leaky.resistanceOhm * leaky.capacitanceFarad));
    const equivalent = (leaky.thresholdVolt / 2 - leaky.restVolt) / leaky.resistanceOhm;
    const chargePerAmpere = leaky.resistanceOhm * leaky.capacitanceFarad * (1 - alpha);
    const [first, second] = populationsOf(network);
    const layer = relu.nodes[3] as { weights: { data: Float32Array }; bias: Float32Array };
    leakCurrentAmpere.second.forEach((current, index) => {
      const bias =
        (second.unit[index] * (leaky.injectedCurrentAmpere - current - equivalent) * chargePerAmpere) / theta;
      expect(bias).toBeCloseTo(layer.bias[index], 5);
    });
    synapticChargeCoulomb[1].forEach((charge, index) => {
      expect((charge * second.unit[Math.floor(index / 10)]) / (theta * first.unit[index % 10])).toBeCloseTo(
        layer.weights.data[index],
        5,
      );
    });
    expect(activationPerHertz.first[0]).toBe(first.unit[0] * 1e-3);
    expect(() => biologicalParameters(network, { ...neuron, thresholdVolt: 1 })).toThrow(
      "expected the neuron's threshold",
    );
  });

  it("hard reset falls short and a floor over-fires, and the summary says so", async () => {
    const hard = await toSpiking(relu, { code: "rate", calibration, reset: "hard" });
    expect(summarize(hard).warnings.join()).toMatch(/^first, second: hard reset .*T5/);
    const floored = await toSpiking(relu, { code: "rate", calibration, floor: 0 });
    expect(summarize(floored).warnings.join()).toMatch(/^first, second: a floor .*T4/);
    expect(formatSummary(summarize(floored))).toContain("warning: first, second: a floor");
    expect(summarize(await toSpiking(relu, { code: "rate", calibration })).warnings).toEqual([]);
    expect(error(await logitsAfter(relu, { reset: "hard" }, 4000, image))).toBeGreaterThan(0.05);
  });

  it("hard reset counts as T5 says in the first layer", async () => {
    const network = await toSpiking(relu, { code: "rate", ticks: 400, calibration, reset: "hard" });
    const simulator = await referenceEngine().createSimulator(network);
    const { counts } = simulator.run(image);
    const [first] = populationsOf(network);
    const synapse = network.synapses[0];
    counts.first.forEach((count, neuron) => {
      const drive = image.reduce(
        (sum, pixel, input) => sum + synapse.weights[neuron * 12 + input] * pixel,
        first.bias[neuron],
      );
      expect(Math.abs(count - hardResetCount(drive, first.neuron.threshold[0], 400))).toBeLessThanOrEqual(1);
    });
    simulator.dispose();
  });

  it("belongs to that code alone", async () => {
    await expect(toSpiking(relu, { calibration, reset: "hard" })).rejects.toThrow(
      "reset: expected a synchronous rate network with unsigned spikes; phase, layerwise, unsigned has one kind of neuron only",
    );
    await expect(toSpiking(relu, { code: "rate", calibration, neuron, floor: 0 })).rejects.toThrow(
      "neuron: expected no floor beside it",
    );
  });
});

it("refined phase has 8 bits, 2 ahead and laziness 0.7 unless told otherwise, and 0 ahead where quanta are given", async () => {
  const refined = { code: "phase", schedule: "synchronous", spikes: "signed", calibration } as const;
  const quanta = [128, 64, 32, 16, 8, 4, 2, 1];
  const usual = { kind: "refinedPhase", bits: 8, quanta, laziness: 0.7 };
  expect((await toSpiking(perceptron(1), refined)).code).toEqual({ ...usual, ahead: 2 });
  expect((await toSpiking(perceptron(1), { ...refined, ahead: 0 })).code).toEqual(usual);
  expect((await toSpiking(perceptron(1), { ...refined, quanta })).code).toEqual(usual);
  expect((await toSpiking(perceptron(1), { ...refined, quanta, ahead: 1 })).code).toEqual({ ...usual, ahead: 1 });
});

describe("saturation", () => {
  it.each<[string, ToSpikingOptions]>([
    ["phase", { bits: 12 }],
    ["rate", { code: "rate" }],
  ])("ReLU6 by %s comes back with its ceiling, and a plain ReLU with none", async (_name, options) => {
    const back = toRelu(await toSpiking(perceptron(3, 0.5), { ...options, calibration }));
    expect(back.nodes.flatMap((node) => (node.kind === "relu" ? [node.ceiling] : []))).toEqual([0.5, 0.5]);
    const plain = toRelu(await toSpiking(perceptron(3), { ...options, calibration }));
    expect(plain.nodes.flatMap((node) => (node.kind === "relu" ? [node.ceiling] : []))).toEqual([Infinity, Infinity]);
  });

  it("counts end at the ceiling", async () => {
    const relu = perceptron(3, 0.5);
    const network = await toSpiking(relu, { bits: 10, calibration });
    const loud = new Uint8Array(12).fill(255);
    const { counts } = quantizedTwin(network).run(loud);
    const activations = [...forward(relu, inputFromPixels(relu, loud)).entries()].filter(([name]) =>
      name.startsWith("relu"),
    );
    expect(activations.some(([, values]) => values.includes(0.5))).toBe(true);
    populationsOf(network).forEach(({ name, unit }: Population, layer) => {
      counts[name].forEach((count, index) =>
        expect(Math.abs(count * unit[index] - activations[layer][1][index])).toBeLessThan(0.01),
      );
    });
  });
});

describe("inputs that are no image", () => {
  const relu = reluNetwork({ input: [12], name: "floats" })
    .dense({ weights: { shape: [6, 12], data: floats(11, 72) }, bias: floats(12, 6, 0.1) })
    .relu()
    .dense({ weights: { shape: [3, 6], data: floats(13, 18) }, bias: floats(14, 3, 0.1) })
    .build();
  const inputs = Array.from({ length: 20 }, (_, index) => floats(200 + index, 12, 3));

  it("are rounded to signed counts of 12 bits", async () => {
    const network = await toSpiking(relu, { bits: 12, calibration: inputs });
    const largest = Math.max(...inputs.flatMap((values) => Array.from(values, Math.abs)));
    expect(network.input.counts).toEqual({ unit: (largest * 1.25) / 2047, minimum: -2048, maximum: 2047 });
    const simulator = await referenceEngine().createSimulator(network);
    for (const values of inputs.slice(0, 5)) {
      const expected = forwardLogits(relu, values);
      simulator
        .run(values)
        .logits.forEach((logit, index) => expect(Math.abs(logit - expected[index])).toBeLessThan(0.02));
    }
    simulator.dispose();
  });

  it.each<ToSpikingOptions>([{ bits: 8 }, { code: "rate", ticks: 16 }, { code: "ttfs" }])(
    "are no bytes, and images no normalised floats: %o",
    async (options) => {
      const [fromFloats, fromPixels] = await Promise.all([
        toSpiking(relu, { ...options, calibration: inputs }),
        toSpiking(perceptron(1), { ...options, calibration }),
      ]);
      const [floatSimulator, pixelSimulator] = await Promise.all(
        [fromFloats, fromPixels].map((network) => referenceEngine().createSimulator(network)),
      );
      expect(() => floatSimulator.run(pixels(1))).toThrow(
        expect.objectContaining({
          code: "ARGUMENT",
          message: expect.stringMatching(/^input "input": expected a Float32Array of the model's own inputs/),
        }),
      );
      const bytes = pixels(1);
      expect(pixelSimulator.run(Float32Array.from(bytes, (value) => value / 255)).logits).toEqual(
        pixelSimulator.run(bytes).logits,
      );
      for (const wrong of [Float32Array.from(bytes), Float32Array.from(bytes, (value) => (value - 128) / 64)]) {
        expect(() => pixelSimulator.run(wrong)).toThrow(
          expect.objectContaining({
            code: "ARGUMENT",
            message: expect.stringMatching(/^input "input": expected pixels from 0 to 1, before any mean/),
          }),
        );
      }
      floatSimulator.dispose();
      pixelSimulator.dispose();
    },
  );

  it("need a range where the scales are analytic, and are of one kind", async () => {
    const network = await toSpiking(relu, { bits: 12, scales: "analytic", inputRange: 4 });
    expect(network.input.counts?.unit).toBe(4 / 2047);
    await expect(toSpiking(relu, { calibration: [inputs[0], new Uint8Array(12)] })).rejects.toThrow(
      "calibration: expected every input as a Float32Array, got a Uint8Array",
    );
  });
});

describe("exact integers", () => {
  it("the summary proves a range that no input leaves", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(10000), fc.integer({ min: 3, max: 12 }), async (seed, bits) => {
        const network = await toSpiking(perceptron(seed), { bits, calibration });
        for (const { chargeBits, precision } of summarize(network).layers) {
          expect(chargeBits).toBeLessThanOrEqual(32);
          if (precision !== null) expect(precision.smallest).toBeGreaterThan(0);
        }
      }),
      { numRuns: 20 },
    );
  });

  it("takes fewer p where 32 bits would not do, and says which layer and how many", async () => {
    const heavy = reluNetwork({ input: [4], name: "heavy", convention: gray })
      .dense({ weights: { shape: [3, 4], data: floats(1, 12).map((weight) => weight * 40) }, name: "loud" })
      .relu()
      .dense({ weights: { shape: [2, 3], data: floats(2, 6) } })
      .build();
    // Activations seen in calibration are tiny beside what the weights could give.
    const network = await toSpiking(heavy, { bits: 16, calibration: [Uint8Array.of(0, 1, 0, 0)] });
    const { warnings, layers } = summarize(network);
    expect(layers[0].precision?.smallest).toBeLessThan(15);
    expect(warnings[0]).toMatch(
      /^loud: thresholds of 2\^\d+ instead of 2\^20, at which its charge could need \d+ of 32 bits/,
    );
  });

  it("refuses where no p fits", async () => {
    const impossible = reluNetwork({ input: [4], name: "impossible", convention: gray })
      .dense({ weights: { shape: [1, 4], data: Float32Array.of(1e6, 1, 1, 1) }, name: "loud" })
      .relu()
      .dense({ weights: { shape: [2, 1], data: Float32Array.of(1, -1) } })
      .build();
    await expect(toSpiking(impossible, { bits: 16, calibration: [Uint8Array.of(0, 1, 0, 0)] })).rejects.toMatchObject({
      code: "PRECISION",
      nodes: ["loud"],
    });
  });
});
