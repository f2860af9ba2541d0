// The definition of pools, written as plainly as possible.
import { isSynchronous, type SpikingNetwork, type SpikingPool } from "../../ts/spiking/network.ts";
import { silent, type Train } from "./naive.ts";
import { payloadsOf } from "./naive-neurons.ts";

/** Spikes that a pool passes on. @param windows the members of each output. */
export function pooled(
  network: SpikingNetwork,
  pool: SpikingPool,
  source: Train,
  windows: readonly (readonly number[])[],
): Train {
  const passed = silent(source.length, windows.length);
  const channels = pool.shape[2];
  windows.forEach((window, output) => {
    if (pool.mode === "sum") {
      const times = pool.multiplicity?.[Math.floor(output / channels)] ?? 1;
      source.forEach(
        (tick, k) =>
          (passed[k][output] = window
            .flatMap((member) => tick[member].flatMap((spike) => new Array<number>(times).fill(spike)))
            .sort(plusFirst(network))),
      );
    } else if (isSynchronous(network)) largestSoFar(network, pool.from, source, window, output, passed);
    else if (network.code.kind === "times") {
      const values = window.flatMap((member) => source[0][member]);
      if (values.length > 0) passed[0][output] = [Math.max(...values)];
    } else if (network.code.kind === "phase") largestDigits(source, window, output, passed);
    else anySpike(network, source, window, output, passed);
  });
  return passed;
}

/** Engines send the positive spikes of a tick first; times keep the order of the members. */
function plusFirst({ code }: SpikingNetwork): (a: number, b: number) => number {
  return code.kind === "times" ? () => 0 : (a, b) => b - a;
}

const sum = (spikes: readonly number[]): number => spikes.reduce((total, spike) => total + spike, 0);

function largestSoFar(
  network: SpikingNetwork,
  from: string,
  source: Train,
  window: readonly number[],
  output: number,
  passed: Train,
): void {
  const payloads =
    network.code.kind === "refinedPhase" ? payloadsOf(network, from, source.length) : source.map(() => 1);
  const countOf = (member: number, ticks: number): number =>
    sum(source.slice(0, ticks).map((now, tick) => payloads[tick] * sum(now[member])));
  let emitted = 0;
  source.forEach((_, tick) => {
    if (window.length === 0) return;
    const largest = Math.max(...window.map((member) => countOf(member, tick + 1)));
    passed[tick][output] = new Array<number>(Math.abs(largest - emitted) / payloads[tick]).fill(
      largest > emitted ? 1 : -1,
    );
    emitted = largest;
  });
}

/** Of the members still alive the largest digit; those with a smaller one drop out. Two spikes at once are one digit 1. */
function largestDigits(source: Train, window: readonly number[], output: number, passed: Train): void {
  let alive = window;
  source.forEach((now, tick) => {
    const digitOf = (member: number): number => Math.sign(sum(now[member]));
    const digit = Math.max(-Infinity, ...alive.map(digitOf));
    if (Number.isFinite(digit) && digit !== 0) passed[tick][output] = [digit];
    alive = alive.filter((member) => digitOf(member) === digit);
  });
}

/** `rate`: the OR of every tick. `ttfs`: of the first tick alone. */
function anySpike(
  { code }: SpikingNetwork,
  source: Train,
  window: readonly number[],
  output: number,
  passed: Train,
): void {
  for (const [tick, now] of source.entries()) {
    if (!window.some((member) => now[member].length > 0)) continue;
    passed[tick][output] = [1];
    if (code.kind === "slots") return;
  }
}
