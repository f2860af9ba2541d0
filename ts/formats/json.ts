// Parses JSON from untrusted files.
import type { Budget } from "../budget.ts";
import { LlifError } from "../errors.ts";

/**
 * Parses JSON and limits its nesting, so that recursive functions over it are safe.
 * @param source UTF-8 bytes or text.
 * @throws {LlifError} FORMAT if it is not JSON or nested too deeply.
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

/** A JSON value for messages, shortened. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** Largest number of brackets and braces that are open at once, outside strings. */
function nestingOf(text: string): number {
  let [open, most, inString] = [0, 0, false];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === character.backslash) index++;
      else if (code === character.quote) inString = false;
    } else if (code === character.quote) inString = true;
    // The code of a closing bracket or brace is the opening one's plus two.
    else if ((code | 0x20) === character.brace) most = Math.max(most, ++open);
    else if ((code | 0x20) === character.brace + 2) open--;
  }
  return most;
}

const character = { quote: 0x22, backslash: 0x5c, brace: 0x7b } as const;
