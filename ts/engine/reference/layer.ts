// What a layer of any code has: its synapses, bias and potentials.
import { expandCharges } from "../../spiking/charges.ts";
import type { Population, SpikingNetwork, SpikingOutput } from "../../spiking/network.ts";
import type { CompiledSchedule } from "../../spiking/codes/schedule.ts";
import { sizeOf } from "../../tensor.ts";
import type { ConstantInput } from "../input.ts";

import type { SignedEvents } from "./events.ts";
import { deliver, deliverConstant, rowSynapsesTo, type RowSynapse } from "./synapses.ts";

/**
 * A population or output of a layerwise network. The firing charge is separate from the accumulating charge, so that a
 * layer can fire one sample's window while it integrates the next sample's.
 * @see docs/mathematics.md T7, T12
 */
export class Layer {
  /** Charge of the window being integrated, without the terms added after the last gain. */
  readonly accumulating: Int32Array;
  /** Charge that fires. */
  readonly firing: Int32Array;
  readonly #node: Population | SpikingOutput;
  readonly #schedule: CompiledSchedule;
  readonly #inputName: string;
  readonly #synapses: readonly RowSynapse[];
  /** v0 + B, which does not depend on the sample; added after the last gain. */
  readonly #rest: Int32Array;
  readonly #threshold: Int32Array;
  #base: Int32Array;

  constructor(network: SpikingNetwork, node: Population | SpikingOutput, schedule: CompiledSchedule) {
    const size = sizeOf(node.shape);
    this.#node = node;
    this.#schedule = schedule;
    this.#inputName = network.input.name;
    this.#synapses = rowSynapsesTo(network, node.name);
    this.#rest = expandCharges(node.bias as Int32Array, node.shape).slice();
    if (node.kind === "population") {
      const initial = expandCharges(node.neuron.initialPotential as Int32Array, node.shape);
      for (let index = 0; index < size; index++) this.#rest[index] += initial[index];
    }
    this.#base = this.#rest;
    this.#threshold =
      node.kind === "population" ? expandCharges(node.neuron.threshold as Int32Array, node.shape) : new Int32Array(0);
    this.accumulating = new Int32Array(size);
    this.firing = new Int32Array(size);
  }

  /** Call before the first tick of a window. @param constant current into this layer, if any. */
  begin(constant: ConstantInput | undefined): void {
    this.accumulating.fill(0);
    this.#base = this.#rest;
    if (constant === undefined) return;
    const synapses = this.#synapses.filter(({ from }) => from === this.#inputName);
    if (synapses.length === 0) return;
    this.#base = this.#rest.slice();
    for (const synapse of synapses) deliverConstant(synapse, constant.values, this.#base);
  }

  /** One tick of the window; returns the number of synaptic operations. */
  integrate(tick: number, spikesOf: (name: string) => SignedEvents): number {
    const { integrationGain, delivery, firing } = this.#schedule;
    const charge = this.accumulating;
    if (integrationGain !== 1)
      for (let index = 0; index < charge.length; index++) charge[index] = Math.imul(charge[index], integrationGain);
    const factor = delivery === "weighted" ? firing[tick].payload : 1;
    let operations = 0;
    for (const synapse of this.#synapses) {
      const { plus, minus } = spikesOf(synapse.from);
      operations += deliver(synapse, plus, charge, factor) + deliver(synapse, minus, charge, -1);
    }
    return operations;
  }

  /** v0 + B + the charge that has arrived up to `tick`, with its weight at the window's end. */
  potentialAt(tick: number, neuron: number): number {
    const later = this.#schedule.integrationGain ** (this.#schedule.windowTicks - 1 - tick);
    return this.#base[neuron] + Math.imul(this.accumulating[neuron], later);
  }

  /** Call after the last tick of a window: its charge becomes the firing charge. */
  latch(): void {
    const { firing, accumulating } = this;
    for (let index = 0; index < firing.length; index++) firing[index] = accumulating[index] + this.#base[index];
    if (this.#node.kind === "output") return;
    const { raisedToZero, cappedAt } = this.#schedule;
    if (raisedToZero && this.#node.rectified)
      for (let index = 0; index < firing.length; index++) if (firing[index] < 0) firing[index] = 0;
    if (cappedAt === null) return;
    for (let index = 0; index < firing.length; index++) {
      const most = this.#threshold[index] * cappedAt - 1;
      if (firing[index] > most) firing[index] = most;
    }
  }

  /** One firing tick: adds spikes to `fired` and their payloads to `counts`. */
  fire(tick: number, { plus, minus }: SignedEvents, counts: Uint32Array | Int32Array): void {
    const { above, below, payload } = this.#schedule.firing[tick];
    const { firing } = this;
    const thresholds = this.#threshold;
    plus.length = 0;
    minus.length = 0;
    for (let index = 0; index < firing.length; index++) {
      const threshold = thresholds[index];
      const half = threshold / 2;
      if (firing[index] >= half * above) {
        firing[index] -= threshold * payload;
        counts[index] += payload;
        plus.push(index);
      } else if (below !== null && firing[index] < -half * below) {
        firing[index] += threshold * payload;
        counts[index] -= payload;
        minus.push(index);
      }
    }
  }
}
