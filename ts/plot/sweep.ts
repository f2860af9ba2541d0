// Draws accuracy and disagreement against latency, operations or energy.
import { checkArray, checkObject, checkOneOf, checkOptions } from "../check.ts";
import { LlifError } from "../errors.ts";
import { checkTitle, composeSvg, edge, faint, ink, labelAtEdge, loadPlot, palette, type PlotTitle } from "./svg.ts";

/** One setting of one code. */
export interface SweepPlotPoint {
  /** Points of one series are joined. */
  readonly series: string;
  /** Shares, from 0 to 1. */
  readonly accuracy: number;
  readonly reluAccuracy: number;
  readonly disagreement: number;
  /** Ticks from the first input to the decision, for one sample alone. */
  readonly latencyTicks: number;
  /** Ticks between samples when pipelined. */
  readonly intervalTicks?: number;
  /** Spikes per sample. */
  readonly spikes: number;
  readonly synapticOperations: number;
  /** Estimated energy per sample. */
  readonly nanojoules?: number;
}

const labels = {
  latencyTicks: "latency (ticks)",
  intervalTicks: "an image every … ticks",
  spikes: "spikes an image",
  synapticOperations: "synaptic operations an image",
  nanojoules: "estimated energy an image",
} as const;
export type SweepCost = keyof typeof labels;

export interface SweepPlotOptions extends PlotTitle {
  /** Panels from left to right. Default: latency, spikes, synaptic operations, and energy if all points have it. */
  readonly costs?: readonly SweepCost[];
}

interface Row extends SweepPlotPoint {
  readonly accuracyPercent: number;
  readonly disagreementPercent: number;
  /** Index of the series. */
  readonly side: number;
}

function cost(row: Row, key: SweepCost): number {
  return row[key] ?? 0;
}

/** Symbols that can be filled. */
const symbols = ["circle", "triangle", "square", "diamond", "star", "wye", "cross"] as const;
/** Powers of ten, or, if these are too few, 1, 2 and 5 times powers of ten. */
function logarithmicTicks(values: readonly number[]): number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const powers = Array.from(
    { length: Math.max(0, Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1) },
    (_, index) => 10 ** (Math.floor(Math.log10(low)) + index),
  );
  const within = (ticks: number[]) => ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
  const decades = within(powers);
  return decades.length >= 3 || high / low > 50
    ? decades
    : within(powers.flatMap((power) => [power, 2 * power, 5 * power]));
}

const legendColumn = 190;
const legendRow = 22;

/**
 * Draws accuracy (above) and disagreement with the ReLU network (below) against costs. A point without a cost, or with
 * a cost of zero, is left out of that panel.
 * @returns an SVG document.
 */
export async function sweepPlot(points: readonly SweepPlotPoint[], options: SweepPlotOptions): Promise<string> {
  checkArray<object>("sweepPlot: points", points).forEach((each) => checkObject("sweepPlot: points", each));
  if (options?.costs?.length === 0)
    throw new LlifError("ARGUMENT", "sweepPlot: costs: expected at least one, got none");
  checkTitle("sweepPlot", checkOptions("sweepPlot", options, { title: true, width: true, costs: true }));
  for (const each of options.costs === undefined ? [] : checkArray<SweepCost>("sweepPlot: costs", options.costs))
    checkOneOf("sweepPlot: costs", each, Object.keys(labels) as SweepCost[]);
  if (points.length === 0) throw new LlifError("ARGUMENT", "sweep: expected at least one point, got none");
  const { Plot } = await loadPlot();
  const priced = points.every(({ nanojoules }) => nanojoules !== undefined);
  const {
    costs = ["latencyTicks", "spikes", "synapticOperations", ...(priced ? (["nanojoules"] as const) : [])],
    title,
  } = options;
  const { width = costs.length > 3 ? 1240 : 960 } = options;
  const series = [...new Set(points.map((point) => point.series))];
  const relu = 100 * points[0].reluAccuracy;
  const rows = points.map(
    (point): Row => ({
      ...point,
      accuracyPercent: 100 * point.accuracy,
      disagreementPercent: 100 * point.disagreement,
      side: series.indexOf(point.series),
    }),
  );
  const largestDisagreement = Math.max(1, ...rows.map((row) => row.disagreementPercent));
  const lowest = Math.min(relu, ...rows.map((row) => row.accuracyPercent));
  const entries = [
    ...series.map((name) => ({ name, relu: false })),
    { name: `- - -  ReLU network: ${relu.toFixed(2)} %`, relu: true },
  ];
  const legendColumns = Math.max(1, Math.floor((width - edge) / legendColumn));
  const items = entries.map((entry, index) => ({
    ...entry,
    index,
    x: edge + (index % legendColumns) * legendColumn,
    y: Math.floor(index / legendColumns) + 0.5,
  }));
  const legendRows = Math.ceil(entries.length / legendColumns);
  const legend = {
    left: 0,
    top: 40,
    options: {
      width,
      height: legendRows * legendRow,
      margin: 0,
      x: { domain: [0, width], axis: null },
      y: { domain: [legendRows, 0], axis: null },
      symbol: { type: "identity" as const },
      color: { type: "identity" as const },
      marks: [
        Plot.dot(
          items.filter((item) => !item.relu),
          {
            x: "x",
            dx: 6,
            y: "y",
            fill: (item: { index: number }) => palette[item.index % palette.length],
            symbol: (item: { index: number }) => symbols[item.index % symbols.length],
            r: 4.5,
          },
        ),
        Plot.text(items, {
          x: "x",
          dx: 18,
          y: "y",
          text: "name",
          textAnchor: "start",
          fill: (item: { relu: boolean }) => (item.relu ? "#666666" : ink),
          fontSize: 13,
        }),
      ],
    },
  };
  const top = legend.top + legendRows * legendRow + 14;
  const panelWidth = (width - 16) / costs.length;
  const panels = costs.flatMap((key, column) => {
    const microjoules = key === "nanojoules" && Math.max(...rows.map((row) => cost(row, key))) >= 1e4;
    const label = key === "nanojoules" ? `${labels[key]} (${microjoules ? "µJ" : "nJ"})` : labels[key];
    const value = (row: Row) => cost(row, key) / (microjoules ? 1000 : 1);
    // A logarithmic axis cannot show a cost of zero; a network without spikes has it.
    const placed = rows.filter((row) => cost(row, key) > 0).sort((a, b) => cost(a, key) - cost(b, key));
    const marks = (y: "accuracyPercent" | "disagreementPercent") => [
      Plot.line(placed, {
        x: value,
        y,
        z: "series",
        stroke: (row: Row) => palette[row.side % palette.length],
        strokeWidth: 1.5,
      }),
      Plot.dot(placed, {
        x: value,
        y,
        fill: (row: Row) => palette[row.side % palette.length],
        symbol: (row: Row) => symbols[row.side % symbols.length],
        r: 3.5,
      }),
    ];
    const common = {
      width: panelWidth,
      marginLeft: 52,
      marginRight: 12,
      marginTop: 28,
      marginBottom: 40,
      symbol: { type: "identity" as const },
      color: { type: "identity" as const },
    };
    const x = {
      type: "log" as const,
      label,
      grid: true,
      ticks: logarithmicTicks(placed.map(value)),
      tickFormat: "~s",
      tickSize: 0,
    };
    return [
      {
        left: column * panelWidth,
        top,
        options: {
          ...common,
          height: 260,
          x,
          y: {
            labelOffset: labelAtEdge(52),
            label: column === 0 ? "accuracy (%)" : null,
            grid: true,
            domain: [lowest, Math.max(relu, ...rows.map((row) => row.accuracyPercent))],
            nice: true,
          },
          marks: [
            Plot.ruleY([relu], { stroke: faint, strokeDasharray: "5,3", strokeWidth: 1.5 }),
            ...marks("accuracyPercent"),
          ],
        },
      },
      {
        left: column * panelWidth,
        top: top + 274,
        options: {
          ...common,
          height: 240,
          x,
          y: {
            labelOffset: labelAtEdge(52),
            label: column === 0 ? "decides otherwise than the ReLU network (%)" : null,
            grid: true,
            // Logarithmic from about 0.1 %, linear below, so that 0 can be shown.
            type: "symlog" as const,
            constant: 0.1,
            domain: [0, largestDisagreement],
            ticks: [0, 0.1, 0.3, 1, 3, 10, 30, 100].filter((tick) => tick <= largestDisagreement),
            tickFormat: "~g",
          },
          marks: marks("disagreementPercent"),
        },
      },
    ];
  });
  return composeSvg([legend, ...panels], { title, width, height: top + 524 });
}
