// The rule `pair`: both engines against its definition with every option, resuming, files, names of neurons, and what it refuses.
import { describe, expect, it } from "vitest";
import "../../ts/entry/node.ts";
import { createLearner, freeze, readLearner, stdp, toRelu, writeLearner, type PairState } from "../../ts/index.ts";
import { NaivePair } from "./naive-pair.ts";
import { bars, bitsOf, engines, randomPair } from "./samples.ts";

const seeds = Array.from({ length: 60 }, (_, seed) => seed);
const refusal = (code: string, message: RegExp) =>
  expect.objectContaining({ name: "LlifError", code, message: expect.stringMatching(message) });
const shown = bars(600, 31);
const barred = {
  inputs: [8, 8, 1],
  neurons: 20,
  seed: 3,
  rule: { kind: "pair", threshold: 4, thresholdRise: 0.2 },
} as const;

describe.each(engines)("engine %s", (engine) => {
  it("equals the definition on random layers with random options", async () => {
    let [silent, fired] = [0, 0];
    for (const seed of seeds) {
      const { state, images } = randomPair(seed);
      const [inputs] = state.inputs;
      const naive = new NaivePair(state.rule, inputs, state);
      using learner = await createLearner({ state, engine });
      for (let image = 0; image < images.length / inputs; image++) {
        const pixels = images.subarray(image * inputs, (image + 1) * inputs);
        naive.present(pixels, false);
        const { winners, ticks, inputSpikes } = learner.winners(pixels);
        const most = Math.max(...naive.counts);
        expect([...learner.counts(pixels)]).toEqual(naive.counts);
        expect([ticks[0], inputSpikes]).toEqual([naive.first[winners[0]], naive.inputSpikes]);
        if (most === 0) silent++;
        else expect(winners[0]).toBe(naive.counts.indexOf(most));
        naive.present(pixels, true);
        const updates = Number(naive.counts.some((count) => count > 0));
        expect(learner.learn(pixels)).toMatchObject({ updates, inputSpikes: naive.inputSpikes });
        fired += updates;
      }
      const learnt = learner.state();
      expect([[...learnt.wins], learnt.presented]).toEqual([naive.wins, naive.presented]);
      expect(bitsOf(learnt.rises)).toEqual(bitsOf(Float32Array.from(naive.rises)));
      expect(bitsOf(learnt.weights)).toEqual(bitsOf(Float32Array.from(naive.weights.flat())));
    }
    expect(Math.min(silent, fired)).toBeGreaterThan(100);
  });

  it("goes on from its file as if it had not stopped", async () => {
    const halves = [shown.images.subarray(0, 64 * 300), shown.images.subarray(64 * 300)];
    using whole = await createLearner({ ...barred, engine });
    whole.learn(halves[0]);
    const middle = whole.state();
    const bytes = writeLearner(middle, await freeze(middle, { calibration: shown.images }));
    expect(readLearner(bytes)).toEqual(middle);
    using second = await createLearner({ state: readLearner(bytes) as PairState, engine });
    expect([second.learn(halves[1]), second.state()]).toEqual([whole.learn(halves[1]), whole.state()]);
  });

  it("gives the same in both engines with its defaults, images in parts or at once", async () => {
    const rule = { kind: "pair" } as const;
    using learner = await createLearner({ ...barred, rule, engine });
    const few = shown.images.subarray(0, 64 * 200);
    learner.learn(few);
    using other = await createLearner({ ...barred, rule, engine: "reference", examples: few });
    for (let image = 0; image < 200; image++) other.learn(few.subarray(64 * image, 64 * image + 64));
    expect(learner.state()).toEqual(other.state());
    expect(learner.counts(few)).toEqual(other.counts(few));
  });

  it("says which threshold would do where every image is silent", async () => {
    using learner = await createLearner({ ...barred, rule: { kind: "pair", threshold: 1e5 }, engine });
    expect(() => learner.learn(shown.images)).toThrow(
      refusal(
        "ARGUMENT",
        /every image was silent: .* threshold of 100000 within 60 ticks; take a threshold of about \d/,
      ),
    );
  });
});

describe("rule pair", () => {
  it("keeps weights within bounds, and the sum of a neuron that has fired", async () => {
    using learner = await createLearner(barred);
    learner.learn(shown.images);
    const { weights, wins, total } = learner.state();
    expect(total).toBeGreaterThan(600);
    expect(weights.every((weight) => weight >= 0 && weight <= 1)).toBe(true);
    wins.forEach((_, neuron) => {
      let sum = 0;
      for (let at = neuron; at < weights.length; at += wins.length) sum += weights[at];
      expect(sum).toBeCloseTo(6.4, 3);
    });
  });

  it("learns bars, whose layer freezes into a ReLU layer", async () => {
    using learner = await createLearner(barred);
    for (let epoch = 0; epoch < 3; epoch++) learner.learn(shown.images, { order: "random", seed: epoch });
    const { winners } = learner.winners(shown.images);
    const won = Array.from({ length: 20 }, () => new Uint32Array(16));
    winners.forEach((winner, image) => won[winner][shown.bars[image]]++);
    const pure = won.reduce((sum, counts) => sum + Math.max(...counts), 0) / 600;
    expect(pure).toBeGreaterThan(0.8);
    const relu = toRelu(await freeze(learner.state(), { calibration: shown.images }));
    expect(relu.nodes.map(({ kind }) => kind)).toEqual(["input", "reshape", "dense", "relu"]);
  });

  it.each([
    [{ ticks: 0 }, /rule: ticks: expected an integer from 1/],
    [{ trains: "even" }, /rule: trains: expected one of poisson, regular/],
    [{ rate: 1.5 }, /rule: rate: expected a finite number > 0 <= 1/],
    [{ seed: 2 ** 20 }, /rule: seed/],
    [{ threshold: 0 }, /rule: threshold: expected a finite number > 0/],
    [{ thresholdDecay: 2 }, /rule: thresholdDecay/],
    [{ competition: "two" }, /rule: competition: expected one of furthest, random, none/],
    [{ homeostasis: 1 }, /"homeostasis"/],
    [{ plasticity: stdp({ plus: 1, minus: 1, timeConstantTicks: [1, 1], maximum: 1e9 }) }, /plasticity: maximum/],
    [
      {
        plasticity: stdp({
          plus: 1,
          minus: 1,
          timeConstantTicks: [1, 1],
          maximum: 1,
          reward: { timeConstantTicks: 1 },
        }),
      },
      /plasticity: expected none with reward/,
    ],
  ])("refuses %j", async (options, message) => {
    await expect(createLearner({ ...barred, rule: { kind: "pair", ...options } as never })).rejects.toThrow(
      refusal("ARGUMENT", message),
    );
  });

  it("refuses states that do not fit", async () => {
    using learner = await createLearner({ ...barred, examples: shown.images });
    const state = learner.state();
    for (const [wrong, message] of [
      [{ ...state, rises: new Float32Array(3) }, /state: rises/],
      [{ ...state, presented: -1 }, /state: presented/],
      [{ ...state, weights: state.weights.map(() => 2) }, /state: weights: expected weights from 0 to 1, got 2/],
      [{ ...state, rule: { ...state.rule, ticks: undefined } }, /state: rule: expected all its numbers/],
    ] as const)
      await expect(createLearner({ state: wrong as never })).rejects.toThrow(
        expect.objectContaining({ name: "LlifError", message: expect.stringMatching(message) }),
      );
  });
});
