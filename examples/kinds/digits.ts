// A classifier of digits that learns without labels: dense layers 784 – 400 – 100, spike-timing-dependent plasticity of
// pairs, lateral inhibition, and adaptation that lets other neurons win. After Diehl and Cook 2015.
import { readFile } from "node:fs/promises";
import { createSimulator, encodePoisson, pcg32, readIdx, spikingNetwork, stdp, type EncodedSpikes } from "llif";
import { spikesOf, type Outcome } from "./outcome.ts";

const [pixels, sizes] = [784, [400, 100]] as const;
const imageTicks = 100;
const leak = 1 - 1 / 16;
const layers = [
  { threshold: 8, inhibition: -64, largest: 0.5 },
  { threshold: 16, inhibition: -64, largest: 0.5 },
] as const;
const [plus, minus, timeConstant] = [1 / 128, 1 / 128, 20];
const [adaptation, recovery] = [1 / 64, 1 - 1 / 1024];

/** @param root the folder of the package, which has 500 digits. */
export async function make(small: boolean, root: URL) {
  const read = async (name: string) => readIdx(await readFile(new URL(`models/mnist-500-${name}.gz`, root)));
  const images = await read("images-idx3-ubyte");
  const labels = await read("labels-idx1-ubyte");
  const random = pcg32(1);
  // Each image has as many spikes: four in a tick.
  const shown = Array.from({ length: small ? 6 : 500 }, (_, image) => {
    const values = images.data.subarray(pixels * image, pixels * (image + 1));
    const sum = values.reduce((total, value) => total + value, 0);
    return encodePoisson(
      Float32Array.from(values, (value) => (4 * value) / sum),
      imageTicks,
      image,
    );
  });
  /** [targets][sources] */
  const weights = sizes.map((targets, layer) =>
    Float32Array.from(
      { length: targets * (layer === 0 ? pixels : sizes[0]) },
      () => (layers[layer].largest * random()) / 2 ** 32,
    ),
  );
  return { shown, weights, labels: labels.data.subarray(0, shown.length) };
}

type Model = Awaited<ReturnType<typeof make>>;

/** One layer, its weights with one row for each source. */
class PlainLayer {
  readonly units: number;
  readonly sources: number;
  readonly rows: Float32Array;
  readonly #options;
  // Rounded to float32, because the decays are not exact.
  readonly #v: Float32Array;
  readonly #adaptation: Float32Array;
  readonly #sums: Float32Array;
  readonly #after: Float32Array;
  readonly #lastArrival: Int32Array;
  #fired: number[] = [];

  constructor(layer: number, weights: Float32Array) {
    this.#options = layers[layer];
    this.units = sizes[layer];
    this.sources = weights.length / this.units;
    this.rows = weights.map(
      (_, index) => weights[(index % this.units) * this.sources + Math.floor(index / this.units)],
    );
    this.#v = new Float32Array(this.units);
    this.#adaptation = new Float32Array(this.units);
    this.#sums = new Float32Array(this.units);
    this.#after = new Float32Array(this.units);
    this.#lastArrival = new Int32Array(this.sources).fill(-1024);
  }

  tick(tick: number, arrivals: readonly number[]): readonly number[] {
    const { units, sources, rows } = this;
    const { threshold, inhibition } = this.#options;
    const [v, w, sums, after] = [this.#v, this.#adaptation, this.#sums, this.#after];
    sums.fill(0);
    for (const source of this.#fired)
      for (let neuron = 0; neuron < units; neuron++) if (neuron !== source) sums[neuron] += inhibition;
    for (const source of arrivals)
      for (let neuron = 0; neuron < units; neuron++) sums[neuron] += rows[source * units + neuron];
    this.#fired = [];
    for (let neuron = 0; neuron < units; neuron++) {
      v[neuron] = Math.fround(Math.fround(leak * v[neuron]) - w[neuron]) + sums[neuron];
      w[neuron] *= recovery;
      if (v[neuron] < 0) v[neuron] = 0;
      after[neuron] *= fade;
      if (after[neuron] < 2 ** -40) after[neuron] = 0;
      if (v[neuron] < threshold) continue;
      v[neuron] = 0;
      w[neuron] += adaptation;
      this.#fired.push(neuron);
    }
    for (const source of arrivals) {
      for (let edge = source * units; edge < (source + 1) * units; edge++)
        rows[edge] -= Math.fround(minus * after[edge - source * units] * rows[edge]);
      this.#lastArrival[source] = tick;
    }
    for (const neuron of this.#fired) {
      for (let source = 0; source < sources; source++) {
        const ago = tick - this.#lastArrival[source];
        const edge = source * units + neuron;
        if (ago < 1024) rows[edge] += Math.fround(plus * faded[ago] * Math.fround(1 - rows[edge]));
      }
      after[neuron] = 1;
    }
    return this.#fired;
  }
}

const fade = Math.fround(Math.exp(-1 / timeConstant));
/** What a trace keeps after a number of ticks. */
const faded = Float32Array.from({ length: 1024 }, (_, ago) => Math.exp(-ago / timeConstant));

export function plain({ shown, weights }: Model): Outcome {
  const [first, second] = weights.map((values, layer) => new PlainLayer(layer, values));
  const spikes: number[] = [];
  const start = performance.now();
  shown.forEach((image, index) => {
    for (let step = 0, event = 0; step < imageTicks; step++) {
      const arrivals: number[] = [];
      for (; event < image.ticks.length && image.ticks[event] === step; event++) arrivals.push(image.neurons[event]);
      const tick = index * imageTicks + step;
      for (const neuron of second.tick(tick, first.tick(tick, arrivals))) spikes.push(tick * sizes[1] + neuron);
    }
  });
  const milliseconds = performance.now() - start;
  const columns = [first, second].flatMap(({ rows, units, sources }) =>
    Array.from(rows, (_, index) => rows[(index % sources) * units + Math.floor(index / sources)]),
  );
  return { spikes, weights: Float32Array.from(columns), milliseconds };
}

export async function withLlif({ shown, weights, labels }: Model): Promise<Outcome> {
  const cells = (layer: number) =>
    ({
      name: `layer ${layer}`,
      units: sizes[layer],
      input: "none",
      threshold: layers[layer].threshold,
      reset: "hard",
      leak: { kind: "ohmic", factorPerTick: leak },
      adaptation: { chargePerSpike: adaptation, factorPerTick: recovery },
      floor: 0,
      restTolerance: 0,
    }) as const;
  const plasticity = stdp({
    plus,
    minus,
    timeConstantTicks: [timeConstant, timeConstant],
    maximum: 1,
    weightDependence: "multiplicative",
    trace: "set",
  });
  const lateral = (layer: number) => ({
    name: `inhibition ${layer}`,
    from: `layer ${layer}`,
    to: `layer ${layer}`,
    weights: Float32Array.from({ length: sizes[layer] ** 2 }, (_, index) =>
      index % (sizes[layer] + 1) === 0 ? 0 : layers[layer].inhibition,
    ),
  });
  const network = spikingNetwork({ inputs: pixels, dtSeconds: 1e-3 })
    .population(cells(0))
    .population(cells(1))
    .connect({ name: "first", from: "input", to: "layer 0", weights: weights[0], plasticity })
    .connect({ name: "second", from: "layer 0", to: "layer 1", weights: weights[1], plasticity })
    .connect(lateral(0))
    .connect(lateral(1))
    .build();
  const simulator = await createSimulator(network, { record: { spikes: ["layer 1"] } });
  const show = (spikes: EncodedSpikes) => simulator.run({ spikes }, { ticks: imageTicks, keepState: true });
  const start = performance.now();
  const results = shown.map(show);
  const milliseconds = performance.now() - start;
  const learnt = ["first", "second"].map((name) => simulator.weights(name));
  simulator.dispose();
  const trains = results.map(({ spikes }) => spikes["layer 1"]);
  const joined = Float32Array.from([...learnt[0], ...learnt[1]]);
  const right = accuracy(
    results.map(({ counts }) => counts["layer 0"]),
    labels,
  );
  const note = `${(100 * right).toFixed(0)} % of ${shown.length / 2} digits right by votes of the first layer`;
  return { spikes: spikesOf(trains, imageTicks, sizes[1]), weights: joined, note, milliseconds };
}

/** A neuron votes for the digit at which it fired most in the first half. @returns how often the second half is right. */
function accuracy(counts: readonly ArrayLike<number>[], labels: ArrayLike<number>): number {
  const half = counts.length / 2;
  const shown = new Float64Array(10);
  const fired = Array.from(counts[0], () => new Float64Array(10));
  for (let image = 0; image < half; image++) {
    shown[labels[image]]++;
    fired.forEach((byDigit, neuron) => (byDigit[labels[image]] += counts[image][neuron]));
  }
  const digits = fired.map((byDigit) => indexOfLargest(byDigit.map((count, digit) => count / (shown[digit] || 1))));
  const right = counts.slice(half).filter((spikes, index) => {
    const votes = new Float64Array(10);
    digits.forEach((digit, neuron) => (votes[digit] += spikes[neuron]));
    return (
      indexOfLargest(votes.map((count, digit) => count / Math.max(1, digits.filter((own) => own === digit).length))) ===
      labels[half + index]
    );
  });
  return right.length / half;
}

const indexOfLargest = (values: Float64Array): number => values.indexOf(Math.max(...values));
