// bench/results and docs/performance.md: written, merged and drawn from the same rows.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { drawChart } from "../../bench/chart.ts";
import { environment } from "../../bench/environment.ts";
import { parseWords } from "../../bench/main.ts";
import { performancePage } from "../../bench/page.ts";
import { resultsFolder } from "../../bench/paths.ts";
import { fittedExponent } from "../../bench/suites/growth.ts";
import { mergeRows, readMachines, readRows, writeResults } from "../../bench/results.ts";
import { usualSuites, suites } from "../../bench/suites.ts";
import type { ResultRow } from "../../ts/timing/case.ts";

const row = (suite: string, name: string, contender = "wasm", medianMs = 1): ResultRow => ({
  suite,
  case: name,
  contender,
  medianMs,
  ratio: medianMs,
  minMs: medianMs,
  maxMs: medianMs,
  rounds: 3,
});

describe("bench/results", () => {
  it("a suite's rows replace those it had, and nobody else's", () => {
    const old = [row("a", "x"), row("a", "y"), row("b", "x")];
    expect(mergeRows(old, [row("a", "x", "wasm", 2)], ["a"], false)).toEqual([row("a", "x", "wasm", 2), row("b", "x")]);
    expect(mergeRows(old, [row("a", "x", "wasm", 2)], ["a"], true)).toEqual([
      row("a", "y"),
      row("a", "x", "wasm", 2),
      row("b", "x"),
    ]);
  });

  it("writes an array of rows, and where they were measured", () => {
    const folder = mkdtempSync(join(tmpdir(), "llif-results-"));
    try {
      writeResults(folder, [row("a", "x"), row("a", "x", "reference", 12.3456789)], ["a"], environment());
      expect(JSON.parse(readFileSync(join(folder, "latest.json"), "utf8"))).toMatchObject([
        { suite: "a", case: "x", contender: "wasm", ratio: 1 },
        { contender: "reference", medianMs: 12.346 },
      ]);
      expect(readRows(folder)).toHaveLength(2);
      expect(readMachines(folder)["a"].node).toBe(process.versions.node);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("draws a chart where there is something to compare", async () => {
    const chart = await drawChart("a", [row("a", "x"), row("a", "x", "reference", 12)], environment());
    expect(chart).toMatch(/^<svg[^]*12\.0[^]*<\/svg>\n$/);
    expect(await drawChart("a", [row("a", "x")], environment())).toBeUndefined();
  });
});

describe("the words of npm run bench", () => {
  it("choose suites and a case", () => {
    expect(parseWords(["--suite", "reference", "--case", "mnist-cnn", "--dry"])).toEqual({
      suites: ["reference"],
      only: "mnist-cnn",
      quick: false,
      list: false,
      dry: true,
      page: false,
    });
    expect(parseWords(["--quick"])).toMatchObject({ quick: true });
    expect(parseWords([])).toMatchObject({ suites: usualSuites, only: undefined });
    expect(parseWords(["--suite", "all"])).toMatchObject({ suites: Object.keys(suites) });
    expect(parseWords(["--help"])).toBe("help");
  });

  it.each([[["--suite"]], [["--suite", "fastest"]], [["--cases", "x"]]])("refuse %s", (words) => {
    expect(() => parseWords(words)).toThrow(/expected/);
  });
});

describe("docs/performance.md", () => {
  it("is what the committed results give", () => {
    const page = fileURLToPath(new URL("../../docs/performance.md", import.meta.url));
    expect(readFileSync(page, "utf8")).toBe(performancePage(readRows(resultsFolder), readMachines(resultsFolder)));
  });

  it("has no number that was not measured", () => {
    expect(performancePage([], {})).not.toMatch(/\d+(\.\d+)? (ms|G)\b/);
    const page = performancePage([row("reference", "mnist-mlp"), row("reference", "mnist-mlp", "reference", 12.5)], {
      reference: environment(),
    });
    expect(page).toContain("| mnist-mlp | reference | 12.5 ms | 12.5 ms – 12.5 ms | 3 | 12.5 | 25 ✗ |");
    expect(page).toContain("0 of 1 ratios reach their goal.");
    expect(page).not.toContain("## Against Python simulators");
  });

  it("fits exponents of power laws", () => {
    expect(
      fittedExponent([
        [1, 3],
        [2, 6],
        [8, 24],
      ]),
    ).toBeCloseTo(1, 12);
    expect(
      fittedExponent([
        [1, 5],
        [4, 80],
      ]),
    ).toBeCloseTo(2, 12);
  });
});
