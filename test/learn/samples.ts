// Rules, layers and images for the tests of learning.
import { pcg32 } from "../../ts/random.ts";
import { stdp, type PairState, type WinnerRule, type WinnerState } from "../../ts/index.ts";

export const engines = ["reference", "wasm"] as const;

/** Numbers from 0 up to 1, from pcg32. */
export function uniform(seed: number): () => number {
  const next = pcg32(seed);
  return () => next() / 2 ** 32;
}

export const plainRule: WinnerRule = {
  kind: "winner",
  maxTicks: 8,
  threshold: 2,
  homeostasis: 0.5,
  leastThreshold: 0.2,
  rate: 0.5,
  leastRate: 0.01,
  rateWins: 10,
  leak: "none",
};

/** A layer of random weights, and images of which some stay silent. */
export function randomLayer(seed: number, leak: WinnerRule["leak"]): { state: WinnerState; images: Uint8Array } {
  const random = uniform(seed);
  const [inputs, neurons, images] = [1 + Math.floor(40 * random()), 1 + Math.floor(70 * random()), 200];
  const threshold = 0.02 + 0.15 * inputs * random();
  return {
    state: {
      inputs: [inputs],
      rule: {
        kind: "winner",
        maxTicks: 1 + Math.floor(20 * random()),
        threshold,
        homeostasis: 0.2 * threshold * random(),
        leastThreshold: 0.1 * threshold,
        rate: 0.05 + 0.95 * random(),
        leastRate: 0.05 * random(),
        rateWins: 0.5 + 20 * random(),
        leak,
      },
      weights: Float32Array.from({ length: inputs * neurons }, random),
      wins: new Uint32Array(neurons),
      total: 0,
    },
    images: Uint8Array.from({ length: images * inputs }, () => (random() < 0.6 ? 0 : Math.floor(256 * random()))),
  };
}

/** A layer of random weights by the rule `pair`, its options drawn too, and images of which some stay silent. */
export function randomPair(seed: number): { state: PairState; images: Uint8Array } {
  const random = uniform(seed);
  const oneOf = <T>(...values: T[]): T => values[Math.floor(values.length * random())];
  const [inputs, neurons, images] = [1 + Math.floor(40 * random()), 1 + Math.floor(45 * random()), 25];
  const threshold = 0.05 + 0.2 * inputs * random();
  const [minimum, maximum] = [oneOf(0, 0, -0.2), oneOf(0.6, 1)];
  const drawn = Float32Array.from({ length: inputs * neurons }, () => minimum + (maximum - minimum) * random());
  const wins = Uint32Array.from({ length: neurons }, () => Math.floor(5 * random()));
  return {
    state: {
      inputs: [inputs],
      rule: {
        kind: "pair",
        ticks: 1 + Math.floor(30 * random()),
        trains: oneOf("poisson", "regular"),
        rate: 0.05 + 0.95 * random(),
        seed: Math.floor(2 ** 20 * random()),
        threshold,
        thresholdRise: 0.05 * threshold * random(),
        thresholdDecay: oneOf(0, 0.01 * random()),
        competition: oneOf("furthest", "random", "none"),
        refractoryTicks: oneOf(0, 1, 5),
        weightSum: oneOf(0, 0.3 * inputs),
        scaled: oneOf("fired", "all"),
        plasticity: stdp({
          plus: 0.1 * random(),
          minus: 0.1 * random(),
          timeConstantTicks: [1 + 30 * random(), 1 + 30 * random()],
          minimum,
          maximum,
          weightDependence: oneOf("additive", "multiplicative"),
          trace: oneOf("add", "set"),
          coincident: oneOf("none", "potentiate", "both"),
        }),
      },
      weights: drawn.map((weight) => Math.min(Math.max(weight, Math.fround(minimum)), Math.fround(maximum))),
      wins,
      rises: Float32Array.from({ length: neurons }, random),
      presented: Math.floor(1000 * random()),
      total: wins.reduce((sum, count) => sum + count, 0),
    },
    images: Uint8Array.from({ length: images * inputs }, () => (random() < 0.6 ? 0 : Math.floor(256 * random()))),
  };
}

/** Images of 8 × 8 pixels, each with one of 16 bars, and 2 % of the pixels flipped. */
export function bars(count: number, seed: number): { images: Uint8Array; bars: Uint8Array } {
  const random = uniform(seed);
  const shown = Uint8Array.from({ length: count }, () => Math.floor(16 * random()));
  const images = Uint8Array.from({ length: 64 * count }, (_, index) => {
    const [bar, row, column] = [shown[index >> 6], (index >> 3) & 7, index & 7];
    const lit = bar < 8 ? row === bar : column === bar - 8;
    return lit !== random() < 0.02 ? 255 : 0;
  });
  return { images, bars: shown };
}

/** Bits of float32 numbers, in hexadecimal. */
export function bitsOf(values: Float32Array): string[] {
  return [...new Uint32Array(values.slice().buffer)].map((bits) => bits.toString(16).padStart(8, "0"));
}
