// A fly brain: exponential currents, a delay for all, potential and current clamped while refractory and cleared by a
// spike; the plain program keeps a list of the neurons that are awake.
import { createSimulator, encodePoisson, pcg32, randomEdges, spikingNetwork, type SpikeTrain } from "llif";
import { rowsOf, spikesOf, type Outcome } from "./outcome.ts";

// Ticks of 0.1 ms: membrane 25.6 ms, current 6.4 ms, delay 1.8 ms, refractory 2.2 ms. Sums of weights are exact.
const [leak, decay, gain] = [1 - 1 / 256, 1 - 1 / 64, 1 / 256];
const [threshold, delayTicks, refractoryTicks] = [7, 18, 21];
/** A neuron this close to 0 falls asleep. */
const tolerance = 2 ** -10;
const sensory = 500;
const sensoryWeight = 256;

/** Numbers of contacts times 1/4 mV, a third of them of inhibitory neurons; sensory neurons fire at 100 Hz. */
export function make(small: boolean) {
  const neurons = small ? 13_800 : 138_000;
  const random = pcg32(2);
  const edges = randomEdges({
    from: neurons,
    to: neurons,
    probability: 20 / neurons,
    weights: (from) => (from % 3 === 0 ? -2 : 1) * (1 + (random() % 128)) * 0.25,
    seed: 1,
  });
  const ticks = small ? 500 : 2000;
  return { neurons, edges, ticks, input: encodePoisson(new Float32Array(sensory).fill(0.01), ticks, 3) };
}

type Model = ReturnType<typeof make>;

export function plain({ neurons, edges, ticks, input }: Model): Outcome {
  const rows = rowsOf(edges.from, neurons);
  const spikes: number[] = [];
  const start = performance.now();
  // Float32Array and Math.fround, because the decays are not exact in any floating-point format.
  const { fround } = Math;
  const [v, g, arriving] = [new Float32Array(neurons), new Float32Array(neurons), new Float32Array(neurons)];
  const awake = new Uint8Array(neurons);
  const list = new Uint32Array(neurons);
  /** Last tick of the refractory period. */
  const until = new Int32Array(neurons).fill(-1);
  const firedAgo: number[][] = Array.from({ length: delayTicks }, () => []);
  let length = 0;
  for (let tick = 0, event = 0; tick < ticks; tick++) {
    let kept = 0;
    const fired: number[] = [];
    for (let index = 0; index < length; index++) {
      const neuron = list[index];
      if (tick > until[neuron]) {
        if (Math.abs(v[neuron]) <= tolerance && Math.abs(g[neuron]) <= tolerance) {
          v[neuron] = g[neuron] = awake[neuron] = 0;
          continue;
        }
        v[neuron] = fround(leak * v[neuron]) + gain * g[neuron];
        g[neuron] = decay * g[neuron];
        if (v[neuron] >= threshold) fired.push(neuron);
      }
      list[kept++] = neuron;
    }
    length = kept;
    const touched: number[] = [];
    const arrive = (neuron: number, weight: number) => {
      if (arriving[neuron] === 0) touched.push(neuron);
      arriving[neuron] += weight;
    };
    for (; event < input.ticks.length && input.ticks[event] === tick; event++)
      arrive(input.neurons[event], sensoryWeight);
    for (const source of firedAgo[tick % delayTicks]) {
      for (let edge = rows[source]; edge < rows[source + 1]; edge++) arrive(edges.to[edge], edges.weights[edge]);
    }
    for (const neuron of touched) {
      if (tick > until[neuron]) {
        g[neuron] += arriving[neuron];
        if (awake[neuron] === 0) list[length++] = neuron;
        awake[neuron] = 1;
      }
      arriving[neuron] = 0;
    }
    for (const neuron of fired) {
      v[neuron] = g[neuron] = 0;
      until[neuron] = tick + refractoryTicks;
      spikes.push(tick * neurons + neuron);
    }
    firedAgo[tick % delayTicks] = fired;
  }
  return { spikes, milliseconds: performance.now() - start };
}

export async function withLlif({ neurons, edges, ticks, input }: Model): Promise<Outcome> {
  const network = spikingNetwork({ inputs: sensory, dtSeconds: 1e-4 })
    .population({
      name: "brain",
      units: neurons,
      input: "none",
      threshold,
      reset: { kind: "hard", value: 0, clears: ["g"] },
      leak: { kind: "ohmic", factorPerTick: leak },
      currents: { g: { factorPerTick: decay, gain } },
      refractory: { ticks: refractoryTicks, clamp: ["v", "g"] },
      restTolerance: tolerance,
    })
    .connect({
      name: "senses",
      from: "input",
      to: "brain",
      into: "g",
      edges: { from: sensoryNeurons, to: sensoryNeurons, weights: sensoryWeight },
    })
    .connect({ name: "connectome", from: "brain", to: "brain", into: "g", delayTicks, edges })
    .build();
  const simulator = await createSimulator(network, { record: { spikes: ["brain"] } });
  const trains: SpikeTrain[] = [];
  const start = performance.now();
  trains.push(simulator.run({ spikes: input }, { ticks }).spikes.brain);
  const milliseconds = performance.now() - start;
  simulator.dispose();
  return { spikes: spikesOf(trains, ticks, neurons), milliseconds };
}

const sensoryNeurons = Uint32Array.from({ length: sensory }, (_, neuron) => neuron);
