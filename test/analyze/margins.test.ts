// Margins: what they are measured from, what they promise, and runs that stop by them.
import { describe, expect, it } from "vitest";
import { runUntilDecided } from "../../ts/analyze/early-run.ts";
import { marginsOf, measureMargins, samplesFor, type DecisionMargins } from "../../ts/analyze/margins.ts";
import { evaluate } from "../../ts/analyze/evaluate.ts";
import { untilDecidedReport } from "../../ts/analyze/until-decided.ts";
import { imageDataset, sample } from "../../ts/data/dataset.ts";
import { toSpiking, type ToSpikingOptions } from "../../ts/mapping/to-spiking.ts";
import { reluNetwork } from "../../ts/relu/builder.ts";
import { argmax } from "../../ts/relu/forward.ts";
import { Draw } from "../draw.ts";
import { engines } from "../theorems/engines.ts";

const draw = new Draw(5);
const dense = (outputs: number, inputs: number) => ({
  weights: { shape: [outputs, inputs], data: draw.floats(outputs * inputs, 2 / Math.sqrt(inputs)) },
  bias: draw.floats(outputs, 0.3),
});
const relu = reluNetwork({
  input: [3, 3, 1],
  name: "shallow",
  convention: { scale: 1 / 255, mean: [0], std: [1], channelOrder: "gray" },
})
  .flatten()
  .dense(dense(12, 9))
  .relu()
  .dense(dense(4, 12))
  .build();
const images = Array.from({ length: 300 }, () => Uint8Array.from({ length: 9 }, () => draw.integer(0, 255)));
const refined = { code: "phase", schedule: "synchronous", spikes: "signed", bits: 6 } as const;
const mapped = (options: ToSpikingOptions) => toSpiking(relu, { ...options, calibration: images.slice(0, 20) });

describe("margins", () => {
  it("by hand: the usual change of the lead, times what wrong decisions led by", () => {
    // Three ticks. 4 of 24 samples tell the change: by 3 after tick 1, by 1 after tick 2.
    const reads = { decisions: new Uint32Array(3 * 24).fill(7), leads: new Float64Array(3 * 24).fill(5) };
    for (let index = 0; index < 4; index++) reads.leads.set([index % 2 === 0 ? 2 : 8, 6, 5], 3 * index);
    // Among the rest, one was wrong after tick 1 and led by 6, one after tick 2 and led by 1.
    reads.decisions.set([1, 7, 7], 3 * 10);
    reads.leads.set([6, 5, 5], 3 * 10);
    reads.decisions.set([7, 1, 7], 3 * 11);
    reads.leads.set([2, 1, 5], 3 * 11);
    // None of 20 wrong refutes a share of 0.14, one of 20 one of 0.22.
    expect(marginsOf([1, 2, 3], reads, 0.14)).toEqual({
      ticks: [1, 2, 3],
      margins: [6, 2],
      errorRate: 0.14,
      samples: 24,
    });
    expect(marginsOf([1, 2, 3], reads, 0.22).margins).toEqual([3, 1]);
    expect(() => marginsOf([1, 2, 3], reads, 0.13)).toThrow(
      "margins: expected at least 26 samples for an error rate of 0.13, got 24",
    );
    expect(samplesFor(0.14)).toBeLessThanOrEqual(24);
    // No sample changed after tick 2: margins are finite all the same.
    const still = { ...reads, leads: reads.leads.map((lead, at) => (at % 3 === 1 && at < 12 ? 5 : lead)) };
    expect(marginsOf([1, 2, 3], still, 0.14).margins.every(Number.isFinite)).toBe(true);
  });

  it("keep the error rate with 95 % confidence, whatever the samples: 400 calibrations", () => {
    const random = new Draw(9);
    const uniform = () => random.integer(0, 2 ** 30) / 2 ** 30;
    const one = () => {
      // A lead that wanders: wrong if it ends on the other side.
      const [first, second] = [4 * (uniform() - 0.5), 2 * (uniform() - 0.5)];
      const end = first + second + (uniform() - 0.5);
      return {
        decisions: [first, first + second, end].map((value) => (value > 0 ? 1 : 0)),
        leads: [first, first + second, end].map(Math.abs),
      };
    };
    const gather = (samples: number) => {
      const all = Array.from({ length: samples }, one);
      return {
        decisions: Uint32Array.from(all.flatMap((each) => each.decisions)),
        leads: Float64Array.from(all.flatMap((each) => each.leads)),
      };
    };
    const [errorRate, trials, tests] = [0.05, 400, gather(20_000)];
    let [broken, early] = [0, 0];
    for (let trial = 0; trial < trials; trial++) {
      const { margins } = marginsOf([1, 2, 3], gather(samplesFor(errorRate) + 60), errorRate);
      let wrong = 0;
      for (let index = 0; index < 20_000; index++) {
        const at = [0, 1].find((tick) => tests.leads[3 * index + tick] > margins[tick]) ?? 2;
        if (at < 2) early++;
        if (tests.decisions[3 * index + at] !== tests.decisions[3 * index + 2]) wrong++;
      }
      if (wrong / 20_000 > errorRate) broken++;
    }
    expect(broken / trials).toBeLessThan(0.08);
    expect(early / trials / 20_000).toBeGreaterThan(0.1);
  });
});

describe.each(engines)("runs that stop by a margin, $name engine", (engine) => {
  it("stop where the report of an evaluation says, and tell what stopped them", async () => {
    const network = await mapped(refined);
    const simulator = await engine.createSimulator(network);
    const margins = await measureMargins(simulator, images.slice(0, 200), { errorRate: 0.03 });
    expect(margins).toMatchObject({ ticks: [1, 2, 3, 4, 5, 6], errorRate: 0.03, samples: 200 });
    // Plain data, as from a file.
    const kept = JSON.parse(JSON.stringify(margins)) as DecisionMargins;
    const data = imageDataset({
      name: "made",
      split: "test",
      shape: [3, 3, 1],
      classes: ["a", "b", "c", "d"],
      images: Uint8Array.from(images.slice(200).flatMap((image) => [...image])),
      labels: null,
    });
    const forward = { run: (_: Uint8Array, samples: number) => ({ outputs: { y: new Float32Array(4 * samples) } }) };
    const evaluation = await evaluate({ network, reluOutput: "y", forward, simulator, twin: null }, data);
    const { rules } = untilDecidedReport(evaluation, margins);
    expect(rules).toHaveLength(1);
    const runs = Array.from({ length: 100 }, (_, index) => {
      const image = sample(data, index);
      return { ...runUntilDecided(simulator, kept, image), whole: argmax(simulator.run(image).logits) };
    });
    const count = (holds: (run: (typeof runs)[number]) => boolean) => runs.filter(holds).length;
    expect(rules[0]).toMatchObject({
      rule: "margin",
      meanTicks: runs.reduce((sum, { ticks }) => sum + ticks, 0) / 100,
      stoppedAfter: [1, 2, 3, 4, 5, 6].map((tick) => count(({ ticks }) => ticks === tick) / 100),
      decidedBy: {
        margin: count((run) => run.decidedBy === "margin"),
        end: count((run) => run.decidedBy === "end"),
        certificate: 0,
      },
      changed: count(({ decision, whole }) => decision !== whole),
      accuracy: null,
    });
    expect(rules[0].meanTicks).toBeLessThan(5);
    expect(rules[0].changed).toBeLessThanOrEqual(8);
    expect(rules[0].spikesPerSample).toBeLessThan(evaluation.spikes.reduce((sum, spikes) => sum + spikes, 0) / 100);
    expect(() => untilDecidedReport(evaluation, { ...margins, ticks: [1, 2], margins: [1] })).toThrow(
      "after each of 2 ticks",
    );
    expect(() => untilDecidedReport({ ...evaluation, perTick: null }, margins)).toThrow("got none");
    simulator.dispose();
  });

  it.each<ToSpikingOptions>([
    { code: "rate", spikes: "signed", ticks: 40 },
    { code: "rate", ticks: 40 },
  ])("in the other synchronous codes: %o", async (options) => {
    const simulator = await engine.createSimulator(await mapped(options));
    const margins = await measureMargins(simulator, images.slice(0, 200), { errorRate: 0.03 });
    expect(margins.ticks.at(-1)).toBe(40);
    let [early, changed] = [0, 0];
    for (const image of images.slice(200)) {
      const { decision, ticks } = runUntilDecided(simulator, margins, image);
      if (ticks < 40) early++;
      if (decision !== argmax(simulator.run(image).logits)) changed++;
    }
    expect(early).toBeGreaterThan(30);
    expect(changed).toBeLessThanOrEqual(8);
    simulator.dispose();
  });

  it("refuses what does not fit", async () => {
    const simulator = await engine.createSimulator(await mapped(refined));
    const layerwise = await engine.createSimulator(await mapped({ code: "phase", bits: 4 }));
    await expect(measureMargins(layerwise, images)).rejects.toThrow("expected a synchronous network");
    await expect(measureMargins(simulator, images.slice(0, 50))).rejects.toThrow("for an error rate of 0.003, got 50");
    await expect(measureMargins(simulator, images, { ticks: [2, 2] })).rejects.toThrow("measureMargins: ticks");
    await expect(measureMargins(simulator, images, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "ABORTED",
    });
    const margins = { ticks: [2, 6], margins: [1], errorRate: 0.1, samples: 9 };
    expect(runUntilDecided(simulator, margins, images[0]).ticks % 2).toBe(0);
    const wrong: [DecisionMargins, string][] = [
      [{ ...margins, margins: [1, 2] }, "margins"],
      [{ ...margins, margins: [Number.NaN] }, "margins"],
      [{ ...margins, ticks: [6, 2] }, "ticks"],
      [{ ...margins, other: 1 } as never, "other"],
    ];
    for (const [given, named] of wrong) expect(() => runUntilDecided(simulator, given, images[0])).toThrow(named);
    expect(() => runUntilDecided(simulator, margins, images[0], { interval: 2 })).toThrow(
      "expected none beside margins",
    );
    expect(() => runUntilDecided(layerwise, margins, images[0])).toThrow("expected a synchronous network");
    for (const each of [simulator, layerwise]) each.dispose();
  });
});
