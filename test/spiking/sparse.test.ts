// Sparse synapses: built by hand, checked, written, run beside the same dense matrices in both engines, and refused where only mapped kinds have a meaning.
import { describe, expect, it } from "vitest";
import { fanoutOf } from "../../ts/analyze/fanout.ts";
import { coreBytes } from "../../ts/engine/memory.ts";
import { createTwinPass } from "../../ts/engine/passes/twin.ts";
import { referenceEngine } from "../../ts/engine/reference.ts";
import { wasmEngine } from "../../ts/engine/wasm.ts";
import { readLlif, writeLlif } from "../../ts/formats/llif.ts";
import { earlyExit } from "../../ts/mapping/early-exit.ts";
import { lastWindow } from "../../ts/mapping/last-window.ts";
import { formatSummary, summarize } from "../../ts/mapping/summary.ts";
import { toRelu } from "../../ts/mapping/to-relu.ts";
import { quantizedTwin } from "../../ts/mapping/twin.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import { checkSpikingNetwork } from "../../ts/spiking/check.ts";
import type { Population, SpikingNetwork } from "../../ts/spiking/network.ts";
import type { SparseRows, SparseSynapse } from "../../ts/spiking/synapses/sparse.ts";
import { Draw } from "../draw.ts";
import { errorOf } from "../errors.ts";

/** Two inputs to three neurons: 0 → 0 and 2, 1 → 2 twice. */
const rows: SparseRows = { offsets: [0, 2, 4], targets: [0, 2, 2, 2], weights: [0.5, 0.25, 1, 0.125] };
const neuron = { threshold: 1, initialPotential: 0 };

function small(changed: Partial<Record<keyof SparseRows, ArrayLike<number>>> = {}): SpikingNetwork {
  return spikingNetwork({ inputs: [2], ticks: 4 })
    .dense({ ...neuron, name: "a", weights: new Float32Array(6), units: 3 })
    .connect({ from: "input", to: "a", sparse: { ...rows, ...changed } })
    .output({ weights: [[1, 1, 1]] })
    .build();
}

const sparseOf = (network: SpikingNetwork): SparseSynapse =>
  network.synapses.find(({ kind }) => kind === "sparse") as SparseSynapse;

describe("connect({ sparse })", () => {
  it("makes typed arrays of its own", () => {
    const weights = [1, 2, 3, 4];
    const synapse = sparseOf(small({ weights }));
    weights[0] = 9;
    expect(synapse).toEqual({
      kind: "sparse",
      from: "input",
      to: "a",
      delayTicks: 0,
      offsets: Uint32Array.of(0, 2, 4),
      targets: Uint32Array.of(0, 2, 2, 2),
      weights: Float32Array.of(1, 2, 3, 4),
    });
  });

  it.each<[string, Partial<Record<keyof SparseRows, ArrayLike<number>>>, RegExp]>([
    ["too few offsets", { offsets: [0, 4] }, /"input" to "a": offsets: expected 3 values/],
    ["offsets that end elsewhere", { offsets: [0, 2, 3] }, /offsets: expected 0 first and 4, .* last, got 0 and 3/],
    ["offsets that begin elsewhere", { offsets: [1, 2, 4] }, /offsets: expected 0 first and 4, .* got 1 and 4/],
    ["offsets that fall", { offsets: [0, 4e9, 4] }, /offsets: expected no smaller number after 4000000000, got 4 at/],
    [
      "a target outside",
      { targets: [0, 3, 2, 2] },
      /targets of source neuron 0: expected .* below 3, got 3 at index 1/,
    ],
    ["targets out of order", { targets: [2, 0, 2, 2] }, /targets of source neuron 0: .*ascending.*, got 0 at index 1/],
    [
      "a target that is no integer",
      { targets: [0, 0.5, 2, 2] },
      /targets: expected integers from 0, got 0.5 at index 1/,
    ],
    ["a negative target", { targets: [-1, 0, 2, 2] }, /targets: expected integers from 0, got -1 at index 0/],
    ["too few weights", { weights: [1, 2] }, /weights: expected 4 values/],
    ["a weight that is no number", { weights: [1, NaN, 2, 3] }, /weights: expected finite numbers, got NaN at index 1/],
  ])("refuses %s", (_, changed, message) => {
    const error = errorOf(() => small(changed));
    expect(error.message).toMatch(message);
    expect(["ARGUMENT", "SHAPE"]).toContain(error.code);
  });

  it.each(["offsets", "targets", "weights"] as const)("refuses %s of another type by name", (name) => {
    for (const value of [null, undefined, 3, "x", {}, new Map(), ["x"], () => 1, Symbol("x"), [1n]])
      expect(errorOf(() => small({ [name]: value } as never)).message).toContain(name);
    for (const sparse of [null, 3, "x", [], new Map(), { ...rows, more: 1 }])
      expect(() =>
        spikingNetwork({ inputs: [2] })
          .dense({ ...neuron, name: "a", weights: [[1, 1]] })
          .connect({ from: "input", to: "a", sparse: sparse as never }),
      ).toThrow(/sparse: expected/);
  });

  it("refuses a plain record with other arrays, or both kinds at once", () => {
    const network = small();
    const changed = (fields: object): SpikingNetwork => ({
      ...network,
      synapses: network.synapses.map((synapse) => (synapse.kind === "sparse" ? { ...synapse, ...fields } : synapse)),
    });
    expect(() => checkSpikingNetwork(changed({ targets: [0, 2, 2, 2] }))).toThrow(/targets: expected a Uint32Array/);
    expect(() => checkSpikingNetwork(changed({ weights: Int32Array.of(1, 1, 1, 1) }))).toThrow(/Float32Array/);
    expect(() => checkSpikingNetwork(changed({ groups: 1 }))).toThrow(/options among .*offsets.*"groups"/);
    const both = { from: "input", to: "a", weights: new Float32Array(6), sparse: rows } as never;
    expect(() =>
      spikingNetwork({ inputs: [2] })
        .dense({ ...neuron, name: "a", weights: [[1, 1]] })
        .connect(both),
    ).toThrow(/expected one of weights, sparse/);
  });
});

describe("what the library knows of them", () => {
  it("come back from a .llif file", () => {
    const network = small();
    expect(readLlif(writeLlif(network))).toEqual(network);
  });

  it("are counted by connection, those of weight zero apart", () => {
    const synapse = sparseOf(small({ weights: [0, 1, 1, 1] }));
    const { existing, nonzero } = fanoutOf(synapse, [2], [3]);
    expect([[...existing], [...nonzero]]).toEqual([
      [2, 2],
      [1, 2],
    ]);
  });

  it("are summarised", () => {
    expect(formatSummary(summarize(small()))).toMatch(/– +input +a +v +sparse +4 +0\.125…1 +0$/m);
  });

  it("take eight bytes a connection, and four a source neuron", () => {
    const others = 4 * (6 + 3);
    expect(coreBytes(small(), { counts: false }).weights).toBe(others + 4 * 3 + 8 * 4);
  });

  it("have no ReLU network, twin or certificate", async () => {
    const network = small();
    expect(errorOf(() => toRelu(network))).toMatchObject({
      code: "UNSUPPORTED",
      nodes: ["a"],
      message: expect.stringMatching(/node "a": expected synapses of the kinds dense, .*, got "sparse" from "input"/),
    });
    // As a plain record, which nothing has checked.
    const exact = integers(network);
    expect(() => quantizedTwin(exact)).toThrow(/quantizedTwin: .*node "a": .*got "sparse"/);
    await expect(createTwinPass(exact)).rejects.toThrow(/createTwinPass: .*node "a": .*got "sparse"/);
    expect(earlyExit(network)).toBeNull();
    expect(lastWindow(network)).toBeNull();
    expect(
      earlyExit({ ...network, synapses: network.synapses.filter(({ kind }) => kind !== "sparse") }),
    ).not.toBeNull();
  });

  it("are refused in codes that have plain neurons alone", () => {
    expect(errorOf(() => checkSpikingNetwork(integers(small())))).toMatchObject({
      code: "ARGUMENT",
      nodes: ["input", "a"],
      message: expect.stringMatching(/"input" to "a": kind "sparse": expected a network of code rate, got windowRate/),
    });
  });
});

/** The same network in layerwise rate, with integers. */
function integers(network: SpikingNetwork): SpikingNetwork {
  const whole = (values: Float32Array | Int32Array): Int32Array => Int32Array.from(values, (value) => 8 * value);
  return {
    ...network,
    code: { kind: "windowRate" },
    arithmetic: "int32",
    input: { ...network.input, counts: { unit: 1, minimum: 0, maximum: 4 } },
    nodes: network.nodes.map((node) => {
      if (node.kind === "pool") return node;
      const bias = whole(node.bias);
      if (node.kind === "output") return { ...node, bias };
      const { threshold, initialPotential, ...others } = node.neuron;
      return {
        ...node,
        bias,
        neuron: { ...others, threshold: whole(threshold), initialPotential: whole(initialPotential) },
      } satisfies Population;
    }),
    synapses: network.synapses.map((synapse) => ({ ...synapse, weights: whole(synapse.weights) })),
  };
}

/** Excitation and inhibition between the same two populations, a self-connection and feedback, each both sparse and dense, in 1/16. */
function recurrent(seed: number): Record<"sparse" | "dense", SpikingNetwork> {
  const draw = new Draw(seed);
  const [inputs, first, second] = [draw.integer(1, 40), draw.integer(1, 70), draw.integer(1, 50)];
  const sizes: Readonly<Record<string, number>> = { input: inputs, first, second };
  const plans = [
    ["input", "first", 0, 1],
    ["first", "second", 0, 1],
    ["first", "second", draw.integer(0, 5), -1],
    ["first", "first", draw.integer(1, 3), -1],
    ["second", "second", draw.integer(1, 70), 1],
    ["second", "first", draw.integer(1, 9), 1],
  ] as const;
  const wires = plans.map(([from, to, delayTicks, sign]) => {
    const [offsets, targets, weights] = [[0], [] as number[], [] as number[]];
    const matrix = Array.from({ length: sizes[to] }, () => new Float32Array(sizes[from]));
    for (let source = 0; source < sizes[from]; source++) {
      const own = Array.from({ length: draw.of(0, 1, 4, 9) }, () => draw.integer(0, sizes[to] - 1));
      for (const target of own.sort((a, b) => a - b)) {
        targets.push(target);
        weights.push((sign * draw.integer(0, 12)) / 16);
        matrix[target][source] += weights[weights.length - 1];
      }
      offsets.push(targets.length);
    }
    return { ends: { from, to, delayTicks }, sparse: { offsets, targets, weights }, matrix };
  });
  const make = (kind: "sparse" | "dense"): SpikingNetwork => {
    let made = spikingNetwork({ inputs: [inputs], ticks: 150 })
      .dense({ ...neuron, bias: 1 / 16, name: "first", weights: new Float32Array(first * inputs), units: first })
      .dense({ ...neuron, reset: "hard", name: "second", weights: new Float32Array(second * first), units: second });
    for (const { ends, sparse, matrix } of wires)
      made = made.connect(kind === "sparse" ? { ...ends, sparse } : { ...ends, weights: matrix });
    return made.output({ weights: [new Float32Array(second).fill(1)] }).build();
  };
  return { sparse: make("sparse"), dense: make("dense") };
}

it.each([referenceEngine(), wasmEngine()])(
  "spike as the same dense matrices do, delayed and recurrent, $name engine",
  async (engine) => {
    let spikes = 0;
    for (let seed = 0; seed < 25; seed++) {
      const made = recurrent(seed);
      const draw = new Draw(1000 + seed);
      const train = Array.from({ length: 300 }, () => [draw.integer(0, 149), draw.integer(0, 10 ** 6)]);
      const input = {
        spikes: {
          ticks: train.map(([tick]) => tick),
          neurons: train.map(([, number]) => number % made.dense.input.shape[0]),
        },
      };
      const record = { spikes: ["first", "second"] };
      const run = async (network: SpikingNetwork) => {
        const simulator = await engine.createSimulator(network, { record });
        const whole = simulator.run(input);
        simulator.dispose();
        return whole;
      };
      const [ours, theirs] = [await run(made.sparse), await run(made.dense)];
      expect(ours.spikes).toEqual(theirs.spikes);
      expect(ours.charges).toEqual(theirs.charges);
      expect(ours.statistics.synapticOperations).toBeLessThanOrEqual(theirs.statistics.synapticOperations);
      spikes += ours.statistics.spikes;
    }
    expect(spikes).toBeGreaterThan(5000);
  },
);
