import { shapeOf, synapsesTo, type Population, type SpikingNetwork, type SpikingNode, type SpikingPool, type Synapse } from "../../ts/spiking/network.ts";
import { sizeOf, type Shape } from "../../ts/tensor.ts";

/** What a run should give, computed neuron by neuron from the definitions; shares no code with the engines. */
export interface Expected {
  charges: Record<string, number[]>;
  counts: Record<string, number[]>;
  /** By population: "tick:neuron" in order. */
  spikes: Record<string, string[]>;
  /** By population: [neuron][sample]. */
  potentials: Record<string, number[][]>;
  spikeCount: number;
  synapticOperations: number;
}

export type NaiveInput = { readonly values: ArrayLike<number> } | { readonly ticks: number[]; readonly neurons: number[] };

const f = Math.fround;
const repeat = (count: number): undefined[] => Array.from({ length: count });

/** [source, weight] of every connection into one target neuron, by ascending source. */
function incoming(synapse: Synapse, from: Shape, to: Shape, target: number): [number, number][] {
  if (synapse.kind === "dense") return repeat(sizeOf(from)).map((_, source) => [source, synapse.weights[target * sizeOf(from) + source]]);
  if (synapse.kind === "identity") return [[target, synapse.weights[synapse.weights.length === sizeOf(to) ? target : target % to[to.length - 1]]]];
  const [kernelHeight, kernelWidth] = synapse.kernel;
  const perGroup = from[2] / synapse.groups;
  const channel = target % to[2];
  const group = Math.floor((channel * synapse.groups) / to[2]);
  const outX = Math.floor(target / to[2]) % to[1];
  const outY = Math.floor(target / to[2] / to[1]);
  const found: [number, number][] = [];
  for (let ky = 0; ky < kernelHeight; ky++) {
    for (let kx = 0; kx < kernelWidth; kx++) {
      const y = outY * synapse.stride[0] + ky * synapse.dilation[0] - synapse.padding.top;
      const x = outX * synapse.stride[1] + kx * synapse.dilation[1] - synapse.padding.left;
      if (y < 0 || x < 0 || y >= from[0] || x >= from[1]) continue;
      for (let c = 0; c < perGroup; c++) {
        found.push([(y * from[1] + x) * from[2] + group * perGroup + c, synapse.weights[((ky * kernelWidth + kx) * perGroup + c) * to[2] + channel]]);
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

const at = (values: ArrayLike<number>, neuron: number): number => values[neuron % values.length];

export function simulateNaively(network: SpikingNetwork, input: NaiveInput, ticks: number): Expected {
  const wired = new Map(network.nodes.map((node) => [node.name, connectionsOf(network, node)]));
  const poolMembers = new Map(network.nodes.flatMap((node) => (node.kind === "pool" ? [[node.name, repeat(sizeOf(node.shape)).map((_, o) => members(node, shapeOf(network, node.from), o))] as const] : [])));
  /** Spikes of each node: [tick][neuron] → number. */
  const trains = new Map<string, number[][]>();
  const silent = (name: string): number[][] => repeat(ticks).map(() => repeat(sizeOf(shapeOf(network, name))).map(() => 0));
  const inputTrain = silent(network.input.name);
  if ("ticks" in input) input.ticks.forEach((tick, index) => inputTrain[tick][input.neurons[index]]++);
  trains.set(network.input.name, inputTrain);
  const values = "values" in input ? input.values : undefined;

  const expected: Expected = { charges: {}, counts: {}, spikes: {}, potentials: {}, spikeCount: 0, synapticOperations: 0 };
  const firingTick = new Map<string, number>([[network.input.name, 0]]);
  for (const node of network.nodes) {
    const train = silent(node.name);
    trains.set(node.name, train);
    if (node.kind === "pool") {
      pool(network, node, trains.get(node.from) ?? [], train, poolMembers.get(node.name) ?? []);
      firingTick.set(node.name, firingTick.get(node.from) ?? 0);
      continue;
    }
    const depth = Math.max(0, ...synapsesTo(network, node.name).map(({ from }) => firingTick.get(from) ?? 0)) + 1;
    firingTick.set(node.name, depth);
    const traces = repeat(sizeOf(node.shape)).map((_, neuron) => {
      const connections = wired.get(node.name)?.[neuron] ?? [];
      for (const { from, links } of connections) {
        for (const tick of trains.get(from) ?? []) for (const [source] of links) expected.synapticOperations += tick[source];
      }
      const arrivals = (tick: number): number[] =>
        connections.flatMap(({ from, links }) => links.flatMap(([source, weight]) => Array<number>((trains.get(from) ?? [])[tick][source]).fill(weight)));
      const products = values === undefined ? [] : connections.filter(({ from }) => from === network.input.name).flatMap(({ links }) => links.map(([source, weight]) => [weight, values[source]] as const));
      const emit = (tick: number, count: number): number => (train[tick][neuron] = count);
      return network.schedule === "synchronous" ? synchronous(node, neuron, ticks, arrivals, products, emit) : layerwise(network, node, neuron, ticks, arrivals, products, emit);
    });
    if (node.kind === "output") {
      expected.charges[node.name] = traces.map((trace) => trace[ticks - 1]);
      continue;
    }
    expected.potentials[node.name] = traces;
    expected.counts[node.name] = traces.map((_, neuron) => train.reduce((sum, tick, k) => sum + tick[neuron] * (network.code === "phase" ? 2 ** (ticks - 1 - k) : 1), 0));
    const start = network.schedule === "synchronous" ? 0 : depth * ticks;
    expected.spikes[node.name] = train.flatMap((tick, k) => tick.flatMap((count, neuron) => Array<string>(count).fill(`${start + k}:${neuron}`)));
    expected.spikeCount += expected.spikes[node.name].length;
  }
  return expected;
}

function connectionsOf(network: SpikingNetwork, node: SpikingNode): { from: string; links: [number, number][] }[][] {
  if (node.kind === "pool") return [];
  const synapses = synapsesTo(network, node.name);
  return repeat(sizeOf(node.shape)).map((_, neuron) =>
    synapses.map((synapse) => ({ from: synapse.from, links: incoming(synapse, shapeOf(network, synapse.from), node.shape, neuron) })),
  );
}

type Body = Exclude<SpikingNode, SpikingPool>;

function synchronous(node: Body, neuron: number, ticks: number, arrivals: (tick: number) => number[], products: (readonly [number, number])[], emit: (tick: number, count: number) => number): number[] {
  let drive = at(node.bias, neuron);
  for (const [weight, value] of products) drive = f(drive + f(weight * value));
  if (node.kind === "output") {
    let charge = 0;
    return repeat(ticks).map((_, tick) => (charge = arrivals(tick).reduce((sum, weight) => f(sum + weight), f(charge + drive))));
  }
  const alpha = f(node.leakFactor);
  const theta = at(node.threshold, neuron);
  let v = at(node.initialPotential, neuron);
  let lastSpike = -Infinity;
  return repeat(ticks).map((_, tick) => {
    const refractory = tick - lastSpike <= node.refractory.ticks;
    v = f(alpha * v);
    if (!(refractory && node.refractory.input === "discard")) {
      v = f(v + drive);
      for (const weight of arrivals(tick)) v = f(v + weight);
    }
    if (v < f(node.floor)) v = f(node.floor);
    if (refractory || v < theta) return v;
    const count = Math.min(Math.floor(v / theta), (node as Population).spikesPerTick);
    emit(tick, count);
    lastSpike = tick;
    return (v = node.reset === "hard" ? 0 : f(v - count * theta));
  });
}

function layerwise(network: SpikingNetwork, node: Body, neuron: number, ticks: number, arrivals: (tick: number) => number[], products: (readonly [number, number])[], emit: (tick: number, count: number) => number): number[] {
  const wrap = (value: bigint): bigint => BigInt.asIntN(32, value);
  let base = BigInt(at(node.bias, neuron));
  if (node.kind === "population") base += BigInt(at(node.initialPotential, neuron));
  for (const [weight, value] of products) base += BigInt(weight) * BigInt(value);
  let v = 0n;
  const trace = repeat(ticks).map((_, tick) => {
    v = (network.code === "phase" ? 2n * v : v) + arrivals(tick).reduce((sum, weight) => sum + BigInt(weight), 0n);
    return wrap(base + (network.code === "phase" ? v << BigInt(ticks - 1 - tick) : v));
  });
  if (node.kind === "output") return trace.map(Number);
  v = wrap(base + v);
  for (let tick = 0; tick < ticks; tick++) {
    const level = BigInt(at(node.threshold, neuron)) * (network.code === "phase" ? 2n ** BigInt(ticks - 1 - tick) : 1n);
    if (v >= level) {
      v = wrap(v - level);
      emit(tick, 1);
    }
    trace.push(v);
  }
  return trace.map(Number);
}

function pool(network: SpikingNetwork, node: SpikingPool, source: number[][], train: number[][], windows: number[][]): void {
  windows.forEach((window, output) => {
    let emitted = 0;
    let alive = window;
    for (let tick = 0; tick < train.length; tick++) {
      const spikes = window.map((member) => source[tick][member]);
      if (node.mode === "sum") train[tick][output] = spikes.reduce((sum, count) => sum + count, 0);
      else if (network.schedule === "synchronous") {
        const largest = Math.max(0, ...window.map((member) => source.slice(0, tick + 1).reduce((sum, now) => sum + now[member], 0)));
        train[tick][output] = largest - emitted;
        emitted = largest;
      } else if (network.code === "rate") train[tick][output] = spikes.some((count) => count > 0) ? 1 : 0;
      else if (alive.some((member) => source[tick][member] > 0)) {
        train[tick][output] = 1;
        alive = alive.filter((member) => source[tick][member] > 0);
      }
    }
  });
}
