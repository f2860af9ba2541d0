// Draws a spike raster: neurons against ticks.
import { checkArray, checkInteger, checkNumbers, checkObject, checkOptions } from "../check.ts";
import { LlifError } from "../errors.ts";
import { checkTitle, composeSvg, faint, grouped, labelAtEdge, loadPlot, palette, type PlotTitle } from "./svg.ts";
import { checkTickLength, timeAxis, type TickLength } from "./time.ts";

export interface RasterOptions extends PlotTitle, TickLength {
  /** Ticks shown. */
  readonly ticks: number;
  /** Length of a window in ticks; a line is drawn at the end of each. */
  readonly windowTicks?: number;
  /** What a spike counts, by tick, where that is not always 1 and the same in all layers: shown below the ticks. */
  readonly payloads?: ArrayLike<number>;
  /** Most rows of a layer: in larger layers a row stands for more than one neuron. Default: 64. */
  readonly mostRows?: number;
}

/** Spikes of one layer of `size` neurons, as an engine records them. */
export interface RasterTrain {
  readonly name: string;
  readonly size: number;
  readonly ticks: ArrayLike<number>;
  readonly neurons: ArrayLike<number>;
  /** +1 or −1, where spikes have signs: drawn in two colours. */
  readonly signs?: ArrayLike<number>;
  /** What a spike counts, by tick, where layers differ: shown below the layer. */
  readonly payloads?: ArrayLike<number>;
}

/** Left and right of the drawing, in CSS pixels. */
const margins = { marginLeft: 64, marginRight: 16 };
const pixelsARow = 2;

/**
 * Draws spikes over time, one panel per layer, one row per neuron.
 * @returns an SVG document.
 */
export async function rasterPlot(trains: readonly RasterTrain[], options: RasterOptions): Promise<string> {
  checkArray<object>("rasterPlot: trains", trains).forEach((each) => checkObject("rasterPlot: trains", each));
  checkTitle(
    "rasterPlot",
    checkOptions("rasterPlot", options, {
      title: true,
      width: true,
      ticks: true,
      windowTicks: true,
      payloads: true,
      mostRows: true,
      dtSeconds: true,
    }),
  );
  checkTickLength("rasterPlot", options);
  checkInteger("rasterPlot: ticks", options.ticks, 1, 2 ** 24);
  if (options.windowTicks !== undefined) checkInteger("rasterPlot: windowTicks", options.windowTicks, 1, 2 ** 24);
  const mostRows = options.mostRows === undefined ? 64 : options.mostRows;
  checkInteger("rasterPlot: mostRows", mostRows, 1, 1024);
  if (options.payloads !== undefined) checkNumbers("rasterPlot: payloads", options.payloads, { length: options.ticks });
  for (const { size, ticks: when, neurons, signs, payloads } of trains) {
    if (payloads !== undefined) checkNumbers("rasterPlot: payloads of a train", payloads, { length: options.ticks });
    checkInteger("rasterPlot: size", size, 1);
    checkNumbers("rasterPlot: ticks of a train", when);
    checkNumbers("rasterPlot: neurons of a train", neurons, { length: when.length });
    if (signs !== undefined) checkNumbers("rasterPlot: signs of a train", signs, { length: when.length });
  }
  if (trains.length === 0) throw new LlifError("ARGUMENT", "raster: expected at least one layer, got none");
  const { Plot } = await loadPlot();
  const { width = 720, ticks, windowTicks, payloads, title, dtSeconds } = options;
  const room = Math.max(1, width - margins.marginLeft - margins.marginRight);
  // A column has a pixel at least: renderers leave out narrower ones.
  const columnTicks = Math.ceil(ticks / room);
  const layers = trains.map((train) => ({
    train,
    ...cellsOf(train, Math.max(1, Math.ceil(train.size / mostRows)), columnTicks),
  }));
  const weighted = [{ payloads }, ...trains].some((each) => each.payloads !== undefined);
  const notes = notesOf(layers, windowTicks, weighted, columnTicks);
  let top = 40 + 17 * notes.length;
  const panels = layers.map(({ train, group, cells, most }, index) => {
    const rows = Math.ceil(train.size / group);
    const height = Math.max(28, rows * pixelsARow);
    const last = index === layers.length - 1;
    const counted = train.payloads ?? (last ? payloads : undefined);
    const busiest = Math.max(1, ...cells.map(({ spikes }) => spikes));
    const inset = room < 3 * ticks ? 0 : Math.min(2, room / ticks / 8);
    const axis = dtSeconds === undefined ? null : timeAxis(ticks, dtSeconds);
    const time = axis?.label ?? "time (ticks)";
    const marks = [
      ...(windowTicks === undefined
        ? []
        : [Plot.ruleX(windowEnds(windowTicks, ticks), { stroke: faint, strokeDasharray: "3,3", strokeWidth: 0.75 })]),
      Plot.rect(cells, {
        x1: "start",
        x2: "end",
        y1: (cell: Cell) => cell.row,
        y2: (cell: Cell) => cell.row + 1,
        // As constants where they are the same for all: said once in the SVG, not for each spike.
        fill: train.signs === undefined ? palette[0] : (cell: Cell) => palette[cell.sign > 0 ? 0 : 1],
        fillOpacity: busiest === 1 ? 1 : (cell: Cell) => cell.spikes / busiest,
        insetLeft: inset,
        insetRight: inset,
        shapeRendering: "crispEdges",
      }),
      Plot.frame({ stroke: "#cccccc" }),
      ...(counted === undefined
        ? []
        : [
            Plot.text(Array.from(counted), {
              x: (_: number, tick: number) => tick + 0.5,
              text: (payload: number) => `×${payload}`,
              frameAnchor: "bottom",
              dy: last ? 26 : 12,
              fill: palette[2],
            }),
          ]),
    ];
    const neurons = group === 1 ? `${grouped(train.size)} neurons` : `${grouped(train.size)} neurons, ${group} a row`;
    const negative = Array.from(train.signs ?? []).filter((sign) => sign < 0).length;
    const spikes = [
      `${grouped(train.ticks.length)} spikes`,
      ...(train.signs === undefined ? [] : [`${grouped(negative)} of them −1`]),
      ...(most > 1 ? [`at most ${grouped(most)} of a neuron in a tick`] : []),
    ];
    const below = counted === undefined ? (last ? 36 : 12) : last ? 52 : 26;
    const panel = {
      left: 0,
      top,
      options: {
        width,
        height: height + 22 + below,
        ...margins,
        marginTop: 22,
        marginBottom: below,
        x: last
          ? {
              domain: [0, ticks],
              label: counted === undefined ? time : `${time}, and what a spike counts`,
              labelOffset: below - 6,
              ticks:
                axis?.ticks ??
                (windowTicks === undefined ? wholeTicks(ticks) : [0, ...windowEnds(windowTicks, ticks), ticks]),
              tickFormat: axis?.tickFormat ?? String,
            }
          : { domain: [0, ticks], axis: null },
        y: {
          domain: [rows, 0],
          label: `${train.name}: ${neurons}, ${spikes.join(", ")}`,
          labelArrow: "none" as const,
          labelOffset: labelAtEdge(margins.marginLeft),
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
  /** From tick to tick + 1; half of it where a row's spikes of both signs stand side by side. */
  readonly start: number;
  readonly end: number;
  readonly row: number;
  readonly sign: number;
  /** Spikes of the row's neurons in the tick. */
  readonly spikes: number;
}

/** @returns also the most spikes of one neuron in one tick. */
function cellsOf({ size, ticks, neurons, signs }: RasterTrain, group: number, columnTicks: number) {
  const cells = new Map<number, { -readonly [Key in keyof Cell]: Cell[Key] }>();
  const single = new Map<number, number>();
  for (let spike = 0; spike < ticks.length; spike++) {
    const [tick, neuron, sign] = [ticks[spike], neurons[spike], Math.sign(signs?.[spike] ?? 1)];
    const row = Math.floor(neuron / group);
    const column = tick - (tick % columnTicks);
    // A neuron has one sign in a tick, a group of neurons or ticks may have both.
    const whole = signs === undefined || (group === 1 && columnTicks === 1);
    const length = whole ? columnTicks : columnTicks / 2;
    const start = whole || sign > 0 ? column : column + length;
    const key = 3 * (column * size + row) + sign + 1;
    const cell = cells.get(key) ?? { start, end: start + length, row, sign, spikes: 0 };
    cell.spikes++;
    cells.set(key, cell);
    const own = tick * size + neuron;
    single.set(own, (single.get(own) ?? 0) + 1);
  }
  let most = 0;
  for (const spikes of single.values()) most = Math.max(most, spikes);
  return { group, cells: [...cells.values()], most };
}

function notesOf(
  layers: readonly { readonly train: RasterTrain; readonly group: number; readonly most: number }[],
  windowTicks: number | undefined,
  weighted: boolean,
  columnTicks: number,
): string[] {
  const signed = layers.some(({ train }) => train.signs !== undefined);
  const grouped = layers.some(({ group }) => group > 1);
  return [
    ...(windowTicks === undefined
      ? []
      : [`Dashed: a window of ${windowTicks} ticks ends; each layer fires after the window of the layer before.`]),
    ...(signed
      ? [
          `Blue: +1, orange: −1${grouped ? ", in the left and right half of a tick where a row stands for more than one neuron" : ""}.`,
        ]
      : []),
    ...(columnTicks > 1 ? [`A column stands for ${columnTicks} ticks.`] : []),
    ...(weighted ? ["Green: what a spike of that tick counts."] : []),
    ...(grouped
      ? [
          `Where a row stands for more than one neuron, the darkest colour is the busiest row and ${columnTicks > 1 ? "column" : "tick"} of the layer.`,
        ]
      : layers.some(({ most }) => most > 1)
        ? ["The darker, the more spikes of a neuron in the tick."]
        : []),
  ];
}

/** About eight labels; each tick of a short run, and none between two. */
function wholeTicks(ticks: number): number | number[] {
  return ticks > 16 ? 8 : Array.from({ length: ticks + 1 }, (_, tick) => tick);
}

function windowEnds(windowTicks: number, ticks: number): number[] {
  return Array.from(
    { length: Math.max(0, Math.ceil(ticks / windowTicks) - 1) },
    (_, index) => (index + 1) * windowTicks,
  );
}
