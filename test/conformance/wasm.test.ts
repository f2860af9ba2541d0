// The conformance suite on the WebAssembly engine, and layers of real size.
import { rulesOf, type Code } from "../../ts/spiking/code.ts";
import { describe, expect, it } from "vitest";
import { pcg32 } from "../../ts/random.ts";
import type { Engine, Result, RunInput } from "../../ts/engine/engine.ts";
import { referenceEngine } from "../../ts/engine/reference.ts";
import { engines } from "../theorems/engines.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import type { NeuronOptions } from "../../ts/spiking/neurons/models.ts";
import { populationsOf, type Charges, type LlifNeuron, type SpikingNetwork } from "../../ts/spiking/network.ts";
import { sizeOf } from "../../ts/tensor.ts";
import { refusedBy } from "./networks.ts";
import { suite } from "./suite.ts";

const wasm = engines.find(({ name }) => name === "wasm");
if (wasm === undefined) it("finds no ts/engine/wasm.ts: nothing is compared", () => expect(engines).toHaveLength(1));
else conformance(wasm);

function conformance(engine: Engine): void {
  suite("wasm engine", () => engine, { refused: refusedBy.wasm });
  describe("wasm engine on layers of real size", () => againstReference(engine));
}

/** The naive definition is too slow for these; the reference engine, which equals it, is not. */
function againstReference(engine: Engine): void {
  const shapes = { dense: dense(), convolution: convolution() };
  for (const [shape, float] of Object.entries(shapes)) {
    for (const network of [
      float,
      layerwise(float, "rate", 31),
      layerwise(float, "phase", 11),
      layerwise(float, "phase", 8),
      layerwise(float, "phase", 4),
      layerwise(float, "ttfs", 63),
      realTimes(float),
    ]) {
      it.each([3, 10, 100])(
        `equals the reference engine: ${shape}, ${title(network)}, ${network.windowTicks} ticks, %d spikes in 100`,
        async (percent) => {
          const spikes = trainFor(network, percent);
          const values = Float32Array.from(
            { length: sizeOf(network.input.shape) },
            (_, index) => ((index * 37) % 101) - 30,
          );
          for (const input of [{ spikes }, values])
            expect(await runOn(engine, network, input)).toEqual(await runOn(referenceEngine(), network, input));
        },
      );
    }
  }

  it("records every potential, in any order, as the reference engine does", async () => {
    const all = (size: number) => Array.from({ length: size }, (_, index) => (7919 * index) % size);
    for (const float of Object.values(shapes)) {
      for (const network of [float, layerwise(float, "phase", 8), layerwise(float, "ttfs", 63), realTimes(float)]) {
        const input = { spikes: trainFor(network, 10) };
        const bytes = async (of: Engine) =>
          Object.values<Float32Array>((await runOn(of, network, input, all)).potentials).map(({ buffer }) =>
            Buffer.from(buffer),
          );
        const [recorded, expected] = [await bytes(engine), await bytes(referenceEngine())];
        expect(recorded).toHaveLength(populationsOf(network).length);
        expect(recorded.every((population, index) => population.equals(expected[index]))).toBe(true);
      }
    }
  });

  it("fires in every layer compared", async () => {
    for (const network of Object.values(shapes).flatMap((float) => [
      float,
      layerwise(float, "ttfs", 63),
      realTimes(float),
    ])) {
      const { counts } = await runOn(referenceEngine(), network, { spikes: trainFor(network, 10) });
      for (const population of populationsOf(network))
        expect(counts[population.name].some((count) => count > 0)).toBe(true);
    }
  });
}

/** @param listed neurons of a population of so many whose potentials are recorded. */
async function runOn(
  engine: Engine,
  network: SpikingNetwork,
  input: RunInput,
  listed = (size: number): number[] => [0, size - 1],
): Promise<Result> {
  const populations = populationsOf(network);
  const record = {
    spikes: populations.map((population) => population.name),
    potentials: Object.fromEntries(
      populations.map((population) => [population.name, listed(sizeOf(population.shape))]),
    ),
  };
  const simulator = await engine.createSimulator(network, { record });
  try {
    return simulator.run(input);
  } finally {
    simulator.dispose();
  }
}

function weights(count: number, fanIn: number, seed: number): Float32Array {
  const next = pcg32(seed);
  return Float32Array.from({ length: count }, () => ((next() / 2 ** 32 - 0.47) * 24) / Math.sqrt(fanIn));
}

const neuron: NeuronOptions = {
  threshold: 4,
  initialPotential: 2,
  bias: 0.03,
  leak: { kind: "ohmic", factorPerTick: 0.97 },
};

function dense(): SpikingNetwork {
  return spikingNetwork({ inputs: [784], ticks: 40 })
    .dense({ ...neuron, weights: weights(784 * 611, 784, 1), units: 611 })
    .dense({ ...neuron, weights: weights(611 * 300, 611, 2), units: 300, refractory: { ticks: 2, input: "discard" } })
    .dense({ ...neuron, weights: weights(300 * 129, 300, 3), units: 129, reset: "hard" })
    .output({ weights: weights(129 * 10, 129, 4) })
    .build();
}

function convolution(): SpikingNetwork {
  const features = spikingNetwork({ inputs: [17, 15, 3], ticks: 25 })
    .conv2d({ ...neuron, weights: weights(27 * 40, 27, 5), filters: 40, kernel: 3, padding: 1 })
    .maxPool()
    .conv2d({
      ...neuron,
      weights: weights(9 * 40, 9, 6),
      filters: 40,
      kernel: 3,
      padding: "same",
      groups: 40,
      floor: -6,
    })
    .conv2d({ ...neuron, weights: weights(40 * 67, 40, 7), filters: 67, kernel: 1, spikesPerTick: 3 })
    .sumPool({ size: 3, stride: 2 })
    .conv2d({
      ...neuron,
      weights: weights(6 * 67 * 33, 6 * 67, 8),
      filters: 33,
      kernel: [2, 3],
      stride: [1, 2],
      padding: 2,
      dilation: 2,
    });
  const inputs = sizeOf(features.shape);
  return features.dense({ ...neuron, weights: weights(inputs * 50, inputs, 9) }).build();
}

const title = ({ code }: SpikingNetwork): string => `${rulesOf(code).flags.schedule} ${rulesOf(code).flags.code}`;

/** Without what a layerwise neuron lacks. */
const plainNeuron = (threshold: Charges, initialPotential: Charges): LlifNeuron => ({
  model: "llif",
  threshold,
  initialPotential,
});

/** The same graph with spikes at real times. */
function realTimes(network: SpikingNetwork): SpikingNetwork {
  const nodes = network.nodes.map((node) =>
    node.kind === "population"
      ? {
          ...node,
          neuron: plainNeuron(
            node.neuron.threshold,
            node.neuron.initialPotential.map(() => 0),
          ),
        }
      : node,
  );
  return { ...network, code: { kind: "times" }, windowTicks: 1, levels: 0, nodes };
}

/** The same graph in integers: charges times 256, without what a layerwise neuron lacks. */
function layerwise(network: SpikingNetwork, code: "rate" | "phase" | "ttfs", windowTicks: number): SpikingNetwork {
  const integers = (charges: Charges): Int32Array => Int32Array.from(charges, (charge) => Math.round(charge * 256));
  return {
    ...network,
    code: { rate: { kind: "windowRate" }, phase: { kind: "phase", digits: "binary" }, ttfs: { kind: "slots" } }[
      code
    ] as Code,
    arithmetic: "int32",
    windowTicks,
    levels: code === "phase" ? 2 ** windowTicks - 1 : windowTicks,
    synapses: network.synapses.map((synapse) => ({ ...synapse, weights: integers(synapse.weights) })),
    nodes: network.nodes.map((node) => {
      if (node.kind === "pool") return node;
      if (node.kind === "output") return { ...node, bias: integers(node.bias) };
      const threshold = integers(node.neuron.threshold).map((value) => value * (code === "phase" ? 4 : 1));
      return {
        ...node,
        bias: integers(node.bias),
        neuron: plainNeuron(
          threshold,
          threshold.map((value) => value / 2),
        ),
      };
    }),
  };
}

function trainFor(network: SpikingNetwork, percent: number): { ticks: number[]; neurons: number[] } {
  const next = pcg32(percent);
  const ticks: number[] = [];
  const neurons: number[] = [];
  for (let neuronIndex = 0; neuronIndex < sizeOf(network.input.shape); neuronIndex++) {
    for (let tick = 0; tick < network.windowTicks; tick++) {
      if (next() % 100 >= percent) continue;
      ticks.push(tick);
      neurons.push(neuronIndex);
    }
  }
  return { ticks, neurons };
}
