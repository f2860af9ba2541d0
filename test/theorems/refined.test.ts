// T14: refined phase equals the quantised network of its precision after every tick, and of the whole precision at the end of every frame.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Result, Simulator } from "../../ts/engine/engine.ts";
import { quantizedTwin } from "../../ts/mapping/twin.ts";
import { populationsOf, type SpikingNetwork } from "../../ts/spiking/network.ts";
import { sizeOf } from "../../ts/tensor.ts";
import { mapped, randomGraph } from "../mapping/random.ts";
import { engines } from "./engines.ts";

const chains = [
  { bits: 4 },
  { bits: 6 },
  { bits: 4, quanta: [8, 2, 1] },
  { bits: 5, quanta: [27, 9, 3, 1] },
  { bits: 3, quanta: [1] },
  { bits: 6, quanta: [60, 12, 4, 1] },
];

const code = { code: "phase", schedule: "synchronous", spikes: "signed" } as const;

/** Counts of a frame so far, from those of each of its runs. */
class Counts {
  readonly of: Record<string, Int32Array>;

  constructor(network: SpikingNetwork) {
    this.of = Object.fromEntries(
      populationsOf(network).map(({ name, shape }) => [name, new Int32Array(sizeOf(shape))]),
    );
  }

  add({ counts }: Result): this {
    for (const [name, total] of Object.entries(this.of))
      total.forEach((_, neuron) => (total[neuron] += counts[name][neuron]));
    return this;
  }
}

function expectTwin(counts: Counts, result: Result, network: SpikingNetwork, pixels: Uint8Array, ticks?: number): void {
  const expected = quantizedTwin(network, ticks === undefined ? {} : { ticks }).run(pixels);
  expect(counts.of).toEqual(expected.counts);
  expect(result.charges).toEqual(expected.charges);
}

async function onNetworks(
  engine: (typeof engines)[number],
  numRuns: number,
  check: (simulator: Simulator, network: SpikingNetwork, pixels: readonly Uint8Array[]) => void,
  options: { lazy?: number; spikesAlone?: boolean } = {},
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.nat(2 ** 31 - 1), fc.constantFrom(...chains), async (seed, chain) => {
      const { relu, pixels } = randomGraph(seed);
      const { lazy } = options;
      const network = await mapped(relu, {
        ...code,
        ...chain,
        ...(lazy === undefined ? {} : { lazy }),
        calibration: pixels,
      });
      const simulator = await engine.createSimulator(network);
      check(simulator, network, pixels);
      simulator.dispose();
    }),
    { seed: 14, numRuns },
  );
}

describe.each(engines)("T14 on mapped graphs of every operator, $name engine", (engine) => {
  it("after every tick the counts are the twin's of that precision", { timeout: 60_000 }, async () => {
    let negative = 0;
    await onNetworks(engine, 40, (simulator, network, [pixels]) => {
      const counts = new Counts(network);
      for (let tick = 1; tick <= network.windowTicks; tick++) {
        const result = tick === 1 ? simulator.run(pixels, { ticks: 1 }) : simulator.resume({ ticks: 1 });
        expectTwin(counts.add(result), result, network, pixels, tick);
        negative += Object.values(result.counts).reduce(
          (sum, list) => sum + list.filter((count: number) => count < 0).length,
          0,
        );
      }
      const whole = simulator.run(pixels);
      expectTwin(new Counts(network).add(whole), whole, network, pixels);
    });
    expect(negative).toBeGreaterThan(100);
  });

  it("lazy frames end at the twin of their own input", { timeout: 60_000 }, async () => {
    await onNetworks(
      engine,
      30,
      (simulator, network, pixels) => {
        const counts = new Counts(network);
        pixels.forEach((frame, index) => {
          const firstTick = index === 0 ? 0 : index % network.windowTicks;
          const result = simulator.run(frame, { keepState: true, firstTick });
          expectTwin(counts.add(result), result, network, frame);
        });
      },
      { lazy: 0.75 },
    );
  });
});
