import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a program that may import the script; @returns what it prints as JSON. */
function printed(program: string) {
  return JSON.parse(String(execFileSync(process.execPath, ["--input-type=module", "-e", program], { cwd: root })));
}

it("names each run once, and only models and options that there are", () => {
  const runs: { name: string; words: string[] }[] = printed('import { series } from "./scripts/experiments.mjs"; console.log(JSON.stringify([...series.spread(), ...series.cifar10()]));');
  expect(new Set(runs.map(({ name }) => name)).size).toBe(runs.length);
  expect(runs.filter(({ name }) => /poisson-\d$/.test(name))).toHaveLength(10);
  expect(runs.filter(({ name }) => /^cifar10-resnet20-rate-signed/.test(name))).toHaveLength(7);
  for (const { words } of runs) expect(words.slice(0, 1)).toEqual(["evaluate"]);
});

it("tells the spread over runs that differ in a seed, and what was not run", () => {
  const report = (spikingAccuracy: number, disagreements: number) => ({ samples: 1000, reluAccuracy: 0.99, spikingAccuracy, disagreements });
  const runs = [
    { name: "spread-mnist-8-poisson-1", report: report(0.98, 12) },
    { name: "spread-mnist-8-poisson-2", report: report(0.97, 20) },
    { name: "spread-mnist-8-calibration-1" },
  ];
  const text = printed(`import { spreadTable } from "./scripts/experiments.mjs"; console.log(JSON.stringify(spreadTable(${JSON.stringify(runs)})));`);
  expect(text.split("\n").slice(2)).toEqual(["| mnist-8-poisson | 2 | 1K | 99.00 % | 97.50 % ± 0.71 | 12–20 |", "| mnist-8-calibration | 1 | – | – | – | – |"]);
});
