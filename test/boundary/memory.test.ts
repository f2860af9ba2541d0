// Sizes are checked before memory is taken, and the first error is the one that is shown.
import { describe, expect, it } from "vitest";
import type { Simulator } from "../../ts/engine/engine.ts";
import { buildCore, type RawCore } from "../../ts/engine/flatten.ts";
import { checkCoreMemory, coreBytes } from "../../ts/engine/memory.ts";
import { createSimulatorOver, prepareNetwork } from "../../ts/engine/simulator.ts";
import { resolveRecording } from "../../ts/engine/recording.ts";
import { wasmEngine } from "../../ts/engine/wasm.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import type { Population, SpikingNetwork, Synapse } from "../../ts/spiking/network.ts";
import { engines } from "../theorems/engines.ts";

/** Populations of 2^27 neurons, one behind the other, of one weight each. */
function chain(populations: number): SpikingNetwork {
  const shape = [2 ** 14, 2 ** 13, 1];
  const small = spikingNetwork({ inputs: [1] })
    .population({ weights: [[1]], threshold: 1, name: "n0" })
    .build();
  const [first] = small.nodes as Population[];
  const nodes = Array.from({ length: populations }, (_, index) => ({ ...first, name: `n${index}`, shape }));
  const synapses = nodes.map(
    ({ name }, index): Synapse => ({
      kind: "identity",
      from: index === 0 ? "input" : `n${index - 1}`,
      to: name,
      delayTicks: 0,
      weights: Float32Array.of(1),
    }),
  );
  return { ...small, input: { ...small.input, name: "input", shape }, nodes, synapses };
}

describe("what the WebAssembly core cannot hold", () => {
  it("is refused with its size and the limit, before the core is asked", async () => {
    await expect(wasmEngine().createSimulator(chain(5))).rejects.toThrow(
      expect.objectContaining({
        code: "ENGINE",
        message: expect.stringMatching(
          /takes at least 5\.0 GiB \(weights 0\.000 GiB, neurons 5\.0 GiB\), a WebAssembly memory is limited to 4\.0 GiB/,
        ),
      }),
    );
  });

  it("is refused where one array is too large: 24,000 recurrent neurons", () => {
    const { synapses, ...network } = chain(1);
    const recurrent = {
      ...synapses[0],
      from: "n0",
      weights: { length: 24_000 ** 2 } as unknown as Float32Array,
    } as Synapse;
    const expected = {
      code: "ENGINE",
      message: expect.stringMatching(
        /synapse "n0" to "n0": its 576000000 weights take 2\.1 GiB, the WebAssembly core holds at most 2\.0 GiB in one array/,
      ),
    };
    expect(() => checkCoreMemory({ ...network, synapses: [recurrent] }, { counts: true })).toThrow(
      expect.objectContaining(expected),
    );
  });

  it("is refused where whole vectors of weights are: 23,170 recurrent neurons", () => {
    const { synapses, ...network } = chain(1);
    const of = (neurons: number): SpikingNetwork => ({
      ...network,
      nodes: [{ ...(network.nodes[0] as Population), shape: [neurons] }],
      synapses: [
        {
          ...synapses[0],
          kind: "dense",
          from: "n0",
          weights: { length: neurons ** 2 } as unknown as Float32Array,
        },
      ],
    });
    expect(() => checkCoreMemory(of(23_168), { counts: true })).not.toThrow();
    expect(() => checkCoreMemory(of(23_170), { counts: true })).toThrow("its 536848900 weights take 2.0 GiB");
  });

  it("counts all state of live networks, and the connections of each delay", () => {
    const plain = spikingNetwork({ inputs: 1 }).population({ name: "a", units: 10, input: "none", threshold: 1 });
    const full = spikingNetwork({ inputs: 1 })
      .population({
        name: "a",
        units: 10,
        input: "none",
        threshold: 1,
        refractory: 2,
        currents: { g: { timeConstantTicks: 2 }, h: { timeConstantTicks: 3 } },
        adaptation: { chargePerSpike: 1, timeConstantTicks: 9 },
      })
      .connect({ from: "a", to: "a", edges: { from: [0, 1], to: [1, 0], weights: 1, delayTicks: [1, 2] } });
    expect(coreBytes(plain.build(), { counts: false })).toEqual({ weights: 0, neurons: 40 });
    expect(coreBytes(full.build(), { counts: true })).toEqual({ weights: 2 * (4 * 11 + 4), neurons: 4 * 10 * 6 });
  });

  it("shows the first error, whatever the clean-up says", () => {
    const network = spikingNetwork({ inputs: [1] })
      .population({ weights: [[1]], threshold: 1 })
      .build();
    class Trapped {
      node(): never {
        throw new WebAssembly.RuntimeError("unreachable");
      }
      free(): never {
        throw new Error("attempted to take ownership of Rust value while it was borrowed");
      }
    }
    const core = { RawNetwork: Trapped, RawSimulator: Trapped } as unknown as RawCore;
    expect(() => buildCore(core, prepareNetwork(network), resolveRecording(network))).toThrow("unreachable");
  });
});

describe("counts of 32 bits", () => {
  /** A core of which only the number of spikes is told. */
  function countingSimulator(spikesPerTick: number, pools: boolean, spikeCount: number): Simulator {
    const builder = spikingNetwork({ inputs: [2, 2, 1] }).conv2d({
      weights: [1],
      kernel: 1,
      filters: 1,
      threshold: 1,
      spikesPerTick,
    });
    const network = (pools ? builder.maxPool() : builder).build();
    const ran = { charges: {}, counts: {}, spikes: {}, potentials: {}, spikeCount, synapticOperations: 0 };
    return createSimulatorOver("reference", prepareNetwork(network), resolveRecording(network), {
      reset() {},
      run: () => ran,
      dispose() {},
    });
  }
  const kept = { ticks: 2 ** 24, keepState: true };

  it("are refused where one may have begun anew, in a run or, behind a max pool, since the reset", () => {
    const expected = expect.objectContaining({
      code: "PRECISION",
      message: expect.stringMatching(/a neuron may have spiked 2\^32 times/),
    });
    expect(() => countingSimulator(256, false, 2 ** 32).run(new Float32Array(4), kept)).toThrow(expected);
    const simulator = countingSimulator(1, true, 2 ** 24);
    for (let run = 1; run < 2 ** 8; run++) simulator.run(new Float32Array(4), kept);
    expect(() => simulator.run(new Float32Array(4), kept)).toThrow(expected);
  });

  it("are right where none can have: many neurons, or no pool that counts over all runs", () => {
    expect(countingSimulator(1, false, 2 ** 40).run(new Float32Array(4), kept).statistics.spikes).toBe(2 ** 40);
    const simulator = countingSimulator(1, false, 2 ** 24);
    for (let run = 0; run < 2 ** 8 + 1; run++)
      expect(simulator.run(new Float32Array(4), kept).statistics.spikes).toBe(2 ** 24);
  });
});

describe.each(engines)("recordings, $name engine", (engine) => {
  it("that a run has no room for are refused before it, and the simulator goes on", async () => {
    const neurons = 2000;
    const network = spikingNetwork({ inputs: [1] })
      .population({ weights: Array.from({ length: neurons }, () => [1]), threshold: 2, name: "n" })
      .build();
    const simulator = await engine.createSimulator(network, {
      record: { potentials: { n: Array.from({ length: neurons }, (_, index) => index) } },
    });
    expect(() => simulator.run(Float32Array.of(1), { ticks: 2 ** 20 })).toThrow(
      expect.objectContaining({
        code: "ENGINE",
        message: expect.stringMatching(
          /recorded potentials of 2000 neurons, 1048576 samples each, take 7\.8 GiB, there is room for 2\.0 GiB; record fewer neurons, or run fewer ticks/,
        ),
      }),
    );
    expect(simulator.run(Float32Array.of(1), { ticks: 4 }).counts.n[neurons - 1]).toBe(2);
    simulator.dispose();
  });
});
