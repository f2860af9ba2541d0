// T8 (b): signed rate that runs until a tick is silent.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Result, RunInput } from "../../ts/engine/engine.ts";
import { readLlif, writeLlif } from "../../ts/formats/llif.ts";
import { quantizedTwin } from "../../ts/mapping/twin.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import { populationsOf, type SpikingNetwork } from "../../ts/spiking/network.ts";
import { sizeOf } from "../../ts/tensor.ts";
import { cases } from "../conformance/networks.ts";
import { mapped, randomGraph } from "../mapping/random.ts";
import { engines } from "./engines.ts";

/** One run in every engine, all recorded; they must agree in everything. */
async function runInAll(network: SpikingNetwork, input: RunInput): Promise<Result> {
  const populations = populationsOf(network);
  const potentials = Object.fromEntries(
    populations.map(({ name, shape }) => [name, Array.from({ length: sizeOf(shape) }, (_, neuron) => neuron)]),
  );
  const results: Result[] = [];
  for (const engine of engines) {
    const simulator = await engine.createSimulator(network, {
      record: { spikes: populations.map(({ name }) => name), potentials, sent: true },
    });
    results.push(simulator.run(input));
    simulator.reset();
    // In two parts, the second of which ends the window and settles.
    const half = Math.floor(network.windowTicks / 2);
    if (half > 0 && input instanceof Uint8Array) {
      const first = simulator.run(input, { ticks: half, keepState: true });
      const second = simulator.run(input, { ticks: network.windowTicks - half, keepState: true });
      expect(second.charges).toEqual(results[0].charges);
      expect(first.statistics.ticks + second.statistics.ticks).toBe(results[0].statistics.ticks);
      expect(first.statistics.spikes + second.statistics.spikes).toBe(results[0].statistics.spikes);
    }
    simulator.dispose();
  }
  for (const result of results) expect({ ...result, engine: null }).toEqual({ ...results[0], engine: null });
  return results[0];
}

/** At most one spike a neuron and tick; the window's last tick and all behind it but the last have spikes, unless nothing followed. */
function expectSingleSpikes(network: SpikingNetwork, { spikes, statistics }: Result): number {
  const busy = new Set<number>();
  for (const [name, { ticks, neurons, length }] of Object.entries(
    spikes as Record<string, { ticks: Uint32Array; neurons: Uint32Array; length: number }>,
  )) {
    const seen = new Set(Array.from(ticks, (tick, index) => `${tick}:${neurons[index]}`));
    expect(seen.size, name).toBe(length);
    ticks.forEach((tick) => busy.add(tick));
  }
  const settling = statistics.ticks - network.windowTicks;
  expect(busy.has(statistics.ticks - 1)).toBe(false);
  for (let tick = network.windowTicks - 1; settling > 0 && tick < statistics.ticks - 1; tick++)
    expect(busy.has(tick)).toBe(true);
  return settling;
}

describe(`T8 (b): at most one spike a tick, until a tick is silent, in ${engines.map(({ name }) => name).join(" and ")}`, () => {
  it("counts as the twin does, on random networks with spikes of both signs", async () => {
    let settled = 0;
    await fc.assert(
      fc.asyncProperty(cases("signed rate"), async (sample) => {
        const network: SpikingNetwork = { ...sample.network, code: { kind: "signedRate", settles: true } };
        const arrived = new Int32Array(sizeOf(network.input.shape));
        sample.spikes.neurons.forEach((neuron, index) => (arrived[neuron] += sample.spikes.signs?.[index] ?? 1));
        for (const [input, counts] of [
          [{ spikes: sample.spikes }, arrived],
          [sample.values, sample.values],
        ] as const) {
          const result = await runInAll(network, input);
          const expected = quantizedTwin(network).run(counts);
          expect(result.counts).toEqual(expected.counts);
          expect(result.charges).toEqual(expected.charges);
          const reached = populationsOf(network).length > 0 ? expectSingleSpikes(network, result) : 0;
          settled += reached > 0 ? 1 : 0;
        }
      }),
      { seed: 8, numRuns: 40 },
    );
    expect(settled).toBeGreaterThan(20);
  });

  it("counts as the twin does on mapped graphs of every operator, and comes back from a file", async () => {
    let settled = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(2 ** 31 - 1), fc.integer({ min: 1, max: 15 }), async (seed, ticks) => {
        const { relu, pixels } = randomGraph(seed);
        const network = readLlif(
          writeLlif(await mapped(relu, { code: "rate", spikes: "signed", settles: true, ticks, calibration: pixels })),
        );
        const result = await runInAll(network, pixels[0]);
        const expected = quantizedTwin(network).run(pixels[0]);
        expect(result.counts).toEqual(expected.counts);
        expect(result.charges).toEqual(expected.charges);
        settled += expectSingleSpikes(network, result) > 0 ? 1 : 0;
      }),
      { seed: 8, numRuns: 20 },
    );
    expect(settled).toBeGreaterThan(10);
  });

  it("is refused where it means nothing", async () => {
    const { relu, pixels } = randomGraph(1);
    await expect(mapped(relu, { code: "phase", settles: true, calibration: pixels })).rejects.toThrow(
      'settles: expected code "rate" with signed spikes',
    );
    const network = spikingNetwork({ inputs: [2] })
      .dense({ weights: [[1, 1]], threshold: 1, name: "n" })
      .build();
    const code = { kind: "rate", settles: true } as const;
    await expect(engines[0].createSimulator({ ...network, code })).rejects.toThrow(
      'code: expected options among kind, got "settles"',
    );
    const delayed = await mapped(relu, {
      code: "rate",
      spikes: "signed",
      settles: true,
      ticks: 4,
      calibration: pixels,
    });
    const synapses = delayed.synapses.map((synapse, index) => (index === 1 ? { ...synapse, delayTicks: 2 } : synapse));
    await expect(engines[0].createSimulator({ ...delayed, synapses })).rejects.toThrow(
      "settles: expected no delays, got 2 ticks",
    );
  });
});
