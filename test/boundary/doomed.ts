// A network that the WebAssembly core can hold, and one of whose inputs it cannot.
import { spikingNetwork, type SpikingNetworkBuilder } from "../../ts/spiking/builder.ts";
import type { Population, SpikingNetwork, SpikingPool } from "../../ts/spiking/network.ts";

export const neurons = 100;

export function network(): ReturnType<SpikingNetworkBuilder["build"]> {
  return spikingNetwork({ inputs: [1, 1, 2], ticks: 4 })
    .conv2d({
      name: "many",
      kernel: 1,
      filters: neurons,
      weights: Array.from({ length: 2 * neurons }, (_, index) => (index < neurons ? 1 : 2)),
      threshold: 2,
    })
    .build();
}

/** The same, and a neuron that few inputs reach, each of whose spikes a pool passes on more often than a 32-bit memory holds. */
export function doomedNetwork(): SpikingNetwork {
  const { nodes, synapses, ...rest } = network();
  const [many] = nodes as Population[];
  const rare: Population = {
    ...many,
    name: "rare",
    shape: [1, 1, 1],
    bias: Float32Array.of(0),
    neuron: { model: "llif", threshold: Float32Array.of(1000), initialPotential: Float32Array.of(0) },
    unit: Float64Array.of(1),
  };
  const around = { top: 0, left: 0, bottom: 0, right: 0 };
  const pool: SpikingPool = {
    kind: "pool",
    name: "echo",
    mode: "sum",
    from: "rare",
    shape: [1, 1, 1],
    kernel: [1, 1],
    stride: [1, 1],
    dilation: [1, 1],
    padding: around,
    multiplicity: Uint32Array.of(2 ** 30),
  };
  return {
    ...rest,
    nodes: [many, rare, pool],
    synapses: [
      ...synapses,
      { kind: "dense", from: "input", to: "rare", delayTicks: 0, weights: Float32Array.of(1, 0) },
    ],
  };
}
