// A learnt layer in a `.llif` file: learning goes on bit for bit, and the file is a spiking network as any other.
import { expect, it } from "vitest";
import "../../ts/entry/node.ts";
import { createLearner, freeze, readLearner, readLlif, writeLearner, writeLlif } from "../../ts/index.ts";
import { bars } from "./samples.ts";

const shown = bars(1200, 21);
const halves = [shown.images.subarray(0, 64 * 600), shown.images.subarray(64 * 600)];

it("resumes as if learning had not stopped", async () => {
  for (const leak of ["none", "halfSquare"] as const) {
    const rule = { kind: "winner", leak, homeostasis: 0.3 } as const;
    using whole = await createLearner({ inputs: [8, 8, 1], neurons: 20, seed: 3, rule });
    whole.learn(halves[0]);
    const middle = whole.state();
    const network = await freeze(middle, { calibration: shown.images });
    const bytes = writeLearner(middle, network);
    expect(readLlif(bytes)).toEqual(network);
    expect(readLearner(bytes)).toEqual(middle);
    using second = await createLearner({ state: readLearner(bytes) });
    expect([second.learn(halves[1]), second.state()]).toEqual([whole.learn(halves[1]), whole.state()]);
  }
});

it("refuses files without a learnt layer, and damaged ones", async () => {
  using learner = await createLearner({ inputs: [8, 8, 1], neurons: 4, examples: shown.images });
  const state = learner.state();
  const network = await freeze(state, { calibration: shown.images });
  expect(() => readLearner(writeLlif(network), "plain.llif")).toThrow(
    expect.objectContaining({
      code: "FORMAT",
      message: expect.stringMatching(/^plain\.llif: expected a file with a learnt layer/),
    }),
  );
  const bytes = writeLearner(state, network);
  expect(() => readLearner(bytes.subarray(0, -4))).toThrow(expect.objectContaining({ code: "FORMAT" }));
  const text = new TextDecoder("latin1").decode(bytes).replace('\\"total\\":0', '\\"total\\":7');
  expect(() => readLearner(Uint8Array.from(text, (character) => character.charCodeAt(0)))).toThrow(
    expect.objectContaining({ code: "ARGUMENT", message: expect.stringMatching(/total: expected 0, .*, got 7/) }),
  );
});
