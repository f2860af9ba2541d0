// Synchronous rate in float32: populations of any neuron model, and outputs.
import { expandCharges } from "../../spiking/charges.ts";
import type { SpikingNetwork, SpikingOutput } from "../../spiking/network.ts";
import { sizeOf } from "../../tensor.ts";
import type { EncodedInput } from "../input.ts";
import type { SimulatorCore } from "../simulator.ts";
import type { Recording } from "../recording.ts";
import { neuronModels } from "./neurons.ts";
import { deliver, driveOf, type RowSynapse } from "./synapses.ts";
import { tickedCore, type SpikesOf, type TickedPart } from "./ticks.ts";

/**
 * All layers tick together, in float32: every store into a Float32Array rounds, and the order of operations is fixed.
 */
export function synchronousCore(network: SpikingNetwork, recording: Recording): SimulatorCore {
  return tickedCore(network, recording, (node, synapses) =>
    node.kind === "output" ? new Integrator(node, synapses) : neuronModels[node.neuron.model](node, synapses),
  );
}

/**
 * An output never fires. The charge of a tick is summed in float32, starting with the drive, and added in float64, so
 * that long runs stay accurate.
 */
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
