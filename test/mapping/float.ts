// What the float network gives, and how far synchronous rate may be from it (T3).
import { forward, inputFromPixels } from "../../ts/relu/forward.ts";
import type { ReluNetwork } from "../../ts/relu/network.ts";
import { requireMapped } from "../../ts/spiking/mapped.ts";
import { synapsesTo, type SpikingNetwork } from "../../ts/spiking/network.ts";
import { forEachWeight } from "../../ts/spiking/weights.ts";

/** Values of the outputs, before a softmax. */
export function floatOutputs(relu: ReluNetwork, pixels: Uint8Array): Float32Array[] {
  const values = forward(relu, inputFromPixels(relu, pixels));
  return relu.outputs.map((name) => {
    const node = relu.nodes.find((candidate) => candidate.name === name);
    return values.get(node?.kind === "softmax" ? node.from[0] : name) as Float32Array;
  });
}

/** By output, Σ|q|·d over its sources: d = ½ + Σ κ·d_source for neurons, a pool's from what it reads (T3). */
export function outputBounds(network: SpikingNetwork): number[] {
  const bounds = new Map<string, number>([[network.input.name, 0]]);
  const outputs: number[] = [];
  for (const node of network.nodes) {
    if (node.kind === "pool") {
      const members =
        node.mode === "max" ? 1 : node.kernel[0] * node.kernel[1] * Math.max(1, ...(node.multiplicity ?? []));
      bounds.set(node.name, members * (bounds.get(node.from) as number));
      continue;
    }
    const threshold = node.kind === "population" ? node.neuron.threshold[0] : 1;
    const channels = node.shape[node.shape.length - 1];
    let arriving = 0;
    for (const synapse of synapsesTo(requireMapped("bounds", network), node.name)) {
      const sums = new Float64Array(channels);
      const linear = { ...synapse, weights: Float64Array.from(synapse.weights) };
      forEachWeight(linear, node.shape, (output, _input, weight) => {
        const size = Math.abs(weight);
        sums[output % channels] =
          synapse.kind === "identity" ? Math.max(sums[output % channels], size) : sums[output % channels] + size;
      });
      arriving += Math.max(...sums) * (bounds.get(synapse.from) as number);
    }
    if (node.kind === "output") outputs.push(arriving);
    else bounds.set(node.name, 0.5 + arriving / threshold);
  }
  return outputs;
}
