// What is done to a live network while it runs, in each engine: drive, background, force, silence, state, weights.
import { describe, expect, it } from "vitest";
import { createSimulator, readState, spikingNetwork, writeState, type SpikingNetwork } from "../../ts/index.ts";
import { Draw } from "../draw.ts";
import "../platform.ts";

const engines = ["reference", "wasm"] as const;

/** Two neurons, the first of which excites the second through a current after two ticks. */
function pair(): SpikingNetwork {
  return spikingNetwork({ inputs: [1], dtSeconds: 1e-3 })
    .population({
      name: "pair",
      units: 2,
      input: "none",
      threshold: 1,
      reset: { kind: "hard", value: -0.5, clears: ["g"] },
      leak: { kind: "ohmic", timeConstantTicks: 20 },
      currents: { g: { timeConstantTicks: 5 } },
      refractory: { ticks: 3, clamp: ["v", "g"] },
    })
    .connect({
      name: "excite",
      from: "pair",
      to: "pair",
      into: "g",
      delayTicks: 2,
      edges: { from: [0], to: [1], weights: [2] },
    })
    .build();
}

describe.each(engines)("a live network in engine %s", (engine) => {
  const create = (network = pair()) => createSimulator(network, { engine, record: { spikes: ["pair"] } });

  it("fires as it is driven, and no longer after the drive has ended", async () => {
    const simulator = await create();
    simulator.drive("pair", [0.3, 0]);
    const driven = simulator.run(null, { ticks: 40, keepState: true });
    expect(driven.counts["pair"][0]).toBeGreaterThan(3);
    simulator.drive("pair", null);
    simulator.run(null, { ticks: 5, keepState: true });
    expect(simulator.run(null, { ticks: 40, keepState: true }).counts["pair"][0]).toBe(0);
    simulator.dispose();
  });

  it("copies what it is given", async () => {
    const simulator = await create();
    const [charges, weights] = [Float32Array.of(0.3, 0), Float32Array.of(5)];
    simulator.drive("pair", charges);
    simulator.setWeights("excite", weights);
    charges.fill(0);
    weights.fill(0);
    expect(simulator.run(null, { ticks: 40, keepState: true }).counts["pair"][0]).toBeGreaterThan(3);
    expect(Array.from(simulator.state().populations["pair"].drive as Float32Array)).toEqual([Math.fround(0.3), 0]);
    expect(Array.from(simulator.weights("excite"))).toEqual([5]);
    simulator.dispose();
  });

  it("sends a forced spike, which arrives after its delay", async () => {
    const simulator = await create();
    simulator.force("pair", [0]);
    const first = simulator.run(null, { ticks: 1, keepState: true });
    expect(Array.from(first.spikes["pair"].neurons)).toEqual([0]);
    expect(Array.from(simulator.potentials("pair"))).toEqual([-0.5, 0]);
    simulator.run(null, { ticks: 1, keepState: true });
    expect(Array.from(simulator.potentials("pair", "g"))).toEqual([0, 0]);
    simulator.run(null, { ticks: 1, keepState: true });
    expect(Array.from(simulator.potentials("pair", "g"))).toEqual([0, 2]);
    simulator.dispose();
  });

  it.each([
    ["threshold", 1, 1, 0],
    ["floor", -0.5, 0, -0.25],
  ])("asks the %s for what came after the threshold to neurons at rest", async (_, weight, spikes, potential) => {
    const network = spikingNetwork({ inputs: [1], dtSeconds: 1e-3 })
      .population({
        name: "pair",
        units: 1,
        input: "none",
        threshold: 1,
        reset: { kind: "hard", value: 0 },
        floor: -0.25,
        delivery: "afterThreshold",
      })
      .connect({ from: "input", to: "pair", edges: { from: [0], to: [0], weights: [weight] } })
      .build();
    const simulator = await create(network);
    const arrived = simulator.run({ spikes: { ticks: [0], neurons: [0] } }, { ticks: 1, keepState: true });
    expect(arrived.spikes["pair"].length).toBe(0);
    const next = simulator.run(null, { ticks: 1, keepState: true });
    expect(next.spikes["pair"].length).toBe(spikes);
    expect(Array.from(simulator.potentials("pair"))).toEqual([potential]);
    simulator.dispose();
  });

  it("keeps silenced neurons from firing, forced or not", async () => {
    const simulator = await create();
    simulator.silence("pair", [0]);
    simulator.drive("pair", [5, 5]);
    simulator.force("pair", [0]);
    expect(Array.from(simulator.run(null, { ticks: 20, keepState: true }).counts["pair"])).toEqual([0, 5]);
    simulator.silence("pair", []);
    expect(simulator.run(null, { ticks: 1, keepState: true }).counts["pair"][0]).toBe(1);
    simulator.dispose();
  });

  it("goes on bit for bit from a state, also from its bytes", async () => {
    const [one, other] = [await create(), await create()];
    one.background("pair", { rateHz: 900, weight: 0.4, seed: 7 });
    one.drive("pair", [0.02, 0.03]);
    one.run(null, { ticks: 57, keepState: true });
    other.restore(readState(writeState(one.state())));
    const [a, b] = [one, other].map((simulator) => simulator.run(null, { ticks: 200, keepState: true }));
    expect(a.spikes["pair"].length).toBeGreaterThan(10);
    expect(b.spikes).toEqual(a.spikes);
    expect(other.state()).toEqual(one.state());
    one.dispose();
    other.dispose();
  });

  it("reads and sets weights; a reset brings back the network's", async () => {
    const simulator = await create();
    simulator.setWeights("excite", [7]);
    expect(Array.from(simulator.weights("excite"))).toEqual([7]);
    expect(simulator.currentNetwork().synapses[0].weights[0]).toBe(7);
    simulator.force("pair", [0]);
    simulator.run(null, { ticks: 3, keepState: true });
    expect(simulator.potentials("pair", "g")[1]).toBe(7);
    simulator.reset();
    expect(Array.from(simulator.weights("excite"))).toEqual([2]);
    simulator.dispose();
  });

  it("takes a constant input through the weights that were set, and through the network's after a reset", async () => {
    const network = spikingNetwork({ inputs: [1], dtSeconds: 1e-3 })
      .population({ name: "pair", units: 1, input: "none", threshold: 9 })
      .output({ name: "out", weights: [[1]] })
      .connect({ name: "in", from: "input", to: "pair", edges: { from: [0], to: [0], weights: [1] } })
      .connect({ name: "direct", from: "input", to: "out", weights: [[1]] })
      .build();
    const simulator = await create(network);
    const run = (value: number) => {
      const { charges } = simulator.run({ values: Float32Array.of(value) }, { ticks: 2, keepState: true });
      return [simulator.potentials("pair")[0], charges["out"][0]];
    };
    expect(run(0.5)).toEqual([1, 1]);
    simulator.setWeights("in", [-2]);
    simulator.setWeights("direct", [3]);
    expect(run(0.5)).toEqual([-1, 4]);
    simulator.reset();
    expect(run(0.5)).toEqual([1, 1]);
    simulator.setWeights("in", [2]);
    simulator.run(null, { ticks: 3, keepState: true });
    expect(simulator.potentials("pair")[0]).toBe(1);
    simulator.dispose();
  });

  it("forces a neuron once where it is named in two calls", async () => {
    const simulator = await create();
    simulator.force("pair", [1]);
    simulator.force("pair", [0, 1]);
    expect(Array.from(simulator.state().populations["pair"].forced)).toEqual([0, 1]);
    expect(Array.from(simulator.run(null, { ticks: 2, keepState: true }).counts["pair"])).toEqual([1, 1]);
    simulator.dispose();
  });

  it("says what was expected", async () => {
    const simulator = await create();
    expect(() => simulator.drive("pear", [1, 2])).toThrow(
      'drive: expected populations of the network (pair), got "pear"',
    );
    expect(() => simulator.drive("pair", [1])).toThrow('drive: "pair": expected 2 values, got 1');
    expect(() => simulator.force("pair", [2])).toThrow("expected an integer from 0 to 1, got 2");
    expect(() => simulator.background("pair", { rateHz: 1, weight: 1, into: "h" })).toThrow("expected a current (g)");
    expect(() => simulator.weights("excited")).toThrow('expected the name of a synapse (excite), got "excited"');
    expect(() => simulator.restore({ ...simulator.state(), populations: {} })).toThrow("restore: population");
    simulator.dispose();
  });
});

it("refuses run-time calls where the network is not live, and says what makes it so", async () => {
  const network = spikingNetwork({ inputs: [1] })
    .dense({ weights: [[1]], threshold: 1, name: "one" })
    .build();
  const plain = await createSimulator(network, { engine: "reference" });
  expect(() => plain.drive("one", [1])).toThrow("createSimulator(network, { live: true })");
  const live = await createSimulator(network, { engine: "reference", live: true });
  live.drive("one", [1]);
  expect(live.run(null, { ticks: 5, keepState: true }).counts["one"][0]).toBe(5);
  plain.dispose();
  live.dispose();
});

it("runs convolutions in the live core as in the other", async () => {
  const draw = new Draw(5);
  const network = spikingNetwork({ inputs: [6, 5, 2] })
    .conv2d({ weights: draw.floats(9 * 4, 0.6), kernel: 3, filters: 4, groups: 2, stride: 2, padding: 1, threshold: 1 })
    .conv2d({ weights: draw.floats(4 * 4 * 3, 0.9), kernel: 2, filters: 3, threshold: 0.75 })
    .build();
  const names = network.nodes.map(({ name }) => name);
  const ticks = Array.from({ length: 40 }, (_, tick) => tick);
  const trains = ticks.map(() => Array.from({ length: 60 }, (_, neuron) => neuron).filter(() => draw.chance(40)));
  const input = { ticks: trains.flatMap((train, tick) => train.map(() => tick)), neurons: trains.flat() };
  const results = [];
  for (const engine of engines)
    for (const live of [false, true]) {
      const simulator = await createSimulator(network, { engine, live, record: { spikes: names } });
      const { spikes, statistics } = simulator.run({ spikes: input }, { ticks: ticks.length });
      results.push({ spikes, operations: statistics.synapticOperations });
      simulator.dispose();
    }
  for (const name of names) expect(results[0].spikes[name].length).toBeGreaterThan(20);
  for (const result of results) expect(result).toEqual(results[0]);
});
