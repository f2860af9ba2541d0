// Draws a spike raster: neurons against ticks.
import { checkArray, checkInteger, checkNumbers, checkObject, checkOptions } from "../check.ts";
import { LlifError } from "../errors.ts";
import { checkTitle, composeSvg, faint, grouped, labelAtEdge, loadPlot, palette, type PlotTitle } from "./svg.ts";

export interface RasterOptions extends PlotTitle {
  /** Ticks shown. */
  readonly ticks: number;
  /** Length of a window in ticks; a line is drawn at the end of each. */
  readonly windowTicks?: number;
}

/** Spikes of one layer of `size` neurons, as an engine records them. */
export interface RasterTrain {
  readonly name: string;
  readonly size: number;
  readonly ticks: ArrayLike<number>;
  readonly neurons: ArrayLike<number>;
}

/** Most rows per layer: in larger layers a row stands for more than one neuron. */
const largestRows = 64;
const pixelsARow = 2;

/**
 * Draws spikes over time, one panel per layer, one row per neuron.
 * @returns an SVG document.
 */
export async function rasterPlot(trains: readonly RasterTrain[], options: RasterOptions): Promise<string> {
  checkArray<object>("rasterPlot: trains", trains).forEach((each) => checkObject("rasterPlot: trains", each));
  checkTitle(
    "rasterPlot",
    checkOptions("rasterPlot", options, { title: true, width: true, ticks: true, windowTicks: true }),
  );
  checkInteger("rasterPlot: ticks", options.ticks, 1, 2 ** 24);
  if (options.windowTicks !== undefined) checkInteger("rasterPlot: windowTicks", options.windowTicks, 1, 2 ** 24);
  for (const { size, ticks: when, neurons } of trains) {
    checkInteger("rasterPlot: size", size, 1);
    checkNumbers("rasterPlot: ticks of a train", when);
    checkNumbers("rasterPlot: neurons of a train", neurons, { length: when.length });
  }
  if (trains.length === 0) throw new LlifError("ARGUMENT", "raster: expected at least one layer, got none");
  const { Plot } = await loadPlot();
  const { width = 720, ticks, windowTicks, title } = options;
  const notes =
    windowTicks === undefined
      ? []
      : [`Dashed: a window of ${windowTicks} ticks ends; each layer fires after the window of the layer before.`];
  if (trains.some(({ size }) => size > largestRows))
    notes.push(
      "Where a row stands for more than one neuron, the darkest colour is the busiest row and tick of the layer.",
    );
  let top = 40 + 17 * notes.length;
  const panels = trains.map((train, index) => {
    const group = Math.max(1, Math.ceil(train.size / largestRows));
    const rows = Math.ceil(train.size / group);
    const height = Math.max(28, rows * pixelsARow);
    const last = index === trains.length - 1;
    const cells = cellsOf(train, group);
    const busiest = Math.max(1, ...cells.map(({ spikes }) => spikes));
    const inset = Math.min(2, (width - 80) / ticks / 8);
    const marks = [
      ...(windowTicks === undefined
        ? []
        : [Plot.ruleX(windowEnds(windowTicks, ticks), { stroke: faint, strokeDasharray: "3,3", strokeWidth: 0.75 })]),
      Plot.rect(cells, {
        x1: "tick",
        x2: (cell: Cell) => cell.tick + 1,
        y1: (cell: Cell) => cell.row,
        y2: (cell: Cell) => cell.row + 1,
        fill: palette[0],
        fillOpacity: (cell: Cell) => cell.spikes / busiest,
        insetLeft: inset,
        insetRight: inset,
        shapeRendering: "crispEdges",
      }),
      Plot.frame({ stroke: "#cccccc" }),
    ];
    const neurons = group === 1 ? `${grouped(train.size)} neurons` : `${grouped(train.size)} neurons, ${group} a row`;
    const below = last ? 36 : 12;
    const panel = {
      left: 0,
      top,
      options: {
        width,
        height: height + 22 + below,
        marginLeft: 64,
        marginRight: 16,
        marginTop: 22,
        marginBottom: below,
        x: last
          ? {
              domain: [0, ticks],
              label: "time (ticks)",
              ticks: windowTicks === undefined ? 8 : [0, ...windowEnds(windowTicks, ticks), ticks],
              tickFormat: String,
            }
          : { domain: [0, ticks], axis: null },
        y: {
          domain: [rows, 0],
          label: `${train.name}: ${neurons}, ${grouped(train.ticks.length)} spikes`,
          labelArrow: "none" as const,
          labelOffset: labelAtEdge(64),
          ticks: rowTicks(rows, group),
          tickFormat: (row: number) => grouped(row * group),
        },
        // Few of many neurons spike in the same tick, so they would be invisible on a linear scale.
        opacity: { type: "sqrt" as const, domain: [0, 1], range: [0.12, 1] },
        marks,
      },
    };
    top += height + 22 + below;
    return panel;
  });
  return composeSvg(panels, { title, width, height: top + 4, notes });
}

/** Labels at round numbers of neurons, about four per panel; only one in a small layer. */
function rowTicks(rows: number, group: number): number[] {
  const neurons = rows * group;
  const power = 10 ** Math.floor(Math.log10(neurons));
  const step = [power / 5, power / 2, power, 2 * power].find((candidate) => neurons / candidate <= 4.5) ?? power;
  const room = (step / group) * pixelsARow >= 14;
  return room
    ? Array.from({ length: Math.floor((neurons - 1) / step) + 1 }, (_, index) => (index * step) / group)
    : [0];
}

interface Cell {
  readonly tick: number;
  readonly row: number;
  /** Spikes of the row's neurons in the tick. */
  readonly spikes: number;
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
  return [...counts.values()];
}

function windowEnds(windowTicks: number, ticks: number): number[] {
  return Array.from(
    { length: Math.max(0, Math.ceil(ticks / windowTicks) - 1) },
    (_, index) => (index + 1) * windowTicks,
  );
}
