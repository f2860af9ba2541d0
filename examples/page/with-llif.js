// The same simulator with llif: the neuron by its options, the connections as they are, one call for a frame.
import { createSimulator, spikingNetwork } from "llif";

export async function createLlif(model) {
  const { neurons, edges, leak, decay, gain, threshold, delayTicks, refractoryTicks } = model;
  const network = spikingNetwork({ inputs: 1, dtSeconds: 1e-4 })
    .population({
      name: "cells",
      units: neurons,
      input: "none",
      threshold,
      reset: { kind: "hard", value: 0 },
      leak: { kind: "ohmic", factorPerTick: leak },
      currents: { g: { factorPerTick: decay, gain } },
      refractory: { ticks: refractoryTicks, clamp: ["v"] },
    })
    .connect({ from: "cells", to: "cells", into: "g", delayTicks, edges })
    .build();
  const simulator = await createSimulator(network, { record: { counts: false, spikes: ["cells"] } });
  return {
    drive: (charges) => simulator.drive("cells", charges),
    run: (ticks) => simulator.run(null, { ticks, keepState: true }).spikes.cells,
    dispose: () => simulator.dispose(),
  };
}
