// Formats result rows as text tables.
import type { ResultRow } from "../ts/timing/case.ts";
import { goalOf } from "./goals.ts";

export const columns = [
  "case",
  "contender",
  "median",
  "min – max",
  "rounds",
  "ratio",
  "goal",
  "operations/s",
  "",
] as const;

export function cells(row: ResultRow): string[] {
  const goal = goalOf(row);
  const rate = row.operationsPerSecond;
  return [
    row.case,
    row.contender,
    milliseconds(row.medianMs),
    `${milliseconds(row.minMs)} – ${milliseconds(row.maxMs)}`,
    String(row.rounds),
    ratio(row.ratio),
    goal === undefined ? "" : `${goal}${row.ratio >= goal ? "" : " ✗"}`,
    rate === undefined ? "" : `${(rate / 1e9).toFixed(rate < 1e10 ? 2 : 1)} G`,
    Object.entries(row.more ?? {})
      .map(([name, value]) => `${name} ${value}`)
      .join(", "),
  ];
}

export function textTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column < 2 || column === columns.length - 1 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export function milliseconds(value: number): string {
  return `${value < 0.1 ? value.toFixed(4) : value < 10 ? value.toFixed(3) : value < 1000 ? value.toFixed(1) : value.toFixed(0)} ms`;
}

export function ratio(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(1);
}
