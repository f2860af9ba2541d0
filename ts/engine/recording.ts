// The record options of a simulator after checking.
import { checkArray, checkBoolean, checkInteger, checkObject, checkOptions, checkStrings } from "../check.ts";
import { LlifError } from "../errors.ts";
import { rulesOf } from "../spiking/code.ts";
import { populationsOf, type SpikingNetwork } from "../spiking/network.ts";
import { sizeOf } from "../tensor.ts";
import type { RecordOptions } from "./engine.ts";

/** Record options with every default filled in. */
export interface Recording {
  readonly counts: boolean;
  readonly sent: boolean;
  readonly spikes: readonly string[];
  /** Neurons by population, in the order asked for. */
  readonly potentials: readonly { readonly population: string; readonly neurons: Uint32Array }[];
}

/** @throws {LlifError} ARGUMENT for a population or neuron that the network does not have. */
export function resolveRecording(network: SpikingNetwork, record: RecordOptions = {}): Recording {
  checkOptions("record", record, { counts: true, sent: true, spikes: true, potentials: true });
  const { counts = true, sent = false } = record;
  checkBoolean("record.counts", counts);
  checkBoolean("record.sent", sent);
  const sizes = new Map(populationsOf(network).map((population) => [population.name, sizeOf(population.shape)]));
  const sizeOfPopulation = (option: string, name: string): number => {
    const size = sizes.get(name);
    if (size !== undefined) return size;
    throw new LlifError(
      "ARGUMENT",
      `record.${option}: expected populations of the network (${[...sizes.keys()].join(", ")}), got "${name}"`,
    );
  };
  const spikes = [...new Set(record.spikes === undefined ? [] : checkStrings("record.spikes", record.spikes))];
  for (const name of spikes) sizeOfPopulation("spikes", name);
  const potentials = Object.entries(
    record.potentials === undefined
      ? {}
      : checkObject("record.potentials", record.potentials, "arrays of neurons by population"),
  ).map(([population, neurons]) => {
    const size = sizeOfPopulation("potentials", population);
    checkArray<number>(`record.potentials: neurons of "${population}"`, neurons, "an array of neurons").forEach(
      (neuron) => checkInteger(`record.potentials: neuron of "${population}"`, neuron, 0, size - 1),
    );
    return { population, neurons: Uint32Array.from(neurons) };
  });
  const { cancelsSpikes, flags } = rulesOf(network.code);
  if (sent && !cancelsSpikes) {
    throw new LlifError(
      "ARGUMENT",
      `record.sent: expected a synchronous code of signed spikes, got ${flags.schedule} ${flags.code} of ${flags.spikes} spikes, whose counts tell what is sent`,
    );
  }
  return { counts, sent, spikes, potentials };
}
