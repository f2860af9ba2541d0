// Wrong values for the table of the public API: one of every type, and what each kind of argument takes of them.

/** By name, made anew for each call: a call may keep or change what it is given. */
export const values: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  NaN: () => NaN,
  Infinity: () => Infinity,
  "-1": () => -1,
  0: () => 0,
  1.5: () => 1.5,
  "1e300": () => 1e300,
  "empty string": () => "",
  "a string": () => "x",
  true: () => true,
  "an empty array": () => [],
  "an array of strings": () => ["x"],
  "an array of null": () => [null],
  "an empty object": () => ({}),
  "an object of a key": () => ({ unheardOf: 1 }),
  "a symbol": () => Symbol("s"),
  "a function": () => () => undefined,
  "a bigint": () => 10n,
  "a Date": () => new Date(0),
  "a Map": () => new Map(),
  "a Uint8Array": () => new Uint8Array(3),
  "a Float64Array": () => new Float64Array(3),
  "a BigInt64Array": () => new BigInt64Array(2),
  "an ArrayBuffer": () => new ArrayBuffer(8),
};

/** What a kind of argument may take of the values, beyond what is right in the row itself. */
const kinds = {
  /** At least 1. */
  count: [],
  index: ["0"],
  number: ["-1", "0", "1.5", "1e300"],
  positive: ["1.5", "1e300"],
  atLeastZero: ["0", "1.5", "1e300"],
  share: ["0"],
  boolean: ["true"],
  string: ["empty string", "a string"],
  name: ["a string"],
  choice: [],
  function: ["a function"],
  signal: [],
  numbers: ["an empty array", "a Uint8Array", "a Float64Array"],
  strings: ["an empty array", "an array of strings"],
  array: ["an empty array"],
  options: ["an empty object"],
  record: ["an empty object", "an object of a key"],
  bytes: ["a Uint8Array", "an ArrayBuffer"],
  object: [],
  anything: Object.keys(values),
} as const;

export type Kind = keyof typeof kinds;

/** One argument, or one option, with a value that is right. */
export interface Argument {
  readonly name: string;
  readonly kind: Kind;
  readonly value: unknown;
  readonly optional: boolean;
  /** More that is taken. */
  readonly also: readonly string[];
  /** Of an object of options: all of them. */
  readonly options?: readonly Argument[];
}

export function required(name: string, kind: Kind, value: unknown, also: readonly string[] = []): Argument {
  return { name, kind, value, optional: false, also };
}

export function optional(name: string, kind: Kind, value?: unknown, also: readonly string[] = []): Argument {
  return { name, kind, value, optional: true, also };
}

/** An object of options; optional where none of them is required. */
export function options(list: readonly Argument[], also: readonly string[] = []): Argument {
  const isOptional = list.every((option) => option.optional);
  const given = list.filter(({ value }) => value !== undefined).map(({ name, value }) => [name, value]);
  return {
    name: "options",
    kind: isOptional ? "options" : "object",
    value: Object.fromEntries(given),
    optional: isOptional,
    also,
    options: list,
  };
}

/** Whether an argument may take the value of that name. */
export function takes({ kind, optional: isOptional, also }: Argument, name: string): boolean {
  return (
    (kinds[kind] as readonly string[]).includes(name) || also.includes(name) || (isOptional && name === "undefined")
  );
}
