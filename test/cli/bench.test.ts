// Command `llif bench`.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { llif, models } from "./cli.ts";

describe("llif bench", () => {
  it("checks and times both engines on a model", { timeout: 120_000 }, async () => {
    const { code, out, err } = await llif(["bench", join(models, "mnist-8.onnx"), "--json"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const rows = JSON.parse(out) as { case: string; contender: string; medianMs: number }[];
    expect(rows.map(({ contender }) => contender)).toEqual(["wasm", "reference"]);
    expect(rows.every(({ medianMs }) => medianMs > 0)).toBe(true);
  });

  it("names the cases there are", async () => {
    const { code, err } = await llif(["bench", "--case", "dense-99"]);
    expect(code).toBe(1);
    expect(err).toContain("dense-1216-a05, dense-1216-a05-phase");
  });

  it("refuses a case beside a model", async () => {
    expect((await llif(["bench", join(models, "mnist-8.onnx"), "--case", "dense-1216-a05"])).err).toContain(
      "expected no model beside it",
    );
  });
});
