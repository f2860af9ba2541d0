import { describe, expect, it } from "vitest";
import { createSimulator } from "../../ts/engine/create.ts";
import type { SpikeTrain } from "../../ts/engine/engine.ts";
import { referenceEngine } from "../../ts/engine/reference.ts";
import { wasmEngine } from "../../ts/engine/wasm.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import type { SpikingNetwork } from "../../ts/spiking/network.ts";
import { Draw } from "../draw.ts";

const ticks = 60;

interface Made {
  readonly network: SpikingNetwork;
  readonly spikes: { readonly ticks: number[]; readonly neurons: number[] };
}

/** Two layers with a delayed shortcut, a recurrent connection of the first and feedback, all in 1/16, so that no sum rounds. */
function recurrentNetwork(seed: number): Made {
  const draw = new Draw(seed);
  const [inputs, hidden, last] = [draw.integer(1, 6), draw.integer(1, 9), draw.integer(1, 5)];
  const matrix = (rows: number, columns: number): number[][] => Array.from({ length: rows }, () => Array.from({ length: columns }, () => draw.integer(-10, 14) / 16));
  const neuron = { threshold: 1, initialPotential: 0.5, bias: 1 / 16 };
  const network = spikingNetwork({ inputs: [inputs], ticks })
    .dense({ ...neuron, weights: matrix(hidden, inputs), name: "hidden" })
    .dense({ ...neuron, weights: matrix(last, hidden), name: "last", reset: "hard" })
    .connect({ from: "input", to: "last", weights: matrix(last, inputs), delayTicks: draw.integer(0, 4) })
    .connect({ from: "hidden", to: "hidden", weights: matrix(hidden, hidden), delayTicks: draw.integer(1, 3) })
    .connect({ from: "last", to: "hidden", weights: matrix(hidden, last), delayTicks: draw.integer(1, 7) })
    .build();
  const spikes = { ticks: [] as number[], neurons: [] as number[] };
  for (let tick = 0; tick < ticks; tick++) {
    for (let input = 0; input < inputs; input++) {
      if (!draw.chance(30)) continue;
      spikes.ticks.push(tick);
      spikes.neurons.push(input);
    }
  }
  return { network, spikes };
}

/** The same by its definition: every connection looks up what its source did `delayTicks` ago. "tick:neuron" by layer. */
function simulateByDefinition({ network, spikes }: Made): Record<string, string[]> {
  const given = new Set(spikes.ticks.map((tick, index) => `${tick}:${spikes.neurons[index]}`));
  const inputs = Array.from({ length: ticks }, (_, tick) => Array.from({ length: network.input.shape[0] }, (_, input) => given.has(`${tick}:${input}`)));
  const fired = new Map<string, boolean[][]>([["input", inputs]]);
  const potentials = new Map<string, number[]>();
  for (const { name, shape } of network.nodes) {
    fired.set(name, []);
    potentials.set(name, new Array<number>(shape[0]).fill(0.5));
  }
  const result: Record<string, string[]> = { hidden: [], last: [] };
  for (let tick = 0; tick < ticks; tick++) {
    for (const node of network.nodes) {
      if (node.kind !== "population") continue;
      const potential = potentials.get(node.name) as number[];
      const now = potential.map((_, neuron) => {
        potential[neuron] += 1 / 16;
        for (const { from, to, delayTicks, weights } of network.synapses) {
          const source = fired.get(from)?.[tick - delayTicks];
          if (to === node.name) source?.forEach((spiked, index) => (potential[neuron] += spiked ? weights[neuron * source.length + index] : 0));
        }
        if (potential[neuron] < 1) return false;
        potential[neuron] = node.reset === "hard" ? 0 : potential[neuron] - 1;
        result[node.name].push(`${tick}:${neuron}`);
        return true;
      });
      fired.get(node.name)?.push(now);
    }
  }
  return result;
}

describe("delays and recurrent connections", () => {
  it("arrive as many ticks later, in one run and in runs that keep the state", async () => {
    for (let seed = 0; seed < 60; seed++) {
      const made = recurrentNetwork(seed);
      const simulator = await referenceEngine().createSimulator(made.network, { record: { spikes: ["hidden", "last"] } });
      const named = ({ ticks: at, neurons }: SpikeTrain, start: number): string[] => Array.from(at, (tick, index) => `${start + tick}:${neurons[index]}`);
      const whole = simulator.run({ spikes: made.spikes }).spikes;
      const steps = { hidden: [] as string[], last: [] as string[] };
      simulator.reset();
      for (let tick = 0; tick < ticks; tick++) {
        const neurons = made.spikes.neurons.filter((_, index) => made.spikes.ticks[index] === tick);
        const { spikes } = simulator.step({ spikes: { ticks: neurons.map(() => 0), neurons } });
        for (const name of ["hidden", "last"] as const) steps[name].push(...named(spikes[name], tick));
      }
      simulator.dispose();
      const expected = simulateByDefinition(made);
      expect({ hidden: named(whole.hidden, 0), last: named(whole.last, 0) }, `seed ${seed}`).toEqual(expected);
      expect(steps, `seed ${seed}`).toEqual(expected);
    }
  });

  it("are refused by name where they mean nothing or are not simulated, and auto takes the engine that simulates them", async () => {
    const { network, spikes } = recurrentNetwork(3);
    await expect(wasmEngine().createSimulator(network)).rejects.toThrow(/wasm engine does not simulate delays/);
    const simulator = await createSimulator(network);
    expect(simulator.engine).toBe("reference");
    expect(simulator.run({ spikes }).statistics.spikes).toBeGreaterThan(0);
    simulator.dispose();
    const builder = spikingNetwork({ inputs: [2] }).dense({ weights: [[1, 1]], threshold: 1, name: "n" });
    expect(() => builder.connect({ from: "n", to: "n", weights: [[1]], delayTicks: 0 })).toThrow("delay of at least 1 tick");
    expect(() => builder.connect({ from: "n", to: "m", weights: [[1]] })).toThrow('names among input, n, got "m"');
    const delayed = await createSimulator(builder.connect({ from: "input", to: "n", weights: [[1, 1]], delayTicks: 1 }).build());
    expect(() => delayed.run(new Float32Array(2))).toThrow("constant values cannot be delayed");
    delayed.dispose();
  });
});
