// The quantised twin's results on a batch, compared with those of the simulation.
import { sample, type ImageDataset } from "../data/dataset.ts";
import { LlifError } from "../errors.ts";
import type { Result } from "../engine/engine.ts";
import { outputsOf, populationsOf, type SpikingNetwork } from "../spiking/network.ts";
import { twinTicks, type TwinOptions } from "../spiking/twin-ticks.ts";
import { sizeOf } from "../tensor.ts";
import type { Contenders, TwinCounter } from "./contenders.ts";
import { digestedResults, twinResults, type TwinResults } from "./known.ts";

/** Decisions and hashes of the twin, known or computed here. */
export class TwinComparison {
  /** Shape [samples, ticks that have a twin]. */
  readonly results: TwinResults;
  readonly microseconds: number;
  readonly #network: SpikingNetwork;
  readonly #twin: TwinCounter;
  readonly #data: ImageDataset;
  readonly #ticks: readonly number[];

  private constructor({ network, known }: Contenders, twin: TwinCounter, data: ImageDataset, first: number) {
    [this.#network, this.#twin, this.#data] = [network, twin, data];
    this.#ticks = twinTicks(network);
    const { microseconds, ...results } =
      known?.twin?.part(first, data.count) ?? computed(network, twin, data, this.#ticks);
    this.results = results;
    this.microseconds = microseconds;
  }

  /** Null for a network without a twin. @param first position of the batch in the whole data set. */
  static open(contenders: Contenders, data: ImageDataset, first: number): TwinComparison | null {
    return contenders.twin === null ? null : new TwinComparison(contenders, contenders.twin, data, first);
  }

  /** Whether a run equals a twin after this number of ticks. */
  has(ticks: number): boolean {
    return this.#ticks.includes(ticks);
  }

  /** Whether it does after every tick, as in refined phase. */
  get everyTick(): boolean {
    return this.#ticks.length > 1;
  }

  /** Classes after this number of ticks; those of the last twin where there is only one. */
  decisionsAfter(ticks: number): Uint32Array {
    const column = Math.max(0, this.#ticks.indexOf(ticks));
    return this.results.decisions.filter((_, at) => at % this.#ticks.length === column);
  }

  /**
   * Number of counts and charges of a sample that differ from the twin's; null if there is none of these ticks.
   * @param hash of the run, as `runHashes` has it.
   */
  mismatches(index: number, ticks: number, run: Result, hash: number): number | null {
    const column = this.#ticks.indexOf(ticks);
    if (column < 0) return null;
    if (this.results.hashes[index * this.#ticks.length + column] === hash) return 0;
    const exact = this.#twin.run(sample(this.#data, index), 1, optionsOf(this.#ticks, ticks));
    return (
      differing(this.#network, exact.counts, run.counts, populationsOf(this.#network)) +
      differing(this.#network, exact.charges, run.charges, outputsOf(this.#network))
    );
  }
}

/** The whole precision needs no option. */
function optionsOf(all: readonly number[], ticks: number): TwinOptions | undefined {
  return ticks === all[all.length - 1] ? undefined : { ticks };
}

function computed(
  network: SpikingNetwork,
  twin: TwinCounter,
  { images, count }: ImageDataset,
  ticks: readonly number[],
): TwinResults & { readonly microseconds: number } {
  const columns = ticks.map((after) =>
    timed((): TwinResults => {
      const options = optionsOf(ticks, after);
      const { digest } = twin;
      return digest === undefined
        ? twinResults(network, twin.run(images, count, options), count)
        : digestedResults(network, digest(images, count, options), count);
    }),
  );
  const size = count * ticks.length;
  const [decisions, hashes] = [new Uint32Array(size), new Float64Array(size)];
  columns.forEach(({ value }, column) => {
    for (let index = 0, at = column; index < count; index++, at += ticks.length) {
      decisions[at] = value.decisions[index];
      hashes[at] = value.hashes[index];
    }
  });
  return { decisions, hashes, microseconds: columns.reduce((sum, { microseconds }) => sum + microseconds, 0) };
}

/** Number of values that differ from the twin's. */
function differing(
  network: SpikingNetwork,
  twin: Readonly<Record<string, ArrayLike<number>>>,
  simulated: Readonly<Record<string, ArrayLike<number>>>,
  nodes: readonly { readonly name: string; readonly shape: readonly number[] }[],
): number {
  let different = 0;
  for (const { name, shape } of nodes) {
    const size = sizeOf(shape);
    const [expected, actual] = [twin[name], simulated[name]];
    if (expected === undefined || actual?.length !== size) {
      throw new LlifError(
        "ARGUMENT",
        `network "${network.name}", layer "${name}": expected counts of the twin and of the simulator to compare`,
        { nodes: [name] },
      );
    }
    for (let neuron = 0; neuron < size; neuron++) if (expected[neuron] !== actual[neuron]) different++;
  }
  return different;
}

/** Whole microseconds, so that sums over shards do not depend on their grouping. */
export function timed<T>(body: () => T): { readonly value: T; readonly microseconds: number } {
  const start = performance.now();
  const value = body();
  return { value, microseconds: Math.round((performance.now() - start) * 1000) };
}
