// Plasticity of synapses: what the rule of a synapse is, its checks, and the constants of a tick.
import { checkArray, checkFinite, checkOneOf, checkOptions, type OptionKeys } from "../check.ts";
import { LlifError } from "../errors.ts";

/**
 * Spike-timing-dependent plasticity of pairs. Each source neuron has a trace x of its arrivals and each target neuron a
 * trace y of its spikes. An arrival changes its weight by −`minus` · y, after it was delivered; a spike of the target
 * changes its weights by `plus` · x; both are clipped to `minimum` … `maximum`.
 */
export interface Plasticity {
  readonly rule: "stdp";
  /** A₊: change of a weight by a spike of the target, for a trace of 1. */
  readonly plus: number;
  /** A₋: the same, downward, by an arrival. */
  readonly minus: number;
  /** Of the traces of the source and of the target, > 0. */
  readonly timeConstantTicks: readonly [source: number, target: number];
  readonly minimum: number;
  readonly maximum: number;
  /** Multiplicative: upward changes are multiplied by `maximum` − weight, downward ones by weight − `minimum`. */
  readonly weightDependence: "additive" | "multiplicative";
  /** What a spike does to its trace: adds 1, or sets it to 1. */
  readonly trace: "add" | "set";
  /** What an arrival and a spike of the target in one tick do: nothing, potentiate alone, or both. */
  readonly coincident: "none" | "potentiate" | "both";
  /** Present: changes go into an eligibility trace, which `reward` of a simulator applies. */
  readonly reward?: {
    /** Of the eligibility trace, > 0. */
    readonly timeConstantTicks: number;
  };
}

const keys: OptionKeys<Plasticity> = {
  rule: true,
  plus: true,
  minus: true,
  timeConstantTicks: true,
  minimum: true,
  maximum: true,
  weightDependence: true,
  trace: true,
  coincident: true,
  reward: true,
};

/** Options of `stdp`: parts with a default may be left out. */
export type StdpOptions = Omit<Plasticity, "rule" | "minimum" | "weightDependence" | "trace" | "coincident"> & {
  /** Default: 0. */
  readonly minimum?: number;
  /** Default: additive. */
  readonly weightDependence?: Plasticity["weightDependence"];
  /** Default: add. */
  readonly trace?: Plasticity["trace"];
  /** Default: potentiate. */
  readonly coincident?: Plasticity["coincident"];
};

/**
 * Spike-timing-dependent plasticity for `connect({ plasticity })`.
 * @throws {LlifError} ARGUMENT, naming the option.
 * @see Song, Miller and Abbott 2000 (additive); van Rossum, Bi and Turrigiano 2000 (multiplicative).
 */
export function stdp(options: StdpOptions): Plasticity {
  const { rule: _, ...known } = keys;
  const {
    minimum = 0,
    weightDependence = "additive",
    trace = "add",
    coincident = "potentiate",
    ...given
  } = checkOptions("stdp", options, known as OptionKeys<StdpOptions>);
  return checkPlasticity("stdp", { ...given, rule: "stdp", minimum, weightDependence, trace, coincident });
}

/** @throws {LlifError} ARGUMENT or SHAPE, naming the part. */
export function checkPlasticity(place: string, plasticity: Plasticity): Plasticity {
  const { rule, plus, minus, timeConstantTicks, minimum, maximum, reward } = checkOptions(place, plasticity, keys);
  checkOneOf(`${place}: rule`, rule, ["stdp"]);
  checkFinite(`${place}: plus`, plus);
  checkFinite(`${place}: minus`, minus);
  const constants = checkArray<number>(`${place}: timeConstantTicks`, timeConstantTicks, "an array of two numbers");
  if (constants.length !== 2)
    throw new LlifError("SHAPE", `${place}: timeConstantTicks: expected 2 numbers, got ${constants.length}`);
  for (const constant of constants) checkFinite(`${place}: timeConstantTicks`, constant, { above: 0 });
  checkFinite(`${place}: minimum`, minimum);
  checkFinite(`${place}: maximum`, maximum);
  if (minimum >= maximum)
    throw new LlifError("ARGUMENT", `${place}: expected a minimum below the maximum, got ${minimum} and ${maximum}`);
  checkOneOf(`${place}: weightDependence`, plasticity.weightDependence, ["additive", "multiplicative"]);
  checkOneOf(`${place}: trace`, plasticity.trace, ["add", "set"]);
  checkOneOf(`${place}: coincident`, plasticity.coincident, ["none", "potentiate", "both"]);
  if (reward !== undefined) {
    const of = checkOptions(`${place}: reward`, reward, { timeConstantTicks: true });
    checkFinite(`${place}: reward: timeConstantTicks`, of.timeConstantTicks, { above: 0 });
  }
  return plasticity;
}

/** A checked copy, so that later changes to the caller's object do not reach the network. */
export function copyOfPlasticity(place: string, plasticity: Plasticity): Plasticity {
  const { timeConstantTicks, reward, ...rest } = checkPlasticity(place, plasticity);
  const [source, target] = timeConstantTicks;
  return { ...rest, timeConstantTicks: [source, target], ...(reward === undefined ? {} : { reward: { ...reward } }) };
}

/** The constants of a rule as engines use them, each rounded to float32 once. */
export interface PlasticityConstants {
  readonly plus: number;
  readonly minus: number;
  readonly minimum: number;
  readonly maximum: number;
  /** What a tick keeps of the trace of a target, e^(−1/τ). */
  readonly targetFactor: number;
  /** By how much the unit of eligibility grows in a tick, e^(1/τ), in float64; null without reward. */
  readonly eligibilityGrowth: number | null;
}

export function plasticityConstants(plasticity: Plasticity): PlasticityConstants {
  const { plus, minus, minimum, maximum, timeConstantTicks, reward } = plasticity;
  return {
    plus: Math.fround(plus),
    minus: Math.fround(minus),
    minimum: Math.fround(minimum),
    maximum: Math.fround(maximum),
    targetFactor: Math.fround(Math.exp(-1 / timeConstantTicks[1])),
    eligibilityGrowth: reward === undefined ? null : Math.exp(1 / reward.timeConstantTicks),
  };
}

/**
 * What is left of the trace of a source after k ticks: fround(high[k >> 10] · low[k & 1023]), and 0 beyond the last of
 * `high`, at e^−28 or 2^24 ticks.
 */
export interface TraceDecay {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

export function traceDecay(timeConstantTicks: number): TraceDecay {
  const length = Math.min(2 ** 14, Math.ceil((28 * timeConstantTicks) / 1024));
  return {
    low: Float64Array.from({ length: 1024 }, (_, ticks) => Math.exp(-ticks / timeConstantTicks)),
    high: Float64Array.from({ length }, (_, high) => Math.exp((-1024 * high) / timeConstantTicks)),
  };
}

/** @throws {LlifError} ARGUMENT for a weight beyond the bounds. */
export function checkPlasticWeights(place: string, weights: ArrayLike<number>, plasticity: Plasticity): void {
  const { minimum, maximum } = plasticityConstants(plasticity);
  for (let index = 0; index < weights.length; index++) {
    if (weights[index] >= minimum && weights[index] <= maximum) continue;
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected weights from ${minimum} to ${maximum}, got ${weights[index]} at index ${index}`,
    );
  }
}

/** The constants in the order in which crates/core/src/stdp/rule.rs reads them. */
export function plasticityNumbers(plasticity: Plasticity): Float64Array {
  const { plus, minus, minimum, maximum, targetFactor, eligibilityGrowth } = plasticityConstants(plasticity);
  const { low, high } = traceDecay(plasticity.timeConstantTicks[0]);
  return Float64Array.of(
    plus,
    minus,
    minimum,
    maximum,
    Number(plasticity.weightDependence === "multiplicative"),
    Number(plasticity.trace === "add"),
    ["none", "potentiate", "both"].indexOf(plasticity.coincident),
    targetFactor,
    eligibilityGrowth ?? 0,
    ...low,
    ...high,
  );
}
