// Draws the chart of a suite: each contender's time relative to ours.
import type { ResultRow } from "../ts/timing/case.ts";
import { composeSvg, faint, loadPlot, palette } from "../ts/plot/svg.ts";
import type { Environment } from "./environment.ts";
import { goalOf } from "./goals.ts";
import { bestBatches, libraryOf } from "./summary.ts";
import { ratio } from "./text.ts";

interface Bar {
  readonly case: string;
  readonly contender: string;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly goal: number | undefined;
  readonly color: string;
  readonly symbol: (typeof symbols)[number];
}

/** Tell contenders apart when colours repeat. */
const symbols = ["circle", "square", "triangle"] as const;
const legendColumns = 4;
/** Only the best batch on one thread: a chart of every batch size would be as tall as the table. */
const charted = (suite: string, rows: readonly ResultRow[]): ResultRow[] =>
  suite === "peers"
    ? bestBatches(rows.filter((row) => !row.case.endsWith("-conversion"))).map((row) => ({
        ...row,
        contender: libraryOf(row),
      }))
    : // Steps of a growing quantity are not contenders.
      rows.filter((row) => suite !== "live" || row.more?.["value"] === undefined);

/**
 * Draws a suite's ratios on a logarithmic axis, with the spread of the contender's time and the goal.
 * @returns undefined if there is nothing to compare.
 */
export async function drawChart(
  suite: string,
  measured: readonly ResultRow[],
  machine: Environment,
): Promise<string | undefined> {
  const rows = charted(suite, measured);
  const ours = new Map(
    rows
      .filter((row, index) => rows.findIndex((other) => other.case === row.case) === index)
      .map((row) => [row.case, row]),
  );
  const others = rows.filter((row) => ours.get(row.case) !== row);
  if (others.length === 0) return undefined;
  const contenders = [...new Set(others.map(({ contender }) => contender))];
  const bars = others.map((row): Bar => {
    const base = (ours.get(row.case) as ResultRow).medianMs;
    // A coarse clock (Firefox's) may measure 0 for a round.
    const fastest = row.minMs > 0 ? row.minMs : row.medianMs;
    return {
      case: row.case,
      contender: row.contender,
      ratio: row.ratio,
      low: fastest / base,
      high: row.maxMs / base,
      goal: goalOf(row),
      ...styleOf(contenders.indexOf(row.contender)),
    };
  });
  const { Plot } = await loadPlot();
  const legendRows = Math.ceil(contenders.length / legendColumns);
  const names = [...new Set(bars.map((bar) => bar.case))];
  const rowHeight = Math.max(20, 14 * Math.max(...names.map((name) => bars.filter((bar) => bar.case === name).length)));
  const width = 860;
  const height = 60 + rowHeight * names.length;
  const placed = bars.map((bar) => {
    const group = bars.filter((other) => other.case === bar.case);
    const offset = group.indexOf(bar) - (group.length - 1) / 2;
    return { ...bar, y: names.indexOf(bar.case) + (0.8 * offset) / Math.max(1, group.length) };
  });
  const columnWidth = width / legendColumns - 10;
  const legend = contenders.map((name, index) => ({
    name,
    x: 24 + (index % legendColumns) * columnWidth,
    y: Math.floor(index / legendColumns) + 0.5,
    ...styleOf(index),
  }));
  const values = placed.flatMap((bar) => [bar.low, bar.high, bar.goal ?? bar.ratio, 1]);
  const panel = {
    left: 0,
    top: 52 + 24 * legendRows,
    options: {
      width,
      height,
      marginLeft: 250,
      marginRight: 60,
      marginTop: 30,
      marginBottom: 10,
      x: {
        type: "log" as const,
        domain: [Math.min(...values) * 0.9, Math.max(...values) * 1.15],
        label: null,
        grid: true,
        axis: "top" as const,
        ticks: tickValues(values),
        tickFormat: (value: number) => String(value),
      },
      y: { domain: [names.length - 0.4, -0.6], axis: null },
      color: { type: "identity" as const },
      symbol: { type: "identity" as const },
      marks: [
        Plot.ruleX([1], { stroke: faint }),
        Plot.ruleY(placed, { x1: "low", x2: "high", y: "y", stroke: "color", strokeWidth: 2, strokeOpacity: 0.5 }),
        Plot.dot(placed, { x: "ratio", y: "y", fill: "color", symbol: "symbol", r: 4 }),
        Plot.ruleX(
          placed.filter((bar) => bar.goal !== undefined),
          {
            x: "goal",
            y1: (bar: { y: number }) => bar.y - 0.3,
            y2: (bar: { y: number }) => bar.y + 0.3,
            stroke: "#222222",
            strokeWidth: 1.5,
          },
        ),
        Plot.text(placed, {
          x: "high",
          y: "y",
          text: (bar: Bar) => ratio(bar.ratio),
          dx: 8,
          textAnchor: "start",
          fill: "color",
          stroke: "white",
          strokeWidth: 4,
        }),
        Plot.text(
          names.map((name, index) => ({ name, index })),
          { x: Math.min(...values) * 0.9, y: "index", text: "name", dx: -10, textAnchor: "end" },
        ),
      ],
    },
  };
  const key = {
    left: 0,
    top: 46,
    options: {
      width,
      height: 24 * legendRows,
      margin: 0,
      x: { domain: [0, width], axis: null },
      y: { domain: [legendRows, 0], axis: null },
      color: { type: "identity" as const },
      symbol: { type: "identity" as const },
      marks: [
        Plot.dot(legend, { x: "x", y: "y", fill: "color", symbol: "symbol", r: 4.5 }),
        Plot.text(legend, { x: "x", y: "y", text: "name", dx: 10, textAnchor: "start", fontSize: 13 }),
      ],
    },
  };
  const notes = [
    `${suite === "peers" ? "Each simulator's best batch on one thread. " : ""}Dot: median. Line: spread of the contender's time. Vertical stroke: goal.`,
  ];
  return composeSvg([key, panel], {
    title: `${suite}: contender's time divided by ours (${machine.processor}, Node ${machine.node})`,
    width,
    height: height + 60 + 24 * legendRows,
    notes,
  });
}

const styleOf = (index: number) => ({
  color: palette[index % palette.length],
  symbol: symbols[Math.floor(index / palette.length) % symbols.length],
});

/** 1, 2, 5 times powers of ten within the values; finer steps if these are fewer than three. */
function tickValues(values: readonly number[]): number[] {
  const within = (ticks: readonly number[]) =>
    ticks.filter((tick) => tick >= Math.min(...values) * 0.9 && tick <= Math.max(...values) * 1.15);
  const decades = (steps: readonly number[]) =>
    within(
      [0.01, 0.1, 1, 10, 100, 1000].flatMap((decade) => steps.map((step) => Number((decade * step).toPrecision(2)))),
    );
  const coarse = decades([1, 2, 5]);
  return coarse.length < 3 ? decades([1, 1.2, 1.5, 2, 3, 4, 5, 6, 7, 8, 9]) : coarse;
}
