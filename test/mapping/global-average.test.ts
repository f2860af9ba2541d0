// Wide global averages get neurons of their own.
import { describe, expect, it } from "vitest";
import { createSimulator } from "../../ts/engine/create.ts";
import { createFloatPass } from "../../ts/engine/passes/float.ts";
import { correspondences } from "../../ts/mapping/activations.ts";
import { clippingOf } from "../../ts/mapping/clipping.ts";
import { toRelu } from "../../ts/mapping/to-relu.ts";
import { followedActivations, toSpiking, type ToSpikingOptions } from "../../ts/mapping/to-spiking.ts";
import { quantizedTwin } from "../../ts/mapping/twin.ts";
import { reluNetwork } from "../../ts/relu/builder.ts";
import { forwardLogits, inputFromPixels } from "../../ts/relu/forward.ts";
import { outputsOf, populationsOf, synapsesTo, type SpikingNetwork } from "../../ts/spiking/network.ts";
import { Draw } from "../draw.ts";

const draw = new Draw(11);
const channels = 96;
/** 256 cells of 96 channels: at 12 bits their sums would leave the output's weights eighty quanta each. */
const model = reluNetwork({
  input: [16, 16, 1],
  name: "wide",
  convention: { scale: 1 / 255, mean: [0.4], std: [0.3], channelOrder: "gray" },
})
  .conv2d({
    name: "first",
    padding: 1,
    weights: { shape: [3, 3, 1, channels], data: draw.floats(9 * channels, 1) },
    bias: draw.floats(channels, 0.2),
  })
  .relu()
  .averagePool({ name: "average", size: 16 })
  .flatten()
  .dense({
    name: "logits",
    weights: { shape: [10, channels], data: draw.floats(10 * channels, 0.1) },
    bias: draw.floats(10, 0.2),
  })
  .build();
const images = Array.from({ length: 3 }, () => Uint8Array.from({ length: 256 }, () => draw.integer(0, 255)));

function rmsError(network: SpikingNetwork, reference = model): number {
  const [output] = outputsOf(network);
  let [sum, count] = [0, 0];
  for (const image of images) {
    const { charges } = quantizedTwin(network).run(image);
    forwardLogits(reference, inputFromPixels(reference, image)).forEach((logit, k) => {
      sum += (charges[output.name][k] * output.unit[k % output.unit.length] - logit) ** 2;
      count++;
    });
  }
  return Math.sqrt(sum / count);
}

const same = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  a.length === b.length && Array.from(a).every((value, index) => value === b[index]);
const held = (network: SpikingNetwork) => populationsOf(network).some(({ name }) => name === "average.mean");
const mapping = (options: ToSpikingOptions) => toSpiking(model, { calibration: images, ...options });

describe("global average before the output", () => {
  it("is held by neurons where its sums would take most of 32 bits, and only there", async () => {
    const few = await mapping({ bits: 8 });
    const many = await mapping({ bits: 12 });
    expect([
      held(few),
      held(many),
      held(await mapping({ bits: 9, spikes: "signed" })),
      held(await mapping({ code: "rate" })),
      held(await mapping({ code: "ttfs" })),
    ]).toEqual([false, true, true, false, false]);
    // The rounding of the output's weights is most of the error at 8 bits, and would be sixteen times as large at 12.
    expect(rmsError(many)).toBeLessThan(rmsError(few));
    const largest = (network: SpikingNetwork) =>
      Float64Array.from(synapsesTo(network, "logits")[0].weights).reduce(
        (most, weight) => Math.max(most, Math.abs(weight)),
        0,
      );
    expect(largest(many)).toBeGreaterThan(2 * largest(few));
  });

  it("is exact in simulation, calibrated by a pass, compared, and mapped back", async () => {
    const { network: followed, nodes } = followedActivations(model);
    const pass = await createFloatPass(followed, { maxima: nodes });
    for (const image of images) pass.run(image, 1);
    const maxima = pass.maxima();
    pass.dispose();
    const network = await mapping({ bits: 12 });
    expect(await toSpiking(model, { bits: 12, maxima, maximaImages: images.length })).toEqual(network);
    expect(clippingOf(network, model, maxima)).toEqual([]);
    expect(clippingOf(await mapping({ bits: 12, margin: 0.5 }), model, maxima).map(({ layer }) => layer)).toContain(
      "average.mean",
    );
    expect(correspondences(model, network).map(({ population, node }) => [population.name, node])).toEqual([
      ["first", expect.anything()],
      ["average.mean", "average"],
    ]);
    for (const engine of ["wasm", "reference"] as const) {
      const simulator = await createSimulator(network, { engine });
      for (const image of images.slice(0, 1)) {
        const { counts, charges } = simulator.run(image);
        const twin = quantizedTwin(network).run(image);
        for (const name of Object.keys(twin.counts))
          expect(same(counts[name], twin.counts[name]), `${engine} ${name}`).toBe(true);
        expect(charges).toEqual(twin.charges);
      }
      simulator.dispose();
    }
    expect(rmsError(network, toRelu(network))).toBeLessThan(2 * rmsError(network) + 1e-4);
  });
});
