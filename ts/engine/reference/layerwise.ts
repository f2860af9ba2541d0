// Layerwise codes by definition: each layer integrates a whole window, then fires it.
import {
  depths,
  hasSignedSpikes,
  type Population,
  type SpikingNetwork,
  type SpikingOutput,
} from "../../spiking/network.ts";
import type { CompiledSchedule } from "../../spiking/codes/schedule.ts";
import { sizeOf } from "../../tensor.ts";
import type { PreparedNetwork, SimulatorCore } from "../simulator.ts";
import type { Recording } from "../recording.ts";
import { signedEvents, signedInputEvents, SpikeRecorder, type SignedEvents } from "./events.ts";
import { Layer } from "./layer.ts";
import { compilePool } from "./pools.ts";
import { windowedCore, type Stage } from "./windows.ts";

/**
 * Each layer integrates the whole window of the layer before, then fires, in 32-bit integers that wrap around.
 * @see docs/mathematics.md T7, T12
 */
export function layerwiseCore({ network, schedule }: PreparedNetwork, recording: Recording): SimulatorCore {
  const { windowTicks, firing } = schedule;
  const depth = depths(network);
  const stages = new Map<string, Stage<SignedEvents[]>>();
  for (const node of network.nodes) {
    if (node.kind === "pool") {
      const pool = compilePool(network, node);
      stages.set(node.name, {
        pass(source, passed) {
          pool.reset();
          for (let tick = 0; tick < windowTicks; tick++) pool.pass(source[tick], passed[tick], firing[tick].payload);
        },
      });
    } else {
      stages.set(node.name, stageOf(network, node, schedule, recording, depth.get(node.name) as number));
    }
  }
  return windowedCore(network, {
    stages,
    emptyWindow: () => Array.from({ length: windowTicks }, signedEvents),
    inputWindow(input) {
      const inputAt = signedInputEvents(input);
      return Array.from({ length: windowTicks }, (_, tick) => inputAt(tick));
    },
  });
}

function stageOf(
  network: SpikingNetwork,
  node: Population | SpikingOutput,
  schedule: CompiledSchedule,
  recording: Recording,
  depth: number,
): Stage<SignedEvents[]> {
  const { windowTicks } = schedule;
  const { name } = node;
  const layer = new Layer(network, node, schedule);
  const traced = recording.potentials.find(({ population }) => population === name)?.neurons;

  const integrate: Stage<SignedEvents[]>["integrate"] = (sample, windowOf) => {
    layer.begin(sample.input.kind === "constant" ? sample.input : undefined);
    const trace = new Int32Array((traced?.length ?? 0) * 2 * windowTicks);
    for (let tick = 0; tick < windowTicks; tick++) {
      sample.synapticOperations += layer.integrate(tick, (from) => windowOf(from)[tick]);
      traced?.forEach((neuron, row) => (trace[row * 2 * windowTicks + tick] = layer.potentialAt(tick, neuron)));
    }
    layer.latch();
    if (traced !== undefined) sample.potentials[name] = trace;
    if (node.kind === "output") sample.charges[name] = layer.firing.slice();
  };
  if (node.kind === "output") return { integrate };

  const fire: Stage<SignedEvents[]>["fire"] = (sample, fired) => {
    const counts = new (node.rectified ? Uint32Array : Int32Array)(sizeOf(node.shape));
    const recorder = new SpikeRecorder(hasSignedSpikes(network));
    const recorded = recording.spikes.includes(name);
    const trace = sample.potentials[name];
    for (let tick = 0; tick < windowTicks; tick++) {
      layer.fire(tick, fired[tick], counts);
      traced?.forEach((neuron, row) => (trace[(row * 2 + 1) * windowTicks + tick] = layer.firing[neuron]));
      sample.spikeCount += fired[tick].plus.length + fired[tick].minus.length;
      if (recorded) recorder.add(depth * windowTicks + tick, fired[tick]);
    }
    if (recording.counts) sample.counts[name] = counts;
    if (recorded) sample.spikes[name] = recorder.train();
  };
  return { integrate, fire };
}
