// Draws firing rate against input, with the ReLU curve and the error bound.
import { checkArray, checkObject, checkOptions, checkString } from "../check.ts";
import type { CurvePoint } from "../analyze/curve.ts";
import { LlifError } from "../errors.ts";
import { checkTitle, composeSvg, faint, grouped, labelAtEdge, loadPlot, palette, type PlotTitle } from "./svg.ts";

/**
 * Draws a neuron's firing rate against input current, with its ReLU; below, the deviation from the formula and its
 * bound.
 * @returns an SVG document.
 */
export async function curvePlot(
  points: readonly CurvePoint[],
  options: PlotTitle & { readonly note?: string },
): Promise<string> {
  checkArray<object>("curvePlot: points", points).forEach((each) => checkObject("curvePlot: points", each));
  checkTitle("curvePlot", checkOptions("curvePlot", options, { title: true, width: true, note: true }));
  if (options.note !== undefined) checkString("curvePlot: note", options.note);
  if (points.length === 0) throw new LlifError("ARGUMENT", "curve: expected at least one current, got none");
  const { Plot } = await loadPlot();
  const { width = 720, title, note } = options;
  const { factor, unit } = currentUnit(points);
  const rows = points.map((point) => ({ ...point, current: point.currentAmpere * factor }));
  const bounded = rows.filter((row) => row.boundHertz !== null);
  const left = Math.min(...rows.map((row) => row.current));
  const fastest = Math.max(...rows.map((row) => Math.max(row.reluHertz, row.simulatedHertz)));
  const x = { label: `input current (${unit})`, ticks: 8 };
  const legend = [
    { text: "━  its ReLU", fill: palette[1] },
    { text: "━  closed formula", fill: palette[2] },
    { text: "○  simulated neuron", fill: palette[0] },
  ].map((entry, index) => ({ ...entry, x: left, y: fastest, dy: 4 + 17 * index }));
  const upper = {
    left: 0,
    top: 52,
    options: {
      width,
      height: 300,
      marginLeft: 72,
      marginRight: 20,
      marginBottom: 40,
      marginTop: 28,
      x,
      y: { label: "firing rate (Hz)", labelOffset: labelAtEdge(72), grid: true, tickFormat: grouped },
      marks: [
        Plot.ruleY([0], { stroke: faint }),
        Plot.line(rows, { x: "current", y: "reluHertz", stroke: palette[1], strokeWidth: 5, strokeOpacity: 0.45 }),
        Plot.line(rows, { x: "current", y: "formulaHertz", stroke: palette[2], strokeWidth: 1.5 }),
        Plot.dot(rows, {
          x: "current",
          y: "simulatedHertz",
          stroke: palette[0],
          fill: "white",
          strokeWidth: 1.25,
          r: 2.25,
        }),
        ...legend.map((entry) =>
          Plot.text([entry], {
            x: "x",
            y: "y",
            text: "text",
            fill: entry.fill,
            textAnchor: "start",
            dx: 8,
            dy: entry.dy,
            fontSize: 13,
            stroke: "white",
            strokeWidth: 4,
          }),
        ),
      ],
    },
  };
  const lower = {
    left: 0,
    top: 364,
    options: {
      width,
      height: 190,
      marginLeft: 72,
      marginRight: 20,
      marginBottom: 40,
      marginTop: 28,
      x,
      y: {
        label: bounded.length === 0 ? "simulated − formula (Hz)" : "simulated − formula (Hz); band: proven bound",
        labelOffset: labelAtEdge(72),
        grid: true,
        ticks: 5,
      },
      marks: [
        Plot.areaY(bounded, {
          x: "current",
          y1: (row) => -(row.boundHertz?.below ?? 0),
          y2: (row) => row.boundHertz?.above ?? 0,
          fill: palette[4],
          fillOpacity: 0.25,
        }),
        Plot.ruleY([0], { stroke: faint }),
        Plot.line(rows, { x: "current", y: "errorHertz", stroke: palette[0], strokeWidth: 1 }),
        Plot.dot(rows, { x: "current", y: "errorHertz", fill: palette[0], r: 1.8 }),
      ],
    },
  };
  return composeSvg([upper, lower], { title, width, height: 562, notes: note === undefined ? [] : [note] });
}

function currentUnit(points: readonly CurvePoint[]): { factor: number; unit: string } {
  const largest = Math.max(...points.map(({ currentAmpere }) => Math.abs(currentAmpere)));
  const units = [
    ["pA", 1e12],
    ["nA", 1e9],
    ["µA", 1e6],
    ["mA", 1e3],
    ["A", 1],
  ] as const;
  const [unit, factor] = units.find(([, scale]) => largest * scale < 1000) ?? units[units.length - 1];
  return { factor, unit };
}
