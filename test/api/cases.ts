// Cases of the table of the public API, and what is wrong with an answer.
import { LlifError } from "../../ts/errors.ts";
import type { Row } from "./rows.ts";
import { takes, values, type Argument } from "./values.ts";

export interface Case {
  readonly what: string;
  readonly given: readonly unknown[];
  readonly argument: Argument;
  readonly value: string;
  /** An option, whose name the error must say. */
  readonly option: boolean;
}

/** Each argument, and each option of it, replaced by each value in turn; and an option that nobody knows. */
export function* casesOf({ values: all }: Row): Generator<Case> {
  const right = all.map(({ value }) => value);
  const given = (index: number, value: unknown): unknown[] => right.map((old, at) => (at === index ? value : old));
  for (const [index, argument] of all.entries()) {
    for (const [value, make] of Object.entries(values))
      yield { what: `${argument.name} = ${value}`, given: given(index, make()), argument, value, option: false };
    for (const option of argument.options ?? []) {
      for (const [value, make] of Object.entries(values)) {
        yield {
          what: `${option.name}: ${value}`,
          given: given(index, { ...(argument.value as object), [option.name]: make() }),
          argument: option,
          value,
          option: true,
        };
      }
    }
    if (argument.options === undefined || argument.also.includes("an object of a key")) continue;
    const unknown: Argument = { name: "unheardOf", kind: "choice", value: undefined, optional: false, also: [] };
    yield {
      what: "an unknown option",
      given: given(index, { ...(argument.value as object), unheardOf: 1 }),
      argument: unknown,
      value: "",
      option: true,
    };
  }
}

/** What is wrong with the answer, or null. */
export async function faultOf({ call }: Row, { given, argument, value, option }: Case): Promise<string | null> {
  try {
    const answer = await (call as (...all: readonly unknown[]) => unknown)(...given);
    dispose(answer);
    return takes(argument, value) ? null : "taken";
  } catch (error) {
    if (!(error instanceof LlifError)) return `raw ${String(error)}`;
    if (error.code === "ENGINE" && argument.name !== "wasm") return `engine: ${error.message}`;
    // What might be right may be refused for another reason.
    if (takes(argument, value)) return null;
    const named = option
      ? error.message.includes(argument.name.replace(/s$/, ""))
      : / expected |: expected/.test(error.message);
    return named ? null : `not named in: ${error.message}`;
  }
}

function dispose(answer: unknown): void {
  const open = answer as { readonly dispose?: unknown } | null | undefined;
  if (typeof open === "object" && typeof open?.dispose === "function") open.dispose();
}
