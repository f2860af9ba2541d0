// The learning rule `pair`: its parameters, their defaults from images, and what it says of them.
import {
  checkFinite,
  checkInteger,
  checkLength,
  checkOneOf,
  checkOptions,
  describe,
  isTypedArray,
  type OptionKeys,
} from "../check.ts";
import type { PairMemory, PairNumbers } from "../engine/learner.ts";
import { LlifError } from "../errors.ts";
import { pcg32 } from "../random.ts";
import { checkPlasticity, checkPlasticWeights, copyOfPlasticity, stdp } from "../spiking/plasticity.ts";
import type { RuleKind } from "./kind.ts";

/**
 * Spike-timing-dependent plasticity of pairs, as in live networks, of one layer with one winner a tick, thresholds that
 * rise with each spike, and weights of a fixed sum (Diehl and Cook 2015).
 */
export interface PairRule extends PairNumbers {
  readonly kind: "pair";
}

/** The rule with what the user gives; the rest follows from the first images. */
export type PairOptions = { readonly kind: "pair" } & Partial<Omit<PairRule, "kind">>;

const keys: OptionKeys<PairRule> = {
  kind: true,
  ticks: true,
  trains: true,
  rate: true,
  seed: true,
  threshold: true,
  thresholdRise: true,
  thresholdDecay: true,
  competition: true,
  refractoryTicks: true,
  weightSum: true,
  scaled: true,
  plasticity: true,
};

const seeds = 2 ** 20;
const largest = 2 ** 20;

const defaultPlasticity = stdp({
  plus: 0.02,
  minus: 0.002,
  timeConstantTicks: [20, 20],
  maximum: 1,
  weightDependence: "multiplicative",
  trace: "set",
});

function check(place: string, rule: PairOptions): PairOptions {
  checkOptions<PairOptions>(place, rule, keys);
  const { ticks, rate, seed, threshold, thresholdRise, thresholdDecay, refractoryTicks, weightSum, plasticity } = rule;
  const { trains, competition, scaled } = rule;
  if (ticks !== undefined) checkInteger(`${place}: ticks`, ticks, 1, 2 ** 16 - 1);
  if (trains !== undefined) checkOneOf(`${place}: trains`, trains, ["poisson", "regular"]);
  if (rate !== undefined) checkFinite(`${place}: rate`, rate, { above: 0, to: 1 });
  if (seed !== undefined) checkInteger(`${place}: seed`, seed, 0, seeds - 1);
  if (threshold !== undefined) checkFinite(`${place}: threshold`, threshold, { above: 0, to: largest });
  if (thresholdRise !== undefined) checkFinite(`${place}: thresholdRise`, thresholdRise, { from: 0, to: largest });
  if (thresholdDecay !== undefined) checkFinite(`${place}: thresholdDecay`, thresholdDecay, { from: 0, to: 1 });
  if (competition !== undefined) checkOneOf(`${place}: competition`, competition, ["furthest", "random", "none"]);
  if (refractoryTicks !== undefined) checkInteger(`${place}: refractoryTicks`, refractoryTicks, 0, 2 ** 16);
  if (weightSum !== undefined) checkFinite(`${place}: weightSum`, weightSum, { from: 0, to: largest });
  if (scaled !== undefined) checkOneOf(`${place}: scaled`, scaled, ["fired", "all"]);
  if (plasticity !== undefined) {
    const { minimum, maximum, reward } = checkPlasticity(`${place}: plasticity`, plasticity);
    checkFinite(`${place}: plasticity: minimum`, minimum, { from: -largest });
    checkFinite(`${place}: plasticity: maximum`, maximum, { to: largest });
    if (reward !== undefined)
      throw new LlifError("ARGUMENT", `${place}: plasticity: expected none with reward, which nothing gives here`);
  }
  return rule;
}

function complete(rule: PairOptions, neurons: number, seed: number, inputs: number, meanSum: number): PairRule {
  const threshold = rule.threshold ?? 0.2 * meanSum;
  if (!(threshold > 0))
    throw new LlifError(
      "ARGUMENT",
      "learn: threshold: expected images that are not all black, or a threshold > 0, got images whose pixels are all 0",
    );
  return {
    kind: "pair",
    ticks: rule.ticks ?? 60,
    trains: rule.trains ?? "poisson",
    rate: rule.rate ?? 0.25,
    seed: rule.seed ?? seed % seeds,
    threshold,
    thresholdRise: rule.thresholdRise ?? 5e-5 * neurons * threshold,
    thresholdDecay: rule.thresholdDecay ?? 0,
    competition: rule.competition ?? "furthest",
    refractoryTicks: rule.refractoryTicks ?? 0,
    weightSum: rule.weightSum ?? 0.1 * inputs,
    scaled: rule.scaled ?? "fired",
    plasticity: copyOfPlasticity("rule: plasticity", rule.plasticity ?? defaultPlasticity),
  };
}

/** Uniform from pcg32(seed), row after row, each neuron's scaled to the sum of the rule; shape [inputs, neurons]. */
function firstWeights(rule: PairRule, inputs: number, neurons: number, seed: number): Float32Array {
  const { minimum, maximum } = rule.plasticity;
  const random = pcg32(seed);
  const drawn = Float64Array.from({ length: inputs * neurons }, () => random() / 2 ** 32);
  const sums = new Float64Array(neurons);
  drawn.forEach((value, index) => (sums[index % neurons] += value));
  const scale = (neuron: number) => (rule.weightSum > 0 && sums[neuron] > 0 ? rule.weightSum / sums[neuron] : 0.2);
  return Float32Array.from(drawn, (value, index) =>
    Math.min(Math.max(value * scale(index % neurons), Math.fround(minimum)), Math.fround(maximum)),
  );
}

function checkMemory(place: string, rule: PairRule, { weights, wins, rises, presented }: PairMemory): void {
  checkPlasticWeights(`${place}: weights`, weights, rule.plasticity);
  if (!isTypedArray(rises, "Float32Array"))
    throw new LlifError("ARGUMENT", `${place}: rises: expected a Float32Array, one a neuron, got ${describe(rises)}`);
  checkLength(`${place}: rises`, rises, [wins.length]);
  rises.forEach((rise) => checkFinite(`${place}: rises`, rise, { from: 0 }));
  checkInteger(`${place}: presented`, presented, 0, 2 ** 32 - 2);
}

export const pair: RuleKind<PairOptions, PairRule, PairMemory> = {
  keys: Object.keys(keys),
  check,
  begin(given, neurons, seed, { mean, sum }) {
    const rule = complete(given, neurons, seed, mean.length, sum);
    const weights = firstWeights(rule, mean.length, neurons, seed);
    const memory = { weights, wins: new Uint32Array(neurons), rises: new Float32Array(neurons), presented: 0 };
    return { rule, memory };
  },
  checkMemory,
  fewer({ threshold, ticks, rate }, { weights, wins }, { mean }) {
    let charge = 0;
    mean.forEach((value, input) => (charge += ticks * rate * value * weights[input * wins.length]));
    return `no neuron reached its threshold of ${threshold} within ${ticks} ticks; take a threshold of about ${Number((charge / 4).toPrecision(2))}, a quarter of what an image brings, more ticks, or a higher rate`;
  },
  doubt: () => null,
};
