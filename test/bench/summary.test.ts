// The summary of docs/performance.md: goals, and what limits a suite.
import { describe, expect, it } from "vitest";
import { measuredBounds } from "../../bench/bounds.ts";
import { packedWeightBytes, paddedChannels } from "../../bench/suites/memory.ts";
import { bestBatches, summaryTable } from "../../bench/summary.ts";
import type { ResultRow } from "../../ts/timing/case.ts";
import { layerNetwork } from "../../ts/timing/layers.ts";

const row = (suite: string, name: string, contender: string, ratio: number, more?: ResultRow["more"]): ResultRow => ({
  suite,
  case: name,
  contender,
  medianMs: ratio,
  ratio,
  minMs: ratio,
  maxMs: ratio,
  rounds: 3,
  ...(more === undefined ? {} : { more }),
});

describe("the summary of docs/performance.md", () => {
  const peers = [
    row("peers", "mnist-mlp", "wasm", 1),
    row("peers", "mnist-mlp", "wasm, all threads", 0.6),
    row("peers", "mnist-mlp", "wasm, layerwise exact", 0.5),
    row("peers", "mnist-mlp", "spikingjelly, batch 1, 1 thread", 40),
    row("peers", "mnist-mlp", "spikingjelly, batch 64, 1 thread", 9),
    row("peers", "mnist-mlp", "spikingjelly, batch 64, all threads", 5),
    row("peers", "mnist-mlp", "brian2 (C++)", 3),
    row("peers", "mnist-mlp-conversion", "sinabs from_model", 0.1),
  ];

  it("takes each peer's best batch on one thread", () => {
    expect(bestBatches(peers).map(({ contender }) => contender)).toEqual([
      "wasm",
      "wasm, layerwise exact",
      "spikingjelly, batch 64, 1 thread",
      "brian2 (C++)",
      "sinabs from_model",
    ]);
  });

  it("says for each goal what was measured and whether it is reached", () => {
    const table = summaryTable(peers);
    expect(table).toContain("| SpikingJelly, whole networks, its best batch, synchronous rate | ≥ 8 | 9.00 | yes |");
    expect(table).toContain("L + 1 windows to a decision | ≥ 8 | 18.0 | yes |");
    expect(table).toContain("| snnTorch, sinabs, Norse, Brian2, their best batch | ≥ 10 | 3.00 | no |");
    expect(table).not.toContain("onnxruntime");
  });

  it("reports phase and ttfs apart", () => {
    const table = summaryTable([
      row("dnn", "mnist-cnn", "onnxruntime-web", 0.5),
      row("dnn", "mnist-cnn-ttfs", "onnxruntime-web", 2),
    ]);
    expect(table).toContain("ours in phase | ≥ 1 | 0.50 | no |");
    expect(table).toContain("ours in ttfs | ≥ 1 | 2.00 | yes |");
  });

  it("says how fast live networks are, against real time too, and how their cost grows", () => {
    const table = summaryTable([
      { ...row("live", "cuba-4000", "wasm", 1), medianMs: 40 },
      { ...row("live", "cuba-4000", "Chromium", 1.5), medianMs: 60 },
      row("live", "cuba-4000", "brian2 (C++)", 2),
      row("live", "brunel-12500", "brian2 (C++)", 5),
      row("live", "fly-2.8m-0.2hz", "plain TypeScript", 4),
      row("live", "fly-2.8m-2.5hz", "plain TypeScript", 8),
      row("live", "synapses", "synapses 1000000", 1, { value: 1e6 }),
      row("live", "synapses", "synapses 4000000", 8, { value: 4e6 }),
    ]);
    expect(table).toContain("| live networks, CUBA: Brian2's C++ program | ≥ 2 | 2.00 | yes |");
    expect(table).toContain("| live networks, Brunel: Brian2's C++ program | ≥ 6 | 5.00 | no |");
    expect(table).toContain("| live networks at 0.2 Hz: plain TypeScript | ≥ 4 | 4.00 | yes |");
    expect(table).toContain("| live networks: plain TypeScript | ≥ 8 | 8.00 | yes |");
    expect(table).toContain("times real time | ≥ 20 | 16.7 – 25.0 | 1 of 2 |");
    expect(table).toContain("| live networks: exponent of cost in synapses | ≤ 1.1 | 1.50 | no |");
  });

  it("takes memory as a goal from above, and exponents of what grows", () => {
    const growth = [1, 2, 4].map((value) => row("growth", "ticks", `ticks ${value}`, 3 * value, { value }));
    const table = summaryTable([
      ...growth,
      row("growth", "memory-a", "wasm", 1, { memoryOverNeed: 1.2 }),
      row("growth", "memory-b", "wasm", 1, { memoryOverNeed: 1.5 }),
    ]);
    expect(table).toContain("| ≤ 1.3 | 1.20 – 1.50 | 1 of 2 |");
    expect(table).toContain("| exponent of cost in ticks | ≤ 1.1 | 1.00 | yes |");
  });

  it("has nothing to say without rows", () => {
    expect(summaryTable([])).toBe("Nothing is measured yet.");
  });
});

describe("what bounds a suite, as measured", () => {
  it("shares out a kernel's shortfall among order, bytes and the rest", () => {
    const rows = [
      row("limit", "dense-1216-a05", "wasm", 1),
      row("limit", "dense-1216-a05", "ceiling-i16", 0.5),
      row("limit", "dense-1216-a05", "ceiling-i16-rows", 0.6),
      row("limit", "dense-1216-a05", "ceiling-i16-packed", 0.9),
    ];
    expect(measuredBounds("limit", rows)).toContain("| dense, i16 | 0.50 | 0.60 | 0.90 | 20 % | 60 % | 20 % |");
    expect(measuredBounds("limit", rows.slice(0, 3))).toBe("");
    expect(measuredBounds("limit", [row("limit", "row-add-i16-16k", "wasm, in order", 0.75)])).toContain(
      "0.75 (`row-add-i16-16k`)",
    );
  });

  it("sets two threads of the machine beside two workers", () => {
    expect(
      measuredBounds("growth", [
        row("growth", "workers", "one worker", 1.7),
        row("growth", "workers-machine", "one thread", 1.8),
      ]),
    ).toMatch(/1\.80 times as fast as one .* two workers are 1\.70/);
  });

  it("lists what memory over the goal holds, and what no part names", () => {
    const parts = {
      weightBytes: 2 ** 20,
      paddingBytes: 2 ** 19,
      spikeBytes: 2 ** 20,
      resultBytes: 0,
      stateBytes: 2 ** 20,
    };
    const said = measuredBounds("growth", [
      row("growth", "memory-a", "wasm", 1, { memoryBytes: 2 ** 22, ...parts, memoryOverNeed: 2 }),
      row("growth", "memory-b", "wasm", 1, { memoryBytes: 2 ** 22, ...parts, memoryOverNeed: 1.2 }),
    ]);
    expect(said).toContain("| `memory-a` | 4.00 | 1.00 | 0.50 | 1.00 | 0.00 | 1.00 | 0.50 | 2.00 |");
    expect(said).not.toContain("memory-b");
  });
});

describe("memory", () => {
  it("pads channels as the core's chunks do", () => {
    expect([8, 9, 16, 20, 64, 70].map((channels) => paddedChannels(channels, 1, 8))).toEqual([8, 16, 16, 32, 64, 72]);
    expect(paddedChannels(10, 1, 4)).toBe(16);
    expect(paddedChannels(32, 32, 8)).toBe(256);
  });

  it("needs 16 bits a weight where all fit, else 32", () => {
    const layer = { kind: "dense", inputs: 10, units: 20 } as const;
    expect(packedWeightBytes(layerNetwork(layer, { code: "layerwise", ticks: 32, activity: 0.1 }))).toBe(400);
    expect(packedWeightBytes(layerNetwork(layer, { code: "rate", ticks: 32, activity: 0.1 }))).toBe(800);
  });
});
