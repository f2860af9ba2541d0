// Draws membrane potentials against ticks, with thresholds.
import { checkArray, checkNumbers, checkObject, checkOptions, checkString } from "../check.ts";
import { LlifError } from "../errors.ts";
import { checkTitle, composeSvg, faint, ink, labelAtEdge, loadPlot, palette, type PlotTitle } from "./svg.ts";
import { checkTickLength, timeAxis, type TickLength } from "./time.ts";

/** Membrane potential of one neuron after each tick, as charge. */
export interface Trace {
  readonly name: string;
  readonly potentials: ArrayLike<number>;
  readonly threshold?: number;
  /** Ticks in which it fired; a tick with more than one spike appears as often. */
  readonly spikeTicks?: ArrayLike<number>;
  /** +1 or −1 for each spike, where spikes have signs: their sum is written at the tick. */
  readonly spikeSigns?: ArrayLike<number>;
}

/**
 * Draws membrane potentials over time, one panel per neuron, with thresholds and spikes.
 * @returns an SVG document.
 */
export async function tracePlot(
  traces: readonly Trace[],
  options: PlotTitle & TickLength & { readonly chargeUnit?: string },
): Promise<string> {
  checkArray<object>("tracePlot: traces", traces).forEach((each) => checkObject("tracePlot: traces", each));
  checkTitle(
    "tracePlot",
    checkOptions("tracePlot", options, { title: true, width: true, chargeUnit: true, dtSeconds: true }),
  );
  checkTickLength("tracePlot", options);
  if (options.chargeUnit !== undefined) checkString("tracePlot: chargeUnit", options.chargeUnit);
  for (const { potentials, spikeTicks, spikeSigns } of traces) {
    checkNumbers("tracePlot: potentials", potentials);
    if (spikeTicks !== undefined) checkNumbers("tracePlot: spikeTicks", spikeTicks);
    if (spikeSigns !== undefined)
      checkNumbers("tracePlot: spikeSigns", spikeSigns, { length: spikeTicks?.length ?? 0 });
  }
  if (traces.length === 0) throw new LlifError("ARGUMENT", "trace: expected at least one neuron, got none");
  const { Plot } = await loadPlot();
  const { width = 720, title, chargeUnit = "charge", dtSeconds } = options;
  const height = 156;
  const panels = traces.map((trace, index) => {
    const points = Array.from(trace.potentials, (potential, tick) => ({ tick: tick + 1, potential }));
    const threshold = trace.threshold === Infinity ? undefined : trace.threshold;
    const spikes = spikesOf(trace);
    const top = points.reduce((highest, { potential }) => Math.max(highest, potential), threshold ?? -Infinity);
    const least = points.reduce((lowest, { potential }) => Math.min(lowest, potential), Infinity);
    return {
      left: 0,
      top: 48 + index * (height + 8),
      options: {
        width,
        height,
        marginLeft: 72,
        marginRight: 90,
        marginTop: 32,
        marginBottom: 36,
        x: {
          domain: [0, Math.max(1, points.length)],
          ticks: 8,
          ...(dtSeconds === undefined ? {} : timeAxis(Math.max(1, points.length), dtSeconds)),
          label:
            index < traces.length - 1
              ? null
              : dtSeconds === undefined
                ? "time (ticks)"
                : timeAxis(Math.max(1, points.length), dtSeconds).label,
        },
        y: {
          label: `${trace.name}: membrane potential (${chargeUnit})`,
          labelOffset: labelAtEdge(72),
          ticks: 4,
          nice: true,
        },
        marks: [
          ...(threshold === undefined
            ? []
            : [
                Plot.ruleY([threshold], { stroke: palette[1], strokeDasharray: "4,3" }),
                Plot.text([threshold], {
                  x: points.length,
                  y: (value: number) => value,
                  text: () => "threshold θ",
                  textAnchor: "start",
                  dx: 6,
                  fill: palette[1],
                }),
              ]),
          // Absolute potentials lie far from 0.
          ...(least > 0 || top < 0 ? [] : [Plot.ruleY([0], { stroke: faint, strokeWidth: 0.75 })]),
          Plot.line(points, { x: "tick", y: "potential", stroke: palette[0], strokeWidth: 1.5, curve: "step-before" }),
          ...(trace.spikeSigns === undefined
            ? []
            : [
                Plot.text(spikes, {
                  x: "tick",
                  y: () => top,
                  text: ({ sum }: Spikes) => `${sum > 0 ? "+" : "−"}${Math.abs(sum)}`,
                  dy: -9,
                  fill: ({ sum }: Spikes) => palette[sum > 0 ? 0 : 1],
                }),
              ]),
          ...(spikes.length === 0 || trace.spikeSigns !== undefined
            ? []
            : [Plot.dot(spikes, { x: "tick", y: () => top, symbol: "triangle", r: 3.5, fill: ink, dy: -6 })]),
        ],
      },
    };
  });
  return composeSvg(panels, { title, width, height: 56 + traces.length * (height + 8) });
}

interface Spikes {
  readonly tick: number;
  /** Of the signs, +1 without. */
  readonly sum: number;
}

/** One entry for each tick with spikes. */
function spikesOf({ spikeTicks = [], spikeSigns }: Trace): Spikes[] {
  const sums = new Map<number, number>();
  for (let spike = 0; spike < spikeTicks.length; spike++) {
    const tick = spikeTicks[spike];
    sums.set(tick, (sums.get(tick) ?? 0) + (spikeSigns?.[spike] ?? 1));
  }
  return Array.from(sums, ([tick, sum]) => ({ tick: tick + 1, sum }));
}
