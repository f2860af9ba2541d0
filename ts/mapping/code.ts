// Turns the options for a code into its levels, window and arithmetic for the mapping.
import { rulesOf, type Code } from "../spiking/code.ts";
import { codeOf, type CodeOptions } from "../spiking/code-options.ts";
import type { CodeRules } from "../spiking/codes/rules.ts";
import type { Arithmetic } from "../spiking/network.ts";
import type { ChargeRoom } from "./quantize.ts";

export interface CodePlan {
  readonly code: Code;
  readonly rules: CodeRules;
  readonly arithmetic: Arithmetic;
  readonly windowTicks: number;
  /** T: largest count of a window; 0 for real-valued ttfs. */
  readonly levels: number;
  readonly room: ChargeRoom;
}

/** @throws {LlifError} ARGUMENT if the options contradict each other. */
export function planCode(options: CodeOptions): CodePlan {
  const code = codeOf(options);
  const rules = rulesOf(code);
  const windowTicks = rules.windowTicks(options);
  const levels = rules.levels(windowTicks);
  const room = {
    levels,
    thresholdFactor: rules.thresholdFactor(windowTicks),
    signed: rules.flags.spikes === "signed",
  };
  return { code, rules, arithmetic: rules.arithmetic, windowTicks, levels, room };
}
