// Learning in the WebAssembly core.
import { Core, guarded } from "./core.ts";
import type { LearnerCore, LearnerLayer, PairLayer, Presentations, WinnerLayer } from "./learner.ts";
import { allowsWasm, loadGlue, supportsSimd, type Glue } from "./load.ts";
import { pairNumbers } from "./pair-numbers.ts";
import { referencePair } from "./reference/pair.ts";
import { referenceWinner } from "./reference/winner.ts";

/** Images of one call, so that a copy of them stays small in the core's memory. */
const imagesPerCall = 256;

/** An engine that is ready to make cores. */
export interface LearnerEngine {
  readonly name: "wasm" | "reference";
  start(layer: LearnerLayer): LearnerCore;
}

const isPair = (layer: LearnerLayer): layer is PairLayer => layer.rule.kind === "pair";

const reference: LearnerEngine = {
  name: "reference",
  start: (layer) => (isPair(layer) ? referencePair(layer) : referenceWinner(layer as WinnerLayer)),
};

/**
 * `auto`: WebAssembly where the runtime has and allows it.
 * @throws {LlifError} ENGINE if the core does not start.
 */
export async function learnerEngine(choice: "auto" | "wasm" | "reference"): Promise<LearnerEngine> {
  if (choice === "reference") return reference;
  if (choice === "auto" && !(supportsSimd() && (await allowsWasm()))) return reference;
  const glue = await loadGlue();
  return {
    name: "wasm",
    start: (layer) => (isPair(layer) ? wasmPair(glue, layer) : wasmWinner(glue, layer as WinnerLayer)),
  };
}

/** Calls `present` with parts of the images; it returns silent images, ticks and input spikes. */
function inParts(
  images: Uint8Array,
  inputs: number,
  present: (part: Uint8Array, first: number) => Float64Array,
): Presentations {
  const total = { silent: 0, ticks: 0, inputSpikes: 0 };
  for (let first = 0; first < images.length; first += imagesPerCall * inputs) {
    const [silent, ticks, inputSpikes] = present(
      images.subarray(first, first + imagesPerCall * inputs),
      first / inputs,
    );
    total.silent += silent;
    total.ticks += ticks;
    total.inputSpikes += inputSpikes;
  }
  return total;
}

function wasmWinner(glue: Glue, { inputs, neurons, rule, memory: { weights, wins } }: WinnerLayer): LearnerCore {
  const { maxTicks, threshold, homeostasis, leastThreshold, rate, leastRate, rateWins, leak } = rule;
  const numbers = Float64Array.of(threshold, homeostasis, leastThreshold, rate, leastRate, rateWins);
  const raw = guarded(
    "learner",
    () => new glue.RawLearner(inputs, maxTicks, leak === "halfSquare", numbers, weights, wins),
  );
  const core = new Core("learner", "learner", raw, (raw) => raw.free());
  return {
    learn: (images) => inParts(images, inputs, (part) => core.use((raw) => raw.learn(part))),
    respond: (images, { winners, ticks, counts }) =>
      inParts(images, inputs, (part, first) =>
        core.use((raw) => {
          const took = raw.compete(part);
          const found = raw.takeWinners();
          winners.set(found, first);
          ticks.set(raw.takeTicks(), first);
          if (counts !== null)
            found.forEach((winner, at) => {
              if (ticks[first + at] > 0) counts[(first + at) * neurons + winner] = 1;
            });
          return took;
        }),
      ),
    memory: () => core.use((raw) => ({ weights: raw.weights(), wins: raw.wins() })),
    wins: () => core.use((raw) => raw.wins()),
    dispose: () => core.dispose(),
  };
}

function wasmPair(glue: Glue, { inputs, neurons, rule, memory }: PairLayer): LearnerCore {
  const { weights, wins, rises } = memory;
  let presented = memory.presented;
  const raw = guarded("learner", () => new glue.RawPair(inputs, pairNumbers(rule), weights, wins, rises, presented));
  const core = new Core("learner", "learner", raw, (raw) => raw.free());
  return {
    learn(images) {
      const took = inParts(images, inputs, (part) => core.use((raw) => raw.learn(part)));
      presented += images.length / inputs;
      return took;
    },
    respond: (images, { winners, ticks, counts }) =>
      inParts(images, inputs, (part, first) =>
        core.use((raw) => {
          const took = raw.respond(part);
          winners.set(raw.takeWinners(), first);
          ticks.set(raw.takeTicks(), first);
          counts?.set(raw.takeCounts(), first * neurons);
          return took;
        }),
      ),
    memory: () => core.use((raw) => ({ weights: raw.weights(), wins: raw.wins(), rises: raw.rises(), presented })),
    wins: () => core.use((raw) => raw.wins()),
    dispose: () => core.dispose(),
  };
}
