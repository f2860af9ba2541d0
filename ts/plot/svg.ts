// What all plots share: colours, loading the chart library, composing panels into one SVG.
import { checkFinite, checkString } from "../check.ts";
import type { PlotOptions } from "@observablehq/plot";
import { LlifError } from "../errors.ts";

/** Colours that can be told apart with the common kinds of colour blindness and in gray print (Okabe and Ito 2008). */
export const palette = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#56b4e9",
  "#e69f00",
  "#882255",
  "#707020",
] as const;
export const ink = "#222222";
export const faint = "#999999";

/** Left edge of titles, notes and axis labels, in CSS pixels. */
export const edge = 16;

/** The `labelOffset` that moves the label of a left axis to the edge. */
export const labelAtEdge = (marginLeft: number): number => marginLeft - edge;

/** 12,544 */
export const grouped = (value: number): string => value.toLocaleString("en-US");

export interface PlotTitle {
  readonly title: string;
  /** Width in CSS pixels. */
  readonly width?: number;
}

export function checkTitle(place: string, { title, width }: PlotTitle): void {
  checkString(`${place}: title`, title);
  if (width !== undefined) checkFinite(`${place}: width`, width, { above: 0, to: 1e5 });
}

export type PlotLibrary = typeof import("@observablehq/plot");
export type DrawingDocument = Document;

/** Loads the chart library and a document to draw in, the page's or linkedom's, on first use. */
export async function loadPlot(): Promise<{ readonly Plot: PlotLibrary; readonly document: DrawingDocument }> {
  try {
    const Plot = await import("@observablehq/plot");
    if (typeof globalThis.document === "object") return { Plot, document: globalThis.document };
    const { parseHTML } = await import("linkedom");
    return { Plot, document: parseHTML("<!doctype html><html><body></body></html>").document };
  } catch (cause) {
    throw new LlifError("UNSUPPORTED", "plots need the packages @observablehq/plot and linkedom", { cause });
  }
}

export interface Panel {
  readonly options: PlotOptions;
  readonly left: number;
  readonly top: number;
}

/** What stands around the drawing. */
export interface Frame {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  readonly notes?: readonly string[];
}

/** Composes panels and a title into one self-contained SVG. */
export async function composeSvg(panels: readonly Panel[], frame: Frame): Promise<string> {
  const { Plot, document } = await loadPlot();
  const bodies = panels.map(({ options, left, top }) => {
    const figure = Plot.plot({
      style: { fontFamily: "inherit", fontSize: "12px", background: "none", overflow: "visible" },
      ...options,
      document,
    });
    figure.setAttribute("x", String(left));
    figure.setAttribute("y", String(top));
    figure.setAttribute("overflow", "visible");
    figure.querySelectorAll("style").forEach((style) => style.remove());
    return figure.outerHTML;
  });
  return frameSvg(
    bodies.map((body) => body.replaceAll("&nbsp;", "\u00a0")),
    frame,
  );
}

/** A self-contained SVG of elements and a title. */
export function frameSvg(bodies: readonly string[], frame: Frame): string {
  const notes = frame.notes ?? [];
  const text = [
    `<text x="${edge}" y="24" font-size="16" font-weight="600">${escapeXml(frame.title)}</text>`,
    ...notes.map(
      (note, index) =>
        `<text x="${edge}" y="${44 + 17 * index}" font-size="12" fill="#555555">${escapeXml(note)}</text>`,
    ),
  ];
  const { width, height } = frame;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, 'Helvetica Neue', Arial, sans-serif" font-size="12" fill="${ink}" role="img">`,
    `<title>${escapeXml(frame.title)}</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    ...text,
    ...bodies,
    "</svg>\n",
  ]
    .join("\n")
    .replaceAll(notInXml, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Characters that XML forbids (including halves of surrogate pairs) or discourages. */
const notInXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]|\p{Surrogate}/gu;

export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
