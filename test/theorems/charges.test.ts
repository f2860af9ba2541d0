// No 32-bit charge overflows: networks at the bounds, and beyond them.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunInput } from "../../ts/engine/engine.ts";
import { toSpiking, type ToSpikingOptions } from "../../ts/mapping/to-spiking.ts";
import { summarize, type LayerSummary } from "../../ts/mapping/summary.ts";
import { reluNetwork } from "../../ts/relu/builder.ts";
import { chargeBounds, countRanges } from "../../ts/spiking/charge-range.ts";
import type { Population, SpikingNetwork } from "../../ts/spiking/network.ts";
import { Draw } from "../draw.ts";
import { refusedBy, variants, type Variant } from "../conformance/networks.ts";
import { engines, simulate } from "./engines.ts";

const codes: readonly (readonly [Variant, ToSpikingOptions])[] = [
  ["phase", { bits: 8 }],
  ["phase", { bits: 16 }],
  ["ternary phase", { bits: 6, spikes: "signed" }],
  ["ternary phase", { bits: 10, spikes: "signed" }],
  ["non-adjacent phase", { bits: 12, nonAdjacent: true }],
  ["layerwise rate", { code: "rate", schedule: "layerwise", ticks: 500 }],
  ["signed rate", { code: "rate", spikes: "signed", ticks: 100 }],
  ["ttfs slots", { code: "ttfs", bits: 8 }],
];

/** Wide layers of weights of one sign each, so that inputs at their ends reach the bounds; biases as large as the charge. */
function extreme(seed: number) {
  const draw = new Draw(seed);
  const width = draw.of(3, 40, 150);
  const spread = draw.of(0.02, 1, 60, 4000);
  const rows = (outputs: number, inputs: number, part: number) =>
    Float32Array.from({ length: outputs * inputs }, (_, index) => {
      const sign = [1, -1, Math.floor(index / inputs) % 2 === 0 ? 1 : -1, draw.of(1, -1)][
        (Math.floor(index / inputs) + part) % 4
      ];
      return sign * spread * (draw.chance(80) ? 1 : draw.unit());
    });
  const dense = (outputs: number, inputs: number, part: number) => ({
    weights: { shape: [outputs, inputs], data: rows(outputs, inputs, part) },
    bias: draw.floats(outputs, draw.of(0, 1, spread * inputs)),
  });
  const relu = reluNetwork({
    input: [width],
    name: "extreme",
    convention: { scale: 1 / 255, mean: [0], std: [1], channelOrder: "gray" },
  }).dense(dense(draw.of(4, 30), width, 0));
  const middle = relu.shape[0];
  const network = relu
    .relu()
    .dense({ ...dense(5, middle, 1), name: "second" })
    .relu()
    .dense({ ...dense(4, 5, 2), name: "logits" })
    .build();
  const ends = (kind: number) =>
    Uint8Array.from({ length: width }, () => (kind === 0 ? 255 : kind === 1 ? 0 : draw.of(0, 255)));
  return { relu: network, images: [ends(0), ends(1), ends(2)], margin: draw.of(0.05, 1.25) };
}

/** Counts and charges of the network over the integers, without any width: N = clip(floor((V + v0) / θ), 0, T). */
function unbounded(
  network: SpikingNetwork,
  input: ArrayLike<number>,
): { readonly counts: Map<string, bigint[]>; readonly charges: Map<string, bigint[]>; readonly furthest: number } {
  const counts = new Map<string, bigint[]>([[network.input.name, Array.from(input, BigInt)]]);
  const charges = new Map<string, bigint[]>();
  const ternary = network.code.kind === "phase" && network.code.digits === "ternary";
  let furthest = 0n;
  for (const node of network.nodes) {
    if (node.kind === "pool") throw new Error("dense layers only");
    const charge = Array.from({ length: node.shape[0] }, (_, index) => BigInt(node.bias[index]));
    for (const synapse of network.synapses.filter(({ to }) => to === node.name)) {
      const source = counts.get(synapse.from) as bigint[];
      charge.forEach((_, output) =>
        source.forEach(
          (count, index) => (charge[output] += BigInt(synapse.weights[output * source.length + index]) * count),
        ),
      );
    }
    for (const value of charge) furthest = value > furthest ? value : -value > furthest ? -value : furthest;
    charges.set(node.name, charge);
    if (node.kind === "population")
      counts.set(
        node.name,
        charge.map((value, index) => clipped(network, node, value, index, ternary)),
      );
  }
  return { counts, charges, furthest: Number(furthest) };
}

function clipped(
  { levels }: SpikingNetwork,
  { neuron: { threshold, initialPotential } }: Population,
  charge: bigint,
  index: number,
  ternary: boolean,
): bigint {
  const theta = BigInt(threshold[index]);
  const value = charge + BigInt(initialPotential[index]) + (ternary ? theta / 2n : 0n);
  if (value <= 0n) return 0n;
  const count = value / theta;
  return count > BigInt(levels) ? BigInt(levels) : count;
}

const numbers = (values: readonly bigint[]) => values.map(Number);

describe.each(codes)("charges at their bounds: %s, %o", (variant, options) => {
  const simulated = engines.filter(({ name }) => !refusedBy[name].includes(variant));

  it(`never wrap: ${simulated.map(({ name }) => name).join(", ")}`, async () => {
    expect(variants[variant].arithmetic).toBe("int32");
    let [largest, refused, ran] = [0, 0, 0];
    for (let seed = 0; seed < 24; seed++) {
      const { relu, images, margin } = extreme(seed);
      let network: SpikingNetwork;
      try {
        network = await toSpiking(relu, { ...options, margin, calibration: images });
      } catch (error) {
        expect(error).toMatchObject({
          code: "PRECISION",
          message: expect.stringMatching(
            /^layer ".*": the charge of channel \d+ needs \d+ bits where exact codes have 32/,
          ),
        });
        refused++;
        continue;
      }
      ran++;
      for (const image of images) {
        const expected = unbounded(network, image);
        largest = Math.max(largest, expected.furthest);
        for (const engine of simulated) {
          const { counts, charges } = await simulate(engine, network, image);
          for (const name of Object.keys(counts))
            expect([...counts[name]]).toEqual(numbers(expected.counts.get(name) as bigint[]));
          for (const name of Object.keys(charges))
            expect([...charges[name]]).toEqual(numbers(expected.charges.get(name) as bigint[]));
        }
      }
    }
    // The cases are those that matter: they come near 2^31, and few of them are refused.
    expect(largest).toBeGreaterThan(2 ** 29);
    expect(largest).toBeLessThan(2 ** 31);
    expect(refused).toBeLessThan(ran);
  });
});

describe("a network by hand", () => {
  const wide = (weight: number, counts: SpikingNetwork["input"]["counts"]): SpikingNetwork => ({
    name: "wide",
    code: { kind: "phase", digits: "binary" },
    arithmetic: "int32",
    windowTicks: 8,
    levels: 255,
    dtSeconds: 1,
    input: { name: "input", shape: [64], counts },
    nodes: [
      {
        kind: "population",
        rectified: true,
        name: "n",
        shape: [2],
        bias: new Int32Array(2),
        neuron: {
          model: "llif",
          threshold: new Int32Array(2).fill(4096),
          initialPotential: new Int32Array(2).fill(2048),
        },
        unit: new Float64Array(2).fill(1),
      },
      {
        kind: "output",
        name: "logits",
        shape: [2],
        bias: new Int32Array(2),
        unit: new Float64Array(2).fill(1),
        rectified: false,
      },
    ],
    synapses: [
      { kind: "dense", from: "input", to: "n", delayTicks: 0, weights: new Int32Array(128).fill(weight) },
      { kind: "dense", from: "n", to: "logits", delayTicks: 0, weights: new Int32Array(4).fill(9) },
    ],
    convention: { scale: 1, mean: [0], std: [1], channelOrder: "gray" },
    classes: [],
  });
  /** 64 · 255 · q + 2048 < 2^31 */
  const most = Math.floor((2 ** 31 - 1 - 2048) / (64 * 255));
  const pixels = { unit: 1, minimum: 0, maximum: 255 };

  it.each(engines)("is refused where pixels could make a charge wrap: $name", async (engine) => {
    const fits = await simulate(engine, wide(most, pixels), new Uint8Array(64).fill(255));
    expect([...fits.counts.n]).toEqual([255, 255]);
    await expect(engine.createSimulator(wide(most + 1, pixels))).rejects.toMatchObject({
      code: "PRECISION",
      nodes: ["n"],
      message: expect.stringMatching(
        /^population "n": its charge can reach 2\.15e\+9, 33 bits where exact codes have 32, at 255 levels and input counts from 0 to 255/,
      ),
    });
    await expect(engine.createSimulator(wide(-most - 2, pixels))).rejects.toMatchObject({ code: "PRECISION" });
  });

  it.each(engines)("refuses a sample that could, where its inputs have no bounds: $name", async (engine) => {
    const simulator = await engine.createSimulator(wide(most, null));
    const refusal = expect.objectContaining({ code: "PRECISION", nodes: ["n"] });
    expect([...simulator.run(new Float32Array(64).fill(255)).counts.n]).toEqual([255, 255]);
    expect(() => simulator.run(new Float32Array(64).fill(256))).toThrow(refusal);
    // As spikes: 128 in the first tick of a window of eight, and once more.
    const all = Array.from({ length: 64 }, (_, neuron) => neuron);
    const spikes = (ticks: readonly number[]): RunInput => ({
      spikes: { ticks: ticks.flatMap((tick) => all.map(() => tick)), neurons: ticks.flatMap(() => all) },
    });
    expect([...simulator.run(spikes([0, 1, 2, 3, 4, 5, 6, 7])).counts.n]).toEqual([255, 255]);
    expect(() => simulator.run(spikes([0, 0]))).toThrow(refusal);
    simulator.dispose();
  });

  it("of signed rate is refused by all spikes since the last reset", async () => {
    const [engine] = engines;
    const base = wide(1_000_000, null);
    const network: SpikingNetwork = {
      ...base,
      code: { kind: "signedRate", settles: false },
      windowTicks: 40,
      levels: 40,
    };
    const simulator = await engine.createSimulator(network);
    const all = Array.from({ length: 64 }, (_, neuron) => neuron);
    const once = (): RunInput => ({ spikes: { ticks: all.map(() => 0), neurons: all } });
    for (let tick = 0; tick < 33; tick++) simulator.run(once(), { ticks: 1, keepState: true });
    expect(() => simulator.run(once(), { ticks: 1, keepState: true })).toThrow(
      expect.objectContaining({ code: "PRECISION" }),
    );
    simulator.reset();
    expect([...simulator.run(once(), { ticks: 1, keepState: true }).counts.n]).toEqual([40, 40]);
    simulator.dispose();
  });
});

const lostBits = ({ precision }: LayerSummary) => (precision === null ? 0 : precision.wanted - precision.smallest);

it("the summary says which layers took fewer bits, and in one warning the worst of them and by how much", async () => {
  const { relu, images } = extreme(2);
  const network = await toSpiking(relu, { bits: 16, margin: 0.05, calibration: images });
  const { layers, warnings } = summarize(network);
  const lowered = layers.filter(({ precision }) => precision !== null && precision.smallest < precision.wanted);
  expect(lowered.length).toBeGreaterThan(0);
  for (const { precision, chargeBits } of lowered) {
    expect(chargeBits).toBeLessThanOrEqual(32);
    expect(precision?.wantedBits).toBeGreaterThan(32);
  }
  const [worst] = [...lowered].sort((a, b) => lostBits(b) - lostBits(a));
  const about = warnings.filter((warning) => warning.includes("thresholds of"));
  expect(about).toHaveLength(1);
  expect(about[0]).toContain(
    `${worst.name}: thresholds of 2^${worst.precision?.smallest} instead of 2^${worst.precision?.wanted}, at which its charge could need ${worst.precision?.wantedBits} of 32 bits`,
  );
  if (lowered.length > 1) expect(about[0]).toContain(`and ${lowered.length - 1} more`);
});

it("bounds hold for every input of random dense layers, and some input reaches them", () => {
  let reached = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 6, maxLength: 6 }),
      fc.nat(2 ** 31 - 1),
      (smallest, weights, seed) => {
        const range = { smallest: -smallest, largest: 7 };
        const draw = new Draw(seed);
        const node = {
          kind: "output",
          name: "y",
          shape: [2],
          bias: Int32Array.of(3, -5),
          unit: Float64Array.of(1),
          rectified: false,
        } as const;
        const network = {
          code: { kind: "windowRate" },
          levels: 7,
          input: { name: "x", shape: [3], counts: null },
          nodes: [node],
          synapses: [{ kind: "dense", from: "x", to: "y", delayTicks: 0, weights: Int32Array.from(weights) }],
        } as unknown as SpikingNetwork;
        const { lower, upper } = chargeBounds(network, node, countRanges(network, range));
        for (let trial = 0; trial < 8; trial++) {
          for (const output of [0, 1]) {
            const row = weights.slice(3 * output, 3 * output + 3);
            const inputs = row.map((weight) =>
              trial === 0 ? (weight > 0 ? range.largest : range.smallest) : draw.integer(range.smallest, range.largest),
            );
            const charge = row.reduce((sum, weight, index) => sum + weight * inputs[index], node.bias[output]);
            expect(charge).toBeLessThanOrEqual(upper[output]);
            expect(charge).toBeGreaterThanOrEqual(lower[output]);
            if (charge === upper[output]) reached++;
          }
        }
      },
    ),
    { numRuns: 100 },
  );
  expect(reached).toBeGreaterThan(150);
});
