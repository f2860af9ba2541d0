// Runs the core alone, without the engine around it, in WebAssembly and natively: suites `native` and `limit` compare
// the two.
import { readFileSync } from "node:fs";
import type { Contender } from "../ts/timing/case.ts";
import { Digest } from "../ts/timing/digest.ts";
import type { SimulationOutcome } from "../ts/timing/simulators.ts";
import type { RunInput } from "../ts/engine/engine.ts";
import { buildCore, planesOf, type CoreNetwork } from "../ts/engine/flatten.ts";
import { bitsOf } from "../ts/spiking/charges.ts";
import { encodeInput, type EncodedInput } from "../ts/engine/input.ts";
import { loadGlue } from "../ts/engine/load.ts";
import { prepareNetwork, type PreparedNetwork } from "../ts/engine/simulator.ts";
import { resolveRecording } from "../ts/engine/recording.ts";
import { CoreMemory } from "../ts/engine/table.ts";
import { outputsOf, populationsOf, type SpikingNetwork, hasSignedSpikes } from "../ts/spiking/network.ts";
import { flatCore, type FlatSimulator } from "./flat.ts";
import { inRoot } from "./paths.ts";

/**
 * The core alone, in WebAssembly and as a file for the native program. Samples are encoded beforehand, results are not
 * read.
 */
export interface CoreCase {
  readonly wasm: Contender<SimulationOutcome>;
  readonly flat: Uint8Array;
}

export async function openCore(
  network: SpikingNetwork,
  inputs: readonly RunInput[],
  ticks = network.windowTicks,
): Promise<CoreCase> {
  const prepared = prepareNetwork(network);
  const recording = resolveRecording(network);
  const samples = inputs.map((input): EncodedInput => {
    const sample = encodeInput(network, input, ticks);
    return sample.kind === "events" ? { ...sample, ...planesOf(sample, hasSignedSpikes(network)) } : sample;
  });
  const glue = await loadGlue(readFileSync(inRoot("dist", "llif.wasm")));
  const { memory } = await glue();
  const flat = (buildCore(flatCore, prepared, recording).raw as FlatSimulator).network;
  for (const sample of samples) flat.sample(sample, ticks);
  return {
    wasm: wasmContender(prepared, buildCore(glue, prepared, recording), memory, samples, ticks),
    flat: flat.bytes(),
  };
}

function wasmContender(
  { network }: PreparedNetwork,
  { raw, numbers }: CoreNetwork,
  memory: WebAssembly.Memory,
  samples: readonly EncodedInput[],
  ticks: number,
): Contender<SimulationOutcome> {
  const none = new Uint32Array(0);
  const run = (sample: EncodedInput): number => {
    raw.reset();
    return sample.kind === "constant"
      ? raw.runConstant(bitsOf(sample.values), ticks)
      : raw.runEvents(sample.neurons, sample.starts, none, ticks);
  };
  const numbersOf = (nodes: readonly { readonly name: string }[]) =>
    nodes.map(({ name }) => numbers.get(name) as number);
  return {
    name: "wasm",
    time(repetitions) {
      const start = performance.now();
      for (let repetition = 0; repetition < repetitions; repetition++) samples.forEach(run);
      return performance.now() - start;
    },
    outcome() {
      const digest = new Digest();
      let spikes = 0;
      let synapticOperations = 0;
      for (const sample of samples) {
        const table = new CoreMemory(memory).table(run(sample));
        for (const number of numbersOf(populationsOf(network))) digest.words(table.words(number, "counts"));
        for (const number of numbersOf(outputsOf(network))) digest.words(table.words(number, "charges"));
        spikes += table.spikeCount;
        synapticOperations += table.synapticOperations;
      }
      return { digest: digest.hex(), spikes, synapticOperations };
    },
    dispose: () => raw.free(),
  };
}
