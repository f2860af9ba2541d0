// Draws a diagnosis: error, clipping and silent neurons of each layer.
import { checkArray, checkObject, checkOptions } from "../check.ts";
import { LlifError } from "../errors.ts";
import { checkTitle, composeSvg, faint, loadPlot, palette, type PlotTitle } from "./svg.ts";

/** One layer of a diagnosis (`createDiagnoser`); shares from 0 to 1. */
export interface DiagnosisPlotLayer {
  readonly name: string;
  readonly correlation: number | null;
  readonly rmsError: number;
  readonly relativeError: number;
  readonly clippedShare: number;
  readonly silentShare: number;
  readonly saturatedShare: number;
  readonly spikes: number;
  readonly synapticOperations: number;
}

const rowHeight = 22;
/** Drawn instead of zero, which a logarithmic axis cannot show. */
const smallest = 1e-8;

/**
 * Draws, layer by layer from the top, the error of the activations, the neurons that never or always fire, and the
 * cost.
 * @returns an SVG document.
 */
export async function diagnosisPlot(layers: readonly DiagnosisPlotLayer[], options: PlotTitle): Promise<string> {
  checkArray<object>("diagnosisPlot: layers", layers).forEach((each) => checkObject("diagnosisPlot: layers", each));
  checkTitle("diagnosisPlot", checkOptions("diagnosisPlot", options, { title: true, width: true }));
  if (layers.length === 0) throw new LlifError("ARGUMENT", "diagnosis: expected at least one layer, got none");
  const { Plot } = await loadPlot();
  const { width = 1080, title } = options;
  const rows = layers.map((layer, index) => ({
    ...layer,
    label: `${index + 1}\u00a0 ${shortened(layer.name)}`,
    lost: layer.correlation === null ? null : Math.max(1 - layer.correlation, smallest),
  }));
  const labels = rows.map(({ label }) => label);
  const nameWidth = Math.min(230, 30 + 7.2 * Math.max(...labels.map((label) => label.length)));
  const gap = 28;
  const panel = (width - nameWidth - 16 - 3 * gap) / 4;
  const height = 76 + rowHeight * rows.length;
  const place = (index: number) => ({ left: index === 0 ? 0 : nameWidth + index * (panel + gap), top: 56 });
  const frame = (index: number) => ({
    width: panel + (index === 0 ? nameWidth : 0),
    height,
    marginLeft: index === 0 ? nameWidth : 4,
    marginRight: 12,
    marginTop: 44,
    marginBottom: 26,
    y: {
      type: "band" as const,
      domain: labels,
      label: null,
      axis: index === 0 ? ("left" as const) : null,
      tickSize: 0,
      padding: 0.3,
    },
  });
  const heading = (first: string, second: string) => [
    Plot.text([first], { frameAnchor: "top-left", dy: -34, fontWeight: 600 }),
    Plot.text([second], { frameAnchor: "top-left", dy: -19, fill: "#555555" }),
    Plot.frame({ stroke: "#dddddd" }),
  ];
  const shares = rows.flatMap(({ label, silentShare, saturatedShare }) => [
    { label, share: 100 * silentShare, fill: palette[4] },
    { label, share: -100 * saturatedShare, fill: palette[5] },
  ]);
  const most = Math.max(...rows.map(({ silentShare, clippedShare }) => Math.max(silentShare, clippedShare)));
  const saturated = Math.max(...rows.map(({ saturatedShare }) => saturatedShare));
  const panels = [
    {
      ...place(0),
      options: {
        ...frame(0),
        x: decades(
          rows.flatMap(({ rmsError, relativeError }) => [100 * rmsError, 100 * relativeError]),
          (value) => `${plain(value)} %`,
        ),
        marks: [
          ...heading("Error", "● rms, ○ largest; of the ReLU's"),
          Plot.dot(rows, {
            x: (row) => 100 * Math.max(row.relativeError, smallest),
            y: "label",
            stroke: palette[0],
            r: 4.5,
          }),
          Plot.dot(rows, { x: (row) => 100 * Math.max(row.rmsError, smallest), y: "label", fill: palette[0], r: 3.5 }),
        ],
      },
    },
    {
      ...place(1),
      options: {
        ...frame(1),
        x: decades(
          rows.flatMap(({ lost }) => lost ?? []),
          plain,
        ),
        marks: [
          ...heading("1 − correlation", "left is better"),
          Plot.dot(
            rows.filter(({ lost }) => lost !== null),
            { x: "lost", y: "label", fill: palette[2], r: 4 },
          ),
        ],
      },
    },
    {
      ...place(2),
      options: {
        ...frame(2),
        x: {
          label: null,
          grid: true,
          domain: [-100 * saturated, Math.max(10, 100 * most)],
          nice: true,
          ticks: 4,
          tickFormat: (value: number) => `${Math.abs(value)} %`,
        },
        marks: [
          ...heading(
            "Neurons that never fire",
            saturated > 0 ? "to the left: always full; × values clipped" : "× values clipped",
          ),
          Plot.barX(shares, { x: "share", y: "label", fill: "fill" }),
          Plot.ruleX([0], { stroke: faint }),
          Plot.text(
            rows.filter(({ clippedShare }) => clippedShare > 0),
            {
              x: (row) => 100 * row.clippedShare,
              y: "label",
              text: () => "×",
              fill: palette[1],
              fontSize: 17,
              fontWeight: "bold",
            },
          ),
        ],
        color: { type: "identity" as const },
      },
    },
    {
      ...place(3),
      options: {
        ...frame(3),
        x: decades(
          rows.flatMap(({ spikes, synapticOperations }) => [spikes, synapticOperations]),
          "~s",
        ),
        marks: [
          ...heading("Synaptic operations, spikes", "■ and ●; of an image"),
          Plot.dot(
            rows.filter(({ synapticOperations }) => synapticOperations > 0),
            { x: "synapticOperations", y: "label", fill: palette[3], symbol: "square", r: 4 },
          ),
          Plot.dot(
            rows.filter(({ spikes }) => spikes > 0),
            { x: "spikes", y: "label", fill: palette[0], r: 4 },
          ),
        ],
        symbol: { type: "identity" as const },
      },
    },
  ];
  return composeSvg(panels, {
    title,
    width,
    height: height + 64,
    notes: ["The first layer is on top. Look for the layer where the error jumps, or where values are clipped."],
  });
}

function shortened(name: string): string {
  return name.length <= 26 ? name : `…${name.slice(-25)}`;
}

/** A logarithmic axis over whole powers of ten, with as many labels as fit. */
function decades(values: readonly number[], tickFormat: string | ((value: number) => string)) {
  const exponents = values.filter((value) => value > 0).map((value) => Math.log10(Math.max(value, smallest)));
  const first = exponents.length === 0 ? 0 : Math.floor(Math.min(...exponents));
  const last = Math.max(first + 1, ...exponents.map(Math.ceil));
  const step = Math.ceil((last - first) / 4);
  const ticks = Array.from(
    { length: Math.floor((last - first) / step) + 1 },
    (_, index) => 10 ** (first + index * step),
  );
  return { label: null, type: "log" as const, grid: true, domain: [10 ** first, 10 ** last], ticks, tickFormat };
}

function plain(value: number): string {
  return String(Number(value.toPrecision(1)));
}
