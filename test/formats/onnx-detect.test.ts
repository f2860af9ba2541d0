// Detecting formats by content, and model descriptions.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LlifError } from "../../ts/errors.ts";
import { parseDescription } from "../../ts/formats/description.ts";
import { detectFormat, readModel } from "../../ts/formats/detect.ts";
import { writeOnnx } from "../../ts/formats/onnx/write.ts";
import { defaultConvention } from "../../ts/relu/network.ts";
import { randomNetwork } from "./networks.ts";

const folder = new URL("../../models/", import.meta.url);
const text = (content: string): Uint8Array => new TextEncoder().encode(content);

function messageOf(json: unknown): string {
  try {
    parseDescription(json);
  } catch (error) {
    if (error instanceof LlifError) return error.message;
    throw error;
  }
  return "no error";
}

describe("detectFormat and readModel", () => {
  const container = Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d);

  it("tells formats by content", () => {
    expect(detectFormat(writeOnnx(randomNetwork(1)))).toBe("onnx");
    expect(detectFormat(container)).toBe("llif");
    for (const other of [text("\x89PNG\r\n"), text("{}"), text("PK\x03\x04"), new Uint8Array()])
      expect(detectFormat(other)).toBeUndefined();
  });

  it.each([
    ["keras-branches.h5", "keras"],
    ["keras-sequence.keras", "keras"],
  ])("takes %s for %s", async (file, format) => {
    const bytes = new Uint8Array(readFileSync(new URL(`fixtures/${file}`, import.meta.url)));
    expect(detectFormat(bytes)).toBe(format);
    expect(await readModel(bytes, file)).toMatchObject({ kind: "relu", format });
  });

  it("takes HDF5 for Keras only where it has a model's configuration", async () => {
    const bytes = new Uint8Array(readFileSync(new URL("fixtures/keras-branches.h5", import.meta.url)));
    const at = Buffer.from(bytes).indexOf("model_config");
    expect(at).toBeGreaterThan(0);
    bytes[at] ^= 1;
    expect(detectFormat(bytes)).toBeUndefined();
    await expect(readModel(bytes, "weights.h5")).rejects.toThrow(
      /^"weights.h5": expected a file of ONNX, .*, got HDF5 without a Keras model's configuration: weights alone/,
    );
  });

  it("reads ONNX with its description and names it after the file", async () => {
    const bytes = new Uint8Array(readFileSync(new URL("mnist-8.onnx", folder)));
    const description = parseDescription(JSON.parse(readFileSync(new URL("mnist-8.json", folder), "utf8")));
    const model = await readModel(bytes, "models/mnist-8.onnx", description);
    expect(model.kind).toBe("relu");
    expect(model.network.name).toBe("mnist-8");
    expect(model.network.convention.scale).toBe(1);
    expect(model.network.classes).toHaveLength(10);
    expect((await readModel(bytes, "a/b\\c.onnx")).network).toMatchObject({
      name: "c",
      convention: { channelOrder: "gray", scale: 1 / 255 },
    });
  });

  it("names the file in its error", async () => {
    await expect(readModel(text("hello"), "notes.txt")).rejects.toThrow(
      '"notes.txt": expected a file of ONNX, PyTorch (EfficientNet-Lite\'s weights), TensorFlow.js (model.json), Keras (.h5, .keras) or .llif, got bytes of another format',
    );
    await expect(readModel(new Uint8Array(), "none.onnx")).rejects.toThrow(
      /^"none.onnx": expected a file of ONNX, .* or \.llif, got an empty file$/,
    );
    await expect(readModel(Uint8Array.of(8, 7, 1, 2, 3), "cut.onnx")).rejects.toThrow(
      '"cut.onnx": ONNX file: truncated or corrupt',
    );
  });
});

describe("parseDescription", () => {
  it("reads every committed description", () => {
    const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
    expect(files).toContain("mnist-8.json");
    for (const file of files) {
      const json = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as {
        accuracy: { correct: number; samples: number };
      };
      const description = parseDescription(json);
      expect(description.name).toBe(file.replace(".json", ""));
      expect(description.accuracy?.value).toBe(json.accuracy.correct / json.accuracy.samples);
      expect(description.accuracy?.value).toBeGreaterThan(0.9);
    }
  });

  it("fills in the default convention, and takes single numbers", () => {
    expect(parseDescription({})).toEqual({ convention: defaultConvention, classes: [] });
    const input = { mean: 127, std: [128], scale: 1, channelOrder: "BGR", resize: 256, crop: [224, 200] };
    expect(parseDescription({ input, accuracy: 0.5 })).toEqual({
      convention: { scale: 1, mean: [127], std: [128], channelOrder: "BGR", resize: [256, 256], crop: [224, 200] },
      classes: [],
      accuracy: { value: 0.5 },
    });
  });

  it.each<[unknown, string]>([
    [null, "model description: expected an object, got null"],
    [[], "model description: expected an object, got an array"],
    [{ name: 3 }, "model description: name: expected a string, got number"],
    [{ classes: ["a", 1] }, "model description: classes[1]: expected a string, got number"],
    [{ classes: "ab" }, "model description: classes: expected an array, got string"],
    [{ input: { scale: 0 } }, "model description: input scale: expected a number other than 0, got 0"],
    [{ input: { std: [0] } }, "model description: input std: expected a finite number > 0, got 0"],
    [{ input: { mean: [1, "x"] } }, 'model description: input: mean[1]: expected a finite number, got "x"'],
    [
      { input: { channelOrder: "CMYK" } },
      'model description: input: channelOrder: expected one of RGB, BGR, gray, got "CMYK"',
    ],
    [{ input: { resize: [1, 2, 3] } }, "model description: input: resize: expected [height, width], got 3 values"],
    [{ input: { crop: [0, 2] } }, "model description: input: crop[0]: expected an integer >= 1, got 0"],
    [
      { input: { colour: 1 } },
      'model description: input: expected the keys scale, mean, std, channelOrder, resize, crop, got "colour"',
    ],
    [{ accuracy: { value: 98 } }, "model description: accuracy: value: expected a finite number >= 0 <= 1, got 98"],
  ])("refuses %j", (json, message) => {
    expect(messageOf(json)).toBe(message);
  });
});
