// The naive definition in real numbers gives Brian2's spikes: networks that scripts/brian2/spikes.py simulated, drawn again here.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { pcg32 } from "../../ts/random.ts";
import type { SpikingNetwork } from "../../ts/spiking/network.ts";
import { NaiveLive } from "./naive.ts";

interface Found {
  readonly brian2: string;
  readonly ticks: number;
  readonly networks: readonly { seed: number; kind: string; spikes: number; sha256: string }[];
}

const found = JSON.parse(readFileSync(new URL("brian2.json", import.meta.url), "utf8")) as Found;

/** The network that `draw` of the script draws, as our record, with constants in float64. */
function drawn(seed: number): SpikingNetwork {
  const random = pcg32(seed);
  const unit = () => random() / 2 ** 32;
  const integer = (low: number, high: number) => low + (random() % (high - low + 1));
  const kind = ["currentCleared", "currentKept", "deltaAfter", "deltaBefore"][seed % 4];
  const n = integer(10, 60);
  const current = kind.startsWith("current");
  const tau = Array.from({ length: n }, () => 5 + 25 * unit());
  const tauCurrent = 2 + 8 * unit();
  const drive = Array.from({ length: n }, () => 0.8 + 0.5 * unit());
  const initial = Array.from({ length: n }, () => unit() * 0.9);
  const reset = -0.5 * unit();
  const strict = integer(0, 1) === 1;
  const refractory = integer(2, 6);
  const [offsets, targets, weights, delays]: number[][] = [[0], [], [], []];
  for (let source = 0; source < n; source++) {
    for (let target = 0; target < n; target++) {
      if (unit() >= 0.15) continue;
      targets.push(target);
      weights.push((unit() - 0.45) * (current ? 1.5 : 0.3));
      delays.push(integer(1, 9));
    }
    offsets.push(targets.length);
  }
  const factor = tau.map((constant) => Math.exp(-1 / constant));
  const currentFactor = Math.exp(-1 / tauCurrent);
  const neuron = {
    model: "llif",
    threshold: [1],
    initialPotential: initial,
    ...(strict ? { strict: true } : {}),
    leak: { factorPerTick: factor },
    reset: { hard: [1], value: [reset], ...(kind === "currentCleared" ? { clears: ["g"] } : {}) },
    // Brian2 counts the shortest interval.
    refractory: { ticks: [refractory - 1], clamp: kind === "currentCleared" ? ["v", "g"] : ["v"] },
    ...(kind === "deltaAfter" ? { delivery: "afterThreshold" } : {}),
    ...(current
      ? {
          currents: [
            {
              name: "g",
              factorPerTick: [currentFactor],
              gain: tau.map((own, index) => (tauCurrent / (tauCurrent - own)) * (currentFactor - factor[index])),
            },
          ],
        }
      : {}),
  };
  const edges = { offsets, targets, weights, delays, ...(current ? { into: "g" } : {}) };
  return {
    input: { name: "input", shape: [1] },
    nodes: [
      { kind: "population", name: "n", shape: [n], bias: drive.map((own, index) => own * (1 - factor[index])), neuron },
    ],
    synapses: [{ kind: "sparse", from: "n", to: "n", delayTicks: 0, ...edges }],
  } as unknown as SpikingNetwork;
}

it(`equals Brian2 ${found.brian2}, spike for spike, on ${found.networks.length} networks`, () => {
  for (const { seed, kind, spikes, sha256 } of found.networks) {
    const network = drawn(seed);
    const naive = new NaiveLive(
      network,
      (value) => value,
      ({ shape }) => new Array<number>(shape[0]).fill(0),
    );
    const fired: string[] = [];
    for (let tick = 0; tick < found.ticks; tick++)
      for (const neuron of naive.tick([], null).get("n") as number[]) fired.push(`${tick}:${neuron}`);
    expect(fired.length, `seed ${seed}, ${kind}`).toBe(spikes);
    expect(createHash("sha256").update(fired.join(",")).digest("hex"), `seed ${seed}, ${kind}`).toBe(sha256);
  }
  expect(found.networks.reduce((sum, { spikes }) => sum + spikes, 0)).toBeGreaterThan(50_000);
}, 600_000);
