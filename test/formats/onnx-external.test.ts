// ONNX weights in files beside the model.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LlifError } from "../../ts/errors.ts";
import { readModel } from "../../ts/formats/detect.ts";
import { externalFiles, readOnnx } from "../../ts/formats/onnx/read.ts";
import { loadModel } from "../../ts/formats/load-model.ts";
import { inputOf } from "../../ts/relu/network.ts";
import { sizeOf } from "../../ts/tensor.ts";
import "../../ts/entry/node.ts";
import { outputOf } from "./compare.ts";
import { model, node, type Initializer } from "./graphs.ts";
import { pseudoRandom, randomValues } from "./random.ts";

const folder = new URL("exported/", import.meta.url);
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, folder)));

/** A dense layer whose weights [3,2] lie in a file beside the model. */
function external(entries: Record<string, string>): Uint8Array {
  const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
  const weights: Initializer = { name: "w", dims: [3n, 2n], dataType: 1, dataLocation: 1, externalData };
  return model([node("MatMul", ["x", "w"], "y")], { input: ["N", 3], initializers: [weights] });
}

const weights = new Uint8Array(Float32Array.of(9, 9, 1, 2, 3, 4, 5, 6).buffer);

async function errorOf(promise: Promise<unknown>): Promise<LlifError> {
  const error: unknown = await promise.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof LlifError)) throw error ?? new Error("expected an LlifError, got none");
  return error;
}

describe("weights in files beside the model", () => {
  it("are read at their place", async () => {
    const bytes = external({ location: "parts/w.bin", offset: "8", length: "24" });
    expect(externalFiles(bytes)).toEqual(["parts/w.bin"]);
    const asked: string[] = [];
    const found = await readModel(bytes, "m.onnx", undefined, async (path) => (asked.push(path), weights));
    expect(asked).toEqual(["parts/w.bin"]);
    expect(found).toMatchObject({
      kind: "relu",
      network: { nodes: [{}, { weights: { shape: [2, 3], data: Float32Array.of(1, 3, 5, 2, 4, 6) } }] },
    });
    expect(
      readOnnx(external({ location: "w.bin" }), { files: new Map([["w.bin", weights.subarray(8)]]) }).nodes,
    ).toHaveLength(2);
  });

  it("are found by loadModel, and equal those of one file", async () => {
    const name = "dynamo-residual-external.onnx";
    const network = await loadModel(new URL(name, folder));
    const single = readOnnx(read("dynamo-residual.onnx"));
    const input = randomValues(pseudoRandom(3), sizeOf(inputOf(single).shape));
    expect(outputOf(network, input)).toEqual(outputOf(single, input));
    const error = await errorOf(readModel(read(name), name));
    expect(error.message).toContain(`"${name}": its weights are in "${name}.data" beside it`);
  });

  it.each([
    ["a parent folder", { location: "../w.bin" }, "FORMAT", "expected a path below the model's own folder"],
    ["a folder in between", { location: "a/../../w.bin" }, "FORMAT", "expected a path below the model's own folder"],
    ["an absolute path", { location: "/w.bin" }, "FORMAT", "expected a path below the model's own folder"],
    ["a path of Windows", { location: "C:\\w.bin" }, "FORMAT", "expected a path below the model's own folder"],
    ["a URL", { location: "file:w.bin" }, "FORMAT", "expected a path below the model's own folder"],
    ["no path", { offset: "0" }, "FORMAT", 'tensor "w": expected the location of its external data, got none'],
    [
      "an offset behind the end",
      { location: "w.bin", offset: "1000" },
      "FORMAT",
      'expected 0 bytes at 1000 of "w.bin"',
    ],
    [
      "too great a length",
      { location: "w.bin", offset: "0", length: "33" },
      "FORMAT",
      'tensor "w": expected 33 bytes at 0 of "w.bin", got a file of 32 bytes',
    ],
    [
      "too small a length",
      { location: "w.bin", offset: "0", length: "20" },
      "FORMAT",
      'tensor "w": expected 24 bytes of raw data, got 20',
    ],
    [
      "an offset that is no number",
      { location: "w.bin", offset: "x" },
      "FORMAT",
      'tensor "w": offset of its external data: expected an integer >= 0, got "x"',
    ],
    ["a negative offset", { location: "w.bin", offset: "-8" }, "FORMAT", "expected an integer >= 0"],
  ])("refuses %s", async (_, entries, code, message) => {
    const error = await errorOf(
      readModel(external(entries as unknown as Record<string, string>), "m.onnx", undefined, async () => weights),
    );
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it("are missing", async () => {
    const bytes = external({ location: "w.bin", length: "24" });
    expect(await errorOf(readModel(bytes, "m.onnx"))).toMatchObject({ code: "ARGUMENT" });
    expect(() => readOnnx(bytes)).toThrow(expect.objectContaining({ code: "FILE", nodes: ["w"] }));
    const absent = readModel(bytes, "m.onnx", undefined, async (path) => {
      throw new LlifError("FILE", `"${path}": cannot be read`);
    });
    expect(await errorOf(absent)).toMatchObject({ code: "FILE" });
  });
});
