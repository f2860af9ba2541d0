// Draws the weights of learnt neurons as a sheet of small images, sorted by class and by wins.
import { checkInteger, checkNumbers, checkObject, checkOptions, checkStrings } from "../check.ts";
import { LlifError } from "../errors.ts";
import { pngOf } from "./png.ts";
import { checkTitle, edge, escapeXml, faint, frameSvg, grouped, type PlotTitle } from "./svg.ts";

/** Weights of one layer, as a learner's `state()` has them. */
export interface LearntWeights {
  /** [height, width, channels]; 1 or 3 channels. */
  readonly shape: readonly number[];
  /** Shape [height·width·channels, neurons], from 0 to 1. */
  readonly weights: ArrayLike<number>;
  /** How often each neuron has won; the first of a class is the one with most wins. */
  readonly wins: ArrayLike<number>;
  /** Class of each neuron, as `labelNeurons` returns them; −1: it wins no labelled image. */
  readonly labels?: ArrayLike<number>;
  /** Names. */
  readonly classes?: readonly string[];
}

/** Colours of weights 0, ¼, ½, ¾ and 1: paper to ink. */
const inks = ["#fbfaf6", "#c9dcea", "#6aa6cf", "#1f67a3", "#0a2a52"].map((colour) =>
  [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16)),
);
/** Of neurons that win no labelled image. */
const noName = "no name";
const gap = 3;
const groupGap = 14;
const captionWidth = 88;

/**
 * Draws a sheet of receptive fields: one small image a neuron, its classes below each other.
 * @returns an SVG document.
 */
export async function weightsPlot(layer: LearntWeights, options: PlotTitle): Promise<string> {
  const { shape, weights, wins, labels, classes = [] } = checkObject("weightsPlot: layer", layer);
  const { title, width = 960 } = checkOptions("weightsPlot", options, { title: true, width: true });
  checkTitle("weightsPlot", options);
  checkNumbers("weightsPlot: shape", shape, { length: 3 });
  const [rows, columns, channels] = Array.from(shape, (extent) => checkInteger("weightsPlot: shape", extent, 1, 4096));
  if (channels !== 1 && channels !== 3)
    throw new LlifError("SHAPE", `weightsPlot: shape: expected 1 or 3 channels, got ${channels}`);
  checkNumbers("weightsPlot: wins", wins);
  checkNumbers("weightsPlot: weights", weights, { length: rows * columns * channels * wins.length });
  if (labels !== undefined) checkNumbers("weightsPlot: labels", labels, { length: wins.length });
  checkStrings("weightsPlot: classes", classes);
  if (wins.length === 0) throw new LlifError("ARGUMENT", "weightsPlot: expected at least one neuron, got none");

  const groups = groupsOf(wins, labels, classes);
  const left = labels === undefined ? edge : edge + captionWidth;
  const tile = tileSize(groups, rows, columns, width - left - edge, 1.25 * width);
  const [tileWidth, tileHeight] = [tile * columns, tile * rows];
  const perRow = Math.max(1, Math.floor((width - left - edge + gap) / (tileWidth + gap)));
  let top = 80;
  const bodies: string[] = [];
  const nameSize = groups.some(({ name }) => name.length > 3 && name !== noName) ? 12 : 18;
  for (const group of groups) {
    const { name, neurons } = group;
    if (labels !== undefined) bodies.push(caption(group, wins, top, name === noName ? 12 : nameSize));
    neurons.forEach((neuron, index) => {
      const x = left + (index % perRow) * (tileWidth + gap);
      const y = top + Math.floor(index / perRow) * (tileHeight + gap);
      bodies.push(
        `<image x="${x}" y="${y}" width="${tileWidth}" height="${tileHeight}" style="image-rendering:pixelated" href="data:image/png;base64,${base64(pictureOf(weights, neuron, wins.length, [rows, columns, channels]))}"/>`,
      );
    });
    top += Math.max(48, Math.ceil(neurons.length / perRow) * (tileHeight + gap) - gap) + groupGap;
  }
  const note =
    labels === undefined
      ? "Most wins first."
      : "Named afterwards by the labelled images that each neuron wins; most wins first.";
  return frameSvg([scaleBar(width, channels), ...bodies], { title, width, height: top + 6, notes: [note] });
}

interface Group {
  readonly name: string;
  readonly neurons: readonly number[];
}

function groupsOf(wins: ArrayLike<number>, labels: ArrayLike<number> | undefined, classes: readonly string[]): Group[] {
  const order = Array.from({ length: wins.length }, (_, neuron) => neuron).sort((a, b) => wins[b] - wins[a] || a - b);
  if (labels === undefined) return [{ name: "", neurons: order }];
  const found = [...new Set(Array.from(labels))].sort((a, b) => Number(a < 0) - Number(b < 0) || a - b);
  return found.map((label) => ({
    name: label < 0 ? noName : (classes[label] ?? String(label)),
    neurons: order.filter((neuron) => labels[neuron] === label),
  }));
}

/** CSS pixels of one pixel of a neuron's image: a whole number where it fits, so that no pixel is wider than another. */
function tileSize(groups: readonly Group[], rows: number, columns: number, room: number, mostHeight: number): number {
  const heightOf = (size: number) => {
    const perRow = Math.max(1, Math.floor((room + gap) / (size * columns + gap)));
    return groups.reduce(
      (sum, { neurons }) => sum + Math.ceil(neurons.length / perRow) * (size * rows + gap) + groupGap,
      0,
    );
  };
  const sizes = [8, 7, 6, 5, 4, 3, 2].filter((size) => size * columns <= Math.max(96, 2 * columns));
  return sizes.find((size) => heightOf(size) <= mostHeight) ?? Math.min(1, 48 / columns);
}

function caption({ name, neurons }: Group, wins: ArrayLike<number>, top: number, size: number): string {
  const total = neurons.reduce((sum, neuron) => sum + wins[neuron], 0);
  const counted = `${grouped(neurons.length)} ${neurons.length === 1 ? "neuron" : "neurons"}`;
  const small = `font-size="10.5" fill="${faint}"`;
  return [
    `<text x="${edge}" y="${top + 15}" font-size="${size}" font-weight="600">${escapeXml(name)}</text>`,
    `<text x="${edge}" y="${top + 31}" ${small}>${counted}</text>`,
    `<text x="${edge}" y="${top + 44}" ${small}>${grouped(total)} wins</text>`,
  ].join("\n");
}

function scaleBar(width: number, channels: number): string {
  if (channels === 3) return "";
  const stops = inks.map((ink, index) => `<stop offset="${25 * index}%" stop-color="rgb(${ink.join()})"/>`).join("");
  const [x, length] = [width - edge - 120, 120];
  return [
    `<defs><linearGradient id="weight">${stops}</linearGradient></defs>`,
    `<rect x="${x}" y="34" width="${length}" height="9" fill="url(#weight)" stroke="#dddddd" stroke-width="0.5"/>`,
    `<text x="${x - 8}" y="42" font-size="11" text-anchor="end" fill="#555555">weight</text>`,
    `<text x="${x}" y="56" font-size="10.5" fill="${faint}">0</text>`,
    `<text x="${x + length}" y="56" font-size="10.5" text-anchor="end" fill="${faint}">1</text>`,
  ].join("\n");
}

/** A PNG of one neuron's weights. */
function pictureOf(
  weights: ArrayLike<number>,
  neuron: number,
  neurons: number,
  [rows, columns, channels]: readonly number[],
): Uint8Array {
  const pixels = new Uint8Array(3 * rows * columns);
  for (let pixel = 0; pixel < rows * columns; pixel++) {
    const at = (channel: number) => Math.min(1, Math.max(0, weights[(pixel * channels + channel) * neurons + neuron]));
    pixels.set(channels === 1 ? inkOf(at(0)) : [0, 1, 2].map((channel) => Math.round(255 * at(channel))), 3 * pixel);
  }
  return pngOf(pixels, columns, rows);
}

/** Between the colours of the scale; in 64 steps, so that pictures stay small. */
function inkOf(weight: number): number[] {
  const place = (Math.round(63 * weight) / 63) * (inks.length - 1);
  const first = Math.min(inks.length - 2, Math.floor(place));
  return inks[first].map((from, channel) => Math.round(from + (place - first) * (inks[first + 1][channel] - from)));
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
