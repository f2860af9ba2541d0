// Estimates the memory of a simulation, so that one that cannot fit is refused before memory is taken.
import { LlifError } from "../errors.ts";
import {
  isSynchronous,
  outputsOf,
  populationsOf,
  shapeOf,
  type SpikingNetwork,
  type Synapse,
} from "../spiking/network.ts";
import { liveBytes, liveSynapseBytes } from "../spiking/live-memory.ts";
import { needsLiveCore } from "../spiking/live.ts";
import { synapseRules } from "../spiking/synapses/kinds.ts";
import { channelsOf, sizeOf } from "../tensor.ts";
import type { Recording } from "./recording.ts";

/** Largest WebAssembly memory with 32-bit addresses, and largest array in it. */
const [memoryBytes, arrayBytes] = [2 ** 32, 2 ** 31 - 1];

/** Most bytes of a run's potentials. Also most spikes of a recorded train in the reference engine. */
const recordedBytes = arrayBytes;
export const recordedSpikes = 2 ** 27;

/** Least bytes of the core for weights and for the state of neurons. @param inLiveCore whether it runs there. */
export function coreBytes(
  network: SpikingNetwork,
  { counts }: Pick<Recording, "counts">,
  inLiveCore = needsLiveCore(network),
): { readonly weights: number; readonly neurons: number } {
  const float = network.arithmetic === "float32";
  const live = inLiveCore ? liveBytes(network) : null;
  const synchronous = isSynchronous(network);
  const weights = live?.synapses ?? network.synapses.reduce((sum, synapse) => sum + synapseBytes(network, synapse), 0);
  const states = populationsOf(network).reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
  const populations = (live?.neurons ?? states * Number(synchronous)) + states * Number(counts);
  return {
    weights,
    neurons:
      populations +
      outputsOf(network).reduce((sum, { shape }) => sum + (float && synchronous ? 8 : 4) * sizeOf(shape), 0),
  };
}

/** Integer weights may be stored in 16 bits. */
function synapseBytes({ arithmetic }: SpikingNetwork, synapse: Synapse): number {
  return (arithmetic === "float32" ? 4 : 2) * synapse.weights.length + 4 * synapseRules(synapse).indices(synapse);
}

/** Of the largest array: rows of weights have whole vectors of four. */
function largestArrayBytes(network: SpikingNetwork, synapse: Synapse): number {
  const { oneToOne, indices } = synapseRules(synapse);
  if (oneToOne || indices(synapse) > 0) return synapseBytes(network, synapse);
  const channels = channelsOf(shapeOf(network, synapse.to));
  return (synapseBytes(network, synapse) / channels) * 4 * Math.ceil(channels / 4);
}

/**
 * @param inLiveCore whether it runs in the live core, which lists the connections of convolutions one by one.
 * @throws {LlifError} ENGINE with the numbers, if the network does not fit into the WebAssembly core.
 */
export function checkCoreMemory(
  network: SpikingNetwork,
  recording: Pick<Recording, "counts">,
  inLiveCore = needsLiveCore(network),
): void {
  const way = 'take the engine "reference", or a smaller network';
  for (const synapse of network.synapses) {
    const { from, to } = synapse;
    const live = inLiveCore ? liveSynapseBytes(network, synapse) : null;
    const bytes = live?.largest ?? largestArrayBytes(network, synapse);
    if (bytes > arrayBytes) {
      const parts =
        live === null || live.connections === synapse.weights.length
          ? `${synapse.weights.length} weights`
          : `${live.connections} connections`;
      throw new LlifError(
        "ENGINE",
        `network "${network.name}": synapse "${from}" to "${to}": its ${parts} take ${gibibytes(bytes)}, the WebAssembly core holds at most ${gibibytes(arrayBytes)} in one array; ${way}`,
        { nodes: [from, to] },
      );
    }
  }
  const { weights, neurons } = coreBytes(network, recording, inLiveCore);
  if (weights + neurons > memoryBytes) {
    throw new LlifError(
      "ENGINE",
      `network "${network.name}": takes at least ${gibibytes(weights + neurons)} (weights ${gibibytes(weights)}, neurons ${gibibytes(neurons)}), a WebAssembly memory is limited to ${gibibytes(memoryBytes)}; ${way}`,
    );
  }
}

/** The memory limit of a run's recorded potentials, computed once and checked in every run. */
export interface RunMemory {
  /**
   * @param samples of each recorded potential in this run.
   * @throws {LlifError} ENGINE with the numbers, if the recorded potentials do not fit into memory.
   */
  check(samples: number): void;
}

export function runMemory(
  engine: "wasm" | "reference",
  network: SpikingNetwork,
  recording: Recording,
  inLiveCore: boolean,
): RunMemory {
  const neurons = recording.potentials.reduce((sum, { neurons: { length } }) => sum + length, 0);
  const core =
    engine === "wasm" && neurons > 0 ? coreBytes(network, recording, inLiveCore) : { weights: 0, neurons: 0 };
  const limit = Math.min(recordedBytes, memoryBytes - core.weights - core.neurons);
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

export function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(bytes < 2 ** 30 ? 3 : 1)} GiB`;
}
