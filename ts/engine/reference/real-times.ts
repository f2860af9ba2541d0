import { depths, type SpikingNetwork, type SpikingPool } from "../../spiking/network.ts";
import type { SpikeTrain } from "../engine.ts";
import { expandCharges, type CoreRun, type Recording, type SimulatorCore } from "../simulator.ts";
import { windowsOf } from "./pools.ts";
import { deliverConstant, deliverValues, rowSynapsesTo } from "./synapses.ts";

/** Spikes of one window, by ascending neuron, with times from 0 to 1. */
interface TimedSpikes {
  readonly neurons: number[];
  readonly times: number[];
}

/**
 * Real-valued time to first spike, in float32: a window is one tick. A spike at time t lets its synapse's current flow until the
 * window ends, which delivers q·(1 − t); then the membrane rises to θ in the next window, and fires at t = 1 − V/θ. V ≤ 0: never,
 * V ≥ θ: at once. Times are float64, so that 1 − t gives V/θ back whole.
 * @see docs/mathematics.md T9
 */
export function realTimesCore(network: SpikingNetwork, recording: Recording): SimulatorCore {
  const depth = depths(network);
  const synapses = new Map(network.nodes.map((node) => [node.name, rowSynapsesTo(network, node.name)]));
  const pools = new Map(network.nodes.flatMap((node) => (node.kind === "pool" ? [[node.name, timedPool(network, node)] as const] : [])));

  const run: SimulatorCore["run"] = (input): CoreRun => {
    const spikes = new Map<string, TimedSpikes>([[network.input.name, { neurons: [], times: [] }]]);
    if (input.kind === "events") {
      const { neurons, times = new Float64Array(neurons.length) } = input;
      spikes.set(network.input.name, { neurons: Array.from(neurons), times: Array.from(times) });
    }
    const charges: Record<string, Float32Array> = {};
    const counts: Record<string, Uint32Array> = {};
    const trains: Record<string, SpikeTrain> = {};
    const potentials: Record<string, Float32Array> = {};
    let spikeCount = 0;
    let synapticOperations = 0;
    for (const node of network.nodes) {
      if (node.kind === "pool") {
        spikes.set(node.name, (pools.get(node.name) as TimedPool)(spikes.get(node.from) as TimedSpikes));
        continue;
      }
      const potential = expandCharges(node.bias as Float32Array, node.shape).slice();
      for (const synapse of synapses.get(node.name) ?? []) {
        if (synapse.from === network.input.name && input.kind === "constant") deliverConstant(synapse, input.values, potential);
        const { neurons, times } = spikes.get(synapse.from) as TimedSpikes;
        synapticOperations += deliverValues(synapse, neurons, times.map((time) => Math.fround(1 - time)), potential);
      }
      if (node.kind === "output") {
        charges[node.name] = potential;
        continue;
      }
      const threshold = expandCharges(node.threshold as Float32Array, node.shape);
      const fired: TimedSpikes = { neurons: [], times: [] };
      const count = new Uint32Array(potential.length);
      for (let neuron = 0; neuron < potential.length; neuron++) {
        if (!(potential[neuron] > 0)) continue;
        fired.neurons.push(neuron);
        fired.times.push(1 - Math.min(1, Math.fround(potential[neuron] / threshold[neuron])));
        count[neuron] = 1;
      }
      spikes.set(node.name, fired);
      spikeCount += fired.neurons.length;
      if (recording.counts) counts[node.name] = count;
      const layer = depth.get(node.name) ?? 0;
      if (recording.spikes.includes(node.name)) trains[node.name] = trainOf(fired, layer);
      const traced = recording.potentials.find(({ population }) => population === node.name);
      if (traced !== undefined) {
        // Two samples: at the end of the window that integrates, and of the one that fires, where a neuron that fired has spent its charge.
        potentials[node.name] = Float32Array.from({ length: 2 * traced.neurons.length }, (_, index) => {
          const value = potential[traced.neurons[index >> 1]];
          return index % 2 === 0 || value <= 0 ? value : 0;
        });
      }
    }
    return { charges, counts, spikes: trains, potentials, spikeCount, synapticOperations };
  };

  return { run, reset() {}, dispose() {} };
}

/** In order of time, as any train; of neuron, where times are equal. */
function trainOf({ neurons, times }: TimedSpikes, layer: number): SpikeTrain {
  const order = Array.from(neurons.keys()).sort((a, b) => times[a] - times[b] || neurons[a] - neurons[b]);
  return {
    ticks: new Uint32Array(order.length).fill(layer),
    neurons: Uint32Array.from(order, (index) => neurons[index]),
    times: Float64Array.from(order, (index) => layer + times[index]),
    length: order.length,
  };
}

type TimedPool = (spikes: TimedSpikes) => TimedSpikes;

/** Max: the earliest spike. Sum: all of them, by ascending output, then member. */
function timedPool(network: SpikingNetwork, pool: SpikingPool): TimedPool {
  const { starts, outputs, count } = windowsOf(network, pool);
  const channels = pool.shape[pool.shape.length - 1];
  return ({ neurons, times }) => {
    const arrived: number[][] = Array.from({ length: count }, () => []);
    neurons.forEach((member, index) => {
      for (let edge = starts[member]; edge < starts[member + 1]; edge++) arrived[outputs[edge]].push(times[index]);
    });
    const passed: TimedSpikes = { neurons: [], times: [] };
    arrived.forEach((list, output) => {
      if (list.length === 0) return;
      const kept = pool.mode === "max" ? [Math.min(...list)] : list;
      const copies = pool.multiplicity?.[Math.floor(output / channels)] ?? 1;
      for (const time of kept) {
        for (let copy = 0; copy < copies; copy++) {
          passed.neurons.push(output);
          passed.times.push(time);
        }
      }
    });
    return passed;
  };
}
