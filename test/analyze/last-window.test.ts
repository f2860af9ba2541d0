// Certificate C3: a decision declared final inside the last window does not change.
import { describe, expect, it } from "vitest";
import { referenceEngine } from "../../ts/engine/reference.ts";
import { lastWindow, type LastWindow } from "../../ts/mapping/last-window.ts";
import { LlifError } from "../../ts/errors.ts";
import { toSpiking, type ToSpikingOptions } from "../../ts/mapping/to-spiking.ts";
import { inputOf, type ReluNetwork } from "../../ts/relu/network.ts";
import { sizeOf } from "../../ts/tensor.ts";
import { argmax } from "../../ts/relu/forward.ts";
import { populationsOf, type SpikingNetwork } from "../../ts/spiking/network.ts";
import { randomGraph } from "./graphs.ts";
import { tinyNetwork } from "./networks.ts";

const decide = (network: SpikingNetwork, counts: readonly number[]) =>
  (lastWindow(network) as LastWindow).decide({ hidden: counts }, [0, 0]);

/** Null where this code is not mapped for such a graph. */
async function mapped(relu: ReluNetwork, options: ToSpikingOptions): Promise<SpikingNetwork | null> {
  try {
    return await toSpiking(relu, {
      ...options,
      calibration: [Uint8Array.from({ length: sizeOf(inputOf(relu).shape) }, (_, index) => (index * 37) % 256)],
    });
  } catch (error) {
    if (error instanceof LlifError && error.code === "UNSUPPORTED") return null;
    throw error;
  }
}

describe("certificate C3", () => {
  it("decides by hand-counted ticks", () => {
    const network = tinyNetwork([
      [4, 0],
      [0, 3],
    ]);
    // 5 = 101, 2 = 010: after one tick N is in 4…7 and 0…3, so 16 > 9.
    expect(decide(network, [5, 2])).toEqual({ decision: 0, ticks: 1 });
    // 3 = 011, 3 = 011: after two ticks 2…3 each, 8 against 9; after three 12 against 9.
    expect(decide(network, [3, 3])).toEqual({ decision: 0, ticks: 3 });
    // 1 = 001, 6 = 110: after one tick 0…3 and 4…7, 12 against 12: a tie goes to the lower class, so not final; after two 0…1 and 6…7.
    expect(decide(network, [1, 6])).toEqual({ decision: 1, ticks: 2 });
    // A class that can only tie with a higher one is ahead.
    expect(
      decide(
        tinyNetwork([
          [1, 1],
          [1, 1],
        ]),
        [3, 6],
      ),
    ).toEqual({ decision: 0, ticks: 0 });
  });

  it("reads layerwise rate, whose silence is final", () => {
    const network = tinyNetwork(
      [
        [4, 0],
        [0, 3],
      ],
      { code: { kind: "windowRate" }, windowTicks: 7, levels: 7 },
    );
    // After one tick: silent is 0; the other 1…7: 0 against at least 3.
    expect(decide(network, [0, 2])).toEqual({ decision: 1, ticks: 1 });
    // Spikes in both until one stops: after k ticks 4k…28 against 3k…21; the second stops at 2, seen after tick 3: 12 > 6.
    expect(decide(network, [5, 2])).toEqual({ decision: 0, ticks: 3 });
  });

  it("knows of no last window in a synchronous network", () => {
    const code = { kind: "signedRate", settles: false } as const;
    expect(lastWindow(tinyNetwork([[1, 0]], { code, windowTicks: 7, levels: 7 }))).toBeNull();
  });

  it("reads ternary digits, which round to the nearest", () => {
    const network = tinyNetwork(
      [
        [4, 0],
        [0, 3],
      ],
      { code: { kind: "phase", digits: "ternary" }, windowTicks: 2, levels: 4 },
    );
    // 4 = +3 +1, 1 = 0 +1: after one tick 2…4 and 0…1, so 8 > 3.
    expect(decide(network, [4, 1])).toEqual({ decision: 0, ticks: 1 });
    // 2 = +3 −1 and 2: after one tick 2…4 each: 8 against 12.
    expect(decide(network, [2, 2])).toEqual({ decision: 0, ticks: 2 });
  });

  it("reads the non-adjacent form", () => {
    // 7 = +8 −1 in four ticks, 1 = +1.
    const network = tinyNetwork(
      [
        [4, 0],
        [0, 3],
      ],
      { code: { kind: "phase", digits: "nonAdjacent" }, windowTicks: 4, levels: 7 },
    );
    // After one tick 8 ± 5 and 0 ± 5, but none below 0 nor above 7: 3…7 and 0…5, 12 against 15; after two 6…7 and 0…2.
    expect(decide(network, [7, 1])).toEqual({ decision: 0, ticks: 2 });
  });

  it("reads slots of the time to first spike", () => {
    const network = tinyNetwork(
      [
        [4, 0],
        [0, 3],
      ],
      { code: { kind: "slots" }, windowTicks: 7, levels: 7 },
    );
    // 5 fires in the third tick; the other then carries less than 5: 20 > 12.
    expect(decide(network, [5, 2])).toEqual({ decision: 0, ticks: 3 });
    expect(decide(network, [0, 0])).toEqual({ decision: 0, ticks: 7 });
  });

  it.each([
    ["phase", { code: "phase", bits: 6 }],
    ["layerwise rate", { code: "rate", schedule: "layerwise", bits: 4 }],
    ["ternary phase", { code: "phase", spikes: "signed", bits: 4 }],
    ["non-adjacent phase", { code: "phase", spikes: "signed", nonAdjacent: true, bits: 6 }],
    ["ttfs", { code: "ttfs", bits: 5 }],
  ] as const)("never changes a decision, and saves ticks: %s", async (_, options) => {
    let [saved, checked] = [0, 0];
    for (let seed = 0; seed < 60; seed++) {
      const { network: relu, image } = randomGraph(seed);
      const network = await mapped(relu, options);
      if (network === null) continue;
      const simulator = await referenceEngine().createSimulator(network, {});
      const { counts, logits } = simulator.run(image);
      const { decision, ticks } = (lastWindow(network) as LastWindow).decide(counts, image);
      expect(decision).toBe(argmax(logits));
      saved += network.windowTicks - ticks;
      checked++;
    }
    expect(checked).toBeGreaterThan(30);
    expect(saved).toBeGreaterThan(checked / 3);
  });

  it("assumes of every count what the spikes until then say", async () => {
    // The digits that C3 takes as seen after k ticks are the spikes that were fired in them.
    const { network: relu, image } = randomGraph(3);
    const network = await toSpiking(relu, { code: "phase", bits: 5, scales: "analytic" });
    const [first] = populationsOf(network);
    const simulator = await referenceEngine().createSimulator(network, { record: { spikes: [first.name] } });
    const result = simulator.run(image);
    const train = result.spikes[first.name];
    const start = network.windowTicks;
    for (let ticks = 0; ticks <= network.windowTicks; ticks++) {
      const seen = new Float64Array(result.counts[first.name].length);
      for (let spike = 0; spike < train.length; spike++) {
        const tick = train.ticks[spike] - start;
        if (tick < ticks) seen[train.neurons[spike]] += 2 ** (network.windowTicks - 1 - tick);
      }
      const rest = 2 ** (network.windowTicks - ticks);
      expect([...seen]).toEqual(Array.from(result.counts[first.name], (count) => Math.floor(count / rest) * rest));
    }
  });
});
