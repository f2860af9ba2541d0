// The example of a fly-sized brain, with a tenth of its neurons: it rests, tastes sugar, and rests again.
import { expect, it } from "vitest";
import { runExample } from "./live-example.ts";

it("fires while it tastes sugar, and then no longer", async () => {
  const { lines, svg } = await runExample("fly", "--neurons", "13800");
  const [, synapses] = /^13800 neurons, (\d+) synapses drawn in [\d.]+ s$/.exec(lines[0])!.map(Number);
  // 13,800 · 13,800 pairs, 109 targets each on average; four standard deviations.
  expect(Math.abs(synapses - 13_800 * 109)).toBeLessThan(4 * Math.sqrt(13_800 * 109));
  const [, bytes] = /^built in [\d.]+ s, (\d+) MiB in the engine, \d+ MiB in the process$/.exec(lines[1])!.map(Number);
  expect(bytes).toBeLessThan(25);
  const [, before, after] = /^(\d+) spikes before the sugar, (\d+) in the last sixth$/.exec(lines[2])!.map(Number);
  expect([before, after]).toEqual([0, 0]);
  const [, rate, fired] = /^([\d.]+) Hz, ([\d.]+) % of neurons fired$/.exec(lines[3])!.map(Number);
  expect(rate).toBeGreaterThan(0.5);
  expect(rate).toBeLessThan(5);
  // More than those that taste.
  expect(fired).toBeGreaterThan(2);
  expect(lines[4]).toMatch(/^[\d.]+ ms a frame of 16\.6 ms, the longest [\d.]+ ms$/);
  expect(svg.match(/<rect/g)!.length).toBeGreaterThan(100);
});
