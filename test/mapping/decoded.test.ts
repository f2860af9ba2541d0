// Logits and activations of every code on every shipped model, in the model's own units.
import { describe, expect, it } from "vitest";
import { pcg32 } from "../../ts/random.ts";
import { createTwinPass } from "../../ts/engine/passes/twin.ts";
import { correspondences, decodeActivations } from "../../ts/mapping/activations.ts";
import { toSpiking, type ToSpikingOptions } from "../../ts/mapping/to-spiking.ts";
import { quantizedTwin } from "../../ts/mapping/twin.ts";
import { outputsOf, type SpikingNetwork } from "../../ts/spiking/network.ts";
import { sizeOf } from "../../ts/tensor.ts";
import { engines } from "../theorems/engines.ts";
import { floatOutputs, outputBounds } from "./float.ts";
import { digits, shippedModel } from "./models.ts";

const models = ["mnist-mlp", "mnist-cnn", "mnist-8", "fashion-cnn", "cifar10-vgg", "cifar10-resnet20"];

/** The models of small images on both engines, whose results are equal anyway. */
const choices = models.flatMap((model) =>
  engines
    .filter(({ name }) => name === "wasm" || model.startsWith("mnist-mlp"))
    .map((engine) => ({ model, engine, on: engine.name })),
);

/** Digits where the model takes them, else one image of noise. */
function imagesFor(size: number): Uint8Array[] {
  if (size === 784) return digits(0, 2);
  const next = pcg32(size);
  return [0].map(() => Uint8Array.from({ length: size }, () => next() & 255));
}

const exact: readonly (ToSpikingOptions & { readonly title: string })[] = [
  { title: "layerwise rate", code: "rate", schedule: "layerwise", ticks: 15 },
  { title: "signed rate", code: "rate", spikes: "signed", ticks: 15 },
  { title: "signed rate that settles", code: "rate", spikes: "signed", settles: true, ticks: 15 },
  { title: "binary phase", code: "phase", bits: 6 },
  { title: "ternary phase", code: "phase", bits: 4, spikes: "signed" },
  { title: "non-adjacent phase", code: "phase", bits: 6, spikes: "signed", nonAdjacent: true },
  { title: "ttfs in slots", code: "ttfs", bits: 4 },
];

/** Charge times unit of the first output. */
function valuesOf(network: SpikingNetwork, charges: Readonly<Record<string, ArrayLike<number>>>): number[] {
  const [{ name, unit, rectified }] = outputsOf(network);
  return Array.from(charges[name], (charge, index) =>
    rectified ? Math.max(0, unit[index % unit.length] * charge) : unit[index % unit.length] * charge,
  );
}

describe.each(choices)("$model, $on engine", ({ model, engine }) => {
  const relu = shippedModel(model);
  const images = imagesFor(sizeOf(relu.nodes[0].shape));

  it.each(exact)("$title: logits and activations are the twin's", async ({ title: _, ...options }) => {
    expect.hasAssertions();
    const network = await toSpiking(relu, { ...options, calibration: images });
    const plain = quantizedTwin(network);
    const fast = await createTwinPass(network, { keep: "all" });
    const simulator = await engine.createSimulator(network);
    for (const image of images) {
      const [run, expected] = [simulator.run(image), model === "mnist-mlp" ? plain.run(image) : fast.run(image, 1)];
      expect([...run.logits]).toEqual(valuesOf(network, expected.charges));
      for (const one of correspondences(relu, network)) {
        const { unit, name } = one.population;
        const found = decodeActivations(network, one, run, network.windowTicks);
        if (one.pools.length === 0 && one.shift === null)
          expect(found).toEqual(
            Float32Array.from(
              expected.counts[name],
              (count: number, index: number) => unit[index % unit.length] * count,
            ),
          );
        else expect(found).toEqual(decodeActivations(network, one, expected));
      }
    }
    fast.dispose();
    simulator.dispose();
  });

  it("synchronous rate: logits are the float network's within T3's bound", async () => {
    const ticks = 64;
    const network = await toSpiking(relu, { code: "rate", ticks, calibration: images });
    const [bound] = outputBounds(network);
    const simulator = await engine.createSimulator(network);
    for (const image of images) {
      const [expected] = floatOutputs(relu, image);
      simulator
        .run(image)
        .logits.forEach((value, index) =>
          expect(Math.abs(value - expected[index])).toBeLessThanOrEqual(
            bound / ticks + 1e-4 * (1 + Math.abs(expected[index])),
          ),
        );
    }
    simulator.dispose();
  });

  it("real-valued ttfs: logits are the float network's up to rounding", async () => {
    const network = await toSpiking(relu, { code: "ttfs", calibration: images });
    const simulator = await engine.createSimulator(network);
    for (const image of images) {
      const [expected] = floatOutputs(relu, image);
      const largest = Math.max(...expected.map(Math.abs));
      simulator
        .run(image)
        .logits.forEach((value, index) =>
          expect(Math.abs(value - expected[index])).toBeLessThanOrEqual(1e-4 * largest),
        );
    }
    simulator.dispose();
  });
});

describe.each(engines)("a part of a window, $name engine", (engine) => {
  it("signed rate reads a linear network's constant input alike after every tick", async () => {
    const [levels, unit] = [7, 0.5];
    const network: SpikingNetwork = {
      name: "part",
      code: { kind: "signedRate", settles: false },
      arithmetic: "int32",
      windowTicks: levels,
      levels,
      dtSeconds: 1,
      input: { name: "input", shape: [1], counts: null },
      nodes: [
        {
          kind: "output",
          name: "y",
          shape: [1],
          bias: Int32Array.of(0),
          unit: Float64Array.of(unit),
          rectified: false,
        },
      ],
      synapses: [{ kind: "dense", from: "input", to: "y", delayTicks: 0, weights: Int32Array.of(7 * 3) }],
      convention: { scale: 1, mean: [0], std: [1], channelOrder: "gray" },
      classes: [],
    };
    const simulator = await engine.createSimulator(network);
    const read = Array.from({ length: levels }, () => simulator.step(Float32Array.of(1)).logits[0]);
    simulator.dispose();
    expect(read).toEqual(new Array<number>(levels).fill(21 * unit));
  });
});
