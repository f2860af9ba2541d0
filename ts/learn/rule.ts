// The learning rule `winner`: its parameters, their defaults from images, and the values that both engines compute from them.
import { checkFinite, checkInteger, checkOneOf, checkOptions, type OptionKeys } from "../check.ts";
import type { WinnerNumbers } from "../engine/learner.ts";
import { LlifError } from "../errors.ts";
import { pcg32 } from "../random.ts";

/** A neuron adds its weights for each input that fires; the first to reach its threshold learns. */
export interface WinnerRule extends WinnerNumbers {
  readonly kind: "winner";
}

/** The rule with what the user gives; the rest follows from the first images. */
export type WinnerOptions = { readonly kind: "winner" } & Partial<Omit<WinnerRule, "kind">>;

const keys: OptionKeys<WinnerRule> = {
  kind: true,
  maxTicks: true,
  threshold: true,
  homeostasis: true,
  leastThreshold: true,
  rate: true,
  leastRate: true,
  rateWins: true,
  leak: true,
};

/** Images that defaults and the first weights are taken from. */
export const firstImages = 1000;

/** @throws {LlifError} ARGUMENT for an unknown option, or one out of range. */
export function checkRule(place: string, rule: WinnerOptions): WinnerOptions {
  checkOptions<WinnerOptions>(place, rule, keys);
  checkOneOf(`${place}: kind`, rule.kind, ["winner"]);
  const { maxTicks, threshold, homeostasis, leastThreshold, rate, leastRate, rateWins, leak } = rule;
  if (maxTicks !== undefined) checkInteger(`${place}: maxTicks`, maxTicks, 1, 2 ** 16);
  if (threshold !== undefined) checkFinite(`${place}: threshold`, threshold, { above: 0 });
  if (homeostasis !== undefined) checkFinite(`${place}: homeostasis`, homeostasis, { from: 0 });
  if (leastThreshold !== undefined) checkFinite(`${place}: leastThreshold`, leastThreshold, { above: 0 });
  if (rate !== undefined) checkFinite(`${place}: rate`, rate, { above: 0, to: 1 });
  if (leastRate !== undefined) checkFinite(`${place}: leastRate`, leastRate, { from: 0, to: 1 });
  if (rateWins !== undefined) checkFinite(`${place}: rateWins`, rateWins, { above: 0 });
  if (leak !== undefined) checkOneOf(`${place}: leak`, leak, ["none", "halfSquare"]);
  return rule;
}

/** The rule with all its numbers. @param meanSum mean over images of the sum of pixel/255. */
export function completeRule(rule: WinnerOptions, meanSum: number): WinnerRule {
  const threshold = rule.threshold ?? meanSum;
  if (!(threshold > 0))
    throw new LlifError(
      "ARGUMENT",
      "learn: threshold: expected images that are not all black, or a threshold > 0, got images whose pixels are all 0",
    );
  return {
    kind: "winner",
    maxTicks: rule.maxTicks ?? 64,
    threshold,
    homeostasis: rule.homeostasis ?? 0.03 * threshold,
    leastThreshold: rule.leastThreshold ?? 0.1 * threshold,
    rate: rule.rate ?? 0.5,
    leastRate: rule.leastRate ?? 0.01,
    rateWins: rule.rateWins ?? 10,
    leak: rule.leak ?? "none",
  };
}

/** Whether every number of the rule is given, so that nothing needs to be taken from images. */
export function isComplete(rule: WinnerOptions): rule is WinnerRule {
  return Object.keys(keys).every((key) => rule[key as keyof WinnerRule] !== undefined);
}

/**
 * The mean image, pixel/255, and the mean sum of an image, over the first 1,000 images.
 * @param images shape [images, inputs].
 */
export function statisticsOf(
  images: Uint8Array,
  inputs: number,
): { readonly mean: Float64Array; readonly sum: number } {
  const count = Math.min(firstImages, images.length / inputs);
  const sums = new Float64Array(inputs);
  for (let image = 0; image < count; image++)
    for (let input = 0; input < inputs; input++) sums[input] += images[image * inputs + input];
  const mean = sums.map((sum) => sum / 255 / count);
  return { mean, sum: mean.reduce((total, value) => total + value, 0) };
}

/** The first weights, shape [inputs, neurons]: (½ + u)·mean image, u from pcg32(seed), row after row. */
export function firstWeights(mean: Float64Array, neurons: number, seed: number): Float32Array {
  const random = pcg32(seed);
  const weights = new Float32Array(mean.length * neurons);
  for (let index = 0; index < weights.length; index++)
    weights[index] = (0.5 + random() / 2 ** 32) * mean[Math.floor(index / neurons)];
  return weights;
}

/** θ of a neuron with this number of wins, of `total` wins of all neurons. */
export function thresholdOf(rule: WinnerRule, wins: number, total: number, neurons: number): number {
  return Math.fround(Math.max(rule.leastThreshold, rule.threshold + rule.homeostasis * (wins - total / neurons)));
}

/** η of a neuron with this number of wins. */
export function rateOf(rule: WinnerRule, wins: number): number {
  return Math.fround(Math.max(rule.leastRate, rule.rate / (1 + wins / rule.rateWins)));
}
