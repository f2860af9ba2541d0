// TensorFlow.js models: fixtures with TensorFlow.js's own results, damage.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadModel } from "../../ts/formats/load-model.ts";
import { readTfjs } from "../../ts/formats/tfjs.ts";
import { forward } from "../../ts/relu/forward.ts";
import { largestDifference } from "./random.ts";

const fixtures = new URL("fixtures/", import.meta.url);
const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, fixtures)));
const readBeside = async (name: string): Promise<Uint8Array> => bytesOf(name);
/** What TensorFlow.js computes from the very weights that are stored: fixtures/make-tfjs.mjs. */
const { input, output } = JSON.parse(readFileSync(new URL("tfjs.json", fixtures), "utf8")) as {
  input: number[];
  output: Record<string, number[]>;
};

/** The float32 fixture with something changed. */
function changed(change: (model: Record<string, any>) => void): Uint8Array {
  const model = JSON.parse(new TextDecoder().decode(bytesOf("tfjs-float32.json"))) as Record<string, any>;
  change(model);
  return new TextEncoder().encode(JSON.stringify(model));
}

describe("TensorFlow.js layers models", () => {
  it.each(["float32", "uint16", "uint8"])("%s weights compute what TensorFlow.js does", async (kind) => {
    const network = await loadModel(new URL(`tfjs-${kind}.json`, fixtures));
    const result = forward(network, input).get(network.outputs[0]) as Float32Array;
    expect(largestDifference(result, Float32Array.from(output[kind]))).toBeLessThan(2e-6);
    expect(
      largestDifference(result, Float32Array.from(output[kind === "uint8" ? "float32" : "uint8"])),
    ).toBeGreaterThan(1e-5);
  });

  it("float16 weights become the nearest halves", async () => {
    const halves = bytesOf("tfjs-float32-shard1of2.bin").length;
    expect(halves).toBeGreaterThan(0);
    const json = changed((model) => {
      model.weightsManifest = [
        {
          paths: ["w"],
          weights: model.weightsManifest[0].weights.map((weight: object) => ({
            ...weight,
            quantization: { dtype: "float16", original_dtype: "float32" },
          })),
        },
      ];
    });
    const total = bytesOf("tfjs-uint16-shard1of1.bin").length;
    // 0x3800 is one half.
    const network = await readTfjs(json, async () =>
      Uint8Array.from({ length: total }, (_, index) => (index % 2 === 0 ? 0 : 0x38)),
    );
    const stem = network.nodes.find(({ name }) => name === "stem");
    expect(stem?.kind === "conv2d" && new Set(stem.weights.data)).toEqual(new Set([0.5]));
  });

  it("loads from bytes with a reader for the files beside them, and says when it lacks one", async () => {
    const asked: string[] = [];
    const network = await loadModel(bytesOf("tfjs-float32.json"), {
      readBeside: async (name) => (asked.push(name), bytesOf(name)),
    });
    expect(network.name).toBe("small");
    expect(asked).toEqual(["tfjs-float32-shard1of2.bin", "tfjs-float32-shard2of2.bin"]);
    await expect(loadModel(bytesOf("tfjs-float32.json"))).rejects.toMatchObject({
      code: "ARGUMENT",
      message: expect.stringContaining("give readBeside"),
    });
  });

  it.each([
    [
      "a graph model",
      (model: Record<string, any>) => {
        model.format = "graph-model";
      },
      /graph model; expected a layers model/,
    ],
    [
      "a missing weight",
      (model: Record<string, any>) => {
        model.weightsManifest[0].weights[0].name = "other/kernel";
      },
      /layer "stem": its weight "stem\/kernel" is missing/,
    ],
    [
      "an unknown type",
      (model: Record<string, any>) => {
        model.weightsManifest[0].weights[0].dtype = "complex64";
      },
      /weight "stem\/kernel": expected float32, int32, uint8 or bool, got "complex64"/,
    ],
    [
      "another shape",
      (model: Record<string, any>) => {
        model.weightsManifest[0].weights[0].shape = [3, 3, 3, 5];
      },
      /expected \d+ bytes of weights in 2 files, got 1624/,
    ],
    [
      "no manifest",
      (model: Record<string, any>) => {
        delete model.weightsManifest;
      },
      /weightsManifest: expected an array/,
    ],
  ])("refuses %s", async (_, change, message) => {
    await expect(readTfjs(changed(change), readBeside)).rejects.toThrow(message);
  });

  it("refuses truncated shards, broken JSON, and files outside the model's folder", async () => {
    await expect(readTfjs(bytesOf("tfjs-float32.json"), async (name) => bytesOf(name).subarray(1))).rejects.toThrow(
      /expected 1624 bytes of weights in 2 files, got 1622/,
    );
    await expect(loadModel(bytesOf("tfjs-float32.json").subarray(0, 300))).rejects.toMatchObject({
      code: "FORMAT",
      message: expect.stringContaining("expected JSON"),
    });
    for (const path of ["../secret.bin", "/etc/passwd", "https://example.org/w.bin", "a/../../b"]) {
      const json = changed((model) => {
        model.weightsManifest[0].paths = [path];
      });
      await expect(loadModel(json, { readBeside })).rejects.toMatchObject({
        code: "FORMAT",
        message: expect.stringContaining("below the model's own folder"),
      });
    }
  });
});
