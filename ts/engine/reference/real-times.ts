// Time to first spike with real-valued times, by definition (T9).
import { expandCharges } from "../../spiking/charges.ts";
import {
  depths,
  type Population,
  type SpikingNetwork,
  type SpikingOutput,
  type SpikingPool,
} from "../../spiking/network.ts";
import type { SpikeTrain } from "../engine.ts";
import type { SimulatorCore } from "../simulator.ts";
import type { Recording } from "../recording.ts";
import { windowsOf } from "./pool-windows.ts";
import { deliverConstant, deliverValues, rowSynapsesTo } from "./synapses.ts";
import { windowedCore, type Stage } from "./windows.ts";

/** Spikes of one window, by ascending neuron, with times from 0 to 1. */
interface TimedSpikes {
  readonly neurons: number[];
  readonly times: number[];
}

/**
 * Real-valued time to first spike in float32; a window is one tick. After a spike at time t, the synapse's current
 * flows until the window ends and delivers q·(1 − t). In the next window the membrane rises to θ and fires at t = 1 −
 * V/θ: at once for V ≥ θ, never for V ≤ 0. Times are float64, so 1 − t equals V/θ exactly, except for the last bits of
 * values below 2^−29.
 * @see docs/mathematics.md T9
 */
export function realTimesCore(network: SpikingNetwork, recording: Recording): SimulatorCore {
  const depth = depths(network);
  const stages = new Map<string, Stage<TimedSpikes>>();
  for (const node of network.nodes) {
    if (node.kind === "pool") stages.set(node.name, { pass: timedPool(network, node) });
    else stages.set(node.name, stageOf(network, node, recording, depth.get(node.name) as number));
  }
  return windowedCore(network, {
    stages,
    emptyWindow: () => ({ neurons: [], times: [] }),
    inputWindow(input) {
      if (input.kind === "constant") return { neurons: [], times: [] };
      const { neurons, times = new Float64Array(neurons.length) } = input;
      return { neurons: Array.from(neurons), times: Array.from(times) };
    },
  });
}

function stageOf(
  network: SpikingNetwork,
  node: Population | SpikingOutput,
  recording: Recording,
  depth: number,
): Stage<TimedSpikes> {
  const { name } = node;
  const synapses = rowSynapsesTo(network, name);
  const bias = expandCharges(node.bias as Float32Array, node.shape);
  let charge = bias;

  const integrate: Stage<TimedSpikes>["integrate"] = (sample, windowOf) => {
    charge = bias.slice();
    for (const synapse of synapses) {
      if (synapse.from === network.input.name && sample.input.kind === "constant")
        deliverConstant(synapse, sample.input.values, charge);
      const { neurons, times } = windowOf(synapse.from);
      sample.synapticOperations += deliverValues(
        synapse,
        neurons,
        times.map((time) => Math.fround(1 - time)),
        charge,
      );
    }
    if (node.kind === "output") sample.charges[name] = Float64Array.from(charge);
  };
  if (node.kind === "output") return { integrate };

  const threshold = expandCharges(node.neuron.threshold as Float32Array, node.shape);
  const traced = recording.potentials.find(({ population }) => population === name)?.neurons;
  const fire: Stage<TimedSpikes>["fire"] = (sample, { neurons, times }) => {
    neurons.length = 0;
    times.length = 0;
    const counts = new Uint32Array(charge.length);
    for (let neuron = 0; neuron < charge.length; neuron++) {
      if (!(charge[neuron] > 0)) continue;
      neurons.push(neuron);
      times.push(1 - Math.min(1, Math.fround(charge[neuron] / threshold[neuron])));
      counts[neuron] = 1;
    }
    sample.spikeCount += neurons.length;
    if (recording.counts) sample.counts[name] = counts;
    if (recording.spikes.includes(name)) sample.spikes[name] = trainOf({ neurons, times }, depth);
    // Two samples: at the end of the integrating window, and of the firing window, after which a fired neuron has no
    // charge left.
    if (traced !== undefined)
      sample.potentials[name] = Float32Array.from(
        [...traced].flatMap((neuron) => [charge[neuron], Math.min(charge[neuron], 0)]),
      );
  };
  return { integrate, fire };
}

/** The spikes sorted by time, then by neuron. */
function trainOf({ neurons, times }: TimedSpikes, layer: number): SpikeTrain {
  const order = Array.from(neurons.keys()).sort((a, b) => times[a] - times[b] || neurons[a] - neurons[b]);
  return {
    ticks: new Uint32Array(order.length).fill(layer),
    neurons: Uint32Array.from(order, (index) => neurons[index]),
    times: Float64Array.from(order, (index) => layer + times[index]),
    length: order.length,
  };
}

/** Max: the earliest spike. Sum: all of them, by ascending output, then member. */
function timedPool(network: SpikingNetwork, pool: SpikingPool): (source: TimedSpikes, passed: TimedSpikes) => void {
  const { starts, outputs, count } = windowsOf(network, pool);
  const channels = pool.shape[pool.shape.length - 1];
  return ({ neurons, times }, passed) => {
    passed.neurons.length = 0;
    passed.times.length = 0;
    const arrived: number[][] = Array.from({ length: count }, () => []);
    neurons.forEach((member, index) => {
      for (let edge = starts[member]; edge < starts[member + 1]; edge++) arrived[outputs[edge]].push(times[index]);
    });
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
  };
}
