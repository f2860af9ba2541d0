// Random connections between two populations, from a seed: the same on every platform.
import { checkArray, checkBoolean, checkFinite, checkInteger, checkOptions, type OptionKeys } from "../check.ts";
import { LlifError } from "../errors.ts";
import { pcg32 } from "../random.ts";
import { maximumConnections, maximumDelay, maximumNeurons } from "./charges.ts";

/** What weights are drawn from. */
export type RandomWeights =
  /** The same for all. */
  | number
  /** Uniform between two numbers. */
  | readonly [low: number, high: number]
  /** Normally distributed. */
  | { readonly mean: number; readonly deviation: number }
  /** Of the connection from one neuron to another. */
  | ((from: number, to: number) => number);

export interface RandomEdgesOptions {
  /** Number of source neurons. */
  readonly from: number;
  /** Number of target neurons. */
  readonly to: number;
  /** Of each pair of a source and a target to be connected. One of `probability`, `fanIn` and `fanOut`. */
  readonly probability?: number;
  /** Different sources of each target. */
  readonly fanIn?: number;
  /** Different targets of each source. */
  readonly fanOut?: number;
  readonly weights: RandomWeights;
  /** Delay of each connection: uniform among the integers between two, both included. Default: none. */
  readonly delayTicks?: readonly [low: number, high: number];
  /** Any integer from 0 to 2^53 − 1. */
  readonly seed: number;
  /** False: no neuron is connected to the one of its own number. Default: true. */
  readonly self?: boolean;
}

/** Connections sorted by source, then target, for `connect({ edges })`. */
export interface RandomEdges {
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly weights: Float32Array;
  readonly delayTicks?: Uint32Array;
}

const keys: OptionKeys<RandomEdgesOptions> = {
  from: true,
  to: true,
  probability: true,
  fanIn: true,
  fanOut: true,
  weights: true,
  delayTicks: true,
  seed: true,
  self: true,
};

/**
 * Random connections. One stream of `pcg32(seed)` gives first the pairs, then the weights, then the delays, each in the
 * order of the result (pairs of `fanIn`: target by target). No pair occurs twice.
 * @throws {LlifError} ARGUMENT, naming the option; also for more connections than one synapse holds, before memory is
 * taken.
 */
export function randomEdges(options: RandomEdgesOptions): RandomEdges {
  const { from, to, weights, delayTicks, seed, self = true } = checkOptions("randomEdges", options, keys);
  checkInteger("randomEdges: from", from, 1, maximumNeurons);
  checkInteger("randomEdges: to", to, 1, maximumNeurons);
  checkInteger("randomEdges: seed", seed, 0);
  checkBoolean("randomEdges: self", self);
  if (!self && from !== to)
    throw new LlifError(
      "ARGUMENT",
      `randomEdges: self false: expected as many sources as targets, got ${from} and ${to}`,
    );
  const random = pcg32(seed);
  const weightOf = drawer(weights, random);
  const delayOf = delayTicks === undefined ? null : delayDrawer(delayTicks, random);
  const pairs = pairsOf(options, self, random);
  const { length } = pairs.from;
  const drawn = new Float32Array(length);
  for (let index = 0; index < length; index++) drawn[index] = weightOf(pairs.from[index], pairs.to[index]);
  if (delayOf === null) return { ...pairs, weights: drawn };
  const delays = new Uint32Array(length);
  for (let index = 0; index < length; index++) delays[index] = delayOf();
  return { ...pairs, weights: drawn, delayTicks: delays };
}

interface Pairs {
  readonly from: Uint32Array;
  readonly to: Uint32Array;
}

type Random = () => number;

function pairsOf(options: RandomEdgesOptions, self: boolean, random: Random): Pairs {
  const { from, to } = options;
  const given = (["probability", "fanIn", "fanOut"] as const).filter((key) => options[key] !== undefined);
  if (given.length !== 1)
    throw new LlifError(
      "ARGUMENT",
      `randomEdges: expected one of probability, fanIn, fanOut, got ${given.length === 0 ? "none" : given.join(" and ")}`,
    );
  const [key] = given;
  if (key === "probability") {
    const probability = checkFinite("randomEdges: probability", options.probability, { from: 0, to: 1 });
    checkCount(probability * from * (self ? to : to - 1));
    return byProbability(from, to, probability, self, random);
  }
  const among = (key === "fanIn" ? from : to) - Number(!self);
  const each = checkInteger(`randomEdges: ${key}`, options[key], 0, among);
  checkCount(each * (key === "fanIn" ? to : from));
  return key === "fanOut" ? byFanOut(from, to, each, self, random) : byFanIn(from, to, each, self, random);
}

function checkCount(count: number): void {
  if (count > maximumConnections)
    throw new LlifError(
      "ARGUMENT",
      `randomEdges: expected at most ${maximumConnections} connections, got about ${Math.round(count)}; split them between two synapses`,
    );
}

/**
 * Steps from pair to pair, source by source, by gaps that are geometrically distributed: floor(ln(u) / ln(1 − p)) pairs
 * are left out.
 */
function byProbability(from: number, to: number, probability: number, self: boolean, random: Random): Pairs {
  const columns = self ? to : to - 1;
  const count = from * columns;
  const expected = probability * count;
  let sources = new Uint32Array(Math.min(count, Math.ceil(expected + 6 * Math.sqrt(expected) + 16)));
  let targets = new Uint32Array(sources.length);
  const scale = probability === 1 ? 0 : 1 / naturalLogarithm(1 - probability);
  let length = 0;
  let [source, column] = [0, -1];
  while (probability > 0) {
    column += 1 + (scale === 0 ? 0 : Math.floor(naturalLogarithm((random() + 0.5) / 2 ** 32) * scale));
    if (column >= columns) {
      const rows = Math.floor(column / columns);
      source += rows;
      column -= rows * columns;
    }
    if (source >= from) break;
    if (length === sources.length) {
      checkCount(length + 1);
      [sources, targets] = [grown(sources), grown(targets)];
    }
    sources[length] = source;
    targets[length++] = self || column < source ? column : column + 1;
  }
  return { from: sources.slice(0, length), to: targets.slice(0, length) };
}

function grown(values: Uint32Array): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(Math.ceil(1.25 * values.length));
  longer.set(values);
  return longer;
}

function byFanOut(from: number, to: number, each: number, self: boolean, random: Random): Pairs {
  const targets = choices(from, to, each, self, random);
  const sources = new Uint32Array(targets.length);
  for (let source = 0; source < from; source++) {
    sources.fill(source, source * each, (source + 1) * each);
    targets.subarray(source * each, (source + 1) * each).sort();
  }
  return { from: sources, to: targets };
}

/** A counting sort by source, which keeps targets ascending. */
function byFanIn(from: number, to: number, each: number, self: boolean, random: Random): Pairs {
  const chosen = choices(to, from, each, self, random);
  const next = new Uint32Array(from + 1);
  for (const source of chosen) next[source + 1]++;
  for (let source = 0; source < from; source++) next[source + 1] += next[source];
  const [sources, targets] = [new Uint32Array(chosen.length), new Uint32Array(chosen.length)];
  for (let source = 0; source < from; source++) sources.fill(source, next[source], next[source + 1]);
  for (let target = 0, index = 0; target < to; target++) {
    for (let choice = 0; choice < each; choice++, index++) targets[next[chosen[index]]++] = target;
  }
  return { from: sources, to: targets };
}

/** For each row `each` different columns, in the order of Floyd's algorithm (Bentley and Floyd 1987). */
function choices(rows: number, columns: number, each: number, self: boolean, random: Random): Uint32Array<ArrayBuffer> {
  const chosen = new Uint32Array(rows * each);
  /** Row + 1 that last took the column. */
  const takenBy = new Uint32Array(columns);
  const among = self ? columns : columns - 1;
  for (let row = 0, index = 0; row < rows; row++) {
    for (let last = among - each; last < among; last++, index++) {
      const drawn = Math.floor((random() * (last + 1)) / 2 ** 32);
      const column = takenBy[drawn] === row + 1 ? last : drawn;
      takenBy[column] = row + 1;
      chosen[index] = self || column < row ? column : column + 1;
    }
  }
  return chosen;
}

function drawer(weights: RandomWeights, random: Random): (from: number, to: number) => number {
  const place = "randomEdges: weights";
  if (typeof weights === "function")
    return (from, to) => checkFinite(`${place}: from ${from} to ${to}`, weights(from, to));
  if (typeof weights !== "object" || weights === null) {
    const weight = checkFinite(place, weights);
    return () => weight;
  }
  if (Array.isArray(weights)) {
    const [low, high] = range(place, weights as readonly number[], (where, value) => checkFinite(where, value));
    return () => low + ((high - low) * random()) / 2 ** 32;
  }
  const { mean, deviation } = checkOptions(place, weights as { mean: number; deviation: number }, {
    mean: true,
    deviation: true,
  });
  checkFinite(`${place}: mean`, mean);
  checkFinite(`${place}: deviation`, deviation, { from: 0 });
  const normal = normalDrawer(random);
  return () => mean + deviation * normal();
}

function delayDrawer(delayTicks: readonly [number, number], random: Random): () => number {
  const [low, high] = range("randomEdges: delayTicks", delayTicks, (where, value) =>
    checkInteger(where, value, 0, maximumDelay),
  );
  return () => low + Math.floor(((high - low + 1) * random()) / 2 ** 32);
}

/** Two numbers, the second not below the first. */
function range(
  place: string,
  pair: readonly number[],
  check: (place: string, value: number) => number,
): readonly [number, number] {
  if (checkArray(place, pair, "an array of two numbers").length !== 2)
    throw new LlifError("SHAPE", `${place}: expected 2 numbers, got ${pair.length}`);
  const [low, high] = [check(place, pair[0]), check(place, pair[1])];
  if (low > high)
    throw new LlifError("ARGUMENT", `${place}: expected the smaller number first, got ${low} and ${high}`);
  return [low, high];
}

/** Standard normal numbers, two at a time (Marsaglia's polar method). */
function normalDrawer(random: Random): () => number {
  let spare: number | null = null;
  return () => {
    if (spare !== null) {
      const kept = spare;
      spare = null;
      return kept;
    }
    for (;;) {
      const [x, y] = [(random() + 0.5) / 2 ** 31 - 1, (random() + 0.5) / 2 ** 31 - 1];
      const square = x * x + y * y;
      if (square >= 1) continue;
      const factor = Math.sqrt((-2 * naturalLogarithm(square)) / square);
      spare = y * factor;
      return x * factor;
    }
  };
}

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/**
 * Natural logarithm of a normal number > 0. `Math.log` may differ in its last bit between runtimes; this uses only
 * operations that IEEE 754 fixes. Relative error below 2^-50.
 */
export function naturalLogarithm(value: number): number {
  double[0] = value;
  // value = mantissa · 2^exponent with a mantissa from √½ to √2.
  let exponent = (words[1] >>> 20) - 1022;
  words[1] = (words[1] & 0xfffff) | (1022 << 20);
  let mantissa = double[0];
  if (mantissa < Math.SQRT1_2) {
    mantissa *= 2;
    exponent -= 1;
  }
  // ln m = 2·artanh((m − 1)/(m + 1)), whose argument is at most 0.172.
  const x = (mantissa - 1) / (mantissa + 1);
  const y = x * x;
  const series =
    1 / 3 +
    y *
      (1 / 5 +
        y * (1 / 7 + y * (1 / 9 + y * (1 / 11 + y * (1 / 13 + y * (1 / 15 + y * (1 / 17 + y * (1 / 19 + y / 21))))))));
  return exponent * Math.LN2 + 2 * (x + x * y * series);
}
