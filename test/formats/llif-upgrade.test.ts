// .llif files of version 1, written by the last release that wrote it, read as the networks that they are.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { outcomeOf } from "../../ts/timing/simulators.ts";
import { referenceEngine } from "../../ts/engine/reference.ts";
import { wasmEngine } from "../../ts/engine/wasm.ts";
import { readLlif, writeLlif } from "../../ts/formats/llif.ts";
import { readSafetensors, writeSafetensors } from "../../ts/formats/safetensors.ts";
import type { Code } from "../../ts/spiking/code.ts";
import type { SpikingNetwork, SpikingNode } from "../../ts/spiking/network.ts";
import { sizeOf } from "../../ts/tensor.ts";

const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`fixtures/llif-v1-${name}.llif`, import.meta.url)));
const outcomes = JSON.parse(readFileSync(new URL("fixtures/llif-v1.json", import.meta.url), "utf8"));

const codes: Readonly<Record<string, Code>> = {
  "phase-binary": { kind: "phase", digits: "binary" },
  "phase-ternary": { kind: "phase", digits: "ternary" },
  "phase-non-adjacent": { kind: "phase", digits: "nonAdjacent" },
  rate: { kind: "rate" },
  "rate-by-hand": { kind: "rate" },
  "rate-layerwise": { kind: "windowRate" },
  "rate-signed": { kind: "signedRate", settles: false },
  "rate-signed-settles": { kind: "signedRate", settles: true },
  "ttfs-slots": { kind: "slots" },
  "ttfs-times": { kind: "times" },
};

/** The same file with another description, or another version. */
function changed(
  bytes: Uint8Array,
  change: { readonly version?: string; readonly graph?: (graph: Record<string, unknown>) => unknown },
): Uint8Array {
  const { tensors, metadata } = readSafetensors(bytes);
  const { version = metadata.version, graph = (same) => same } = change;
  return writeSafetensors(tensors, { ...metadata, version, graph: JSON.stringify(graph(JSON.parse(metadata.graph))) });
}

/** Without the numbers of tensors, which follow each other in the order of the description. */
const renumbered = (graph: unknown) => JSON.parse(JSON.stringify(graph).replaceAll(/"t\d+"/g, '"t"'));

const inputsOf = ({ input: { shape, counts } }: SpikingNetwork) =>
  [0, 1, 2].map((sample) =>
    counts === null
      ? Float32Array.from({ length: sizeOf(shape) }, (_, index) => ((index + 1) * (sample + 1)) / 8)
      : Uint8Array.from({ length: sizeOf(shape) }, (_, index) => (index * 37 + sample * 101) & 255),
  );

it.each(Object.entries(codes))("version 1, %s: the same network, with the same results", async (name, code) => {
  const network = readLlif(fixture(name));
  expect(network.code).toEqual(code);
  for (const engine of [referenceEngine(), wasmEngine()]) {
    const simulator = await engine.createSimulator(network);
    const results = inputsOf(network).map((input) => simulator.run(input));
    expect(outcomeOf(network, results)).toEqual(outcomes[name]);
    simulator.dispose();
  }
  const written = writeLlif(network);
  expect(readSafetensors(written).metadata.version).toBe("2");
  expect(readLlif(written)).toEqual(network);
});

it("all else that version 1 says is taken over", () => {
  for (const name of Object.keys(codes)) {
    // What becomes of neurons is for llif-neurons.test.ts to tell.
    const graphOf = (bytes: Uint8Array) => {
      const graph = JSON.parse(readSafetensors(bytes).metadata.graph);
      return { ...graph, nodes: graph.nodes.map(({ kind, name, shape }: SpikingNode) => ({ kind, name, shape })) };
    };
    const { code: _, schedule, spikes, nonAdjacent, settles, ...before } = graphOf(fixture(name));
    expect([schedule, spikes]).not.toContain(undefined);
    const { code, ...after } = graphOf(writeLlif(readLlif(fixture(name))));
    expect([code.digits === "nonAdjacent", code.settles === true]).toEqual([nonAdjacent === true, settles === true]);
    expect(renumbered(after)).toEqual(renumbered(before));
  }
});

it("refuses what version 1 could not mean, and versions that it does not know", () => {
  const refused = (change: Parameters<typeof changed>[1], name = "phase-ternary") =>
    expect(() => readLlif(changed(fixture(name), change), "x.llif"));
  refused({ graph: (graph) => ({ ...graph, schedule: "synchronous" }) }).toThrow(
    'x.llif: code "phase": expected schedule "layerwise", got "synchronous"',
  );
  refused({ graph: (graph) => ({ ...graph, code: "morse" }) }).toThrow(
    "x.llif: code: expected one of rate, phase, ttfs",
  );
  refused({ graph: (graph) => ({ ...graph, settles: 1 }) }).toThrow("x.llif: settles: expected true or false");
  refused({ graph: (graph) => ({ ...graph, spikes: "signed" }) }, "ttfs-times").toThrow('spikes: code "ttfs" expected');
  refused({ graph: () => null }).toThrow(expect.objectContaining({ code: "ARGUMENT" }));
  refused({ version: "3" }).toThrow("x.llif: expected format version 1 or 2, got 3; a newer llif wrote it");
  refused({ version: "0" }).toThrow("x.llif: expected format version 1 or 2, got 0");
  refused({ version: "toString" }).toThrow("x.llif: expected format version 1 or 2, got toString");
});
