// The network of the page: 3,200 excitatory and 800 inhibitory neurons with sparse random connections.
import { randomEdges } from "llif";

/** Ticks of 0.1 ms; 166 of them are a frame at 60 Hz. */
export const frameTicks = 166;

export function makeModel() {
  const [neurons, excitatory] = [4000, 3200];
  return {
    neurons,
    excitatory,
    /** What potential and current keep in a tick, and what the current adds to the potential. */
    leak: 1 - 1 / 256,
    decay: 1 - 1 / 64,
    gain: 1 / 64,
    threshold: 1,
    delayTicks: 15,
    refractoryTicks: 20,
    edges: randomEdges({
      from: neurons,
      to: neurons,
      probability: 0.02,
      weights: (source) => (source < excitatory ? 1 / 64 : -3 / 32),
      seed: 1,
    }),
  };
}

/** Charge of each neuron in a tick for a position of the slider: neurons differ a little. */
export function driveOf({ neurons }, position) {
  return Float32Array.from({ length: neurons }, (_, neuron) => (position * (28 + ((neuron * 7) % 16))) / 2 ** 17);
}
