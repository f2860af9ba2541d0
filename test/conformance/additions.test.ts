// What layerwise rate costs: the WebAssembly engine adds a row of weights once for each 1 of a count.
import { describe, expect, it } from "vitest";
import { referenceEngine } from "../../ts/engine/reference.ts";
import { wasmEngine } from "../../ts/engine/wasm.ts";
import type { SpikingNetwork } from "../../ts/spiking/network.ts";
import { layerNetwork, randomSpikes } from "../../ts/timing/layers.ts";

const size = 40;

/** A dense layer, and the same again behind it. */
function twoLayers(code: "layerwise" | "phase", ticks: number) {
  const layerCode = { code, ticks, activity: 0.2 } as const;
  const network = layerNetwork({ kind: "dense", inputs: size, units: size }, layerCode);
  const [node] = network.nodes;
  const [synapse] = network.synapses;
  const deeper: SpikingNetwork = {
    ...network,
    nodes: [node, { ...node, name: "second" }],
    synapses: [synapse, { ...synapse, from: node.name, to: "second" }],
  };
  return { network: deeper, spikes: randomSpikes(network, ticks, layerCode.activity) };
}

const ones = (counts: Iterable<number>) =>
  [...counts].reduce((sum, count) => sum + [...count.toString(2)].filter((digit) => digit === "1").length, 0);

describe("additions", () => {
  it.each([1, 7, 100, 300])("are the ones of all counts in layerwise rate of %i ticks", async (ticks) => {
    const { network, spikes } = twoLayers("layerwise", ticks);
    using wasm = await wasmEngine().createSimulator(network);
    const { counts, statistics } = wasm.run({ spikes });
    const sent = new Uint32Array(size);
    for (const neuron of spikes.neurons) sent[neuron]++;
    const first = counts[network.nodes[0].name];
    expect(statistics.additions).toBe(size * (ones(sent) + ones(first)));
    expect(statistics.synapticOperations).toBe(size * [...sent, ...first].reduce((sum, count) => sum + count, 0));
    using reference = await referenceEngine().createSimulator(network);
    const { synapticOperations } = statistics;
    expect(reference.run({ spikes }).statistics).toMatchObject({ synapticOperations, additions: synapticOperations });
  });

  it("are the ticks' where potentials are traced, and in phase", async () => {
    const { network, spikes } = twoLayers("layerwise", 20);
    using traced = await wasmEngine().createSimulator(network, { record: { potentials: { second: [0] } } });
    const phase = twoLayers("phase", 6);
    using plain = await wasmEngine().createSimulator(phase.network);
    for (const { statistics } of [traced.run({ spikes }), plain.run({ spikes: phase.spikes })])
      expect(statistics.additions).toBe(statistics.synapticOperations);
  });
});
