// Formats what commands print: tables, numbers, units, JSON.
import type { Interval } from "../analyze/statistics.ts";
import { printable } from "../text.ts";

/** `printable`, on one line. */
export function oneLine(text: string): string {
  return printable(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/** Two spaces between columns; the first `left` columns are left-aligned, the others right-aligned. */
export function formatTable(unsafe: readonly (readonly string[])[], left = 1): string {
  const rows = unsafe.map((row) => row.map(oneLine));
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  const pad = (cell: string, column: number) =>
    column < left ? cell.padEnd(widths[column]) : cell.padStart(widths[column]);
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}

/** Lines of a name and its value, aligned. */
export function formatPairs(unsafe: readonly (readonly [string, string])[]): string {
  const pairs = unsafe.map((pair) => pair.map(oneLine));
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n");
}

export function formatPercent(share: number | null): string {
  return share === null ? "–" : `${(100 * share).toFixed(2)} %`;
}

export function formatPercentInterval([low, high]: Interval): string {
  return `${(100 * low).toFixed(2)}–${(100 * high).toFixed(2)} %`;
}

/** 1,234 or 5.68 M. */
export function formatCount(value: number): string {
  if (value < 1e5) return Math.round(value).toLocaleString("en-US");
  // 999,600 has three digits as 1.00 M alone.
  const [scale, suffix] = value < 999.5e3 ? [1e3, "k"] : value < 999.5e6 ? [1e6, "M"] : [1e9, "G"];
  return `${(value / scale).toPrecision(3)} ${suffix}`;
}

export function formatSeconds(seconds: number): string {
  return seconds < 1 ? `${(1000 * seconds).toPrecision(3)} ms` : `${seconds.toPrecision(3)} s`;
}

/** From picojoules. */
export function formatEnergy(picojoules: number): string {
  const [scale, unit] =
    picojoules < 1e3 ? [1, "pJ"] : picojoules < 1e6 ? [1e3, "nJ"] : picojoules < 1e9 ? [1e6, "µJ"] : [1e9, "mJ"];
  return `${(picojoules / scale).toPrecision(3)} ${unit}`;
}

export function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Synaptic operations, and the additions made for them where those are fewer. */
export function formatOperations(operations: number, additions: number | null): string {
  const fewer = additions !== null && additions < operations;
  return `${formatCount(operations)}${fewer ? ` (by ${formatCount(additions)} additions)` : ""}`;
}
