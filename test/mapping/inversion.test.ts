import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldNetwork } from "../../ts/mapping/fold/fold.ts";
import type { FoldedLayer, FoldedOutput } from "../../ts/mapping/fold/graph.ts";
import { forEachWeight } from "../../ts/mapping/fold/linear.ts";
import { toRelu } from "../../ts/mapping/to-relu.ts";
import { toSpiking } from "../../ts/mapping/to-spiking.ts";
import type { ReluNetwork } from "../../ts/relu/network.ts";
import type { SpikingNetwork } from "../../ts/spiking/network.ts";
import { channelsOf, sizeOf } from "../../ts/tensor.ts";
import { shippedModel } from "./models.ts";
import { mapped, randomGraph } from "./random.ts";

type Weighted = FoldedLayer | FoldedOutput;

function weighted(relu: ReluNetwork): Weighted[] {
  return foldNetwork(relu).nodes.filter((node): node is Weighted => node.kind !== "pool");
}

/** Activation of one unit of charge into a channel: δ/θ. */
function chargeOf(network: SpikingNetwork, name: string, channel: number): number {
  const node = network.nodes.find((candidate) => candidate.name === name);
  if (node === undefined || node.kind === "pool") throw new Error(`no layer ${name}`);
  return node.unit[channel % node.unit.length] / (node.kind === "population" ? node.threshold[channel % node.threshold.length] : 1);
}

/** Activation of one count of a source; a pool's is its population's, and the average's divisor is in the folded weights. */
function unitOf(network: SpikingNetwork, name: string, channel: number): number {
  if (name === network.input.name) return network.input.counts?.unit ?? 1;
  const node = network.nodes.find((candidate) => candidate.name === name);
  if (node?.kind === "pool") return unitOf(network, node.from, channel);
  if (node?.kind !== "population") throw new Error(`no source ${name}`);
  return node.unit[channel % node.unit.length];
}

/** Largest difference between the weights and biases of two foldings of one network, in quanta of the spiking network between them. */
function worstInQuanta(relu: ReluNetwork, network: SpikingNetwork): number {
  const before = weighted(relu);
  const after = new Map(weighted(toRelu(network)).map((layer) => [layer.name, layer]));
  let worst = 0;
  for (const layer of before) {
    const other = after.get(layer.name);
    expect(other?.synapses.map(({ from }) => from)).toEqual(layer.synapses.map(({ from }) => from));
    if (other === undefined || (layer.kind === "layer" && layer.complement) || layer.synapses.some(({ from }) => isComplement(before, network, from))) continue;
    const channels = channelsOf(layer.shape);
    layer.synapses.forEach(({ from, linear }, index) => {
      const found = other.synapses[index].linear.weights;
      forEachWeight(linear, layer.shape, (output, input, weight, at) => {
        const quantum = chargeOf(network, layer.name, output % channels) / unitOf(network, from, input);
        worst = Math.max(worst, beyondFloat32(found[at % found.length], weight) / quantum);
      });
    });
    for (let index = 0; index < sizeOf(layer.shape); index++) {
      const difference = beyondFloat32(other.bias[index % other.bias.length], layer.bias[index % layer.bias.length]);
      worst = Math.max(worst, difference / chargeOf(network, layer.name, index % channels));
    }
  }
  return worst;
}

/** What comes back is rounded to float32 twice. */
function beyondFloat32(found: number, expected: number): number {
  return Math.abs(found - expected) - 2 ** -22 * Math.abs(expected);
}

/** Complements come back in units of their ceiling. */
function isComplement(layers: readonly Weighted[], network: SpikingNetwork, source: string): boolean {
  const node = network.nodes.find(({ name }) => name === source);
  if (node?.kind === "pool") return isComplement(layers, network, node.from);
  return layers.some((layer) => layer.kind === "layer" && layer.name === source && layer.complement);
}

describe("toRelu of toSpiking", () => {
  const slack = 1e-6;

  it.each(["mnist-8", "fashion-cnn", "cifar10-resnet20"])("%s: every weight and bias within half a quantum, in rate to float32 rounding", async (name) => {
    const relu = shippedModel(name);
    expect(worstInQuanta(relu, await toSpiking(relu, { bits: 8, scales: "analytic" }))).toBeLessThanOrEqual(0.5 + slack);
    const rate = await toSpiking(relu, { code: "rate", scales: "analytic" });
    expect(worstRelative(relu, rate)).toBeLessThan(1e-6);
  });

  it("random graphs: the same", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(2 ** 31 - 1), fc.integer({ min: 4, max: 10 }), async (seed, bits) => {
        const { relu, pixels } = randomGraph(seed);
        expect(worstInQuanta(relu, await mapped(relu, { bits, calibration: pixels }))).toBeLessThanOrEqual(0.5 + slack);
      }),
      { numRuns: 60, examples: [[455812280, 4]] },
    );
  });
});

/** Largest difference of a weight, relative to the largest of its layer. */
function worstRelative(relu: ReluNetwork, network: SpikingNetwork): number {
  const after = new Map(weighted(toRelu(network)).map((layer) => [layer.name, layer]));
  let worst = 0;
  for (const layer of weighted(relu)) {
    layer.synapses.forEach(({ linear }, index) => {
      const found = after.get(layer.name)?.synapses[index].linear.weights ?? new Float64Array(0);
      const largest = linear.weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
      linear.weights.forEach((weight, at) => (worst = Math.max(worst, Math.abs(found[at % found.length] - weight) / largest)));
    });
  }
  return worst;
}
