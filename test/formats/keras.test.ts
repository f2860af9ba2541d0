// Keras models: fixtures with Keras's own results, refusals, damage.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadModel } from "../../ts/formats/load-model.ts";
import { readKeras } from "../../ts/formats/keras/hdf5.ts";
import { kerasNetwork, type WeightSource } from "../../ts/formats/keras/read.ts";
import { forward } from "../../ts/relu/forward.ts";
import type { ReluNetwork } from "../../ts/relu/network.ts";
import { sizeOf } from "../../ts/tensor.ts";
import { largestDifference } from "./random.ts";

const fixtures = new URL("fixtures/", import.meta.url);
const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, fixtures)));
/** What Keras computes: fixtures/make-keras.py. */
const cases = JSON.parse(readFileSync(new URL("keras.json", fixtures), "utf8")) as Record<
  string,
  { input: number[]; output: number[] }
>;

const outputOf = (network: ReluNetwork, input: number[]): Float32Array =>
  forward(network, input).get(network.outputs[0]) as Float32Array;
const kinds = (network: ReluNetwork): string[] => network.nodes.map((node) => node.kind);

/** Weights of any shape, all 0.5: for graphs whose weights do not matter. */
const halves: WeightSource = {
  weightsOf: ({ config }, names) =>
    names.map((name) => {
      const shape = name.endsWith("kernel") ? (config.shape as number[]) : [(config.shape as number[]).at(-1) ?? 1];
      return { shape, data: new Float32Array(sizeOf(shape)).fill(0.5) };
    }),
};
const layer = (class_name: string, name: string, config: object, ...from: string[]): object => ({
  class_name,
  name,
  config: { name, ...config },
  inbound_nodes: from.length === 0 ? [] : [from.map((source) => [source, 0, 0, {}])],
});
const model = (layers: object[], output: string): object => ({
  class_name: "Functional",
  config: { name: "made", layers, input_layers: [["in", 0, 0]], output_layers: [[output, 0, 0]] },
});
const image = layer("InputLayer", "in", { batch_input_shape: [null, 4, 4, 2] });

describe("Keras models", () => {
  it.each(
    Object.keys(cases).flatMap((name) => [
      [`keras-${name}.h5`, name],
      [`keras-${name}.keras`, name],
    ]),
  )("%s computes what Keras does", async (file, name) => {
    const network = await loadModel(new URL(file, fixtures));
    const { input, output } = cases[name];
    expect(network.name).toBe(`keras-${name}`);
    expect(outputOf(network, input).length).toBe(output.length);
    expect(
      largestDifference(outputOf(network, input), Float32Array.from(output)) / Math.max(1, ...output.map(Math.abs)),
    ).toBeLessThan(2e-6);
  });

  it("maps each layer to one node, zero padding into the window behind it", () => {
    expect(kinds(readKeras(bytesOf("keras-branches.h5")))).toEqual([
      "input",
      "conv2d",
      "affine",
      "relu",
      "conv2d",
      "affine",
      "relu",
      "conv2d",
      "conv2d",
      "relu",
      "add",
      "conv2d",
      "relu",
      "concat",
      "averagePool",
      "conv2d",
      "relu",
      "maxPool",
      "averagePool",
      "reshape",
      "dense",
      "softmax",
    ]);
    expect(readKeras(bytesOf("keras-nested.keras")).nodes.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["shared", "shared_2", "block/conv2d_2"]),
    );
  });

  it("refuses everything else, all at once and by name", () => {
    const layers = [
      image,
      layer("Conv2D", "c", { shape: [1, 1, 2, 2], activation: "selu" }, "in"),
      layer("LSTM", "l", {}, "in"),
      layer("Lambda", "f", {}, "in"),
      layer("MyOwn>Layer", "o", {}, "in"),
      layer("MaxPooling2D", "m", { data_format: "channels_first" }, "in"),
      layer("Multiply", "p", {}, "in", "in"),
      layer("Concatenate", "j", { axis: 1 }, "in", "in"),
      layer("Dense", "d", { shape: [2, 2] }, "c"),
      layer("ReLU", "r", { threshold: 1 }, "in"),
      layer("Add", "all", {}, "d", "l", "f", "o", "m", "p", "j", "r"),
    ];
    expect(() => kerasNetwork(model(layers, "all"), halves)).toThrow(
      expect.objectContaining({ code: "UNSUPPORTED", nodes: ["c", "l", "f", "o", "m", "p", "j", "r"] }),
    );
    expect(() => kerasNetwork(model(layers, "all"), halves)).toThrow(
      /8 layers are not supported:\n {2}"c" \(Conv2D\): activation "selu" is not supported/,
    );
  });

  it.each([
    ["a cycle", model([image, layer("Add", "a", {}, "in", "b"), layer("ReLU", "b", {}, "a")], "b"), /without cycles/],
    [
      "an unknown input",
      model([image, layer("ReLU", "a", {}, "none")], "a"),
      /expected a layer "none", got none of that name/,
    ],
    [
      "an input of any size",
      model(
        [layer("InputLayer", "in", { batch_input_shape: [null, null, null, 3] }), layer("ReLU", "a", {}, "in")],
        "a",
      ),
      /input of fixed size/,
    ],
    [
      "shapes that do not fit",
      model([image, layer("Conv2D", "c", { shape: [1, 1, 3, 2] }, "in")], "c"),
      /layer "c": expected input of 3 channels/,
    ],
    [
      "a subclassed model",
      { class_name: "Mine", config: {} },
      /model of class "Mine": expected Sequential or Functional/,
    ],
    ["something else", [1], /model configuration: expected an object, got an array/],
  ])("refuses %s", (_, configuration, message) => {
    expect(() => kerasNetwork(configuration, halves)).toThrow(message);
  });

  it("refuses weights alone, and every truncation, with an error of its own", async () => {
    const whole = bytesOf("keras-sequence.h5");
    for (let length = 8; length < whole.length; length += 512) {
      expect(() => readKeras(whole.subarray(0, length))).toThrow(expect.objectContaining({ name: "LlifError" }));
    }
    const archive = bytesOf("keras-sequence.keras");
    expect(() => readKeras(archive.subarray(0, 20_000))).toThrow(expect.objectContaining({ code: "FORMAT" }));
    await expect(loadModel(Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 9, 9))).rejects.toMatchObject({
      code: "FORMAT",
    });
  });
});

it.each([null, 3, "x", []])("refuses the keyword arguments %j of a call by their place", async (kwargs) => {
  const input = {
    class_name: "InputLayer",
    name: "in",
    config: { name: "in", batch_input_shape: [null, 4] },
    inbound_nodes: [],
  };
  const relu = {
    class_name: "ReLU",
    name: "r",
    config: { name: "r" },
    inbound_nodes: [{ args: [["in", 0, 0]], kwargs }],
  };
  const config = { name: "m", layers: [input, relu], input_layers: [["in", 0, 0]], output_layers: [["r", 0, 0]] };
  const bytes = new TextEncoder().encode(
    JSON.stringify({ modelTopology: { class_name: "Functional", config }, weightsManifest: [] }),
  );
  await expect(loadModel(bytes, { readBeside: async () => new Uint8Array(0) })).rejects.toMatchObject({
    code: "FORMAT",
    message: expect.stringContaining('layer "r": inbound_nodes: kwargs: expected an object'),
  });
});
