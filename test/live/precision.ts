// How far trains in float32 (the wasm engine) and in float64 (the naive definition) agree. scripts/live-precision.mjs runs it.
import { createSimulator } from "../../ts/index.ts";
import { brunel, cuba, draw, type Drawn } from "./drawn.ts";
import { built, definition } from "./drawn-networks.ts";
import { NaiveLive } from "./naive.ts";

/** By neuron of all populations, the ticks of its spikes. */
type Trains = readonly (readonly number[])[];

function offsets({ populations }: Drawn): number[] {
  const starts = [0];
  for (const { n } of populations) starts.push((starts.at(-1) as number) + n);
  return starts;
}

function inFloat64(drawn: Drawn): Trains {
  const starts = offsets(drawn);
  const trains: number[][] = Array.from({ length: starts.at(-1) as number }, () => []);
  const naive = new NaiveLive(
    definition(drawn),
    (value) => value,
    ({ shape }) => new Array<number>(shape[0]).fill(0),
  );
  drawn.trains.forEach((train, tick) =>
    [...naive.tick(train, null).values()].forEach((fired, population) => {
      for (const neuron of fired) trains[starts[population] + neuron].push(tick);
    }),
  );
  return trains;
}

async function inFloat32(drawn: Drawn): Promise<Trains> {
  const starts = offsets(drawn);
  const names = drawn.populations.map(({ name }) => name);
  const trains: number[][] = Array.from({ length: starts.at(-1) as number }, () => []);
  const simulator = await createSimulator(built(drawn), { engine: "wasm", record: { spikes: names } });
  const ticks = drawn.trains.flatMap((train, tick) => train.map(() => tick));
  const result = simulator.run({ spikes: { ticks, neurons: drawn.trains.flat() } }, { ticks: drawn.ticks });
  names.forEach((name, population) => {
    const fired = result.spikes[name];
    fired.ticks.forEach((tick, index) => trains[starts[population] + fired.neurons[index]].push(tick));
  });
  simulator.dispose();
  return trains;
}

/** The first tick in which other neurons fire; Infinity if there is none. */
function firstDifference(a: Trains, b: Trains): number {
  return a.reduce((first, train, neuron) => {
    const other = b[neuron];
    const index = train.findIndex((tick, at) => tick !== other[at]);
    if (index >= 0) return Math.min(first, train[index], other[index] ?? Infinity);
    return Math.min(first, other[train.length] ?? Infinity);
  }, Infinity);
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Standard deviation over mean of a neuron's intervals, averaged over neurons of at least 4 spikes. */
function intervalVariation(trains: Trains): number {
  const variations = trains
    .filter(({ length }) => length >= 4)
    .map((train) => {
      const intervals = train.slice(1).map((tick, index) => tick - train[index]);
      const average = mean(intervals);
      return Math.sqrt(mean(intervals.map((interval) => (interval - average) ** 2))) / average;
    });
  return mean(variations);
}

/** Kolmogorov-Smirnov: the largest difference of the two distributions of spikes a neuron. */
function distance(a: Trains, b: Trains): number {
  const share = (trains: Trains, most: number) => trains.filter(({ length }) => length <= most).length / trains.length;
  const counts = new Set([...a, ...b].map(({ length }) => length));
  return Math.max(...[...counts].map((count) => Math.abs(share(a, count) - share(b, count))));
}

/** Part of the spikes of `a` that `b` has too, in the same tick. */
function common(a: Trains, b: Trains): number {
  const shared = a.map((train, neuron) => {
    const other = new Set(b[neuron]);
    return train.filter((tick) => other.has(tick));
  });
  return total(shared) / total(a);
}

const total = (trains: Trains) => trains.reduce((sum, { length }) => sum + length, 0);
const from = (trains: Trains, tick: number): Trains => trains.map((train) => train.filter((at) => at >= tick));

/** Both runs from the tick on in which they first differ. */
function told(name: string, { ticks, dtSeconds }: Drawn, a: Trains, b: Trains): void {
  const first = firstDifference(a, b);
  const before = total(a) - total(from(a, first));
  const [x, y] = [from(a, first), from(b, first)];
  const rate = (trains: Trains) => total(trains) / trains.length / ((ticks - first) * dtSeconds);
  console.log(
    first === Infinity
      ? `${name}: ${total(a)} spikes, all equal`
      : [
          `${name}: equal for ${first} of ${ticks} ticks (${before} spikes); after them`,
          `${(common(x, y) * 100).toFixed(1)} % of spikes are the same,`,
          `rate ${rate(x).toFixed(3)} and ${rate(y).toFixed(3)} Hz (${((rate(y) / rate(x) - 1) * 100).toFixed(2)} %),`,
          `variation of intervals ${intervalVariation(x).toFixed(3)} and ${intervalVariation(y).toFixed(3)},`,
          `KS distance of spikes a neuron ${distance(x, y).toFixed(4)} (${x.length} neurons)`,
        ].join(" "),
  );
}

/** Neurons start at potentials that are larger and smaller by a thousandth of the first threshold. */
function nudged(drawn: Drawn): Drawn {
  const [cells, ...others] = drawn.populations;
  const initial = cells.initial.map((value, neuron) => value + cells.threshold[0] * (neuron % 2 === 0 ? 1e-3 : -1e-3));
  return { ...drawn, populations: [{ ...cells, initial }, ...others] };
}

const randomTicks = 10_000;

async function main(seconds: number, networks: number): Promise<void> {
  const ticks = Math.round(seconds * 10_000);
  const large = { CUBA: cuba(ticks), "Brunel, after": brunel(ticks, false), "Brunel, before": brunel(ticks, true) };
  for (const [name, drawn] of Object.entries(ticks > 0 ? large : {})) {
    const reference = inFloat64(drawn);
    told(`${name}: float64, float32`, drawn, reference, await inFloat32(drawn));
    told(`${name}: float64 from a start nudged by a thousandth`, drawn, reference, inFloat64(nudged(drawn)));
  }
  const firsts: number[] = [];
  const [counts, variations]: [number, number][][] = [[], []];
  for (let seed = 0; seed < networks; seed++) {
    const drawn = draw(seed, randomTicks);
    const [a, b] = [inFloat64(drawn), await inFloat32(drawn)];
    const first = firstDifference(a, b);
    if (first === Infinity) continue;
    firsts.push(first);
    counts.push([total(from(a, first)), total(from(b, first))]);
    variations.push([intervalVariation(from(a, first)), intervalVariation(from(b, first))]);
  }
  console.log(`random: ${networks - firsts.length} of ${networks} networks equal for all ${randomTicks} ticks`);
  if (firsts.length === 0) return;
  firsts.sort((a, b) => a - b);
  const quantile = (values: readonly number[], share: number) => values[Math.floor(share * (values.length - 1))];
  console.log(`random: others differ first at ticks ${firsts.join(", ")}`);
  const sums = [0, 1].map((side) => counts.reduce((sum, pair) => sum + pair[side], 0));
  console.log(
    `random: spikes from then on ${sums[0]} and ${sums[1]} (${((sums[1] / sums[0] - 1) * 100).toFixed(2)} %)`,
  );
  const defined = variations.filter(([a, b]) => !Number.isNaN(a + b));
  if (defined.length === 0) return;
  const off = defined.map(([a, b]) => Math.abs(b - a)).sort((a, b) => a - b);
  console.log(
    `random: variation of intervals, ${off.length} networks: means ${[0, 1].map((side) => mean(defined.map((pair) => pair[side])).toFixed(3))},`,
    `difference: median ${quantile(off, 0.5).toFixed(4)}, largest ${quantile(off, 1).toFixed(4)}`,
  );
}

await main(Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 100));
