// What a simulation takes at least, told before any memory is taken.
import { LlifError } from "../errors.ts";
import { isSynchronous, outputsOf, populationsOf, type SpikingNetwork } from "../spiking/network.ts";
import { sizeOf } from "../tensor.ts";
import type { Recording } from "./recording.ts";

/** All that a WebAssembly memory of 32-bit addresses can be, and the most that one array in it can. */
const [memoryBytes, arrayBytes] = [2 ** 32, 2 ** 31 - 1];

/** Most bytes of one run's potentials, and most spikes of one recorded train in the reference engine: two arrays of a gibibyte in all. */
const recordedBytes = arrayBytes;
export const recordedSpikes = 2 ** 27;

/** Bytes that the core takes at least for weights, and for what each neuron holds. */
export function coreBytes(
  network: SpikingNetwork,
  { counts }: Pick<Recording, "counts">,
): { readonly weights: number; readonly neurons: number } {
  const float = network.arithmetic === "float32";
  const synchronous = isSynchronous(network);
  const weights = network.synapses.reduce((sum, synapse) => sum + weightBytes(network, synapse.weights.length), 0);
  const populations = populationsOf(network).reduce(
    (sum, { shape }) => sum + 4 * sizeOf(shape) * (Number(synchronous) + Number(counts)),
    0,
  );
  return {
    weights,
    neurons:
      populations +
      outputsOf(network).reduce((sum, { shape }) => sum + (float && synchronous ? 8 : 4) * sizeOf(shape), 0),
  };
}

/** Integers may go in 16 bits. */
const weightBytes = ({ arithmetic }: SpikingNetwork, length: number): number =>
  (arithmetic === "float32" ? 4 : 2) * length;

/**
 * @throws {LlifError} ENGINE with the figures, where the WebAssembly core cannot hold the network.
 */
export function checkCoreMemory(network: SpikingNetwork, recording: Pick<Recording, "counts">): void {
  const { weights, neurons } = coreBytes(network, recording);
  const way = 'take the engine "reference", or a smaller network';
  for (const {
    from,
    to,
    weights: { length },
  } of network.synapses) {
    const bytes = weightBytes(network, length);
    if (bytes > arrayBytes) {
      throw new LlifError(
        "ENGINE",
        `network "${network.name}": synapse "${from}" to "${to}": its ${length} weights take ${gibibytes(bytes)}, the WebAssembly core holds at most ${gibibytes(arrayBytes)} in one array; ${way}`,
        { nodes: [from, to] },
      );
    }
  }
  if (weights + neurons > memoryBytes) {
    throw new LlifError(
      "ENGINE",
      `network "${network.name}": takes at least ${gibibytes(weights + neurons)} (weights ${gibibytes(weights)}, neurons ${gibibytes(neurons)}), a WebAssembly memory is limited to ${gibibytes(memoryBytes)}; ${way}`,
    );
  }
}

/** What a run's recorded potentials may take: figured out once, asked in every run. */
export interface RunMemory {
  /**
   * @param samples of each recorded potential in this run.
   * @throws {LlifError} ENGINE with the figures, where the recorded potentials are too many to hold.
   */
  check(samples: number): void;
}

export function runMemory(engine: "wasm" | "reference", network: SpikingNetwork, recording: Recording): RunMemory {
  const neurons = recording.potentials.reduce((sum, { neurons: { length } }) => sum + length, 0);
  const held = engine === "wasm" && neurons > 0 ? coreBytes(network, recording) : { weights: 0, neurons: 0 };
  const limit = Math.min(recordedBytes, memoryBytes - held.weights - held.neurons);
  return {
    check(samples) {
      const bytes = 4 * neurons * samples;
      if (bytes <= limit) return;
      throw new LlifError(
        "ENGINE",
        `network "${network.name}": run: recorded potentials of ${neurons} neurons, ${samples} samples each, take ${gibibytes(bytes)}, there is room for ${gibibytes(limit)}; record fewer neurons, or run fewer ticks at a time`,
      );
    },
  };
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(bytes < 2 ** 30 ? 3 : 1)} GiB`;
}
