// Every public function with one wrong argument: an error that names it, or a right answer; never a raw error.
import { describe, expect, it } from "vitest";
import * as llif from "../../ts/index.ts";
import * as onnx from "../../ts/formats/onnx/index.ts";
import * as plot from "../../ts/plot/index.ts";
import { casesOf, faultOf } from "./cases.ts";
import { rows } from "./rows.ts";

describe("the public API, one wrong argument at a time", () => {
  it("has a row for every function", () => {
    const names = new Set(rows.map(({ name }) => name));
    const exported = Object.entries({ ...llif, ...onnx, ...plot }).filter(([, value]) => typeof value === "function");
    const errors = ["LlifError", "DisposedError"];
    expect(exported.map(([name]) => name).filter((name) => !names.has(name) && !errors.includes(name))).toEqual([]);
  });

  it("has enough cases", () => {
    expect(rows.reduce((sum, row) => sum + [...casesOf(row)].length, 0)).toBeGreaterThan(3000);
  });

  it.each(rows.map((row) => [row.name, row] as const))("%s", async (_, row) => {
    await (row.call as (...all: readonly unknown[]) => unknown)(...row.values.map(({ value }) => value));
    const faults: string[] = [];
    for (const each of casesOf(row)) {
      const fault = await faultOf(row, each);
      if (fault !== null) faults.push(`${each.what}: ${fault}`);
    }
    expect(faults).toEqual([]);
  });
});
