// Cancelling commands, and runs in pieces that equal one run.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { simulateSample, type Recorded } from "../../ts/cli/simulate-sample.ts";
import type { Io } from "../../ts/cli/io.ts";
import { main } from "../../ts/cli/main.ts";
import { createSimulator } from "../../ts/engine/create.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import { digits, models, temporaryFolder } from "./cli.ts";

const folder = temporaryFolder();

/** Aborts at the first line of progress. */
function impatientIo() {
  const controller = new AbortController();
  const seen = { err: "", progress: "" };
  const io: Io = {
    signal: controller.signal,
    out: () => undefined,
    err: (text) => void (seen.err += text),
    progress: (text) => {
      if (text === "") return;
      seen.progress = text;
      controller.abort();
    },
  };
  return { io, seen };
}

it.each([
  ["a curve", ["curve", "--ticks", "16777216", "--points", "1000", "--plot", join(folder, "curve.svg")]],
  [
    "an evaluation",
    [
      "evaluate",
      join(models, "mnist-8.onnx"),
      "--data",
      digits,
      "--scales",
      "analytic",
      "--manifest",
      join(folder, "run.json"),
    ],
  ],
  [
    "a sweep",
    [
      "sweep",
      join(models, "mnist-8.onnx"),
      "--data",
      digits,
      "--scales",
      "analytic",
      "--plot",
      join(folder, "sweep.svg"),
    ],
  ],
])("%s shows progress, is cancelled at once, and leaves no file", async (_, words) => {
  const { io, seen } = impatientIo();
  expect(await main(words, io)).toBe(130);
  expect(seen).toEqual({
    err: expect.stringMatching(/^(warning: scales "analytic": bounds [^\n]* instead)?llif: cancelled$/),
    progress: expect.stringMatching(/\d/),
  });
  expect(readdirSync(folder)).toEqual([]);
});

it("a synchronous run in blocks equals one run", async () => {
  const weights = Float32Array.from({ length: 4 * 9 }, (_, index) => ((index * 37) % 101) / 200 - 0.2);
  const network = spikingNetwork({ inputs: [6, 5, 1], ticks: 60 })
    .conv2d({ weights, filters: 4, kernel: 3, padding: 1, threshold: 1, name: "layer" })
    .build();
  const input = Float32Array.from({ length: 30 }, (_, index) => ((index * 53) % 97) / 400);
  const simulator = await createSimulator<Recorded>(network, { record: { spikes: ["layer"] } });
  try {
    const whole = simulator.run(input, { ticks: 60 });
    const { io } = impatientIo();
    let lines = 0;
    const parts = await simulateSample(simulator, input, 60, { ...io, progress: () => void lines++ }, 7 * 120);
    expect(lines).toBe(9);
    expect(whole.spikes.layer.length).toBeGreaterThan(100);
    expect(parts).toEqual(whole);
  } finally {
    simulator.dispose();
  }
});
