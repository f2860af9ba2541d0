// llif's own engines as contenders.
import type { Engine, Result, RunInput, RunOptions } from "../engine/engine.ts";
import { outputsOf, populationsOf, type SpikingNetwork } from "../spiking/network.ts";
import type { Contender } from "./case.ts";
import { Digest } from "./digest.ts";

/** Counts of every neuron, charges of every output, spikes and synaptic operations of every sample. */
export interface SimulationOutcome {
  readonly digest: string;
  readonly spikes: number;
  readonly synapticOperations: number;
}

/** Digest of results in the order of the network's nodes, the same for every engine and program. */
export function outcomeOf(network: SpikingNetwork, results: readonly Result[]): SimulationOutcome {
  const digest = new Digest();
  const names = {
    counts: populationsOf(network).map(({ name }) => name),
    charges: outputsOf(network).map(({ name }) => name),
  };
  for (const { counts, charges } of results) {
    for (const name of names.counts) digest.words(counts[name] ?? []);
    for (const name of names.charges) digest.charges(charges[name]);
  }
  const sum = (read: (result: Result) => number) => results.reduce((total, result) => total + read(result), 0);
  return {
    digest: digest.hex(),
    spikes: sum(({ statistics }) => statistics.spikes),
    synapticOperations: sum(({ statistics }) => statistics.synapticOperations),
  };
}

/** An engine on all samples; one run of the work simulates each sample once. */
export async function simulatorContender(
  engine: Engine,
  network: SpikingNetwork,
  inputs: readonly RunInput[],
  options?: RunOptions,
): Promise<Contender<SimulationOutcome>> {
  const simulator = await engine.createSimulator(network);
  return {
    name: engine.name,
    time(repetitions) {
      const start = performance.now();
      for (let repetition = 0; repetition < repetitions; repetition++) {
        for (const input of inputs) simulator.run(input, options);
      }
      return performance.now() - start;
    },
    outcome: () =>
      outcomeOf(
        network,
        inputs.map((input) => simulator.run(input, options)),
      ),
    dispose: () => simulator.dispose(),
  };
}

/** Opens a case that compares WebAssembly with the reference engine. */
export async function openSimulation(
  engines: readonly Engine[],
  network: SpikingNetwork,
  inputs: readonly RunInput[],
  options?: RunOptions,
) {
  const contenders: Contender<SimulationOutcome>[] = [];
  for (const engine of engines) contenders.push(await simulatorContender(engine, network, inputs, options));
  const { synapticOperations } = await contenders[0].outcome();
  return { contenders, operations: synapticOperations, samples: inputs.length };
}
