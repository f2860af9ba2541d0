// The walk over windows against its definition: y = row · stride − top + ky · dilation, and x alike.
import { describe, expect, it } from "vitest";
import type { Window2d } from "../../ts/relu/network.ts";
import { forEachPooled, forEachTap } from "../../ts/relu/windows.ts";

const window: Window2d = {
  kernel: [2, 3],
  stride: [2, 1],
  dilation: [1, 2],
  padding: { top: 1, left: 2, bottom: 0, right: 1 },
};
const input = [5, 4, 2];
const output = [3, 3, 2];

function pairs(from: readonly number[], to: readonly number[], transposed: boolean): number[][] {
  const found: number[][] = [];
  forEachTap(window, from, to, transposed, (...pair) => found.push(pair));
  return found;
}

describe("forEachTap", () => {
  it("visits each pair inside the image once, in ascending order", () => {
    const expected: number[][] = [];
    for (let cell = 0; cell < 9; cell++)
      for (let tap = 0; tap < 6; tap++) {
        const y = Math.floor(cell / 3) * 2 - 1 + Math.floor(tap / 3);
        const x = (cell % 3) - 2 + (tap % 3) * 2;
        if (y >= 0 && y < 5 && x >= 0 && x < 4) expected.push([cell, y * 4 + x, tap]);
      }
    expect(expected.length).toBeGreaterThan(20);
    expect(pairs(input, output, false)).toEqual(expected);
  });

  it("joins the same cells where transposed, with the sides exchanged", () => {
    expect(pairs(output, input, true)).toEqual(pairs(input, output, false).map(([to, from, tap]) => [from, to, tap]));
  });
});

it("forEachPooled visits every channel of each pair", () => {
  const found: number[][] = [];
  forEachPooled(window, input, output, (...pair) => found.push(pair));
  expect(found).toEqual(
    pairs(input, output, false).flatMap(([to, from]) =>
      [0, 1].map((channel) => [2 * to + channel, 2 * from + channel]),
    ),
  );
});
