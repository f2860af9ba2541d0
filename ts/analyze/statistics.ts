// Confidence intervals and tests of proportions: Wilson, Clopper–Pearson, McNemar.
import { checkInteger } from "../check.ts";

/** Lower and upper bound of a share, both in [0, 1]. */
export type Interval = readonly [lower: number, upper: number];

const z95 = 1.959963984540054;

/**
 * 95 % score interval of a share.
 * @see Wilson 1927, Journal of the American Statistical Association 22:209
 */
export function wilsonInterval(successes: number, trials: number): Interval {
  checkCounts(successes, trials);
  if (trials === 0) return [0, 1];
  const share = successes / trials;
  const square = z95 * z95;
  const centre = (share + square / (2 * trials)) / (1 + square / trials);
  const half =
    (z95 * Math.sqrt((share * (1 - share)) / trials + square / (4 * trials * trials))) / (1 + square / trials);
  return [successes === 0 ? 0 : centre - half, successes === trials ? 1 : centre + half];
}

/**
 * 95 % exact interval of a share. Its coverage is at least 95 %, also for rare events.
 * @see Clopper and Pearson 1934, Biometrika 26:404
 */
export function clopperPearsonInterval(successes: number, trials: number): Interval {
  checkCounts(successes, trials);
  if (trials === 0) return [0, 1];
  const lower = successes === 0 ? 0 : betaQuantile(0.025, successes, trials - successes + 1);
  const upper = successes === trials ? 1 : betaQuantile(0.975, successes + 1, trials - successes);
  return [lower, upper];
}

/** The same as numbers of trials. */
export function countInterval(successes: number, trials: number): Interval {
  const [low, high] = clopperPearsonInterval(successes, trials);
  return [low * trials, high * trials];
}

/**
 * Two-sided p of the exact McNemar test: the probability of a split of the discordant pairs at least this uneven, if
 * both classifiers are equally good.
 * @param onlyFirst samples that only the first classifier gets right.
 * @param onlySecond samples that only the second classifier gets right.
 */
export function mcnemarExact(onlyFirst: number, onlySecond: number): number {
  const discordant = checkInteger("onlyFirst", onlyFirst, 0) + checkInteger("onlySecond", onlySecond, 0);
  const fewer = Math.min(onlyFirst, onlySecond);
  if (discordant === 2 * fewer) return 1;
  // P(X ≤ k) of a binomial with p = ½ is I_½(n − k, k + 1).
  return Math.min(1, 2 * regularizedBeta(0.5, discordant - fewer, fewer + 1));
}

/**
 * Regularised incomplete beta function I_x(a, b), for a, b > 0.
 * @see NIST Digital Library of Mathematical Functions 8.17.22 (continued fraction, evaluated by the method of Lentz)
 */
export function regularizedBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast only on this side of the mean.
  if (x > (a + 1) / (a + b + 2)) return 1 - regularizedBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  let c = 1;
  let d = 1 / notZero(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / notZero(1 + even * d);
    c = notZero(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / notZero(1 + odd * d);
    c = notZero(1 + odd / c);
    const step = d * c;
    fraction *= step;
    if (Math.abs(step - 1) < 1e-15) break;
  }
  return front * fraction;
}

function betaQuantile(probability: number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  for (let halving = 0; halving < 100 && high - low > 1e-15; halving++) {
    const middle = (low + high) / 2;
    if (regularizedBeta(middle, a, b) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** ln Γ(x) for x ≥ ½, by the approximation of Lanczos (g = 7, nine terms). */
function logGamma(x: number): number {
  const shifted = x - 1;
  let sum = lanczos[0];
  for (let term = 1; term < lanczos.length; term++) sum += lanczos[term] / (shifted + term);
  const t = shifted + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(sum);
}

function notZero(value: number): number {
  return Math.abs(value) < 1e-300 ? 1e-300 : value;
}

function checkCounts(successes: number, trials: number): void {
  checkInteger("trials", trials, 0);
  checkInteger("successes", successes, 0, trials);
}
