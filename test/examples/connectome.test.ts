// The connectome example: a touch at the head moves the animal back, one at the tail moves it on.
import { expect, it } from "vitest";
import { runExample } from "./live-example.ts";

it.each([1, 2, 3])("answers each touch by its motor neurons, seed %i", async (seed) => {
  const { lines, svg } = await runExample("connectome", "--seed", String(seed));
  expect(lines[0]).toMatch(/^302 neurons, 6[5-9]\d\d synapses$/);
  const answers = ["head", "tail"].map((end, index) =>
    new RegExp(`^touched at the ${end}: (\\d+) motor spikes back, (\\d+) on$`)
      .exec(lines[index + 1])!
      .slice(1)
      .map(Number),
  );
  const [[back, on], [backAtTail, onAtTail]] = answers;
  expect(back).toBeGreaterThan(4 * on);
  expect(onAtTail).toBeGreaterThan(4 * backAtTail);
  expect(Number(/^before: ([\d.]+) motor spikes a frame$/.exec(lines[3])![1])).toBeLessThan(back / 15);
  expect(svg.match(/<rect/g)!.length).toBeGreaterThan(400);
});
