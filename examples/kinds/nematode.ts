// A nematode's nervous system: integer weights, no leak, delivery in the next tick; touched and fed while it runs.
import { createSimulator, pcg32, randomEdges, spikingNetwork, type SpikeTrain } from "llif";
import { rowsOf, spikesOf, type Outcome } from "./outcome.ts";

const neurons = 302;
const threshold = 30;
const frameTicks = 16;

/** Every seventh neuron inhibits. Weights are numbers of contacts. */
export function make(small: boolean) {
  const random = pcg32(2);
  const edges = randomEdges({
    from: neurons,
    to: neurons,
    fanOut: 23,
    weights: (from) => (from % 7 === 0 ? -4 : 1) * (1 + (random() % 3)),
    seed: 1,
    self: false,
  });
  return { edges, frames: small ? 50 : 1000 };
}

type Model = ReturnType<typeof make>;

/** What happens to the animal at the beginning of a frame: neurons that a touch fires, and charge a tick from food. */
function stimulus(frame: number): { readonly touched: readonly number[]; readonly food: Float32Array } {
  const touched = frame % 10 === 0 ? [1, 2, 3, 4, 5, 6] : frame % 10 === 5 ? [296, 297, 298, 299, 300] : [];
  const food = new Float32Array(neurons);
  food.fill(1 + (frame % 4), 20, 60);
  return { touched, food };
}

export function plain({ edges, frames }: Model): Outcome {
  const rows = rowsOf(edges.from, neurons);
  const spikes: number[] = [];
  const start = performance.now();
  let potential = new Float64Array(neurons);
  let next = new Float64Array(neurons);
  for (let frame = 0, tick = 0; frame < frames; frame++) {
    const { touched, food } = stimulus(frame);
    for (let step = 0; step < frameTicks; step++, tick++) {
      for (let neuron = 0; neuron < neurons; neuron++) potential[neuron] += food[neuron];
      next.set(potential);
      for (let neuron = 0; neuron < neurons; neuron++) {
        if (potential[neuron] > threshold || (step === 0 && touched.includes(neuron))) fire(neuron, tick);
      }
      [potential, next] = [next, potential];
    }
  }
  return { spikes, milliseconds: performance.now() - start };

  function fire(neuron: number, tick: number): void {
    spikes.push(tick * neurons + neuron);
    next[neuron] -= potential[neuron];
    for (let edge = rows[neuron]; edge < rows[neuron + 1]; edge++) next[edges.to[edge]] += edges.weights[edge];
  }
}

export async function withLlif({ edges, frames }: Model): Promise<Outcome> {
  const network = spikingNetwork({ inputs: 1 })
    .population({
      name: "neurons",
      units: neurons,
      input: "none",
      threshold: { value: threshold, strict: true },
      reset: { kind: "hard", value: 0 },
    })
    .connect({ name: "contacts", from: "neurons", to: "neurons", edges })
    .build();
  const simulator = await createSimulator(network, { record: { spikes: ["neurons"] } });
  const trains: SpikeTrain[] = [];
  const start = performance.now();
  for (let frame = 0; frame < frames; frame++) {
    const { touched, food } = stimulus(frame);
    simulator.force("neurons", touched);
    simulator.drive("neurons", food);
    trains.push(simulator.run(null, { ticks: frameTicks, keepState: true }).spikes.neurons);
  }
  const milliseconds = performance.now() - start;
  simulator.dispose();
  return { spikes: spikesOf(trains, frameTicks, neurons), milliseconds };
}
