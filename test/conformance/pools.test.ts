// Pools of every code, in both engines, against the naive definition.
import { describe, expect, it } from "vitest";
import type { Engine } from "../../ts/engine/engine.ts";
import { referenceEngine } from "../../ts/engine/reference.ts";
import { wasmEngine } from "../../ts/engine/wasm.ts";
import type { Population, SpikingNetwork, SpikingPool } from "../../ts/spiking/network.ts";
import { Draw } from "../draw.ts";
import { simulateNaively } from "./naive.ts";
import { variants, type Variant } from "./networks.ts";

const signed = ["signed rate", "ternary phase", "non-adjacent phase"] as const satisfies readonly Variant[];

/** A maximum right behind the input, or behind a sum of it with a multiplicity: members send several spikes a tick, of both signs. */
function pooledInput(
  variant: Variant,
  draw: Draw,
  behindSum: boolean,
): { network: SpikingNetwork; spikes: { ticks: number[]; neurons: number[]; signs: number[] } } {
  const [height, width, channels] = [draw.integer(3, 8), draw.integer(3, 8), draw.of(1, 3, 66)];
  const windowTicks = draw.integer(2, 6);
  const none = { top: 0, left: 0, bottom: 0, right: 0 };
  const sum: SpikingPool = {
    kind: "pool",
    name: "sum",
    from: "input",
    mode: "sum",
    kernel: [2, 2],
    stride: [1, 1],
    dilation: [1, 1],
    padding: none,
    shape: [height - 1, width - 1, channels],
    multiplicity: Uint32Array.from({ length: (height - 1) * (width - 1) }, () => draw.integer(1, 2)),
  };
  const source = behindSum ? sum : { name: "input", shape: [height, width, channels] };
  const shape = [source.shape[0], source.shape[1], channels];
  const largest: SpikingPool = {
    kind: "pool",
    name: "largest",
    from: source.name,
    mode: "max",
    kernel: [2, 3],
    stride: [1, 1],
    dilation: [1, 1],
    padding: { top: 1, left: 1, bottom: 0, right: 1 },
    shape,
  };
  const neuron: Population = {
    kind: "population",
    rectified: true,
    name: "neurons",
    shape,
    bias: new Int32Array(channels),
    neuron: { model: "llif", threshold: new Int32Array(channels).fill(2), initialPotential: new Int32Array(channels) },
    unit: new Float64Array(channels).fill(1),
  };
  const levels =
    variant === "ternary phase"
      ? (3 ** windowTicks - 1) / 2
      : variant === "non-adjacent phase"
        ? 2 ** (windowTicks - 1) - 1
        : windowTicks;
  const network: SpikingNetwork = {
    name: "pooled",
    ...variants[variant],
    windowTicks,
    levels,
    dtSeconds: 1,
    input: { name: "input", shape: [height, width, channels], counts: null },
    nodes: [...(behindSum ? [sum] : []), largest, neuron],
    synapses: [
      { kind: "identity", from: "largest", to: "neurons", delayTicks: 0, weights: new Int32Array(channels).fill(2) },
    ],
    convention: { scale: 1, mean: [0], std: [1], channelOrder: "gray" },
    classes: [],
  };
  const count = draw.integer(0, height * width * channels * windowTicks);
  const listed = (value: () => number): number[] => Array.from({ length: count }, value);
  return {
    network,
    spikes: {
      ticks: listed(() => draw.integer(0, windowTicks - 1)),
      neurons: listed(() => draw.integer(0, height * width * channels - 1)),
      signs: listed(() => draw.of(-1, 1, 1)),
    },
  };
}

async function spikesOf(engine: Engine, { network, spikes }: ReturnType<typeof pooledInput>): Promise<string[]> {
  const simulator = await engine.createSimulator(network, { record: { spikes: ["neurons"] } });
  const { ticks, neurons, signs = new Int8Array(0) } = simulator.run({ spikes }).spikes.neurons;
  simulator.dispose();
  return Array.from(ticks, (tick, index) => `${tick}:${neurons[index]}${signs[index] > 0 ? "+" : "-"}`);
}

describe.each([referenceEngine(), wasmEngine()])(
  "maxima of signed spikes that come several a tick, $name engine",
  (engine) => {
    it.each([
      ...signed.map((variant) => [variant, "the input", false] as const),
      ["signed rate", "a sum", true] as const,
    ])("%s, behind %s", async (variant, _, behindSum) => {
      const draw = new Draw(8);
      let spikes = 0;
      for (let sample = 0; sample < 15; sample++) {
        const made = pooledInput(variant, draw, behindSum);
        const expected = simulateNaively(made.network, made.spikes, made.network.windowTicks).spikes.neurons;
        spikes += expected.length;
        expect(await spikesOf(engine, made)).toEqual(expected);
      }
      expect(spikes).toBeGreaterThan(150);
    });
  },
);
