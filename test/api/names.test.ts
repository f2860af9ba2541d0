// Nodes may have any name: also those that mean something to JavaScript's objects.
import { afterEach, describe, expect, it } from "vitest";
import {
  activityMeter,
  argmax,
  createDiagnoser,
  createSimulator,
  createTwinPass,
  earlyExit,
  earlyRecording,
  pool,
  population,
  quantizedTwin,
  readLlif,
  reluNetwork,
  runUntilDecided,
  spikingNetwork,
  toRelu,
  toSpiking,
  writeLlif,
  type EarlyExit,
  type SpikingNetwork,
} from "../../ts/index.ts";

const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
const engines = ["reference", "wasm"] as const;
const image = Uint8Array.of(10, 200, 30, 255);

function relu(name: string, output: string) {
  return reluNetwork({ input: [2, 2, 1] })
    .dense({
      weights: { shape: [3, 4], data: Float32Array.from({ length: 12 }, (_, index) => (index % 5) / 4 - 0.3) },
      name,
    })
    .relu()
    .dense({ weights: { shape: [2, 3], data: Float32Array.of(1, -0.5, 0.25, -1, 0.5, 0.75) }, name: output })
    .build();
}

function networks(name: string, output: string): Promise<SpikingNetwork[]> {
  const calibration = Array.from({ length: 8 }, (_, index) =>
    Uint8Array.of(30 * index, 255 - 30 * index, 128, 7 * index),
  );
  const codes = [
    { code: "phase", bits: 4 },
    { code: "rate", ticks: 16 },
    { code: "rate", spikes: "signed", ticks: 15 },
    { code: "ttfs" },
  ] as const;
  return Promise.all(codes.map((options) => toSpiking(relu(name, output), { ...options, calibration })));
}

afterEach(() => {
  expect(({} as Record<number, unknown>)[0]).toBeUndefined();
  expect(Object.keys(Object.prototype)).toEqual([]);
});

describe.each(names)("a node named %s", (name) => {
  it.each(engines)("has counts, charges, spikes and potentials of its own (%s)", async (engine) => {
    for (const [index, network] of (await networks(name, "plain output")).entries()) {
      const plain = (await networks("plain", "plain output"))[index];
      const record = { counts: true, spikes: [name], potentials: Object.fromEntries([[name, [0, 2]]]) };
      const simulator = await createSimulator(network, { engine, record });
      const expected = await createSimulator(plain, {
        engine,
        record: { counts: true, spikes: ["plain"], potentials: { plain: [0, 2] } },
      });
      const [result, other] = [simulator.run(image), expected.run(image)];
      for (const key of ["counts", "spikes", "potentials"] as const) {
        expect(Object.keys(result[key])).toEqual([name]);
        expect(Object.hasOwn(result[key], name)).toBe(true);
        expect((result[key] as Record<string, unknown>)[name]).toEqual((other[key] as Record<string, unknown>).plain);
      }
      expect(result.logits).toEqual(other.logits);
      simulator.dispose();
      expected.dispose();
    }
  });

  it.each(engines)("may be the output (%s)", async (engine) => {
    for (const network of await networks("plain", name)) {
      const simulator = await createSimulator(network, { engine });
      const { charges } = simulator.run(image);
      expect(Object.keys(charges)).toEqual([name]);
      expect(charges[name]).toHaveLength(2);
      simulator.dispose();
    }
  });

  it("goes through a .llif file, toRelu, the twin, and what counts operations", async () => {
    const [network] = await networks(name, "output");
    const back = readLlif(writeLlif(network));
    expect(back).toEqual(network);
    expect(toRelu(back).nodes.map((node) => node.name)).toContain(name);
    const counts = quantizedTwin(network).run(image).counts;
    expect(Object.keys(counts)).toEqual([name]);
    const pass = await createTwinPass(network, { keep: "all" });
    expect(Object.values(pass.run(image, 1).counts)).toEqual(Object.values(counts));
    pass.dispose();
    const simulator = await createSimulator(network, { engine: "reference" });
    const model = relu(name, "output");
    const meter = activityMeter(network, model);
    const values = Object.fromEntries(
      model.nodes.map((node) => [node.name, new Float32Array(node.shape.reduce((size, extent) => size * extent, 1))]),
    );
    meter.add(simulator.run(image), image, values);
    expect(meter.sums().spiking.spikes).toBeGreaterThan(0);
    createDiagnoser(model, network).add(simulator.run(image), values);
    simulator.dispose();
  });
});

describe("an early exit", () => {
  it.each(names)("gathers the state of a population named %s", async (name) => {
    const network = (await networks(name, "output"))[1];
    const exit = earlyExit(network);
    const simulator = await createSimulator(network, { engine: "reference", record: earlyRecording(network) });
    const { decision } = runUntilDecided(simulator, exit as EarlyExit, image, { interval: 4 });
    expect(decision).toBe(argmax(simulator.run(image).logits));
    simulator.dispose();
  });
});

describe("a population of any name", () => {
  it.each(names)("built by hand as %s runs in workers as it does here", async (name) => {
    const network = spikingNetwork({ inputs: 2, ticks: 8 })
      .population({ weights: [[1, 0.5]], threshold: 1, name })
      .build();
    const workers = await pool(network, { size: 1, record: { spikes: [name] } });
    const simulator = await createSimulator(network, { engine: "reference", record: { spikes: [name] } });
    const input = Float32Array.of(0.5, 0.25);
    const [there, here] = [await workers.run(input), simulator.run(input)];
    expect(Object.keys(there.counts)).toEqual([name]);
    expect((there.counts as Record<string, unknown>)[name]).toEqual((here.counts as Record<string, unknown>)[name]);
    expect((there.spikes as Record<string, unknown>)[name]).toEqual((here.spikes as Record<string, unknown>)[name]);
    workers.dispose();
    simulator.dispose();
  });
});

describe("what was refused, or raw, and has one meaning", () => {
  it("class names wait for the output that they name", () => {
    const builder = spikingNetwork({ inputs: 2, classes: ["a", "b"] })
      .dense({ weights: [[1, 1]], threshold: 1 })
      .output({ weights: [[1], [2]] });
    expect(builder.build().classes).toEqual(["a", "b"]);
    expect(() =>
      spikingNetwork({ inputs: 2, classes: ["a"] })
        .dense({ weights: [[1, 1]], threshold: 1 })
        .output({ weights: [[1], [2]] }),
    ).toThrow("expected 2 class names, one for each output, got 1");
  });

  it("takes one number as inputs, and flat weights with units", () => {
    expect(spikingNetwork({ inputs: 3 }).shape).toEqual([3]);
    expect(reluNetwork({ input: 3 }).shape).toEqual([3]);
    const flat = population({ weights: Float32Array.of(1, 2, 3, 4, 5, 6), units: 2, threshold: 1 });
    expect(flat).toEqual(
      population({
        weights: [
          [1, 2, 3],
          [4, 5, 6],
        ],
        threshold: 1,
      }),
    );
    expect(() => population({ weights: Float32Array.of(1, 2), threshold: 1 })).toThrow(
      "population: weights: expected rows, one a neuron, or a flat array and units, the number of neurons; got a Float32Array of 2",
    );
    expect(() => population({ weights: Float32Array.of(1, 2, 3), units: 2, threshold: 1 })).toThrow("inputs");
  });

  it.each<[string, object, string]>([
    ["a leak of a number", { leak: 0.9 }, 'layer "population1": leak: expected { kind: "constant", chargePerTick }'],
    [
      "an unknown leak",
      { leak: { kind: "exponential" } },
      'leak: kind: expected one of constant, ohmic, got "exponential"',
    ],
    ["both kinds of leak", { leak: { kind: "constant", chargePerTick: 0, factorPerTick: 0.5 } }, 'got "factorPerTick"'],
    ["resetPotential", { resetPotential: 0 }, 'got "resetPotential"'],
    ["delayTicks", { delayTicks: 1 }, 'got "delayTicks"'],
    [
      "no threshold",
      { threshold: undefined },
      'layer "population1": threshold: expected a number, or an array of one for each channel or neuron, got undefined',
    ],
  ])("refuses %s of a population", (_, options, message) => {
    expect(() => population({ weights: [[1]], threshold: 1, ...options })).toThrow(message);
  });

  it("names place, expectation and what came where a run gets something else", async () => {
    const network = population({ weights: [[1, 1]], threshold: 1 });
    await expect(createSimulator(network, { engin: "wasm" } as object)).rejects.toThrow(
      'got "engin"; did you mean "engine"?',
    );
    await expect(createSimulator(network, { record: { spike: [] } as object })).rejects.toThrow(
      'record: expected options among counts, sent, spikes, potentials, got "spike"; did you mean "spikes"?',
    );
    await expect(
      createSimulator(network, { record: { potentials: { population1: "all" } } as object }),
    ).rejects.toThrow('record.potentials: neurons of "population1": expected an array of neurons, got "all"');
    for (const engine of engines) {
      const simulator = await createSimulator(network, { engine });
      const run = simulator.run as (...values: unknown[]) => unknown;
      const input = new Float32Array(2);
      expect(() => run()).toThrow(/^input "input": expected .*, got undefined/);
      expect(() => run(null)).toThrow(/^input "input": expected .*, got null/);
      expect(() => run(input, null)).toThrow("run: expected an object of options, got null");
      expect(() => run(input, { ticks: "8" })).toThrow('run: ticks: expected an integer from 1 to 16777216, got "8"');
      expect(() => run(new Float32Array(3))).toThrow('input "input": expected 2 values for shape [2], got 3');
      expect(() => run({ spikes: [] })).toThrow(
        'input "input": spikes: expected { ticks, neurons }, got an array of 0',
      );
      simulator.dispose();
    }
  });
});
