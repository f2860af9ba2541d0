// The fast twin pass equals plain loops.
import { describe, expect, it } from "vitest";
import { digestedResults, twinResults } from "../../ts/analyze/known.ts";
import { createTwinPass } from "../../ts/engine/passes/twin.ts";
import { quantizedTwin } from "../../ts/mapping/twin.ts";
import type { Population, SpikingNetwork, SpikingNode, Synapse } from "../../ts/spiking/network.ts";
import { shapeOf, synapsesTo } from "../../ts/spiking/network.ts";
import type { Window2d } from "../../ts/relu/network.ts";
import { sizeOf, type Shape } from "../../ts/tensor.ts";
import { pseudoRandom } from "../formats/random.ts";
import { integer } from "./random.ts";

type Random = () => number;
const integers = (random: Random, length: number, from: number, to: number) =>
  Int32Array.from({ length }, () => integer(random, from, to));

function population(random: Random, name: string, shape: Shape, generalThreshold: boolean): Population {
  const channels = shape[shape.length - 1];
  const length = random() < 0.5 ? channels : sizeOf(shape);
  const threshold = Int32Array.from({ length }, () =>
    generalThreshold ? integer(random, 1, 5000) : 2 ** integer(random, 4, 13),
  );
  return {
    kind: "population",
    rectified: true,
    name,
    shape,
    bias: integers(random, length, -3000, 3000),
    neuron: { model: "llif", threshold, initialPotential: threshold.map((theta) => theta >> 1) },
    unit: new Float64Array(channels).fill(1),
  };
}

/** Convolutions (grouped too), a residual identity, both pools, and a dense output; weights beyond 16 bits in every third. */
function randomTwinNetwork(seed: number): SpikingNetwork {
  const random = pseudoRandom(seed);
  const [height, width, channels] = [integer(random, 4, 8), integer(random, 4, 8), integer(random, 1, 3)];
  const middle = 2 * integer(random, 1, 4);
  const wide = seed % 3 === 0;
  const padding = { top: 1, left: 1, bottom: 1, right: 1 };
  const window = { kernel: [3, 3], stride: [1, 1], dilation: [1, 1], padding } as const;
  const halved = {
    kernel: [2, 2],
    stride: [2, 2],
    dilation: [1, 1],
    padding: { top: 0, left: 1, bottom: 1, right: 0 },
  } as const;
  const conv = (from: string, to: string, inputs: number, groups: number): Synapse => ({
    kind: "conv2d",
    from,
    to,
    delayTicks: 0,
    ...window,
    groups,
    weights: integers(random, (9 * inputs * middle) / groups, wide ? -40_000 : -900, wide ? 40_000 : 900),
  });
  const full = [height, width, middle];
  const pooled = [Math.floor((height + 1 - 2) / 2) + 1, Math.floor((width + 1 - 2) / 2) + 1, middle];
  const general = seed % 2 === 0;
  const outputs = integer(random, 2, 11);
  const nodes: SpikingNode[] = [
    population(random, "first", full, general),
    population(random, "second", full, general),
    { kind: "pool", name: "largest", from: "second", mode: "max", shape: pooled, ...halved },
    { kind: "pool", name: "sum", from: "second", mode: "sum", shape: pooled, ...halved },
    {
      kind: "output",
      name: "logits",
      shape: [outputs],
      bias: integers(random, outputs, -999, 999),
      unit: new Float64Array(outputs).fill(1),
      rectified: false,
    },
  ];
  const dense = (from: string): Synapse => ({
    kind: "dense",
    from,
    to: "logits",
    delayTicks: 0,
    weights: integers(random, outputs * sizeOf(pooled), -200, 200),
  });
  const synapses: Synapse[] = [
    conv("image", "first", channels, 1),
    conv("first", "second", middle, 2),
    { kind: "identity", from: "first", to: "second", delayTicks: 0, weights: integers(random, middle, -500, 500) },
    dense("largest"),
    dense("sum"),
  ];
  return {
    name: `random ${seed}`,
    code: { kind: "phase", digits: "binary" },
    arithmetic: "int32",
    windowTicks: 8,
    levels: 255,
    dtSeconds: 1,
    nodes,
    synapses,
    classes: [],
    input: { name: "image", shape: [height, width, channels], counts: { unit: 1 / 255, minimum: -255, maximum: 255 } },
    convention: { scale: 1 / 255, mean: [0], std: [1], channelOrder: "gray" },
  };
}

/** Every pair (output cell, input cell, tap) of a window, by coordinates. */
function* cells(window: Window2d, input: Shape, output: Shape) {
  for (let row = 0; row < output[0]; row++) {
    for (let column = 0; column < output[1]; column++) {
      for (let tap = 0; tap < window.kernel[0] * window.kernel[1]; tap++) {
        const y = row * window.stride[0] - window.padding.top + Math.floor(tap / window.kernel[1]);
        const x = column * window.stride[1] - window.padding.left + (tap % window.kernel[1]);
        if (y >= 0 && y < input[0] && x >= 0 && x < input[1])
          yield { to: row * output[1] + column, from: y * input[1] + x, tap };
      }
    }
  }
}

function deliver(synapse: Synapse, input: Shape, output: Shape, counts: readonly number[], charge: number[]): void {
  if (synapse.kind === "dense")
    charge.forEach((_, to) =>
      counts.forEach((count, from) => (charge[to] += synapse.weights[to * counts.length + from] * count)),
    );
  if (synapse.kind === "identity")
    counts.forEach((count, index) => (charge[index] += synapse.weights[index % synapse.weights.length] * count));
  if (synapse.kind !== "conv2d") return;
  const [depth, share] = [input[2] / synapse.groups, output[2] / synapse.groups];
  for (const { to, from, tap } of cells(synapse, input, output)) {
    for (let channel = 0; channel < output[2]; channel++) {
      for (let part = 0; part < depth; part++) {
        const weight = synapse.weights[(tap * depth + part) * output[2] + channel];
        charge[to * output[2] + channel] +=
          weight * counts[from * input[2] + Math.floor(channel / share) * depth + part];
      }
    }
  }
}

/** N = clip(floor((V + v0) / θ), 0, levels), in float64, where these sums are exact. */
function plainTwin(network: SpikingNetwork, input: readonly number[]): Map<string, number[]> {
  const values = new Map<string, number[]>([[network.input.name, [...input]]]);
  for (const node of network.nodes) {
    if (node.kind === "pool") {
      const [inputShape, channels] = [shapeOf(network, node.from), node.shape[2]];
      const source = values.get(node.from) as number[];
      const result = new Array<number>(sizeOf(node.shape)).fill(node.mode === "max" ? -Infinity : 0);
      for (const { to, from } of cells(node, inputShape, node.shape)) {
        for (let channel = 0; channel < channels; channel++) {
          const [at, value] = [to * channels + channel, source[from * channels + channel]];
          result[at] = node.mode === "max" ? Math.max(result[at], value) : result[at] + value;
        }
      }
      values.set(node.name, result);
      continue;
    }
    const charge = Array.from({ length: sizeOf(node.shape) }, (_, index) => node.bias[index % node.bias.length]);
    for (const synapse of synapsesTo(network, node.name)) {
      deliver(synapse, shapeOf(network, synapse.from), node.shape, values.get(synapse.from) as number[], charge);
    }
    const fire = (v: number, index: number) => {
      if (node.kind === "output") return v;
      const { threshold, initialPotential } = node.neuron;
      const length = threshold.length;
      return Math.min(
        Math.max(Math.floor((v + initialPotential[index % length]) / threshold[index % length]), 0),
        network.levels,
      );
    };
    values.set(node.name, charge.map(fire));
  }
  return values;
}

describe("twin pass", () => {
  it.each(["uint8", "int16"])("equals plain loops on random networks, %s counts", async (kind) => {
    for (let seed = 1; seed <= 24; seed++) {
      const network = randomTwinNetwork(seed);
      const random = pseudoRandom(seed + 500);
      const inputs = sizeOf(network.input.shape);
      const samples = (seed % 18) + 1;
      const low = kind === "uint8" ? 0 : -255;
      const drawn = integers(random, samples * inputs, low, 255);
      const counts = kind === "uint8" ? Uint8Array.from(drawn) : Int16Array.from(drawn);
      const pass = await createTwinPass(network, { keep: ["first", "second", "largest", "sum"] });
      const result = pass.run(counts, samples);
      pass.dispose();
      const plain = Array.from({ length: samples }, (_, sample) =>
        plainTwin(network, [...counts.subarray(sample * inputs, (sample + 1) * inputs)]),
      );
      const expected = (name: string) => plain.flatMap((values) => values.get(name) as number[]);
      expect(result.charges.logits, `seed ${seed}`).toEqual(Int32Array.from(expected("logits")));
      for (const name of Object.keys(result.counts))
        expect(result.counts[name], `seed ${seed}, ${name}`).toEqual(Uint32Array.from(expected(name)));
      expect(Object.keys(result.counts)).toEqual(["first", "second", "largest", "sum"]);
    }
  });

  it("equals the plain twin after every tick of refined phase, thresholds that are no powers of two included", async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const binary = randomTwinNetwork(seed);
      const quanta = seed % 3 === 0 ? [27, 9, 3, 1] : [32, 16, 4, 2, 1];
      const network: SpikingNetwork = {
        ...binary,
        code: { kind: "refinedPhase", bits: 8, quanta, laziness: 0.5, ahead: (seed % 4) / 2 },
        windowTicks: quanta.length,
        nodes: binary.nodes.map((node) =>
          node.kind === "population"
            ? { ...node, neuron: { ...node.neuron, initialPotential: node.neuron.threshold.map(() => 0) } }
            : node,
        ),
      };
      const inputs = sizeOf(network.input.shape);
      const counts = Uint8Array.from(integers(pseudoRandom(seed + 700), 3 * inputs, 0, 255));
      const pass = await createTwinPass(network, { keep: "all" });
      for (let ticks = quanta.length; ticks >= 1; ticks--) {
        const run = pass.run(counts, 3, { ticks });
        for (let sample = 0; sample < 3; sample++) {
          const expected = quantizedTwin(network, { ticks }).run(
            counts.subarray(sample * inputs, (sample + 1) * inputs),
          );
          for (const [values, rows] of [
            [expected.counts, run.counts],
            [expected.charges, run.charges],
          ] as const)
            for (const [name, row] of Object.entries(values))
              expect(rows[name].slice(sample * row.length, (sample + 1) * row.length), `${seed} ${name}`).toEqual(row);
        }
        const digest = pass.digest(counts, 3, { ticks });
        expect(digestedResults(network, digest, 3)).toEqual(twinResults(network, run, 3));
      }
      expect(pass.run(counts, 3)).toEqual(pass.run(counts, 3, { ticks: quanta.length }));
      expect(() => pass.run(counts, 3, { ticks: quanta.length + 1 })).toThrow("TwinPass.run: ticks");
      pass.dispose();
      const other = await createTwinPass(binary);
      expect(() => other.digest(counts, 3, { ticks: 1 })).toThrow("expected a network of refined phase");
      other.dispose();
    }
  });

  it("returns all populations on request, and none by default", async () => {
    const network = randomTwinNetwork(1);
    const inputs = sizeOf(network.input.shape);
    const [all, none] = await Promise.all([createTwinPass(network, { keep: "all" }), createTwinPass(network)]);
    expect(Object.keys(all.run(new Uint8Array(inputs), 1).counts)).toEqual(["first", "second"]);
    expect(none.run(new Uint8Array(inputs), 1).counts).toEqual({});
    expect(() => none.run(new Uint8Array(inputs), 2)).toThrow(expect.objectContaining({ code: "SHAPE" }));
    all.dispose();
    none.dispose();
    expect(() => none.run(new Uint8Array(inputs), 1)).toThrow(expect.objectContaining({ code: "DISPOSED" }));
  });

  it("a digest has the hash of every count, of any batch, and leaves the kept nodes as they were", async () => {
    for (const seed of [1, 2, 3, 4]) {
      const network = randomTwinNetwork(seed);
      const inputs = sizeOf(network.input.shape);
      const samples = 5 * seed;
      const counts = Uint8Array.from(integers(pseudoRandom(seed + 900), samples * inputs, 0, 255));
      const pass = await createTwinPass(network, { keep: "all" });
      const run = pass.run(counts, samples);
      const digest = pass.digest(counts, samples);
      expect(digest.charges).toEqual(run.charges);
      expect(digestedResults(network, digest, samples)).toEqual(twinResults(network, run, samples));
      expect(pass.run(counts, samples)).toEqual(run);
      pass.dispose();
    }
  });

  it("refuses networks that have no twin, naming the neurons", async () => {
    const network = randomTwinNetwork(2);
    const hard = network.nodes.map((node) =>
      node.kind === "population" && node.name === "second"
        ? { ...node, neuron: { ...node.neuron, reset: { hard: Uint8Array.from(node.neuron.threshold, () => 1) } } }
        : node,
    );
    await expect(createTwinPass({ ...network, nodes: hard })).rejects.toMatchObject({
      code: "UNSUPPORTED",
      nodes: ["second"],
    });
    await expect(createTwinPass({ ...network, arithmetic: "float32" })).rejects.toMatchObject({ code: "UNSUPPORTED" });
    const short = network.synapses.map((synapse) => ({
      ...synapse,
      weights: synapse.weights.subarray(1),
    })) as Synapse[];
    await expect(createTwinPass({ ...network, synapses: short })).rejects.toMatchObject({
      code: "ENGINE",
      nodes: ["first"],
    });
  });
});
