// Objects with typed arrays as JSON beside tensors, for safetensors containers: an array becomes a reference by name.
import { LlifError } from "../errors.ts";
import { shown } from "./json.ts";
import type { SafetensorsData, SafetensorsTensor } from "./safetensors.ts";

/** The value as JSON, and its typed arrays as tensors. */
export function withTensors(value: object): {
  readonly json: string;
  readonly tensors: [string, SafetensorsTensor][];
} {
  const tensors: [string, SafetensorsTensor][] = [];
  const json = JSON.stringify(value, (_key, inner: unknown) => {
    if (
      inner instanceof Float32Array ||
      inner instanceof Float64Array ||
      inner instanceof Int32Array ||
      inner instanceof Uint32Array ||
      inner instanceof Uint8Array
    ) {
      const name = `t${tensors.length}`;
      tensors.push([name, { shape: [inner.length], data: inner }]);
      return { $tensor: name };
    }
    return typeof inner === "number" && !Number.isFinite(inner) ? { $number: String(inner) } : inner;
  });
  return { json, tensors };
}

/** Replaces references in the parsed description by tensors and by numbers that JSON cannot express. */
export function revived(
  value: unknown,
  tensors: ReadonlyMap<string, { readonly data: SafetensorsData }>,
  place: string,
): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((element) => revived(element, tensors, place));
  const record = value as Readonly<Record<string, unknown>>;
  if (Object.hasOwn(record, "$number")) {
    const number = String(record.$number);
    if (!notFinite.includes(number))
      throw new LlifError(
        "FORMAT",
        `${place}: expected a number of ${notFinite.join(", ")}, got ${shown(record.$number)}`,
      );
    return Number(number);
  }
  if (!Object.hasOwn(record, "$tensor"))
    return Object.fromEntries(Object.entries(record).map(([key, inner]) => [key, revived(inner, tensors, place)]));
  const tensor = tensors.get(String(record.$tensor));
  if (tensor === undefined) throw new LlifError("FORMAT", `${place}: tensor ${shown(record.$tensor)} is missing`);
  return tensor.data;
}

const notFinite = ["NaN", "Infinity", "-Infinity"];
