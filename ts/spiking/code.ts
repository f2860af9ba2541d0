// The list of codes. A code is one value: its kind, and the options of that kind.
import { checkObject, checkOneOf } from "../check.ts";
import { phase, type Phase } from "./codes/phase.ts";
import { rate, type Rate } from "./codes/rate.ts";
import type { CodeKind, CodeRules } from "./codes/rules.ts";
import { refinedPhase, type RefinedPhase } from "./codes/refined-phase.ts";
import { signedRate, type SignedRate } from "./codes/signed-rate.ts";
import { slots, type Slots } from "./codes/slots.ts";
import { times, type Times } from "./codes/times.ts";
import { windowRate, type WindowRate } from "./codes/window-rate.ts";

/** How the values of a network become spikes, and how its layers integrate and fire. */
export type Code = Rate | SignedRate | WindowRate | Phase | RefinedPhase | Slots | Times;

const kinds = { rate, signedRate, windowRate, phase, refinedPhase, slots, times } satisfies {
  readonly [Kind in Code["kind"]]: CodeKind<Extract<Code, { kind: Kind }>>;
};

/** Cached, because each run asks more than once. */
const known = new WeakMap<Code, CodeRules>();

/** @see docs/mathematics.md T7, T8, T9, T12, T14 */
export function rulesOf(code: Code): CodeRules {
  const before = known.get(code);
  if (before !== undefined) return before;
  const rules = (kinds[code.kind] as CodeKind<Code>).rules(code);
  known.set(code, rules);
  return rules;
}

/** @throws {LlifError} ARGUMENT for anything that is not a code. */
export function checkCode(place: string, code: Code): CodeRules {
  const { kind } = checkObject(place, code, "an object with the kind of a code");
  checkOneOf(`${place}: kind`, kind, Object.keys(kinds) as Code["kind"][]);
  (kinds[kind] as CodeKind<Code>).check(place, code);
  return rulesOf(code);
}
