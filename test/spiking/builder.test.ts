// The spiking network builder: shapes, leaks, delays, SI units.
import { describe, expect, it } from "vitest";
import { referenceEngine } from "../../ts/engine/reference.ts";
import { population, spikingNetwork } from "../../ts/spiking/builder.ts";
import { checkSpikingNetwork } from "../../ts/spiking/check.ts";
import { biologicalNeuron, synapticCharge } from "../../ts/spiking/neuron.ts";
import type { LlifNeuron, Population, SpikingNetwork } from "../../ts/spiking/network.ts";

const ones = (length: number): Float32Array => new Float32Array(length).fill(1);

describe("spikingNetwork", () => {
  it("infers shapes through convolution, pooling and dense layers", () => {
    const network = spikingNetwork({ inputs: [28, 28, 1], ticks: 16 })
      .conv2d({ weights: ones(9 * 8), filters: 8, kernel: 3, padding: "same", threshold: 2 })
      .maxPool()
      .conv2d({ weights: ones(9 * 8), filters: 8, kernel: 3, stride: 2, groups: 8, threshold: 1 })
      .sumPool({ size: 3 })
      .dense({ weights: ones(32 * 5), units: 5, threshold: 1 })
      .output({ weights: [ones(5), ones(5)] })
      .build();
    expect(network.nodes.map(({ name, shape }) => `${name} ${shape.join("x")}`)).toEqual([
      "conv1 28x28x8",
      "maxPool1 14x14x8",
      "conv2 6x6x8",
      "sumPool1 2x2x8",
      "dense1 5",
      "output1 2",
    ]);
    expect(network.windowTicks).toBe(16);
  });

  it("puts the constant leak into the bias and the ohmic one into the factor", () => {
    const node = (options: Parameters<typeof population>[0]): Population => population(options).nodes[0] as Population;
    const weights = [
      [1, 2],
      [3, 4],
    ];
    expect([
      ...node({ weights, threshold: 1, bias: 0.5, leak: { kind: "constant", chargePerTick: [0.25, -0.25] } }).bias,
    ]).toEqual([0.25, 0.75]);
    expect(node({ weights, threshold: 1, leak: { kind: "ohmic", timeConstantTicks: 10 } }).neuron.leak).toEqual({
      factorPerTick: new Float32Array(2).fill(Math.exp(-0.1)),
    });
    expect(node({ weights, threshold: 1, refractory: 3 }).neuron.refractory).toEqual({
      ticks: Uint32Array.of(3, 3),
      input: "integrate",
    });
  });

  it("steps a population by hand", async () => {
    const network = population({ weights: [[0.5], [1]], threshold: 1, initialPotential: 0 });
    const simulator = await referenceEngine().createSimulator(network, {
      record: { potentials: { population1: [0, 1] } },
    });
    const steps = [1, 2, 3].map(() => simulator.step(Float32Array.of(1)));
    expect(steps.map(({ counts }) => [...counts.population1])).toEqual([
      [0, 1],
      [1, 1],
      [0, 1],
    ]);
    expect(steps.map(({ potentials }) => [...potentials.population1])).toEqual([
      [0.5, 0],
      [0, 0],
      [0.5, 0],
    ]);
    simulator.dispose();
  });

  it.each<[string, () => unknown]>([
    [
      'layer "dense1": weights: expected 3 values in row 1, got 2',
      () =>
        spikingNetwork({ inputs: [3] }).dense({
          weights: [
            [1, 2, 3],
            [1, 2],
          ],
          threshold: 1,
        }),
    ],
    [
      'layer "dense1": weights: expected a number of rows of 3 values',
      () => spikingNetwork({ inputs: [3] }).dense({ weights: [1, 2, 3, 4], threshold: 1 }),
    ],
    [
      'layer "conv1": input needs 3 dimensions, got 1 ([3])',
      () => spikingNetwork({ inputs: [3] }).conv2d({ weights: [1], filters: 1, kernel: 1, threshold: 1 }),
    ],
    [
      "expected 9 values for shape [3,3,1,1], got 8",
      () => spikingNetwork({ inputs: [5, 5, 1] }).conv2d({ weights: ones(8), filters: 1, kernel: 3, threshold: 1 }),
    ],
    [
      'population "dense1": threshold: expected a finite number > 0, got 0',
      () => spikingNetwork({ inputs: [1] }).dense({ weights: [[1]], threshold: 0 }),
    ],
    [
      "threshold with 2 spikes per tick: expected a power of two, got 3",
      () => spikingNetwork({ inputs: [1] }).dense({ weights: [[1]], threshold: 3, spikesPerTick: 2 }),
    ],
    [
      '2 spikes per tick: expected reset "soft"',
      () => spikingNetwork({ inputs: [1] }).dense({ weights: [[1]], threshold: 2, spikesPerTick: 2, reset: "hard" }),
    ],
    [
      "weights: row 0: expected finite numbers, got NaN at index 0",
      () => spikingNetwork({ inputs: [1] }).dense({ weights: [[NaN]], threshold: 1 }),
    ],
    [
      '"a": expected a unique name',
      () =>
        spikingNetwork({ inputs: [1] })
          .dense({ weights: [[1]], threshold: 1, name: "a" })
          .dense({ weights: [[1]], threshold: 1, name: "a" }),
    ],
    [
      'expected no layer after output "output1"',
      () =>
        spikingNetwork({ inputs: [1] })
          .output({ weights: [[1]] })
          .dense({ weights: [[1]], threshold: 1 }),
    ],
    [
      "factorPerTick: expected a finite number >= 0 <= 1, got 2",
      () => checkNeuron({ leak: { factorPerTick: Float32Array.of(2) } }),
    ],
    ["floor: expected a finite number, or -Infinity", () => checkNeuron({ floor: Float32Array.of(NaN) })],
    [
      "bias: expected a Float32Array in a float32 network, got an Int32Array of 1",
      () => checkWith({ bias: Int32Array.of(1) }),
    ],
    ["initialPotential: expected 1 values, one a channel", () => checkNeuron({ initialPotential: ones(2) })],
  ])("refuses with: %s", (message, build) => {
    expect(build).toThrow(message);
  });

  it("refuses backward synapses without delay, and delays in layerwise networks", async () => {
    const network = spikingNetwork({ inputs: [1] })
      .dense({ weights: [[1]], threshold: 1, name: "a" })
      .build();
    const loop = (delayTicks: number): SpikingNetwork => ({
      ...network,
      synapses: [...network.synapses, { kind: "identity", from: "a", to: "a", delayTicks, weights: ones(1) }],
    });
    expect(() => checkSpikingNetwork(loop(0))).toThrow('synapse "a" to "a": expected the source before the target');
    expect(checkSpikingNetwork(loop(1)).synapses).toHaveLength(2);
    const integers = loop(1).synapses.map((synapse) => ({ ...synapse, weights: Int32Array.of(1) }));
    const node: Population = {
      ...(network.nodes[0] as Population),
      bias: Int32Array.of(0),
      neuron: { model: "llif", threshold: Int32Array.of(2), initialPotential: Int32Array.of(1) },
    };
    const layerwise: SpikingNetwork = {
      ...network,
      code: { kind: "windowRate" },
      arithmetic: "int32",
      nodes: [node],
      synapses: integers,
    };
    await expect(referenceEngine().createSimulator(layerwise)).rejects.toThrow(
      expect.objectContaining({ code: "UNSUPPORTED", message: expect.stringContaining('use schedule "synchronous"') }),
    );
  });
});

function checkWith(change: Partial<Population>): void {
  const network = population({ weights: [[1]], threshold: 1 });
  checkSpikingNetwork({ ...network, nodes: [{ ...(network.nodes[0] as Population), ...change }] });
}

function checkNeuron(change: Partial<LlifNeuron>): void {
  const network = population({ weights: [[1]], threshold: 1 });
  checkWith({ neuron: { ...(network.nodes[0] as Population).neuron, ...change } });
}

describe("biologicalNeuron", () => {
  const neuron = { capacitanceFarad: 200e-12, thresholdVolt: 15e-3, dtSeconds: 1e-4 };

  it("computes charges from the reset on: θ = C·(V_th − V_reset), c = (1−α)·C·(R·(I_inj − I_leak) + V_rest − V_reset)", () => {
    const made = biologicalNeuron(
      {
        ...neuron,
        injectedCurrentAmpere: 2e-9,
        leakCurrentAmpere: -1e-9,
        resistanceOhm: 1e8,
        restVolt: 5e-3,
        resetVolt: 0,
        floorVolt: -0.02,
        initialVolt: 1e-3,
        refractorySeconds: 5e-4,
      },
      1,
    );
    const alpha = Math.exp(-1e-4 / (1e8 * 200e-12));
    expect(made.threshold).toBeCloseTo(3e-12, 24);
    expect(made.bias).toBeCloseTo((1 - alpha) * 200e-12 * (3e-9 * 1e8 + 5e-3), 24);
    expect(made.leak).toEqual({ kind: "ohmic", factorPerTick: alpha });
    expect(made.floor).toBeCloseTo(-4e-12, 24);
    expect(made.initialPotential).toBeCloseTo(2e-13, 24);
    expect(made.refractory).toEqual({ ticks: 4, input: "integrate" });
  });

  it("fires as often as its scale-free description: a power of two as charge scale changes no spike", async () => {
    const counts = await Promise.all(
      [2 ** 40, 2 ** 44].map(async (scale) => {
        const network = population({
          ...biologicalNeuron({ ...neuron, injectedCurrentAmpere: 5e-9 }, scale),
          weights: [[synapticCharge(3e-13, scale)]],
          ticks: 500,
        });
        const simulator = await referenceEngine().createSimulator(network);
        const every = Array.from({ length: 100 }, (_, index) => index * 5);
        return simulator.run({ spikes: { ticks: every, neurons: every.map(() => 0) } }).counts.population1[0];
      }),
    );
    // 500 · 5e-13 C + 100 · 3e-13 C over 3e-12 C.
    expect(counts).toEqual([93, 93]);
  });

  it("refuses a refractory period that is no multiple of the tick", () => {
    expect(() => biologicalNeuron({ ...neuron, refractorySeconds: 2.5e-4 })).toThrow(
      "multiple of the tick of 0.0001 s, got 0.00025 s",
    );
    expect(() => biologicalNeuron({ ...neuron, capacitanceFarad: 0 })).toThrow("capacitanceFarad");
  });
});
