// The humps example: additive STDP splits uniform weights, multiplicative STDP gathers them.
import { expect, it } from "vitest";
import { runExample } from "./live-example.ts";

it.each([1, 2])("additive STDP makes two humps, multiplicative STDP one, seed %i", async (seed) => {
  const words = ["--seconds", "300", "--step", "0.01", "--seed", String(seed)];
  const { lines, svg } = await runExample("humps", ...words);
  const [before, additive, multiplicative] = lines.slice(0, 3).map((line) => {
    const [, name, ...shares] = /^(.*): ([\d.]+) % weak, ([\d.]+) % in the middle, ([\d.]+) % strong$/.exec(line)!;
    const [weak, middle, strong] = shares.map(Number);
    return { name, weak, middle, strong };
  });
  expect([before.name, additive.name, multiplicative.name]).toEqual([
    "before learning",
    "after additive STDP",
    "after multiplicative STDP",
  ]);
  for (const share of [before.weak, before.middle, before.strong]) expect(Math.abs(share - 20)).toBeLessThan(5);
  expect(additive.weak).toBeGreaterThan(27);
  expect(additive.strong).toBeGreaterThan(24);
  expect(additive.middle).toBeLessThan(14);
  expect(multiplicative.middle).toBeGreaterThan(95);
  const [, first, second] = /^the cells fire at ([\d.]+) Hz and ([\d.]+) Hz$/.exec(lines[3])!.map(Number);
  for (const rate of [first, second]) {
    expect(rate).toBeGreaterThan(2);
    expect(rate).toBeLessThan(20);
  }
  expect(svg.match(/<rect/g)).toHaveLength(3 * 26);
});
