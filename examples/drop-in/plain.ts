// A simulator written by hand, which llif replaces in this example.
import type { DenseSynapse, Population, SpikingNetwork } from "llif";

interface Layer {
  readonly potential: Float32Array;
  readonly population: Population;
  /** [inputs, neurons]: one spike adds one row. */
  readonly rows: Float32Array;
  readonly fired: Uint32Array;
  firedLength: number;
}

/** Simulates dense layers with soft reset: typed arrays, one row addition per spike. */
export async function createSimulator(network: SpikingNetwork) {
  const layers = network.synapses.map((synapse, index): Layer => {
    const population = network.nodes[index] as Population;
    const neurons = population.shape[0];
    const { weights } = synapse as DenseSynapse;
    const inputs = weights.length / neurons;
    const rows = new Float32Array(weights.length);
    for (let neuron = 0; neuron < neurons; neuron++) {
      for (let input = 0; input < inputs; input++) rows[input * neurons + neuron] = weights[neuron * inputs + input];
    }
    return { potential: new Float32Array(neurons), population, rows, fired: new Uint32Array(neurons), firedLength: 0 };
  });

  function run({ spikes }: { spikes: { ticks: Uint32Array; neurons: Uint32Array } }, { ticks }: { ticks: number }) {
    const counts: Record<string, Uint32Array> = {};
    for (const { population, potential } of layers) {
      counts[population.name] = new Uint32Array(potential.length);
      potential.set(population.neuron.initialPotential);
    }
    for (let tick = 0, next = 0; tick < ticks; tick++) {
      const first = next;
      while (next < spikes.ticks.length && spikes.ticks[next] === tick) next++;
      let events = spikes.neurons.subarray(first, next);
      for (const layer of layers) {
        const { potential, rows, fired } = layer;
        const { name, bias, neuron: parameters } = layer.population;
        const { threshold, leak } = parameters;
        const factors = leak?.factorPerTick ?? new Float32Array(potential.length).fill(1);
        for (let neuron = 0; neuron < potential.length; neuron++)
          potential[neuron] = Math.fround(factors[neuron] * potential[neuron]) + bias[neuron];
        for (let event = 0; event < events.length; event++) {
          const row = events[event] * potential.length;
          for (let neuron = 0; neuron < potential.length; neuron++) potential[neuron] += rows[row + neuron];
        }
        layer.firedLength = 0;
        for (let neuron = 0; neuron < potential.length; neuron++) {
          if (potential[neuron] < threshold[neuron]) continue;
          potential[neuron] -= threshold[neuron];
          counts[name][neuron]++;
          fired[layer.firedLength++] = neuron;
        }
        events = fired.subarray(0, layer.firedLength);
      }
    }
    return { counts };
  }
  return { run, dispose() {} };
}
