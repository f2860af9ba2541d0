// The definition of a whole run, written as plainly as possible; engines must equal it bit for bit.
import {
  shapeOf,
  synapsesTo,
  type SpikingNetwork,
  type SpikingPool,
  type Synapse,
  isSynchronous,
  hasSignedSpikes,
} from "../../ts/spiking/network.ts";
import { sizeOf, type Shape } from "../../ts/tensor.ts";
import { payloadsOf, runNeuron, type Arrivals } from "./naive-neurons.ts";
import { pooled } from "./naive-pools.ts";

/** What a run should give, computed neuron by neuron from the definitions; shares no code with the engines. */
export interface Expected {
  charges: Record<string, number[]>;
  counts: Record<string, number[]>;
  /** By population: "tick:neuron" in order, with the sign or the time where spikes have one. */
  spikes: Record<string, string[]>;
  /** By population: [neuron][sample]. */
  potentials: Record<string, number[][]>;
  spikeCount: number;
  synapticOperations: number;
}

export type NaiveInput =
  | { readonly values: ArrayLike<number> }
  | {
      readonly ticks: readonly number[];
      readonly neurons: readonly number[];
      readonly signs?: readonly number[];
      readonly times?: readonly number[];
    };

/** Spikes of a node, [tick][neuron]: one number for each spike, +1 or −1, or 1 − t where times are real. */
export type Train = number[][][];

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** For each target neuron [source, weight] of every connection, by ascending source. */
function connections(synapse: Synapse, from: Shape, to: Shape): [number, number][][] {
  if (synapse.kind === "dense")
    return range(sizeOf(to)).map((target) =>
      range(sizeOf(from)).map((source) => [source, synapse.weights[target * sizeOf(from) + source]]),
    );
  if (synapse.kind === "identity")
    return range(sizeOf(to)).map((target) => [[target, synapse.weights[target % synapse.weights.length]]]);
  const found: [number, number][][] = range(sizeOf(to)).map(() => []);
  if (synapse.kind === "sparse") {
    synapse.targets.forEach((target, index) => {
      const source = synapse.offsets.findIndex((_, at) => synapse.offsets[at + 1] > index);
      found[target].push([source, synapse.weights[index]]);
    });
    return found;
  }
  const { kernel, stride, dilation, padding, groups, weights } = synapse;
  const [perGroup, outputsPerGroup] = [from[2] / groups, to[2] / groups];
  const reached = (at: number, tap: number, axis: 0 | 1, before: number): number =>
    synapse.kind === "convTranspose2d"
      ? at * stride[axis] + tap * dilation[axis] - before
      : (at + before - tap * dilation[axis]) / stride[axis];
  for (let source = 0; source < sizeOf(from); source++) {
    const channel = source % from[2];
    const [y, x] = [Math.floor(source / from[2] / from[1]), Math.floor(source / from[2]) % from[1]];
    for (let tap = 0; tap < kernel[0] * kernel[1]; tap++) {
      const outY = reached(y, Math.floor(tap / kernel[1]), 0, padding.top);
      const outX = reached(x, tap % kernel[1], 1, padding.left);
      if (!Number.isInteger(outY) || !Number.isInteger(outX) || outY < 0 || outX < 0 || outY >= to[0] || outX >= to[1])
        continue;
      for (let o = 0; o < to[2]; o++) {
        if (Math.floor(o / outputsPerGroup) !== Math.floor(channel / perGroup)) continue;
        found[(outY * to[1] + outX) * to[2] + o].push([
          source,
          weights[(tap * perGroup + (channel % perGroup)) * to[2] + o],
        ]);
      }
    }
  }
  return found;
}

function members(pool: SpikingPool, from: Shape, output: number): number[] {
  const channel = output % from[2];
  const outX = Math.floor(output / from[2]) % pool.shape[1];
  const outY = Math.floor(output / from[2] / pool.shape[1]);
  const found: number[] = [];
  for (let ky = 0; ky < pool.kernel[0]; ky++) {
    for (let kx = 0; kx < pool.kernel[1]; kx++) {
      const y = outY * pool.stride[0] + ky * pool.dilation[0] - pool.padding.top;
      const x = outX * pool.stride[1] + kx * pool.dilation[1] - pool.padding.left;
      if (y >= 0 && x >= 0 && y < from[0] && x < from[1]) found.push((y * from[1] + x) * from[2] + channel);
    }
  }
  return found;
}

export function simulateNaively(network: SpikingNetwork, input: NaiveInput, ticks: number): Expected {
  const trains = new Map<string, Train>([[network.input.name, inputTrain(network, input, ticks)]]);
  const trainOf = (name: string): Train => trains.get(name) as Train;
  const depth = new Map<string, number>([[network.input.name, 0]]);
  const expected: Expected = {
    charges: {},
    counts: {},
    spikes: {},
    potentials: {},
    spikeCount: 0,
    synapticOperations: 0,
  };
  for (const node of network.nodes) {
    const size = sizeOf(node.shape);
    if (node.kind === "pool") {
      const windows = range(size).map((output) => members(node, shapeOf(network, node.from), output));
      trains.set(node.name, pooled(network, node, trainOf(node.from), windows));
      depth.set(node.name, depth.get(node.from) ?? 0);
      continue;
    }
    const layer = Math.max(0, ...synapsesTo(network, node.name).map(({ from }) => depth.get(from) ?? 0)) + 1;
    depth.set(node.name, layer);
    const train = silent(ticks, size);
    trains.set(node.name, train);
    const wired = synapsesTo(network, node.name).map((synapse) => ({
      from: synapse.from,
      links: connections(synapse, shapeOf(network, synapse.from), node.shape),
    }));
    const traces = range(size).map((neuron) => {
      const arrivals = wired.map(({ from, links }) => ({
        from,
        ...arrivalsOver(
          links[neuron],
          trainOf(from),
          from === network.input.name && "values" in input ? input.values : undefined,
        ),
      }));
      expected.synapticOperations += arrivals.reduce(
        (sum, { spikes }) => sum + spikes.reduce((total, tick) => total + tick.length, 0),
        0,
      );
      return runNeuron(network, node, neuron, ticks, arrivals, (tick, spikes) => (train[tick][neuron] = spikes));
    });
    if (node.kind === "output") {
      expected.charges[node.name] = traces.map((trace) => trace[trace.length - 1]);
      continue;
    }
    const realTimes = network.code.kind === "times";
    const payloads = realTimes ? [1] : payloadsOf(network, node.name, ticks);
    expected.potentials[node.name] = traces;
    expected.counts[node.name] = range(size).map((neuron) =>
      train.reduce(
        (sum, tick, k) => sum + payloads[k] * tick[neuron].reduce((total, spike) => total + (realTimes ? 1 : spike), 0),
        0,
      ),
    );
    expected.spikes[node.name] = spikeNames(network, train, isSynchronous(network) ? 0 : layer * ticks);
    expected.spikeCount += expected.spikes[node.name].length;
  }
  return expected;
}

export function silent(ticks: number, size: number): Train {
  return range(ticks).map(() => range(size).map(() => []));
}

function inputTrain(network: SpikingNetwork, input: NaiveInput, ticks: number): Train {
  const train = silent(ticks, sizeOf(network.input.shape));
  if ("ticks" in input) {
    input.ticks.forEach((tick, index) => {
      const value = input.times === undefined ? (input.signs?.[index] ?? 1) : Math.fround(1 - input.times[index]);
      train[tick][input.neurons[index]].push(value);
    });
    // Spikes of one neuron at once: the earlier first.
    for (const tick of train) for (const spikes of tick) spikes.sort((a, b) => b - a);
  }
  return train;
}

function arrivalsOver(
  links: readonly [number, number][],
  train: Train,
  constant: ArrayLike<number> | undefined,
): Omit<Arrivals[number], "from"> {
  // A spike brings all that it brings before the next one does, where a source reaches a neuron more than once.
  const sources = [...new Set(links.map(([source]) => source))];
  return {
    products: constant === undefined ? [] : links.map(([source, weight]) => [weight, constant[source]] as const),
    spikes: train.map((tick) =>
      sources.flatMap((source) =>
        tick[source].flatMap((spike) =>
          links.filter(([from]) => from === source).map(([, weight]) => [weight, spike] as const),
        ),
      ),
    ),
  };
}

function spikeNames(network: SpikingNetwork, train: Train, start: number): string[] {
  if (network.code.kind === "times") {
    const spikes = train[0].flatMap((values, neuron) => values.map((value) => ({ neuron, time: 1 - value })));
    return spikes
      .sort((a, b) => a.time - b.time || a.neuron - b.neuron)
      .map(({ neuron, time }) => `${start}:${neuron}@${start + time}`);
  }
  const sign = (spike: number): string => (!hasSignedSpikes(network) ? "" : spike > 0 ? "+" : "-");
  return train.flatMap((tick, k) =>
    tick.flatMap((spikes, neuron) => spikes.map((spike) => `${start + k}:${neuron}${sign(spike)}`)),
  );
}
