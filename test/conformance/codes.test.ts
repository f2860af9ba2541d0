// Both engines give equal results for random networks of every code.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Result, RunInput } from "../../ts/engine/engine.ts";
import { referenceEngine } from "../../ts/engine/reference.ts";
import { wasmEngine } from "../../ts/engine/wasm.ts";
import { LlifError } from "../../ts/errors.ts";
import {
  populationsOf,
  type Population,
  type SpikingNetwork,
  type SpikingNode,
  type Synapse,
  hasSignedSpikes,
} from "../../ts/spiking/network.ts";
import { sizeOf } from "../../ts/tensor.ts";
import { cases, type Case } from "./networks.ts";

/** Codes and nodes beside those of the suite: both engines must give the same, word for word. */
const codes: Readonly<Record<string, (network: SpikingNetwork) => SpikingNetwork>> = {
  "balanced ternary phase": (network) => ({
    ...network,
    code: { kind: "phase", digits: "ternary" },
    levels: (3 ** network.windowTicks - 1) / 2,
    nodes: network.nodes.map(
      (node): SpikingNode =>
        node.kind === "population"
          ? {
              ...node,
              neuron: { ...node.neuron, threshold: Int32Array.from(node.neuron.threshold, (theta) => 2 * theta) },
            }
          : node,
    ),
  }),
  "balanced ternary phase, some neurons linear": (network) => {
    const ternary = codes["balanced ternary phase"](network);
    return {
      ...ternary,
      nodes: ternary.nodes.map(
        (node, index): SpikingNode =>
          node.kind === "population" && index % 2 === 0 ? { ...node, rectified: false } : node,
      ),
    };
  },
  "non-adjacent phase": (network) => ({
    ...network,
    code: { kind: "phase", digits: "nonAdjacent" },
    windowTicks: network.windowTicks + 1,
    levels: 2 ** network.windowTicks - 1,
  }),
  "phase, sums with a multiplicity": withMultiplicity,
  "phase, transposed convolutions": transposed,
};

/** Every sum of a window counts each position its own number of times. */
function withMultiplicity(network: SpikingNetwork): SpikingNetwork {
  const nodes = network.nodes.map((node): SpikingNode => {
    if (node.kind !== "pool") return node;
    const positions = sizeOf(node.shape) / node.shape[node.shape.length - 1];
    return {
      ...node,
      mode: "sum",
      multiplicity: Uint32Array.from({ length: positions }, (_, position) => (position * 7) % 4),
    };
  });
  return { ...network, nodes };
}

/** Another layer behind the first population: a transposed convolution in groups. */
function transposed(network: SpikingNetwork): SpikingNetwork {
  const first = network.nodes.find((node): node is Population => node.kind === "population" && node.shape.length === 3);
  if (first === undefined) return network;
  const [height, width, channels] = first.shape;
  const window = {
    kernel: [2, 3],
    stride: [2, 1],
    dilation: [1, 2],
    padding: { top: 1, left: 0, bottom: 0, right: 1 },
  } as const;
  const shape = [(height - 1) * 2 + 2 - 1, width - 1 + 5 - 1, 2 * channels];
  if (shape[0] < 1) return network;
  const filled = (length: number, value: (index: number) => number) =>
    Int32Array.from({ length }, (_, index) => value(index));
  const node: Population = {
    ...first,
    name: "up",
    shape,
    bias: filled(2 * channels, (index) => index % 5),
    neuron: {
      model: "llif",
      threshold: filled(2 * channels, (index) => 5 + (index % 9)),
      initialPotential: filled(2 * channels, (index) => index % 4),
    },
    unit: new Float64Array(2 * channels).fill(1),
  };
  const groups = channels % 2 === 0 ? 2 : 1;
  const weights = filled(6 * (channels / groups) * 2 * channels, (index) => ((index * 31) % 41) - 17);
  const synapse: Synapse = {
    kind: "convTranspose2d",
    from: first.name,
    to: "up",
    delayTicks: 0,
    ...window,
    weights,
    groups,
  };
  return { ...network, nodes: [...network.nodes, node], synapses: [...network.synapses, synapse] };
}

describe("wasm engine equals the reference engine", () => {
  for (const [code, make] of Object.entries(codes)) {
    it(code, async () => {
      let [compared, spikes] = [0, 0];
      await fc.assert(
        fc.asyncProperty(cases("phase"), async (sample) => {
          const network = make(sample.network);
          for (const input of inputsOf(network, sample)) {
            const [wasm, reference] = [
              await resultOf(wasmEngine(), network, input),
              await resultOf(referenceEngine(), network, input),
            ];
            // Maxima behind a sum are refused by name, and left to the reference engine.
            if (wasm === undefined) continue;
            expect(wasm).toEqual(reference);
            compared++;
            spikes += wasm.statistics.spikes;
          }
        }),
        { seed: 20261124, numRuns: 50 },
      );
      expect(compared).toBeGreaterThan(60);
      expect(spikes).toBeGreaterThan(1000);
    });
  }
});

function inputsOf(network: SpikingNetwork, { values, spikes }: Case): RunInput[] {
  if (!hasSignedSpikes(network)) return [values, { spikes }];
  return [
    values,
    {
      spikes: {
        ...spikes,
        signs: Int8Array.from(spikes.ticks, (tick, index) => ((tick + 3 * index) % 2 === 0 ? 1 : -1)),
      },
    },
  ];
}

async function resultOf(
  engine: ReturnType<typeof wasmEngine>,
  network: SpikingNetwork,
  input: RunInput,
): Promise<Result | undefined> {
  const populations = populationsOf(network);
  const potentials = Object.fromEntries(
    populations.map(({ name, shape }) => [name, Array.from({ length: sizeOf(shape) }, (_, neuron) => neuron)]),
  );
  try {
    const simulator = await engine.createSimulator(network, {
      record: { spikes: populations.map(({ name }) => name), potentials },
    });
    try {
      return simulator.run(input);
    } finally {
      simulator.dispose();
    }
  } catch (error) {
    if (engine.name === "wasm" && error instanceof LlifError && error.code === "UNSUPPORTED") return undefined;
    throw error;
  }
}
