// A page that teaches spike-timing-dependent plasticity: two neurons, a synapse each way with a delay of its own, and
// clicks that make a neuron fire.
import { createSimulator, pcg32, spikingNetwork, stdp, type SpikeTrain } from "llif";
import type { Outcome } from "./outcome.ts";

// Ticks of 1 ms.
const [leak, threshold, refractoryTicks] = [0.875, 0.75, 12];
const [plus, minus, timeConstant] = [1 / 64, 1 / 32, 20];
const [minimum, maximum] = [1 / 16, 1];
const [from, to, delays, initial] = [
  [0, 1],
  [1, 0],
  [3, 5],
  [0.5, 0.5],
] as const;

interface Click {
  readonly tick: number;
  readonly neuron: number;
}

/** Mostly the second neuron soon after the first. */
export function make(small: boolean) {
  const random = pcg32(1);
  const ticks = small ? 5_000 : 200_000;
  const clicks: Click[] = [];
  for (let tick = 10; tick + 20 < ticks; tick += 40 + (random() % 40)) {
    clicks.push({ tick, neuron: random() % 4 === 0 ? 1 : 0 });
    clicks.push({ tick: tick + 1 + (random() % 16), neuron: 1 - clicks[clicks.length - 1].neuron });
  }
  return { ticks, clicks };
}

type Model = ReturnType<typeof make>;

export function plain({ ticks, clicks }: Model): Outcome {
  const spikes: number[] = [];
  const start = performance.now();
  // All numbers of the state are rounded to float32, because the decays are not exact.
  const v = new Float32Array(2);
  const weights = Float32Array.from(initial);
  const trace = new Float32Array(2);
  const fade = Math.fround(Math.exp(-1 / timeConstant));
  const clampedUntil = [-1, -1];
  const lastArrival = [-Infinity, -Infinity];
  const underWay: number[][] = [[], []];
  const clip = (weight: number) => Math.min(maximum, Math.max(minimum, weight));
  for (let tick = 0, click = 0; tick < ticks; tick++) {
    const arrives = underWay.map((due) => due[0] === tick && due.shift() === tick);
    const fires = [false, false];
    for (; click < clicks.length && clicks[click].tick === tick; click++) fires[clicks[click].neuron] = true;
    for (let neuron = 0; neuron < 2; neuron++) {
      const synapse = to.indexOf(neuron as 0 | 1);
      if (tick > clampedUntil[neuron]) {
        v[neuron] = leak * v[neuron];
        if (arrives[synapse]) v[neuron] += weights[synapse];
        if (v[neuron] >= threshold) fires[neuron] = true;
      }
      trace[neuron] = fade * trace[neuron];
      if (arrives[synapse]) {
        weights[synapse] = clip(Math.fround(weights[synapse] - minus * trace[neuron]));
        lastArrival[synapse] = tick;
      }
      if (!fires[neuron]) continue;
      const before = Math.fround(Math.exp((lastArrival[synapse] - tick) / timeConstant));
      weights[synapse] = clip(Math.fround(weights[synapse] + plus * before));
      trace[neuron] = 1;
      v[neuron] = 0;
      clampedUntil[neuron] = tick + refractoryTicks;
      underWay[neuron].push(tick + delays[neuron]);
      spikes.push(tick * 2 + neuron);
    }
  }
  return { spikes, weights, milliseconds: performance.now() - start };
}

export async function withLlif({ ticks, clicks }: Model): Promise<Outcome> {
  const network = spikingNetwork({ inputs: 1, dtSeconds: 1e-3 })
    .population({
      name: "cells",
      units: 2,
      input: "none",
      threshold,
      reset: { kind: "hard", value: 0 },
      leak: { kind: "ohmic", factorPerTick: leak },
      refractory: { ticks: refractoryTicks, clamp: ["v"] },
    })
    .connect({
      name: "learns",
      from: "cells",
      to: "cells",
      delayTicks: 0,
      edges: { from, to, weights: initial, delayTicks: delays },
      plasticity: stdp({
        plus,
        minus,
        timeConstantTicks: [timeConstant, timeConstant],
        minimum,
        maximum,
        trace: "set",
      }),
    })
    .build();
  const simulator = await createSimulator(network, { record: { counts: false, spikes: ["cells"] } });
  const parts: { readonly first: number; readonly train: SpikeTrain }[] = [];
  const start = performance.now();
  let now = 0;
  const runTo = (tick: number) => {
    if (tick === now) return;
    parts.push({ first: now, train: simulator.run(null, { ticks: tick - now, keepState: true }).spikes.cells });
    now = tick;
  };
  for (const { tick, neuron } of clicks) {
    runTo(tick);
    simulator.force("cells", [neuron]);
  }
  runTo(ticks);
  const milliseconds = performance.now() - start;
  const weights = simulator.weights("learns");
  simulator.dispose();
  const spikes = parts.flatMap(({ first, train }) =>
    Array.from(train.ticks, (tick, spike) => (first + tick) * 2 + train.neurons[spike]),
  );
  return { spikes, weights, milliseconds };
}
