// Bad input for live networks: each is refused with its place, what was expected and what came, before memory is taken.
import { afterEach, describe, expect, it, vi } from "vitest";
import { createSimulator, randomEdges, spikingNetwork, stdp, type SpikingNetwork } from "../../ts/index.ts";
import { checkCoreMemory } from "../../ts/engine/memory.ts";
import { liveBytes, liveSynapseBytes } from "../../ts/spiking/live-memory.ts";
import type { Synapse } from "../../ts/spiking/network.ts";
import { errorOf } from "../errors.ts";
import "../platform.ts";

const engines = ["reference", "wasm"] as const;
const cells = { name: "cells", units: 3, input: "none", threshold: 1 } as const;
const build = (cell: object = {}, synapse?: object): SpikingNetwork => {
  const builder = spikingNetwork({ inputs: 1, dtSeconds: 1e-3 }).population({ ...cells, ...cell });
  return (
    synapse === undefined ? builder : builder.connect({ from: "cells", to: "cells", ...synapse } as never)
  ).build();
};
const edges = (more: object) => ({ delayTicks: 1, edges: { from: [0, 1], to: [1, 2], weights: [1, 1], ...more } });
/** A list of which only the length is looked at. */
const long = (length: number): ArrayLike<number> => ({ length });
const billion = 1_000_000_000;
const rule = { plus: 0.1, minus: 0.1, maximum: 1, timeConstantTicks: [20, 20] } as const;

describe("a builder", () => {
  it.each<[string, () => unknown, string, string]>([
    [
      "an edge out of range",
      () => build({}, edges({ to: [1, 3] })),
      "ARGUMENT",
      "edges: to: expected integers from 0 to 2 (shape [3]), got 3 at index 1",
    ],
    [
      "an edge from nowhere",
      () => build({}, edges({ from: [-1, 0] })),
      "ARGUMENT",
      "edges: from: expected integers from 0 to 2 (shape [3]), got -1 at index 0",
    ],
    [
      "an edge of NaN",
      () => build({}, edges({ from: [NaN, 0] })),
      "ARGUMENT",
      "edges: from: expected finite numbers, got NaN at index 0",
    ],
    [
      "a weight of NaN",
      () => build({}, edges({ weights: [1, NaN] })),
      "ARGUMENT",
      "edges: weights: expected finite numbers, got NaN at index 1",
    ],
    [
      "a weight for three",
      () => build({}, edges({ weights: [1, 1, 1] })),
      "SHAPE",
      "edges: weights: expected 2 values, got 3",
    ],
    [
      "a recurrent delay of 0",
      () => build({}, { ...edges({}), delayTicks: 0 }),
      "ARGUMENT",
      "expected the source before the target, or a delay of at least 1 tick (delayTicks)",
    ],
    [
      "a delay longer than the ring",
      () => build({}, { ...edges({}), delayTicks: 65_537 }),
      "ARGUMENT",
      "delayTicks: expected an integer from 0 to 65536, got 65537",
    ],
    [
      "a delay of an edge",
      () => build({}, edges({ delayTicks: [1, 65_536] })),
      "ARGUMENT",
      "delays: expected at most 65536 ticks with delayTicks, got 65537 at index 1",
    ],
    [
      "a random delay",
      () => randomEdges({ from: 3, to: 3, fanIn: 1, weights: 1, seed: 1, delayTicks: [0, 65_537] }),
      "ARGUMENT",
      "delayTicks: expected an integer from 0 to 65536, got 65537",
    ],
    [
      "a negative leak",
      () => build({ leak: { kind: "ohmic", timeConstantTicks: -1 } }),
      "ARGUMENT",
      "timeConstantTicks: expected a finite number > 0, got -1",
    ],
    [
      "a leak of 0",
      () => build({ leak: { kind: "ohmic", timeConstantSeconds: 0 } }),
      "ARGUMENT",
      "timeConstantSeconds: expected a finite number > 0, got 0",
    ],
    [
      "a current of 0",
      () => build({ currents: { g: { timeConstantTicks: 0 } } }),
      "ARGUMENT",
      "timeConstantTicks: expected a finite number > 0, got 0",
    ],
    [
      "an adaptation of NaN",
      () => build({ adaptation: { chargePerSpike: 1, timeConstantTicks: NaN } }),
      "ARGUMENT",
      "timeConstantTicks: expected a finite number > 0, got NaN",
    ],
    [
      "a trace of 0",
      () => stdp({ ...rule, timeConstantTicks: [20, 0] }),
      "ARGUMENT",
      "stdp: timeConstantTicks: expected a finite number > 0, got 0",
    ],
    [
      "an eligibility below 0",
      () => stdp({ ...rule, reward: { timeConstantTicks: -3 } }),
      "ARGUMENT",
      "stdp: reward: timeConstantTicks: expected a finite number > 0, got -3",
    ],
    [
      "a threshold at reset",
      () => build({ threshold: -50, reset: { kind: "hard", value: -50 } }),
      "ARGUMENT",
      "threshold: expected a number above the reset value -50, got -50",
    ],
    [
      "a threshold below reset",
      () => build({ threshold: [1, -60, 1], reset: { kind: "hard", value: -50 } }),
      "ARGUMENT",
      "threshold: expected a number above the reset value -50, got -60",
    ],
    ["a threshold of NaN", () => build({ threshold: NaN }), "ARGUMENT", "got NaN"],
    [
      "a billion random edges",
      () => randomEdges({ from: 100_000, to: 100_000, probability: 0.1, weights: 1, seed: 1 }),
      "ARGUMENT",
      "randomEdges: expected at most 268435455 connections, got about 1000000000; split them between two synapses",
    ],
    [
      "a billion random edges by fan-in",
      () => randomEdges({ from: 100_000, to: 100_000, fanIn: 10_000, weights: 1, seed: 1 }),
      "ARGUMENT",
      "got about 1000000000",
    ],
    [
      "a billion edges",
      () => build({}, edges({ from: long(billion) })),
      "ARGUMENT",
      "edges: from: expected at most 268435455 connections, got 1000000000; split them between two synapses",
    ],
    [
      "a billion in sparse rows",
      () =>
        build({}, { delayTicks: 1, sparse: { offsets: [0, 0, 0, 0], targets: long(billion), weights: long(billion) } }),
      "ARGUMENT",
      "targets: expected at most 268435455 connections, got 1000000000; split them between two synapses",
    ],
    [
      "24,000 dense recurrent neurons",
      () => build({ units: 24_000 }, { delayTicks: 1, weights: new Array(24_000).fill(new Float32Array(24_000)) }),
      "ARGUMENT",
      "weights: expected at most 536870911 in one dense synapse, got 24000 rows of 24000, 576000000; list those that are not 0 as edges, or split the population",
    ],
    [
      "too many neurons",
      () => build({ units: 2 ** 25 + 1 }),
      "ARGUMENT",
      "units: expected an integer from 1 to 33554432, got 33554433",
    ],
  ])("refuses %s", (_, body, code, message) => {
    const error = errorOf(body);
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(message)]);
  });
});

/** A network whose synapse no builder has seen. */
function withSynapse(units: number, synapse: Partial<Synapse>): SpikingNetwork {
  const network = build({ units });
  return { ...network, synapses: [{ from: "cells", to: "cells", delayTicks: 1, ...synapse } as Synapse] };
}

class Long extends Uint32Array {
  override get length(): number {
    return billion;
  }
}

describe.each(engines)("engine %s", (engine) => {
  afterEach(() => vi.unstubAllGlobals());
  const rows = { kind: "sparse", offsets: Uint32Array.of(0, 1, 2, 2), targets: Uint32Array.of(1, 2) } as const;
  const weights = Float32Array.of(1, 1);

  it.each<[string, Partial<Synapse>, string, string]>([
    [
      "an edge out of range",
      { ...rows, targets: Uint32Array.of(1, 3), weights },
      "ARGUMENT",
      "targets of source neuron 1: expected ascending numbers below 3, got 3 at index 1",
    ],
    [
      "a delay longer than the ring",
      { ...rows, weights, delayTicks: 2 ** 16 + 1 },
      "ARGUMENT",
      "delayTicks: expected an integer from 0 to 65536, got 65537",
    ],
    [
      "a delay of an edge",
      { ...rows, weights, delays: Uint32Array.of(0, 2 ** 32 - 1) },
      "ARGUMENT",
      "delays: expected at most 65536 ticks with delayTicks, got 4294967296 at index 1",
    ],
    [
      "a weight of NaN",
      { ...rows, weights: Float32Array.of(1, NaN) },
      "ARGUMENT",
      "weights: expected finite numbers, got NaN at index 1",
    ],
    [
      "a billion edges",
      { ...rows, targets: new Long(2), weights },
      "ARGUMENT",
      "targets: expected at most 268435455 connections, got 1000000000; split them between two synapses",
    ],
  ])("refuses %s in a network made by hand", async (_, synapse, code, message) => {
    const error = await createSimulator(withSynapse(3, synapse), { engine }).catch((error: unknown) => error);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it("refuses what is done at run time", async () => {
    const simulator = await createSimulator(build({}, { name: "loop", ...edges({}) }), { engine });
    const refused = (body: () => unknown) => {
      const { code, message } = errorOf(body);
      return `${code}: ${message}`;
    };
    expect(refused(() => simulator.drive("cells", [1, NaN, 1]))).toBe(
      'ARGUMENT: drive: "cells": expected finite numbers, got NaN at index 1',
    );
    expect(refused(() => simulator.drive("cells", [1, 1e39, 1]))).toBe(
      'ARGUMENT: drive: "cells": expected finite numbers as float32, got 1e+39 at index 1',
    );
    expect(refused(() => simulator.background("cells", { rateHz: -1, weight: 1 }))).toBe(
      'ARGUMENT: background of "cells": rateHz: expected a finite number >= 0, got -1',
    );
    expect(refused(() => simulator.background("cells", { rateHz: 1e6, weight: 1 }))).toBe(
      'ARGUMENT: background of "cells": expected at most 500 spikes in a tick of 0.001 s, got 1000',
    );
    expect(refused(() => simulator.background("cells", { rateHz: 1, weight: NaN }))).toBe(
      'ARGUMENT: background of "cells": weight: expected a finite number, got NaN',
    );
    expect(refused(() => simulator.background("cells", { rateHz: 1, weight: 1, neurons: [3] }))).toBe(
      'ARGUMENT: background of "cells": neurons: entry 0: expected an integer from 0 to 2, got 3',
    );
    expect(refused(() => simulator.silence("cells", [1.5]))).toBe(
      'ARGUMENT: silence: neurons of "cells": entry 0: expected an integer from 0 to 2, got 1.5',
    );
    expect(refused(() => simulator.force("cells", [-1]))).toBe(
      'ARGUMENT: force: neurons of "cells": entry 0: expected an integer from 0 to 2, got -1',
    );
    expect(refused(() => simulator.setWeights("loop", [1, Infinity]))).toBe(
      "ARGUMENT: setWeights: weights: expected finite numbers, got Infinity at index 1",
    );
    expect(simulator.run(null, { ticks: 3 }).counts["cells"]).toEqual(new Uint32Array(3));
    simulator.dispose();
  });

  it("says how large 24,000 dense recurrent neurons are, and what the limit is", async () => {
    // Zeros that nobody writes take no memory.
    const network = withSynapse(24_000, { kind: "dense", weights: new Float32Array(24_000 ** 2) });
    const refusing = new Proxy(Float32Array, {
      construct(target, values: [number], type) {
        if (values[0] > 2 ** 28) throw new RangeError("Array buffer allocation failed");
        return Reflect.construct(target, values, type) as Float32Array;
      },
    });
    if (engine === "reference") vi.stubGlobal("Float32Array", refusing);
    await expect(createSimulator(network, { engine })).rejects.toMatchObject({
      code: "ENGINE",
      message: {
        reference:
          'network "network": takes at least 2.1 GiB, more than this runtime has (Array buffer allocation failed); take a smaller network',
        wasm: 'network "network": synapse "cells" to "cells": its 576000000 weights take 2.1 GiB, the WebAssembly core holds at most 2.0 GiB in one array; take the engine "reference", or a smaller network',
      }[engine],
    });
  }, 60_000);
});

describe("least memory", () => {
  const bytes = (network: SpikingNetwork) => liveBytes(network).synapses;

  it("lists a convolution's connections one by one, and keeps dense rows of whole vectors", () => {
    const image = spikingNetwork({ inputs: [5, 4, 2] })
      .conv2d({
        weights: Array.from({ length: 9 * 2 * 3 }, (_, index) => index),
        kernel: 3,
        filters: 3,
        padding: 1,
        threshold: 1,
        name: "conv",
      })
      .build();
    const [synapse] = image.synapses;
    // Along each axis, 3 taps for each row but for the first and the last, which have 2.
    const connections = (3 * 5 - 2) * (3 * 4 - 2) * 2 * 3;
    expect(liveSynapseBytes(image, synapse)).toEqual({
      connections,
      all: 8 * connections + 4 * 41,
      largest: 4 * connections,
    });
    expect(
      bytes(
        build(
          {},
          {
            delayTicks: 1,
            weights: [
              [1, 1, 1],
              [1, 1, 1],
              [1, 1, 1],
            ],
          },
        ),
      ),
    ).toBe(4 * 3 * 4);
  });

  it("counts what learning takes", () => {
    const learns = (more: object) => ({ plasticity: stdp({ ...rule, ...more }) });
    const others = 4 * 2 + 12 * 3 + 4 * 3;
    expect(bytes(build({}, { ...edges({}), ...learns({}) }))).toBe(4 * 4 * 2 + others + 16);
    const own = edges({ delayTicks: [1, 2] });
    expect(bytes(build({}, { ...own, ...learns({ reward: { timeConstantTicks: 3 } }) }))).toBe(4 * 6 * 2 + others + 16);
  });

  it("is refused where a convolution would be too large in the live core alone", () => {
    const image = spikingNetwork({ inputs: [512, 512, 16] })
      .conv2d({
        weights: new Array(9 * 16 * 16).fill(1),
        kernel: 3,
        filters: 16,
        padding: 1,
        threshold: 1,
        name: "conv",
      })
      .build();
    expect(() => checkCoreMemory(image, { counts: false }, false)).not.toThrow();
    const connections = (3 * 512 - 2) ** 2 * 256;
    expect(() => checkCoreMemory(image, { counts: false }, true)).toThrow(
      `its ${connections} connections take 2.2 GiB, the WebAssembly core holds at most 2.0 GiB in one array`,
    );
  });
});
