// BindsNET, SpikingJelly and Brian2 as contenders that learn by the rule `pair`: the same first weights, spikes and ticks.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SkippedCase, type Contender } from "../ts/timing/case.ts";
import { pixelRates, presentationSeed } from "../ts/engine/pair-numbers.ts";
import { writeNpz, type PairState } from "../ts/index.ts";
import { pcg32 } from "../ts/random.ts";
import { LineProgram } from "./line-program.ts";
import { cacheFolder, inRoot } from "./paths.ts";
import { peersFolder } from "./peers.ts";

export type LearningLibrary = "bindsnet" | "spikingjelly" | "brian2-standalone";

/** Spikes of the layer in all images, and its winners in the first image, ascending. */
export type Learnt = readonly [spikes: number, first: readonly number[]];

const environments = { bindsnet: "learning", spikingjelly: "learning", "brian2-standalone": "brian2" } as const;
const names = { bindsnet: "bindsnet", spikingjelly: "spikingjelly", "brian2-standalone": "brian2 (C++)" } as const;

/** Input spikes of a Poisson layer's next presentations. */
function spikesOf({ rule, presented }: PairState, images: Uint8Array, inputs: number) {
  const rates = pixelRates(rule.rate);
  const found = { images: [] as number[], ticks: [] as number[], neurons: [] as number[] };
  for (let image = 0; image < images.length / inputs; image++) {
    const random = pcg32(presentationSeed(rule.seed, presented + image));
    for (let tick = 0; tick < rule.ticks; tick++)
      for (let input = 0; input < inputs; input++) {
        const rate = rates[images[image * inputs + input]];
        if (rate === 0 || random() >= rate) continue;
        found.images.push(image);
        found.ticks.push(tick);
        found.neurons.push(input);
      }
  }
  return found;
}

/** @throws {SkippedCase} if the library's environment is missing. */
export async function learningPeer(
  library: LearningLibrary,
  state: PairState,
  images: Uint8Array,
): Promise<Contender<Learnt>> {
  const folder = join(peersFolder(), environments[library]);
  if (!existsSync(join(folder, "requirements.txt")))
    throw new SkippedCase(`no Python environment "${environments[library]}": run bench/peers/setup.sh`);
  if (library === "brian2-standalone" && spawnSync("g++", ["--version"]).status !== 0)
    throw new SkippedCase(`${library}: g++ is not installed`);
  const { weights, wins, rule } = state;
  const inputs = weights.length / wins.length;
  const spikes = spikesOf(state, images, inputs);
  const path = join(cacheFolder, `learning-${library}.npz`);
  mkdirSync(cacheFolder, { recursive: true });
  const column = (data: readonly number[]) => ({ shape: [data.length], data: Int32Array.from(data) });
  writeFileSync(
    path,
    writeNpz([
      ["weights", { shape: [inputs, wins.length], data: weights }],
      ["images", column(spikes.images)],
      ["ticks", column(spikes.ticks)],
      ["neurons", column(spikes.neurons)],
    ]),
  );
  const worker = environments[library] === "brian2" ? "learning_brian2_worker.py" : "learning_worker.py";
  const program = new LineProgram(join(folder, "bin", "python"), [inRoot("bench", "peers", worker)], {
    PYTHONDONTWRITEBYTECODE: "1",
  });
  const options = {
    ...{ library, inputs: path, ticks: rule.ticks, threshold: rule.threshold, rise: rule.thresholdRise },
    ...{ plus: rule.plasticity.plus, minus: rule.plasticity.minus, sum: rule.weightSum, tau: 20 },
  };
  await program.ask(`open ${JSON.stringify(options)}`);
  return {
    name: names[library],
    time: async (repetitions) => Number(await program.ask(`run ${repetitions}`)) / 1e6,
    async outcome() {
      const [spikes, first] = JSON.parse(await program.ask("outcome")) as [number, number[]];
      return [spikes, first.sort((a, b) => a - b)];
    },
    dispose: () => program.close(),
  };
}
