// The learning rule `winner`: its parameters, their defaults from images, and what it says of them.
import { checkFinite, checkInteger, checkOneOf, checkOptions, type OptionKeys } from "../check.ts";
import type { WinnerMemory, WinnerNumbers } from "../engine/learner.ts";
import { LlifError } from "../errors.ts";
import { pcg32 } from "../random.ts";
import type { RuleKind } from "./kind.ts";

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

/** @throws {LlifError} ARGUMENT for an unknown option, or one out of range. */
function check(place: string, rule: WinnerOptions): WinnerOptions {
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
function complete(rule: WinnerOptions, meanSum: number): WinnerRule {
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

/** The first weights, shape [inputs, neurons]: (½ + u)·mean image, u from pcg32(seed), row after row. */
function firstWeights(mean: Float64Array, neurons: number, seed: number): Float32Array {
  const random = pcg32(seed);
  const weights = new Float32Array(mean.length * neurons);
  for (let index = 0; index < weights.length; index++)
    weights[index] = (0.5 + random() / 2 ** 32) * mean[Math.floor(index / neurons)];
  return weights;
}

/** θ of a neuron with this number of wins, of `total` wins of all neurons. */
function thresholdOf(rule: WinnerRule, wins: number, total: number, neurons: number): number {
  return Math.fround(Math.max(rule.leastThreshold, rule.threshold + rule.homeostasis * (wins - total / neurons)));
}

/** @throws {LlifError} ARGUMENT, naming the field. */
function checkWeights(place: string, weights: Float32Array): void {
  const wrong = weights.findIndex((weight) => !(weight >= 0 && weight <= 1.5));
  if (wrong >= 0)
    throw new LlifError("ARGUMENT", `${place}: expected numbers from 0 to 1.5, got ${weights[wrong]} at ${wrong}`);
}

export const winner: RuleKind<WinnerOptions, WinnerRule, WinnerMemory> = {
  keys: Object.keys(keys),
  check,
  begin: (rule, neurons, seed, { mean, sum }) => ({
    rule: complete(rule, sum),
    memory: { weights: firstWeights(mean, neurons, seed), wins: new Uint32Array(neurons) },
  }),
  checkMemory: (place, _, { weights }) => checkWeights(`${place}: weights`, weights),
  fewer: ({ maxTicks, threshold }, _, { sum }) =>
    `no neuron reached its threshold of about ${threshold} within ${maxTicks} ticks; take a threshold of about ${Number(sum.toPrecision(3))}, the mean sum of pixel/255, or more ticks`,
  doubt(rule, wins) {
    const total = wins.reduce((sum, count) => sum + count, 0);
    const floor = Math.fround(rule.leastThreshold);
    const low = wins.filter((count) => thresholdOf(rule, count, total, wins.length) <= floor).length;
    if (low === 0) return null;
    return `${low} of ${wins.length} neurons have the least threshold, ${rule.leastThreshold}: they win too rarely for the images; take a smaller homeostasis than ${rule.homeostasis}, or a larger threshold than ${rule.threshold}`;
  },
};
