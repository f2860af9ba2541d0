// A liquid state machine on a 3-D grid: neurons are connected by distance, with delays by distance; a read-out tells two
// input patterns apart by the counts of each neuron. After Maass, Natschläger and Markram 2002.
import { createSimulator, encodePoisson, pcg32, spikingNetwork } from "llif";
import { rowsOf, spikesOf, type Outcome } from "./outcome.ts";

const [inputs, threshold, leak, refractoryTicks] = [16, 15, 1 - 1 / 32, 2];
/** Ticks of 1 ms: length of a pattern. */
const windowTicks = 200;

/** Neurons are connected with probability C · e^(−(d/λ)²), over delays of 1 + d/2 ticks. */
export function make(small: boolean) {
  const [width, height, depth] = small ? [6, 6, 6] : [15, 15, 15];
  const neurons = width * height * depth;
  const random = pcg32(1);
  const uniform = () => random() / 2 ** 32;
  const place = (neuron: number) => [
    neuron % width,
    Math.floor(neuron / width) % height,
    Math.floor(neuron / (width * height)),
  ];
  const places = Array.from({ length: neurons }, (_, neuron) => place(neuron));
  const inhibits = Uint8Array.from(places, () => Number(uniform() < 0.2));
  const edges = { from: [] as number[], to: [] as number[], weights: [] as number[], delayTicks: [] as number[] };
  for (let from = 0; from < neurons; from++) {
    for (let to = 0; to < neurons; to++) {
      const distance = Math.hypot(...places[from].map((at, axis) => at - places[to][axis]));
      if (from === to || uniform() >= 0.3 * Math.exp(-((distance / 2) ** 2))) continue;
      edges.from.push(from);
      edges.to.push(to);
      edges.weights.push(inhibits[from] === 1 ? -4 : 1);
      edges.delayTicks.push(1 + Math.floor(distance / 2));
    }
  }
  const wires = { from: [] as number[], to: [] as number[], weights: 18 };
  for (let input = 0; input < inputs; input++) {
    for (let wire = 0; wire < neurons / 20; wire++) {
      wires.from.push(input);
      wires.to.push(random() % neurons);
    }
  }
  // The pattern of a window: the first or the second half of the inputs is busy.
  const windows = Array.from({ length: small ? 10 : 40 }, (_, window) =>
    encodePoisson(
      Float32Array.from({ length: inputs }, (_, input) => (input < inputs / 2 === (window % 2 === 0) ? 0.06 : 0.02)),
      windowTicks,
      window,
    ),
  );
  return { neurons, edges, wires, windows };
}

type Model = ReturnType<typeof make>;

export function plain({ neurons, edges, wires, windows }: Model): Outcome {
  const spikes: number[] = [];
  const rows = rowsOf(edges.from, neurons);
  const wired = rowsOf(wires.from, inputs);
  const longest = Math.max(...new Set(edges.delayTicks));
  const start = performance.now();
  // A Float32Array, because the decay is not exact.
  const v = new Float32Array(neurons);
  const refractory = new Int32Array(neurons);
  const arriving = Array.from({ length: longest + 1 }, () => new Float32Array(neurons));
  windows.forEach((input, window) => {
    for (let step = 0, event = 0; step < windowTicks; step++) {
      const tick = window * windowTicks + step;
      const now = arriving[tick % arriving.length];
      for (; event < input.ticks.length && input.ticks[event] === step; event++) {
        const source = input.neurons[event];
        for (let wire = wired[source]; wire < wired[source + 1]; wire++) now[wires.to[wire]] += wires.weights;
      }
      for (let neuron = 0; neuron < neurons; neuron++) {
        v[neuron] = Math.fround(leak * v[neuron]) + now[neuron];
        if (refractory[neuron] > 0) refractory[neuron]--;
        else if (v[neuron] >= threshold) {
          v[neuron] = 0;
          refractory[neuron] = refractoryTicks;
          spikes.push(tick * neurons + neuron);
          for (let edge = rows[neuron]; edge < rows[neuron + 1]; edge++)
            arriving[(tick + edges.delayTicks[edge]) % arriving.length][edges.to[edge]] += edges.weights[edge];
        }
      }
      now.fill(0);
    }
  });
  return { spikes, milliseconds: performance.now() - start };
}

export async function withLlif({ neurons, edges, wires, windows }: Model): Promise<Outcome> {
  const network = spikingNetwork({ inputs, dtSeconds: 1e-3 })
    .population({
      name: "liquid",
      units: neurons,
      input: "none",
      threshold,
      reset: { kind: "hard", value: 0 },
      leak: { kind: "ohmic", factorPerTick: leak },
      refractory: { ticks: refractoryTicks, input: "integrate" },
    })
    .connect({ from: "input", to: "liquid", edges: wires })
    .connect({ from: "liquid", to: "liquid", delayTicks: 0, edges })
    .build();
  const simulator = await createSimulator(network, { record: { spikes: ["liquid"] } });
  const start = performance.now();
  const results = windows.map((spikes) => simulator.run({ spikes }, { ticks: windowTicks, keepState: true }));
  const milliseconds = performance.now() - start;
  simulator.dispose();
  const right = readOut(results.map(({ counts }) => counts.liquid));
  const note = `the read-out is right in ${(100 * right).toFixed(0)} % of ${windows.length / 2} windows`;
  const trains = results.map((result) => result.spikes.liquid);
  return { spikes: spikesOf(trains, windowTicks, neurons), note, milliseconds };
}

/** Nearest of the two mean counts of the first half of the windows. @returns how often it is right in the second half. */
function readOut(counts: readonly ArrayLike<number>[]): number {
  const half = counts.length / 2;
  const means = [0, 1].map((pattern) =>
    Float64Array.from(counts[0], (_, neuron) => {
      const seen = counts.slice(0, half).filter((_, window) => window % 2 === pattern);
      return seen.reduce((sum, window) => sum + window[neuron], 0) / seen.length;
    }),
  );
  const distance = (window: ArrayLike<number>, mean: Float64Array) =>
    mean.reduce((sum, value, neuron) => sum + (window[neuron] - value) ** 2, 0);
  const right = counts.slice(half).filter((window, index) => {
    const pattern = distance(window, means[0]) <= distance(window, means[1]) ? 0 : 1;
    return pattern === (half + index) % 2;
  });
  return right.length / half;
}
