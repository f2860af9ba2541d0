// T7, T8 and T9 on random networks, in both engines.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodePhase } from "../../ts/encode/phase.ts";
import { encodeTtfs } from "../../ts/encode/ttfs.ts";
import type { Result, SpikeInput, SpikeTrain } from "../../ts/engine/engine.ts";
import { quantizedTwin } from "../../ts/mapping/twin.ts";
import type { Charges, Population, SpikingNetwork } from "../../ts/spiking/network.ts";
import { sizeOf } from "../../ts/tensor.ts";
import { cases, refusedBy, variants, type Variant } from "../conformance/networks.ts";
import { Draw } from "../draw.ts";
import { engines, simulate } from "./engines.ts";

const run = { seed: 12, numRuns: 40 };

interface Layer {
  readonly weights: Charges;
  readonly bias: Charges;
  readonly threshold: Charges;
  readonly initialPotential: Charges;
  readonly rectified?: boolean;
}

/** Dense layers (one-to-one where there are as many weights as neurons) named layer0, layer1, …, in any code. */
function networkOf(
  variant: Variant,
  windowTicks: number,
  levels: number,
  inputs: number,
  layers: readonly Layer[],
): SpikingNetwork {
  return {
    name: variant,
    ...variants[variant],
    windowTicks,
    levels,
    dtSeconds: 1,
    input: { name: "input", shape: [inputs], counts: null },
    nodes: layers.map(
      ({ bias, threshold, initialPotential, rectified = true }, index): Population => ({
        kind: "population",
        name: `layer${index}`,
        shape: [bias.length],
        bias,
        neuron: { model: "llif", threshold, initialPotential },
        rectified,
        unit: new Float64Array(bias.length).fill(1),
      }),
    ),
    synapses: layers.map(({ weights, bias }, index) => ({
      kind: weights.length === bias.length ? "identity" : "dense",
      from: index === 0 ? "input" : `layer${index - 1}`,
      to: `layer${index}`,
      delayTicks: 0,
      weights,
    })),
    convention: { scale: 1, mean: [0], std: [1], channelOrder: "gray" },
    classes: [],
  };
}

describe.each(engines)("codes, $name engine", (engine) => {
  const supported = (variant: Variant): boolean => !refusedBy[engine.name].includes(variant);

  it("T7: N = clip(floor(V/θ + ½), 0, T) in every layer, whichever way a count is emitted", async () => {
    expect.hasAssertions();
    await fc.assert(
      fc.asyncProperty(
        fc.nat(2 ** 31 - 1),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 4 }),
        async (seed, bits, depth) => {
          const draw = new Draw(seed);
          const levels = 2 ** bits - 1;
          const given = Array.from({ length: draw.integer(2, 8) }, () => draw.integer(0, levels));
          const expected: number[][] = [];
          const layers = Array.from({ length: depth }, (): Layer => {
            const before = expected.at(-1) ?? given;
            const units = draw.integer(2, 8);
            const theta = 2 ** draw.integer(1, 8);
            const weights = Int32Array.from({ length: units * before.length }, () => draw.integer(-theta, theta));
            const bias = Int32Array.from({ length: units }, () => draw.integer(-4 * theta, 4 * theta));
            const chargeOf = (unit: number): number =>
              before.reduce((sum, count, index) => sum + weights[unit * before.length + index] * count, bias[unit]);
            expected.push(
              Array.from(bias, (_, unit) => Math.min(Math.max(Math.floor(chargeOf(unit) / theta + 0.5), 0), levels)),
            );
            return {
              weights,
              bias,
              threshold: new Int32Array(units).fill(theta),
              initialPotential: new Int32Array(units).fill(theta / 2),
            };
          });
          const emissions: readonly (readonly [Variant, number, SpikeInput])[] = [
            ["layerwise rate", levels, anyTicks(draw, given, levels)],
            ["phase", bits, encodePhase(given, bits)],
            ["non-adjacent phase", bits + 1, encodePhase(given, bits + 1, { spikes: "signed", nonAdjacent: true })],
            ["ttfs slots", levels, encodeTtfs(given, levels)],
          ];
          for (const [variant, ticks, spikes] of emissions) {
            if (!supported(variant)) continue;
            const { counts } = await simulate(engine, networkOf(variant, ticks, levels, given.length, layers), {
              spikes,
            });
            expected.forEach((layer, index) => expect(Array.from(counts[`layer${index}`]), variant).toEqual(layer));
          }
        },
      ),
      run,
    );
  });

  it.each([
    ["ternary phase", false],
    ["ternary phase", true],
    ["non-adjacent phase", true],
  ] as const)("T12: digits of 150,000 values, ties included: %s, rectified %s", async (variant, rectified) => {
    const draw = new Draw(150_000);
    const ternary = variant === "ternary phase";
    for (let bits = 1; bits <= 8; bits++) {
      const size = 18_750;
      const levels = ternary ? (3 ** bits - 1) / 2 : 2 ** bits - 1;
      const ticks = ternary ? bits : bits + 1;
      const threshold = Int32Array.from({ length: size }, () => 2 * draw.integer(1, 40));
      const values = Float32Array.from(
        threshold,
        (theta) =>
          draw.integer(-levels - 3, levels + 3) * theta +
          draw.of(0, theta / 2, theta / 2 - 1, -theta / 2, draw.integer(-theta, theta)),
      );
      const initialPotential = threshold.map((theta) => (ternary ? 0 : theta / 2));
      const network = networkOf(variant, ticks, levels, size, [
        { weights: new Int32Array(size).fill(1), bias: new Int32Array(size), threshold, initialPotential, rectified },
      ]);
      const simulator = await engine.createSimulator(network, { record: { spikes: ["layer0"] } });
      const { counts, spikes } = simulator.run(values);
      simulator.dispose();
      const expected = Array.from(values, (value, index) =>
        Math.min(Math.max(Math.floor(value / threshold[index] + 0.5), rectified ? 0 : -levels), levels),
      );
      const digits = digitsOf(spikes.layer0, size, ticks);
      expect(Array.from(counts.layer0)).toEqual(expected);
      expect(digits.map((own) => own.reduce((sum, digit) => sum * (ternary ? 3 : 2) + digit, 0))).toEqual(expected);
      expect(digits.flat().every((digit) => Math.abs(digit) <= 1)).toBe(true);
      if (!ternary)
        expect(digits.some((own) => own.some((digit, tick) => digit !== 0 && tick > 0 && own[tick - 1] !== 0))).toBe(
          false,
        );
    }
  });

  if (supported("signed rate"))
    it("T8: after every tick the counts are the twin's of what has arrived so far, in any order", async () => {
      let takenBack = 0;
      await fc.assert(
        fc.asyncProperty(cases("signed rate"), async ({ network, spikes, ticks }) => {
          const names = network.nodes.flatMap((node) => (node.kind === "population" ? [node.name] : []));
          const simulator = await engine.createSimulator(network, { record: { spikes: names } });
          const arrived = new Int32Array(sizeOf(network.input.shape));
          const totals = new Map(names.map((name) => [name, new Map<number, number>()]));
          for (let tick = 0; tick < ticks; tick++) {
            const now = Array.from(spikes.ticks.keys()).filter((index) => spikes.ticks[index] === tick);
            const neurons = now.map((index) => spikes.neurons[index]);
            const signs = now.map((index) => spikes.signs?.[index] ?? 1);
            neurons.forEach((neuron, index) => (arrived[neuron] += signs[index]));
            const result: Result = simulator.run(
              { spikes: { ticks: now.map(() => 0), neurons, signs } },
              { ticks: 1, keepState: true },
            );
            const soFar = quantizedTwin(withShareOfBias(network, tick + 1)).run(arrived);
            expect(result.charges).toEqual(soFar.charges);
            for (const name of names) {
              const total = totals.get(name) as Map<number, number>;
              const { neurons: fired, signs: signsFired = new Int8Array(0) } = result.spikes[
                name as never
              ] as SpikeTrain;
              fired.forEach((neuron, index) => total.set(neuron, (total.get(neuron) ?? 0) + signsFired[index]));
              takenBack += signsFired.filter((sign) => sign < 0).length;
              expect(Array.from(soFar.counts[name], (_, neuron) => total.get(neuron) ?? 0)).toEqual(
                Array.from(soFar.counts[name]),
              );
            }
          }
          expect(() => simulator.step({ spikes: { ticks: [], neurons: [] } })).toThrow(
            `expected no more of them, got 1 after ${ticks}`,
          );
          simulator.dispose();
        }),
        run,
      );
      expect(takenBack).toBeGreaterThan(100);
    });

  if (supported("ttfs times"))
    it("T9: a = max(0, V) with at most one spike a neuron, to depth 40", async () => {
      const draw = new Draw(9);
      for (const depth of [1, 3, 10, 40]) {
        const [inputs, units] = [draw.integer(5, 30), draw.integer(5, 30)];
        let reals = Array.from({ length: inputs }, () => Math.fround(draw.unit()));
        const given = Float32Array.from(reals);
        const exact: number[][] = [];
        const layers = Array.from({ length: depth }, (): Layer => {
          const weights = draw.floats(units * reals.length, 2 / Math.sqrt(reals.length));
          const bias = draw.floats(units, 0.4);
          const charges = Array.from(bias, (charge, unit) =>
            reals.reduce((sum, value, index) => sum + weights[unit * reals.length + index] * value, charge),
          );
          // θ is the activation of a whole window: this sample's largest, so that nothing is clipped.
          const threshold = new Float32Array(units).fill(Math.max(1e-3, ...charges));
          reals = charges.map((charge, unit) => Math.max(0, charge) / threshold[unit]);
          exact.push(reals);
          return { weights, bias, threshold, initialPotential: new Float32Array(units) };
        });
        const names = layers.map((_, index) => `layer${index}`);
        const simulator = await engine.createSimulator(networkOf("ttfs times", 1, 0, inputs, layers), {
          record: { spikes: names },
        });
        const { spikes } = simulator.run(given);
        simulator.dispose();
        names.forEach((name, index) => {
          const { neurons, times = new Float64Array(0) } = spikes[name];
          expect(new Set(neurons).size).toBe(neurons.length);
          const found = new Array<number>(units).fill(0);
          neurons.forEach((neuron, spike) => (found[neuron] = index + 2 - times[spike]));
          found.forEach((value, neuron) =>
            expect(Math.abs(value - exact[index][neuron])).toBeLessThan(1e-5 * (index + 1)),
          );
        });
      }
    });
});

/** Each count as that many spikes in ticks of their own, in no order. */
function anyTicks(draw: Draw, counts: readonly number[], windowTicks: number): SpikeInput {
  const spikes = { ticks: [] as number[], neurons: [] as number[] };
  counts.forEach((count, neuron) => {
    const free = Array.from({ length: windowTicks }, (_, tick) => tick);
    for (let spike = 0; spike < count; spike++) {
      spikes.ticks.push(...free.splice(draw.integer(0, free.length - 1), 1));
      spikes.neurons.push(neuron);
    }
  });
  return spikes;
}

/** [neuron][tick], of the first layer. */
function digitsOf({ ticks, neurons, signs, length }: SpikeTrain, size: number, windowTicks: number): number[][] {
  const digits = Array.from({ length: size }, () => new Array<number>(windowTicks).fill(0));
  for (let index = 0; index < length; index++)
    digits[neurons[index]][ticks[index] - windowTicks] += signs?.[index] ?? 1;
  return digits;
}

/** The same network with the part of its bias that has arrived after that many ticks. */
function withShareOfBias(network: SpikingNetwork, ticks: number): SpikingNetwork {
  const share = (bias: Charges): Int32Array =>
    Int32Array.from(bias, (charge) => Math.floor((ticks * charge) / network.windowTicks));
  return {
    ...network,
    nodes: network.nodes.map((node) => (node.kind === "pool" ? node : { ...node, bias: share(node.bias) })),
  };
}
