// What cannot be a calibration is refused, what is improbable is told; scales that are bounds say what they cost.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { adviceOf } from "../../ts/analyze/advice.ts";
import { createFloatPass } from "../../ts/engine/passes/float.ts";
import { createTwinPass } from "../../ts/engine/passes/twin.ts";
import { weightRounding } from "../../ts/mapping/rounding.ts";
import { summarize } from "../../ts/mapping/summary.ts";
import { followedActivations, toSpiking, type ToSpikingOptions } from "../../ts/mapping/to-spiking.ts";
import { reluNetwork } from "../../ts/relu/builder.ts";
import { forwardLogits } from "../../ts/relu/forward.ts";
import type { ReluNetwork } from "../../ts/relu/network.ts";
import { collectWarnings } from "../../ts/warn.ts";
import { Draw } from "../draw.ts";
import { digits, shippedModel } from "./models.ts";

let warnings: string[] = [];
let end = () => {};
beforeEach(() => {
  warnings = [];
  end = collectWarnings((message) => warnings.push(message));
});
afterEach(() => end());

const matrix = (rows: number, columns: number, value: (index: number) => number) => ({
  shape: [rows, columns],
  data: new Float32Array(rows * columns).map((_, index) => value(index)),
});
const two = (weight: number, inputs = 2): ReluNetwork =>
  reluNetwork({ input: [inputs] })
    .dense({ name: "first", weights: matrix(3, inputs, () => weight) })
    .relu()
    .dense({ name: "second", weights: matrix(3, 3, () => weight) })
    .relu()
    .dense({ name: "out", weights: matrix(2, 3, () => weight) })
    .build();

const everyCode: ToSpikingOptions[] = [
  { bits: 8 },
  { bits: 5, spikes: "signed" },
  { code: "rate" },
  { code: "rate", spikes: "signed", ticks: 15 },
  { code: "ttfs" },
  { code: "ttfs", bits: 4 },
];

describe("what is no number is refused, and never hangs", () => {
  const samples = [Float32Array.of(1, 2)];

  it.each(everyCode)("activations that overflow float32 are refused by the layer's name: %j", async (options) => {
    await expect(toSpiking(two(1e25), { ...options, calibration: samples })).rejects.toMatchObject({
      code: "DATA",
      message: expect.stringMatching(/^layer ".*": expected finite activations, got Infinity in channel 0/),
    });
  });

  it.each(everyCode)("so are scales of maxima and bounds that overflow, and charges: %j", async (options) => {
    const relu = two(1e25);
    const { nodes } = followedActivations(relu);
    const maxima = Object.fromEntries(nodes.map((node) => [node, Float64Array.of(1, 1, 1)]));
    const reached = await toSpiking(relu, { ...options, maxima }).then(
      () => null,
      (error: unknown) => error,
    );
    if (reached !== null) expect(reached).toMatchObject({ code: "PRECISION" });
    const deep = Array.from({ length: 14 })
      .reduce<ReturnType<typeof reluNetwork>>(
        (builder, _, index) => builder.dense({ name: `d${index}`, weights: matrix(2, 2, () => 1e25) }).relu(),
        reluNetwork({ input: [2] }),
      )
      .dense({ name: "out", weights: matrix(2, 2, () => 1) })
      .build();
    await expect(toSpiking(deep, { ...options, scales: "analytic" })).rejects.toMatchObject({
      code: "DATA",
      message: expect.stringContaining("got Infinity for the bound from the weights"),
    });
  });

  it.each(everyCode)(
    "weights that are no numbers, also where a network was changed after it was checked: %j",
    async (options) => {
      const relu = two(1);
      const copy = {
        ...relu,
        nodes: relu.nodes.map((node) =>
          node.name === "second" && node.kind === "dense"
            ? {
                ...node,
                weights: {
                  ...node.weights,
                  data: Float32Array.from(node.weights.data, (value, index) => (index === 4 ? NaN : value)),
                },
              }
            : node,
        ),
      };
      await expect(toSpiking(copy, { ...options, calibration: samples })).rejects.toMatchObject({
        code: "ARGUMENT",
        message: expect.stringContaining('layer "second"'),
      });
      for (const name of ["first", "second", "out"]) {
        for (const value of [NaN, Infinity]) {
          const changed = two(1);
          const node = changed.nodes.find((other) => other.name === name);
          if (node?.kind === "dense") (node.weights.data as Float32Array)[1] = value;
          for (const scaling of [{ calibration: samples }, { scales: "analytic", inputRange: 1 }] as const) {
            await expect(toSpiking(changed, { ...options, ...scaling })).rejects.toMatchObject({
              code: expect.stringMatching(/^(DATA|PRECISION)$/),
              message: expect.stringContaining("expected finite"),
            });
          }
        }
      }
    },
  );

  it("samples and maxima that are no numbers, or of another length", async () => {
    const relu = two(1);
    for (const wrong of [NaN, Infinity, -Infinity]) {
      for (const sample of [Float32Array.of(1, wrong), Float64Array.of(1, wrong), [1, wrong]]) {
        await expect(toSpiking(relu, { calibration: [Float32Array.of(1, 1), sample] })).rejects.toMatchObject({
          code: expect.stringMatching(/^(DATA|ARGUMENT)$/),
          message: expect.stringMatching(/calibration.*finite/),
        });
      }
    }
    const { nodes } = followedActivations(relu);
    const named = (values: unknown) =>
      Object.fromEntries(nodes.map((node, index) => [node, index === 0 ? values : Float32Array.of(1, 1, 1)])) as Record<
        string,
        Float32Array
      >;
    for (const wrong of [
      Float32Array.of(1, NaN, 1),
      Float32Array.of(1, Infinity, 1),
      Float32Array.of(1, 1),
      [1, 1, "1"],
      null,
    ]) {
      await expect(toSpiking(relu, { maxima: named(wrong) })).rejects.toMatchObject({
        code: expect.stringMatching(/^(ARGUMENT|SHAPE)$/),
        message: expect.stringContaining(`maxima: ${nodes[0]}`),
      });
    }
    await expect(toSpiking(relu, { maxima: named(Float32Array.of(1, 1, 1)), maximaImages: NaN })).rejects.toMatchObject(
      { code: "ARGUMENT", message: expect.stringContaining("maximaImages") },
    );
  });
});

describe("what is improbable is told, by the mapping and by the summary", () => {
  const relu = shippedModel("mnist-8");
  const told = async (options: ToSpikingOptions) => {
    warnings = [];
    const summary = summarize(await toSpiking(relu, options)).warnings;
    for (const warning of warnings) expect(summary).toContain(warning);
    return warnings.join("\n");
  };

  it("few samples, zeros, and bytes of 0 and 1", async () => {
    expect(await told({ calibration: digits(0, 1) })).toContain("calibration: 1 sample only");
    expect(await told({ calibration: digits(0, 12) })).toBe("");
    expect(await told({ calibration: Array.from({ length: 12 }, () => new Uint8Array(784)) })).toContain(
      "all inputs are zero",
    );
    expect(await told({ calibration: digits(0, 12).map((image) => image.map((pixel) => pixel >> 7)) })).toContain(
      "no pixel is above 1 of 255",
    );
    expect(
      await told({ calibration: digits(0, 12).map((image) => Float32Array.from(image, (pixel) => pixel * 1e-12)) }),
    ).toContain("no input value is above 2.5e-10");
  });

  it("layers most of whose channels never fired, by name and number", async () => {
    const { network, nodes } = followedActivations(relu);
    const pass = await createFloatPass(network, { maxima: nodes });
    for (const image of digits(0, 12)) pass.run(image, 1);
    const maxima = pass.maxima();
    pass.dispose();
    const silenced = {
      ...maxima,
      [nodes[1]]: Float32Array.from(maxima[nodes[1]], (value, index) => (index < 10 ? 0 : value)),
    };
    expect(await told({ maxima: silenced, maximaImages: 600 })).toMatch(
      /channels that never fired in the calibration \(600 samples\): Convolution110 10 of 16/,
    );
    expect(await told({ maxima, maximaImages: 600 })).toBe("");
  });

  it("real values as numbers and as float64 are the same calibration", async () => {
    const values = digits(0, 12).map((image) => Float32Array.from(image, (pixel) => pixel / 255));
    const expected = await toSpiking(relu, { calibration: values });
    expect(await toSpiking(relu, { calibration: values.map((value) => Float64Array.from(value)) })).toEqual(expected);
    expect(await toSpiking(relu, { calibration: values.map((value) => [...value]) })).toEqual(expected);
  });
});

describe("scales from the weights", () => {
  it("tell their loss in bits and ticks", async () => {
    await toSpiking(shippedModel("mnist-mlp"), { bits: 8, scales: "analytic" });
    expect(warnings.join("\n")).toMatch(
      /scales "analytic": bounds from the weights are about 2\^(\d+) times what values usually reach in layer "dense2", so as much as calibrated scales carry in 8 bits would take (\d+) bits, or 2\^\2 ticks of rate; give calibration inputs/,
    );
  });

  it("are refused where levels cannot resolve a layer, but not where a run may be longer", async () => {
    const relu = shippedModel("mnist-cnn");
    await expect(toSpiking(relu, { bits: 8, scales: "analytic" })).rejects.toMatchObject({
      code: "PRECISION",
      nodes: ["dense1"],
      message: expect.stringMatching(/layer "dense1": 255 levels cannot resolve it.*calibration/),
    });
    // By its bounds alone: 32 million operations an image.
    await expect(toSpiking(shippedModel("cifar10-resnet20"), { bits: 8, scales: "analytic" })).rejects.toMatchObject({
      code: "PRECISION",
    });
    await toSpiking(relu, { code: "rate", scales: "analytic" });
    expect(warnings).toHaveLength(1);
    await toSpiking(relu, { code: "ttfs", scales: "analytic" });
    expect(warnings).toHaveLength(1);
    await expect(toSpiking(relu)).rejects.toThrow(/expected calibration images, got none; a few hundred inputs/);
  });
});

describe("weights behind wide averages", () => {
  /** LeakyReLU, whose values have either sign, and a global average of many cells and channels. */
  const draw = new Draw(7);
  const channels = 64;
  const floats = (shape: readonly number[], spread: number) => ({
    shape: [...shape],
    data: draw.floats(
      shape.reduce((a, b) => a * b),
      spread,
    ),
  });
  const relu = reluNetwork({ input: [40, 40, 1] })
    .conv2d({ name: "features", weights: floats([3, 3, 1, channels], 1), padding: "same" })
    .relu({ slope: 0.1 })
    .globalAveragePool()
    .dense({ name: "logits", weights: floats([10, channels], 1) })
    .build();
  const images = Array.from({ length: 20 }, () => Uint8Array.from({ length: 1600 }, () => draw.integer(0, 255)));

  /** Largest logit error over the largest logit. */
  const errorAt = async (options: ToSpikingOptions) => {
    const network = await toSpiking(relu, { ...options, calibration: images });
    const pass = await createTwinPass(network);
    const unit = network.nodes.flatMap((node) => (node.kind === "output" ? [node.unit[0]] : []))[0];
    let [error, largest] = [0, 0];
    for (const image of images.slice(0, 5)) {
      const [charges] = Object.values(pass.run(image, 1).charges);
      forwardLogits(
        relu,
        Float32Array.from(image, (pixel) => pixel * relu.convention.scale),
      ).forEach((logit, index) => {
        error = Math.max(error, Math.abs(charges[index] * unit - logit));
        largest = Math.max(largest, Math.abs(logit));
      });
    }
    pass.dispose();
    return { network, error: error / largest };
  };

  it("have few bits, are named with what helps, and it does help", async () => {
    const [fine, coarse] = [await errorAt({ bits: 8 }), await errorAt({ bits: 14 })];
    expect(weightRounding(fine.network)).toEqual([]);
    expect(coarse.error).toBeGreaterThan(fine.error);
    const [{ layer, advice }] = weightRounding(coarse.network);
    expect(layer).toBe("logits");
    expect(advice).toMatch(/^logits: its weights have \d bits? left .*take fewer bits/);
    expect(warnings.at(-1)).toBe(advice);
    expect(summarize(coarse.network).warnings).toContain(advice);
    const diagnosed = {
      name: "logits",
      kind: "output",
      node: "logits",
      neurons: 10,
      correlation: 1,
      largestError: 1,
      relativeError: 1,
      rmsError: 0.5,
      clippedShare: 0,
      clippedChannels: 0,
      silentShare: 0,
      wronglySilentShare: 0,
      saturatedShare: 0,
      spikes: 0,
      synapticOperations: 0,
    } as const;
    const changes = adviceOf(coarse.network, [diagnosed])
      .map(({ change }) => change)
      .join();
    expect(changes).toContain("fewer --bits");
    expect(changes).not.toContain("more --bits");
    expect(
      adviceOf(fine.network, [diagnosed])
        .map(({ change }) => change)
        .join(),
    ).toContain("more --bits");
  });
});
