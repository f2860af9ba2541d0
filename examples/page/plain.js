// The simulator that the page had before: plain JavaScript, typed arrays, lists of connections.

export function createPlain({ neurons, edges, leak, decay, gain, threshold, delayTicks, refractoryTicks }) {
  const rows = new Uint32Array(neurons + 1);
  for (const source of edges.from) rows[source + 1]++;
  for (let source = 0; source < neurons; source++) rows[source + 1] += rows[source];
  // Float32Array and Math.fround: the decays are not exact, and llif computes in float32.
  const { fround } = Math;
  const [v, g, arriving] = [new Float32Array(neurons), new Float32Array(neurons), new Float32Array(neurons)];
  const refractory = new Uint8Array(neurons);
  const firedAgo = Array.from({ length: delayTicks }, () => []);
  let drive = new Float32Array(neurons);
  let tick = 0;

  return {
    drive(charges) {
      drive = charges;
    },

    /** @returns ticks and neurons of the spikes. */
    run(ticks) {
      const spikes = { ticks: [], neurons: [] };
      for (let step = 0; step < ticks; step++, tick++) {
        arriving.fill(0);
        for (const source of firedAgo[tick % delayTicks]) {
          for (let edge = rows[source]; edge < rows[source + 1]; edge++)
            arriving[edges.to[edge]] += edges.weights[edge];
        }
        const fired = [];
        for (let neuron = 0; neuron < neurons; neuron++) {
          const resting = refractory[neuron] > 0;
          if (resting) refractory[neuron]--;
          else v[neuron] = fround(fround(leak * v[neuron]) + gain * g[neuron]) + drive[neuron];
          g[neuron] = fround(decay * g[neuron]) + arriving[neuron];
          if (resting || v[neuron] < threshold) continue;
          v[neuron] = 0;
          refractory[neuron] = refractoryTicks;
          fired.push(neuron);
          spikes.ticks.push(step);
          spikes.neurons.push(neuron);
        }
        firedAgo[tick % delayTicks] = fired;
      }
      return spikes;
    },

    dispose() {},
  };
}
