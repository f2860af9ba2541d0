// Intervals and tests against SciPy.
import { describe, expect, it } from "vitest";
import { clopperPearsonInterval, mcnemarExact, regularizedBeta, wilsonInterval } from "../../ts/analyze/statistics.ts";

/** From SciPy 1.x: `binomtest(k, n).proportion_ci(0.95, method)`. */
const intervals = [
  { k: 0, n: 10, exact: [0, 0.30849710781876294], wilson: [0, 0.27753279986288926] },
  {
    k: 1,
    n: 10,
    exact: [0.0025285785444625728, 0.44501611702819543],
    wilson: [0.017876213095072896, 0.4041500267952385],
  },
  { k: 5, n: 10, exact: [0.1870860284474045, 0.8129139715525955], wilson: [0.236593090512564, 0.7634069094874361] },
  {
    k: 3,
    n: 10000,
    exact: [6.187148574832521e-5, 0.0008764745225646691],
    wilson: [0.00010203219941781012, 0.0008817357722363797],
  },
  {
    k: 25,
    n: 10000,
    exact: [0.0016185014553256139, 0.003688295991078257],
    wilson: [0.0016939976111583202, 0.0036880807676648933],
  },
  {
    k: 9891,
    n: 10000,
    exact: [0.9868661673249868, 0.9910416587564194],
    wilson: [0.9868688476233592, 0.9909555251704448],
  },
  { k: 500, n: 500, exact: [0.9926493899480923, 1], wilson: [0.9923756595384479, 1] },
];

describe("intervals of a share", () => {
  it.each(intervals)("$k of $n as SciPy has them", ({ k, n, exact, wilson }) => {
    clopperPearsonInterval(k, n).forEach((bound, side) => expect(bound).toBeCloseTo(exact[side], 10));
    wilsonInterval(k, n).forEach((bound, side) => expect(bound).toBeCloseTo(wilson[side], 10));
  });

  it("says nothing of no samples, and refuses more successes than trials", () => {
    expect(clopperPearsonInterval(0, 0)).toEqual([0, 1]);
    expect(wilsonInterval(0, 0)).toEqual([0, 1]);
    expect(() => wilsonInterval(3, 2)).toThrow("successes: expected an integer from 0 to 2, got 3");
  });
});

it.each([
  [3, 10, 0.09228515625],
  [0, 6, 0.03125],
  [12, 5, 0.143463134765625],
  [100, 150, 0.0018833009350761602],
  [4, 4, 1],
  [0, 0, 1],
])("McNemar's exact p of %i and %i discordant pairs, as SciPy's binomtest", (first, second, p) => {
  expect(mcnemarExact(first, second)).toBeCloseTo(p, 12);
});

it("regularised incomplete beta as SciPy's betainc", () => {
  expect(regularizedBeta(0.3, 2.5, 3.5)).toBeCloseTo(0.29675298929566646, 12);
  expect(regularizedBeta(0.34, 1000, 2000)).toBeCloseTo(0.7812150911606441, 10);
  expect(regularizedBeta(0, 2, 3)).toBe(0);
  expect(regularizedBeta(1, 2, 3)).toBe(1);
});
