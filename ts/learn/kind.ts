// What a learning rule is for the rest of this folder: one object in the file of each rule.
import type { WinnerMemory } from "../engine/learner.ts";
import type { Statistics } from "./examples.ts";

export interface RuleKind<Options, Rule, Memory extends WinnerMemory> {
  /** Names of all its numbers. */
  readonly keys: readonly string[];
  /** @throws {LlifError} ARGUMENT for an unknown option, or one out of range. */
  check(place: string, rule: Options): Options;
  /** The rule with all its numbers, and the first weights. */
  begin(
    rule: Options,
    neurons: number,
    seed: number,
    statistics: Statistics,
  ): { readonly rule: Rule; readonly memory: Memory };
  /** @throws {LlifError} ARGUMENT or SHAPE for what does not fit the rule; weights have a fitting length. */
  checkMemory(place: string, rule: Rule, memory: Memory): void;
  /** Why every image was silent, and what to do. */
  fewer(rule: Rule, memory: Memory, statistics: Statistics): string;
  /** What is wrong with a layer that has learnt; null: nothing. */
  doubt(rule: Rule, wins: Uint32Array): string | null;
}
