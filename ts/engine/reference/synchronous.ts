import {
  outputsOf,
  populationsOf,
  type Population,
  type SpikingNetwork,
  type SpikingOutput,
} from "../../spiking/network.ts";
import { sizeOf } from "../../tensor.ts";
import type { EncodedInput } from "../input.ts";
import { expandCharges, type SimulatorCore } from "../simulator.ts";
import type { Recording } from "../recording.ts";
import type { SignedEvents } from "./events.ts";
import { deliver, deliverConstant, rowSynapsesTo, type RowSynapse } from "./synapses.ts";
import { tickedCore, type SpikesOf, type TickedPart } from "./ticks.ts";

/** All layers tick together, in float32: every store into a Float32Array rounds, and the order is that of contracts.md §3. */
export function synchronousCore(network: SpikingNetwork, recording: Recording): SimulatorCore {
  const neurons = populationsOf(network).map(
    (node) => [node.name, new Neurons(node, rowSynapsesTo(network, node.name))] as const,
  );
  const outputs = outputsOf(network).map(
    (node) => [node.name, new Integrator(node, rowSynapsesTo(network, node.name))] as const,
  );
  return tickedCore(network, recording, new Map<string, TickedPart>([...neurons, ...outputs]));
}

/** Charge that arrives in every tick: the bias, then weight · value of every input. */
function driveOf(
  bias: Float32Array,
  synapses: readonly RowSynapse[],
  inputName: string,
  input: EncodedInput,
): Float32Array {
  const drive = bias.slice();
  if (input.values === undefined) return drive;
  for (const synapse of synapses) if (synapse.from === inputName) deliverConstant(synapse, input.values, drive);
  return drive;
}

/** An output never fires. What a tick brings is summed in float32, from the drive on, then added in float64: a long run does not wear the sum off. */
class Integrator implements TickedPart {
  readonly potential: Float64Array;
  readonly #brought: Float32Array;
  readonly #bias: Float32Array;
  readonly #synapses: readonly RowSynapse[];
  #drive: Float32Array;

  constructor(output: SpikingOutput, synapses: readonly RowSynapse[]) {
    this.#bias = expandCharges(output.bias as Float32Array, output.shape);
    this.#drive = this.#bias;
    this.#synapses = synapses;
    this.potential = new Float64Array(sizeOf(output.shape));
    this.#brought = new Float32Array(this.potential.length);
  }

  reset(): void {
    this.potential.fill(0);
  }

  setDrive(inputName: string, input: EncodedInput): void {
    this.#drive = driveOf(this.#bias, this.#synapses, inputName, input);
  }

  integrate(spikesOf: SpikesOf): number {
    const { potential } = this;
    const brought = this.#brought;
    brought.set(this.#drive);
    let operations = 0;
    for (const synapse of this.#synapses)
      operations += deliver(synapse, spikesOf(synapse.from, synapse.delayTicks).plus, brought);
    for (let index = 0; index < potential.length; index++) potential[index] += brought[index];
    return operations;
  }
}

/** A population, tick by tick, in the order of the update equations. */
class Neurons implements TickedPart {
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

  integrate(spikesOf: SpikesOf): number {
    this.#leak();
    let operations = 0;
    for (const synapse of this.#synapses)
      operations += deliver(synapse, spikesOf(synapse.from, synapse.delayTicks).plus, this.potential);
    this.#discard();
    this.#clamp();
    return operations;
  }

  #leak(): void {
    const { potential } = this;
    const drive = this.#drive;
    const held = this.#held;
    const leakFactor = this.#leakFactor;
    for (let index = 0; index < held.length; index++) held[index] = leakFactor * potential[index];
    for (let index = 0; index < potential.length; index++)
      potential[index] = Math.fround(leakFactor * potential[index]) + drive[index];
  }

  #discard(): void {
    for (let index = 0; index < this.#held.length; index++) {
      if (this.#waiting[index] > 0) this.potential[index] = this.#held[index];
    }
  }

  #clamp(): void {
    const floor = this.#floor;
    if (floor === -Infinity) return;
    for (let index = 0; index < this.potential.length; index++)
      if (this.potential[index] < floor) this.potential[index] = floor;
  }

  fire({ plus: fired }: SignedEvents): void {
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
