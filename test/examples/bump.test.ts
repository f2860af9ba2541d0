// The working-memory example: a bump stays where the cue was, and only with enough excitation.
import { expect, it } from "vitest";
import { runExample } from "./live-example.ts";

async function remembered(...words: string[]) {
  const { lines, svg } = await runExample("bump", ...words);
  const cues = lines.map((line) => {
    const pattern =
      /^cue at (\d+)°: ([\d.]+) Hz before, ([\d.]+) Hz during, ([\d.]+) Hz at the end, (-?[\d.]+)° from the cue, agreement ([\d.]+)$/;
    const [, cue, before, during, end, turned, agreement] = pattern.exec(line)!.map(Number);
    return { cue, before, during, end, turned, agreement };
  });
  expect(cues.map(({ cue }) => cue)).toEqual([0, 90, 225]);
  return { cues, svg };
}

it.each([1, 2, 3])("remembers the place of a cue for two seconds, seed %i", async (seed) => {
  const { cues, svg } = await remembered("--seed", String(seed));
  for (const { before, end, turned, agreement } of cues) {
    expect(before).toBeLessThan(0.5);
    expect(end).toBeGreaterThan(2.5);
    expect(end).toBeLessThan(4.5);
    expect(Math.abs(turned)).toBeLessThan(8);
    expect(agreement).toBeGreaterThan(0.95);
  }
  expect(svg.match(/<svg/g)).toHaveLength(1 + 3 * 2);
});

it("forgets it with half of the excitation", async () => {
  const { cues } = await remembered("--excitation", "0.06");
  for (const { during, end, agreement } of cues) {
    expect(during).toBeGreaterThan(4);
    expect(end).toBeLessThan(0.5);
    expect(agreement).toBeLessThan(0.4);
  }
});
