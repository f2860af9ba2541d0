// The CUBA example: low and irregular rates that the network keeps up by itself.
import { expect, it } from "vitest";
import { runExample } from "./live-example.ts";

it.each([1, 2, 3])("CUBA fires irregularly at about 5 Hz, seed %i", async (seed) => {
  const { lines, svg } = await runExample("cuba", "--seed", String(seed), "--seconds", "0.6");
  const [, synapses] = /^4000 neurons, (\d+) synapses$/.exec(lines[0])!.map(Number);
  // 4,000 · 4,000 pairs, each with probability 0.02; four standard deviations.
  expect(Math.abs(synapses - 320_000)).toBeLessThan(4 * Math.sqrt(320_000 * 0.98));
  const [, rate, variation] = /^([\d.]+) Hz, CV of intervals ([\d.]+)$/.exec(lines[1])!.map(Number);
  expect(rate).toBeGreaterThan(4.5);
  expect(rate).toBeLessThan(7);
  expect(variation).toBeGreaterThan(0.4);
  expect(lines[2]).toMatch(/^[\d.]+ times real time$/);
  expect(svg.match(/<rect/g)!.length).toBeGreaterThan(400);
});
