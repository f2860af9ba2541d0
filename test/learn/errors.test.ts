// What learning refuses, and that messages say what to do.
import { describe, expect, it } from "vitest";
import "../../ts/entry/node.ts";
import {
  createLearner,
  freeze,
  labelNeurons,
  trainReadout,
  toRelu,
  withReadout,
  type LearnerOptions,
  type LearnerState,
} from "../../ts/index.ts";
import { bars, engines, plainRule } from "./samples.ts";

const shown = bars(600, 1);
const refusal = (code: string, message: RegExp) =>
  expect.objectContaining({ name: "LlifError", code, message: expect.stringMatching(message) });
const options: LearnerOptions = { inputs: [8, 8, 1], neurons: 8 };

describe("createLearner", () => {
  it.each([
    [{ ...options, neurons: 0 }, "ARGUMENT", /^createLearner: neurons: expected an integer from 1/],
    [{ ...options, inputs: [0] }, "ARGUMENT", /^createLearner: inputs \[0\]/],
    [
      { ...options, inputs: [100, 100, 3], neurons: 2 ** 20 },
      "ARGUMENT",
      /at most 134217728 weights, got 30000 inputs of 1048576/,
    ],
    [{ ...options, neuron: 4 }, "ARGUMENT", /neuron"?: unknown option|"neuron"/],
    [
      { ...options, rule: { kind: "pears" } },
      "ARGUMENT",
      /^createLearner: rule: kind: expected one of winner, pair, got "pears"/,
    ],
    [
      { ...options, rule: { kind: "winner", threshold: 0 } },
      "ARGUMENT",
      /rule: threshold: expected a finite number > 0, got 0/,
    ],
    [{ ...options, rule: { kind: "winner", rate: 1.5 } }, "ARGUMENT", /rule: rate/],
    [
      { ...options, examples: new Float32Array(64) },
      "ARGUMENT",
      /examples: expected pixels 0…255 as a Uint8Array, got .*Math.round\(255/,
    ],
    [
      { ...options, examples: new Uint8Array(65) },
      "SHAPE",
      /examples: expected images of 64 pixels each, got 65 bytes/,
    ],
    [{ ...options, examples: new Uint8Array(64) }, "ARGUMENT", /threshold: expected images that are not all black/],
    [{ ...options, state: state() }, "ARGUMENT", /expected nothing beside state but engine, got inputs, neurons/],
    [{ state: { ...state(), total: 3 } }, "ARGUMENT", /state: total: expected 0, the sum of the wins, got 3/],
    [{ state: { ...state(), weights: new Float32Array(127).fill(0.5) } }, "SHAPE", /state: weights/],
    [
      { state: { ...state(), weights: new Float32Array(128).fill(Number.NaN) } },
      "ARGUMENT",
      /weights: expected numbers from 0 to 1.5, got NaN at 0/,
    ],
    [{ state: { ...state(), rule: { kind: "winner" } } }, "ARGUMENT", /rule: expected all its numbers/],
  ] as const)("refuses %#", async (given, code, message) => {
    await expect(createLearner(given as unknown as LearnerOptions)).rejects.toThrow(refusal(code, message));
  });
});

function state(): LearnerState {
  return {
    inputs: [8, 8, 1],
    rule: plainRule,
    weights: new Float32Array(128).fill(0.5),
    wins: new Uint32Array(2),
    total: 0,
  };
}

describe.each(engines)("a learner of engine %s", (engine) => {
  it("says which threshold would do where all images are silent", async () => {
    using learner = await createLearner({ ...options, rule: { kind: "winner", threshold: 1e4 }, engine });
    expect(() => learner.learn(shown.images)).toThrow(
      refusal(
        "ARGUMENT",
        /every image was silent: .* threshold of about 10000 within 64 ticks; take a threshold of about \d+\.\d+, the mean sum/,
      ),
    );
  });

  it("refuses images, orders and questions that do not fit", async () => {
    using learner = await createLearner({ ...options, engine });
    expect(() => learner.winners(shown.images)).toThrow(refusal("ARGUMENT", /expected images before/));
    expect(() => learner.state()).toThrow(refusal("ARGUMENT", /expected images before/));
    expect(() => learner.learn(new Float32Array(64) as never)).toThrow(refusal("ARGUMENT", /scale real values first/));
    expect(() => learner.learn(new Uint8Array(63))).toThrow(refusal("SHAPE", /64 pixels each, got 63 bytes/));
    expect(() => learner.learn([new Uint8Array(64), new Uint8Array(9)])).toThrow(
      refusal("SHAPE", /image 1: expected 64/),
    );
    expect(() => learner.learn(shown.images, { order: [600] })).toThrow(refusal("ARGUMENT", /order: entry 0/));
    expect(() => learner.learn(shown.images, { sequence: [0] } as never)).toThrow(refusal("ARGUMENT", /sequence/));
    learner.dispose();
    learner.dispose();
    expect(() => learner.learn(shown.images)).toThrow(expect.objectContaining({ code: "DISPOSED" }));
  });

  it("says that it was disposed in the middle of learning", async () => {
    using learner = await createLearner({ ...options, engine });
    const onProgress = () => learner.dispose();
    await expect(learner.learnAsync(shown.images, { onProgress })).rejects.toThrow(
      expect.objectContaining({ code: "DISPOSED" }),
    );
  });

  it("stops at a signal between images, with what it has learnt", async () => {
    using learner = await createLearner({ ...options, engine });
    const abort = new AbortController();
    const onProgress = () => abort.abort();
    await expect(learner.learnAsync(shown.images, { signal: abort.signal, onProgress })).rejects.toThrow(
      expect.objectContaining({ code: "ABORTED" }),
    );
    const { total } = learner.state();
    expect(total).toBeGreaterThan(0);
    expect(total).toBeLessThan(600);
  });
});

describe("freeze and read-outs", () => {
  it("refuse what does not fit", async () => {
    using learner = await createLearner({ ...options, examples: shown.images });
    const learnt = learner.state();
    const calibration = shown.images;
    await expect(freeze(learnt, { calibration: calibration.subarray(0, 64 * 499) })).rejects.toThrow(
      refusal("DATA", /calibration: expected at least 500 images, got 499/),
    );
    await expect(freeze(learnt, { calibration, activeShare: 0 })).rejects.toThrow(refusal("ARGUMENT", /activeShare/));
    await expect(freeze(learnt, { calibration, share: 0.1 } as never)).rejects.toThrow(refusal("ARGUMENT", /share/));
    await expect(freeze(learnt, { calibration: new Uint8Array(64 * 500) })).rejects.toThrow(
      refusal("DATA", /expected images that activate a neuron, got none among 500/),
    );
    const features = toRelu(await freeze(learnt, { calibration }));
    await expect(trainReadout(features, shown.images, shown.bars.subarray(1))).rejects.toThrow(
      refusal("SHAPE", /labels: expected one label for each of 600 images, got 599/),
    );
    await expect(trainReadout(features, shown.images, shown.bars, { classes: 8 })).rejects.toThrow(
      refusal("ARGUMENT", /labels: expected class numbers from 0 to 7, got \d+ at image \d+/),
    );
    expect(() => labelNeurons(Uint32Array.of(9), [0], { neurons: 8, classes: 2 })).toThrow(
      refusal("ARGUMENT", /winners/),
    );
    expect(() => withReadout(features, { weights: new Float32Array(9), bias: new Float32Array(2) })).toThrow(
      refusal("SHAPE", /shape \[2, 8\]/),
    );
  });
});
