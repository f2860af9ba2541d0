import { describe, expect, it } from "vitest";
import { wasmEngine } from "../../ts/engine/wasm.ts";
import { LlifError } from "../../ts/errors.ts";
import { spikingNetwork, type SpikingNetworkBuilder } from "../../ts/spiking/builder.ts";
import type { Population, SpikingNetwork, SpikingPool } from "../../ts/spiking/network.ts";

const neurons = 100;

function network(): ReturnType<SpikingNetworkBuilder["build"]> {
  return spikingNetwork({ inputs: [1, 1, 2], ticks: 4 })
    .conv2d({ name: "many", kernel: 1, filters: neurons, weights: Array.from({ length: 2 * neurons }, (_, index) => (index < neurons ? 1 : 2)), threshold: 2 })
    .build();
}

/** The same, and a neuron that few inputs reach, each of whose spikes a pool passes on more often than a 32-bit memory holds. */
function doomedNetwork(): SpikingNetwork {
  const { nodes, synapses, ...rest } = network();
  const [many] = nodes as Population[];
  const rare: Population = { ...many, name: "rare", shape: [1, 1, 1], bias: Float32Array.of(0), threshold: Float32Array.of(1000), initialPotential: Float32Array.of(0), unit: Float64Array.of(1) };
  const around = { top: 0, left: 0, bottom: 0, right: 0 };
  const pool: SpikingPool = { kind: "pool", name: "echo", mode: "sum", from: "rare", shape: [1, 1, 1], kernel: [1, 1], stride: [1, 1], dilation: [1, 1], padding: around, multiplicity: Uint32Array.of(2 ** 30) };
  return { ...rest, nodes: [many, rare, pool], synapses: [...synapses, { kind: "dense", from: "input", to: "rare", delayTicks: 0, weights: Float32Array.of(1, 0) }] };
}

function errorOf(body: () => unknown): LlifError {
  try {
    body();
  } catch (error) {
    return error as LlifError;
  }
  throw new Error("expected an error");
}

describe("a trap of the core", () => {
  it("is explained on that call and on every later one, and leaves other simulators alone", async () => {
    const engine = wasmEngine();
    const [doomed, other] = [await engine.createSimulator(doomedNetwork()), await engine.createSimulator(network())];
    const input = Float32Array.of(1, 0.5);
    const before = other.run(input);
    expect(doomed.run(input).counts.many).toEqual(before.counts.many);

    const trapped = errorOf(() => doomed.run(Float32Array.of(1000, 0)));
    expect(trapped).toBeInstanceOf(LlifError);
    expect(trapped).toMatchObject({ code: "ENGINE", message: expect.stringContaining("memory") });
    expect(trapped.cause).toBeInstanceOf(WebAssembly.RuntimeError);

    for (const call of [() => doomed.run(input), () => doomed.step(input), () => doomed.reset()]) {
      expect(errorOf(call)).toMatchObject({ code: "ENGINE", message: expect.stringContaining("has failed before; create a new simulator") });
    }
    await expect(doomed.runBatch([input])).rejects.toMatchObject({ code: "ENGINE" });
    expect(other.run(input)).toEqual(before);
    const fresh = await engine.createSimulator(network());
    expect(fresh.run(input)).toEqual(before);

    doomed.dispose();
    doomed.dispose();
    for (const simulator of [other, fresh]) simulator.dispose();
  });

  it("is not what a refused input leaves behind", async () => {
    const simulator = await wasmEngine().createSimulator(network());
    expect(() => simulator.run(new Float32Array(3))).toThrow("expected 2 values");
    expect(simulator.run(Float32Array.of(1, 1)).counts.many[0]).toBeGreaterThan(0);
    simulator.dispose();
  });
});
