// Rows of suite `learn` for the rule `pair`: each peer at equal work, in its own convention.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { benchCase, type BenchCase, type Contender } from "../../ts/timing/case.ts";
import { createLearner, readIdx, stdp, type PairState, type StdpOptions } from "../../ts/index.ts";
import { inRoot } from "../paths.ts";
import { learningPeer, type LearningLibrary, type Learnt } from "../peers-learning.ts";
import type { SuiteOptions } from "../suite.ts";

const pixels = 784;
/** Digits that are learnt: a peer takes about a tenth of a second for one. */
const images = 50;
const tau = 20;

interface Convention {
  readonly library: LearningLibrary;
  readonly plasticity: Pick<StdpOptions, "trace" | "coincident" | "timeConstantTicks">;
}

/** How each counts a spike in its trace, and spikes of both sides in one tick. */
const conventions: readonly Convention[] = [
  { library: "bindsnet", plasticity: { trace: "set", coincident: "both", timeConstantTicks: [tau, tau] } },
  {
    library: "brian2-standalone",
    plasticity: { trace: "set", coincident: "potentiate", timeConstantTicks: [tau, tau] },
  },
  {
    library: "spikingjelly",
    plasticity: { trace: "add", coincident: "both", timeConstantTicks: [keeping(1 - 1 / tau), keeping(1 - 1 / tau)] },
  },
];

/** The time constant that keeps this share a tick. */
function keeping(share: number): number {
  return -1 / Math.log(share);
}

/** Additive changes and weights of all neurons scaled after each image, which all of them have. */
export function pairCases({ quick }: SuiteOptions): BenchCase[] {
  return (quick ? [400] : [100, 400]).flatMap((neurons) =>
    conventions.map(({ library, plasticity }) =>
      benchCase("learn", `mnist-pair-${neurons}-as-${library.replace("-standalone", "")}`, async () => {
        const digits = readIdx(gunzipSync(readFileSync(inRoot("models", "mnist-500-images-idx3-ubyte.gz")))).data;
        const shown = digits.subarray(0, images * pixels) as Uint8Array;
        using fresh = await createLearner({
          inputs: [28, 28, 1],
          neurons,
          examples: shown,
          rule: {
            kind: "pair",
            scaled: "all",
            plasticity: stdp({ plus: 0.02, minus: 0.002, maximum: 1, ...plasticity }),
          },
        });
        const state = fresh.state();
        const contenders = [await ours(state, shown), await learningPeer(library, state, shown)];
        return { contenders, samples: images, compare: nearlyEqual };
      }),
    ),
  );
}

async function ours(state: PairState, shown: Uint8Array): Promise<Contender<Learnt>> {
  return {
    name: "wasm",
    async time(repetitions) {
      let milliseconds = 0;
      for (let repetition = 0; repetition < repetitions; repetition++) {
        using learner = await createLearner({ state, engine: "wasm" });
        const start = performance.now();
        learner.learn(shown);
        milliseconds += performance.now() - start;
      }
      return milliseconds;
    },
    async outcome() {
      using learner = await createLearner({ state, engine: "wasm" });
      learner.learn(shown.subarray(0, pixels));
      const first = [...learner.state().wins].flatMap((wins, neuron) => new Array<number>(wins).fill(neuron));
      learner.learn(shown.subarray(pixels));
      return [learner.state().total, first];
    },
  };
}

/** Sums of float32 in another order decide some ticks otherwise, and learning goes on from there. */
const tolerance = 0.03;

function nearlyEqual([spikes, first]: Learnt, [theirs, theirFirst]: Learnt): string | undefined {
  if (spikes === 0) return "expected a layer that fires";
  if (first.join() !== theirFirst.join()) return `winners of the first image: expected ${first}, got ${theirFirst}`;
  return Math.abs(theirs / spikes - 1) <= tolerance
    ? undefined
    : `${theirs} spikes, expected ${spikes} within ${100 * tolerance} %`;
}
