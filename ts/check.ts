import { LlifError } from "./errors.ts";
import { formatShape, sizeOf, type Shape } from "./tensor.ts";

/** `place` names the argument or node as the user knows it, e.g. `layer "conv2": stride`. */
export function checkInteger(place: string, value: unknown, minimum: number, maximum = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < minimum || value > maximum) {
    const range = maximum === Number.MAX_SAFE_INTEGER ? `>= ${minimum}` : `from ${minimum} to ${maximum}`;
    throw new LlifError("ARGUMENT", `${place}: expected an integer ${range}, got ${describe(value)}`);
  }
  return value;
}

export function checkFinite(place: string, value: unknown, range: { above?: number; from?: number; to?: number } = {}): number {
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

/** Every element finite; names the first that is not. */
export function checkAllFinite(place: string, values: ArrayLike<number>): void {
  for (let index = 0; index < values.length; index++) {
    if (!Number.isFinite(values[index])) {
      throw new LlifError("ARGUMENT", `${place}: expected finite numbers, got ${values[index]} at index ${index}`);
    }
  }
}

export function checkLength(place: string, values: ArrayLike<number>, shape: Shape): void {
  if (values.length !== sizeOf(shape)) {
    throw new LlifError("SHAPE", `${place}: expected ${sizeOf(shape)} values for shape ${formatShape(shape)}, got ${values.length}`);
  }
}

export function checkDimensions(place: string, shape: Shape, dimensions: number): void {
  if (shape.length !== dimensions) {
    throw new LlifError("SHAPE", `${place} needs ${dimensions} dimensions, got ${shape.length} (${formatShape(shape)})`);
  }
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (value === null || typeof value !== "object") return String(value);
  return Array.isArray(value) ? `an array of ${value.length}` : `a ${value.constructor?.name ?? "object"}`;
}
