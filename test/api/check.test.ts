// The argument checks that all public functions share.
import { runInNewContext } from "node:vm";
import { describe as group, expect, it } from "vitest";
import {
  checkBytes,
  checkIterable,
  checkNumbers,
  checkOptions,
  checkSignal,
  describe,
  isTypedArray,
} from "../../ts/check.ts";
import { LlifError } from "../../ts/errors.ts";

interface Example {
  readonly bits?: number;
  readonly ticks?: number;
}

const check = (value: unknown) => checkOptions("example", value as Example, { bits: true, ticks: true });

group("argument checks", () => {
  it("refuses an unknown option by name, with the nearest", () => {
    expect(() => check({ bit: 8 })).toThrow(
      'example: expected options among bits, ticks, got "bit"; did you mean "bits"?',
    );
    expect(() => check({ engine: 8 })).toThrow(/got "engine"$/);
    // Names of Object's own prototype are no options.
    expect(() => check({ constructor: 8 })).toThrow('got "constructor"');
    expect(() => check(JSON.parse('{ "__proto__": 1 }'))).toThrow('got "__proto__"');
  });

  it.each([[null], [undefined], [3], ["bits"], [[8]], [new Map()], [new Date()], [new Uint8Array(2)], [() => 8]])(
    "refuses %s as options",
    (value) => {
      expect(() => check(value)).toThrow(/^example: expected an object of options, got /);
    },
  );

  it("takes options of any realm, and without a prototype", () => {
    expect(check(runInNewContext("({ bits: 8 })")).bits).toBe(8);
    expect(check(Object.assign(Object.create(null), { bits: 8 })).bits).toBe(8);
  });

  it.each([
    ["\u001b[31mred", '"\\u001b[31mred"'],
    ["a\u202eb\u009b", '"a\\u202eb\\u009b"'],
    ["x".repeat(1000), `"${"x".repeat(80)}…"`],
    [Symbol("s"), "a symbol"],
    [10n, "10n"],
    [() => 1, "a function"],
    [[1, 2], "an array of 2"],
    [new Float32Array(3), "a Float32Array of 3"],
    [new Int8Array(1), "an Int8Array of 1"],
    [new Uint8Array(1), "a Uint8Array of 1"],
    [{}, "an object"],
    [Object.create(null), "an object"],
    [{ constructor: { name: 3 } }, "an object"],
    [null, "null"],
    [NaN, "NaN"],
  ])("describes value %#", (value, text) => {
    expect(describe(value)).toBe(text);
  });

  it("leaves no control character in the message of an error", () => {
    expect(new LlifError("ARGUMENT", 'layer "\u001b]0;x\u0007": no').message).toBe('layer "\\u001b]0;x\\u0007": no');
  });

  it("takes bytes of any kind as a plain Uint8Array over the same memory", () => {
    const whole = Uint8Array.of(0, 1, 2, 3, 4);
    const views = [
      Buffer.from(whole.buffer, 1, 3),
      new DataView(whole.buffer, 1, 3),
      whole.subarray(1, 4),
      runInNewContext("Uint8Array.of(1, 2, 3)"),
      Uint8Array.of(1, 2, 3).buffer,
    ];
    for (const view of views) {
      const bytes = checkBytes("file", view);
      expect(bytes.constructor).toBe(Uint8Array);
      expect([...bytes]).toEqual([1, 2, 3]);
    }
    expect(() => checkBytes("file", [1, 2])).toThrow(
      "file: expected bytes (a Uint8Array or an ArrayBuffer), got an array of 2",
    );
    expect(() => checkBytes("file", new Float32Array(2))).toThrow("got a Float32Array of 2");
  });

  it("takes numbers of any array, and names the first that is none", () => {
    expect(checkNumbers("rates", runInNewContext("[1, 2]"), { length: 2 })).toHaveLength(2);
    expect(checkNumbers("rates", { length: 1, 0: 5 })).toHaveLength(1);
    expect(() => checkNumbers("rates", [0, NaN])).toThrow("rates: expected finite numbers, got NaN at index 1");
    expect(() => checkNumbers("rates", [0, "1"])).toThrow('rates: expected finite numbers, got "1" at index 1');
    expect(() => checkNumbers("rates", [0], { length: 2 })).toThrow("rates: expected 2 values, got 1");
    for (const wrong of ["12", BigInt64Array.of(1n), new DataView(new ArrayBuffer(2)), { length: -1 }, {}, undefined]) {
      expect(() => checkNumbers("rates", wrong)).toThrow(/^rates: expected an array of numbers, got /);
    }
  });

  it("tells signals and iterables", () => {
    expect(checkSignal("signal", undefined)).toBeUndefined();
    expect(checkSignal("signal", new AbortController().signal)?.aborted).toBe(false);
    expect(() => checkSignal("signal", {} as AbortSignal)).toThrow("signal: expected an AbortSignal, got an object");
    expect(checkIterable("inputs", new Set([1]))).toContain(1);
    expect(() => checkIterable("inputs", "ab")).toThrow('inputs: expected an array or another iterable, got "ab"');
  });

  it("tells typed arrays of any realm", () => {
    expect(isTypedArray(runInNewContext("new Float32Array(2)"), "Float32Array")).toBe(true);
    expect(isTypedArray(new Float64Array(2), "Float32Array")).toBe(false);
  });
});
