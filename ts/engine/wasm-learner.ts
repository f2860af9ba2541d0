// The rule `winner` in the WebAssembly core.
import { Core, guarded } from "./core.ts";
import type { LearnerCore, LearnerLayer, Presentations } from "./learner.ts";
import { allowsWasm, loadGlue, supportsSimd, type Glue } from "./load.ts";
import { referenceLearner } from "./reference/learner.ts";

type RawLearner = InstanceType<Glue["RawLearner"]>;

/** Images of one call, so that a copy of them stays small in the core's memory. */
const imagesPerCall = 256;

/** An engine that is ready to make cores. */
export interface LearnerEngine {
  readonly name: "wasm" | "reference";
  start(layer: LearnerLayer): LearnerCore;
}

const reference: LearnerEngine = { name: "reference", start: referenceLearner };

/**
 * `auto`: WebAssembly where the runtime has and allows it.
 * @throws {LlifError} ENGINE if the core does not start.
 */
export async function learnerEngine(choice: "auto" | "wasm" | "reference"): Promise<LearnerEngine> {
  if (choice === "reference") return reference;
  if (choice === "auto" && !(supportsSimd() && (await allowsWasm()))) return reference;
  const glue = await loadGlue();
  return { name: "wasm", start: (layer) => wasmLearner(glue, layer) };
}

function wasmLearner(glue: Glue, layer: LearnerLayer): LearnerCore {
  const { inputs, rule, weights, wins } = layer;
  const { maxTicks, threshold, homeostasis, leastThreshold, rate, leastRate, rateWins, leak } = rule;
  const numbers = Float64Array.of(threshold, homeostasis, leastThreshold, rate, leastRate, rateWins);
  const raw = guarded(
    "learner",
    () => new glue.RawLearner(inputs, maxTicks, leak === "halfSquare", numbers, weights, wins),
  );
  const core = new Core("learner", "learner", raw, (raw) => raw.free());

  const inParts = (images: Uint8Array, present: (raw: RawLearner, part: Uint8Array, first: number) => Float64Array) => {
    const total = { silent: 0, ticks: 0, inputSpikes: 0 };
    for (let first = 0; first < images.length; first += imagesPerCall * inputs) {
      const part = images.subarray(first, first + imagesPerCall * inputs);
      const [silent, ticks, inputSpikes] = core.use((raw) => present(raw, part, first / inputs));
      total.silent += silent;
      total.ticks += ticks;
      total.inputSpikes += inputSpikes;
    }
    return total satisfies Presentations;
  };

  return {
    learn: (images) => inParts(images, (raw, part) => raw.learn(part)),
    winners: (images, winners, ticks) =>
      inParts(images, (raw, part, first) => {
        const took = raw.compete(part);
        winners.set(raw.takeWinners(), first);
        ticks.set(raw.takeTicks(), first);
        return took;
      }),
    weights: () => core.use((raw) => raw.weights()),
    wins: () => core.use((raw) => raw.wins()),
    dispose: () => core.dispose(),
  };
}
