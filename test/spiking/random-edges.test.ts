// Random connections: their numbers and distribution, the same for a seed, and what is refused.
import { describe, expect, it } from "vitest";
import { naturalLogarithm, randomEdges, type RandomEdgesOptions } from "../../ts/spiking/random-edges.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import { errorOf } from "../errors.ts";

const square = { from: 100, to: 100, weights: 1, seed: 7 } as const;

/** How often each neuron occurs. */
function counts(ends: Uint32Array, size: number): Uint32Array {
  const found = new Uint32Array(size);
  for (const end of ends) found[end]++;
  return found;
}

function isOrdered({ from, to }: { from: Uint32Array; to: Uint32Array }): boolean {
  return from.every(
    (source, index) =>
      index === 0 || from[index - 1] < source || (from[index - 1] === source && to[index - 1] < to[index]),
  );
}

describe("randomEdges", () => {
  it("is fixed by its seed", () => {
    const edges = (seed: number) =>
      randomEdges({ from: 4, to: 5, probability: 0.3, weights: [0, 1], delayTicks: [1, 9], seed });
    expect(edges(3)).toEqual(edges(3));
    expect(edges(3)).not.toEqual(edges(4));
    expect(edges(3)).toMatchInlineSnapshot(`
      {
        "delayTicks": Uint32Array [
          6,
          7,
          2,
          3,
          9,
          2,
          3,
        ],
        "from": Uint32Array [
          0,
          0,
          0,
          2,
          2,
          2,
          3,
        ],
        "to": Uint32Array [
          0,
          2,
          3,
          1,
          2,
          3,
          0,
        ],
        "weights": Float32Array [
          0.7451103925704956,
          0.11296771466732025,
          0.18234169483184814,
          0.8169702887535095,
          0.35874611139297485,
          0.7218296527862549,
          0.14154277741909027,
        ],
      }
    `);
  });

  it.each<[string, Pick<RandomEdgesOptions, "probability" | "fanIn" | "fanOut">]>([
    ["probability", { probability: 0.1 }],
    ["fanIn", { fanIn: 10 }],
    ["fanOut", { fanOut: 10 }],
  ])("with %s reaches every pair as often, each at most once, in order", (_, which) => {
    const reached = new Uint32Array(100 * 100);
    let total = 0;
    const rounds = 400;
    for (let seed = 0; seed < rounds; seed++) {
      const edges = randomEdges({ ...square, ...which, seed });
      expect(isOrdered(edges)).toBe(true);
      if (which.fanIn !== undefined) expect(counts(edges.to, 100).every((count) => count === 10)).toBe(true);
      if (which.fanOut !== undefined) expect(counts(edges.from, 100).every((count) => count === 10)).toBe(true);
      total += edges.from.length;
      edges.from.forEach((source, index) => reached[100 * source + edges.to[index]]++);
    }
    // Within 5 standard errors of the binomial distribution; chi-square within 5 of its own.
    const deviation = Math.sqrt(1e4 * rounds * 0.1 * 0.9);
    expect(Math.abs(total - 1e4 * rounds * 0.1)).toBeLessThan(5 * deviation);
    const variance = rounds * 0.1 * 0.9;
    const chiSquare = reached.reduce((sum, count) => sum + (count - rounds * 0.1) ** 2 / variance, 0);
    expect(Math.abs(chiSquare - 1e4)).toBeLessThan(5 * Math.sqrt(2e4));
  });

  it.each([{ probability: 0.2 }, { probability: 1 }, { fanIn: 9 }, { fanOut: 9 }, { fanIn: 3 }, { fanOut: 3 }])(
    "leaves out a neuron's own number with self false: %o",
    (which) => {
      const { from, to } = randomEdges({ from: 10, to: 10, weights: 1, seed: 1, self: false, ...which });
      expect(from.some((source, index) => source === to[index])).toBe(false);
      if (which.probability === 1 || which.fanIn === 9 || which.fanOut === 9) expect(from).toHaveLength(90);
    },
  );

  it("takes all pairs and none", () => {
    expect(randomEdges({ from: 3, to: 2, probability: 1, weights: 1, seed: 0 })).toEqual({
      from: Uint32Array.of(0, 0, 1, 1, 2, 2),
      to: Uint32Array.of(0, 1, 0, 1, 0, 1),
      weights: new Float32Array(6).fill(1),
    });
    expect(randomEdges({ ...square, probability: 0 }).from).toHaveLength(0);
    expect(randomEdges({ ...square, fanOut: 0 }).from).toHaveLength(0);
    expect(randomEdges({ ...square, probability: 1e-12 }).from).toHaveLength(0);
  });

  it("draws weights and delays from what is asked", () => {
    const draw = (weights: RandomEdgesOptions["weights"]) =>
      randomEdges({ from: 200, to: 200, fanOut: 50, weights, seed: 2 }).weights;
    const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = (values: Float32Array, around: number) =>
      Math.sqrt(values.reduce((sum, value) => sum + (value - around) ** 2, 0) / values.length);
    expect(draw(0.25).every((weight) => weight === 0.25)).toBe(true);
    const uniform = draw([2, 4]);
    expect(uniform.every((weight) => weight >= 2 && weight <= 4)).toBe(true);
    expect(Math.abs(mean(uniform) - 3)).toBeLessThan(5 * (2 / Math.sqrt(12) / 100));
    const normal = draw({ mean: -1, deviation: 0.5 });
    expect(Math.abs(mean(normal) + 1)).toBeLessThan(5 * (0.5 / 100));
    expect(Math.abs(deviation(normal, -1) - 0.5)).toBeLessThan(5 * (0.5 / Math.sqrt(2) / 100));
    expect(normal.filter((weight) => Math.abs(weight + 1) < 0.5).length / 10000).toBeCloseTo(0.6827, 1);
    expect(draw((from, to) => from + to)[0]).toBe(
      randomEdges({ from: 200, to: 200, fanOut: 50, weights: 1, seed: 2 }).to[0],
    );
    const delays = counts(randomEdges({ ...square, fanIn: 20, delayTicks: [3, 5] }).delayTicks as Uint32Array, 7);
    expect([delays[2], delays[6]]).toEqual([0, 0]);
    expect([3, 4, 5].every((delay) => Math.abs(delays[delay] - 2000 / 3) < 5 * Math.sqrt((2000 * 2) / 9))).toBe(true);
  });

  it("makes what connect takes as it is", () => {
    const edges = randomEdges({ ...square, probability: 0.1, delayTicks: [1, 4] });
    const { synapses } = spikingNetwork({ inputs: 1 })
      .population({ name: "a", units: 100, input: "none", threshold: 1 })
      .connect({ from: "a", to: "a", edges })
      .build();
    expect(synapses[0]).toMatchObject({
      kind: "sparse",
      targets: edges.to,
      weights: edges.weights,
      delays: edges.delayTicks,
    });
  });

  it.each<[string, object, string]>([
    ["no number of connections", {}, "expected one of probability, fanIn, fanOut, got none"],
    ["two numbers", { fanIn: 1, fanOut: 1 }, "expected one of probability, fanIn, fanOut, got fanIn and fanOut"],
    ["a probability above 1", { probability: 1.5 }, "probability: expected a finite number >= 0 <= 1, got 1.5"],
    ["more sources than there are", { fanIn: 101 }, "fanIn: expected an integer from 0 to 100, got 101"],
    ["all with self false", { fanOut: 100, self: false }, "fanOut: expected an integer from 0 to 99, got 100"],
    [
      "self false of two sizes",
      { from: 99, self: false, fanIn: 1 },
      "self false: expected as many sources as targets, got 99 and 100",
    ],
    [
      "a billion connections",
      { from: 1e5, to: 1e5, probability: 0.1 },
      "expected at most 268435455 connections, got about 1000000000; split them between two synapses",
    ],
    [
      "a billion by fan",
      { from: 1e6, to: 1e6, fanIn: 1000 },
      "expected at most 268435455 connections, got about 1000000000; split them between two synapses",
    ],
    ["a weight of NaN", { fanIn: 1, weights: NaN }, "weights: expected a finite number, got NaN"],
    [
      "bounds in the wrong order",
      { fanIn: 1, weights: [2, 1] },
      "weights: expected the smaller number first, got 2 and 1",
    ],
    ["one bound", { fanIn: 1, weights: [2] }, "weights: expected 2 numbers, got 1"],
    [
      "a negative deviation",
      { fanIn: 1, weights: { mean: 0, deviation: -1 } },
      "weights: deviation: expected a finite number >= 0, got -1",
    ],
    [
      "a function that gives no number",
      { fanIn: 1, weights: () => "x" },
      'weights: from 1 to 63: expected a finite number, got "x"',
    ],
    [
      "a delay that is too long",
      { fanIn: 1, delayTicks: [0, 65537] },
      "delayTicks: expected an integer from 0 to 65536, got 65537",
    ],
    ["a negative seed", { fanIn: 1, seed: -1 }, "seed: expected an integer >= 0, got -1"],
  ])("refuses %s", (_, options, message) => {
    const error = errorOf(() => randomEdges({ ...square, ...options } as never));
    expect(error.message).toBe(`randomEdges: ${message}`);
  });
});

it("naturalLogarithm is Math.log within 2⁻⁵⁰", () => {
  let worst = 0;
  for (let value = 2 ** -33; value < 2; value *= 1.0001)
    if (value !== 1) worst = Math.max(worst, Math.abs(naturalLogarithm(value) / Math.log(value) - 1));
  expect(worst).toBeLessThan(2 ** -50);
  expect(naturalLogarithm(1)).toBe(0);
});
