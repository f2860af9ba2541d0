// What a learner has learnt: everything that is needed to go on, or to freeze the layer.
import { checkInteger, checkLength, checkOptions, describe, isTypedArray, type OptionKeys } from "../check.ts";
import { LlifError } from "../errors.ts";
import { checkExtents } from "../relu/check.ts";
import { sizeOf, type Shape } from "../tensor.ts";
import { checkRule, isComplete, type WinnerRule } from "./rule.ts";

/** A learnt layer. `createLearner({ state })` goes on bit for bit. */
export interface LearnerState {
  /** Shape of an image, channels last. */
  readonly inputs: Shape;
  readonly rule: WinnerRule;
  /** Shape [inputs, neurons]; from 0 to 1. */
  readonly weights: Float32Array;
  /** How often each neuron has won. */
  readonly wins: Uint32Array;
  /** Their sum. */
  readonly total: number;
}

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

const keys: OptionKeys<LearnerState> = { inputs: true, rule: true, weights: true, wins: true, total: true };

/** @throws {LlifError} ARGUMENT or SHAPE, naming the field. */
export function checkState(place: string, state: LearnerState): LearnerState {
  const { inputs, rule, weights, wins, total } = checkOptions(place, state, keys);
  checkExtents(`${place}: inputs`, inputs);
  if (!isComplete(checkRule(`${place}: rule`, rule)))
    throw new LlifError("ARGUMENT", `${place}: rule: expected all its numbers, as state() returns them`);
  if (!isTypedArray(wins, "Uint32Array") || wins.length === 0)
    throw new LlifError("ARGUMENT", `${place}: wins: expected a Uint32Array, one a neuron, got ${describe(wins)}`);
  checkSize(place, sizeOf(inputs), wins.length);
  if (!isTypedArray(weights, "Float32Array"))
    throw new LlifError("ARGUMENT", `${place}: weights: expected a Float32Array, got ${describe(weights)}`);
  checkLength(`${place}: weights`, weights, [sizeOf(inputs), wins.length]);
  const wrong = weights.findIndex((weight) => !(weight >= 0 && weight <= 1.5));
  if (wrong >= 0)
    throw new LlifError(
      "ARGUMENT",
      `${place}: weights: expected numbers from 0 to 1.5, got ${weights[wrong]} at ${wrong}`,
    );
  const sum = totalWins(wins);
  if (checkInteger(`${place}: total`, total, 0) !== sum)
    throw new LlifError("ARGUMENT", `${place}: total: expected ${sum}, the sum of the wins, got ${total}`);
  return state;
}

export function totalWins(wins: Uint32Array): number {
  return wins.reduce((sum, count) => sum + count, 0);
}
