import type { ResultRow } from "../ts/bench/case.ts";
import { composeSvg, faint, loadPlot, palette } from "../ts/plot/svg.ts";
import type { Environment } from "./environment.ts";
import { goalOf } from "./goals.ts";
import { ratio } from "./text.ts";

interface Bar {
  readonly case: string;
  readonly contender: string;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly goal: number | undefined;
  readonly color: string;
}

/** Ratios of one suite on a logarithmic axis, with the spread of the contender's time and the goal; undefined where there is nothing to compare. */
export async function drawChart(suite: string, rows: readonly ResultRow[], machine: Environment): Promise<string | undefined> {
  const ours = new Map(rows.filter((row, index) => rows.findIndex((other) => other.case === row.case) === index).map((row) => [row.case, row]));
  const others = rows.filter((row) => ours.get(row.case) !== row);
  if (others.length === 0) return undefined;
  const contenders = [...new Set(others.map(({ contender }) => contender))];
  const bars = others.map((row): Bar => {
    const base = (ours.get(row.case) as ResultRow).medianMs;
    return { case: row.case, contender: row.contender, ratio: row.ratio, low: row.minMs / base, high: row.maxMs / base, goal: goalOf(row), color: palette[contenders.indexOf(row.contender) % palette.length] };
  });
  const { Plot } = await loadPlot();
  const names = [...new Set(bars.map((bar) => bar.case))];
  const rowHeight = Math.max(20, 14 * Math.max(...names.map((name) => bars.filter((bar) => bar.case === name).length)));
  const width = 860;
  const height = 60 + rowHeight * names.length;
  const placed = bars.map((bar) => {
    const group = bars.filter((other) => other.case === bar.case);
    const offset = group.indexOf(bar) - (group.length - 1) / 2;
    return { ...bar, y: names.indexOf(bar.case) + (0.8 * offset) / Math.max(1, group.length) };
  });
  const values = placed.flatMap((bar) => [bar.low, bar.high, bar.goal ?? bar.ratio, 1]);
  const panel = {
    left: 0,
    top: 76,
    options: {
      width,
      height,
      marginLeft: 250,
      marginRight: 60,
      marginTop: 30,
      marginBottom: 10,
      x: { type: "log" as const, domain: [Math.min(...values) * 0.9, Math.max(...values) * 1.15], label: null, grid: true, axis: "top" as const, ticks: tickValues(values), tickFormat: (value: number) => String(value) },
      y: { domain: [names.length - 0.4, -0.6], axis: null },
      color: { type: "identity" as const },
      marks: [
        Plot.ruleX([1], { stroke: faint }),
        Plot.ruleY(placed, { x1: "low", x2: "high", y: "y", stroke: "color", strokeWidth: 2, strokeOpacity: 0.5 }),
        Plot.dot(placed, { x: "ratio", y: "y", fill: "color", r: 4 }),
        Plot.ruleX(placed.filter((bar) => bar.goal !== undefined), { x: "goal", y1: (bar: { y: number }) => bar.y - 0.3, y2: (bar: { y: number }) => bar.y + 0.3, stroke: "#222222", strokeWidth: 1.5 }),
        Plot.text(placed, { x: "high", y: "y", text: (bar: Bar) => ratio(bar.ratio), dx: 8, textAnchor: "start", fill: "color" }),
        Plot.text(names.map((name, index) => ({ name, index })), { x: Math.min(...values) * 0.9, y: "index", text: "name", dx: -10, textAnchor: "end" }),
      ],
    },
  };
  const legend = {
    left: 0,
    top: 46,
    options: {
      width,
      height: 24,
      margin: 0,
      x: { domain: [0, width], axis: null },
      y: { domain: [0, 1], axis: null },
      color: { type: "identity" as const },
      marks: [
        Plot.dot(contenders, { x: (_: string, index: number) => 24 + index * 170, y: 0.5, fill: (_: string, index: number) => palette[index % palette.length], r: 4.5 }),
        Plot.text(contenders, { x: (_: string, index: number) => 34 + index * 170, y: 0.5, text: (name: string) => name, textAnchor: "start", fontSize: 13 }),
      ],
    },
  };
  const notes = ["A dot is the median, the line the spread of the contender's time; a vertical stroke is the goal."];
  return composeSvg([legend, panel], { title: `${suite}: contender's time divided by ours (${machine.processor}, Node ${machine.node})`, width, height: height + 84, notes });
}

/** 1, 2, 5 and their powers of ten, within the values. */
function tickValues(values: readonly number[]): number[] {
  const ticks = [0.01, 0.1, 1, 10, 100, 1000].flatMap((decade) => [1, 2, 5].map((step) => Number((decade * step).toPrecision(1))));
  return ticks.filter((tick) => tick >= Math.min(...values) * 0.9 && tick <= Math.max(...values) * 1.15);
}
