import { outputsOf, populationsOf, type Population, type SpikingNetwork, type SpikingOutput } from "../../spiking/network.ts";
import { sizeOf } from "../../tensor.ts";
import type { EncodedInput } from "../input.ts";
import { expandCharges, type CoreRun, type Recording, type SimulatorCore } from "../simulator.ts";
import { signedEvents, signedInputEvents, SpikeRecorder, type SignedEvents } from "./events.ts";
import { compilePool, type Pool } from "./pools.ts";
import { deliver, deliverConstant, rowSynapsesTo, type RowSynapse } from "./synapses.ts";

/**
 * All layers tick together, in integers, and a neuron takes spikes back: after every tick its count is
 * clip(floor((v0 + Z) / θ), 0, cap), Z the charge so far, whatever the order of arrival.
 * @see docs/mathematics.md T8
 */
export function signedRateCore(network: SpikingNetwork, recording: Recording): SimulatorCore {
  const spikes = new Map([network.input.name, ...network.nodes.map(({ name }) => name)].map((name) => [name, signedEvents()]));
  const spikesOf = (name: string): SignedEvents => spikes.get(name) as SignedEvents;
  const parts = new Map([...populationsOf(network), ...outputsOf(network)].map((node) => [node.name, new Integrator(node, rowSynapsesTo(network, node.name), network)]));
  const pools = new Map<string, Pool>();
  for (const node of network.nodes) if (node.kind === "pool") pools.set(node.name, compilePool(network, node));
  let elapsed = 0;

  return {
    reset() {
      elapsed = 0;
      for (const part of [...parts.values(), ...pools.values()]) part.reset();
    },

    run(input, ticks): CoreRun {
      for (const part of parts.values()) part.setDrive(network.input.name, input);
      const counts: Record<string, Uint32Array> = {};
      if (recording.counts) for (const node of populationsOf(network)) counts[node.name] = new Uint32Array(sizeOf(node.shape));
      const trains = recording.spikes.map((name) => ({ name, recorder: new SpikeRecorder(true) }));
      const traces = recording.potentials.map(({ population, neurons: listed }) => ({ population, listed, samples: new Int32Array(listed.length * ticks) }));
      let spikeCount = 0;
      let synapticOperations = 0;
      const inputs = signedInputEvents(input, ticks);
      for (let tick = 0; tick < ticks; tick++) {
        spikes.set(network.input.name, inputs[tick]);
        for (const node of network.nodes) {
          const fired = spikesOf(node.name);
          if (node.kind === "pool") {
            pools.get(node.name)?.pass(spikesOf(node.from), fired, 1);
            continue;
          }
          const part = parts.get(node.name) as Integrator;
          synapticOperations += part.integrate(elapsed + tick, spikesOf);
          if (node.kind === "output") continue;
          part.fire(fired);
          spikeCount += fired.plus.length + fired.minus.length;
          const total = counts[node.name];
          if (total === undefined) continue;
          // Of this run alone: under kept state a run may take back what a former one gave, so that the sum wraps back.
          for (let index = 0; index < fired.plus.length; index++) total[fired.plus.neurons[index]]++;
          for (let index = 0; index < fired.minus.length; index++) total[fired.minus.neurons[index]]--;
        }
        for (const { name, recorder } of trains) recorder.addSigned(tick, spikesOf(name));
        for (const { population, listed, samples } of traces) {
          const { potential } = parts.get(population) as Integrator;
          listed.forEach((neuron, row) => (samples[row * ticks + tick] = potential[neuron]));
        }
      }
      elapsed += ticks;
      return {
        charges: Object.fromEntries(outputsOf(network).map(({ name }) => [name, (parts.get(name) as Integrator).potential.slice()])),
        counts,
        spikes: Object.fromEntries(trains.map(({ name, recorder }) => [name, recorder.train()])),
        potentials: Object.fromEntries(traces.map(({ population, samples }) => [population, samples])),
        spikeCount,
        synapticOperations,
      };
    },

    dispose() {
      for (const held of [parts, pools, spikes]) held.clear();
    },
  };
}

/** Charges of a population or output. */
class Integrator {
  readonly potential: Int32Array;
  readonly #initial: Int32Array;
  readonly #threshold: Int32Array;
  readonly #count: Int32Array;
  readonly #synapses: readonly RowSynapse[];
  readonly #bias: Int32Array;
  readonly #windowTicks: number;
  readonly #cap: number;
  #drive: Int32Array;

  constructor(node: Population | SpikingOutput, synapses: readonly RowSynapse[], { windowTicks, levels }: SpikingNetwork) {
    const size = sizeOf(node.shape);
    const fires = node.kind === "population";
    this.#initial = fires ? expandCharges(node.initialPotential as Int32Array, node.shape) : new Int32Array(size);
    this.#threshold = fires ? expandCharges(node.threshold as Int32Array, node.shape) : new Int32Array(0);
    this.#count = new Int32Array(size);
    this.#synapses = synapses;
    this.#bias = expandCharges(node.bias as Int32Array, node.shape);
    this.#drive = this.#bias;
    this.#windowTicks = windowTicks;
    this.#cap = levels;
    this.potential = this.#initial.slice();
  }

  reset(): void {
    this.potential.set(this.#initial);
    this.#count.fill(0);
  }

  /** A = B + Σq·N_0: what arrives in a window of `windowTicks`. */
  setDrive(inputName: string, input: EncodedInput): void {
    this.#drive = this.#bias.slice();
    if (input.kind === "events") return;
    for (const synapse of this.#synapses) if (synapse.from === inputName) deliverConstant(synapse, input.values, this.#drive);
  }

  integrate(tick: number, spikesOf: (name: string) => SignedEvents): number {
    const ticks = this.#windowTicks;
    for (let index = 0; index < this.potential.length; index++) {
      this.potential[index] += share(this.#drive[index], tick + 1, ticks) - share(this.#drive[index], tick, ticks);
    }
    let operations = 0;
    for (const synapse of this.#synapses) {
      const { plus, minus } = spikesOf(synapse.from);
      operations += deliver(synapse, plus, this.potential) + deliver(synapse, minus, this.potential, -1);
    }
    return operations;
  }

  fire({ plus, minus }: SignedEvents): void {
    plus.length = 0;
    minus.length = 0;
    for (let index = 0; index < this.potential.length; index++) {
      const threshold = this.#threshold[index];
      const wanted = Math.floor(this.potential[index] / threshold) + this.#count[index];
      const change = Math.min(Math.max(wanted, 0), this.#cap) - this.#count[index];
      if (change === 0) continue;
      this.potential[index] -= change * threshold;
      this.#count[index] += change;
      const list = change > 0 ? plus : minus;
      for (let spike = 0; spike < Math.abs(change); spike++) list.push(index);
    }
  }
}

/** floor(tick · charge / ticks), exact: the product of 32 and 24 bits may round in float64, so that the quotient is put right. */
function share(charge: number, tick: number, ticks: number): number {
  const whole = Math.floor(charge / ticks);
  const rest = charge - whole * ticks;
  return whole * tick + Math.floor((rest * tick) / ticks);
}
