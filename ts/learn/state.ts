// What a learner has learnt: everything that is needed to go on, or to freeze the layer.
import { checkInteger, checkLength, checkOptions, describe, isTypedArray, type OptionKeys } from "../check.ts";
import { LlifError } from "../errors.ts";
import { checkExtents } from "../relu/check.ts";
import { sizeOf, type Shape } from "../tensor.ts";
import type { PairMemory, WinnerMemory } from "../engine/learner.ts";
import type { PairRule } from "./pair.ts";
import { checkWholeRule, kindOf } from "./rule.ts";
import type { WinnerRule } from "./winner.ts";

interface Learnt<Rule> {
  /** Shape of an image, channels last. */
  readonly inputs: Shape;
  readonly rule: Rule;
  /** Sum of the wins. */
  readonly total: number;
}

/** By the rule `winner`: weights of shape [inputs, neurons], from 0 to 1, and how often each neuron has won. */
export interface WinnerState extends Learnt<WinnerRule>, WinnerMemory {}

/** By the rule `pair`: weights of shape [inputs, neurons], how often each neuron has fired, and how far thresholds have risen. */
export interface PairState extends Learnt<PairRule>, PairMemory {}

/** A learnt layer. `createLearner({ state })` goes on bit for bit. */
export type LearnerState = WinnerState | PairState;

/** Half a gigabyte. */
const mostWeights = 2 ** 27;

/** @throws {LlifError} ARGUMENT for a layer with more weights than the core's memory should hold. */
export function checkSize(place: string, inputs: number, neurons: number): void {
  if (inputs * neurons > mostWeights)
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected at most ${mostWeights} weights, got ${inputs} inputs of ${neurons} neurons`,
    );
}

const keys: OptionKeys<WinnerState> = { inputs: true, rule: true, weights: true, wins: true, total: true };
const pairKeys: OptionKeys<PairState> = { ...keys, rises: true, presented: true };

/** @throws {LlifError} ARGUMENT or SHAPE, naming the field. */
export function checkState<State extends LearnerState>(place: string, state: State): State {
  const { inputs, rule, weights, wins, total } = checkOptions<LearnerState>(place, state, pairKeys);
  checkExtents(`${place}: inputs`, inputs);
  checkWholeRule(`${place}: rule`, rule);
  if (rule.kind === "winner") checkOptions<LearnerState>(place, state, keys);
  if (!isTypedArray(wins, "Uint32Array") || wins.length === 0)
    throw new LlifError("ARGUMENT", `${place}: wins: expected a Uint32Array, one a neuron, got ${describe(wins)}`);
  checkSize(place, sizeOf(inputs), wins.length);
  if (!isTypedArray(weights, "Float32Array"))
    throw new LlifError("ARGUMENT", `${place}: weights: expected a Float32Array, got ${describe(weights)}`);
  checkLength(`${place}: weights`, weights, [sizeOf(inputs), wins.length]);
  kindOf(rule).checkMemory(place, rule, state);
  const sum = totalWins(wins);
  if (checkInteger(`${place}: total`, total, 0) !== sum)
    throw new LlifError("ARGUMENT", `${place}: total: expected ${sum}, the sum of the wins, got ${total}`);
  return state;
}

export function totalWins(wins: Uint32Array): number {
  return wins.reduce((sum, count) => sum + count, 0);
}
