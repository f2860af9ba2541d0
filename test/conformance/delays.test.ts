// Delays and recurrent connections, in both engines.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSimulator } from "../../ts/engine/create.ts";
import type { Result, SpikeTrain } from "../../ts/engine/engine.ts";
import { referenceEngine } from "../../ts/engine/reference.ts";
import { wasmEngine } from "../../ts/engine/wasm.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import type { Population, SpikingNetwork, Synapse } from "../../ts/spiking/network.ts";
import { sizeOf } from "../../ts/tensor.ts";
import { Draw } from "../draw.ts";
import { cases, type Case } from "./networks.ts";

const ticks = 60;

interface Made {
  readonly network: SpikingNetwork;
  readonly spikes: { readonly ticks: number[]; readonly neurons: number[] };
}

/** Two layers with a delayed shortcut, a recurrent connection of the first and feedback, all in 1/16, so that no sum rounds. */
function recurrentNetwork(seed: number): Made {
  const draw = new Draw(seed);
  const [inputs, hidden, last] = [draw.integer(1, 6), draw.integer(1, 9), draw.integer(1, 5)];
  const matrix = (rows: number, columns: number): number[][] =>
    Array.from({ length: rows }, () => Array.from({ length: columns }, () => draw.integer(-10, 14) / 16));
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
  const inputs = Array.from({ length: ticks }, (_, tick) =>
    Array.from({ length: network.input.shape[0] }, (_, input) => given.has(`${tick}:${input}`)),
  );
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
          if (to === node.name)
            source?.forEach(
              (spiked, index) => (potential[neuron] += spiked ? weights[neuron * source.length + index] : 0),
            );
        }
        if (potential[neuron] < 1) return false;
        potential[neuron] = node.neuron.reset !== undefined ? 0 : potential[neuron] - 1;
        result[node.name].push(`${tick}:${neuron}`);
        return true;
      });
      fired.get(node.name)?.push(now);
    }
  }
  return result;
}

describe.each([referenceEngine(), wasmEngine()])("delays and recurrent connections, $name engine", (engine) => {
  it("arrive as many ticks later, in one run and in runs that keep the state", async () => {
    for (let seed = 0; seed < 60; seed++) {
      const made = recurrentNetwork(seed);
      const simulator = await engine.createSimulator(made.network, { record: { spikes: ["hidden", "last"] } });
      const named = ({ ticks: at, neurons }: SpikeTrain, start: number): string[] =>
        Array.from(at, (tick, index) => `${start + tick}:${neurons[index]}`);
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
});

/** Random delays, and back to every second population from a node at or behind it, with a weight for each connection. */
function withDelays({ network, ticks }: Case, seed: number): SpikingNetwork {
  const draw = new Draw(seed);
  const populations = network.nodes.filter((node): node is Population => node.kind === "population");
  const delayed = network.synapses.map(
    (synapse): Synapse => ({ ...synapse, delayTicks: draw.chance(40) ? draw.integer(1, ticks + 2) : 0 }),
  );
  const back = populations.flatMap((to): Synapse[] => {
    if (draw.chance(50)) return [];
    const later = network.nodes.slice(network.nodes.indexOf(to)).filter(({ kind }) => kind !== "output");
    const { name: from, shape } = draw.of(...later);
    const delayTicks = draw.integer(1, 6);
    const charges = (length: number) =>
      network.arithmetic === "int32"
        ? Int32Array.from({ length }, () => draw.integer(-9, 7))
        : Float32Array.from({ length }, () => draw.integer(-900, 700) / 77);
    const channels = shape[shape.length - 1];
    if (from !== to.name || shape.length < 3)
      return [{ kind: "dense", from, to: to.name, delayTicks, weights: charges(sizeOf(to.shape) * sizeOf(shape)) }];
    if (draw.chance(40)) return [{ kind: "identity", from, to: to.name, delayTicks, weights: charges(sizeOf(shape)) }];
    const groups = draw.chance(50) ? channels : 1;
    const padding = { top: 1, left: 1, bottom: 1, right: 1 };
    return [
      {
        kind: "conv2d",
        from,
        to: to.name,
        delayTicks,
        kernel: [3, 3],
        stride: [1, 1],
        dilation: [1, 1],
        padding,
        groups,
        weights: charges((9 * channels * channels) / groups),
      },
    ];
  });
  return { ...network, synapses: [...delayed, ...back] };
}

describe.each(["synchronous rate", "signed rate"] as const)(
  "random graphs with delays and recurrent connections: %s",
  (variant) => {
    it("are the same in both engines, in one run and in runs that keep the state", async () => {
      let [spikes, arrived] = [0, 0];
      await fc.assert(
        fc.asyncProperty(
          cases(variant),
          fc.nat(2 ** 31 - 1),
          fc.integer({ min: 1, max: 9 }),
          async (sample, seed, cut) => {
            const network = withDelays(sample, seed);
            const record = {
              spikes: network.nodes.flatMap(({ kind, name }) => (kind === "population" ? [name] : [])),
              sent: variant === "signed rate",
            };
            const results: Result[][] = [];
            for (const engine of [referenceEngine(), wasmEngine()]) {
              const simulator = await engine.createSimulator(network, { record });
              const whole = simulator.run({ spikes: sample.spikes }, { ticks: sample.ticks });
              const parts = [whole];
              simulator.reset();
              for (let from = 0; from < sample.ticks; from += cut) {
                const chosen = Array.from(sample.spikes.ticks.keys()).filter(
                  (index) => sample.spikes.ticks[index] >= from && sample.spikes.ticks[index] < from + cut,
                );
                const { ticks, neurons, signs } = sample.spikes;
                const part = {
                  ticks: chosen.map((index) => ticks[index] - from),
                  neurons: chosen.map((index) => neurons[index]),
                  ...(signs === undefined ? {} : { signs: chosen.map((index) => signs[index]) }),
                };
                parts.push(
                  simulator.run({ spikes: part }, { ticks: Math.min(cut, sample.ticks - from), keepState: true }),
                );
              }
              const of = (pick: "spikes" | "synapticOperations") =>
                parts.slice(1).reduce((sum, { statistics }) => sum + statistics[pick], 0);
              expect(of("spikes")).toBe(whole.statistics.spikes);
              expect(of("synapticOperations")).toBe(whole.statistics.synapticOperations);
              expect(parts[parts.length - 1].charges).toEqual(whole.charges);
              const sentBy = (part: Result): number =>
                record.spikes.reduce(
                  (sum, name) => sum + (part.sent[name]?.reduce((total, spikes) => total + spikes, 0) ?? 0),
                  0,
                );
              if (record.sent) expect(parts.map(sentBy)).toEqual(parts.map(({ statistics }) => statistics.spikes));
              simulator.dispose();
              results.push(parts);
              [spikes, arrived] = [spikes + whole.statistics.spikes, arrived + whole.statistics.synapticOperations];
            }
            expect(results[1]).toEqual(results[0]);
          },
        ),
        { seed: 20261124, numRuns: 60 },
      );
      expect(spikes).toBeGreaterThan(1000);
      expect(arrived).toBeGreaterThan(10_000);
    });
  },
);

describe("delays and recurrent connections", () => {
  it("are refused by name where they mean nothing", async () => {
    const builder = spikingNetwork({ inputs: [2] }).dense({ weights: [[1, 1]], threshold: 1, name: "n" });
    expect(() => builder.connect({ from: "n", to: "n", weights: [[1]], delayTicks: 0 })).toThrow(
      "delay of at least 1 tick",
    );
    expect(() => builder.connect({ from: "n", to: "m", weights: [[1]] })).toThrow('names among input, n, got "m"');
    const delayed = await createSimulator(
      builder.connect({ from: "input", to: "n", weights: [[1, 1]], delayTicks: 1 }).build(),
    );
    expect(() => delayed.run(new Float32Array(2))).toThrow("constant values cannot be delayed");
    delayed.dispose();
  });
});
