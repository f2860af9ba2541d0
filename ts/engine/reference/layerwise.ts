import { depths, type Population } from "../../spiking/network.ts";
import type { CompiledSchedule } from "../../spiking/schedule.ts";
import { sizeOf } from "../../tensor.ts";
import type { SpikeTrain } from "../engine.ts";
import { expandCharges, type CoreRun, type PreparedNetwork, type Recording, type SimulatorCore } from "../simulator.ts";
import { inputEvents, signedEvents, SpikeRecorder, type SignedEvents } from "./events.ts";
import { compilePool } from "./pools.ts";
import { deliver, deliverConstant, rowSynapsesTo } from "./synapses.ts";

/**
 * Each layer integrates the former one's whole window, then fires, in 32-bit integers that wrap.
 * @see docs/mathematics.md T7, T12
 */
export function layerwiseCore({ network, schedule }: PreparedNetwork, recording: Recording): SimulatorCore {
  const { windowTicks, firing, integrationGain, delivery } = schedule;
  const depth = depths(network);
  const synapses = new Map(network.nodes.map((node) => [node.name, rowSynapsesTo(network, node.name)]));
  const pools = new Map(network.nodes.flatMap((node) => (node.kind === "pool" ? [[node.name, compilePool(network, node)] as const] : [])));
  /** Spikes of every node, tick by tick of its window. */
  const windows = new Map(network.nodes.map((node) => [node.name, Array.from({ length: windowTicks }, signedEvents)]));
  const windowOf = (name: string): SignedEvents[] => windows.get(name) as SignedEvents[];

  const run: SimulatorCore["run"] = (input): CoreRun => {
    windows.set(network.input.name, inputEvents(input, windowTicks).map((plus) => ({ ...signedEvents(), plus })));
    for (const pool of pools.values()) pool.reset();
    const charges: Record<string, Int32Array> = {};
    const counts: Record<string, Uint32Array | Int32Array> = {};
    const spikes: Record<string, SpikeTrain> = {};
    const potentials: Record<string, Int32Array> = {};
    let spikeCount = 0;
    let synapticOperations = 0;

    for (const node of network.nodes) {
      const fired = windowOf(node.name);
      if (node.kind === "pool") {
        const source = windowOf(node.from);
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
        if (integrationGain !== 1) for (let index = 0; index < size; index++) potential[index] = Math.imul(potential[index], integrationGain);
        const factor = delivery === "weighted" ? firing[tick].payload : 1;
        for (const synapse of synapses.get(node.name) ?? []) {
          const { plus, minus } = windowOf(synapse.from)[tick];
          synapticOperations += deliver(synapse, plus, potential, factor) + deliver(synapse, minus, potential, -1);
        }
        const later = integrationGain ** (windowTicks - 1 - tick);
        sample(tick, (neuron) => base[neuron] + Math.imul(potential[neuron], later));
      }
      for (let index = 0; index < size; index++) potential[index] += base[index];
      if (node.kind === "output") {
        charges[node.name] = potential;
        continue;
      }

      const threshold = expandCharges(node.threshold as Int32Array, node.shape);
      gate(potential, threshold, node, schedule);
      const total = node.rectified ? new Uint32Array(size) : new Int32Array(size);
      const recorder = new SpikeRecorder(network.spikes === "signed");
      for (let tick = 0; tick < windowTicks; tick++) {
        fire(potential, threshold, firing[tick], fired[tick], total);
        sample(windowTicks + tick, (neuron) => potential[neuron]);
        spikeCount += fired[tick].plus.length + fired[tick].minus.length;
        if (recording.spikes.includes(node.name)) recorder.addSigned((depth.get(node.name) ?? 0) * windowTicks + tick, fired[tick]);
      }
      if (recording.counts) counts[node.name] = total;
      if (recording.spikes.includes(node.name)) spikes[node.name] = recorder.train();
      if (recording.potentials.some(({ population }) => population === node.name)) potentials[node.name] = trace;
    }
    return { charges, counts, spikes, potentials, spikeCount, synapticOperations };
  };

  return { run, reset() {}, dispose: () => windows.clear() };
}

/** What happens to the membrane between the last tick that integrates and the first that fires. */
function gate(potential: Int32Array, threshold: Int32Array, { rectified }: Population, { raisedToZero, cappedAt }: CompiledSchedule): void {
  if (raisedToZero && rectified) for (let index = 0; index < potential.length; index++) if (potential[index] < 0) potential[index] = 0;
  if (cappedAt === null) return;
  for (let index = 0; index < potential.length; index++) {
    const most = threshold[index] * cappedAt - 1;
    if (potential[index] > most) potential[index] = most;
  }
}

/** One firing tick. */
function fire(potential: Int32Array, threshold: Int32Array, { above, below, payload }: CompiledSchedule["firing"][number], fired: SignedEvents, counts: Uint32Array | Int32Array): void {
  const { plus, minus } = fired;
  plus.length = 0;
  minus.length = 0;
  for (let index = 0; index < potential.length; index++) {
    const half = threshold[index] / 2;
    if (potential[index] >= half * above) {
      potential[index] -= threshold[index] * payload;
      counts[index] += payload;
      plus.push(index);
    } else if (below !== null && potential[index] < -half * below) {
      potential[index] += threshold[index] * payload;
      counts[index] -= payload;
      minus.push(index);
    }
  }
}
