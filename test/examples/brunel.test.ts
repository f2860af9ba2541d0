// The Brunel example: its four regimes differ in rate, in how regular trains are, and in how the population moves.
import { expect, it } from "vitest";
import { runExample } from "./live-example.ts";

it.each([1, 2])("each regime is what its name says, seed %i", async (seed) => {
  const { lines, svg } = await runExample("brunel", "--seed", String(seed));
  const measured = lines.map((line) => {
    const [, name, ...numbers] = /^([a-z, ]+): ([\d.]+) Hz, CV ([\d.]+), deviation ([\d.]+), rhythm (-?[\d.]+)$/.exec(
      line,
    )!;
    const [rate, variation, deviation, rhythm] = numbers.map(Number);
    return { name, rate, variation, deviation, rhythm };
  });
  const [regular, fast, asynchronous, slow] = measured;
  expect(measured.map(({ name }) => name)).toEqual([
    "synchronous regular",
    "synchronous irregular, fast",
    "asynchronous irregular",
    "synchronous irregular, slow",
  ]);
  expect(regular.variation).toBeLessThan(0.2);
  for (const { variation } of [fast, asynchronous, slow]) expect(variation).toBeGreaterThan(0.55);
  // Close to the most that 2 ms of refractory period allow; the slow regime is the rarest.
  expect(regular.rate).toBeGreaterThan(250);
  expect(slow.rate).toBeLessThan(25);
  for (const { rate } of [fast, asynchronous]) {
    expect(rate).toBeGreaterThan(35);
    expect(rate).toBeLessThan(90);
  }
  // Synchronous: the population has a rhythm, or fires in rare bursts.
  expect(regular.rhythm).toBeGreaterThan(0.8);
  expect(fast.rhythm).toBeGreaterThan(0.28);
  expect(slow.deviation).toBeGreaterThan(1);
  expect(asynchronous.rhythm).toBeLessThan(0.28);
  expect(asynchronous.deviation).toBeLessThan(0.85);
  expect(svg.match(/<svg/g)).toHaveLength(1 + 4 * 4);
});
