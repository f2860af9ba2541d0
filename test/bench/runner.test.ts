// The benchmark's runner: checks before it times, and divides by the right contender.
import { describe, expect, it } from "vitest";
import { benchCase, SkippedCase, WrongAnswer, type Contender } from "../../ts/timing/case.ts";
import { Digest } from "../../ts/timing/digest.ts";
import { layerCases } from "../../ts/timing/layer-cases.ts";
import { layerNetwork, randomSpikes } from "../../ts/timing/layers.ts";
import { median, runCase } from "../../ts/timing/runner.ts";
import { openSimulation, simulatorContender } from "../../ts/timing/simulators.ts";
import { referenceEngine } from "../../ts/engine/reference.ts";
import { wasmEngine } from "../../ts/engine/wasm.ts";
import { LlifError } from "../../ts/errors.ts";

const quick = { budgetMs: 1, sampleMs: 0, warmUp: { leastMs: 0, mostMs: 1 } };

/** A contender whose clock is made up: one run takes `ms`. */
function fake(name: string, ms: number, outcome: unknown, log: string[] = []): Contender<unknown> {
  return {
    name,
    time(repetitions) {
      log.push(`${name} timed`);
      return ms * repetitions;
    },
    outcome() {
      log.push(`${name} checked`);
      return outcome;
    },
    dispose: () => void log.push(`${name} disposed`),
  };
}

const layer = { kind: "dense", inputs: 40, units: 30 } as const;

describe("the benchmark's runner", () => {
  it("divides the contender's time by ours, for one sample", async () => {
    const rows = await runCase(
      benchCase("s", "c", async () => ({
        contenders: [fake("ours", 2, 1), fake("theirs", 30, 1)],
        operations: 4000,
        samples: 2,
      })),
      quick,
    );
    expect(rows).toEqual([
      {
        suite: "s",
        case: "c",
        contender: "ours",
        medianMs: 1,
        ratio: 1,
        minMs: 1,
        maxMs: 1,
        rounds: 3,
        operationsPerSecond: 2e6,
      },
      {
        suite: "s",
        case: "c",
        contender: "theirs",
        medianMs: 15,
        ratio: 15,
        minMs: 15,
        maxMs: 15,
        rounds: 3,
        operationsPerSecond: 2000 / 0.015,
      },
    ]);
  });

  it("divides by the fastest of several of ours, and puts it first", async () => {
    const rows = await runCase(
      benchCase("s", "c", async () => ({
        contenders: [fake("a", 4, 1), fake("b", 2, 1), fake("theirs", 1, 1)],
        ours: 2,
      })),
      quick,
    );
    expect(rows.map(({ contender, ratio }) => [contender, ratio])).toEqual([
      ["b", 1],
      ["a", 2],
      ["theirs", 0.5],
    ]);
  });

  it("checks everyone before it times anyone, and times in turn", async () => {
    const log: string[] = [];
    await runCase(
      benchCase("s", "c", async () => ({ contenders: [fake("a", 1, 1, log), fake("b", 1, 1, log)] })),
      quick,
    );
    expect(log.slice(0, 2)).toEqual(["a checked", "b checked"]);
    expect(log.slice(4, -2)).toEqual(Array(3).fill(["a timed", "b timed"]).flat());
    expect(log.slice(-2)).toEqual(["a disposed", "b disposed"]);
  });

  it("refuses a contender with another answer, without timing anyone", async () => {
    const log: string[] = [];
    const wrong = runCase(
      benchCase("s", "c", async () => ({
        contenders: [fake("ours", 1, { digest: "1" }, log), fake("cheat", 0.001, { digest: "2" }, log)],
      })),
      quick,
    );
    await expect(wrong).rejects.toThrow(WrongAnswer);
    await expect(wrong).rejects.toThrow(
      'suite "s", case "c": cheat gives another answer: expected {"digest":"1"}, got {"digest":"2"}',
    );
    expect(log.filter((line) => line.endsWith("timed"))).toEqual([]);
    expect(log).toContain("cheat disposed");
  });

  it("catches an engine that leaves out one input", async () => {
    const network = layerNetwork(layer, { code: "layerwise", ticks: 8, activity: 0.2 });
    const inputs = [{ spikes: randomSpikes(network, 8, 0.2) }];
    const [synapse] = network.synapses;
    const lazy = {
      ...network,
      synapses: [{ ...synapse, weights: synapse.weights.map((weight, index) => (index % 40 === 0 ? 0 : weight)) }],
    };
    const open = async () => ({
      contenders: [
        await simulatorContender(wasmEngine(), network, inputs),
        await simulatorContender(referenceEngine(), lazy as typeof network, inputs),
      ],
    });
    await expect(runCase(benchCase("s", "c", open), quick)).rejects.toThrow(WrongAnswer);
  });

  it("uses a case's own rule and truth", async () => {
    const close = (truth: number, theirs: number) =>
      Math.abs(truth - theirs) < 0.1 ? undefined : `off by ${theirs - truth}`;
    const open = (value: number) =>
      benchCase<number>("s", "c", async () => ({
        contenders: [fake("a", 1, value)] as Contender<number>[],
        truth: 5,
        compare: close,
      }));
    expect(await runCase(open(5.05), quick)).toHaveLength(1);
    await expect(runCase(open(6), quick)).rejects.toThrow("off by 1");
  });

  it("can be cancelled, and passes on that a case lacks something", async () => {
    const aborted = runCase(
      benchCase("s", "c", async () => ({ contenders: [fake("a", 1, 1)] })),
      { ...quick, signal: AbortSignal.abort() },
    );
    await expect(aborted).rejects.toThrow(LlifError);
    await expect(
      runCase(
        benchCase("s", "c", () => Promise.reject(new SkippedCase("no compiler"))),
        quick,
      ),
    ).rejects.toThrow(SkippedCase);
  });

  it("warms up until the time falls no more", async () => {
    const log: string[] = [];
    const cold = [64, 32, 16, 8, 4, 2];
    const contender = {
      ...fake("a", 1, 1, log),
      time: (repetitions: number) => repetitions * (cold.shift() ?? (log.push("warm"), 1)),
    };
    const [row] = await runCase(
      benchCase("s", "c", async () => ({ contenders: [contender] })),
      { ...quick, warmUp: { leastMs: 0, mostMs: 1000 } },
    );
    expect(row).toMatchObject({ medianMs: 1, maxMs: 1, rounds: 3 });
    expect(log.filter((line) => line === "warm").length).toBeLessThan(12);
  });

  it("times who takes over 0.3 s in the fewest rounds", async () => {
    const rows = await runCase(
      benchCase("s", "c", async () => ({ contenders: [fake("a", 1, 1), fake("slow", 400, 1)] })),
      { ...quick, budgetMs: 8, rounds: [3, 15] },
    );
    expect(rows.map(({ rounds }) => rounds)).toEqual([8, 3]);
  });

  it("takes the median", () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5]);
  });
});

describe("the cases of layers", () => {
  it("have the names that others rely on, each once", () => {
    const names = layerCases([32]).map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        "dense-1216-a05",
        "conv-32x32x64-a10",
        "conv-16x16x128-a05-phase",
        "conv-8x8x256-a10-rate-ohmic-t32",
      ]),
    );
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(["layerwise", "phase", "rate"] as const)(
    "%s: engines agree, and about a tenth of the outputs fire",
    async (code) => {
      const network = layerNetwork(layer, { code, ticks: 8, activity: 0.1, leakFactor: code === "rate" ? 0.95 : 1 });
      const rows = await runCase(
        benchCase("s", "c", () =>
          openSimulation([wasmEngine(), referenceEngine()], network, [{ spikes: randomSpikes(network, 8, 0.1) }]),
        ),
        quick,
      );
      expect(rows.map(({ contender }) => contender)).toEqual(["wasm", "reference"]);
      const simulator = await referenceEngine().createSimulator(network);
      const { statistics } = simulator.run({ spikes: randomSpikes(network, 8, 0.1) });
      expect(statistics.spikes / (30 * 8)).toBeGreaterThan(0.03);
      expect(statistics.spikes / (30 * 8)).toBeLessThan(0.4);
    },
  );

  it("draws the same spikes for the same seed, near the activity asked for", () => {
    const network = layerNetwork({ kind: "conv", size: 8, channels: 16 }, { code: "rate", ticks: 20, activity: 0.05 });
    const spikes = randomSpikes(network, 20, 0.05);
    expect(randomSpikes(network, 20, 0.05)).toEqual(spikes);
    expect(spikes.ticks.length / (8 * 8 * 16 * 20)).toBeCloseTo(0.05, 2);
  });

  it("digests depend on every word and its place", () => {
    const digest = (...words: number[]) => new Digest().words(words).hex();
    expect(
      new Set([digest(), digest(0), digest(1, 2), digest(2, 1), digest(1, 258), digest(1, 2 + 2 ** 31)]).size,
    ).toBe(6);
    expect(new Digest().charges(Float32Array.of(1)).hex()).toBe(digest(0x3f800000));
  });
});
