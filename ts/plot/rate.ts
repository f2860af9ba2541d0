// Draws the firing rates of populations over time.
import { checkArray, checkInteger, checkNumbers, checkObject, checkOptions } from "../check.ts";
import { LlifError } from "../errors.ts";
import type { RasterTrain } from "./raster.ts";
import { checkTitle, composeSvg, faint, grouped, labelAtEdge, loadPlot, palette, type PlotTitle } from "./svg.ts";
import { checkTickLength, timeAxis, type TickLength } from "./time.ts";

export interface RateOptions extends PlotTitle, TickLength {
  /** Ticks shown. */
  readonly ticks: number;
  /** Ticks over which spikes are counted. Default: a two-hundredth of the ticks, at least 1. */
  readonly binTicks?: number;
}

/** Spikes of one population of `size` neurons. */
export type RateTrain = Pick<RasterTrain, "name" | "size" | "ticks">;

const height = 150;

/**
 * Draws the mean rate of each population over time, one panel each: spikes in a bin, per neuron and second (per neuron
 * and tick without `dtSeconds`).
 * @returns an SVG document.
 */
export async function ratePlot(trains: readonly RateTrain[], options: RateOptions): Promise<string> {
  checkArray<object>("ratePlot: trains", trains).forEach((each) => checkObject("ratePlot: trains", each));
  checkTitle(
    "ratePlot",
    checkOptions("ratePlot", options, { title: true, width: true, ticks: true, binTicks: true, dtSeconds: true }),
  );
  checkTickLength("ratePlot", options);
  const { width = 720, title, ticks, dtSeconds } = options;
  checkInteger("ratePlot: ticks", ticks, 1, 2 ** 24);
  const binTicks = options.binTicks === undefined ? Math.max(1, Math.round(ticks / 200)) : options.binTicks;
  checkInteger("ratePlot: binTicks", binTicks, 1, 2 ** 24);
  for (const { size, ticks: when } of trains) {
    checkInteger("ratePlot: size", size, 1);
    checkNumbers("ratePlot: ticks of a train", when);
  }
  if (trains.length === 0) throw new LlifError("ARGUMENT", "rate plot: expected at least one population, got none");
  const { Plot } = await loadPlot();
  const unit = dtSeconds === undefined ? "spikes a tick and neuron" : "Hz";
  const bin =
    dtSeconds === undefined ? `${binTicks} ticks` : `${Number((binTicks * dtSeconds * 1e3).toPrecision(3))} ms`;
  const panels = trains.map((train, index) => {
    const last = index === trains.length - 1;
    const rates = ratesOf(train, ticks, binTicks, dtSeconds ?? 1);
    const mean = rates.reduce((sum, { rate, length }) => sum + rate * length, 0) / ticks;
    return {
      left: 0,
      top: 56 + index * (height + 8),
      options: {
        width,
        height,
        marginLeft: 64,
        marginRight: 16,
        marginTop: 26,
        marginBottom: last ? 36 : 14,
        x: last ? { domain: [0, ticks], ...timeAxis(ticks, dtSeconds) } : { domain: [0, ticks], axis: null },
        y: {
          label: `${train.name}: ${grouped(train.size)} neurons, ${Number(mean.toPrecision(3))} ${unit} on average`,
          labelArrow: "none" as const,
          labelOffset: labelAtEdge(64),
          ticks: 4,
          nice: true,
          zero: true,
        },
        marks: [
          Plot.rectY(rates, {
            x1: "start",
            x2: "end",
            y: "rate",
            fill: palette[index % palette.length],
            shapeRendering: "crispEdges",
          }),
          Plot.ruleY([0], { stroke: faint, strokeWidth: 0.75 }),
        ],
      },
    };
  });
  return composeSvg(panels, {
    title,
    width,
    height: 64 + trains.length * (height + 8),
    notes: [`Spikes of ${bin} together, in ${unit}.`],
  });
}

interface Bin {
  readonly start: number;
  readonly end: number;
  readonly length: number;
  readonly rate: number;
}

function ratesOf({ size, ticks: when }: RateTrain, ticks: number, binTicks: number, seconds: number): Bin[] {
  const counts = new Float64Array(Math.ceil(ticks / binTicks));
  for (let spike = 0; spike < when.length; spike++) {
    const bin = Math.floor(when[spike] / binTicks);
    if (bin >= 0 && bin < counts.length) counts[bin]++;
  }
  return Array.from(counts, (count, bin) => {
    const start = bin * binTicks;
    const end = Math.min(ticks, start + binTicks);
    return { start, end, length: end - start, rate: count / (size * (end - start) * seconds) };
  });
}
