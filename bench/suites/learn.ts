// Suite `learn`: images a second of the rule `winner`, both engines and the core compiled natively; the rule `pair` beside others.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { benchCase, type BenchCase, type Contender } from "../../ts/timing/case.ts";
import { Digest } from "../../ts/timing/digest.ts";
import { createLearner, readIdx, type WinnerState } from "../../ts/index.ts";
import { LineProgram } from "../line-program.ts";
import { nativeProgram, widths, type Width } from "../native.ts";
import { cacheFolder, inRoot } from "../paths.ts";
import type { SuiteOptions } from "../suite.ts";
import { pairCases } from "./learn-pair.ts";

/** How often the 500 digits are shown. */
const rounds = 10;
const pixels = 784;

/** The cases of suite `learn`. */
export function learnSuite(options: SuiteOptions): BenchCase[] {
  return [...winnerCases(options), ...pairCases(options)];
}

/** One pass of 5,000 images, from the first weights on. */
function winnerCases({ quick }: SuiteOptions): BenchCase[] {
  return (quick ? [400] : [100, 400]).map((neurons) =>
    benchCase("learn", `mnist-winner-${neurons}`, async () => {
      const digits = readIdx(gunzipSync(readFileSync(inRoot("models", "mnist-500-images-idx3-ubyte.gz")))).data;
      const images = new Uint8Array(rounds * digits.length);
      for (let round = 0; round < rounds; round++) images.set(digits as Uint8Array, round * digits.length);
      using fresh = await createLearner({ inputs: [28, 28, 1], neurons, seed: 0, examples: images });
      const state = fresh.state();
      widths.forEach(nativeProgram);
      const file = fileOf(state, images);
      const contenders = [
        await engineContender("wasm", state, images),
        await engineContender("reference", state, images),
        ...widths.map((width) => nativeContender(width, neurons, file)),
      ];
      return { contenders, samples: images.length / pixels };
    }),
  );
}

async function engineContender(
  engine: "wasm" | "reference",
  state: WinnerState,
  images: Uint8Array,
): Promise<Contender<string>> {
  return {
    name: engine,
    async time(repetitions) {
      let milliseconds = 0;
      for (let repetition = 0; repetition < repetitions; repetition++) {
        using learner = await createLearner({ state, engine });
        const start = performance.now();
        learner.learn(images);
        milliseconds += performance.now() - start;
      }
      return milliseconds;
    },
    async outcome() {
      using learner = await createLearner({ state, engine });
      learner.learn(images);
      const { weights, wins } = learner.state();
      const digest = new Digest();
      digest.words(new Uint32Array(weights.buffer));
      digest.words(wins);
      return digest.hex();
    },
  };
}

function nativeContender(width: Width, neurons: number, file: Uint8Array): Contender<string> {
  mkdirSync(cacheFolder, { recursive: true });
  const path = join(cacheFolder, `${width}-${neurons}.learn`);
  writeFileSync(path, file);
  const program = new LineProgram(nativeProgram(width), []);
  return {
    name: width,
    time: async (repetitions) => Number((await program.ask(`learn ${repetitions} ${path}`)).split(" ")[0]) / 1e6,
    outcome: async () => (await program.ask(`learn 1 ${path}`)).split(" ")[1],
    dispose: () => program.close(),
  };
}

/** As crates/native/src/learning.rs reads it. */
function fileOf({ rule, weights, wins }: WinnerState, images: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(64));
  const counts = [weights.length / wins.length, wins.length, images.length / pixels, rule.maxTicks];
  const numbers = [rule.threshold, rule.homeostasis, rule.leastThreshold, rule.rate, rule.leastRate, rule.rateWins];
  counts.forEach((count, at) => header.setUint32(4 * at, count, true));
  numbers.forEach((number, at) => header.setFloat64(16 + 8 * at, number, true));
  return Buffer.concat([new Uint8Array(header.buffer), new Uint8Array(weights.buffer), images]);
}
