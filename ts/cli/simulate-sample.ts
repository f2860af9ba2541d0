// Simulates one sample in pieces, so that progress is shown and Ctrl-C ends a long run.
import { throwIfAborted } from "../errors.ts";
import { runPart } from "../analyze/run-part.ts";
import type { Result, RunInput, Simulator, SpikeTrain } from "../engine/engine.ts";
import { isSynchronous, populationsOf } from "../spiking/network.ts";
import { sizeOf } from "../tensor.ts";
import type { Io } from "./io.ts";
import { formatCount } from "./text.ts";

export type Recorded = { readonly spikes: string[] };

/** Neuron-ticks between two checks of the signal. */
const neuronTicksABlock = 2 ** 24;

/**
 * Simulates one sample. A synchronous network runs in blocks of ticks, so that a long run shows progress and can be
 * cancelled.
 * @param ticks for a synchronous network; default: the network's.
 */
export async function simulateSample(
  simulator: Simulator<Recorded>,
  input: RunInput,
  ticks: number | undefined,
  io: Io,
  neuronTicks = neuronTicksABlock,
): Promise<Result<Recorded>> {
  const { network } = simulator;
  throwIfAborted(io.signal);
  if (!isSynchronous(network)) return simulator.run(input);
  const total = ticks ?? network.windowTicks;
  const neurons = populationsOf(network).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const block = Math.max(1, Math.floor(neuronTicks / Math.max(1, neurons)));
  if ("spikes" in input || total <= block) return simulator.run(input, { ticks: total });
  let whole: Result<Recorded> | undefined;
  for (let done = 0; done < total; done += block) {
    const part = runPart(simulator, input, Math.min(block, total - done), done > 0);
    whole = whole === undefined ? part : continued(whole, part, done);
    io.progress(`${network.name}: ${formatCount(Math.min(done + block, total))} of ${formatCount(total)} ticks`);
    await new Promise((resolve) => setTimeout(resolve, 0));
    throwIfAborted(io.signal);
  }
  return whole as Result<Recorded>;
}

/** Joins two results: `first` for the first `ticks` ticks, `next` for the rest. */
function continued(first: Result<Recorded>, next: Result<Recorded>, ticks: number): Result<Recorded> {
  const total = ticks + next.statistics.ticks;
  const statistics = {
    ticks: total,
    windowTicks: total,
    latencyTicks: total,
    intervalTicks: total,
    spikes: first.statistics.spikes + next.statistics.spikes,
    synapticOperations: first.statistics.synapticOperations + next.statistics.synapticOperations,
    additions: first.statistics.additions + next.statistics.additions,
    clippedInputs: first.statistics.clippedInputs,
  };
  return {
    ...next,
    counts: Object.fromEntries(
      Object.entries(first.counts).map(([name, counts]) => [
        name,
        counts.map((count, neuron) => count + next.counts[name][neuron]),
      ]),
    ),
    spikes: Object.fromEntries(
      Object.entries(first.spikes).map(([name, train]) => [name, joined(train, next.spikes[name], ticks)]),
    ),
    statistics,
  };
}

function joined(first: SpikeTrain, next: SpikeTrain, offset: number): SpikeTrain {
  const length = first.length + next.length;
  const [ticks, neurons] = [new Uint32Array(length), new Uint32Array(length)];
  ticks.set(first.ticks);
  ticks.set(
    next.ticks.map((tick) => tick + offset),
    first.length,
  );
  neurons.set(first.neurons);
  neurons.set(next.neurons, first.length);
  if (first.signs === undefined || next.signs === undefined) return { ticks, neurons, length };
  const signs = new Int8Array(length);
  signs.set(first.signs);
  signs.set(next.signs, first.length);
  return { ticks, neurons, signs, length };
}
