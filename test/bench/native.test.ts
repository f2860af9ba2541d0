// The core without its engine: flat files, and the loops that measure the machine.
import { afterAll, describe, expect, it } from "vitest";
import { loadCeiling, rowList } from "../../bench/ceiling.ts";
import { openCore } from "../../bench/core.ts";
import { nativeContender } from "../../bench/native.ts";
import type { Contender } from "../../ts/timing/case.ts";
import { layerNetwork, randomSpikes, type LayerCode } from "../../ts/timing/layers.ts";
import { outcomeOf } from "../../ts/timing/simulators.ts";
import { referenceEngine } from "../../ts/engine/reference.ts";
import type { SpikingNetwork } from "../../ts/spiking/network.ts";

const opened: Contender<unknown>[] = [];
afterAll(() => opened.forEach((contender) => contender.dispose?.()));

/** A convolution, max pooling and an output of five. */
function smallNetwork(code: LayerCode["code"]): SpikingNetwork {
  const layer = layerNetwork(
    { kind: "conv", size: 6, channels: 8 },
    { code, ticks: 6, activity: 0.2, leakFactor: code === "rate" ? 0.9 : 1 },
  );
  const charges = (values: number[]) => (code === "rate" ? Float32Array.from(values) : Int32Array.from(values));
  const padding = { top: 0, left: 0, bottom: 0, right: 0 };
  const weights = charges(Array.from({ length: 5 * 72 }, (_, index) => ((index * 37) % 23) - 11));
  return {
    ...layer,
    nodes: [
      ...layer.nodes,
      {
        kind: "pool",
        name: "pool",
        shape: [3, 3, 8],
        from: "layer",
        mode: "max",
        kernel: [2, 2],
        stride: [2, 2],
        dilation: [1, 1],
        padding,
      },
      {
        kind: "output",
        name: "output",
        shape: [5],
        bias: charges([0, 0, 0, 0, 0]),
        unit: new Float64Array(5).fill(1),
        rectified: false,
      },
    ],
    synapses: [...layer.synapses, { kind: "dense", from: "pool", to: "output", delayTicks: 0, weights }],
  };
}

describe("the core without its engine", () => {
  it.each(["layerwise", "phase", "rate"] as const)(
    "in WebAssembly and natively, gives the reference engine's answer: %s",
    { timeout: 300_000 },
    async (code) => {
      const network = smallNetwork(code);
      const input = { spikes: randomSpikes(network, 6, 0.2) };
      const reference = await referenceEngine().createSimulator(network);
      const truth = outcomeOf(network, [reference.run(input)]);
      expect(truth.spikes).toBeGreaterThan(0);
      const { wasm, flat } = await openCore(network, [input]);
      const native = nativeContender("native-128", flat);
      opened.push(wasm, native);
      expect(await wasm.outcome()).toEqual(truth);
      expect(await native.outcome()).toEqual(truth);
      expect(await native.time(2)).toBeGreaterThan(0);
    },
  );

  it("is refused where the flat file is cut short", async () => {
    const network = smallNetwork("phase");
    const { flat } = await openCore(network, [{ spikes: randomSpikes(network, 6, 0.2) }]);
    const native = nativeContender("native-128", flat.subarray(0, flat.length - 4));
    await expect(native.outcome()).rejects.toThrow("words are more than are left");
  });
});

it("the ceiling's loop adds every row of its buffer", async () => {
  const ceiling = await loadCeiling();
  for (const kind of ["i16", "f32"] as const) expect(ceiling.add(kind, 16 * 128, 3)).toBe(48);
});

it("the ceiling's loop over rows adds as many as it is told, in every chunk", async () => {
  const ceiling = await loadCeiling();
  // A list of 1024 rows: once whole, and 76 more.
  for (const kind of ["i16", "f32"] as const)
    expect(ceiling.addRows(kind, { rows: 256, chunks: 3 }, 1100, 2)).toBe(6600);
  expect(() => ceiling.addRows("i16", { rows: 2 ** 19, chunks: 2 }, 1, 1)).toThrow("packed rows: expected at most");
  const list = rowList(300);
  expect(list).toHaveLength(1200);
  expect([...list.slice(300, 600)].sort((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, row) => 128 * row));
  expect(list.slice(0, 300)).not.toEqual(list.slice(300, 600));
});
