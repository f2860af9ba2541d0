// Reads and writes bench/results: the measured rows, and the machines they were measured on.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { ResultRow } from "../ts/timing/case.ts";
import type { Environment } from "./environment.ts";

/** Replaces the rows of a suite, or, if the run was limited to some cases, the rows of those cases. */
export function mergeRows(
  old: readonly ResultRow[],
  fresh: readonly ResultRow[],
  suites: readonly string[],
  limited: boolean,
): ResultRow[] {
  const measured = new Set(fresh.map((row) => `${row.suite}\n${row.case}`));
  const kept = old.filter((row) =>
    limited ? !measured.has(`${row.suite}\n${row.case}`) : !suites.includes(row.suite),
  );
  const order = [...new Set([...old, ...fresh].map(({ suite }) => suite))];
  return order.flatMap((suite) => [...kept, ...fresh].filter((row) => row.suite === suite));
}

/** Reads `latest.json`; an empty list if there is none. */
export function readRows(folder: string): ResultRow[] {
  const file = `${folder}/latest.json`;
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as ResultRow[]) : [];
}

/** Writes `latest.json`, and the machine of each suite to `machines.json`. */
export function writeResults(
  folder: string,
  rows: readonly ResultRow[],
  suites: readonly string[],
  environment: Environment,
): void {
  mkdirSync(folder, { recursive: true });
  replaceFile(`${folder}/latest.json`, `[\n${rows.map((row) => `  ${JSON.stringify(rounded(row))}`).join(",\n")}\n]\n`);
  const machines = readMachines(folder);
  for (const suite of suites) machines[suite] = environment;
  replaceFile(`${folder}/machines.json`, `${JSON.stringify(machines, null, 2)}\n`);
}

export function readMachines(folder: string): Record<string, Environment> {
  const file = `${folder}/machines.json`;
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, Environment>) : {};
}

/** Writes to a temporary file first, so that a cancelled run leaves the old file whole. */
export function replaceFile(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

function rounded(row: ResultRow): ResultRow {
  const short = (value: number) => Number(value.toPrecision(5));
  const rate = row.operationsPerSecond === undefined ? {} : { operationsPerSecond: short(row.operationsPerSecond) };
  return {
    ...row,
    medianMs: short(row.medianMs),
    ratio: short(row.ratio),
    minMs: short(row.minMs),
    maxMs: short(row.maxMs),
    ...rate,
  };
}
