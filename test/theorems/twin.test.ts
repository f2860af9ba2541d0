// The quantised twin equals the simulation, neuron by neuron.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTwinPass } from "../../ts/engine/passes/twin.ts";
import { quantizedTwin } from "../../ts/mapping/twin.ts";
import { populationsOf, type SpikingNetwork } from "../../ts/spiking/network.ts";
import { cases, refusedBy, variants, type Variant } from "../conformance/networks.ts";
import { engines, simulate } from "./engines.ts";

const exactCodes = (Object.keys(variants) as Variant[]).filter((variant) => variants[variant].arithmetic === "int32");
const graphs = 1000;

describe.each(exactCodes)("quantised twin of %s", (variant) => {
  const simulated = engines.filter(({ name }) => !refusedBy[name].includes(variant));
  const samples = fc.sample(cases(variant), { seed: graphs, numRuns: graphs });

  it(`equals the simulation on ${graphs} random graphs, neuron by neuron: ${simulated.map(({ name }) => name).join(", ")}`, {
    timeout: 600_000,
  }, async () => {
    let spikes = 0;
    for (const { network, values } of samples) {
      const twin = quantizedTwin(network).run(values);
      for (const engine of simulated) {
        const result = await simulate(engine, network, values);
        spikes += result.statistics.spikes;
        expect(mismatches(network, twin, result)).toBe(0);
      }
    }
    expect(spikes).toBeGreaterThan(50_000);
  });

  it("equals the fast pass", async () => {
    for (const { network, values } of samples.slice(0, 100)) {
      const pass = await createTwinPass(network, { keep: populationsOf(network).map(({ name }) => name) });
      const result = pass.run(Int16Array.from(values), 1);
      pass.dispose();
      expect(mismatches(network, quantizedTwin(network).run(values), result)).toBe(0);
    }
  });

  it("sees a changed charge in the engine's copy of a network", async () => {
    let seen = 0;
    const chosen = samples.slice(0, 60);
    for (const { network, values } of chosen) {
      const [synapse, ...others] = network.synapses;
      const weights = Int32Array.from(synapse.weights);
      // Large enough for a neuron to cross a threshold, unless its input is silent or it is saturated anyway.
      weights[Math.floor(weights.length / 2)] += 64;
      const changed = { ...network, synapses: [{ ...synapse, weights }, ...others] };
      if (mismatches(network, quantizedTwin(network).run(values), await simulate(simulated[0], changed, values)) > 0)
        seen++;
    }
    expect(seen).toBeGreaterThan(chosen.length / 3);
  });
});

interface Numbers {
  readonly counts: Readonly<Record<string, ArrayLike<number>>>;
  readonly charges: Readonly<Record<string, ArrayLike<number>>>;
}

/** Neurons and outputs that differ. */
function mismatches(network: SpikingNetwork, twin: Numbers, other: Numbers): number {
  let different = 0;
  const compare = (expected: ArrayLike<number>, actual: ArrayLike<number>): void => {
    expect(actual.length).toBe(expected.length);
    for (let index = 0; index < expected.length; index++) if (expected[index] !== actual[index]) different++;
  };
  for (const { name } of populationsOf(network)) compare(twin.counts[name], other.counts[name]);
  for (const [name, charges] of Object.entries(twin.charges)) compare(charges, other.charges[name]);
  return different;
}
