// Warnings: on the console, or to whoever collects them.
import { expect, it, vi } from "vitest";
import { collectWarnings, warn, warnOnce } from "../ts/warn.ts";

it("warnings go to the console with a prefix, or to those who collect, and not to both", () => {
  const console_ = vi.spyOn(console, "warn").mockImplementation(() => {});
  warn("one");
  expect(console_.mock.calls).toEqual([["llif: one"]]);
  const [first, second]: string[][] = [[], []];
  const endFirst = collectWarnings((message) => first.push(message));
  const endSecond = collectWarnings((message) => second.push(message));
  warn("two");
  endFirst();
  warnOnce("key", "three");
  warnOnce("key", "four");
  endSecond();
  warn("five");
  expect([first, second]).toEqual([["two"], ["two", "three"]]);
  expect(console_.mock.calls.slice(1)).toEqual([["llif: five"]]);
  console_.mockRestore();
});
