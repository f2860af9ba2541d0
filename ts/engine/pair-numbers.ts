// Numbers of the rule `pair` that both engines compute with: rates of pixels, seeds of presentations, and the form that the core reads.
import { plasticityNumbers } from "../spiking/plasticity.ts";
import type { PairNumbers } from "./learner.ts";

/** One spike a tick. */
export const one = 2 ** 32;

/** How often each pixel value fires, in 2⁻³² a tick. */
export function pixelRates(rate: number): Float64Array {
  return Float64Array.from({ length: 256 }, (_, pixel) => Math.round((pixel / 255) * rate * one));
}

/** The number of every presentation that teaches nothing, so that what an image gives does not depend on others. */
export const notLearning = 2 ** 32 - 1;

/** Seed of the generator of a presentation. */
export function presentationSeed(seed: number, presentation: number): number {
  return seed * 2 ** 32 + presentation;
}

/** In the order in which crates/core/src/learn/pair.rs reads them. */
export function pairNumbers(rule: PairNumbers): Float64Array {
  return Float64Array.of(
    rule.ticks,
    Number(rule.trains === "poisson"),
    rule.seed,
    rule.threshold,
    rule.thresholdRise,
    1 - rule.thresholdDecay,
    ["furthest", "random", "none"].indexOf(rule.competition),
    rule.refractoryTicks,
    rule.weightSum,
    Number(rule.scaled === "all"),
    ...pixelRates(rule.rate),
    ...plasticityNumbers(rule.plasticity),
  );
}
