// The rule `winner`: a presentation by hand, both engines against its definition, resuming, and its properties.
import { describe, expect, it } from "vitest";
import "../../ts/entry/node.ts";
import { createLearner, type WinnerState } from "../../ts/index.ts";
import { NaiveLearner } from "./naive.ts";
import { bars, bitsOf, engines, plainRule, randomLayer, uniform } from "./samples.ts";

const seeds = Array.from({ length: 12 }, (_, seed) => seed);
/** Sums of 40 float32 numbers. */
const float32Slack = 1e-5;
const leaks = ["none", "halfSquare"] as const;

describe.each(engines)("engine %s", (engine) => {
  it("learns three images of four pixels as by hand, bit for bit", async () => {
    const weights = Float32Array.of(0.5, 0.25, 0.5, 0.25, 0.25, 0.5, 0.25, 0.5);
    const state = { inputs: [4], rule: plainRule, weights, wins: Uint32Array.of(0, 0), total: 0 };
    using learner = await createLearner({ state, engine });
    const images = Uint8Array.of(255, 255, 0, 0, 0, 0, 255, 128, 255, 0, 0, 255);
    expect(learner.learn(images)).toEqual({ images: 3, silent: 0, updates: 3, ticks: 8, inputSpikes: 15 });
    expect(bitsOf(learner.state().weights).join(" ")).toBe(
      "3f5d1746 3e000000 3ed1745d 3e000000 3d8ba2e8 3f400000 3f05d174 3f155556",
    );
    expect(learner.state()).toMatchObject({ wins: Uint32Array.of(2, 1), total: 3 });
  });

  it.each(leaks)("equals the definition on random layers, leak %s", async (leak) => {
    let silent = 0;
    for (const seed of seeds) {
      const { state, images } = randomLayer(seed, leak);
      const [inputs] = state.inputs;
      const naive = new NaiveLearner(state.rule, inputs, state.weights, state.wins);
      using learner = await createLearner({ state, engine });
      for (let image = 0; image < images.length / inputs; image++) {
        const pixels = images.subarray(image * inputs, (image + 1) * inputs);
        const expected = naive.present(pixels, false);
        const { winners, ticks, inputSpikes } = learner.winners(pixels);
        expect([winners[0], ticks[0], inputSpikes]).toEqual([expected.winner, expected.tick, expected.inputSpikes]);
        if (expected.tick === 0) silent++;
        else expect(learner.learn(pixels)).toMatchObject({ ticks: naive.present(pixels, true).tick, updates: 1 });
      }
      const learnt = learner.state();
      expect(learnt.wins).toEqual(Uint32Array.from(naive.wins));
      expect(bitsOf(learnt.weights)).toEqual(bitsOf(Float32Array.from(naive.weights.flat())));
    }
    expect(silent).toBeGreaterThan(0);
  });

  it("goes on from its state as if it had not stopped", async () => {
    for (const leak of leaks) {
      const { state, images } = randomLayer(3, leak);
      const half = (images.length / state.inputs[0] / 2) * state.inputs[0];
      using whole = await createLearner({ state, engine });
      whole.learn(images);
      using first = await createLearner({ state, engine });
      first.learn(images.subarray(0, half));
      using second = await createLearner({ state: first.state(), engine });
      second.learn(images.subarray(half));
      expect(second.state()).toEqual(whole.state());
    }
  });

  it("changes the winner's weights only, keeps them from 0 to 1, and counts each image once", async () => {
    const { images } = bars(300, 5);
    using learner = await createLearner({ inputs: [8, 8, 1], neurons: 20, seed: 4, examples: images, engine });
    let before = learner.state();
    let silent = 0;
    for (let image = 0; image < 300; image++) {
      const pixels = images.subarray(64 * image, 64 * image + 64);
      const winner = learner.winners(pixels).winners[0];
      silent += learner.learn(pixels).silent;
      const after = learner.state();
      expect(changedColumns(before, after)).toEqual(after.total > before.total ? [winner] : []);
      before = after;
    }
    expect(before.total).toBe(300 - silent);
    expect(before.wins.reduce((sum, wins) => sum + wins, 0)).toBe(before.total);
    expect(before.weights.every((weight) => weight >= 0 && weight <= 1)).toBe(true);
  });
});

function changedColumns(before: WinnerState, after: WinnerState): number[] {
  const neurons = before.wins.length;
  const changed = new Set<number>();
  before.weights.forEach((weight, index) => weight !== after.weights[index] && changed.add(index % neurons));
  return [...changed];
}

describe("16 bars", () => {
  it.each([0, 1, 2, 3, 4])("each neuron learns a bar of its own, seed %i", async (seed) => {
    const shown = bars(4000, 100 + seed);
    const random = uniform(200 + seed);
    const state: WinnerState = {
      inputs: [8, 8, 1],
      rule: { ...plainRule, maxTicks: 64, threshold: 8, homeostasis: 0.24, leastThreshold: 0.8 },
      weights: Float32Array.from({ length: 64 * 16 }, () => (0.5 + random()) / 8),
      wins: new Uint32Array(16),
      total: 0,
    };
    using learner = await createLearner({ state });
    learner.learn(shown.images);
    const { winners } = learner.winners(shown.images);
    const won = Array.from({ length: 16 }, () => new Uint32Array(16));
    winners.forEach((winner, image) => won[winner][shown.bars[image]]++);
    const favourite = won.map((counts) => counts.indexOf(Math.max(...counts)));
    expect([...favourite].sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, bar) => bar));
    const pure = won.reduce((sum, counts) => sum + Math.max(...counts), 0) / 4000;
    expect(pure).toBeGreaterThanOrEqual(0.93);
  });
});

describe("T13: the winner in spikes is the largest activation of the mapped layer, within one tick", () => {
  /** Pixels of 0 and 255 are constant drives: an input fires in every tick or never. */
  it.each([true, false])("holds on every presentation; constant drive: %s", async (constant) => {
    let [decided, afterFirst] = [0, 0];
    for (const seed of seeds) {
      const layer = randomLayer(seed, "none").state;
      const [inputs, random] = [layer.inputs[0], uniform(300 + seed)];
      // High thresholds, so that most presentations take more than one tick.
      const { threshold, homeostasis } = layer.rule;
      const state = {
        ...layer,
        rule: { ...layer.rule, maxTicks: 64, threshold: 5 * threshold, homeostasis: 5 * homeostasis },
      };
      const naive = new NaiveLearner(state.rule, inputs, state.weights, state.wins);
      using learner = await createLearner({ state });
      for (let index = 0; index < 50; index++) {
        const lit = () => (constant ? 255 : Math.floor(256 * random()));
        const pixels = Uint8Array.from({ length: inputs }, () => (random() < 0.5 ? 0 : lit()));
        const columns = naive.wins.map((_, neuron) => naive.weights.map((row) => row[neuron]));
        const { winner, tick, thresholds } = naive.present(pixels, true);
        if (tick === 0) continue;
        expect([...learner.winners(pixels).winners, learner.learn(pixels).ticks]).toEqual([winner, tick]);
        decided++;
        if (tick > 1) afterFirst++;
        thresholds.forEach((threshold, neuron) => {
          const drive = columns[neuron].reduce((sum, weight, input) => sum + (weight * pixels[input]) / 255, 0);
          const d = constant ? 0 : columns[neuron].reduce((sum, weight) => sum + weight / 2, 0);
          if (neuron === winner) expect((drive * tick + d) / threshold).toBeGreaterThan(1 - float32Slack);
          expect((drive * (tick - 1) - d) / threshold).toBeLessThan(1 + float32Slack);
        });
      }
    }
    expect(Math.min(decided, afterFirst)).toBeGreaterThan(100);
  });
});
