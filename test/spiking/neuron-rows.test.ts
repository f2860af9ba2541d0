// Leak, reset, floor and refractory period: one for all neurons, one for each channel, or one for each neuron.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { earlyExit } from "../../ts/mapping/early-exit.ts";
import { toRelu } from "../../ts/mapping/to-relu.ts";
import { population, spikingNetwork } from "../../ts/spiking/builder.ts";
import { checkSpikingNetwork } from "../../ts/spiking/check.ts";
import type { Population, SpikingNetwork } from "../../ts/spiking/network.ts";
import type { ResetKind } from "../../ts/spiking/neurons/llif-options.ts";
import { departures, isPlain, type NeuronOptions } from "../../ts/spiking/neurons/models.ts";
import { engines } from "../theorems/engines.ts";

const eighths = (from: number, to: number) => fc.integer({ min: 8 * from, max: 8 * to }).map((value) => value / 8);

interface OneNeuron {
  readonly weights: readonly number[];
  readonly factor: number;
  readonly floor: number;
  readonly reset: ResetKind;
  readonly ticks: number;
  readonly threshold: number;
}

const inputs = 3;
const oneNeuron: fc.Arbitrary<OneNeuron> = fc.record({
  weights: fc.array(eighths(-1, 2), { minLength: inputs, maxLength: inputs }),
  factor: fc.constantFrom(1, 0.875, 0.5, 0),
  floor: fc.constantFrom(-Infinity, 0, -0.5, 0.25),
  reset: fc.constantFrom<ResetKind>("soft", "hard"),
  ticks: fc.nat(5),
  threshold: eighths(1, 3),
});

const neuronOf = (network: SpikingNetwork) => (network.nodes[0] as Population).neuron;

describe.each(engines)("rows of parameters: $name", (engine) => {
  it("fires each neuron as a network of it alone", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(oneNeuron, { minLength: 1, maxLength: 40 }),
        fc.constantFrom<"integrate" | "discard">("integrate", "discard"),
        fc.array(eighths(0, 2), { minLength: inputs, maxLength: inputs }),
        async (neurons, input, values) => {
          const options = {
            leak: { kind: "ohmic", factorPerTick: neurons.map(({ factor }) => factor) },
            floor: neurons.map(({ floor }) => floor),
            reset: neurons.map(({ reset }) => reset),
            refractory: { ticks: neurons.map(({ ticks }) => ticks), input },
            threshold: neurons.map(({ threshold }) => threshold),
          } satisfies NeuronOptions;
          const ticks = 24;
          const record = { spikes: ["n"], potentials: { n: neurons.map((_, index) => index) } };
          const together = population({ ...options, weights: neurons.map(({ weights }) => weights), ticks, name: "n" });
          using all = await engine.createSimulator(together, { record });
          const { counts, potentials } = all.run({ values: Float32Array.from(values) });
          for (const [index, { weights, factor, floor, reset, ticks: waits, threshold }] of neurons.entries()) {
            const alone = population({
              leak: { kind: "ohmic", factorPerTick: factor },
              floor,
              reset,
              refractory: { ticks: waits, input },
              threshold,
              weights: [weights],
              ticks,
              name: "n",
            });
            using one = await engine.createSimulator(alone, { record: { potentials: { n: [0] } } });
            const result = one.run({ values: Float32Array.from(values) });
            expect(counts.n[index]).toBe(result.counts.n[0]);
            expect([...potentials.n.slice(index * ticks, (index + 1) * ticks)]).toEqual([...result.potentials.n]);
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  it("reads one for each channel of a convolution as the same at every position", async () => {
    const layer = {
      weights: [0.5, -0.25, 1],
      filters: 3,
      kernel: 1,
      threshold: 1,
      bias: 0.25,
      name: "n",
    };
    const perChannel = {
      leak: { kind: "ohmic", timeConstantTicks: [3, 20, 1e9] },
      floor: [-Infinity, -0.5, 0],
      reset: ["hard", "soft", "hard"],
      refractory: [0, 2, 1],
    } as const;
    const repeated = <T>(values: readonly T[]): T[] => Array.from({ length: 12 }, (_, index) => values[index % 3]);
    const perNeuron = {
      leak: { kind: "ohmic", timeConstantTicks: repeated(perChannel.leak.timeConstantTicks) },
      floor: repeated(perChannel.floor),
      reset: repeated(perChannel.reset),
      refractory: repeated(perChannel.refractory),
    } as const;
    const results = await Promise.all(
      [perChannel, perNeuron].map(async (options) => {
        const network = spikingNetwork({ inputs: [2, 2, 1], ticks: 40 })
          .conv2d({ ...layer, ...options })
          .build();
        using simulator = await engine.createSimulator(network, { record: { potentials: { n: [0, 1, 2, 11] } } });
        return simulator.run({ values: Float32Array.of(0.5, 1, 1.5, 2) });
      }),
    );
    expect(results[0].counts).toEqual(results[1].counts);
    expect(results[0].potentials).toEqual(results[1].potentials);
    expect(new Set(results[0].counts.n).size).toBeGreaterThan(4);
  });
});

describe("rows of parameters", () => {
  it("leave out what does nothing", () => {
    const options = { floor: -Infinity, reset: "soft", refractory: [0, 0], spikesPerTick: 1 } as const;
    const network = population({ weights: [[1], [1]], threshold: 1, ...options });
    expect(Object.keys(neuronOf(network))).toEqual(["model", "threshold", "initialPotential"]);
    expect(isPlain(neuronOf(network))).toBe(true);
  });

  it("name what keeps a neuron from being plain", () => {
    const network = population({
      weights: [[1], [1]],
      threshold: 1,
      leak: { kind: "ohmic", factorPerTick: [1, 0.5] },
      floor: [-1, -Infinity],
      reset: ["soft", "hard"],
      refractory: [0, 3],
    });
    expect(departures(neuronOf(network))).toEqual(["an ohmic leak", "a hard reset", "a floor", "a refractory period"]);
    expect(earlyExit(network)).toBeNull();
  });

  const conv = (options: Partial<NeuronOptions>) =>
    spikingNetwork({ inputs: [2, 2, 1] })
      .conv2d({ name: "c", weights: [1, 1, 1], filters: 3, kernel: 1, threshold: 1, ...options })
      .build();
  const lengths = "expected 3 values, one a channel, or 12, one a neuron, got 4";
  it.each<[string, Partial<NeuronOptions>]>([
    [`leak: factorPerTick: ${lengths}`, { leak: { kind: "ohmic", factorPerTick: [1, 1, 1, 1] } }],
    [`leak: timeConstantTicks: ${lengths}`, { leak: { kind: "ohmic", timeConstantTicks: [1, 1, 1, 1] } }],
    [`floor: ${lengths}`, { floor: [0, 0, 0, 0] }],
    [`reset: ${lengths}`, { reset: ["soft", "hard", "soft", "hard"] }],
    [`refractory ticks: ${lengths}`, { refractory: [1, 2, 3, 4] }],
    [`refractory ticks: ${lengths}`, { refractory: { ticks: [1, 2, 3, 4], input: "discard" } }],
    ["leak: factorPerTick: expected a finite number >= 0 <= 1", { leak: { kind: "ohmic", factorPerTick: [1, 2, 1] } }],
    [
      "leak: timeConstantTicks: expected a finite number > 0",
      { leak: { kind: "ohmic", timeConstantTicks: [1, 0, 1] } },
    ],
    ["floor: expected a finite number, or -Infinity", { floor: [0, NaN, 0] }],
    ["floor: expected a number, or an array", { floor: "low" as unknown as number }],
    ['reset: expected one of soft, hard, got "gentle"', { reset: ["soft", "gentle" as "soft", "soft"] }],
    ['reset: expected one of soft, hard, got "gentle"', { reset: "gentle" as "soft" }],
    ["refractory ticks: expected an integer from 0", { refractory: [0, 1.5, 0] }],
    [
      'refractory input: expected one of integrate, discard, got "halve"',
      {
        refractory: { ticks: 1, input: "halve" as "discard" },
      },
    ],
  ])("refuses with %s", (message, options) => {
    expect(() => conv(options)).toThrow(message);
    expect(() => conv(options)).toThrow('layer "c"');
  });

  it.each([
    ["leak: factorPerTick", { leak: { factorPerTick: new Float32Array(4) } }],
    ["floor", { floor: new Float32Array(4) }],
    ["reset: hard", { reset: { hard: new Uint8Array(4) } }],
    ["refractory ticks", { refractory: { ticks: new Uint32Array(4) } }],
    ["reset: hard: expected an integer from 0 to 1, got 2", { reset: { hard: Uint8Array.of(0, 2, 0) } }],
    ["leak: factorPerTick: expected a Float32Array", { leak: { factorPerTick: new Float64Array(3) } }],
    ["neuron: expected options among", { conductance: {} }],
    ['model: expected one of llif, got "izhikevich"', { model: "izhikevich" }],
  ])("refuses a network's %s, naming the population", (message, change) => {
    const network = conv({});
    const node = network.nodes[0] as Population;
    const wrong = { ...network, nodes: [{ ...node, neuron: { ...node.neuron, ...change } as Population["neuron"] }] };
    expect(() => checkSpikingNetwork(wrong)).toThrow(message);
    expect(() => checkSpikingNetwork(wrong)).toThrow('population "c"');
  });

  it("refuses hard reset beside several spikes a tick, of one neuron too", () => {
    expect(() => conv({ spikesPerTick: 2, reset: ["soft", "hard", "soft"] })).toThrow(
      '2 spikes per tick: expected reset "soft", got "hard"',
    );
  });

  it("are refused in layerwise networks, with what they are", () => {
    const network = conv({ leak: { kind: "ohmic", factorPerTick: [1, 0.5, 1] }, refractory: [0, 0, 1] });
    const ttfs: SpikingNetwork = { ...network, code: { kind: "times" }, windowTicks: 1, levels: 0 };
    expect(() => checkSpikingNetwork(ttfs)).toThrow(
      'population "c": expected the plain neuron in a layerwise network of unsigned spikes, got an ohmic leak, a refractory period',
    );
  });

  it("map back to a ReLU network: what an ohmic leak of each neuron adds leaves its bias", () => {
    const factors = [0.5, 1, 0.75, 1, 0.25, 1, 1, 1, 1, 1, 1, 0.5];
    const back = toRelu(conv({ bias: 0.25, threshold: [1, 2, 4], leak: { kind: "ohmic", factorPerTick: factors } }));
    const bias = back.nodes.find((node) => node.kind === "affine");
    const thresholds = [1, 2, 4];
    expect(bias?.kind === "affine" ? [...bias.shift] : null).toEqual(
      factors.map((factor, index) => {
        const threshold = thresholds[index % 3];
        return (0.25 - ((1 - factor) / 2) * threshold) / threshold;
      }),
    );
  });

  it("refuses thresholds that no ReLU layer has", () => {
    const thresholds = [1, 2, 4, 1, 2, 4, 1, 2, 4, 1, 2, 8];
    expect(() => toRelu(conv({ threshold: thresholds }))).toThrow(
      'node "c": cannot be mapped back: its thresholds differ within a channel',
    );
    expect(toRelu(conv({ threshold: [...thresholds.slice(0, 11), 4] })).nodes).toHaveLength(3);
  });
});
