// Parameters of neurons in `.llif` files: rows as tensors, and files of version 1, which had one value for a population.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readLlif, writeLlif } from "../../ts/formats/llif.ts";
import { readSafetensors, writeSafetensors } from "../../ts/formats/safetensors.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import { cases } from "../conformance/networks.ts";
import { engines } from "../theorems/engines.ts";

const weights = (length: number, seed: number) =>
  Array.from({ length }, (_, index) => (((index * 37 + seed * 11) % 23) - 9) / 8);

/** What fixtures/llif-v1-neurons.llif was written from, by the last release of version 1. */
const network = spikingNetwork({ inputs: [4, 4, 2], ticks: 12, name: "neurons" })
  .conv2d({
    name: "leaky",
    weights: weights(9 * 2 * 3, 1),
    filters: 3,
    kernel: 3,
    threshold: [1, 1.5, 2],
    leak: { kind: "ohmic", timeConstantTicks: 7 },
    floor: -1.25,
    bias: 0.25,
  })
  .dense({
    name: "hard",
    weights: weights(12 * 5, 2),
    units: 5,
    threshold: 1,
    reset: "hard",
    refractory: { ticks: 2, input: "discard" },
    bias: 0.125,
  })
  .dense({ name: "multiple", weights: weights(5 * 3, 3), units: 3, threshold: 0.5, spikesPerTick: 4, refractory: 1 })
  .output({ name: "logits", weights: weights(3 * 2, 4), bias: 0.5 })
  .build();
const bytes = readFileSync(new URL("fixtures/llif-v1-neurons.llif", import.meta.url));

/** The file with another description of its network. */
function edited(edit: (node: Record<string, unknown>) => void): Uint8Array {
  const { tensors, metadata } = readSafetensors(bytes);
  const graph = JSON.parse(metadata.graph) as { nodes: Record<string, unknown>[] };
  edit(graph.nodes[1]);
  return writeSafetensors([...tensors], { ...metadata, graph: JSON.stringify(graph) });
}

describe(".llif", () => {
  it("returns networks with every row, word for word", () => {
    fc.assert(
      fc.property(cases("synchronous rate"), (random) => {
        expect(readLlif(writeLlif(random.network))).toEqual(random.network);
      }),
      { numRuns: 60 },
    );
  });

  it("stores rows as tensors", () => {
    const { metadata } = readSafetensors(writeLlif(network));
    const [, hard] = (JSON.parse(metadata.graph) as { nodes: { neuron: unknown }[] }).nodes;
    expect(metadata.version).toBe("2");
    expect(hard.neuron).toMatchObject({
      reset: { hard: { $tensor: expect.any(String) } },
      refractory: { ticks: { $tensor: expect.any(String) }, input: "discard" },
    });
  });

  it.each(engines)("reads version 1 as the same network, which spikes as it did then: $name", async (engine) => {
    const read = readLlif(bytes);
    expect(read).toEqual(network);
    using simulator = await engine.createSimulator(read);
    const { counts, logits } = simulator.run({
      values: Float32Array.from({ length: 32 }, (_, index) => ((index * 5) % 9) / 8),
    });
    expect([...counts.leaky]).toEqual([12, 0, 12, 12, 12, 12, 12, 5, 12, 12, 6, 12]);
    expect([...counts.hard]).toEqual([4, 4, 3, 4, 3]);
    expect([...counts.multiple]).toEqual([3, 7, 11]);
    expect([...logits]).toEqual([0.40625, 2.1666666666666665]);
  });

  it.each<[string, (node: Record<string, unknown>) => void, string]>([
    ["a factor above 1", (node) => (node.leakFactor = 2), "leak: factorPerTick: expected a finite number >= 0 <= 1"],
    ["no factor", (node) => delete node.leakFactor, "leak: factorPerTick: expected a Float32Array, got undefined"],
    ["a floor beyond float32", (node) => (node.floor = -1e300), "floor: expected a Float32Array, got -1e+300"],
    ["half a refractory tick", (node) => (node.refractory = { ticks: 0.5, input: "discard" }), "refractory ticks"],
    ["ticks below 0", (node) => (node.refractory = { ticks: -1, input: "discard" }), "refractory ticks"],
    ["another reset", (node) => (node.reset = "medium"), "reset: expected an object of options"],
    ["another input", (node) => (node.refractory = { ticks: 1, input: "halve" }), "refractory input"],
    ["a threshold that is no array", (node) => (node.threshold = 1), "threshold: expected a Float32Array"],
    ["a field of its own", (node) => (node.color = "red"), 'got "color"'],
  ])("refuses version 1 with %s, naming the population", (_, edit, message) => {
    expect(() => readLlif(edited(edit))).toThrow(message);
    expect(() => readLlif(edited(edit))).toThrow('population "hard"');
  });
});
