// Signed rate by definition (T8): negative spikes cancel earlier ones.
import { expandCharges } from "../../spiking/charges.ts";
import { rulesOf } from "../../spiking/code.ts";
import type { Population, SpikingNetwork, SpikingOutput } from "../../spiking/network.ts";
import { sizeOf } from "../../tensor.ts";
import type { EncodedInput } from "../input.ts";
import type { SimulatorCore } from "../simulator.ts";
import type { Recording } from "../recording.ts";
import type { SignedEvents } from "./events.ts";
import { deliver, driveOf, type RowSynapse } from "./synapses.ts";
import { tickedCore, type SpikesOf, type TickedPart } from "./ticks.ts";

/**
 * All layers tick together, in integers, and negative spikes cancel earlier ones: after every tick a neuron's count is
 * clip(floor((v0 + Z) / θ), 0, cap), where Z is the charge so far, in any order of arrival. In a network that settles,
 * a neuron sends at most one spike a tick, and this holds once a tick is silent.
 * @see docs/mathematics.md T8
 */
export function signedRateCore(network: SpikingNetwork, recording: Recording): SimulatorCore {
  return tickedCore(network, recording, (node, synapses) => new Integrator(node, synapses, network));
}

/** Charges of a population or output. */
class Integrator implements TickedPart {
  readonly potential: Int32Array;
  readonly #initial: Int32Array;
  readonly #threshold: Int32Array;
  readonly #count: Int32Array;
  readonly #synapses: readonly RowSynapse[];
  readonly #bias: Int32Array;
  readonly #windowTicks: number;
  readonly #cap: number;
  /** Most spikes of a neuron in one tick. */
  readonly #most: number;
  /** The charge A of a window as floor(A/T) per tick, and the remainder, which `#carry` spreads over the ticks. */
  readonly #each: Int32Array;
  readonly #rest: Int32Array;
  readonly #carry: Int32Array;

  constructor(
    node: Population | SpikingOutput,
    synapses: readonly RowSynapse[],
    { code, windowTicks, levels }: SpikingNetwork,
  ) {
    const size = sizeOf(node.shape);
    const fires = node.kind === "population";
    this.#initial = fires
      ? expandCharges(node.neuron.initialPotential as Int32Array, node.shape)
      : new Int32Array(size);
    this.#threshold = fires ? expandCharges(node.neuron.threshold as Int32Array, node.shape) : new Int32Array(0);
    this.#count = new Int32Array(size);
    this.#synapses = synapses;
    this.#bias = expandCharges(node.bias as Int32Array, node.shape);
    this.#each = new Int32Array(size);
    this.#rest = new Int32Array(size);
    this.#carry = new Int32Array(size);
    this.#windowTicks = windowTicks;
    this.#cap = levels;
    this.#most = rulesOf(code).settles ? 1 : levels;
    this.potential = this.#initial.slice();
  }

  reset(): void {
    this.potential.set(this.#initial);
    this.#count.fill(0);
  }

  /**
   * A = B + Σq·N_0 arrives over `windowTicks`, from tick `elapsed` on: tick t delivers floor((t + 1)·A/T) −
   * floor(t·A/T).
   */
  setDrive(inputName: string, input: EncodedInput, elapsed: number): void {
    const drive = driveOf(this.#bias, this.#synapses, inputName, input);
    const ticks = this.#windowTicks;
    for (let index = 0; index < drive.length; index++) {
      this.#each[index] = Math.floor(drive[index] / ticks);
      this.#rest[index] = drive[index] - this.#each[index] * ticks;
      this.#carry[index] = (this.#rest[index] * (elapsed % ticks)) % ticks;
    }
  }

  endDrive(): void {
    this.#each.fill(0);
    this.#rest.fill(0);
  }

  integrate(spikesOf: SpikesOf): number {
    const ticks = this.#windowTicks;
    const carry = this.#carry;
    for (let index = 0; index < carry.length; index++) {
      carry[index] += this.#rest[index];
      const one = carry[index] >= ticks ? 1 : 0;
      carry[index] -= one * ticks;
      this.potential[index] += this.#each[index] + one;
    }
    let operations = 0;
    for (const synapse of this.#synapses) {
      const { plus, minus } = spikesOf(synapse.from, synapse.delayTicks);
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
      const all = Math.min(Math.max(wanted, 0), this.#cap) - this.#count[index];
      const change = Math.min(Math.max(all, -this.#most), this.#most);
      if (change === 0) continue;
      this.potential[index] -= change * threshold;
      this.#count[index] += change;
      const list = change > 0 ? plus : minus;
      for (let spike = 0; spike < Math.abs(change); spike++) list.push(index);
    }
  }
}
