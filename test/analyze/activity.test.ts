// Activity and energy, against operations counted by hand.
import { describe, expect, it } from "vitest";
import { encodePhase } from "../../ts/encode/phase.ts";
import { activityMeter, addActivity } from "../../ts/analyze/activity.ts";
import { rulesOf } from "../../ts/spiking/code.ts";
import { cancelsSpikes } from "../../ts/spiking/network.ts";
import { energyReport, horowitz45nm } from "../../ts/analyze/energy.ts";
import { fanoutOf } from "../../ts/analyze/fanout.ts";
import { referenceEngine } from "../../ts/engine/reference.ts";
import { toSpiking } from "../../ts/mapping/to-spiking.ts";
import { toRelu } from "../../ts/mapping/to-relu.ts";
import { forward } from "../../ts/relu/forward.ts";
import { randomGraph } from "./graphs.ts";
import { tinyNetwork, tinyRefined } from "./networks.ts";

describe("activity, counted by hand", () => {
  // Weights 16 and 0 in the first layer: one target each that is not zero. In the second, neuron 0 has two, neuron 1 one.
  const network = tinyNetwork([
    [4, 0],
    [1, 3],
  ]);
  const relu = toRelu(network);
  const meter = activityMeter(network, relu);
  const image = Float32Array.of(5, 2);
  meter.add(
    { counts: { hidden: [5, 2] }, statistics: { spikes: 3, synapticOperations: 6 } },
    [5, 2],
    Object.fromEntries(forward(relu, image)),
  );
  const report = energyReport(network, relu, meter, meter.sums());

  it("counts spikes, operations, updates and shifts", () => {
    // 5 = 101 and 2 = 010: three spikes; neuron 0 spikes twice into two targets, neuron 1 once into one.
    expect(report.spiking).toMatchObject({
      Effective_MACs: 2,
      Effective_ACs: 2 * 2 + 1,
      PhaseShifts: 2 * 2,
      MembraneUpdates: 4 + 3,
    });
    // First layer 2 × 2 once, second 2 × 2 in each of three ticks; 3 spikes of 2 neurons × 3 ticks.
    expect(report.spiking.Dense).toBe(4 + 12);
    expect(report.spiking.ActivationSparsity).toBeCloseTo(0.5);
    // 8 weights of 16 bits at most, biases 2 + 2, thresholds 2, membranes 4.
    expect(report.spiking.Footprint).toBe(8 * 2 + 4 * 4 + 4 * 2 + 4 * 4);
  });

  it("counts the quantised and the float network beside it", () => {
    // Two pixels and two counts other than zero: 2 + (2 + 1) products.
    expect(report.quantized).toMatchObject({ Effective_MACs: 5, Effective_ACs: 0, Dense: 8, ActivationSparsity: 0 });
    expect(report.float).toMatchObject({ Effective_MACs: 5, Dense: 8, ActivationSparsity: 0 });
  });

  it("prices them by the published figures", () => {
    expect(report).toMatchObject({ estimate: true });
    // Two int8 MACs of 0.23, five accumulates, seven updates and four shifts of 0.1 pJ.
    expect(report.spiking.picojoules.compute).toBeCloseTo(2 * 0.23 + 0.1 * (5 + 7 + 4), 10);
    expect(report.float.picojoules.compute).toBeCloseTo(8 * 4.6 + 4 * 0.9, 10);
    // 3 bits: an int8 MAC each, and a bias added to each of four sums.
    expect(report.quantized?.picojoules.compute).toBeCloseTo(5 * 0.23 + 4 * 0.1, 10);
    // Everything lies in memories below 8 kB: 10 pJ an access. Events read 2 + 3; each of 2 + 5 operations reads a weight and a sum and writes it; 7 updates read and write; 3 spikes are written.
    expect(report.spiking.picojoules.memory).toBeCloseTo(10 * (2 + 3 + 3 * (2 + 5) + 2 * 7 + 3), 10);
    // Dense float layers: 4 weights, 2 inputs, 2 outputs each.
    expect(report.float.picojoules.memory).toBeCloseTo(10 * 2 * (4 + 2 + 2), 10);
    // The cheaper of dense (16 accesses) and event-driven (2 events or more, 3 an operation, 2 outputs), layer by layer.
    expect(report.quantized?.picojoules.memory).toBeCloseTo(10 * (Math.min(8, 2 + 6 + 2) + Math.min(8, 2 + 9 + 2)), 10);
  });

  it("adds samples up", () => {
    const twice = addActivity([meter.sums(), meter.sums()]);
    expect(energyReport(network, relu, meter, twice)).toEqual(report);
  });
});

it("counts what refined phase sends, corrections too, and one shift for the weight of a tick", async () => {
  const refined = tinyRefined([
    [4, 0],
    [1, 3],
  ]);
  const relu = toRelu(refined);
  const meter = activityMeter(refined, relu);
  const simulator = await referenceEngine().createSimulator(refined, { record: { sent: true } });
  meter.add(simulator.run(Uint8Array.of(5, 2)), [5, 2], Object.fromEntries(forward(relu, Float32Array.of(5, 2))));
  // 5 = 4 + 2 − 1 and 2 = 4 − 2: five spikes; neuron 0 sends three into two targets, neuron 1 two into one.
  const { spiking } = energyReport(refined, relu, meter, meter.sums());
  expect(spiking).toMatchObject({
    Effective_MACs: 2,
    Effective_ACs: 3 * 2 + 2,
    // Two outputs in all ticks but the last.
    PhaseShifts: 2 * 2,
    // Bias and current of 4 membranes, once, and a count changed for each spike.
    MembraneUpdates: 4 + 5,
    // As in layerwise phase, and the counts of 2 neurons.
    Footprint: 8 * 2 + 4 * 4 + 4 * 2 + 4 * 4 + 4 * 2,
  });
});

it("takes the published figures at their widths, and interpolates between", () => {
  expect(horowitz45nm.integerMac(8)).toBeCloseTo(0.23);
  expect(horowitz45nm.integerMac(32)).toBeCloseTo(3.2);
  expect(horowitz45nm.integerMac(12)).toBeGreaterThan(0.23);
  expect([8, 32, 1024].map((kilobytes) => horowitz45nm.memoryAccess(1024 * kilobytes))).toEqual([10, 20, 100]);
  expect(horowitz45nm.memoryAccess(1024 * 20)).toBeCloseTo(15);
  expect(horowitz45nm.memoryAccess(2 ** 40)).toBe(1300);
});

it("tells the spikes of a count in each code", () => {
  expect([0, 1, 5, 7].map(rulesOf({ kind: "phase", digits: "binary" }).spikesOfCount)).toEqual([0, 1, 2, 3]);
  for (const digits of ["binary", "ternary", "nonAdjacent"] as const) {
    const code = { kind: "phase", digits } as const;
    const counts = Array.from({ length: 300 }, (_, count) => count);
    expect(counts.map(rulesOf(code).spikesOfCount)).toEqual(
      counts.map((count) => encodePhase([count], 12, { code }).ticks.length),
    );
  }
  expect([0, 1, 5].map(rulesOf({ kind: "windowRate" }).spikesOfCount)).toEqual([0, 1, 5]);
  expect([0, 1, 5].map(rulesOf({ kind: "slots" }).spikesOfCount)).toEqual([0, 1, 1]);
});

it("counts targets of a strided, padded, grouped convolution one by one", () => {
  const weights = Float32Array.of(1, 0, 2, 3, 0, 0, 4, 5, 6);
  const window = {
    kernel: [3, 3] as const,
    stride: [2, 2] as const,
    dilation: [1, 1] as const,
    padding: { top: 1, left: 1, bottom: 1, right: 1 },
  };
  const { existing, nonzero } = fanoutOf({ kind: "conv2d", ...window, groups: 1, weights }, [4, 4, 1], [2, 2, 1]);
  const counted = { existing: new Array(16).fill(0), nonzero: new Array(16).fill(0) };
  for (let row = 0; row < 2; row++)
    for (let column = 0; column < 2; column++)
      weights.forEach((weight, tap) => {
        const [y, x] = [2 * row - 1 + Math.floor(tap / 3), 2 * column - 1 + (tap % 3)];
        if (y < 0 || x < 0 || y > 3 || x > 3) return;
        counted.existing[4 * y + x]++;
        if (weight !== 0) counted.nonzero[4 * y + x]++;
      });
  expect([...existing]).toEqual(counted.existing);
  expect([...nonzero]).toEqual(counted.nonzero);
});

it.each([
  ["phase", { code: "phase" }],
  ["layerwise rate", { code: "rate", schedule: "layerwise" }],
  ["rate", { code: "rate" }],
  ["ternary phase", { code: "phase", spikes: "signed" }],
  ["non-adjacent phase", { code: "phase", spikes: "signed", nonAdjacent: true }],
  ["ttfs", { code: "ttfs" }],
  ["signed rate", { code: "rate", spikes: "signed" }],
] as const)("agrees with the engine's own statistics on random graphs: %s", async (_, options) => {
  for (let seed = 0; seed < 25; seed++) {
    const { network: relu, image } = randomGraph(seed);
    const network = await toSpiking(relu, { ...options, bits: 4, calibration: [image] });
    const simulator = await referenceEngine().createSimulator(
      network,
      cancelsSpikes(network) ? { record: { sent: true } } : {},
    );
    const run = simulator.run(image);
    const { statistics } = run;
    const meter = activityMeter(network, relu);
    meter.add(
      run,
      image,
      Object.fromEntries(
        forward(
          relu,
          Float32Array.from(image, (pixel) => pixel / 255),
        ),
      ),
    );
    const { spiking } = meter.sums();
    expect(spiking.spikes).toBeCloseTo(statistics.spikes, 6);
    // No weight of these is zero but what the integers round away, so count all targets.
    const operations = meter.spikingStages.reduce(
      (sum, { analog }, index) => sum + (analog ? 0 : spiking.operations[index]),
      0,
    );
    expect(operations).toBeLessThanOrEqual(statistics.synapticOperations);
    const zeros = network.synapses.reduce(
      (sum, { weights }) => sum + Array.from<number>(weights).filter((weight) => weight === 0).length,
      0,
    );
    if (zeros === 0) expect(operations).toBe(statistics.synapticOperations);
  }
});
