// Suites `dnn` and `drop-in`: their rules of comparison, and that their contenders work.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { webContender } from "../../bench/onnxruntime.ts";
import { compareLogits, dnnSuite } from "../../bench/suites/dnn.ts";
import { dropInSuite } from "../../bench/suites/drop-in.ts";
import { runCase } from "../../ts/timing/runner.ts";

describe("the rule of suite dnn", () => {
  it("holds runtimes to float rounding, and ours to its precision", () => {
    const truth = [[0, 10]];
    expect(compareLogits(truth, [[0.4, 9.6]], "wasm")).toBeUndefined();
    expect(compareLogits(truth, [[0.4, 9.6]], "onnxruntime-web")).toContain("differs by 0.400");
    expect(compareLogits(truth, [[0, 9]], "wasm")).toContain("at most 0.500");
    expect(compareLogits(truth, [[0, Number.NaN]], "wasm")).toContain("sample 0");
  });

  it("has the models' cases, and onnxruntime-web gives logits", async () => {
    expect(dnnSuite().map(({ name }) => name)).toEqual(
      expect.arrayContaining(["mnist-cnn", "mnist-cnn-ttfs", "resnet50", "resnet50-ttfs"]),
    );
    const onnx = readFileSync(fileURLToPath(new URL("../../models/mnist-8.onnx", import.meta.url)));
    const contender = await webContender(onnx, [new Float32Array(784)]);
    expect((await contender.outcome())[0]).toHaveLength(10);
    await contender.dispose?.();
  });
});

it("the drop-in example's simulators agree, and are both timed", { timeout: 300_000 }, async () => {
  const rows = await runCase(dropInSuite()[0], { budgetMs: 1, sampleMs: 0, warmUp: { leastMs: 0, mostMs: 1 } });
  expect(rows.map(({ contender }) => contender)).toEqual(["wasm", "plain TypeScript"]);
});
