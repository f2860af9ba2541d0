import { LlifError } from "../errors.ts";
import { composeSvg, faint, loadPlot, palette, type PlotTitle } from "./svg.ts";

export interface RasterOptions extends PlotTitle {
  /** Ticks shown. */
  readonly ticks: number;
  /** Length of a window in ticks: draws a line where one ends. */
  readonly windowTicks?: number;
}

/** Spikes of one layer of `size` neurons, as an engine records them. */
export interface RasterTrain {
  readonly name: string;
  readonly size: number;
  readonly ticks: ArrayLike<number>;
  readonly neurons: ArrayLike<number>;
}

/** Rows drawn of one layer: of more neurons, several share a row. */
const largestRows = 120;

/**
 * Spikes over time, one panel a layer, one row a neuron.
 * @returns an SVG document.
 */
export async function rasterPlot(trains: readonly RasterTrain[], options: RasterOptions): Promise<string> {
  if (trains.length === 0) throw new LlifError("ARGUMENT", "raster: expected at least one layer, got none");
  const { Plot } = await loadPlot();
  const { width = 720, ticks, windowTicks, title } = options;
  let top = 56;
  const panels = trains.map((train, index) => {
    const group = Math.max(1, Math.ceil(train.size / largestRows));
    const rows = Math.ceil(train.size / group);
    const height = Math.min(200, Math.max(56, 24 + rows * 1.6));
    const last = index === trains.length - 1;
    const cells = cellsOf(train, group);
    const inset = Math.min(2, (width - 80) / ticks / 8);
    const marks = [
      ...(windowTicks === undefined ? [] : [Plot.ruleX(windowEnds(windowTicks, ticks), { stroke: faint, strokeDasharray: "3,3", strokeWidth: 0.75 })]),
      Plot.rect(cells, { x1: "tick", x2: (cell: Cell) => cell.tick + 1, y1: (cell: Cell) => cell.row * group - 0.5, y2: (cell: Cell) => (cell.row + 1) * group - 0.5, fill: palette[0], fillOpacity: "share", insetLeft: inset, insetRight: inset }),
      Plot.frame({ stroke: "#cccccc" }),
    ];
    const shown = group === 1 ? `${train.size} neurons` : `${train.size} neurons, ${group} a row (darker: more of them)`;
    const panel = {
      left: 0,
      top,
      options: {
        width,
        height: height + (last ? 58 : 36),
        marginLeft: 64,
        marginRight: 16,
        marginTop: 22,
        marginBottom: last ? 36 : 14,
        x: last ? { domain: [0, ticks], label: "time (ticks) →", ticks: 8, tickFormat: String } : { domain: [0, ticks], axis: null },
        y: { domain: [train.size - 0.5, -0.5], label: `${train.name}: ${shown}, ${train.ticks.length} spikes`, ticks: height < 90 ? 2 : 4, tickFormat: String },
        opacity: { type: "sqrt" as const, domain: [0, 1], range: [0.25, 1] },
        marks,
      },
    };
    top += height + (last ? 58 : 36);
    return panel;
  });
  const windows = windowTicks === undefined ? [] : [`Dashed: a window of ${windowTicks} ticks ends; each layer fires after the window of the layer before.`];
  return composeSvg(panels, { title, width, height: top + 4, notes: windows });
}

interface Cell {
  readonly tick: number;
  readonly row: number;
  /** Of the row's neurons, how many spike in the tick. */
  readonly share: number;
}

function cellsOf(train: RasterTrain, group: number): Cell[] {
  const counts = new Map<string, { tick: number; row: number; spikes: number }>();
  for (let spike = 0; spike < train.ticks.length; spike++) {
    const [tick, row] = [train.ticks[spike], Math.floor(train.neurons[spike] / group)];
    const key = `${tick} ${row}`;
    const cell = counts.get(key) ?? { tick, row, spikes: 0 };
    cell.spikes++;
    counts.set(key, cell);
  }
  return [...counts.values()].map(({ tick, row, spikes }) => ({ tick, row, share: Math.min(1, spikes / group) }));
}

function windowEnds(windowTicks: number, ticks: number): number[] {
  return Array.from({ length: Math.max(0, Math.ceil(ticks / windowTicks) - 1) }, (_, index) => (index + 1) * windowTicks);
}
