// T14: refined phase equals the quantised network of its precision after every tick, and of the whole precision at the end of every frame.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inputEncoder } from "../../ts/analyze/encoding.ts";
import type { Result, Simulator } from "../../ts/engine/engine.ts";
import { quantizedTwin, type QuantizedTwin } from "../../ts/mapping/twin.ts";
import type { RefinedPhase } from "../../ts/spiking/codes/refined-phase.ts";
import { populationsOf, type SpikingNetwork } from "../../ts/spiking/network.ts";
import { sizeOf } from "../../ts/tensor.ts";
import { Draw } from "../draw.ts";
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

/** Quanta by layer: none, little, and more than there are. */
const leads = [0, 1, 2.5, 4, 9];

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
  expectEqual(counts, result, quantizedTwin(network, ticks === undefined ? {} : { ticks }).run(pixels));
}

function expectEqual(counts: Counts, result: Result, expected: ReturnType<QuantizedTwin["run"]>): void {
  expect(counts.of).toEqual(expected.counts);
  expect(result.charges).toEqual(expected.charges);
}

async function onNetworks(
  engine: (typeof engines)[number],
  numRuns: number,
  check: (simulator: Simulator, network: SpikingNetwork, pixels: readonly Uint8Array[], ahead: number) => void,
  options: { lazy?: number; spikesAlone?: boolean } = {},
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(2 ** 31 - 1),
      fc.constantFrom(...chains),
      fc.constantFrom(...leads),
      async (seed, chain, ahead) => {
        const { relu, pixels } = randomGraph(seed);
        const network = await mapped(relu, {
          ...code,
          ...chain,
          ahead,
          lazy: options.lazy ?? 0.5,
          calibration: pixels,
        });
        const simulator = await engine.createSimulator(network);
        check(simulator, network, pixels, ahead);
        simulator.dispose();
      },
    ),
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

  it("pixels as spikes equal pixels as values, and after every tick the twin of the input so far", {
    timeout: 60_000,
  }, async () => {
    let spikes = 0;
    await onNetworks(engine, 40, (simulator, mapped, [pixels], ahead) => {
      const { network, encode } = inputEncoder(mapped, { encoding: "phase" });
      expect(network).toBe(mapped);
      const whole = encode(pixels);
      if (whole.spikes === null) throw new Error("no spikes");
      spikes += whole.spikes.ticks.length;
      const result = simulator.run(whole.input);
      expectTwin(new Counts(network).add(result), result, network, pixels);
      const counts = new Counts(network);
      const { quanta } = network.code as RefinedPhase;
      quanta.forEach((_, tick) => {
        const part = tick === 0 ? simulator.run(whole.input, { ticks: 1 }) : simulator.resume({ ticks: 1 });
        const reached = quanta[tick + Math.round(ahead)] ?? 1;
        const soFar = pixels.map((pixel) => pixel - (pixel % reached));
        expectTwin(counts.add(part), part, network, soFar, tick + 1);
      });
    });
    expect(spikes).toBeGreaterThan(1000);
  });

  it.each([
    ["with laziness", 0.75],
    ["without", 0.5],
  ])("each frame of 250 sequences ends at the twin of its own input, %s", { timeout: 120_000 }, async (_, lazy) => {
    let [sequences, shorter] = [0, 0];
    await onNetworks(
      engine,
      25,
      (simulator, network, [pixels]) => {
        const draw = new Draw(pixels.length);
        const twin = quantizedTwin(network);
        for (let sequence = 0; sequence < 10; sequence++, sequences++) {
          const counts = new Counts(network);
          let frame = pixels;
          simulator.reset();
          for (let index = 0; index < 4; index++) {
            frame = nextFrame(draw, frame);
            const firstTick = index === 0 ? 0 : draw.integer(0, network.windowTicks - 1);
            if (firstTick > 0) shorter++;
            const result = simulator.run(frame, { keepState: true, firstTick });
            expectEqual(counts.add(result), result, twin.run(frame));
          }
        }
      },
      { lazy },
    );
    expect(sequences).toBe(250);
    expect(shorter).toBeGreaterThan(300);
  });
});

/** One pixel changed, a few, or all, or the picture shifted. */
function nextFrame(draw: Draw, frame: Uint8Array): Uint8Array {
  const changed = draw.integer(0, 3);
  if (changed === 0) return frame.map((_, index) => frame[(index + 1) % frame.length]);
  const next = frame.slice();
  const pixels = [1, Math.ceil(frame.length / 20), frame.length][changed - 1];
  for (let index = 0; index < pixels; index++) next[draw.integer(0, frame.length - 1)] = draw.integer(0, 255);
  return next;
}
