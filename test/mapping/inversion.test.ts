// `toRelu(toSpiking(network))` is the network, within rounding.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldNetwork } from "../../ts/mapping/fold/fold.ts";
import type { FoldedLayer, FoldedOutput } from "../../ts/mapping/fold/graph.ts";
import { forEachWeight } from "../../ts/spiking/weights.ts";
import { toRelu } from "../../ts/mapping/to-relu.ts";
import { toSpiking } from "../../ts/mapping/to-spiking.ts";
import { inputOf, type ReluNetwork } from "../../ts/relu/network.ts";
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
  return (
    node.unit[channel % node.unit.length] /
    (node.kind === "population" ? node.neuron.threshold[channel % node.neuron.threshold.length] : 1)
  );
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
    // Pools of a negative side take their names from the positive one.
    const names = (synapses: Weighted["synapses"] = []) =>
      synapses.map(({ from }, index) =>
        positiveSide(before, network, layer.synapses[index]?.from ?? from).positive === from ? from : "negative side",
      );
    expect(names(other?.synapses)).toEqual(names(layer.synapses));
    // A negative side comes back as what its positive side is.
    if (other === undefined || (layer.kind === "layer" && layer.negativeOf !== null)) continue;
    const shifted = layer.synapses.some(({ from }) => isComplement(before, network, from));
    const channels = channelsOf(layer.shape);
    layer.synapses.forEach(({ from, linear }, index) => {
      const found = other.synapses[index].linear.weights;
      forEachWeight(linear, layer.shape, (output, input, weight, at) => {
        const { positive, slope } = positiveSide(before, network, from);
        const quantum =
          (Math.max(1e-9, Math.abs(slope[input % slope.length])) * chargeOf(network, layer.name, output % channels)) /
          unitOf(network, positive, input);
        worst = Math.max(worst, beyondFloat32(found[at % found.length], weight) / quantum);
      });
    });
    // The rounded weights of a complement tell what its readers had at zero.
    for (let index = 0; index < (shifted ? 0 : sizeOf(layer.shape)); index++) {
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

/** The source of the positive side, where this is of a negative one, and the slope with which readers weigh it. */
function positiveSide(
  layers: readonly Weighted[],
  network: SpikingNetwork,
  source: string,
): { readonly positive: string; readonly slope: Float64Array } {
  const layer = layerOf(layers, network, source);
  return layer?.negativeOf
    ? { positive: layer.negativeOf.layer, slope: layer.negativeOf.slope }
    : { positive: source, slope: Float64Array.of(1) };
}

function isComplement(layers: readonly Weighted[], network: SpikingNetwork, source: string): boolean {
  return layerOf(layers, network, source)?.complement === true;
}

/** The layer whose counts a source passes on. */
function layerOf(layers: readonly Weighted[], network: SpikingNetwork, source: string): FoldedLayer | undefined {
  const node = network.nodes.find(({ name }) => name === source);
  if (node?.kind === "pool") return layerOf(layers, network, node.from);
  return layers.find((layer): layer is FoldedLayer => layer.kind === "layer" && layer.name === source);
}

describe("toRelu of toSpiking", () => {
  const slack = 1e-6;

  it.each(["mnist-8", "fashion-cnn", "cifar10-resnet20"])(
    "%s: every weight and bias within half a quantum, in rate to float32 rounding",
    async (name) => {
      const relu = shippedModel(name);
      expect(
        worstInQuanta(
          relu,
          await toSpiking(relu, {
            bits: 8,
            calibration: [Uint8Array.from({ length: sizeOf(inputOf(relu).shape) }, (_, index) => (index * 37) % 256)],
          }),
        ),
      ).toBeLessThanOrEqual(0.5 + slack);
      const rate = await toSpiking(relu, { code: "rate", scales: "analytic" });
      expect(worstRelative(relu, rate)).toBeLessThan(1e-6);
    },
  );

  it("random graphs: the same", async () => {
    let leaky = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(2 ** 31 - 1), fc.integer({ min: 4, max: 10 }), async (seed, bits) => {
        const { relu, pixels } = randomGraph(seed);
        // A linear value comes back without neurons, so that another mapping may hold it elsewhere.
        fc.pre(
          !weighted(relu).some(
            (layer) => layer.kind === "layer" && layer.negativeOf?.slope.every((factor) => factor === 1) === true,
          ),
        );
        leaky += weighted(relu).filter((layer) => layer.kind === "layer" && layer.negativeOf !== null).length;
        expect(worstInQuanta(relu, await mapped(relu, { bits, calibration: pixels }))).toBeLessThanOrEqual(0.5 + slack);
      }),
      { numRuns: 60, examples: [[455812280, 4]] },
    );
    expect(leaky).toBeGreaterThan(10);
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
      linear.weights.forEach(
        (weight, at) => (worst = Math.max(worst, Math.abs(found[at % found.length] - weight) / largest)),
      );
    });
  }
  return worst;
}
