// Phase codes with binary, ternary and non-adjacent digits, on graphs of every operator.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ToSpikingOptions } from "../../ts/mapping/to-spiking.ts";
import { quantizedTwin } from "../../ts/mapping/twin.ts";
import { populationsOf } from "../../ts/spiking/network.ts";
import { mapped, randomGraph } from "../mapping/random.ts";
import { engines } from "./engines.ts";

/** Digits of a count, most significant first. */
type Digits = (count: number, ticks: number) => number[];

const binary: Digits = (count, ticks) =>
  Array.from({ length: ticks }, (_, tick) => Math.floor(count / 2 ** (ticks - 1 - tick)) % 2);

/** The only form with digits −1, 0, 1 in base 3: from the least, the remainder nearest to zero. */
const ternary: Digits = (count, ticks) => {
  const digits: number[] = [];
  for (let rest = count; digits.length < ticks; ) {
    const digit = ((((rest + 1) % 3) + 3) % 3) - 1;
    digits.unshift(digit);
    rest = (rest - digit) / 3;
  }
  return digits;
};

/** The only form with digits −1, 0, 1 in base 2 of which no two neighbours are not zero. */
const nonAdjacent: Digits = (count, ticks) => {
  const digits: number[] = [];
  for (let rest = count; digits.length < ticks; ) {
    const digit = rest % 2 === 0 ? 0 : 2 - (((rest % 4) + 4) % 4);
    digits.unshift(digit);
    rest = (rest - digit) / 2;
  }
  return digits;
};

describe.each(engines)("phase on mapped graphs of every operator, $name engine", (engine) => {
  it.each<[string, ToSpikingOptions, Digits]>([
    ["T7, binary", { bits: 6 }, binary],
    ["T12, balanced ternary", { bits: 4, spikes: "signed" }, ternary],
    ["T12, non-adjacent", { bits: 6, nonAdjacent: true }, nonAdjacent],
  ])("%s: every spike is the digit of the twin's count", async (_, options, digitsOf) => {
    const seen = { spikes: 0, negative: 0, neurons: 0 };
    await fc.assert(
      fc.asyncProperty(fc.nat(2 ** 31 - 1), async (seed) => {
        const { relu, pixels } = randomGraph(seed);
        const network = await mapped(relu, { ...options, calibration: pixels });
        const { windowTicks } = network;
        const names = populationsOf(network).map(({ name }) => name);
        const simulator = await engine.createSimulator(network, { record: { spikes: names } });
        const { spikes, counts } = simulator.run(pixels[0]);
        simulator.dispose();
        const twin = quantizedTwin(network).run(pixels[0]).counts;
        for (const name of names) {
          const train = (spikes as Record<string, { ticks: Uint32Array; neurons: Uint32Array; signs?: Int8Array }>)[
            name
          ];
          const found = Array.from(counts[name], () => new Array<number>(windowTicks).fill(0));
          train.neurons.forEach((neuron, index) => {
            const sign = train.signs?.[index] ?? 1;
            found[neuron][train.ticks[index] % windowTicks] += sign;
            seen.spikes++;
            if (sign < 0) seen.negative++;
          });
          expect(found).toEqual(Array.from(twin[name], (count) => digitsOf(count, windowTicks)));
          seen.neurons += found.length;
        }
      }),
      { numRuns: 15 },
    );
    expect(seen.neurons).toBeGreaterThan(5_000);
    expect(seen.spikes).toBeGreaterThan(5_000);
    if (options.spikes === "signed" || options.nonAdjacent === true) expect(seen.negative).toBeGreaterThan(500);
  });
});
