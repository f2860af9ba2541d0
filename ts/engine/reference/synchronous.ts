import { outputsOf, populationsOf, type Population, type SpikingNetwork, type SpikingOutput } from "../../spiking/network.ts";
import { sizeOf } from "../../tensor.ts";
import type { EncodedInput } from "../input.ts";
import { expandCharges, type CoreRun, type Recording, type SimulatorCore } from "../simulator.ts";
import { EventList, histories, inputEvents, signedEvents, SpikeRecorder, type History } from "./events.ts";
import { compilePool, type Pool } from "./pools.ts";
import { deliver, deliverConstant, rowSynapsesTo, type RowSynapse } from "./synapses.ts";

/** All layers tick together, in float32: every store into a Float32Array rounds, and the order is that of contracts.md §3. */
export function synchronousCore(network: SpikingNetwork, recording: Recording): SimulatorCore {
  const events = histories(network, () => new EventList());
  const eventsOf: EventsOf = (name, delayTicks = 0) => (events.get(name) as History<EventList>).ago(delayTicks);

  const neurons = new Map(populationsOf(network).map((node) => [node.name, new Neurons(node, rowSynapsesTo(network, node.name))]));
  const outputs = new Map(outputsOf(network).map((node) => [node.name, new Integrator(node, rowSynapsesTo(network, node.name))]));
  const pools = new Map<string, Pool>();
  for (const node of network.nodes) if (node.kind === "pool") pools.set(node.name, compilePool(network, node));

  return {
    reset() {
      for (const part of [...neurons.values(), ...outputs.values(), ...pools.values()]) part.reset();
      for (const history of events.values()) for (const list of history.all()) list.length = 0;
    },

    run(input, ticks): CoreRun {
      for (const part of [...neurons.values(), ...outputs.values()]) part.setDrive(network.input.name, input);
      const counts: Record<string, Uint32Array> = {};
      if (recording.counts) for (const node of populationsOf(network)) counts[node.name] = new Uint32Array(sizeOf(node.shape));
      const trains = recording.spikes.map((name) => ({ name, recorder: new SpikeRecorder() }));
      const traces = recording.potentials.map(({ population, neurons: listed }) => ({ population, listed, samples: new Float32Array(listed.length * ticks) }));
      let spikeCount = 0;
      let synapticOperations = 0;

      const inputs = inputEvents(input, ticks);
      for (let tick = 0; tick < ticks; tick++) {
        for (const [name, history] of events) history.advance(name === network.input.name ? inputs[tick] : undefined);
        for (const node of network.nodes) {
          const fired = eventsOf(node.name);
          if (node.kind === "pool") {
            pools.get(node.name)?.pass({ ...signedEvents(), plus: eventsOf(node.from) }, { ...signedEvents(), plus: fired }, 1);
            continue;
          }
          const part = node.kind === "output" ? outputs.get(node.name) : neurons.get(node.name);
          synapticOperations += (part as Integrator | Neurons).tick(eventsOf, fired);
          if (node.kind === "output") continue;
          spikeCount += fired.length;
          const total = counts[node.name];
          if (total !== undefined) for (let index = 0; index < fired.length; index++) total[fired.neurons[index]]++;
        }
        for (const { name, recorder } of trains) recorder.add(tick, eventsOf(name));
        for (const { population, listed, samples } of traces) {
          const potential = (neurons.get(population) as Neurons).potential;
          listed.forEach((neuron, row) => (samples[row * ticks + tick] = potential[neuron]));
        }
      }
      return {
        charges: Object.fromEntries([...outputs].map(([name, output]) => [name, output.charge.slice()])),
        counts,
        spikes: Object.fromEntries(trains.map(({ name, recorder }) => [name, recorder.train()])),
        potentials: Object.fromEntries(traces.map(({ population, samples }) => [population, samples])),
        spikeCount,
        synapticOperations,
      };
    },

    dispose() {
      for (const parts of [neurons, outputs, pools, events]) parts.clear();
    },
  };
}

/** Charge that arrives in every tick: the bias, then weight · value of every input. */
function driveOf(bias: Float32Array, synapses: readonly RowSynapse[], inputName: string, input: EncodedInput): Float32Array {
  const drive = bias.slice();
  if (input.kind === "events") return drive;
  for (const synapse of synapses) if (synapse.from === inputName) deliverConstant(synapse, input.values, drive);
  return drive;
}

type EventsOf = (name: string, delayTicks?: number) => EventList;

/** An output: integrates and never fires. */
class Integrator {
  readonly charge: Float32Array;
  readonly #bias: Float32Array;
  readonly #synapses: readonly RowSynapse[];
  #drive: Float32Array;

  constructor(output: SpikingOutput, synapses: readonly RowSynapse[]) {
    this.#bias = expandCharges(output.bias as Float32Array, output.shape);
    this.#drive = this.#bias;
    this.#synapses = synapses;
    this.charge = new Float32Array(sizeOf(output.shape));
  }

  reset(): void {
    this.charge.fill(0);
  }

  setDrive(inputName: string, input: EncodedInput): void {
    this.#drive = driveOf(this.#bias, this.#synapses, inputName, input);
  }

  tick(eventsOf: EventsOf): number {
    for (let index = 0; index < this.charge.length; index++) this.charge[index] += this.#drive[index];
    let operations = 0;
    for (const synapse of this.#synapses) operations += deliver(synapse, eventsOf(synapse.from, synapse.delayTicks), this.charge);
    return operations;
  }
}

/** A population, tick by tick, in the order of the update equations. */
class Neurons {
  readonly potential: Float32Array;
  readonly #population: Population;
  readonly #synapses: readonly RowSynapse[];
  readonly #bias: Float32Array;
  readonly #threshold: Float32Array;
  readonly #initial: Float32Array;
  readonly #leakFactor: number;
  readonly #floor: number;
  /** Ticks for which each neuron stays refractory; empty where there is no refractory period. */
  readonly #waiting: Uint32Array;
  /** Potentials that input must not change, of neurons that discard it. */
  readonly #held: Float32Array;
  #drive: Float32Array;

  constructor(population: Population, synapses: readonly RowSynapse[]) {
    const { shape, refractory } = population;
    const size = sizeOf(shape);
    this.#population = population;
    this.#synapses = synapses;
    this.#bias = expandCharges(population.bias as Float32Array, shape);
    this.#drive = this.#bias;
    this.#threshold = expandCharges(population.threshold as Float32Array, shape);
    this.#initial = expandCharges(population.initialPotential as Float32Array, shape);
    this.#leakFactor = Math.fround(population.leakFactor);
    this.#floor = Math.fround(population.floor);
    this.#waiting = new Uint32Array(refractory.ticks > 0 ? size : 0);
    this.#held = new Float32Array(refractory.ticks > 0 && refractory.input === "discard" ? size : 0);
    this.potential = this.#initial.slice();
  }

  reset(): void {
    this.potential.set(this.#initial);
    this.#waiting.fill(0);
  }

  setDrive(inputName: string, input: EncodedInput): void {
    this.#drive = driveOf(this.#bias, this.#synapses, inputName, input);
  }

  /** Integrates one tick, then fires into `fired`; returns the number of synaptic operations. */
  tick(eventsOf: EventsOf, fired: EventList): number {
    this.#leak();
    let operations = 0;
    for (const synapse of this.#synapses) operations += deliver(synapse, eventsOf(synapse.from, synapse.delayTicks), this.potential);
    this.#discard();
    this.#clamp();
    this.#fire(fired);
    return operations;
  }

  #leak(): void {
    const { potential } = this;
    const drive = this.#drive;
    const held = this.#held;
    const leakFactor = this.#leakFactor;
    for (let index = 0; index < held.length; index++) held[index] = leakFactor * potential[index];
    for (let index = 0; index < potential.length; index++) potential[index] = Math.fround(leakFactor * potential[index]) + drive[index];
  }

  #discard(): void {
    for (let index = 0; index < this.#held.length; index++) {
      if (this.#waiting[index] > 0) this.potential[index] = this.#held[index];
    }
  }

  #clamp(): void {
    const floor = this.#floor;
    if (floor === -Infinity) return;
    for (let index = 0; index < this.potential.length; index++) if (this.potential[index] < floor) this.potential[index] = floor;
  }

  #fire(fired: EventList): void {
    const { potential } = this;
    const { reset, spikesPerTick, refractory } = this.#population;
    const threshold = this.#threshold;
    const waiting = this.#waiting;
    fired.length = 0;
    for (let index = 0; index < potential.length; index++) {
      if (refractory.ticks > 0 && waiting[index] > 0) {
        waiting[index]--;
        continue;
      }
      if (!(potential[index] >= threshold[index])) continue;
      const spikes = spikesPerTick === 1 ? 1 : Math.min(Math.floor(potential[index] / threshold[index]), spikesPerTick);
      if (reset === "hard") potential[index] = 0;
      else potential[index] -= spikes * threshold[index];
      for (let spike = 0; spike < spikes; spike++) fired.push(index);
      if (refractory.ticks > 0) waiting[index] = refractory.ticks;
    }
  }
}
