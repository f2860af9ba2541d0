// docs/results.md and the README's sentence on deep networks say what the committed runs say.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a program that may import the scripts; @returns what it prints as JSON. */
function printed(program: string) {
  return JSON.parse(String(execFileSync(process.execPath, ["--input-type=module", "-e", program], { cwd: root })));
}

const importing =
  'import { series } from "./scripts/experiments/series.mjs"; import * as tables from "./scripts/experiments/tables.mjs"; import { goalsTable } from "./scripts/experiments/goals.mjs";';

it("names each run of a series once, in words that no other run of its kind has", () => {
  const all: Record<string, { name: string; part?: string; label: string; words: string[] }[]> = printed(
    `${importing} console.log(JSON.stringify(Object.fromEntries(Object.entries(series).map(([name, jobs]) => [name, jobs()]))));`,
  );
  for (const jobs of Object.values(all)) {
    expect(new Set(jobs.map(({ name }) => name)).size).toBe(jobs.length);
    expect(new Set(jobs.map(({ words }) => words.join(" "))).size).toBe(jobs.length);
    for (const { words } of jobs) expect(words[0]).toBe("evaluate");
  }
  expect(all.spread.filter(({ name }) => /poisson-\d$/.test(name))).toHaveLength(10);
  expect(
    all["cifar10-resnet20"].filter(({ part, words }) => part === "first-1000" && words.includes("signed")),
  ).toHaveLength(7);
  expect(all["cifar10-resnet20"].filter(({ part, words }) => part === "whole" && words.includes("--limit"))).toEqual(
    [],
  );
});

it("tells the spread over runs that differ in a seed, and which were not run", () => {
  const jobs = ["a-1", "a-2", "a-3", "b-1"].map((name) => ({
    name,
    group: name[0],
    model: "net",
    label: `code ${name[0]}`,
    differ: "Poisson input",
  }));
  const run = (name: string, spikingAccuracy: number, disagreements: number) => ({
    name,
    manifest: { report: { samples: 1000, reluAccuracy: 0.99, spikingAccuracy, disagreements } },
  });
  const text = printed(
    `${importing} console.log(JSON.stringify(tables.spreadTable(${JSON.stringify(jobs)}, ${JSON.stringify([run("a-1", 0.98, 12), run("a-2", 0.97, 20)])})));`,
  );
  expect(text.split("\n").slice(2)).toEqual([
    "| net, code a | Poisson input | 2 of 3 | 1,000 | 99.00 % | 97.50 ± 0.71 % | 12, 20 |",
    "| net, code b | Poisson input | 0 of 1 | – | – | – | not run |",
  ]);
});

it("judges goals by the runs, and says where there is none", () => {
  const report = {
    samples: 10000,
    reluAccuracy: 0.91,
    spikingAccuracy: 0.9089,
    disagreements: 9,
    differences: [{ floatMargin: 0.01 }, { floatMargin: 0.03 }],
    synapticOperationsPerSample: 1.3e8,
    perTick: [{ twinMismatches: 0 }, { twinMismatches: 0 }],
  };
  const runs = [
    "whole-phase-8",
    "whole-phase-10",
    "whole-phase-12",
    "whole-phase-refined-8",
    "whole-phase-refined-ahead-8",
    "whole-phase-refined-ahead-10",
  ].map((name) => ({ name, manifest: { report } }));
  const text: string = printed(
    `${importing} console.log(JSON.stringify(goalsTable([["network", [], ${JSON.stringify(runs)}]])));`,
  );
  expect(
    text
      .split("\n")
      .slice(2)
      .map((row) => row.split(" | ")[2]),
  ).toEqual([
    "0.11 points below: **not reached** |",
    "9: reached |",
    "9; largest margin 0.030: **not reached** |",
    "not run |",
    "not run |",
    "0, 0: reached |",
    "9; 130M: reached |",
    "9: reached |",
    "not run |",
    "not run |",
  ]);
});

it("docs/results.md is what the committed runs make, and each run has a manifest or a reason", () => {
  const before = readFileSync(`${root}/docs/results.md`, "utf8");
  const page: string = printed(
    'import { pageText } from "./scripts/experiments/page.mjs"; console.log(JSON.stringify(await pageText()));',
  );
  expect(page).toBe(before);
  const runs = ["spread", "cifar10-resnet20", "cifar10-vgg", "mnist-cnn", "choices"].flatMap((name) =>
    printed(
      `import { readRuns } from "./scripts/experiments/runs.mjs"; console.log(JSON.stringify(readRuns("${name}")));`,
    ),
  );
  expect(runs.length).toBeGreaterThan(0);
  for (const { command, manifest, failed } of runs)
    expect({ command, settled: manifest?.digest !== undefined || failed !== undefined }).toEqual({
      command,
      settled: true,
    });
});

it("README.md says of deep networks what the committed runs say", () => {
  const text = readFileSync(`${root}/README.md`, "utf8");
  const report = (series: string, name: string) =>
    printed(
      `import { readRuns } from "./scripts/experiments/runs.mjs"; console.log(JSON.stringify(readRuns("${series}").find((run) => run.name === "${name}").manifest.report));`,
    );
  const [residual, vgg] = ["cifar10-resnet20", "cifar10-vgg"].map((series) => report(series, "whole-phase-signed-8"));
  for (const { reluAccuracy } of [residual, vgg]) expect(text).toContain(`(${(100 * reluAccuracy).toFixed(2)} %)`);
  expect(text).toContain(`differ on ${residual.disagreements} of 10,000 images;`);
  expect(text).toContain(`a decision takes ${residual.latencyTicks} ticks, and pipelining gives one every 8.`);
  expect(text).toContain(`differs on ${vgg.disagreements}, after ${vgg.latencyTicks} ticks.`);
  expect([residual, vgg].map(({ samples, intervalTicks }) => [samples, intervalTicks])).toEqual([
    [10000, 8],
    [10000, 8],
  ]);
});
