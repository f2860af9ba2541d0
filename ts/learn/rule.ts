// The learning rules by name. A rule is the file of its object here, and its core in each engine.
import { checkObject, checkOneOf } from "../check.ts";
import type { PairMemory, WinnerMemory } from "../engine/learner.ts";
import { LlifError } from "../errors.ts";
import type { RuleKind } from "./kind.ts";
import { pair, type PairOptions, type PairRule } from "./pair.ts";
import { winner, type WinnerOptions, type WinnerRule } from "./winner.ts";

export type LearningRule = WinnerRule | PairRule;
export type LearningOptions = WinnerOptions | PairOptions;
export type LearningMemory = WinnerMemory | PairMemory;

export const rules = { winner, pair } as const;
export type RuleName = keyof typeof rules;
export const ruleNames = Object.keys(rules) as RuleName[];

type AnyKind = RuleKind<LearningOptions, LearningRule, LearningMemory>;

/** The object of a rule. A rule is only ever given its own options and memory. */
export function kindOf(rule: { readonly kind: RuleName }): AnyKind {
  return rules[rule.kind] as unknown as AnyKind;
}

/** @throws {LlifError} ARGUMENT for an unknown rule or option, or one out of range. */
export function checkRule<Options extends LearningOptions>(place: string, rule: Options): Options {
  checkObject(place, rule, "an object of options");
  checkOneOf(`${place}: kind`, rule.kind, ruleNames);
  kindOf(rule).check(place, rule);
  return rule;
}

/** @throws {LlifError} ARGUMENT unless every number of the rule is given. */
export function checkWholeRule(place: string, rule: LearningRule): LearningRule {
  checkRule(place, rule);
  if (kindOf(rule).keys.some((key) => rule[key as keyof LearningRule] === undefined))
    throw new LlifError("ARGUMENT", `${place}: expected all its numbers, as state() returns them`);
  return rule;
}
