// The network and inputs that both programs of this example simulate.
import { encodePoisson, pcg32, spikingNetwork } from "llif";

export const ticks = 64;

/** Three leaky layers with random weights, and Poisson input at 10 %. */
export function makeNetwork() {
  const random = pcg32(1);
  const layer = (inputs: number, units: number) => ({
    weights: Float32Array.from({ length: units * inputs }, () => (random() / 2 ** 32 - 0.49) * 0.1),
    units,
    threshold: 1,
    leak: { kind: "ohmic", timeConstantTicks: 20 } as const,
  });
  return spikingNetwork({ inputs: [784], ticks })
    .dense({ ...layer(784, 1200), name: "first" })
    .dense({ ...layer(1200, 1200), name: "second" })
    .dense({ ...layer(1200, 10), name: "third" })
    .build();
}

export function makeInputs() {
  const rates = new Float32Array(784).fill(0.1);
  return Array.from({ length: 20 }, (_, sample) => encodePoisson(rates, ticks, sample));
}
