import { depths } from "../../spiking/network.ts";
import type { CompiledSchedule } from "../../spiking/schedule.ts";
import { sizeOf } from "../../tensor.ts";
import type { SpikeTrain } from "../engine.ts";
import { expandCharges, type CoreRun, type PreparedNetwork, type Recording, type SimulatorCore } from "../simulator.ts";
import { EventList, inputEvents, SpikeRecorder } from "./events.ts";
import { compilePool } from "./pools.ts";
import { deliver, deliverConstant, rowSynapsesTo } from "./synapses.ts";

/**
 * Each layer integrates the former one's whole window, then fires, in 32-bit integers that wrap.
 * @see docs/mathematics.md T7
 */
export function layerwiseCore({ network, schedule }: PreparedNetwork, recording: Recording): SimulatorCore {
  const { windowTicks, firing, integrationGain } = schedule;
  const depth = depths(network);
  const synapses = new Map(network.nodes.map((node) => [node.name, rowSynapsesTo(network, node.name)]));
  const pools = new Map(network.nodes.flatMap((node) => (node.kind === "pool" ? [[node.name, compilePool(network, node)] as const] : [])));
  /** Spikes of every node, one list a tick of its window. */
  const windows = new Map(network.nodes.map((node) => [node.name, Array.from({ length: windowTicks }, () => new EventList())]));

  const run: SimulatorCore["run"] = (input): CoreRun => {
    windows.set(network.input.name, inputEvents(input, windowTicks));
    for (const pool of pools.values()) pool.reset();
    const charges: Record<string, Int32Array> = {};
    const counts: Record<string, Uint32Array> = {};
    const spikes: Record<string, SpikeTrain> = {};
    const potentials: Record<string, Int32Array> = {};
    let spikeCount = 0;
    let synapticOperations = 0;

    for (const node of network.nodes) {
      const fired = windowOf(windows, node.name);
      if (node.kind === "pool") {
        const source = windowOf(windows, node.from);
        for (let tick = 0; tick < windowTicks; tick++) pools.get(node.name)?.pass(source[tick], fired[tick], firing[tick].payload);
        continue;
      }
      const size = sizeOf(node.shape);
      // What does not depend on spikes: v0 + B + constant current. It joins after the last doubling.
      const base = expandCharges(node.bias as Int32Array, node.shape).slice();
      if (node.kind === "population") {
        const initial = expandCharges(node.initialPotential as Int32Array, node.shape);
        for (let index = 0; index < size; index++) base[index] += initial[index];
      }
      if (input.kind === "constant") {
        for (const synapse of synapses.get(node.name) ?? []) if (synapse.from === network.input.name) deliverConstant(synapse, input.values, base);
      }

      const listed = recording.potentials.find(({ population }) => population === node.name)?.neurons ?? new Uint32Array(0);
      const trace = new Int32Array(listed.length * 2 * windowTicks);
      const sample = (at: number, read: (neuron: number) => number): void => {
        for (let row = 0; row < listed.length; row++) trace[row * 2 * windowTicks + at] = read(listed[row]);
      };

      const potential = new Int32Array(size);
      for (let tick = 0; tick < windowTicks; tick++) {
        if (integrationGain === 2) for (let index = 0; index < size; index++) potential[index] <<= 1;
        for (const synapse of synapses.get(node.name) ?? []) synapticOperations += deliver(synapse, windowOf(windows, synapse.from)[tick], potential);
        const doublings = integrationGain === 2 ? windowTicks - 1 - tick : 0;
        sample(tick, (neuron) => base[neuron] + (potential[neuron] << doublings));
      }
      for (let index = 0; index < size; index++) potential[index] += base[index];
      if (node.kind === "output") {
        charges[node.name] = potential;
        continue;
      }

      const total = new Uint32Array(size);
      const threshold = expandCharges(node.threshold as Int32Array, node.shape);
      const recorder = new SpikeRecorder();
      for (let tick = 0; tick < windowTicks; tick++) {
        fire(potential, threshold, firing[tick], fired[tick], total);
        sample(windowTicks + tick, (neuron) => potential[neuron]);
        spikeCount += fired[tick].length;
        if (recording.spikes.includes(node.name)) recorder.add((depth.get(node.name) ?? 0) * windowTicks + tick, fired[tick]);
      }
      if (recording.counts) counts[node.name] = total;
      if (recording.spikes.includes(node.name)) spikes[node.name] = recorder.train();
      if (recording.potentials.some(({ population }) => population === node.name)) potentials[node.name] = trace;
    }
    return { charges, counts, spikes, potentials, spikeCount, synapticOperations };
  };

  return { run, reset() {}, dispose: () => windows.clear() };
}

function windowOf(windows: ReadonlyMap<string, EventList[]>, name: string): EventList[] {
  return windows.get(name) as EventList[];
}

/** One firing tick: spikes weigh `payload`, the threshold is θ · factor. */
function fire(potential: Int32Array, threshold: Int32Array, { thresholdFactor, payload }: CompiledSchedule["firing"][number], fired: EventList, counts: Uint32Array): void {
  fired.length = 0;
  for (let index = 0; index < potential.length; index++) {
    const level = threshold[index] * thresholdFactor;
    if (potential[index] < level) continue;
    potential[index] -= level;
    counts[index] += payload;
    fired.push(index);
  }
}
