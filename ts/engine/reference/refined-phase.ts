// Refined phase in the reference engine: every tick decides anew from the exact charge so far (T14).
import { expandCharges } from "../../spiking/charges.ts";
import type { RefinedPhase } from "../../spiking/codes/refined-phase.ts";
import type { Population, SpikingNetwork, SpikingOutput } from "../../spiking/network.ts";
import { payloadsOf, type Payloads } from "../../spiking/payloads.ts";
import { sizeOf } from "../../tensor.ts";
import type { EncodedInput } from "../input.ts";
import type { Recording } from "../recording.ts";
import type { SimulatorCore } from "../simulator.ts";
import type { SignedEvents } from "./events.ts";
import { deliver, driveOf, type RowSynapse } from "./synapses.ts";
import { tickedCore, type SpikesOf, type TickedPart } from "./ticks.ts";

/**
 * After tick k of a frame the count of a neuron is r + m·clip(floor((V − θr)/(θm) + ½), 0, floor((T − r)/m)), V the exact charge so far, m
 * the quantum of its layer in the tick, r what its count left over m before. Lazy neurons keep a count that is near enough until the last tick.
 * @see docs/mathematics.md T14
 */
export function refinedPhaseCore(network: SpikingNetwork, recording: Recording): SimulatorCore {
  const payloads = payloadsOf(network);
  return tickedCore(network, recording, (node, synapses) => new Refined(node, synapses, network, payloads));
}

class Refined implements TickedPart {
  readonly potential: Int32Array;
  readonly #count: Int32Array;
  readonly #threshold: Int32Array;
  readonly #synapses: readonly RowSynapse[];
  readonly #bias: Int32Array;
  /** Bias and constant current that the potential holds already. */
  readonly #entered: Int32Array;
  readonly #levels: number;
  readonly #code: RefinedPhase;
  readonly #name: string;
  readonly #payloads: Payloads;

  constructor(
    node: Population | SpikingOutput,
    synapses: readonly RowSynapse[],
    { levels, code }: SpikingNetwork,
    payloads: Payloads,
  ) {
    const size = sizeOf(node.shape);
    this.potential = new Int32Array(size);
    this.#count = new Int32Array(size);
    this.#threshold =
      node.kind === "population" ? expandCharges(node.neuron.threshold as Int32Array, node.shape) : new Int32Array(0);
    this.#synapses = synapses;
    this.#bias = expandCharges(node.bias as Int32Array, node.shape);
    this.#entered = new Int32Array(size);
    this.#levels = levels;
    this.#code = code as RefinedPhase;
    this.#name = node.name;
    this.#payloads = payloads;
  }

  reset(): void {
    for (const values of [this.potential, this.#count, this.#entered]) values.fill(0);
  }

  /** Only what has changed since the last frame enters. */
  setDrive(inputName: string, input: EncodedInput): void {
    const drive = driveOf(this.#bias, this.#synapses, inputName, input);
    for (let index = 0; index < drive.length; index++) this.potential[index] += drive[index] - this.#entered[index];
    this.#entered.set(drive);
  }

  integrate(spikesOf: SpikesOf, tick: number): number {
    let operations = 0;
    for (const synapse of this.#synapses) {
      const { plus, minus } = spikesOf(synapse.from);
      const quantum = this.#payloads(synapse.from, tick);
      operations += deliver(synapse, plus, this.potential, quantum) + deliver(synapse, minus, this.potential, -quantum);
    }
    return operations;
  }

  fire({ plus, minus }: SignedEvents, tick: number): void {
    const { quanta, laziness } = this.#code;
    const quantum = this.#payloads(this.#name, tick);
    const lazy = laziness > 0.5 && tick + 1 < quanta.length;
    plus.length = 0;
    minus.length = 0;
    for (let index = 0; index < this.potential.length; index++) {
      const [charge, threshold, count] = [this.potential[index], this.#threshold[index], this.#count[index]];
      if (lazy) {
        const within = Math.min(Math.max(charge, 0), this.#levels * threshold);
        if (Math.abs(within - count * threshold) < Math.ceil(laziness * quantum * threshold)) continue;
      }
      const rest = count % quantum;
      const nearest = Math.floor((charge - rest * threshold) / (quantum * threshold) + 0.5);
      const wanted = Math.min(Math.max(nearest, 0), Math.floor((this.#levels - rest) / quantum));
      const change = wanted - (count - rest) / quantum;
      this.#count[index] += change * quantum;
      const list = change > 0 ? plus : minus;
      for (let spike = 0; spike < Math.abs(change); spike++) list.push(index);
    }
  }
}
