// Damage to JSON that keeps it JSON.
import { lies } from "./bytes.ts";
import type { Random } from "./random.ts";

type Holder = Record<string, unknown>;

/** Stands for a number that JSON can write and no double hold. */
const overflow = "@@1e999@@";
const keys = ["__proto__", "constructor", "toString", "length", "name", "kind", "x"];

function strange(random: Random): unknown {
  // biome-ignore format: one value a line would hide them
  return random.pick<unknown>([
    null, null, true, false, 0, 0, -1, -1, 1, 2, 0.5, 1e308, 5e-324, 2 ** 24 + 1, 2 ** 31, 2 ** 32, 2 ** 53,
    overflow, `@@-1e999@@`, "", "x", "__proto__", "\u0000", "\u001b[31m", "../../x", "y".repeat(1000),
    [], [], {}, {}, [[]], [null], { a: 1 }, { $number: "NaN" }, { $tensor: "t0" },
    JSON.parse("[".repeat(300) + "]".repeat(300)),
  ]);
}

/** Exchanges, removes, repeats, renames and wraps values, and changes numbers and texts. */
export function mutateJson<T>(random: Random, json: T, times = 1 + random.below(3)): unknown {
  const top: Holder = { json: structuredClone(json) };
  for (let round = 0; round < times; round++) {
    const places: (readonly [holder: Holder, key: string])[] = [];
    const walk = (holder: Holder, key: string): void => {
      places.push([holder, key]);
      const value = holder[key];
      if (typeof value === "object" && value !== null)
        for (const inner of Object.keys(value)) walk(value as Holder, inner);
    };
    walk(top, "json");
    mutateAt(random, top, random.pick(places), random.pick(places));
  }
  return top.json;
}

/** Assignment would set the prototype of a `__proto__`. */
function set(holder: Holder, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

function mutateAt(
  random: Random,
  top: Holder,
  [holder, key]: readonly [Holder, string],
  [otherHolder, otherKey]: readonly [Holder, string],
): void {
  const value = holder[key];
  const list = Array.isArray(holder) ? holder : undefined;
  const isTop = holder === top;
  switch (random.below(9)) {
    case 0:
    case 1:
      set(holder, key, strange(random));
      return;
    case 2:
      if (list !== undefined) list.splice(Number(key), 1);
      else if (!isTop) delete holder[key];
      return;
    case 3:
      if (list !== undefined) list.splice(Number(key), 0, structuredClone(value));
      else if (!isTop) set(holder, random.pick([...keys, `${key}_`]), structuredClone(value));
      return;
    case 4:
      set(holder, key, structuredClone(otherHolder[otherKey]));
      return;
    case 5:
      set(holder, key, changed(random, value));
      return;
    case 6:
      if (list === undefined && !isTop) {
        delete holder[key];
        set(holder, random.pick(keys), value);
      }
      return;
    case 7: {
      const other = otherHolder[otherKey];
      if (typeof value === "object" || typeof other === "object") return;
      set(holder, key, other);
      set(otherHolder, otherKey, value);
      return;
    }
    default:
      set(holder, key, random.chance(50) ? [value] : { value });
  }
}

function changed(random: Random, value: unknown): unknown {
  if (typeof value === "number")
    return random.pick([value + 1, value - 1, -value, value * 2, value / 2, value * 1e9, random.pick(lies)]);
  if (typeof value === "string")
    return random.pick([`${value}x`, value.slice(1), value.toUpperCase(), "", value.slice(0, 1000).repeat(50)]);
  return strange(random);
}

export function jsonText(json: unknown): string {
  return (JSON.stringify(json) ?? "").replaceAll(/"@@(-?1e999)@@"/g, "$1");
}
