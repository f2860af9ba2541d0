// Reading JSON that a stranger wrote.
import type { Budget } from "../budget.ts";
import { LlifError } from "../errors.ts";

/**
 * Parses JSON whose nesting is within the budget, so that whatever walks it by recursion ends.
 * @param source UTF-8, or text.
 * @throws {LlifError} FORMAT where it is no JSON, or nested too deep.
 */
export function parseJson(source: Uint8Array | string, place: string, budget: Budget): unknown {
  let text: string;
  try {
    text = typeof source === "string" ? source : new TextDecoder("utf-8", { fatal: true }).decode(source);
  } catch (cause) {
    throw new LlifError("FORMAT", `${place}: expected JSON, got bytes that are no UTF-8`, { cause });
  }
  budget.checkDepth(nestingOf(text), place);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new LlifError(
      "FORMAT",
      `${place}: expected JSON (${cause instanceof Error ? cause.message : String(cause)})`,
      { cause },
    );
  }
}

/** A value of JSON as messages show it, cut where it is long. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** Most brackets and braces that are open at once, outside strings. */
function nestingOf(text: string): number {
  let [open, most, inString] = [0, 0, false];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === character.backslash) index++;
      else if (code === character.quote) inString = false;
    } else if (code === character.quote) inString = true;
    // The closing ones lie two behind the opening ones.
    else if ((code | 0x20) === character.brace) most = Math.max(most, ++open);
    else if ((code | 0x20) === character.brace + 2) open--;
  }
  return most;
}

const character = { quote: 0x22, backslash: 0x5c, brace: 0x7b } as const;
