// A tiny spiking network that can be counted by hand.
import type { SpikingNetwork } from "../../ts/spiking/network.ts";

/** Two hidden neurons that read two pixels, and as many outputs as `rows`; 3-bit phase. θ = 16, weights in units of θ, so that N = clip(pixel sum, 0, 7). */
export function tinyNetwork(
  rows: readonly (readonly [number, number])[],
  overrides: Partial<SpikingNetwork> = {},
): SpikingNetwork {
  return {
    name: "tiny",
    code: { kind: "phase", digits: "binary" },
    arithmetic: "int32",
    windowTicks: 3,
    levels: 7,
    dtSeconds: 1,
    input: { name: "x", shape: [2], counts: { unit: 1, minimum: 0, maximum: 255 } },
    nodes: [
      {
        kind: "population",
        rectified: true,
        name: "hidden",
        shape: [2],
        bias: Int32Array.of(0, 0),
        neuron: { model: "llif", threshold: Int32Array.of(16, 16), initialPotential: Int32Array.of(8, 8) },
        unit: Float64Array.of(1, 1),
      },
      {
        kind: "output",
        name: "y",
        shape: [rows.length],
        bias: new Int32Array(rows.length),
        unit: new Float64Array(rows.length).fill(1),
        rectified: false,
      },
    ],
    synapses: [
      { kind: "dense", from: "x", to: "hidden", delayTicks: 0, weights: Int32Array.of(16, 0, 0, 16) },
      { kind: "dense", from: "hidden", to: "y", delayTicks: 0, weights: Int32Array.from(rows.flat()) },
    ],
    convention: { scale: 1, mean: [0], std: [1], channelOrder: "gray" },
    classes: [],
    ...overrides,
  };
}

/** `tinyNetwork` as refined phase of 3 bits. */
export function tinyRefined(rows: readonly (readonly [number, number])[]): SpikingNetwork {
  const network = tinyNetwork(rows, { code: { kind: "refinedPhase", bits: 3, quanta: [4, 2, 1], laziness: 0.5 } });
  const nodes = network.nodes.map((node) =>
    node.kind === "population" ? { ...node, neuron: { ...node.neuron, initialPotential: Int32Array.of(0, 0) } } : node,
  );
  return { ...network, nodes };
}
