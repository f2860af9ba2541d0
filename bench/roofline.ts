// Draws the charts of suites `limit` and `growth`.
import type { ResultRow } from "../ts/timing/case.ts";
import { composeSvg, loadPlot, palette } from "../ts/plot/svg.ts";
import type { Environment } from "./environment.ts";

interface Point {
  readonly case: string;
  readonly intensity: number;
  readonly rate: number;
  readonly symbol: "circle" | "triangle" | "square";
  readonly color: string;
}

/**
 * Draws additions per second against additions per byte of packed weights. The roofs are the loop of loads and
 * additions over a buffer in the first-level cache (flat) and over one beyond all caches (rising).
 */
export async function drawRoofline(rows: readonly ResultRow[], machine: Environment): Promise<string | undefined> {
  const rateOf = (name: string): number | undefined =>
    rows.find((row) => row.case === name && row.contender === "wasm")?.operationsPerSecond;
  const kinds = [
    { kind: "i16", bytes: 2, color: palette[0], label: "i16, exact codes" },
    { kind: "f32", bytes: 4, color: palette[1], label: "f32, rate" },
  ];
  const points = rows.flatMap((row): Point[] => {
    const intensity = row.more?.["additionsPerWeightByte"];
    if (typeof intensity !== "number" || row.operationsPerSecond === undefined) return [];
    const kind = row.case.includes("-rate-") ? kinds[1] : kinds[0];
    const symbol = row.case.startsWith("dense") ? "square" : row.case.endsWith("-phase") ? "triangle" : "circle";
    return [{ case: row.case, intensity, rate: row.operationsPerSecond / 1e9, symbol, color: kind.color }];
  });
  if (points.length === 0) return undefined;
  const { Plot } = await loadPlot();
  const [least, most] = [
    Math.min(...points.map(({ intensity }) => intensity)) / 3,
    Math.max(...points.map(({ intensity }) => intensity)) * 2,
  ];
  const roofs = kinds.flatMap(({ kind, bytes, color, label }) => {
    const [flat, far] = [rateOf(`load-add-${kind}-16k`), rateOf(`load-add-${kind}-64m`)];
    if (flat === undefined || far === undefined) return [];
    const slope = far * bytes;
    const at = (intensity: number) => ({ intensity, rate: Math.min(flat, slope * intensity) / 1e9, color, kind });
    const knee = Math.min(most, Math.max(least, flat / slope));
    return [
      {
        label: `${label}: ${(flat / 1e9).toFixed(0)} G/s`,
        knee,
        flat: flat / 1e9,
        color,
        line: [at(least), at(knee), at(most)],
      },
    ];
  });
  const rates = [...points.map(({ rate }) => rate), ...roofs.map(({ flat }) => flat)];
  const [width, height] = [760, 420];
  const panel = {
    left: 0,
    top: 100,
    options: {
      width,
      height,
      marginLeft: 60,
      marginRight: 20,
      marginBottom: 44,
      x: {
        type: "log" as const,
        label: "additions for each byte of packed weights →",
        grid: true,
        domain: [least, most],
        ticks: 5,
        tickFormat: (value: number) => String(value),
      },
      y: {
        type: "log" as const,
        label: "↑ additions a second (10⁹)",
        grid: true,
        domain: [Math.min(...rates) * 0.7, Math.max(...rates) * 1.4],
        ticks: 6,
        tickFormat: (value: number) => String(Number(value.toPrecision(2))),
      },
      color: { type: "identity" as const },
      symbol: { type: "identity" as const },
      marks: [
        ...roofs.map(({ line, color }) =>
          Plot.line(line, { x: "intensity", y: "rate", stroke: color, strokeWidth: 2, clip: true }),
        ),
        ...roofs.map(({ label, knee, flat, color }) =>
          Plot.text([label], {
            x: knee,
            y: flat,
            text: [label],
            textAnchor: "start",
            dy: 10,
            dx: 4,
            fill: color,
            stroke: "white",
            strokeWidth: 4,
          }),
        ),
        Plot.dot(points, {
          x: "intensity",
          y: "rate",
          fill: "color",
          symbol: "symbol",
          r: 4,
          stroke: "white",
          strokeWidth: 0.7,
        }),
      ],
    },
  };
  const notes = [
    "Lines: what a loop of nothing but 128-bit loads and additions reaches in WebAssembly, from the first level cache (flat)",
    "and from memory (rising: above it are layers whose weights stay in a cache). Points: our kernels; squares are dense layers,",
    "circles convolutions, triangles convolutions in phase.",
  ];
  return composeSvg([panel], {
    title: `limit: ${machine.processor}, Node ${machine.node}`,
    width,
    height: height + 106,
    notes,
  });
}

/** Draws time against the growing quantity, both relative to the smallest step: a line of slope 1 is linear. */
export async function drawGrowth(rows: readonly ResultRow[], machine: Environment): Promise<string | undefined> {
  const grown = rows.filter((row) => row.more?.["value"] !== undefined);
  const names = [...new Set(grown.map((row) => row.case))];
  const points = grown.flatMap((row) => {
    const first = rows.find((other) => other.case === row.case) as ResultRow;
    const color = palette[names.indexOf(row.case) % palette.length];
    return [
      {
        case: row.case,
        grown: Number(row.more?.["value"]) / Number(first.more?.["value"]),
        time: row.medianMs / first.medianMs,
        color,
      },
    ];
  });
  if (points.length === 0) return undefined;
  const { Plot } = await loadPlot();
  const most = Math.max(...points.flatMap(({ grown, time }) => [grown, time])) * 1.2;
  const last = names.map((name) => points.filter((point) => point.case === name).at(-1) as (typeof points)[number]);
  const [width, height] = [620, 440];
  const axis = {
    type: "log" as const,
    grid: true,
    domain: [0.8, most],
    ticks: [1, 2, 5, 10, 20, 50, 100].filter((tick) => tick < most),
    tickFormat: (value: number) => String(value),
  };
  const panel = {
    left: 0,
    top: 56,
    options: {
      width,
      height,
      marginLeft: 56,
      marginRight: 90,
      marginBottom: 44,
      x: { ...axis, label: "size / the smallest →" },
      y: { ...axis, label: "↑ time / time of the smallest" },
      color: { type: "identity" as const },
      marks: [
        Plot.line(
          [
            { grown: 0.8, time: 0.8 },
            { grown: most, time: most },
          ],
          { x: "grown", y: "time", stroke: "#999999", strokeDasharray: "5,3" },
        ),
        Plot.line(points, { x: "grown", y: "time", z: "case", stroke: "color", strokeWidth: 1.5 }),
        Plot.dot(points, { x: "grown", y: "time", fill: "color", r: 3.5 }),
        Plot.text(last, { x: "grown", y: "time", text: "case", textAnchor: "start", dx: 8, fill: "color" }),
      ],
    },
  };
  return composeSvg([panel], {
    title: `growth: ${machine.processor}, Node ${machine.node}`,
    width,
    height: height + 60,
    notes: ["Dashed: linear."],
  });
}
