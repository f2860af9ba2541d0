// Plots contain what they should, as SVG.
import { DOMParser } from "linkedom";
import { decode } from "fast-png";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { curvePlot } from "../../ts/plot/curve.ts";
import { ratePlot } from "../../ts/plot/rate.ts";
import { rasterPlot } from "../../ts/plot/raster.ts";
import { sweepPlot } from "../../ts/plot/sweep.ts";
import { timeAxis } from "../../ts/plot/time.ts";
import { tracePlot } from "../../ts/plot/trace.ts";
import { weightsPlot } from "../../ts/plot/weights.ts";

/** JSX takes well-formed XML alone: TypeScript's parser is the strict one at hand. */
function expectWellFormed(svg: string): void {
  const source = ts.createSourceFile(
    "plot.tsx",
    svg.replaceAll(/[{}]/g, ""),
    ts.ScriptTarget.Latest,
    false,
    ts.ScriptKind.TSX,
  );
  const { parseDiagnostics } = source as unknown as { parseDiagnostics: ts.Diagnostic[] };
  expect(parseDiagnostics.map(({ messageText }) => messageText)).toEqual([]);
}

function elements(svg: string, selector: string): Element[] {
  return [...new DOMParser().parseFromString(svg, "image/svg+xml").querySelectorAll(selector)] as unknown as Element[];
}

const points = [0, 1, 2, 3].map((step) => ({
  currentAmpere: step * 1e-9,
  simulatedHertz: 100 * step,
  reluHertz: 100 * step,
  formulaHertz: 100 * step,
  errorHertz: 0,
  boundHertz: step === 3 ? null : { below: 1, above: 2 },
}));

const sweepPoints = ["phase", "rate, synchronous"].flatMap((series) =>
  [4, 8].map((cost) => ({
    series,
    accuracy: 0.9,
    reluAccuracy: 0.99,
    disagreement: 0.1,
    latencyTicks: cost,
    spikes: 10 * cost,
    synapticOperations: 100 * cost,
  })),
);

describe("plots of live networks", () => {
  const train = { name: "cells", size: 100, ticks: [0, 50, 1999, 9999], neurons: [0, 1, 50, 99] };

  it("shows time in the unit that fits, in columns where ticks are many", async () => {
    const svg = await rasterPlot([train], { title: "Raster", ticks: 10_000, dtSeconds: 1e-4 });
    expectWellFormed(svg);
    expect(svg).toContain("time (ms)");
    expect(svg).toContain("A column stands for 16 ticks.");
    expect(elements(svg, 'g[aria-label="rect"] rect')).toHaveLength(4);
    expect(await rasterPlot([train], { title: "Raster", ticks: 10_000, dtSeconds: 1e-2 })).toContain("time (s)");
    // Never narrower than a pixel, at any width.
    const narrow = await rasterPlot([train], { title: "Raster", ticks: 1000, width: 520 });
    expect(narrow).toContain("A column stands for 3 ticks.");
    for (const rect of elements(narrow, 'g[aria-label="rect"] rect'))
      expect(Number(rect.getAttribute("width"))).toBeGreaterThanOrEqual(1);
    expect(svg).toContain("100 neurons, 2 a row");
    const rows = await rasterPlot([train], { title: "Raster", ticks: 10_000, mostRows: 100 });
    expect(rows).not.toContain("a row");
    expect(Number(elements(rows, "svg")[0].getAttribute("height"))).toBeGreaterThan(
      Number(elements(svg, "svg")[0].getAttribute("height")),
    );
    expect(timeAxis(10_000, 1e-4)).toMatchObject({ label: "time (ms)", ticks: [0, 2000, 4000, 6000, 8000, 10_000] });
    expect(timeAxis(3, undefined).ticks).toEqual([0, 1, 2, 3]);
    expect(timeAxis(10_000, 1e-4).tickFormat(2000)).toBe("200");
  });

  it("draws rates that add up to the spikes", async () => {
    const svg = await ratePlot([train, { ...train, name: "others" }], {
      title: "Rates",
      ticks: 10_000,
      dtSeconds: 1e-4,
    });
    expectWellFormed(svg);
    // 4 spikes of 100 neurons in a second.
    expect(svg).toContain("cells: 100 neurons, 0.04 Hz on average");
    expect(svg).toContain("Spikes of 5 ms together, in Hz.");
    expect(elements(svg, 'g[aria-label="rect"] rect')).toHaveLength(400);
    expect(await ratePlot([train], { title: "Rates", ticks: 10_000 })).toContain("spikes a tick and neuron");
    await expect(ratePlot([], { title: "Rates", ticks: 1 })).rejects.toThrow(
      "expected at least one population, got none",
    );
  });

  it("draws potentials far from zero without an axis at zero, and no threshold that is infinite", async () => {
    const options = { title: "Potentials", dtSeconds: 1e-3, chargeUnit: "mV" };
    const far = await tracePlot([{ name: "n", potentials: [-70, -60, -55], threshold: -50 }], options);
    expectWellFormed(far);
    expect(elements(far, 'g[aria-label="rule"] line')).toHaveLength(1);
    expect(far).toContain("time (ms)");
    const infinite = await tracePlot([{ name: "n", potentials: [0, 1], threshold: Infinity }], options);
    expect(infinite).not.toContain("threshold θ");
  });
});

describe("plots", () => {
  it("draws a cell for each spike of the raster, in its panel", async () => {
    const trains = [
      { name: "a<b", size: 10, ticks: [8, 9, 9], neurons: [1, 2, 3] },
      { name: "dense", size: 1000, ticks: [16, 17], neurons: [0, 999] },
    ];
    const svg = await rasterPlot(trains, { title: "Spikes & ticks", ticks: 24, windowTicks: 8 });
    expectWellFormed(svg);
    expect(elements(svg, 'g[aria-label="rect"] rect')).toHaveLength(5);
    expect(svg).toContain("Spikes &amp; ticks");
    expect(svg).toContain("a&lt;b: 10 neurons, 3 spikes");
    expect(svg).toContain("1,000 neurons, 16 a row");
    expect(svg).toContain("time (ticks)");
  });

  it("draws signs in two colours, and says what a spike counts and how many a neuron sends in a tick", async () => {
    const signed = (size: number) => ({
      name: "hidden",
      size,
      ticks: [0, 0, 0, 1, 1],
      neurons: [0, 0, 1, 0, 1],
      signs: [1, 1, 1, -1, 1],
    });
    const svg = await rasterPlot([signed(2)], { title: "Signs", ticks: 2, payloads: [4, 1] });
    expectWellFormed(svg);
    // Two spikes of one neuron in one tick are one darker cell.
    expect(elements(svg, 'g[aria-label="rect"] rect')).toHaveLength(4);
    expect(svg).toContain("hidden: 2 neurons, 5 spikes, 1 of them −1, at most 2 of a neuron in a tick");
    for (const text of ["×4", "×1", "Blue: +1, orange: −1.", "what a spike counts", "The darker, the more spikes"])
      expect(svg).toContain(text);
    const fills = elements(svg, 'g[aria-label="rect"] rect').map((cell) => cell.getAttribute("fill"));
    expect(new Set(fills).size).toBe(2);
    // In one row of neurons, spikes of both signs stand side by side.
    const grouped = await rasterPlot([signed(1000)], { title: "Signs", ticks: 2 });
    expect(grouped).toContain("in the left and right half of a tick");
    expect(elements(grouped, 'g[aria-label="rect"] rect')).toHaveLength(3);
    expect(grouped).not.toContain("what a spike counts");
    await expect(rasterPlot([signed(2)], { title: "", ticks: 2, payloads: [1] })).rejects.toThrow("payloads");
    // Of each layer, where they differ.
    const layers = [
      { ...signed(2), payloads: [2, 1] },
      { ...signed(2), payloads: [8, 3] },
    ];
    const byLayer = await rasterPlot(layers, { title: "Signs", ticks: 2 });
    for (const text of ["×2", "×1", "×8", "×3", "what a spike of that tick counts"]) expect(byLayer).toContain(text);
    const short = rasterPlot([{ ...signed(2), payloads: [1] }], { title: "", ticks: 2 });
    await expect(short).rejects.toThrow("payloads of a train");
  });

  it("draws traces with thresholds", async () => {
    const svg = await tracePlot(
      [{ name: "neuron 3", potentials: Float32Array.of(0.5, 0.25, 0.75), threshold: 1, spikeTicks: [1] }],
      { title: "One neuron" },
    );
    expectWellFormed(svg);
    expect(svg).toContain("neuron 3: membrane potential (charge)");
    expect(svg).toContain("threshold θ");
  });

  it("writes how many spikes of either sign a neuron sends in a tick", async () => {
    const trace = {
      name: "neuron 3",
      potentials: Int32Array.of(5, 9, 7),
      spikeTicks: [0, 0, 2],
      spikeSigns: [1, 1, -1],
    };
    const svg = await tracePlot([trace], { title: "One neuron" });
    expectWellFormed(svg);
    for (const text of ["+2", "−1"]) expect(svg).toContain(`>${text}<`);
    await expect(tracePlot([{ ...trace, spikeSigns: [1] }], { title: "" })).rejects.toThrow("spikeSigns");
  });

  it("draws the curve with units, its ReLU and its bound", async () => {
    const svg = await curvePlot(points, { title: "Curve", note: "Theorem T1" });
    expectWellFormed(svg);
    expect(elements(svg, 'g[aria-label="dot"] circle')).toHaveLength(8);
    expect(svg).toContain("input current (nA)");
    expect(svg).toContain("firing rate (Hz)");
  });

  it("draws each point of the sweep against each cost", async () => {
    const svg = await sweepPlot(sweepPoints, { title: "Sweep" });
    expectWellFormed(svg);
    for (const label of [
      "phase",
      "rate, synchronous",
      "latency (ticks)",
      "spikes an image",
      "synaptic operations an image",
      "accuracy (%)",
      "ReLU network: 99.00 %",
    ])
      expect(svg).toContain(label);
    // Six panels and the legend's two.
    expect(elements(svg, 'g[aria-label="dot"] path')).toHaveLength(6 * sweepPoints.length + 2);
  });

  it("draws the costs asked for, and a point only where it has them", async () => {
    const baseline = {
      series: "float network",
      accuracy: 0.99,
      reluAccuracy: 0.99,
      disagreement: 0,
      latencyTicks: 0,
      spikes: 0,
      synapticOperations: 0,
      nanojoules: 5,
    };
    const svg = await sweepPlot([...sweepPoints.map((point) => ({ ...point, intervalTicks: 4 })), baseline], {
      title: "Sweep",
      costs: ["intervalTicks", "nanojoules"],
    });
    expectWellFormed(svg);
    for (const label of ["an image every … ticks", "estimated energy an image (nJ)"]) expect(svg).toContain(label);
    expect(svg).not.toContain("latency (ticks)");
    // Two panels of interval and of energy each, and the legend's three.
    expect(elements(svg, 'g[aria-label="dot"] path')).toHaveLength(2 * sweepPoints.length + 2 + 3);
  });

  it("refuses to draw nothing", async () => {
    await expect(rasterPlot([], { title: "", ticks: 1 })).rejects.toThrow("at least one layer");
    await expect(tracePlot([], { title: "" })).rejects.toThrow("at least one neuron");
    await expect(curvePlot([], { title: "" })).rejects.toThrow("at least one current");
    await expect(sweepPlot([], { title: "" })).rejects.toThrow("at least one point");
  });

  it("draws an image a neuron, by class and wins", async () => {
    const neurons = 5;
    const weights = Float32Array.from({ length: 6 * neurons }, (_, index) => (index % 7) / 6);
    const layer = {
      shape: [2, 3, 1],
      weights,
      wins: [3, 9, 1, 0, 4],
      labels: [1, 0, 1, -1, 1],
      classes: ["a & b", "c"],
    };
    const svg = await weightsPlot(layer, { title: "Neurons <5>" });
    expectWellFormed(svg);
    expect(elements(svg, "image")).toHaveLength(neurons);
    expect([...svg.matchAll(/>(a &amp; b|c|no name|\d+ neurons?|\d+ wins)</g)].map(([, text]) => text)).toEqual([
      "a &amp; b",
      "1 neuron",
      "9 wins",
      "c",
      "3 neurons",
      "8 wins",
      "no name",
      "1 neuron",
      "0 wins",
    ]);
    const pictures = elements(svg, "image").map((image) =>
      Buffer.from((image.getAttribute("href") ?? "").replace(/^.*,/, ""), "base64"),
    );
    // The second picture is of neuron 4, which has most wins of its class.
    const { width, height, data } = decode(pictures[1]);
    expect([width, height]).toEqual([3, 2]);
    const brightness = Array.from({ length: 6 }, (_, pixel) => data[3 * pixel]);
    const order = (values: readonly number[]) => values.map((_, index) => index).sort((a, b) => values[a] - values[b]);
    expect(order(brightness)).toEqual(order(Array.from({ length: 6 }, (_, pixel) => -weights[pixel * neurons + 4])));
  });

  it("refuses weights that do not fit", async () => {
    const layer = { shape: [2, 3, 1], weights: new Float32Array(12), wins: [1, 2] };
    const title = { title: "t" };
    await expect(weightsPlot({ ...layer, shape: [2, 3, 2] }, title)).rejects.toThrow(/expected 1 or 3 channels, got 2/);
    await expect(weightsPlot({ ...layer, wins: [] }, title)).rejects.toThrow(/weights/);
    await expect(weightsPlot({ ...layer, labels: [1] }, title)).rejects.toThrow(/labels/);
    expect(elements(await weightsPlot({ ...layer, shape: [1, 2, 3] }, title), "image")).toHaveLength(2);
  });
});
