// Checks of arguments. Each returns its value, or throws an `LlifError` that names the place, what was expected and
// what came.
import { LlifError } from "./errors.ts";
import { quoted } from "./text.ts";
import { formatShape, sizeOf, type Shape } from "./tensor.ts";

/** @param place name of the argument or node for messages, e.g. `layer "conv2": stride`. */
export function checkInteger(
  place: string,
  value: unknown,
  minimum: number,
  maximum = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < minimum || value > maximum) {
    const range = maximum === Number.MAX_SAFE_INTEGER ? `>= ${minimum}` : `from ${minimum} to ${maximum}`;
    throw new LlifError("ARGUMENT", `${place}: expected an integer ${range}, got ${describe(value)}`);
  }
  return value;
}

export function checkFinite(
  place: string,
  value: unknown,
  range: { above?: number; from?: number; to?: number } = {},
): number {
  const fits =
    typeof value === "number" &&
    Number.isFinite(value) &&
    (range.above === undefined || value > range.above) &&
    (range.from === undefined || value >= range.from) &&
    (range.to === undefined || value <= range.to);
  if (!fits) {
    const bounds = [
      range.above === undefined ? "" : ` > ${range.above}`,
      range.from === undefined ? "" : ` >= ${range.from}`,
      range.to === undefined ? "" : ` <= ${range.to}`,
    ].join("");
    throw new LlifError("ARGUMENT", `${place}: expected a finite number${bounds}, got ${describe(value)}`);
  }
  return value as number;
}

export function checkOneOf<T extends string>(place: string, value: unknown, allowed: readonly T[]): T {
  if (!allowed.includes(value as T)) {
    throw new LlifError("ARGUMENT", `${place}: expected one of ${allowed.join(", ")}, got ${describe(value)}`);
  }
  return value as T;
}

/** Checks that every element is finite; the error names the first that is not. */
export function checkAllFinite(place: string, values: ArrayLike<number>): void {
  for (let index = 0; index < values.length; index++) {
    if (!Number.isFinite(values[index])) {
      throw new LlifError("ARGUMENT", `${place}: expected finite numbers, got ${values[index]} at index ${index}`);
    }
  }
}

export function checkLength(place: string, values: ArrayLike<number>, shape: Shape): void {
  if (values.length !== sizeOf(shape)) {
    throw new LlifError(
      "SHAPE",
      `${place}: expected ${sizeOf(shape)} values for shape ${formatShape(shape)}, got ${values.length}`,
    );
  }
}

export function checkDimensions(place: string, shape: Shape, dimensions: number): void {
  if (shape.length !== dimensions) {
    throw new LlifError(
      "SHAPE",
      `${place} needs ${dimensions} dimensions, got ${shape.length} (${formatShape(shape)})`,
    );
  }
}

/** Checks an array of any kind: all numbers finite, and `length` of them if given. */
export function checkNumbers(
  place: string,
  values: unknown,
  range: { length?: number; from?: number; to?: number } = {},
): ArrayLike<number> {
  if (!isArrayLike(values))
    throw new LlifError("ARGUMENT", `${place}: expected an array of numbers, got ${describe(values)}`);
  if (range.length !== undefined && values.length !== range.length) {
    throw new LlifError(
      "SHAPE",
      `${place}: expected ${range.length} ${range.length === 1 ? "value" : "values"}, got ${values.length}`,
    );
  }
  const { from = -Infinity, to = Infinity } = range;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (typeof value === "number" && Number.isFinite(value) && value >= from && value <= to) continue;
    const bounds = `${range.from === undefined ? "" : ` >= ${from}`}${range.to === undefined ? "" : ` <= ${to}`}`;
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected finite numbers${bounds}, got ${describe(value)} at index ${index}`,
    );
  }
  return values as ArrayLike<number>;
}

/** Checks for a true array; its elements are not checked. */
export function checkArray<T = unknown>(place: string, value: unknown, expected = "an array"): readonly T[] {
  if (!Array.isArray(value)) throw new LlifError("ARGUMENT", `${place}: expected ${expected}, got ${describe(value)}`);
  return value as readonly T[];
}

export function checkStrings(place: string, value: unknown): readonly string[] {
  const wrong = checkArray(place, value, "an array of strings").findIndex((element) => typeof element !== "string");
  if (wrong >= 0)
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected an array of strings, got ${describe((value as readonly unknown[])[wrong])} at index ${wrong}`,
    );
  return value as readonly string[];
}

export function checkBoolean(place: string, value: unknown): boolean {
  if (typeof value !== "boolean")
    throw new LlifError("ARGUMENT", `${place}: expected true or false, got ${describe(value)}`);
  return value;
}

export function checkString(place: string, value: unknown): string {
  if (typeof value !== "string") throw new LlifError("ARGUMENT", `${place}: expected a string, got ${describe(value)}`);
  return value;
}

/** Checks for a string that is not empty. */
export function checkName(place: string, value: unknown): string {
  if (typeof value !== "string" || value === "")
    throw new LlifError("ARGUMENT", `${place}: expected a name, got ${describe(value)}`);
  return value;
}

export function checkFunction<T extends (...values: never[]) => unknown>(place: string, value: T): T {
  if (typeof value !== "function")
    throw new LlifError("ARGUMENT", `${place}: expected a function, got ${describe(value)}`);
  return value;
}

/** Checks for an AbortSignal by the parts that are used, so that signals of other realms work. */
export function checkSignal(place: string, value: AbortSignal | undefined): AbortSignal | undefined {
  const signal = value as Partial<AbortSignal> | null | undefined;
  if (signal === undefined) return undefined;
  if (
    signal === null ||
    typeof signal !== "object" ||
    typeof signal.aborted !== "boolean" ||
    typeof signal.addEventListener !== "function"
  ) {
    throw new LlifError("ARGUMENT", `${place}: expected an AbortSignal, got ${describe(value)}`);
  }
  return value;
}

/** Checks for an iterable of `for … of` (or `for await … of`); strings are refused. */
export function checkIterable<T>(place: string, value: T, kinds: { async?: boolean } = {}): T {
  const source = value as { [Symbol.iterator]?: unknown; [Symbol.asyncIterator]?: unknown } | null | undefined;
  const walks =
    typeof source === "object" &&
    source !== null &&
    (typeof source[Symbol.iterator] === "function" ||
      (kinds.async === true && typeof source[Symbol.asyncIterator] === "function"));
  if (!walks)
    throw new LlifError("ARGUMENT", `${place}: expected an array or another iterable, got ${describe(value)}`);
  return value;
}

/** Checks for a plain object: no array, typed array, Map, Date and so on. */
export function checkObject<T extends object>(place: string, value: T, expected = "an object"): T {
  if (!isPlain(value)) throw new LlifError("ARGUMENT", `${place}: expected ${expected}, got ${describe(value)}`);
  return value;
}

/** The names of all options of a type or union. A missing or extra name is a type error. */
export type OptionKeys<T> = Readonly<Record<Extract<KeyOf<T>, string>, true>>;
type KeyOf<T> = T extends unknown ? keyof T : never;

/**
 * Checks for an object of options with known keys only.
 * @example checkOptions("evaluate", options, { limit: true, signal: true })
 */
export function checkOptions<T extends object>(place: string, value: T, known: OptionKeys<NoInfer<T>>): T {
  checkObject(place, value, "an object of options");
  for (const key in value) {
    if (!Object.hasOwn(known, key))
      throw new LlifError(
        "ARGUMENT",
        `${place}: expected options among ${Object.keys(known).join(", ")}, got ${quoted(key)}${suggestion(key, Object.keys(known))}`,
      );
  }
  return value;
}

/** `; did you mean "bits"?`, or empty if no known name is close. */
function suggestion(key: string, known: readonly string[]): string {
  const [nearest] = known
    .map((name) => ({ name, distance: distanceOf(key.slice(0, 80).toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  return nearest !== undefined && nearest.distance <= Math.max(1, Math.floor(nearest.name.length / 3))
    ? `; did you mean "${nearest.name}"?`
    : "";
}

/** Levenshtein distance. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let line = 1; line <= a.length; line++) {
    const next = [line];
    for (let column = 1; column <= b.length; column++) {
      next.push(
        Math.min(next[column - 1] + 1, row[column] + 1, row[column - 1] + (a[line - 1] === b[column - 1] ? 0 : 1)),
      );
    }
    row = next;
  }
  return row[b.length];
}

/**
 * Checks for bytes (a typed array of any realm, Buffer, DataView or ArrayBuffer) and returns them as a plain Uint8Array
 * over the same memory; never as a Buffer, whose `slice` is a view instead of a copy. Shared memory is copied, because
 * decoders refuse it.
 */
export function checkBytes(place: string, value: unknown): Uint8Array<ArrayBuffer> {
  const kind = kindOf(value);
  try {
    if (kind === "Uint8Array" || kind === "DataView") {
      const { buffer, byteOffset, byteLength } = value as Uint8Array<ArrayBuffer>;
      const view = new Uint8Array(buffer, byteOffset, byteLength);
      return kindOf(buffer) === "SharedArrayBuffer" ? new Uint8Array(view) : view;
    }
    if (kind === "ArrayBuffer") return new Uint8Array(value as ArrayBuffer);
    if (kind === "SharedArrayBuffer") return new Uint8Array(new Uint8Array(value as ArrayBuffer));
  } catch (error) {
    throw new LlifError("ARGUMENT", `${place}: expected bytes, got an ${kind} whose memory was given away`, {
      cause: error,
    });
  }
  throw new LlifError("ARGUMENT", `${place}: expected bytes (a Uint8Array or an ArrayBuffer), got ${describe(value)}`);
}

/** Whether a value is a typed array with that name, of any realm. */
export function isTypedArray(
  value: unknown,
  name: "Float32Array" | "Float64Array" | "Int8Array" | "Int32Array" | "Uint8Array" | "Uint16Array" | "Uint32Array",
): boolean {
  return ArrayBuffer.isView(value) && kindOf(value) === name;
}

/** Describes a value on one line for error messages. */
export function describe(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return `${quoted(String(value), 30).slice(1, -1)}n`;
  if (typeof value === "symbol") return `a symbol`;
  if (value === null || typeof value !== "object") return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  const name = nameOf(value);
  const article = /^[AEIO]/.test(name) ? "an" : "a";
  return isArrayLike(value)
    ? `${article} ${name} of ${value.length}`
    : name === "Object"
      ? "an object"
      : `${article} ${name}`;
}

function nameOf(value: object): string {
  const name: unknown = typeof value.constructor === "function" ? value.constructor.name : undefined;
  return typeof name === "string" && name !== "" ? quoted(name, 40).slice(1, -1) : kindOf(value);
}

/** The type by `Object.prototype.toString`, the same in every realm: `Uint8Array`, `Map`, `Object`. */
function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

function isPlain(value: unknown): boolean {
  return typeof value === "object" && value !== null && kindOf(value) === "Object";
}

/** An array, a typed array of numbers, or an object with a length. */
export function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  if (Array.isArray(value)) return true;
  if (ArrayBuffer.isView(value)) return !/^(DataView|Big)/.test(kindOf(value));
  if (!isPlain(value)) return false;
  const { length } = value as { length?: unknown };
  return typeof length === "number" && Number.isInteger(length) && length >= 0;
}
