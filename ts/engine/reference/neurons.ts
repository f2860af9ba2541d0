// Defines each neuron model tick by tick, in the order of the update equations.
import { expandCharges } from "../../spiking/charges.ts";
import type { Neuron, Population } from "../../spiking/network.ts";
import { sizeOf } from "../../tensor.ts";
import type { EncodedInput } from "../input.ts";

import type { SignedEvents } from "./events.ts";
import { deliver, driveOf, type RowSynapse } from "./synapses.ts";
import type { SpikesOf, TickedPart } from "./ticks.ts";

/** The neurons of a population, by model. */
export const neuronModels = {
  llif: (population, synapses) => new LlifNeurons(population, synapses),
} satisfies Record<Neuron["model"], (population: Population, synapses: readonly RowSynapse[]) => TickedPart>;

/** Every array has one value per neuron. A part that is null does nothing. */
class LlifNeurons implements TickedPart {
  readonly potential: Float32Array;
  readonly #synapses: readonly RowSynapse[];
  readonly #bias: Float32Array;
  readonly #threshold: Float32Array;
  readonly #initial: Float32Array;
  readonly #leakFactor: Float32Array | null;
  readonly #floor: Float32Array | null;
  readonly #hard: Uint8Array | null;
  readonly #refractoryTicks: Uint32Array | null;
  readonly #spikesPerTick: number;
  /** Refractory ticks left per neuron. */
  readonly #refractoryTicksLeft: Uint32Array;
  /** Potentials before input, for refractory neurons that discard input; empty if there are none. */
  readonly #unchanged: Float32Array;
  #drive: Float32Array;

  constructor({ shape, bias, neuron }: Population, synapses: readonly RowSynapse[]) {
    const { threshold, initialPotential, leak, floor, reset, refractory, spikesPerTick = 1 } = neuron;
    const size = sizeOf(shape);
    this.#synapses = synapses;
    this.#bias = expandCharges(bias as Float32Array, shape);
    this.#drive = this.#bias;
    this.#threshold = expandCharges(threshold as Float32Array, shape);
    this.#initial = expandCharges(initialPotential as Float32Array, shape);
    this.#leakFactor = leak === undefined ? null : expandCharges(leak.factorPerTick, shape);
    this.#floor = floor === undefined ? null : expandCharges(floor, shape);
    this.#hard = reset === undefined ? null : expandCharges(reset.hard, shape);
    this.#refractoryTicks = refractory === undefined ? null : expandCharges(refractory.ticks, shape);
    this.#spikesPerTick = spikesPerTick;
    this.#refractoryTicksLeft = new Uint32Array(size);
    this.#unchanged = new Float32Array(refractory?.input === "discard" ? size : 0);
    this.potential = this.#initial.slice();
  }

  reset(): void {
    this.potential.set(this.#initial);
    this.#refractoryTicksLeft.fill(0);
  }

  setDrive(inputName: string, input: EncodedInput): void {
    this.#drive = driveOf(this.#bias, this.#synapses, inputName, input);
  }

  integrate(spikesOf: SpikesOf): number {
    this.#leak();
    if (this.#unchanged.length > 0) this.#unchanged.set(this.potential);
    for (let index = 0; index < this.potential.length; index++) this.potential[index] += this.#drive[index];
    let operations = 0;
    for (const synapse of this.#synapses)
      operations += deliver(synapse, spikesOf(synapse.from, synapse.delayTicks).plus, this.potential);
    this.#discard();
    this.#clamp();
    return operations;
  }

  #leak(): void {
    const factor = this.#leakFactor;
    if (factor === null) return;
    for (let index = 0; index < this.potential.length; index++) this.potential[index] *= factor[index];
  }

  #discard(): void {
    for (let index = 0; index < this.#unchanged.length; index++) {
      if (this.#refractoryTicksLeft[index] > 0) this.potential[index] = this.#unchanged[index];
    }
  }

  #clamp(): void {
    const floor = this.#floor;
    if (floor === null) return;
    for (let index = 0; index < this.potential.length; index++)
      if (this.potential[index] < floor[index]) this.potential[index] = floor[index];
  }

  fire({ plus: fired }: SignedEvents): void {
    const { potential } = this;
    const threshold = this.#threshold;
    const hard = this.#hard;
    const refractoryTicks = this.#refractoryTicks;
    const most = this.#spikesPerTick;
    const refractoryTicksLeft = this.#refractoryTicksLeft;
    fired.length = 0;
    for (let index = 0; index < potential.length; index++) {
      if (refractoryTicksLeft[index] > 0) {
        refractoryTicksLeft[index]--;
        continue;
      }
      if (!(potential[index] >= threshold[index])) continue;
      const spikes = most === 1 ? 1 : Math.min(Math.floor(potential[index] / threshold[index]), most);
      if (hard !== null && hard[index] === 1) potential[index] = 0;
      else potential[index] -= spikes * threshold[index];
      for (let spike = 0; spike < spikes; spike++) fired.push(index);
      if (refractoryTicks !== null) refractoryTicksLeft[index] = refractoryTicks[index];
    }
  }
}
