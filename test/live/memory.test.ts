// What a live network takes in the memory of the core, once it is built: hardly more than it must.
import { expect, it } from "vitest";
import { loadGlue } from "../../ts/engine/load.ts";
import { resolveRecording } from "../../ts/engine/recording.ts";
import { wasmLiveCore } from "../../ts/engine/wasm-live.ts";
import { randomEdges, spikingNetwork, stdp } from "../../ts/index.ts";
import { liveBytes } from "../../ts/spiking/live-memory.ts";
import "../platform.ts";

const units = 6000;
const plasticity = stdp({ plus: 0.1, minus: 0.1, maximum: 1, timeConstantTicks: [20, 20] });
const edges = (more: object = {}) => ({
  edges: randomEdges({ from: units, to: units, probability: 0.02, weights: [0.1, 0.2], seed: 1, ...more }),
});

it.each([
  ["fixed connections", edges(), 1.1],
  ["connections that learn", { ...edges(), plasticity }, 1.1],
  // Those are sorted by delay on the way.
  ["connections that learn, with own delays", { ...edges({ delayTicks: [0, 9] }), plasticity }, 1.5],
  ["dense weights that learn", { weights: new Array(units / 6).fill(new Array(units / 6).fill(0.5)), plasticity }, 1.2],
])("%s", async (_, connection, most) => {
  const cells = "edges" in connection ? units : units / 6;
  const network = spikingNetwork({ inputs: 1 })
    .population({ name: "cells", units: cells, input: "none", threshold: 1 })
    .connect({ from: "cells", to: "cells", delayTicks: 1, ...connection } as never)
    .build();
  const glue = await loadGlue(undefined);
  const { memory } = await glue();
  const before = memory.buffer.byteLength;
  const core = wasmLiveCore(glue, memory, network, resolveRecording(network));
  const { synapses, neurons } = liveBytes(network);
  expect(memory.buffer.byteLength - before).toBeLessThan(most * (synapses + neurons) + 2 ** 19);
  core.reset();
  expect(memory.buffer.byteLength - before).toBeLessThan(most * (synapses + neurons) + 2 ** 19);
  core.dispose();
});
