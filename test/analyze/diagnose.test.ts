// Diagnosis and its advice, against layers counted by hand.
import { describe, expect, it } from "vitest";
import { adviceOf } from "../../ts/analyze/advice.ts";
import { createDiagnoser } from "../../ts/analyze/diagnose.ts";
import { referenceEngine } from "../../ts/engine/reference.ts";
import { toRelu } from "../../ts/mapping/to-relu.ts";
import { toSpiking, type ToSpikingOptions } from "../../ts/mapping/to-spiking.ts";
import { forward } from "../../ts/relu/forward.ts";
import { cancelsSpikes } from "../../ts/spiking/network.ts";
import { diagnosisPlot } from "../../ts/plot/diagnose.ts";
import { randomGraph } from "./graphs.ts";
import { tinyNetwork, tinyRefined } from "./networks.ts";

describe("diagnosis, counted by hand", () => {
  const network = tinyNetwork([
    [4, 0],
    [1, 3],
  ]);
  const relu = toRelu(network);

  it("compares counts with ReLU values, layer by layer", async () => {
    const diagnoser = createDiagnoser(relu, network);
    const simulator = await referenceEngine().createSimulator(network, {});
    // Full windows are 7: the first sample clips 9 to 7, the second is exact; neuron 1 never fires.
    for (const pixels of [
      [9, 0],
      [3, 0],
    ]) {
      const input = Float32Array.from(pixels);
      diagnoser.add(simulator.run(Uint8Array.from(pixels)), Object.fromEntries(forward(relu, input)));
    }
    const [hidden, output] = diagnoser.layers();
    expect(hidden).toMatchObject({
      name: "hidden",
      kind: "population",
      neurons: 2,
      largestError: 2,
      clippedShare: 1 / 4,
      clippedChannels: 1,
      silentShare: 0.5,
      wronglySilentShare: 0,
      saturatedShare: 0,
    });
    expect(hidden.relativeError).toBeCloseTo(2 / 9);
    expect(hidden.rmsError).toBeCloseTo(Math.sqrt(4 / (81 + 9)));
    // x = 9, 0, 3, 0; y = 7, 0, 3, 0.
    expect(hidden.correlation).toBeCloseTo((72 - 30) / Math.sqrt((90 - 36) * (58 - 25)), 10);
    // 7 = 111, 3 = 011: five spikes over two samples, each into two outputs.
    expect(hidden).toMatchObject({ spikes: 2.5, synapticOperations: 0 });
    expect(output).toMatchObject({ name: "y", kind: "output", largestError: 8, synapticOperations: 5 });
    expect(diagnoser.notCompared).toEqual([]);
  });

  it("sees neurons that are silent without reason, and full windows", async () => {
    const diagnoser = createDiagnoser(relu, network);
    const simulator = await referenceEngine().createSimulator(network, {});
    for (const pixels of [
      [8, 0],
      [20, 0],
    ])
      diagnoser.add(simulator.run(Uint8Array.from(pixels)), {
        ...Object.fromEntries(forward(relu, Float32Array.of(pixels[0], 0.3))),
      });
    expect(diagnoser.layers()[0]).toMatchObject({ silentShare: 0.5, wronglySilentShare: 0.5, saturatedShare: 0.5 });
  });
});

it.each<ToSpikingOptions>([
  { code: "phase" },
  { code: "phase", schedule: "synchronous", spikes: "signed", lazy: 0.5 },
  { code: "phase", schedule: "synchronous", spikes: "signed", lazy: 0.75 },
])(
  "adds up to the engine's statistics on random graphs, with an error that shrinks with the bits: %o",
  async (code) => {
    for (let seed = 0; seed < 15; seed++) {
      const { network: relu, image } = randomGraph(seed);
      const values = Object.fromEntries(
        forward(
          relu,
          Float32Array.from(image, (pixel) => pixel / 255),
        ),
      );
      const errors: number[] = [];
      for (const bits of [3, 10]) {
        const network = await toSpiking(relu, { ...code, bits, calibration: [image] });
        const simulator = await referenceEngine().createSimulator(network, {
          record: { sent: cancelsSpikes(network) },
        });
        const diagnoser = createDiagnoser(relu, network);
        const result = simulator.run(image);
        diagnoser.add(result, values);
        const layers = diagnoser.layers();
        if (diagnoser.notCompared.length > 0) continue;
        expect(layers.reduce((sum, { spikes }) => sum + spikes, 0)).toBe(result.statistics.spikes);
        expect(layers.reduce((sum, { synapticOperations }) => sum + synapticOperations, 0)).toBe(
          result.statistics.synapticOperations,
        );
        expect(layers.every(({ clippedShare }) => clippedShare === 0)).toBe(true);
        errors.push(layers[layers.length - 1].rmsError);
      }
      if (errors.length === 2) expect(errors[1]).toBeLessThan(errors[0] / 4);
    }
  },
);

it("advises on the gravest first, and says nothing of a network that follows", () => {
  const layer = {
    name: "a",
    kind: "population" as const,
    node: "a",
    neurons: 8,
    correlation: 1,
    largestError: 0,
    relativeError: 0,
    rmsError: 0.0001,
    clippedShare: 0,
    clippedChannels: 0,
    silentShare: 0,
    wronglySilentShare: 0,
    saturatedShare: 0,
    spikes: 1,
    synapticOperations: 1,
  };
  const phase = { code: { kind: "phase", digits: "binary" } } as const;
  expect(adviceOf(phase, [layer, { ...layer, name: "b" }])).toEqual([]);
  const advice = adviceOf(phase, [
    layer,
    { ...layer, name: "b", clippedShare: 0.01, clippedChannels: 2 },
    { ...layer, name: "c", rmsError: 0.2 },
    { ...layer, name: "d", wronglySilentShare: 0.3 },
  ]);
  expect(advice.map(({ layer: name }) => name)).toEqual(["b", "c", "d"]);
  expect(advice[0]).toMatchObject({
    finding: expect.stringContaining("clips 1.0 %"),
    change: expect.stringContaining("--margin"),
  });
  expect(advice[1].change).toContain("--bits");
  expect(adviceOf({ code: { kind: "rate" } }, [{ ...layer, rmsError: 0.2 }])[0].change).toContain("--ticks");
});

it("asks for what was sent where counts do not tell it", async () => {
  const network = tinyRefined([[1, 2]]);
  const relu = toRelu(network);
  const simulator = await referenceEngine().createSimulator(network, {});
  const values = Object.fromEntries(forward(relu, Float32Array.of(3, 1)));
  expect(() => createDiagnoser(relu, network).add(simulator.run(Uint8Array.of(3, 1)), values)).toThrow(
    'layer "hidden": expected what it sends',
  );
});

it("draws every layer", async () => {
  const layer = {
    name: "conv",
    correlation: 0.99,
    rmsError: 0.01,
    relativeError: 0.02,
    clippedShare: 0.001,
    silentShare: 0.1,
    saturatedShare: 0.01,
    spikes: 10,
    synapticOperations: 100,
  };
  const svg = await diagnosisPlot(
    [layer, { ...layer, name: "dense<1>", correlation: null, rmsError: 0, spikes: 0, synapticOperations: 0 }],
    { title: "Layers" },
  );
  expect(svg).toContain("dense&lt;1&gt;");
  expect(svg.match(/<svg/g)?.length).toBe(5);
  await expect(diagnosisPlot([], { title: "" })).rejects.toThrow("at least one layer");
});
