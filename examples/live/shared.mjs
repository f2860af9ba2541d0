// What the examples of live networks share: their options, parts of spike trains, irregularity, pictures of many plots.
import { parseArgs } from "node:util";

/** Numbers of the command line by name, with their defaults, and `--svg`: the file for the picture. */
export function optionsOf(defaults) {
  const options = Object.fromEntries([...Object.keys(defaults), "svg"].map((name) => [name, { type: "string" }]));
  const { svg, ...numbers } = parseArgs({ options }).values;
  return {
    ...defaults,
    ...Object.fromEntries(Object.entries(numbers).map(([name, text]) => [name, Number(text)])),
    svg,
  };
}

/** Spikes of the neurons from `first` up to `end`, numbered from 0. */
export function neuronsOf({ ticks, neurons }, first, end) {
  const kept = Array.from(neurons.keys()).filter((index) => neurons[index] >= first && neurons[index] < end);
  return { ticks: kept.map((index) => ticks[index]), neurons: kept.map((index) => neurons[index] - first) };
}

/** Spikes of the ticks from `first` up to `end`, counted from there. */
export function ticksOf({ ticks, neurons }, first, end = Infinity) {
  const indexOf = (tick) => ticks.findLastIndex((spike) => spike < tick) + 1;
  const [from, to] = [indexOf(first), indexOf(end)];
  return { ticks: ticks.subarray(from, to).map((tick) => tick - first), neurons: neurons.subarray(from, to) };
}

/**
 * Coefficient of variation of the intervals between two spikes of a neuron, the mean of the neurons with at least five
 * spikes: 0 for a clock, 1 for a Poisson process.
 */
export function irregularity({ ticks, neurons }) {
  const trains = new Map();
  for (const [index, neuron] of neurons.entries()) {
    if (!trains.has(neuron)) trains.set(neuron, []);
    trains.get(neuron).push(ticks[index]);
  }
  const variations = [...trains.values()]
    .filter(({ length }) => length >= 5)
    .map((train) => {
      const intervals = train.slice(1).map((tick, index) => tick - train[index]);
      const mean = meanOf(intervals);
      return Math.sqrt(meanOf(intervals.map((interval) => (interval - mean) ** 2))) / mean;
    });
  return meanOf(variations);
}

export const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Rows of plots as one SVG document, with coordinates to a hundredth of a pixel. */
export function grid(rows) {
  let [width, top] = [0, 0];
  const bodies = rows.flatMap((row) => {
    let [left, height] = [0, 0];
    const placed = row.map((plot) => {
      const [, wide, high] = /width="([\d.]+)" height="([\d.]+)"/.exec(plot).map(Number);
      const body = plot.replace("<svg ", `<svg x="${left}" y="${top}" `);
      [left, height] = [left + wide, Math.max(height, high)];
      return body;
    });
    [width, top] = [Math.max(width, left), top + height];
    return placed;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${top}" viewBox="0 0 ${width} ${top}">`,
    ...bodies,
    "</svg>\n",
  ]
    .join("\n")
    .replaceAll(/\d+\.\d{3,}/g, (coordinate) => String(Number(Number(coordinate).toFixed(2))));
}
