// The budget of readers, and the bytes that they take.
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { Budget, openBudget } from "../ts/budget.ts";
import { checkBytes } from "../ts/check.ts";
import { LlifError } from "../ts/errors.ts";

const codeOf = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    if (error instanceof LlifError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "no error";
};

describe("the budget of a reader", () => {
  it("adds up what is taken and refuses with both figures and the option", () => {
    const budget = openBudget(0, { elements: 10 });
    budget.take("elements", 6, "node a");
    expect(codeOf(() => budget.take("elements", 5, "node b"))).toMatch(
      /^FORMAT: node b: needs at least 11 elements, the budget of reading is 10; .*budget: \{ elements/,
    );
    budget.take("elements", 4, "node c");
  });

  it("grows with the file and those beside it, unless it is given", () => {
    const budget = openBudget(1000, { nodes: 7 });
    const before = budget.limit("bytes");
    expect(openBudget(1000, budget)).toBe(budget);
    expect(budget.limit("bytes")).toBe(before);
    budget.addFile(1000);
    expect(budget.limit("bytes") - before).toBe(64_000);
    expect(budget.limit("nodes")).toBe(7);
  });

  it("refuses what is not a number, too deep, or too long", () => {
    expect(codeOf(() => openBudget(0).take("bytes", NaN, "x"))).toMatch(/^FORMAT: x: needs at least NaN bytes/);
    expect(codeOf(() => openBudget(0).checkDepth(257, "x"))).toMatch(/^FORMAT: x: needs at least 257 levels/);
    const short = openBudget(0, { seconds: 1e-9 });
    for (const end = performance.now() + 1; performance.now() < end; );
    expect(codeOf(() => short.checkTime("x"))).toMatch(/^FORMAT: x: needs more than .* seconds/);
  });

  it("does not count the time of waiting", async () => {
    const budget = openBudget(0, { seconds: 0.03 });
    await budget.waiting(new Promise((resolve) => setTimeout(resolve, 60)));
    expect(() => budget.checkTime("x")).not.toThrow();
  });

  it.each([
    [{ element: 1 }, /^ARGUMENT: budget: expected options among bytes, .*got "element"/],
    [{ elements: 0 }, /^ARGUMENT: budget: elements: expected a number > 0, got 0/],
    [{ elements: NaN }, /^ARGUMENT: budget: elements: .*got NaN/],
    [{ nodes: "9" }, /^ARGUMENT: budget: nodes: .*got "9"/],
    [null, /^ARGUMENT: budget: expected an object/],
    [3, /^ARGUMENT: budget: expected an object/],
  ])("refuses the options %j", (options, message) => {
    expect(codeOf(() => openBudget(0, options as never))).toMatch(message);
  });

  it("is lifted by Infinity", () => {
    const budget = openBudget(0, { elements: Infinity });
    expect(() => budget.take("elements", 1e300, "x")).not.toThrow();
    expect(budget).toBeInstanceOf(Budget);
  });
});

describe("bytes of any holder", () => {
  const whole = Uint8Array.from([9, 9, 1, 2, 3, 9]);
  const foreign = runInNewContext(
    "({ view: new Uint8Array([9, 1, 2, 3]).subarray(1), buffer: new Uint8Array([1, 2, 3]).buffer })",
  ) as { view: Uint8Array; buffer: ArrayBuffer };
  const shared = new Uint8Array(new SharedArrayBuffer(3));
  shared.set([1, 2, 3]);

  it.each([
    ["a view into a larger buffer", whole.subarray(2, 5)],
    ["a Node Buffer that is a view", Buffer.from(whole.buffer, 2, 3)],
    ["a DataView", new DataView(whole.buffer, 2, 3)],
    ["an ArrayBuffer", Uint8Array.from([1, 2, 3]).buffer],
    ["a view of another realm", foreign.view],
    ["an ArrayBuffer of another realm", foreign.buffer],
    ["shared memory", shared],
    ["a SharedArrayBuffer", shared.buffer],
  ])("takes %s", (_name, holder) => {
    const bytes = checkBytes("x", holder);
    expect([...bytes]).toEqual([1, 2, 3]);
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
    expect(new TextDecoder().decode(bytes)).toBe("\u0001\u0002\u0003");
  });

  it.each([[undefined], [null], [7], ["path"], [[1, 2]], [{}], [Float32Array.of(1)], [() => 1]])(
    "refuses %j",
    (value) => {
      expect(codeOf(() => checkBytes("x", value))).toMatch(/^ARGUMENT: x: expected bytes/);
    },
  );

  it("refuses a detached buffer", () => {
    const buffer = new ArrayBuffer(4);
    structuredClone(buffer, { transfer: [buffer] });
    expect(codeOf(() => checkBytes("x", buffer))).toMatch(/^ARGUMENT: x: expected bytes/);
  });
});
