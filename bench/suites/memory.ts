// Memory cases of suite `growth`: WebAssembly memory against what the weights and spikes need.
import { isSynchronous } from "../../ts/spiking/network.ts";
import { readFileSync } from "node:fs";
import { benchCase, type BenchCase, type OpenCase } from "../../ts/timing/case.ts";
import { layerNetwork, randomSpikes } from "../../ts/timing/layers.ts";
import { outcomeOf, type SimulationOutcome } from "../../ts/timing/simulators.ts";
import { loadGlue } from "../../ts/engine/load.ts";
import {
  createSimulator,
  outputsOf,
  populationsOf,
  referenceEngine,
  sizeOf,
  wasmEngine,
  type RunInput,
  type SpikingNetwork,
} from "../../ts/index.ts";
import { modelCases } from "../models.ts";
import { inRoot } from "../paths.ts";

/** Memory of a running instance, relative to its packed weights and the spikes of the widest window. */
export function memoryCases(): BenchCase[] {
  const layer = { kind: "dense", inputs: 4096, units: 4096 } as const;
  const layers = (["rate", "layerwise"] as const).map((code) =>
    benchCase("growth", `memory-dense-4096${code === "rate" ? "-rate" : ""}`, () => {
      const network = layerNetwork(layer, { code, ticks: 32, activity: 0.05 });
      return open(network, [{ spikes: randomSpikes(network, 32, 0.05) }]);
    }),
  );
  const models = modelCases().map(({ name, open: openModel }) =>
    benchCase("growth", `memory-${name}`, async () => {
      const { network, images } = await openModel();
      return open(network, images.slice(0, 1));
    }),
  );
  return [...layers, ...models];
}

async function open(network: SpikingNetwork, inputs: readonly RunInput[]): Promise<OpenCase<SimulationOutcome>> {
  const simulator = await wasmEngine().createSimulator(network);
  const reference = await referenceEngine().createSimulator(network);
  const used = await memoryUsed(network, inputs[0]);
  const weightBytes = packedWeightBytes(network);
  const spikeBytes = await widestWindowBytes(network, inputs[0]);
  const memoryOverNeed = Number((used / (weightBytes + spikeBytes)).toFixed(2));
  const time = (repetitions: number): number => {
    const start = performance.now();
    for (let repetition = 0; repetition < repetitions; repetition++) for (const input of inputs) simulator.run(input);
    return performance.now() - start;
  };
  const contender = {
    name: "wasm",
    more: {
      memoryBytes: used,
      weightBytes,
      spikeBytes,
      paddingBytes: packedWeightBytes(network, true) - weightBytes,
      ...heldBytes(network, inputs[0]),
      memoryOverNeed,
    },
    time,
    outcome: () =>
      outcomeOf(
        network,
        inputs.map((input) => simulator.run(input)),
      ),
    dispose: () => simulator.dispose(),
  };
  return {
    contenders: [contender],
    truth: outcomeOf(
      network,
      inputs.map((input) => reference.run(input)),
    ),
    samples: inputs.length,
  };
}

/** Bytes of an instance after a run, less the bytes of an instance without a network. */
export async function memoryUsed(network: SpikingNetwork, input: RunInput): Promise<number> {
  const empty = (await (await loadGlue(readFileSync(inRoot("dist", "llif.wasm"))))()).memory.buffer.byteLength;
  return (await usedMemory(network, input)) - empty;
}

/** The engine hides its instance, so WebAssembly.instantiate is wrapped to see it. */
async function usedMemory(network: SpikingNetwork, input: RunInput): Promise<number> {
  const instantiate = WebAssembly.instantiate;
  const seen: WebAssembly.Memory[] = [];
  WebAssembly.instantiate = (async (module: WebAssembly.Module, imports: WebAssembly.Imports) => {
    const made = await instantiate(module, imports);
    seen.push(made.exports["memory"] as WebAssembly.Memory);
    return made;
  }) as unknown as typeof WebAssembly.instantiate;
  try {
    const simulator = await wasmEngine().createSimulator(network);
    simulator.run(input);
    const bytes = seen[0].buffer.byteLength;
    simulator.dispose();
    return bytes;
  } finally {
    WebAssembly.instantiate = instantiate;
  }
}

/**
 * Bytes of results (counts, charges) and of state: synchronous networks keep potentials and constant currents from tick
 * to tick.
 */
function heldBytes(
  network: SpikingNetwork,
  input: RunInput,
): { readonly resultBytes: number; readonly stateBytes: number } {
  const bytes = (nodes: readonly { readonly shape: readonly number[] }[]): number =>
    nodes.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
  const neurons = [...populationsOf(network), ...outputsOf(network)];
  const driven = neurons.filter(({ name }) =>
    network.synapses.some(({ from, to }) => from === network.input.name && to === name),
  );
  return {
    resultBytes: bytes(neurons),
    stateBytes: isSynchronous(network) ? bytes(neurons) + ("spikes" in input ? 0 : bytes(driven)) : 0,
  };
}

/** Channels rounded up to the lanes of the core's chunks (crates/core/src/synapse/chunks.rs). */
export function paddedChannels(channels: number, groups: number, lanes: number): number {
  let padded = 0;
  for (let left = channels / groups; left > 0; ) {
    const needed = Math.ceil(left / lanes);
    const vectors =
      groups > 1
        ? Math.min(8, 2 ** Math.floor(Math.log2(needed)))
        : needed >= 6
          ? 8
          : needed >= 3
            ? 4
            : needed === 1 && lanes === 8
              ? 1
              : 2;
    padded += vectors * lanes;
    left -= vectors * lanes;
  }
  return padded * groups;
}

/** Bytes of weights: 16 bits each if all of a layer fit, else 32. */
export function packedWeightBytes(network: SpikingNetwork, padded = false): number {
  const fits = (target: string): boolean =>
    network.arithmetic === "int32" &&
    network.synapses
      .filter(({ to }) => to === target)
      .every(({ weights }) => weights.every((weight) => weight >= -32768 && weight <= 32767));
  return network.nodes.reduce((sum, { name, shape }) => {
    const bytes = fits(name) ? 2 : 4;
    const channels = shape[shape.length - 1];
    return (
      sum +
      network.synapses
        .filter(({ to }) => to === name)
        .reduce((weights, synapse) => {
          const lanes = padded
            ? paddedChannels(channels, synapse.kind === "conv2d" ? synapse.groups : 1, 16 / bytes)
            : channels;
          return weights + (bytes * synapse.weights.length * lanes) / channels;
        }, 0)
    );
  }, 0);
}

/** Bytes of the largest lists of spikes: four per spike and four per position and tick, for a node and its sources. */
async function widestWindowBytes(network: SpikingNetwork, input: RunInput): Promise<number> {
  const names = populationsOf(network).map(({ name }) => name);
  const simulator = await createSimulator(network, { engine: "reference", record: { spikes: names } });
  const { spikes } = simulator.run(input);
  simulator.dispose();
  const positions = (shape: readonly number[]): number => (shape.length === 3 ? shape[0] * shape[1] : 1);
  const given =
    "spikes" in input
      ? 4 * (input.spikes as { ticks: ArrayLike<number> }).ticks.length
      : 4 * sizeOf(network.input.shape);
  const bytes = new Map<string, number>([[network.input.name, given]]);
  const sourcesOf = (name: string): string[] => {
    const node = network.nodes.find((candidate) => candidate.name === name);
    return node?.kind === "pool"
      ? [node.from]
      : network.synapses.filter(({ to }) => to === name).map(({ from }) => from);
  };
  for (const node of network.nodes) {
    const count =
      node.kind === "population" ? spikes[node.name].ticks.length : node.kind === "pool" ? 0 : sizeOf(node.shape);
    bytes.set(node.name, 4 * count + (node.kind === "output" ? 0 : 4 * positions(node.shape) * network.windowTicks));
  }
  return Math.max(
    ...network.nodes.map(
      ({ name }) =>
        (bytes.get(name) ?? 0) +
        [...new Set(sourcesOf(name))].reduce((sum, source) => sum + (bytes.get(source) ?? 0), 0),
    ),
  );
}
