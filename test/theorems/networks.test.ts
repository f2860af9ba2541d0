// T2, T3, T4, T7 and T11 on random networks, in both engines.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pcg32 } from "../../ts/random.ts";
import { encodeRegular } from "../../ts/encode/encode.ts";
import type { RunInput } from "../../ts/engine/engine.ts";
import { amplification, countErrorBounds } from "../../ts/mapping/equations.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import type { SpikingNetwork } from "../../ts/spiking/network.ts";
import { countsOverTime, engines, simulate } from "./engines.ts";

const run = { seed: 3, numRuns: 40 };

describe.each(engines)("networks, $name engine", (engine) => {
  it("T2: the count is the running maximum of floor((v0 + Z)/θ)", async () => {
    expect.hasAssertions();
    const charges = fc.array(fc.integer({ min: -640, max: 640 }), { minLength: 1, maxLength: 120 });
    await fc.assert(
      fc.asyncProperty(charges, fc.boolean(), fc.integer({ min: 0, max: 127 }), async (quanta, several, start) => {
        const threshold = 2;
        const arriving = quanta.map((value) => (several ? value / 64 : Math.min(value / 64, threshold)));
        const initialPotential = start / 64;
        const ticks = arriving.length;
        const network = spikingNetwork({ inputs: [ticks], ticks })
          .population({
            weights: [arriving],
            threshold,
            initialPotential,
            spikesPerTick: several ? 1000 : 1,
            name: "n",
          })
          .build();
        const order = arriving.map((_, tick) => tick);
        let sum = 0;
        let largest = 0;
        const expected = arriving.map((charge) => {
          sum += charge;
          largest = Math.max(largest, Math.floor((initialPotential + sum) / threshold));
          return [largest];
        });
        expect(await countsOverTime(engine, network, "n", { spikes: { ticks: order, neurons: order } }, ticks)).toEqual(
          expected,
        );
      }),
      run,
    );
  });

  for (const input of ["constant", "regular"] as const) {
    it(`T3, T4: counts stay within d_l of the ReLU's rate at every tick, also with a floor ≤ −2D (${input} input)`, async () => {
      expect.hasAssertions();
      let tightest = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.nat(2 ** 31 - 1),
          fc.integer({ min: 1, max: 4 }),
          fc.boolean(),
          fc.boolean(),
          async (seed, depth, several, floored) => {
            const ticks = 64;
            const made = chain(seed, depth, several, floored, ticks, input);
            for (let layer = 0; layer < depth; layer++) {
              const counts = await countsOverTime(engine, made.network, `layer${layer}`, made.input, ticks);
              counts.forEach((now, tick) =>
                now.forEach((count, neuron) => {
                  const error = Math.abs(count - made.rates[layer][neuron] * (tick + 1));
                  expect(error).toBeLessThanOrEqual(made.bounds[layer] + 1e-9);
                  tightest = Math.max(tightest, error / made.bounds[layer]);
                }),
              );
            }
          },
        ),
        run,
      );
      expect(tightest).toBeGreaterThan(0.9);
    });
  }

  it("T4: a floor at 0 is no ReLU: charges 1, −½ in turn give 50 spikes where 25 are right", async () => {
    const ticks = 100;
    const network = (floor: number): SpikingNetwork =>
      spikingNetwork({ inputs: [2], ticks })
        .population({ weights: [[1, -0.5]], threshold: 1, floor, name: "n" })
        .build();
    const order = Array.from({ length: ticks }, (_, tick) => tick);
    const input = { spikes: { ticks: order, neurons: order.map((tick) => tick % 2) } };
    expect((await simulate(engine, network(0), input)).counts.n[0]).toBe(50);
    expect((await simulate(engine, network(-Infinity), input)).counts.n[0]).toBe(25);
  });

  it("T11: once the potentials repeat, the counts over a period are P times the ReLU's rates, exactly", async () => {
    expect.hasAssertions();
    let periods = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(2 ** 31 - 1), fc.integer({ min: 1, max: 3 }), async (seed, depth) => {
        const ticks = 400;
        const made = chain(seed, depth, true, false, ticks, "constant");
        const drifting = made.means.map((means) =>
          means.map((mean, neuron) => (mean < 0 ? -1 : neuron)).filter((neuron) => neuron >= 0),
        );
        const falling = made.means.flatMap((means, layer) =>
          means.flatMap((mean, neuron) => (mean < 0 ? [`${layer} ${neuron}`] : [])),
        );
        const names = made.rates.map((_, layer) => `layer${layer}`);
        const simulator = await engine.createSimulator(made.network, {
          record: {
            spikes: names,
            potentials: Object.fromEntries(names.map((name, layer) => [name, drifting[layer]])),
          },
        });
        const result = simulator.run(made.input, { ticks });
        simulator.dispose();
        const spikes = names.flatMap((name, layer) => {
          const { ticks: at, neurons } = (
            result.spikes as Record<string, { ticks: Uint32Array; neurons: Uint32Array }>
          )[name];
          return Array.from(at, (tick, index) => ({ tick, layer, neuron: neurons[index] }));
        });
        const quiet =
          1 +
          Math.max(
            -1,
            ...spikes.filter(({ layer, neuron }) => falling.includes(`${layer} ${neuron}`)).map(({ tick }) => tick),
          );
        const stateAt = (tick: number): string =>
          names
            .map((name, layer) =>
              drifting[layer]
                .map((_, row) => (result.potentials as Record<string, Float32Array>)[name][row * ticks + tick])
                .join(" "),
            )
            .join("; ");
        // Constant input and no pools: the potentials are the whole state.
        const seen = new Map<string, number>();
        for (let tick = quiet; tick < ticks; tick++) {
          const state = stateAt(tick);
          const before = seen.get(state);
          if (before === undefined) {
            seen.set(state, tick);
            continue;
          }
          periods++;
          made.rates.forEach((rates, layer) =>
            rates.forEach((rate, neuron) => {
              const count = spikes.filter(
                (spike) =>
                  spike.layer === layer && spike.neuron === neuron && spike.tick > before && spike.tick <= tick,
              ).length;
              expect(count).toBeCloseTo(rate * (tick - before), 9);
            }),
          );
          return;
        }
      }),
      run,
    );
    expect(periods).toBeGreaterThan(10);
  });

  for (const code of ["rate", "phase"] as const) {
    it(`T7: layerwise ${code} gives clip(floor(V/θ + ½), 0, T), whatever the order of the spikes`, async () => {
      expect.hasAssertions();
      await fc.assert(
        fc.asyncProperty(
          fc.nat(2 ** 31 - 1),
          fc.integer({ min: 1, max: 7 }),
          fc.integer({ min: 1, max: 4 }),
          async (seed, bits, depth) => {
            const { network, input, counts } = exact(seed, code, bits, depth);
            const result = await simulate(engine, network, input);
            counts.forEach((expected, layer) => expect(Array.from(result.counts[`layer${layer}`])).toEqual(expected));
          },
        ),
        run,
      );
    });
  }
});

/** Dense layers with weights in 1/16: no float32 sum rounds. The rates are those of the ReLU network, over the reals. */
function chain(
  seed: number,
  depth: number,
  several: boolean,
  floored: boolean,
  ticks: number,
  kind: "constant" | "regular",
): { network: SpikingNetwork; input: RunInput; rates: number[][]; means: number[][]; bounds: number[] } {
  const next = pcg32(seed);
  const integer = (from: number, to: number): number => from + (next() % (to - from + 1));
  const width = integer(1, 6);
  const values = Array.from({ length: width }, () => integer(0, 16) / 16);
  let rates = values;
  let builder = spikingNetwork({ inputs: [width], ticks });
  const all: number[][] = [];
  const allMeans: number[][] = [];
  const amplifications: number[] = [];
  for (let layer = 0; layer < depth; layer++) {
    const threshold = [1, 2, 4][integer(0, 2)];
    const units = integer(1, 6);
    const weights = Array.from({ length: units }, () => Array.from(rates, () => integer(-16, 20) / 16));
    const bias = weights.map(() => integer(-4, 8) / 16);
    const factor = amplification(weights.flat(), new Array<number>(units).fill(threshold));
    // 2D of T4, in charge: D = κ·θ·d of the layer before.
    const before =
      countErrorBounds(amplifications, kind === "regular" ? 0.5 : 0).at(-1) ?? (kind === "regular" ? 0.5 : 0);
    const floor = floored ? -2 * factor * threshold * before : -Infinity;
    amplifications.push(factor);
    builder = builder.dense({
      weights,
      bias,
      threshold,
      initialPotential: threshold / 2,
      floor,
      spikesPerTick: several ? 2 ** 20 : 1,
      name: `layer${layer}`,
    });
    const means = weights.map((row, unit) =>
      row.reduce((sum, weight, index) => sum + weight * rates[index], bias[unit]),
    );
    rates = means.map((mean) => (several ? Math.max(0, mean) / threshold : Math.min(Math.max(0, mean) / threshold, 1)));
    allMeans.push(means);
    all.push(rates);
  }
  const input = kind === "constant" ? Float32Array.from(values) : { spikes: encodeRegular(values, ticks) };
  return {
    network: builder.build(),
    input,
    rates: all,
    means: allMeans,
    bounds: countErrorBounds(amplifications, kind === "regular" ? 0.5 : 0),
  };
}

function exact(
  seed: number,
  code: "rate" | "phase",
  bits: number,
  depth: number,
): { network: SpikingNetwork; input: RunInput; counts: number[][] } {
  const next = pcg32(seed);
  const integer = (from: number, to: number): number => from + (next() % (to - from + 1));
  const levels = 2 ** bits - 1;
  const windowTicks = code === "rate" ? levels : bits;
  const inputs = integer(1, 8);
  const ticks: number[] = [];
  const neurons: number[] = [];
  let counts = new Array<number>(inputs).fill(0);
  for (let event = 0; event < inputs * windowTicks; event++) {
    if (next() % 3 === 0) continue;
    const neuron = event % inputs;
    const tick = windowTicks - 1 - Math.floor(event / inputs);
    ticks.push(tick);
    neurons.push(neuron);
    counts[neuron] += code === "rate" ? 1 : 2 ** (bits - 1 - tick);
  }
  const layers = Array.from({ length: depth }, (_, layer) => {
    const threshold = 2 ** integer(1, 8);
    const weights = Array.from({ length: integer(1, 8) }, () =>
      Array.from(counts, () => integer(-threshold, threshold)),
    );
    const bias = weights.map(() => integer(-4 * threshold, 4 * threshold));
    counts = weights.map((row, unit) => {
      const charge = row.reduce((sum, weight, index) => sum + weight * counts[index], bias[unit]);
      return Math.min(Math.max(Math.floor(charge / threshold + 0.5), 0), levels);
    });
    return { name: `layer${layer}`, threshold, weights, bias, counts };
  });
  const network: SpikingNetwork = {
    name: "exact",
    code: code === "rate" ? { kind: "windowRate" } : { kind: "phase", digits: "binary" },
    arithmetic: "int32",
    windowTicks,
    levels,
    dtSeconds: 1,
    input: { name: "input", shape: [inputs], counts: null },
    nodes: layers.map(({ name, threshold, weights, bias }) => ({
      kind: "population",
      rectified: true,
      name,
      shape: [weights.length],
      bias: Int32Array.from(bias),
      neuron: {
        model: "llif" as const,
        threshold: new Int32Array(weights.length).fill(threshold),
        initialPotential: new Int32Array(weights.length).fill(threshold / 2),
      },
      unit: new Float64Array(weights.length).fill(1),
    })),
    synapses: layers.map(({ name, weights }, layer) => ({
      kind: "dense",
      from: layer === 0 ? "input" : `layer${layer - 1}`,
      to: name,
      delayTicks: 0,
      weights: Int32Array.from(weights.flat()),
    })),
    convention: { scale: 1, mean: [0], std: [1], channelOrder: "gray" },
    classes: [],
  };
  return { network, input: { spikes: { ticks, neurons } }, counts: layers.map((layer) => layer.counts) };
}
