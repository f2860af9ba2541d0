// Certificate C2: a decision declared final does not change, in both engines.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { currentsOf, earlyRecording, RunState, runUntilDecided } from "../../ts/analyze/early-run.ts";
import { earlyExit, type EarlyExit } from "../../ts/mapping/early-exit.ts";
import { toSpiking, type ToSpikingOptions } from "../../ts/mapping/to-spiking.ts";
import { reluNetwork } from "../../ts/relu/builder.ts";
import { argmax } from "../../ts/relu/forward.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import type { SpikingNetwork } from "../../ts/spiking/network.ts";
import { Draw } from "../draw.ts";
import { randomGraph } from "../mapping/random.ts";
import { engines } from "../theorems/engines.ts";

/** Shallow, with outputs that differ much: decided early. */
function shallow(seed: number) {
  const draw = new Draw(seed);
  const dense = (outputs: number, inputs: number) => ({
    weights: { shape: [outputs, inputs], data: draw.floats(outputs * inputs, 2 / Math.sqrt(inputs)) },
    bias: draw.floats(outputs, 0.3),
  });
  const relu = reluNetwork({
    input: [9],
    name: "shallow",
    convention: { scale: 1 / 255, mean: [0], std: [1], channelOrder: "gray" },
  })
    .dense(dense(12, 9))
    .relu()
    .dense(dense(4, 12))
    .build();
  return { relu, pixels: Array.from({ length: 3 }, () => Uint8Array.from({ length: 9 }, () => draw.integer(0, 255))) };
}

describe.each(engines)("certificate C2, $name engine", (engine) => {
  it.each<ToSpikingOptions>([
    { code: "rate", ticks: 64 },
    { code: "rate", ticks: 48, spikesPerTick: 2 ** 20 },
    { code: "rate", ticks: 40, spikesPerTick: 2, margin: 0.4 },
  ])("never changes a decision, nor any count beyond its bounds: %o", async (options) => {
    let [early, saved] = [0, 0];
    await fc.assert(
      fc.asyncProperty(fc.nat(2 ** 31 - 1), fc.boolean(), async (seed, deep) => {
        const { relu, pixels } = deep ? randomGraph(seed, 4) : shallow(seed);
        const network = await toSpiking(relu, { ...options, calibration: pixels });
        const exit = earlyExit(network) as EarlyExit;
        const ticks = network.windowTicks;
        const simulator = await engine.createSimulator(network, { record: earlyRecording(network) });
        for (const image of pixels) {
          const whole = argmax(simulator.run(image).logits);
          const { decision, ticks: used } = runUntilDecided(simulator, exit, image, { interval: 3 });
          expect(decision).toBe(whole);
          // At other ticks too.
          const state = new RunState();
          simulator.reset();
          for (let tick = 1; tick <= ticks; tick++) {
            state.add(simulator.run(image, { ticks: 1, keepState: true }), 1);
            if (tick % 5 !== 1) continue;
            const found = exit.decide(state, currentsOf(network, image), ticks - tick);
            if (found !== null) expect(found).toBe(whole);
          }
          if (used < ticks) early++;
          saved += ticks - used;
        }
        simulator.dispose();
      }),
      { numRuns: 8 },
    );
    expect(early).toBeGreaterThan(5);
    expect(saved).toBeGreaterThan(60);
  });
});

describe("certificate C2", () => {
  const build = (options: { floor?: number; reset?: "hard"; leak?: number } = {}): SpikingNetwork =>
    spikingNetwork({ inputs: [2], ticks: 16 })
      .dense({
        weights: [
          [1, 0],
          [0, 1],
        ],
        threshold: 1,
        initialPotential: 0.5,
        ...(options.floor === undefined ? {} : { floor: options.floor }),
        ...(options.reset === undefined ? {} : { reset: options.reset }),
        name: "hidden",
      })
      .output({
        weights: [
          [1, 0],
          [0, 1],
        ],
        name: "logits",
      })
      .build();

  it("decides by hand-counted spikes", () => {
    const exit = earlyExit(build()) as EarlyExit;
    // After 8 of 16 ticks at rates 1 and 1/4: 8 spikes against 2; the second cannot catch up.
    const at = (
      counts: readonly number[],
      potentials: readonly number[],
      remaining: number,
      drive: readonly number[],
    ) =>
      exit.decide(
        { counts: { hidden: counts }, potentials: { hidden: potentials }, charges: { logits: counts } },
        drive,
        remaining,
      );
    expect(at([8, 2], [0.5, 0.5], 8, [1, 0.25])).toBe(0);
    // Rates are known of the first layer: no later spike can turn them around, so it decides after one tick.
    expect(at([1, 0], [0.5, 0.75], 15, [1, 0.25])).toBe(0);
    // The leader so far will be overtaken.
    expect(at([2, 0], [0.5, 0.5], 8, [0, 1])).toBeNull();
    // A tie at the end is open: which of two equal sums is larger, only the run tells.
    expect(at([4, 0], [0, 0], 8, [0.5, 1])).toBeNull();
  });

  it("knows of none where it does not hold", async () => {
    expect(earlyExit(build({ floor: -2 }))).toBeNull();
    expect(earlyExit(build({ reset: "hard" }))).toBeNull();
    const { relu, pixels } = shallow(1);
    const mapped = (options: ToSpikingOptions) => toSpiking(relu, { ...options, calibration: pixels });
    for (const options of [
      { bits: 4 },
      { code: "ttfs" },
      { code: "rate", timeConstantTicks: 30 },
      { code: "rate", refractory: 1 },
      { code: "rate", spikes: "signed" },
    ] as const)
      expect(earlyExit(await mapped(options))).toBeNull();
  });

  it("says what a simulator must record", async () => {
    const [engine] = engines;
    const network = build();
    const simulator = await engine.createSimulator(network);
    expect(() => runUntilDecided(simulator, earlyExit(network) as EarlyExit, Float32Array.of(1, 0.25))).toThrow(
      'got no potentials of "hidden"',
    );
    simulator.dispose();
  });
});
