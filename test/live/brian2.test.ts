// The naive definition in real numbers gives Brian2's spikes: networks that scripts/brian2/spikes.py simulated, drawn again here.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { brunel, cuba, draw, type Drawn } from "./drawn.ts";
import { definition } from "./drawn-networks.ts";
import { NaiveLive } from "./naive.ts";

interface Found {
  readonly spikes: number;
  readonly sha256: string;
}

interface Large {
  readonly spans: readonly (Found & { readonly ticks: number })[];
  /** Tick and neuron of the first 300 spikes. */
  readonly first: readonly (readonly [number, number])[];
}

const found = JSON.parse(readFileSync(new URL("brian2.json", import.meta.url), "utf8")) as {
  readonly brian2: string;
  readonly random: readonly (Found & { readonly seed: number })[];
  readonly cuba: Large;
  readonly brunelAfter: Large;
  readonly brunelBefore: Large;
};
/** Whether the large networks run as long as Brian2 simulated them; else only the first of their spans. */
const whole = process.env["LLIF_BRIAN2"] === "whole";

/** Tick, population and neuron of each spike, in order. */
function simulate(drawn: Drawn): [number, number, number][] {
  const naive = new NaiveLive(
    definition(drawn),
    (value) => value,
    ({ shape }) => new Array<number>(shape[0]).fill(0),
  );
  return drawn.trains.flatMap((train, tick) =>
    [...naive.tick(train, null).values()].flatMap((fired, population) =>
      fired.map((neuron): [number, number, number] => [tick, population, neuron]),
    ),
  );
}

function digest(spikes: readonly (readonly number[])[]): string {
  return createHash("sha256")
    .update(spikes.map((spike) => spike.join(":")).join(","))
    .digest("hex");
}

describe(`the definition in float64 equals Brian2 ${found.brian2}, spike for spike`, () => {
  it(`on ${found.random.length} random networks`, () => {
    for (const { seed, spikes, sha256 } of found.random) {
      const fired = simulate(draw(seed));
      expect(fired.length, `seed ${seed}`).toBe(spikes);
      expect(digest(fired), `seed ${seed}`).toBe(sha256);
    }
  }, 600_000);

  const networks = {
    cuba,
    brunelAfter: (ticks: number) => brunel(ticks, false),
    brunelBefore: (ticks: number) => brunel(ticks, true),
  };
  for (const [name, network] of Object.entries(networks)) {
    const { spans, first } = found[name as keyof typeof networks];
    it(`on ${name}`, () => {
      const { ticks, spikes, sha256 } = spans[whole ? spans.length - 1 : 0];
      const fired = simulate(network(ticks));
      expect(fired.slice(0, first.length).map(([tick, , neuron]) => [tick, neuron])).toEqual(first);
      expect(fired.length).toBe(spikes);
      expect(digest(fired)).toBe(sha256);
    }, 1_200_000);
  }
});
