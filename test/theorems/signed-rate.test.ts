// T8 after every tick, on graphs of every operator.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quantizedTwin } from "../../ts/mapping/twin.ts";
import { populationsOf, type SpikingNetwork, type SpikingOutput } from "../../ts/spiking/network.ts";
import { sizeOf } from "../../ts/tensor.ts";
import { mapped, randomGraph } from "../mapping/random.ts";
import { engines } from "./engines.ts";

/** A = B + Σq·N_0 of every neuron: what the bias and the constant current deliver in a window. */
function constantCharges(network: SpikingNetwork, pixels: Uint8Array): Readonly<Record<string, Int32Array>> {
  const { input, nodes, synapses } = network;
  const alone = nodes.flatMap((node): SpikingOutput[] =>
    node.kind === "pool"
      ? []
      : [{ kind: "output", name: node.name, shape: node.shape, bias: node.bias, unit: node.unit, rectified: false }],
  );
  return quantizedTwin({ ...network, nodes: alone, synapses: synapses.filter(({ from }) => from === input.name) }).run(
    pixels,
  ).charges;
}

/** The network whose bias is the part of A that has arrived after that many ticks, and to which nothing else comes from outside. */
function soFar(network: SpikingNetwork, charges: Readonly<Record<string, Int32Array>>, ticks: number): SpikingNetwork {
  const share = (charge: number): number => Math.floor((ticks * charge) / network.windowTicks);
  return {
    ...network,
    nodes: network.nodes.map((node) =>
      node.kind === "pool" ? node : { ...node, bias: charges[node.name].map(share) },
    ),
    synapses: network.synapses.filter(({ from }) => from !== network.input.name),
  };
}

describe.each(engines)("T8 on mapped graphs of every operator, $name engine", (engine) => {
  it("after every tick the counts are the twin's of the charge so far", async () => {
    let [takenBack, negative] = [0, 0];
    await fc.assert(
      fc.asyncProperty(fc.nat(2 ** 31 - 1), fc.integer({ min: 1, max: 15 }), async (seed, ticks) => {
        const { relu, pixels } = randomGraph(seed);
        const network = await mapped(relu, { code: "rate", spikes: "signed", ticks, calibration: pixels });
        const charges = constantCharges(network, pixels[0]);
        const totals = Object.fromEntries(
          populationsOf(network).map(({ name, shape }) => [name, new Int32Array(sizeOf(shape))]),
        );
        const nothing = new Uint8Array(pixels[0].length);
        const simulator = await engine.createSimulator(network);
        for (let tick = 1; tick <= ticks; tick++) {
          const result = simulator.step(pixels[0]);
          for (const [name, total] of Object.entries(totals)) {
            total.forEach((_, neuron) => (total[neuron] += result.counts[name][neuron]));
            takenBack += result.counts[name].filter((count: number) => count < 0).length;
          }
          const expected = quantizedTwin(soFar(network, charges, tick)).run(nothing);
          expect(totals).toEqual(expected.counts);
          expect(result.charges).toEqual(expected.charges);
          negative += Object.values(expected.charges)
            .flatMap((values) => Array.from(values))
            .filter((charge) => charge < 0).length;
        }
        simulator.dispose();
      }),
      { seed: 8, numRuns: 25 },
    );
    expect(takenBack).toBeGreaterThan(100);
    expect(negative).toBeGreaterThan(0);
  });
});
