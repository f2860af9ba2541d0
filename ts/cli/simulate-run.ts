// Runs a network in parts, so that progress is shown and Ctrl-C ends a long run, and joins what is recorded.
import { performance } from "node:perf_hooks";
import { throwIfAborted } from "../errors.ts";
import type { RecordOptions, Result, Simulator, SpikeTrain } from "../engine/engine.ts";
import { needsLiveCore } from "../spiking/live.ts";
import { populationsOf } from "../spiking/network.ts";
import { sizeOf } from "../tensor.ts";
import type { Io } from "./io.ts";
import { formatCount } from "./text.ts";

/** What `runParts` reads of a run. */
export interface RecordedParts extends RecordOptions {
  readonly spikes: readonly string[];
  readonly potentials: Readonly<Record<string, readonly number[]>>;
}

/** What is kept of a whole run, by population. */
export interface WholeRun {
  readonly ticks: number;
  /** Spikes of each neuron. */
  readonly counts: ReadonlyMap<string, Float64Array>;
  readonly spikes: ReadonlyMap<string, SpikeTrain>;
  /** Of each recorded neuron, after every tick. */
  readonly potentials: ReadonlyMap<string, readonly Float32Array[]>;
  readonly synapticOperations: number;
  readonly seconds: number;
}

/** Neuron-ticks between two checks of the signal, and the fewest parts of a run. */
const [neuronTicksAPart, fewestParts] = [2 ** 24, 20];

type Part = Pick<Result<RecordedParts>, "spikes" | "potentials">;

/** @returns what is kept of all parts. */
export async function runParts(
  simulator: Simulator<RecordedParts>,
  record: RecordedParts,
  ticks: number,
  io: Io,
): Promise<WholeRun> {
  const { network } = simulator;
  const populations = populationsOf(network);
  const neurons = populations.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const part = Math.max(1, Math.min(Math.floor(neuronTicksAPart / neurons), Math.ceil(ticks / fewestParts)));
  const input = needsLiveCore(network) ? null : new Float32Array(sizeOf(network.input.shape));
  const counts = new Map(populations.map(({ name, shape }) => [name, new Float64Array(sizeOf(shape))]));
  const kept: Part[] = [];
  let synapticOperations = 0;
  const start = performance.now();
  for (let done = 0; done < ticks; done += part) {
    throwIfAborted(io.signal);
    // What was prepared is kept from the first tick on.
    const result = simulator.run(input, { ticks: Math.min(part, ticks - done), keepState: true });
    kept.push({ spikes: result.spikes, potentials: result.potentials });
    synapticOperations += result.statistics.synapticOperations;
    for (const [name, sums] of counts) {
      const added = result.counts[name];
      for (let neuron = 0; neuron < sums.length; neuron++) sums[neuron] += added[neuron];
    }
    io.progress(`${network.name}: ${formatCount(Math.min(done + part, ticks))} of ${formatCount(ticks)} ticks`);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return {
    ticks,
    counts,
    synapticOperations,
    spikes: new Map(record.spikes.map((name) => [name, joinedTrain(kept, name, part)])),
    potentials: new Map(
      Object.entries(record.potentials).map(([name, { length }]) => [name, joinedPotentials(kept, name, length)]),
    ),
    seconds: (performance.now() - start) / 1000,
  };
}

function joinedTrain(parts: readonly Part[], name: string, part: number): SpikeTrain {
  const length = parts.reduce((sum, { spikes }) => sum + spikes[name].length, 0);
  const [ticks, neurons] = [new Uint32Array(length), new Uint32Array(length)];
  let at = 0;
  parts.forEach(({ spikes }, index) => {
    neurons.set(spikes[name].neurons, at);
    for (const tick of spikes[name].ticks) ticks[at++] = tick + index * part;
  });
  return { ticks, neurons, length };
}

/** By neuron; a part has all ticks of one neuron, then of the next. */
function joinedPotentials(parts: readonly Part[], name: string, neurons: number): Float32Array[] {
  return Array.from({ length: neurons }, (_, neuron) => {
    const own = parts.map(({ potentials }) => {
      const ticks = potentials[name].length / neurons;
      return potentials[name].subarray(neuron * ticks, (neuron + 1) * ticks);
    });
    const whole = new Float32Array(own.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const each of own) {
      whole.set(each, at);
      at += each.length;
    }
    return whole;
  });
}
